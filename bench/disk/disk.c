// Disk patterns for the comparison with other virtual machines (compare.sh). It runs as a Linux program in a guest.
//
//   disk NAME DEVICE MEGABYTES OPERATIONS
//
// Every pattern is a fixed amount of work past the guest's page cache (O_DIRECT): MEGABYTES from the device's start in pieces of 128 KiB one
// after the other, or OPERATIONS of 4 KiB at random places within them, one or sixteen at a time. Before and after each it prints
//
//   disk start NAME PATTERN      disk end NAME PATTERN UNITS NANOSECONDS
//
// and waits for a line of input, so that the host can look at the machine's processor time meanwhile. UNITS are megabytes or operations.
// What is written is found again: a piece that reads back wrongly ends the program with status 1.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 128 * 1024, SMALL = 4096, DEPTH = 16 };

static int device;
static const char *name;
static uint64_t megabytes, operations;
static uint8_t *buffer;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t next_random(void)
{
    static uint64_t x = 0x9E3779B97F4A7C15u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static uint64_t random_place(void)
{
    return next_random() % (megabytes * (1024 * 1024 / SMALL)) * SMALL;
}

// The first word of each block of 4 KiB is its own place.
static void mark(uint8_t *piece, uint64_t place, int byte_count)
{
    for (int at = 0; at < byte_count; at += SMALL) {
        *(uint64_t *)(piece + at) = place + at;
    }
}

static void examine(const uint8_t *piece, uint64_t place, int byte_count)
{
    for (int at = 0; at < byte_count; at += SMALL) {
        if (*(const uint64_t *)(piece + at) != place + at) {
            fprintf(stderr, "disk: WRONG at byte %llu of %s\n", (unsigned long long)(place + at), name);
            exit(1);
        }
    }
}

static void sequential(int writes)
{
    for (uint64_t place = 0; place < megabytes * 1024 * 1024; place += LARGE) {
        if (writes) {
            mark(buffer, place, LARGE);
        }
        if ((writes ? pwrite(device, buffer, LARGE, place) : pread(device, buffer, LARGE, place)) != LARGE) {
            die(writes ? "write" : "read");
        }
        if (!writes) {
            examine(buffer, place, LARGE);
        }
    }
}

static void one_at_a_time(int writes)
{
    for (uint64_t i = 0; i < operations; i++) {
        uint64_t place = random_place();
        mark(buffer, place, SMALL);
        if ((writes ? pwrite(device, buffer, SMALL, place) : pread(device, buffer, SMALL, place)) != SMALL) {
            die(writes ? "write" : "read");
        }
        examine(buffer, place, SMALL);
    }
}

static void many_at_a_time(int writes)
{
    aio_context_t context = 0;
    struct iocb requests[DEPTH], *list[DEPTH];
    struct io_event events[DEPTH];
    int free_slots[DEPTH], free_count = DEPTH;
    uint64_t submitted = 0, completed = 0;

    if (syscall(SYS_io_setup, DEPTH, &context) != 0) {
        die("io_setup");
    }
    for (int i = 0; i < DEPTH; i++) {
        free_slots[i] = i;
    }
    while (completed < operations) {
        int count = 0;
        while (free_count > 0 && submitted < operations) {
            int slot = free_slots[--free_count];
            struct iocb *request = &requests[slot];
            memset(request, 0, sizeof *request);
            request->aio_data = slot;
            request->aio_fildes = device;
            request->aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
            request->aio_buf = (uintptr_t)(buffer + slot * SMALL);
            request->aio_nbytes = SMALL;
            request->aio_offset = random_place();
            mark(buffer + slot * SMALL, request->aio_offset, SMALL);
            list[count++] = request;
            submitted++;
        }
        if (count > 0 && syscall(SYS_io_submit, context, count, list) != count) {
            die("io_submit");
        }
        long done = syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
        if (done < 1) {
            die("io_getevents");
        }
        for (long i = 0; i < done; i++) {
            int slot = events[i].data;
            if (events[i].res != SMALL) {
                die("asynchronous operation");
            }
            examine(buffer + slot * SMALL, requests[slot].aio_offset, SMALL);
            free_slots[free_count++] = slot;
            completed++;
        }
    }
    syscall(SYS_io_destroy, context);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

static void wait_for_line(void)
{
    int character;
    fflush(stdout);
    while ((character = getchar()) != '\n') {
        if (character == EOF) {
            die("input");
        }
    }
}

static void pattern(const char *what, void (*work)(int), int writes, uint64_t units)
{
    printf("disk start %s %s\n", name, what);
    wait_for_line();
    uint64_t start = nanoseconds();
    work(writes);
    uint64_t took = nanoseconds() - start;
    printf("disk end %s %s %llu %llu\n", name, what, (unsigned long long)units, (unsigned long long)took);
    wait_for_line();
    if (writes && fdatasync(device) != 0) {
        die("fdatasync");
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: disk NAME DEVICE MEGABYTES OPERATIONS\n", stderr);
        return 2;
    }
    name = argv[1];
    megabytes = strtoull(argv[3], NULL, 10);
    operations = strtoull(argv[4], NULL, 10);
    device = open(argv[2], O_RDWR | O_DIRECT);
    if (device < 0) {
        die(argv[2]);
    }
    if (posix_memalign((void **)&buffer, LARGE, LARGE) != 0) {
        die("memory");
    }
    memset(buffer, 0x5A, LARGE);

    pattern("fill", sequential, 1, megabytes);
    pattern("write", sequential, 1, megabytes);
    pattern("read", sequential, 0, megabytes);
    pattern("randwrite", one_at_a_time, 1, operations);
    pattern("randread", one_at_a_time, 0, operations);
    pattern("randwrite16", many_at_a_time, 1, operations);
    pattern("randread16", many_at_a_time, 0, operations);
    return 0;
}
