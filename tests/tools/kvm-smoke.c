/* Is there a KVM that runs guest code? One virtual machine executes a few instructions in real mode and in long mode, and what it writes to a port
 * is compared with what it should be. Status 0: yes. Self-test of kvm-test-bed.sh. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY = 1 << 20, CODE = 0x1000, TABLES = 0x10000, PORT = 0xe9 };

static void fail(const char *what)
{
    printf("kvm-smoke: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int control(int file, unsigned long request, void *argument, const char *name)
{
    int result = ioctl(file, request, argument);
    if (result < 0)
        fail(name);
    return result;
}
#define CONTROL(file, request, argument) control(file, request, (void *)(uintptr_t)(argument), #request)

/* Reset state and code; 64-bit: flat segments and the first 2 MiB mapped by one large page. */
static void prepare(int vcpu, uint8_t *memory, const uint8_t *code, size_t size, int is_long)
{
    struct kvm_sregs system;
    struct kvm_regs registers = { .rip = CODE, .rflags = 2, .rsp = 0x8000 };

    memcpy(memory + CODE, code, size);
    CONTROL(vcpu, KVM_GET_SREGS, &system);
    system.cs.base = system.cs.selector = 0;
    if (is_long) {
        uint64_t *tables = (uint64_t *)(memory + TABLES);
        struct kvm_segment flat = { .limit = 0xffffffff, .present = 1, .s = 1, .g = 1 };

        tables[0] = (TABLES + 0x1000) | 3;
        tables[512] = (TABLES + 0x2000) | 3;
        tables[1024] = 0x83;
        system.cr3 = TABLES;
        system.cr4 |= 1 << 5;                    /* PAE */
        system.cr0 |= 1 | (1U << 31);            /* PE, PG */
        system.efer |= (1 << 8) | (1 << 10);     /* LME, LMA */
        flat.type = 11, flat.l = 1, flat.selector = 8;
        system.cs = flat;
        flat.type = 3, flat.l = 0, flat.db = 1, flat.selector = 16;
        system.ds = system.es = system.ss = system.fs = system.gs = flat;
    }
    CONTROL(vcpu, KVM_SET_SREGS, &system);
    CONTROL(vcpu, KVM_SET_REGS, &registers);
}

/* Runs until HLT; the bytes written to the port. */
static int run(int vcpu, struct kvm_run *state, char *written, int size)
{
    int count = 0;

    for (;;) {
        CONTROL(vcpu, KVM_RUN, 0);
        if (state->exit_reason == KVM_EXIT_HLT)
            return count;
        if (state->exit_reason != KVM_EXIT_IO || state->io.port != PORT || count == size) {
            printf("kvm-smoke: exit reason %u (suberror %u)\n", state->exit_reason, state->internal.suberror);
            exit(1);
        }
        written[count++] = *((char *)state + state->io.data_offset);
    }
}

static void expect(const char *mode, const char *written, int count, const char *expected)
{
    if (count != (int)strlen(expected) || memcmp(written, expected, count) != 0) {
        printf("kvm-smoke: %s wrote \"%.*s\" instead of \"%s\"\n", mode, count, written, expected);
        exit(1);
    }
    printf("kvm-smoke: %s: \"%s\"\n", mode, expected);
}

int main(void)
{
    static const uint8_t real_mode[] = {
        0xb0, 'o', 0xe6, PORT,                   /* mov al, 'o'; out PORT, al */
        0xb0, 'k', 0xe6, PORT,
        0xf4,                                    /* hlt */
    };
    static const uint8_t long_mode[] = {
        0x48, 0xb9, 0, 0, 0, 0, 1, 0, 0, 0,      /* mov rcx, 1 << 32 */
        0x48, 0xc1, 0xe9, 32,                    /* shr rcx, 32: 1 only where registers have 64 bits */
        0x8d, 0x41, '5',                         /* lea eax, [rcx + '5'] */
        0xe6, PORT, 0xb0, '4', 0xe6, PORT,
        0xf4,
    };
    static const uint8_t loop[] = {
        0xb9, 0x80, 0x96, 0x98, 0,               /* mov ecx, 10,000,000 */
        0xff, 0xc9, 0x75, 0xfc,                  /* l: dec ecx; jnz l */
        0xf4,
    };
    char written[8];
    struct timespec start, end;
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), machine, vcpu, version;
    uint8_t *memory;
    struct kvm_run *state;
    struct kvm_userspace_memory_region region = { .memory_size = MEMORY };

    if (kvm < 0)
        fail("/dev/kvm");
    version = CONTROL(kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        printf("kvm-smoke: API version %d instead of %d\n", version, KVM_API_VERSION);
        return 1;
    }
    machine = CONTROL(kvm, KVM_CREATE_VM, 0);
    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("guest memory");
    region.userspace_addr = (uintptr_t)memory;
    CONTROL(machine, KVM_SET_USER_MEMORY_REGION, &region);
    vcpu = CONTROL(machine, KVM_CREATE_VCPU, 0);
    state = mmap(NULL, CONTROL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (state == MAP_FAILED)
        fail("run structure");

    prepare(vcpu, memory, real_mode, sizeof(real_mode), 0);
    expect("real mode", written, run(vcpu, state, written, sizeof(written)), "ok");
    prepare(vcpu, memory, long_mode, sizeof(long_mode), 1);
    expect("long mode", written, run(vcpu, state, written, sizeof(written)), "64");
    prepare(vcpu, memory, loop, sizeof(loop), 1);
    clock_gettime(CLOCK_MONOTONIC, &start);
    run(vcpu, state, written, sizeof(written));
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("kvm-smoke: 20 million instructions took %.0f ms\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
    return 0;
}
