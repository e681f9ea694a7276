// Sosia's guest benchmark: small kernels, each of which exercises one thing that a virtual machine
// can be slow at. It runs as a Linux program: in a guest, or natively for comparison.
//
//   bench [--seconds S] [--iterations N] [--list] [KERNEL…]
//
// Every kernel does its work in chunks of a fixed size until S seconds (0.3 unless told) have
// passed, so that a run takes about as long on a slow engine as on a fast one. --iterations N runs
// exactly N chunks instead: the same instructions every time, for deterministic runs.
//
// One line per kernel:   bench NAME ITERATIONS SECONDS RATE
// ITERATIONS counts the kernel's own unit (see the table at the end), RATE is units per second.
// Each chunk returns a checksum that is compared with the value recorded here; a difference prints
//                        bench NAME WRONG got HEX want HEX
// and makes the exit status 1.

#define _GNU_SOURCE
#include <errno.h>
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A fixed generator, so that every machine works on the same data (xorshift64, Marsaglia 2003).
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *map_pages(size_t byte_count)
{
    void *p = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        die("mmap");
    }
    return p;
}

// --- integer: add, multiply, divide, shift and data-dependent branches, all in registers.

enum { INTEGER_ROUNDS = 50000 };

static uint64_t integer_chunk(void)
{
    uint64_t a = 1, b = 0x9E3779B97F4A7C15u, sum = 0;
    for (uint32_t i = 1; i <= INTEGER_ROUNDS; i++) {
        a = a * 6364136223846793005u + b;
        b ^= a >> 29;
        sum += (uint32_t)(a >> 32) / (i | 1);
        if (a & 0x100) {
            sum ^= b << 3;
        } else {
            sum -= b & 0xFFFF;
        }
    }
    return sum;
}

// --- call: recursion, that is calls, returns and stack traffic.

enum { CALL_DEPTH = 21 };

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t call_chunk(void)
{
    return fibonacci(CALL_DEPTH);
}

// --- dispatch: an interpreter's inner loop, that is indirect jumps.

enum { DISPATCH_STEPS = 100000 };

static uint64_t dispatch_chunk(void)
{
    static const uint8_t program[16] = {0, 3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0, 7, 2, 6, 4};
    uint32_t accumulator = 1, x = 7, at = 0;
    for (uint32_t step = 0; step < DISPATCH_STEPS; step++) {
        switch (program[(at + accumulator) & 15]) {
        case 0: accumulator += x; break;
        case 1: x = x * 5 + 1; break;
        case 2: accumulator ^= x >> 3; break;
        case 3: accumulator = accumulator << 5 | accumulator >> 27; break;
        case 4: x ^= accumulator; break;
        case 5: accumulator -= step; break;
        case 6: x = ~x + at; break;
        case 7: accumulator *= 9; break;
        }
        at++;
    }
    return accumulator + x;
}

// --- sieve: byte stores with a growing stride, then a scan.

enum { SIEVE_LIMIT = 1 << 17 };

static uint64_t sieve_chunk(void)
{
    static uint8_t composite[SIEVE_LIMIT];
    for (uint32_t i = 0; i < SIEVE_LIMIT; i++) {
        composite[i] = 0;
    }
    uint64_t sum = 0;
    for (uint32_t i = 2; i < SIEVE_LIMIT; i++) {
        if (!composite[i]) {
            sum += i;
            for (uint64_t j = (uint64_t)i * i; j < SIEVE_LIMIT; j += i) {
                composite[j] = 1;
            }
        }
    }
    return sum;
}

// --- rotate: 32-bit add, rotate, exclusive-or, as in hash functions and stream ciphers.

enum { ROTATE_ROUNDS = 20000 };

static uint32_t rotate_left(uint32_t value, int count)
{
    return value << count | value >> (32 - count);
}

static uint64_t rotate_chunk(void)
{
    uint32_t a = 0x67452301, b = 0xEFCDAB89, c = 0x98BADCFE, d = 0x10325476;
    for (uint32_t i = 0; i < ROTATE_ROUNDS; i++) {
        a += b; d = rotate_left(d ^ a, 16);
        c += d; b = rotate_left(b ^ c, 12);
        a += b; d = rotate_left(d ^ a, 8);
        c += d; b = rotate_left(b ^ c, 7);
        a += i;
    }
    return (uint64_t)(a ^ c) << 32 | (b ^ d);
}

// --- double: add, multiply, divide, convert and compare in double precision.

enum { DOUBLE_ROUNDS = 50000 };

static uint64_t double_chunk(void)
{
    double x = 0.5, y = 1.0, sum = 0.0;
    for (int i = 1; i <= DOUBLE_ROUNDS; i++) {
        x = 3.75 * x * (1.0 - x);
        y = y + x / (double)i;
        sum += x < 0.5 ? y : -x;
    }
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

// --- extended: the same on the x87 stack, in 80-bit precision, where the processor has one.

#if LDBL_MANT_DIG == 64
enum { EXTENDED_ROUNDS = 10000 };

static uint64_t extended_chunk(void)
{
    long double x = 0.5L, y = 1.0L, sum = 0.0L;
    for (int i = 1; i <= EXTENDED_ROUNDS; i++) {
        x = 3.75L * x * (1.0L - x);
        y = y + x / (long double)i;
        sum += x < 0.5L ? y : -x;
    }
    return (uint64_t)(int64_t)(sum * 1e12L);
}
#endif

// --- matrix: single precision in a loop that compilers turn into vector instructions.

enum { MATRIX_SIZE = 48 };

static uint64_t matrix_chunk(void)
{
    static float a[MATRIX_SIZE][MATRIX_SIZE], b[MATRIX_SIZE][MATRIX_SIZE], c[MATRIX_SIZE][MATRIX_SIZE];
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int j = 0; j < MATRIX_SIZE; j++) {
            a[i][j] = (float)((i * 7 + j) % 16);
            b[i][j] = (float)((i + j * 5) % 16);
            c[i][j] = 0;
        }
    }
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int k = 0; k < MATRIX_SIZE; k++) {
            for (int j = 0; j < MATRIX_SIZE; j++) {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    // Small whole numbers: every sum is exact, in whatever order it is formed.
    uint64_t sum = 0;
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int j = 0; j < MATRIX_SIZE; j++) {
            sum = sum * 31 + (uint32_t)c[i][j];
        }
    }
    return sum;
}

// --- copy: loads and stores of 64 bits (built so that this stays a loop).

enum { COPY_WORDS = 16384, COPY_ROUNDS = 8 };

static uint64_t copy_chunk(void)
{
    static uint64_t from[COPY_WORDS], to[COPY_WORDS];
    from[0] = 5;
    from[COPY_WORDS - 1] = 7;
    to[0] = to[COPY_WORDS - 1] = 0;
    for (int round = 0; round < COPY_ROUNDS; round++) {
        for (size_t i = 0; i < COPY_WORDS; i++) {
            to[i] = from[i] + (uint64_t)round;
        }
    }
    return to[0] * 100 + to[COPY_WORDS - 1];
}

// --- string: the processor's own block moves (rep movs, rep stos), else the C library's.

enum { STRING_BYTES = 65536, STRING_ROUNDS = 16 };

static void block_copy(void *to, const void *from, size_t byte_count)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(byte_count) : : "memory");
#else
    memcpy(to, from, byte_count);
#endif
}

static void block_fill(void *to, int value, size_t byte_count)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(byte_count) : "a"(value) : "memory");
#else
    memset(to, value, byte_count);
#endif
}

static uint64_t string_chunk(void)
{
    static uint8_t a[STRING_BYTES], b[STRING_BYTES];
    uint64_t sum = 0;
    for (int round = 0; round < STRING_ROUNDS; round++) {
        block_fill(a, round + 1, STRING_BYTES);
        a[round] = 200;
        block_copy(b, a, STRING_BYTES);
        sum = sum * 7 + b[round] + b[STRING_BYTES - 1];
    }
    return sum;
}

// --- chase: dependent loads over 2048 pages, in an order no prefetcher (and no TLB of ours) likes.

enum { CHASE_NODES = 2048, CHASE_STRIDE = 4160, CHASE_STEPS = 100000 };

static uint64_t chase_chunk(void)
{
    static char *area;
    if (!area) {
        area = map_pages((size_t)CHASE_NODES * CHASE_STRIDE);
        static uint32_t order[CHASE_NODES];
        for (uint32_t i = 0; i < CHASE_NODES; i++) {
            order[i] = i;
        }
        uint64_t random = 12345;
        for (uint32_t i = CHASE_NODES - 1; i > 0; i--) {
            uint32_t j = (uint32_t)(next_random(&random) % i); // Sattolo: one cycle through all nodes
            uint32_t t = order[i];
            order[i] = order[j];
            order[j] = t;
        }
        for (uint32_t i = 0; i < CHASE_NODES; i++) {
            *(char **)(area + (size_t)i * CHASE_STRIDE) = area + (size_t)order[i] * CHASE_STRIDE;
        }
    }
    char *at = area;
    for (int i = 0; i < CHASE_STEPS; i++) {
        at = *(char **)at;
    }
    return (uint64_t)(at - area) / CHASE_STRIDE;
}

// --- sort: the C library's qsort, that is calls through a pointer, swaps and hard branches.

enum { SORT_ITEMS = 4096 };

static int compare_items(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static uint64_t sort_chunk(void)
{
    static uint32_t items[SORT_ITEMS];
    uint64_t random = 99, sum = 0;
    for (int i = 0; i < SORT_ITEMS; i++) {
        items[i] = (uint32_t)(next_random(&random) >> 16);
    }
    qsort(items, SORT_ITEMS, sizeof items[0], compare_items);
    for (int i = 0; i < SORT_ITEMS; i++) {
        sum = sum * 31 + items[i];
        if (i > 0 && items[i - 1] > items[i]) {
            return 0;
        }
    }
    return sum;
}

// --- syscall: in and out of the kernel, nothing else.

enum { SYSCALL_CALLS = 1000 };

static uint64_t syscall_chunk(void)
{
    long self = getpid();
    uint64_t equal = 0;
    for (int i = 0; i < SYSCALL_CALLS; i++) {
        equal += syscall(SYS_getpid) == self;
    }
    return equal;
}

// --- fault: map, touch and unmap pages; every touch is a page fault and a page cleared.

enum { FAULT_PAGES = 64 };

static uint64_t fault_chunk(void)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = map_pages(FAULT_PAGES * page_size);
    uint64_t zeros = 0;
    for (size_t i = 0; i < FAULT_PAGES; i++) {
        volatile char *p = pages + i * page_size;
        *p = (char)(i + 1);
        zeros += p[1] == 0 && *p == (char)(i + 1);
    }
    if (munmap(pages, FAULT_PAGES * page_size) != 0) {
        die("munmap");
    }
    return zeros;
}

// --- fork: a process is copied, ends, and is waited for.

enum { FORK_CHILDREN = 4 };

static uint64_t fork_chunk(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < FORK_CHILDREN; i++) {
        pid_t child = fork();
        if (child < 0) {
            die("fork");
        }
        if (child == 0) {
            _exit(40 + i);
        }
        int status;
        if (waitpid(child, &status, 0) != child) {
            die("waitpid");
        }
        sum = sum * 100 + (uint64_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
    }
    return sum;
}

// --- switch: two processes pass a byte back and forth through pipes.

enum { SWITCH_TRIPS = 100 };

static uint64_t switch_chunk(void)
{
    static int to_child = -1, from_child = -1;
    if (to_child < 0) {
        int down[2], up[2];
        if (pipe(down) != 0 || pipe(up) != 0) {
            die("pipe");
        }
        pid_t child = fork();
        if (child < 0) {
            die("fork");
        }
        if (child == 0) {
            close(down[1]);
            close(up[0]);
            uint8_t byte;
            while (read(down[0], &byte, 1) == 1) {
                byte = (uint8_t)(byte * 3 + 1);
                if (write(up[1], &byte, 1) != 1) {
                    break;
                }
            }
            _exit(0); // the parent has gone
        }
        close(down[0]);
        close(up[1]);
        to_child = down[1];
        from_child = up[0];
    }
    uint8_t byte = 1;
    for (int i = 0; i < SWITCH_TRIPS; i++) {
        if (write(to_child, &byte, 1) != 1 || read(from_child, &byte, 1) != 1) {
            die("pipe");
        }
    }
    return byte;
}

struct kernel {
    const char *name;
    uint64_t (*chunk)(void);
    uint64_t units; // per chunk
    uint64_t want;  // the checksum of one chunk
    const char *unit;
};

static const struct kernel kernels[] = {
    {"integer", integer_chunk, INTEGER_ROUNDS, 0x00000016D411A861, "rounds"},
    {"call", call_chunk, 35421, 10946, "calls"},
    {"dispatch", dispatch_chunk, DISPATCH_STEPS, 0x76A9B86F, "steps"},
    {"sieve", sieve_chunk, SIEVE_LIMIT, 0x2D64FF5C, "numbers"},
    {"rotate", rotate_chunk, ROTATE_ROUNDS, 0x7E7290D962426B99, "rounds"},
    {"double", double_chunk, DOUBLE_ROUNDS, 0x40F42AD77EDD1AED, "rounds"},
#if LDBL_MANT_DIG == 64
    {"extended", extended_chunk, EXTENDED_ROUNDS, 0x003075B902B9B0BB, "rounds"},
#endif
    {"matrix", matrix_chunk, MATRIX_SIZE * MATRIX_SIZE * MATRIX_SIZE, 0x720A84484A0AC000, "multiply-adds"},
    {"copy", copy_chunk, COPY_WORDS * COPY_ROUNDS * 8, 1214, "bytes"},
    {"string", string_chunk, STRING_BYTES * STRING_ROUNDS * 2, 0x0003F56207781348, "bytes"},
    {"chase", chase_chunk, CHASE_STEPS, 0x564, "loads"},
    {"sort", sort_chunk, SORT_ITEMS, 0x1A74414BD46E53B6, "items"},
    {"syscall", syscall_chunk, SYSCALL_CALLS, SYSCALL_CALLS, "calls"},
    {"fault", fault_chunk, FAULT_PAGES, FAULT_PAGES, "pages"},
    {"fork", fork_chunk, FORK_CHILDREN, 40414243, "processes"},
    {"switch", switch_chunk, SWITCH_TRIPS, 0xB9, "round trips"},
};
enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Returns whether every chunk's checksum was right.
static int run(const struct kernel *k, double seconds, uint64_t iterations)
{
    uint64_t chunks = 0, got;
    double start, elapsed = 0;

    // Tables are set up and pages are touched before the clock starts.
    if ((got = k->chunk()) != k->want) {
        goto wrong;
    }
    start = now();
    do {
        if ((got = k->chunk()) != k->want) {
            goto wrong;
        }
        chunks++;
        elapsed = now() - start;
    } while (iterations ? chunks < iterations : elapsed < seconds);
    printf("bench %-9s %12llu %8.4f %14.0f\n", k->name, (unsigned long long)(chunks * k->units), elapsed,
           (double)(chunks * k->units) / elapsed);
    fflush(stdout);
    return 1;

wrong:
    printf("bench %-9s WRONG got %016llx want %016llx\n", k->name, (unsigned long long)got, (unsigned long long)k->want);
    fflush(stdout);
    return 0;
}

static int usage(void)
{
    fputs("usage: bench [--seconds S] [--iterations N] [--list] [KERNEL…]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    double seconds = 0.3;
    uint64_t iterations = 0;
    int chosen[KERNEL_COUNT] = {0}, any = 0, right = 1;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--seconds") && i + 1 < argc) {
            seconds = atof(argv[++i]);
        } else if (!strcmp(argv[i], "--iterations") && i + 1 < argc) {
            iterations = strtoull(argv[++i], NULL, 10);
        } else if (!strcmp(argv[i], "--list")) {
            for (int k = 0; k < KERNEL_COUNT; k++) {
                printf("%-9s %s\n", kernels[k].name, kernels[k].unit);
            }
            return 0;
        } else {
            int k = 0;
            while (k < KERNEL_COUNT && strcmp(argv[i], kernels[k].name)) {
                k++;
            }
            if (k == KERNEL_COUNT) {
                fprintf(stderr, "bench: no kernel '%s'; --list names them\n", argv[i]);
                return usage();
            }
            chosen[k] = any = 1;
        }
    }
    for (int k = 0; k < KERNEL_COUNT; k++) {
        if (!any || chosen[k]) {
            right &= run(&kernels[k], seconds, iterations);
        }
    }
    return !right;
}
