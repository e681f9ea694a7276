/* locks THREADS ROUNDS: locks, atomic instructions, memory order, remapped pages and rewritten code between THREADS threads on as many
   processors. Prints "locks: nothing found", or what is wrong. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_THREADS = 16 };

static int threads, rounds, faults;
static pthread_barrier_t barrier;
static struct { _Alignas(64) volatile uint64_t v; } added, exchanged, under_mutex, under_spin, under_ticket, wide[2], bits;
static struct { _Alignas(64) volatile uint32_t v; } spin, next_ticket, owner;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct { _Alignas(64) volatile uint32_t v; } x, y, seen[2], data, flag, version;
static unsigned char *code;
static int *page;
static uint64_t *straddling;

static void wrong(const char *what, unsigned long a, unsigned long b)
{
    printf("locks: %s (%lu, %lu)\n", what, a, b);
    __sync_fetch_and_add(&faults, 1);
}

static void relax(unsigned *spins)
{
    __builtin_ia32_pause();
    if (++*spins % 1000 == 0)
        sched_yield();
}

static void count(int own)
{
    unsigned spins = 0;
    for (int i = 0; i < rounds; i++) {
        __sync_fetch_and_add(&added.v, 1);
        uint64_t old;
        do
            old = exchanged.v;
        while (!__sync_bool_compare_and_swap(&exchanged.v, old, old + 1));
        pthread_mutex_lock(&mutex);
        under_mutex.v++;
        pthread_mutex_unlock(&mutex);
        while (__sync_lock_test_and_set(&spin.v, 1))
            relax(&spins);
        under_spin.v++;
        __sync_lock_release(&spin.v);
        uint32_t ticket = __sync_fetch_and_add(&next_ticket.v, 1);
        while (owner.v != ticket)
            relax(&spins);
        under_ticket.v++;
        owner.v = ticket + 1;
        unsigned char ok;
        do {
            uint64_t low = wide[0].v, high = *(&wide[0].v + 1);
            __asm__ volatile("lock cmpxchg16b %1; sete %0"
                             : "=q"(ok), "+m"(wide[0]), "+a"(low), "+d"(high)
                             : "b"(low + 1), "c"(high + 1) : "memory", "cc");
        } while (!ok);
        /* In two cache lines and two pages. */
        __asm__ volatile("lock addq %1, %0" : "+m"(*straddling) : "r"((uint64_t)0x100000001) : "memory", "cc");
        __asm__ volatile("lock btcq %1, %0" : "+m"(bits.v) : "r"((uint64_t)own) : "memory", "cc");
    }
}

/* Two threads: store to one place, then load from the other. With a fence at least one of them sees the other's store. */
static void order(int own)
{
    for (int i = 0; i < rounds; i++) {
        if (own == 0)
            x.v = y.v = data.v = flag.v = 0;
        pthread_barrier_wait(&barrier);
        if (own == 0) {
            x.v = 1;
            __sync_synchronize();
            seen[0].v = y.v;
            data.v = 7;
            flag.v = 1;
        } else if (own == 1) {
            y.v = 1;
            __sync_synchronize();
            seen[1].v = x.v;
            unsigned spins = 0;
            while (!flag.v)
                relax(&spins);
            if (data.v != 7)
                wrong("a store is seen before an earlier one", i, data.v);
        }
        pthread_barrier_wait(&barrier);
        if (own == 0 && !seen[0].v && !seen[1].v)
            wrong("neither of two fenced stores was seen", i, 0);
    }
}

/* The first thread gives a page new memory again and again; after that nobody may see the old one. */
static void remap(int own)
{
    for (int i = 1; i <= rounds / 4; i++) {
        if (own == 0) {
            if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
                wrong("mmap failed", i, 0);
            *page = i;
        }
        pthread_barrier_wait(&barrier);
        if (*(volatile int *)page != i)
            wrong("an old page is still seen", i, *page);
        pthread_barrier_wait(&barrier);
    }
}

/* The first thread rewrites a function; after it has said so and they have serialised, nobody may execute the old one. */
static void rewrite(int own)
{
    unsigned spins = 0;
    for (uint32_t i = 1; i <= (uint32_t)rounds / 4; i++) {
        if (own == 0) {
            memcpy(code + 1, &i, 4);
            /* Not a plain store, which the compiler may put before the other. */
            __atomic_store_n(&version.v, i, __ATOMIC_RELEASE);
        } else {
            while (version.v != i)
                relax(&spins);
        }
        uint32_t a = 0, b, c = 0, d;
        __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
        uint32_t result = ((uint32_t(*)(void))code)();
        if (result != i)
            wrong("old code is still executed", i, result);
        pthread_barrier_wait(&barrier);
    }
}

static void *work(void *argument)
{
    int own = (int)(intptr_t)argument;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(own, &set);
    sched_setaffinity(0, sizeof set, &set);
    pthread_barrier_wait(&barrier);
    count(own);
    pthread_barrier_wait(&barrier);
    order(own);
    remap(own);
    rewrite(own);
    return NULL;
}

static void expect(const char *what, uint64_t value, uint64_t expected)
{
    if (value != expected)
        wrong(what, value, expected);
}

int main(int argc, char **argv)
{
    if (argc != 3 || (threads = atoi(argv[1])) < 2 || threads > MAX_THREADS || (rounds = atoi(argv[2])) < 4)
        return 2;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    straddling = (uint64_t *)((char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4092);
    memcpy(code, "\xb8\0\0\0\0\xc3", 6); /* mov eax, imm32; ret */
    pthread_barrier_init(&barrier, NULL, threads);
    pthread_t started[MAX_THREADS];
    for (intptr_t i = 0; i < threads; i++)
        pthread_create(&started[i], NULL, work, (void *)i);
    for (int i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
    uint64_t all = (uint64_t)threads * rounds;
    expect("additions were lost", added.v, all);
    expect("exchanges were lost", exchanged.v, all);
    expect("a mutex did not hold", under_mutex.v, all);
    expect("a spin lock did not hold", under_spin.v, all);
    expect("a ticket lock did not hold", under_ticket.v, all);
    expect("wide exchanges were lost (low half)", wide[0].v, all);
    expect("wide exchanges were lost (high half)", *(&wide[0].v + 1), all);
    expect("additions across two pages were lost", *straddling, all << 32 | all);
    expect("bits were lost", bits.v, rounds % 2 ? (1u << threads) - 1 : 0);
    puts(faults ? "locks: wrong" : "locks: nothing found");
    return faults != 0;
}
