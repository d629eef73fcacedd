/* SPDX-License-Identifier: MIT */
/*
 * What a program asks of the recorder about its own memory: each answer is compared with what the
 * program knows, and a line is printed for every one that is wrong. Untracked, it expects the
 * answers of nobody.
 *
 *   api_memory [CLEARED RESET]    write a profile to CLEARED while 5000 bytes in 5 blocks are live
 *                                 since a clear, and one to RESET right after the peak was reset
 *                                 while 3000 bytes in 2 blocks were live
 */
#include <memtrack.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static void *(*volatile allocate)(size_t) = malloc; /* not to be optimised away */
static void *(*volatile resize)(void *, size_t) = realloc;
static int wrong;

static void expect(const char *what, int64_t is, int64_t should_be) {
    if (is == should_be)
        return;
    printf("%s: %lld, not %lld\n", what, (long long)is, (long long)should_be);
    wrong = 1;
}

static uint64_t current(void) {
    uint64_t bytes;
    memtrack_get_traced_memory(&bytes, NULL);
    return bytes;
}

static uint64_t peak(void) {
    uint64_t bytes;
    memtrack_get_traced_memory(NULL, &bytes);
    return bytes;
}

static void untracked(void) {
    memtrack_block block;
    expect("start", memtrack_start(), -MEMTRACK_EUNTRACKED);
    expect("is_tracing", memtrack_is_tracing(), 0);
    expect("whois", memtrack_whois(&block, &block), -MEMTRACK_EUNTRACKED);
    expect("snapshot", memtrack_snapshot("never"), -MEMTRACK_EUNTRACKED);
    expect("current", (int64_t)current(), 0);
    expect("traceback limit", memtrack_get_traceback_limit(), 0);
}

static void peaks(const char *reset_path) {
    uint64_t before = current();
    expect("traceback limit", memtrack_get_traceback_limit(), 1024);
    expect("overhead", memtrack_get_overhead() >= 4096 && memtrack_get_overhead() < 1 << 30, 1);
    char *a = allocate(100000);
    free(a);
    expect("peak after a block", peak() >= before + 100000, 1);
    memtrack_reset_peak();
    expect("peak after a reset", (int64_t)peak(), (int64_t)current());
    a = allocate(500);
    expect("peak rises again", (int64_t)peak(), (int64_t)before + 500);
    free(a);
    char *kept[] = {allocate(1000), allocate(2000)};
    free(allocate(70000));
    memtrack_reset_peak();
    if (reset_path)
        expect("snapshot", memtrack_snapshot(reset_path), 0);
    free(kept[0]);
    free(kept[1]);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The clock is read at every 4096th allocation, and a time is known to 10 ms, or to 1/256 of the
 * recording's age: a block that comes after many others is known to be younger than these, and one
 * that came before them to be older; by as much as a busy machine kept a batch waiting, less so. */
static void ages(uint64_t start) {
    enum { RESOLUTION_NS = 40000000, BATCH = 5000, BATCHES = 3 };
    memtrack_block block;
    uint64_t begin = now_ns(), before_last = begin, second = 0, longest = 0;
    char *old = allocate(10);
    for (int batch = 0; batch < BATCHES || before_last - begin < 100000000; batch++) {
        uint64_t before = now_ns();
        longest = before - before_last > longest ? before - before_last : longest;
        before_last = before;
        for (int i = 0; i < BATCH; i++)
            free(allocate(10));
        if (batch == 1)
            second = now_ns();
    }
    char *young = allocate(10);
    longest = now_ns() - before_last > longest ? now_ns() - before_last : longest;
    uint64_t resolution = RESOLUTION_NS + (now_ns() - start) / 64 + 2 * longest;
    expect("whois, old", memtrack_whois(old, &block), 0);
    expect("old: not older", block.least_age_ns <= now_ns() - begin, 1);
    expect("old: not younger", block.least_age_ns + resolution + second >= before_last, 1);
    expect("whois, young", memtrack_whois(young, &block), 0);
    expect("young: not older", block.most_age_ns <= now_ns() - before_last + resolution, 1);
    free(old);
    free(young);
}

static void holders(void) {
    memtrack_block block;
    char *small = allocate(1000), *middle = allocate(3 << 20), *big = allocate(40 << 20);
    expect("whois, inside", memtrack_whois(small + 999, &block), 0);
    expect("its address", block.address == small, 1);
    expect("its bytes", (int64_t)block.bytes, 1000);
    expect("its frames", block.n_frames >= 2, 1);
    expect("its age", block.least_age_ns <= block.most_age_ns, 1);
    expect("whois, behind", memtrack_whois(small + 1000, &block), -MEMTRACK_ENOTFOUND);
    expect("whois, regions above", memtrack_whois(middle + (2 << 20), &block), 0);
    expect("its address", block.address == middle, 1);
    expect("whois, a big one", memtrack_whois(big + (39 << 20), &block), 0);
    expect("its address", block.address == big, 1);
    free(small);
    free(middle);
    free(big);
    expect("whois, freed", memtrack_whois(small, &block), -MEMTRACK_ENOTFOUND);
    expect("whois, the stack", memtrack_whois(&block, &block), -MEMTRACK_ENOTFOUND);
}

static void refusals(void) {
    int x;
    uint32_t domain = memtrack_domain("a domain");
    expect("mark", memtrack_mark("a mark"), 0);
    expect("counter", memtrack_counter("a counter", -1), 0);
    expect("a domain", domain != 0, 1);
    expect("the same again", memtrack_domain("a domain"), domain);
    expect("track", memtrack_track(domain, &x, 10), 0);
    expect("untrack", memtrack_untrack(domain, &x), 0);
    expect("track in malloc's", memtrack_track(0, &x, 10), -MEMTRACK_EUSAGE);
    expect("track in none", memtrack_track(domain + 1000, &x, 10), -MEMTRACK_EUSAGE);
    expect("untrack in malloc's", memtrack_untrack(0, &x), -MEMTRACK_EUSAGE);
    expect("untrack in none", memtrack_untrack(UINT32_MAX, &x), -MEMTRACK_EUSAGE);
}

static void switching(void) {
    memtrack_block block;
    char *before = allocate(700), *unseen;
    memtrack_stop();
    expect("is_tracing", memtrack_is_tracing(), 0);
    unseen = allocate(800);
    expect("whois of an unseen block", memtrack_whois(unseen, &block), -MEMTRACK_ENOTFOUND);
    expect("whois of an earlier one", memtrack_whois(before, &block), 0);
    uint64_t bytes = current();
    free(before);
    expect("a free while off", (int64_t)current(), (int64_t)bytes - 700);
    memtrack_start();
    expect("is_tracing", memtrack_is_tracing(), 1);
    free(unseen);
}

static void clearing(char **kept) {
    memtrack_block block;
    memtrack_scope scope;
    memtrack_delta delta;
    char *old = allocate(1000), *moved = allocate(2000);
    memtrack_begin(&scope, "across a clear");
    memtrack_clear_traces();
    expect("current, cleared", (int64_t)current(), 0);
    expect("peak, cleared", (int64_t)peak(), 0);
    expect("whois, cleared", memtrack_whois(old, &block), -MEMTRACK_ENOTFOUND);
    free(old);
    expect("current after an old free", (int64_t)current(), 0);
    moved = resize(moved, 1000);
    expect("an old block moves", (int64_t)current(), 1000);
    kept[0] = moved;
    for (int i = 1; i < 5; i++)
        kept[i] = allocate(1000);
    memtrack_end(&scope, &delta);
    expect("the scope since then", delta.net_bytes, 5000);
    expect("its peak", delta.peak_bytes, 5000);
    expect("peak since then", (int64_t)peak(), 5000);
}

static volatile sig_atomic_t n_children;

static void count_child(int signal) {
    (void)signal;
    n_children++;
}

/* A program that ignores its children, or takes whichever ends, is not disturbed, and does not
 * disturb. */
static void snapshots(const char *path) {
    signal(SIGCHLD, SIG_IGN);
    expect("snapshot, children ignored", memtrack_snapshot(path), 0);
    signal(SIGCHLD, count_child);
    expect("snapshot, children counted", memtrack_snapshot(path), 0);
    expect("children seen", n_children, 0);
    expect("children left", waitpid(-1, NULL, WNOHANG), -1);
    expect("snapshot of nowhere", memtrack_snapshot("/dev/null/profile"), -MEMTRACK_EIO);
}

int main(int argc, char **argv) {
    char *kept[5] = {0};
    uint64_t start = now_ns();
    setvbuf(stdout, NULL, _IONBF, 0);
    if (memtrack_is_tracing()) {
        peaks(argc > 2 ? argv[2] : NULL);
        ages(start);
        holders();
        refusals();
        switching();
        clearing(kept);
        if (argc > 1)
            snapshots(argv[1]);
    } else {
        untracked();
    }
    for (int i = 0; i < 5; i++)
        free(kept[i]);
    return wrong;
}
