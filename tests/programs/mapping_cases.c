/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * What mappings do to their recording, a case each:
 *
 *   exact       results and errno of every call are those of the system call
 *   pieces      known sizes from functions of known names, cut at the front, in the middle and at
 *               the end
 *   reserve     a large reservation of which a little is made accessible
 *   huge        huge pages
 *   fork        a child that unmaps what it has inherited and maps something of its own
 *   kill        ends by SIGKILL with something mapped
 *   signals     maps in a handler that interrupts mapping
 *   churn       a hundred thousand mappings that come and go, and two hundred that stay
 *   pairs       a mapping that is unmapped by the next call
 *   scope       in a scope
 *   cleared     what is known is forgotten, and recording is off for a while
 *   reuse       four threads that are given each other's addresses
 *   held        says where four pages with a hole are, and waits
 */
#include "target.h"

#include "memtrack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

enum { PAGE = 4096, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, ACCESSIBLE = PROT_READ | PROT_WRITE };

__attribute__((noinline)) static char *map_pages(size_t n) {
    char *memory = mmap(NULL, n * PAGE, ACCESSIBLE, ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        die("mmap: %m");
    return keep(memory);
}

/* ---- exact ----------------------------------------------------------------------------------- */

struct call {
    long number, a[6];
};

static long by_libc(const struct call *c) {
    const long *a = c->a;
    errno = 4711;
    switch (c->number) {
    case SYS_mmap:
        return (long)mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
    case SYS_munmap:
        return munmap((void *)a[0], (size_t)a[1]);
    case SYS_mprotect:
        return mprotect((void *)a[0], (size_t)a[1], (int)a[2]);
    default:
        return (long)mremap((void *)a[0], (size_t)a[1], (size_t)a[2], (int)a[3], (void *)a[4]);
    }
}

static void exact(void) {
    long here = (long)map_pages(64), far = 1L << 40;
    munmap((void *)(here + 32 * PAGE), 8 * PAGE);
    const struct call calls[] = {
        {SYS_mmap, {0, 0, ACCESSIBLE, ANONYMOUS, -1, 0}},
        {SYS_mmap, {0, -1, ACCESSIBLE, ANONYMOUS, -1, 0}},
        {SYS_mmap, {0, 1L << 60, ACCESSIBLE, ANONYMOUS, -1, 0}},
        {SYS_mmap, {here + 1, PAGE, ACCESSIBLE, ANONYMOUS | MAP_FIXED, -1, 0}},
        {SYS_mmap, {here, PAGE, ACCESSIBLE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0}},
        {SYS_mmap, {far, PAGE + 1, PROT_NONE, ANONYMOUS | MAP_FIXED, -1, 0}},
        {SYS_mmap, {far, 3 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0}},
        {SYS_mmap, {far, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0}},
        {SYS_mmap, {far, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 99, 0}},
        {SYS_mmap, {far, PAGE, PROT_READ, MAP_FIXED | MAP_ANONYMOUS, -1, 0}},
        {SYS_mmap, {0, PAGE, PROT_READ, ANONYMOUS, -1, 7}},
        {SYS_mmap,
         {far, 8 * PAGE, ACCESSIBLE, ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_NORESERVE, -1, 0}},
        {SYS_mremap, {far, 8 * PAGE, 16 * PAGE, 0, 0}},
        {SYS_mremap, {far + 1, PAGE, PAGE, 0, 0}},
        {SYS_mremap, {far, PAGE, 0, MREMAP_MAYMOVE, 0}},
        {SYS_mremap, {far, PAGE, PAGE, MREMAP_FIXED, far + PAGE}},
        {SYS_mremap, {far, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, far + PAGE}},
        {SYS_mremap, {far, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, far + 64 * PAGE}},
        {SYS_mremap, {far + 64 * PAGE, 3 * PAGE, PAGE + 1, 0, 0}},
        {SYS_mremap, {far + 640 * PAGE, PAGE, PAGE * 2, MREMAP_MAYMOVE, 0}},
        {SYS_mremap, {far, PAGE, PAGE, 1 << 20, 0}},
        {SYS_mprotect, {here + 30 * PAGE, 4 * PAGE, PROT_NONE, 0, 0, 0}},
        {SYS_mprotect, {here + 1, PAGE, PROT_READ, 0, 0, 0}},
        {SYS_mprotect, {here, PAGE, 1 << 20, 0, 0, 0}},
        {SYS_munmap, {here + 1, PAGE, 0, 0, 0, 0}},
        {SYS_munmap, {here, 0, 0, 0, 0, 0}},
        {SYS_munmap, {here, -1, 0, 0, 0, 0}},
        {SYS_munmap, {far - 10 * PAGE, 900 * PAGE, 0, 0, 0, 0}},
        {SYS_munmap, {far, PAGE, 0, 0, 0, 0}},
        {SYS_munmap, {here, 63 * PAGE + 1, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        long result = by_libc(&calls[i]);
        printf("%zu %s %d\n", i,
               result == -1                   ? "failed"
               : result == 0 || result >= far ? "as told"
                                              : "somewhere",
               errno);
        if (result != -1 && errno != 4711)
            die("call %zu changed errno", i);
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

__attribute__((noinline)) static char *map_cut(void) {
    return map_pages(10);
}

/* Kept: 10 pages cut to 7 in 2 pieces, and 4 of 5 moved and grown to 9: its first page stays what
 * it was. */
static void pieces(void) {
    char *cut = map_cut(), *moved = map_pages(5);
    munmap(cut, PAGE);
    munmap(cut + 9 * PAGE, 1);
    munmap(cut + 4 * PAGE, PAGE);
    if (mremap(moved + PAGE, 4 * PAGE, 9 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED)
        die("mremap: %m");
    munmap(map_pages(3), 3 * PAGE);
}

static void reserve(void) {
    char *arena = mmap(NULL, UINT64_C(1) << 36, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        exit(TARGET_SKIP);
    mprotect(arena + 16 * PAGE, 16 * PAGE, ACCESSIBLE);
    mprotect(arena + 20 * PAGE, 2 * PAGE, PROT_NONE);
    mprotect(arena + 20 * PAGE, 2 * PAGE, PROT_READ);
    mprotect(arena + 16 * PAGE, 16 * PAGE, PROT_READ); /* accessible already */
    mprotect(arena + 30 * PAGE, 2 * PAGE, PROT_NONE);
    mmap(arena + 64 * PAGE, 4 * PAGE, ACCESSIBLE, ANONYMOUS | MAP_FIXED, -1, 0);
}

static void huge(void) {
    static const int shifts[] = {0, 21};
    for (size_t i = 0; i < 2; i++) {
        int flags = ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE | shifts[i] << MAP_HUGE_SHIFT;
        if (mmap(NULL, (2 << 20) + 1, ACCESSIBLE, flags, -1, 0) == MAP_FAILED)
            exit(TARGET_SKIP);
    }
}

static void fork_child(void) {
    char *inherited = map_pages(6);
    map_pages(2);
    pid_t child = fork();
    if (child == 0) {
        munmap(inherited, 3 * PAGE);
        map_pages(4);
        char *part = map_pages(8);
        munmap(part + 2 * PAGE, PAGE);
        exit(0);
    }
    munmap(inherited, PAGE);
    waitpid(child, NULL, 0);
}

static void killed(void) {
    char *memory = map_pages(7);
    munmap(memory + 5 * PAGE, 2 * PAGE);
    raise(SIGKILL);
}

/* ---- storms ---------------------------------------------------------------------------------- */

static volatile sig_atomic_t n_handled;

static void on_alarm(int signal) {
    (void)signal;
    int saved = errno;
    char *memory = map_pages(3);
    munmap(memory + PAGE, PAGE);
    munmap(memory, 3 * PAGE);
    n_handled++;
    errno = saved;
}

static void signals(void) {
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &often, NULL);
    while (n_handled < 400) {
        char *memory = map_pages(4);
        free(keep(malloc(100)));
        mprotect(memory, PAGE, PROT_NONE);
        munmap(memory, 4 * PAGE);
    }
    setitimer(ITIMER_REAL, &never, NULL);
}

static void churn(void) {
    enum { KEPT = 200, ROUNDS = 100000 };
    static char *kept[KEPT];
    for (int i = 0; i < KEPT; i++)
        kept[i] = map_pages(1);
    for (int i = 0; i < ROUNDS; i++) {
        munmap(kept[i % KEPT], PAGE);
        kept[i % KEPT] = map_pages(1 + (size_t)i % 3);
        munmap(kept[i % KEPT] + PAGE, (size_t)(i % 3) * PAGE);
    }
}

static void scope(void) {
    memtrack_scope s;
    memtrack_delta delta;
    memtrack_begin(&s, "loading");
    char *memory = map_pages(10);
    munmap(memory, 6 * PAGE);
    memtrack_end(&s, &delta);
    printf("%ld %ld %lu %lu\n", (long)delta.net_bytes, (long)delta.peak_bytes,
           (unsigned long)delta.allocated_bytes, (unsigned long)delta.freed_bytes);
}

static void pairs(void) {
    for (int i = 0; i < 10; i++)
        munmap(map_pages(2), 2 * PAGE);
    char *memory = map_pages(2);
    free(keep(malloc(10)));
    munmap(memory, 2 * PAGE);
}

static void cleared(void) {
    char *before = map_pages(6);
    memtrack_clear_traces();
    char *after = map_pages(4);
    munmap(before + PAGE, PAGE);
    memtrack_stop();
    char *unknown = map_pages(20);
    munmap(after, PAGE);
    munmap(before, 2 * PAGE);
    memtrack_start();
    munmap(unknown, 20 * PAGE);
    munmap(before, 6 * PAGE);
}

enum { THREADS = 4, SLOTS = 16, ROUNDS = 4000 };
static size_t kept_pages[THREADS];

static void *reuse_in_thread(void *argument) {
    size_t *sum = argument, pages[SLOTS] = {0};
    char *slot[SLOTS] = {NULL};
    uint64_t random = (uint64_t)(sum - kept_pages) + 1;
    for (int i = 0; i < ROUNDS; i++) {
        size_t k = next_random(&random) % SLOTS, n = 1 + next_random(&random) % 8;
        if (slot[k] == NULL) {
            slot[k] = map_pages(pages[k] = n);
        } else if (next_random(&random) % 2) {
            slot[k] = mremap(slot[k], pages[k] * PAGE, n * PAGE, MREMAP_MAYMOVE);
            pages[k] = n;
        } else {
            munmap(slot[k], pages[k] * PAGE);
            slot[k] = NULL;
            pages[k] = 0;
        }
    }
    for (size_t k = 0; k < SLOTS; k++)
        *sum += pages[k];
    return NULL;
}

static void reuse(void) {
    pthread_t threads[THREADS];
    size_t sum = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, reuse_in_thread, &kept_pages[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += kept_pages[i];
    }
    printf("%zu\n", sum);
}

static void held(void) {
    char *memory = map_pages(4);
    char *block = need(malloc(24 << 20));
    munmap(memory + PAGE, PAGE);
    memtrack_track(memtrack_domain("pool"), block + 1000, 100);
    memtrack_track(memtrack_domain("zones"), block - 64, (24 << 20) + 128);
    memtrack_block found;
    if (memtrack_whois(block + 1001, &found) != 0 || found.domain != memtrack_domain("pool") ||
        found.address != block + 1000 || memtrack_whois(block + 1100, &found) != 0 ||
        found.domain != 0 || memtrack_whois(block + (24 << 20) + 10, &found) != 0 ||
        found.bytes != (24 << 20) + 128)
        die("memtrack_whois: a block of %llu bytes in domain %u", (unsigned long long)found.bytes,
            found.domain);
    printf("ready\n%p %p\n", (void *)memory, (void *)block);
    fflush(stdout);
    while (getchar() != EOF)
        ;
}

/* Three pages of a file, of which the middle one is unmapped and the last one moved; anonymous ones
 * in the place of one. */
static void files(void) {
    int fd = open("/proc/self/exe", O_RDONLY);
    char *file = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0), *place = map_pages(2);
    close(fd);
    munmap(file + PAGE, PAGE);
    if (file == MAP_FAILED ||
        mremap(file + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place)
        die("mremap");
    mprotect(file, PAGE, PROT_NONE);
    mprotect(file, PAGE, PROT_READ);
    mmap(file, PAGE, ACCESSIBLE, ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*play)(void);
    } cases[] = {{"exact", exact},     {"pieces", pieces}, {"reserve", reserve}, {"huge", huge},
                 {"fork", fork_child}, {"kill", killed},   {"signals", signals}, {"churn", churn},
                 {"scope", scope},     {"pairs", pairs},   {"cleared", cleared}, {"reuse", reuse},
                 {"held", held},       {"files", files}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (argc > 1 && strcmp(argv[1], cases[i].name) == 0) {
            cases[i].play();
            return 0;
        }
    die("%s: which case?", argv[0]);
}
