/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Maps, unmaps, moves and protects at random, in a region of its own for each thread, and keeps its
 * own books: a page is part of a mapping (a number), reserved or accessible. A block is a run of
 * pages of one accessible mapping. The books are compared with /proc/self/maps and, when recorded,
 * with what the recorder says, and printed at the end.
 *
 *   mappings SEED THREADS STEPS
 */
#include "target.h"

#include "memtrack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* Where the kernel puts nothing by itself, so that holes stay holes. */
#define FAR ((void *)(UINT64_C(1) << 40))

enum { PAGE = 4096, PAGES = 192, MOST_THREADS = 8, MOST = 24 };

struct page {
    uint32_t mapping; /* 0: not mapped */
    bool reserved;
};

struct books {
    uint64_t total_blocks, total_bytes, live_blocks, live_bytes, peak_bytes;
};

struct region {
    char *base;
    struct page page[PAGES];
    uint32_t last_mapping;
    struct books books;
    uint64_t random, outside; /* bytes that were live elsewhere when this began */
    unsigned long steps;
    bool alone;
};

static size_t below(struct region *r, size_t n) {
    return next_random(&r->random) % n;
}

/* ---- the books ------------------------------------------------------------------------------- */

static bool is_block(const struct page *p) {
    return p->mapping != 0 && !p->reserved;
}

/* What the pages say, in place of what was counted so far; newly: blocks and bytes that were
 * allocated, which is not all that there are more: a block that falls into two pieces has become
 * two. */
static void count(struct region *r, uint64_t new_bytes, uint64_t new_blocks) {
    uint64_t blocks = 0, bytes = 0;
    for (size_t i = 0; i < PAGES; i++) {
        if (!is_block(&r->page[i]))
            continue;
        bytes += PAGE;
        blocks +=
            i == 0 || !is_block(&r->page[i - 1]) || r->page[i - 1].mapping != r->page[i].mapping;
    }
    r->books.live_blocks = blocks;
    r->books.live_bytes = bytes;
    r->books.total_bytes += new_bytes;
    r->books.total_blocks += new_blocks;
    if (bytes > r->books.peak_bytes)
        r->books.peak_bytes = bytes;
}

/* Taking pages [begin, end) away makes two of a block that goes on at both sides. */
static uint64_t pieces(const struct region *r, size_t begin, size_t end) {
    if (begin == 0 || end >= PAGES || begin >= end)
        return 0;
    const struct page *left = &r->page[begin - 1], *right = &r->page[end];
    if (!is_block(left) || left->mapping != right->mapping || right->reserved)
        return 0;
    for (size_t i = begin; i < end; i++)
        if (r->page[i].mapping != left->mapping)
            return 0; /* two pieces already */
    return 1;
}

static uint64_t take_away(struct region *r, size_t begin, size_t end) {
    uint64_t more = pieces(r, begin, end);
    for (size_t i = begin; i < end; i++)
        r->page[i] = (struct page){0};
    return more;
}

static void put(struct region *r, size_t begin, size_t n, bool reserved) {
    r->last_mapping++;
    for (size_t i = begin; i < begin + n; i++)
        r->page[i] = (struct page){r->last_mapping, reserved};
}

/* ---- what the kernel says -------------------------------------------------------------------- */

enum { ABSENT, PRESENT, ACCESSIBLE };

static void ask_kernel(const struct region *r, char *state) {
    static __thread char text[1 << 20];
    int fd = open("/proc/self/maps", O_RDONLY);
    size_t have = 0;
    ssize_t n;
    while ((n = read(fd, text + have, sizeof text - 1 - have)) > 0)
        have += (size_t)n;
    close(fd);
    text[have] = 0;
    memset(state, ABSENT, PAGES);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        uintptr_t begin = strtoul(line, &line, 16), end = strtoul(line + 1, &line, 16),
                  base = (uintptr_t)r->base;
        char how = strncmp(line, " ---", 4) == 0 ? PRESENT : ACCESSIBLE;
        for (uintptr_t at = begin > base ? begin : base; at < end && at < base + PAGES * PAGE;
             at += PAGE)
            state[(at - base) / PAGE] = how;
    }
}

static void compare_with_kernel(const struct region *r, unsigned long step) {
    char state[PAGES];
    ask_kernel(r, state);
    for (size_t i = 0; i < PAGES; i++) {
        char expected = r->page[i].mapping == 0 ? ABSENT
                        : r->page[i].reserved   ? PRESENT
                                                : ACCESSIBLE;
        if (state[i] != expected)
            die("step %lu: the books and /proc/self/maps differ in page %zu", step, i);
    }
}

/* A call that failed after it had unmapped what was in its way. */
static void believe_kernel(struct region *r) {
    char state[PAGES];
    uint64_t more = 0;
    ask_kernel(r, state);
    for (size_t begin = 0, end; begin < PAGES; begin = end + 1) {
        for (end = begin; end < PAGES && state[end] == ABSENT && r->page[end].mapping != 0; end++)
            ;
        more += take_away(r, begin, end);
    }
    count(r, 0, more);
}

/* ---- what the recorder says ------------------------------------------------------------------ */

static void compare_with_recorder(struct region *r, unsigned long step) {
    uint64_t current;
    if (!memtrack_is_tracing())
        return;
    memtrack_get_traced_memory(&current, NULL);
    if (r->alone && current - r->outside != r->books.live_bytes)
        die("step %lu: %" PRIu64 " bytes are recorded, %" PRIu64 " in the books", step,
            current - r->outside, r->books.live_bytes);
    memtrack_block block;
    size_t i = below(r, PAGES), begin = i, end = i;
    int found = memtrack_whois(r->base + i * PAGE + below(r, PAGE), &block);
    if (is_block(&r->page[i]) != (found == 0))
        die("step %lu: whois says %d of page %zu", step, found, i);
    while (found == 0 && begin > 0 && !r->page[begin - 1].reserved &&
           r->page[begin - 1].mapping == r->page[i].mapping)
        begin--;
    while (found == 0 && end < PAGES && !r->page[end].reserved &&
           r->page[end].mapping == r->page[i].mapping)
        end++;
    if (found == 0 &&
        (block.address != r->base + begin * PAGE || block.bytes != (end - begin) * PAGE ||
         block.domain != memtrack_domain("mmap")))
        die("step %lu: whois tells of another block", step);
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct range {
    size_t begin, n;
};

static struct range some(struct region *r) {
    struct range s = {below(r, PAGES), 1 + below(r, MOST)};
    if (s.begin + s.n > PAGES)
        s.n = PAGES - s.begin;
    return s;
}

static char *at(const struct region *r, size_t page) {
    return r->base + page * PAGE;
}

/* Any length that the kernel rounds up to these pages. */
static size_t length(struct region *r, size_t pages) {
    return pages * PAGE - below(r, PAGE);
}

static void step_map(struct region *r) {
    struct range s = some(r);
    bool reserved = below(r, 4) == 0, careful = below(r, 4) == 0;
    int sharing = below(r, 3) == 0 ? MAP_SHARED : MAP_PRIVATE;
    int flags = MAP_ANONYMOUS | sharing | (careful ? MAP_FIXED_NOREPLACE : MAP_FIXED);
    int protection = reserved ? PROT_NONE : below(r, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
    void *(*map)(void *, size_t, int, int, int, off_t) =
        below(r, 2) ? mmap : (void *(*)(void *, size_t, int, int, int, off_t))mmap64;
    if (map(at(r, s.begin), length(r, s.n), protection, flags, -1, 0) == MAP_FAILED) {
        believe_kernel(r);
        return;
    }
    uint64_t more = take_away(r, s.begin, s.begin + s.n);
    put(r, s.begin, s.n, reserved);
    count(r, reserved ? 0 : s.n * PAGE, more + !reserved);
}

/* A file that cannot be mapped so: after the kernel has looked, or after it has unmapped what was
 * there. */
static void step_fail(struct region *r) {
    struct range s = some(r);
    int fd = open("/proc/self/exe", O_RDONLY);
    if (below(r, 2))
        mmap(at(r, s.begin), length(r, s.n), PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    else
        mmap(at(r, s.begin) + 1, length(r, s.n), PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    munmap(at(r, s.begin) + 8, length(r, s.n));
    munmap(at(r, s.begin), 0);
    mremap(at(r, s.begin), length(r, s.n), length(r, s.n), MREMAP_FIXED, at(r, s.begin));
    close(fd);
    believe_kernel(r);
}

static void unmapped(struct region *r, size_t begin, size_t n) {
    uint64_t more = take_away(r, begin, begin + n);
    count(r, 0, more);
}

static void step_unmap(struct region *r) {
    struct range s = some(r);
    if (munmap(at(r, s.begin), length(r, s.n)) != 0)
        die("munmap: %m");
    unmapped(r, s.begin, s.n);
}

/* The kernel changes what lies before a gap. */
static void step_protect(struct region *r) {
    struct range s = some(r);
    bool reserve = below(r, 2) == 0;
    uint64_t more = 0, bytes = 0, blocks = 0;
    mprotect(at(r, s.begin), length(r, s.n),
             reserve ? PROT_NONE : PROT_READ | (below(r, 2) ? PROT_WRITE : 0));
    size_t end = s.begin;
    while (end < s.begin + s.n && r->page[end].mapping != 0)
        end++;
    for (size_t i = s.begin, next; i < end; i = next) {
        struct page first = r->page[i];
        for (next = i + 1; next < end && r->page[next].mapping == first.mapping &&
                           r->page[next].reserved == first.reserved;
             next++)
            ;
        if (first.reserved == reserve)
            continue;
        more += take_away(r, i, next);
        put(r, i, next - i, reserve);
        blocks += !reserve;
        bytes += reserve ? 0 : (next - i) * PAGE;
    }
    count(r, bytes, more + blocks);
}

/* Each mapping of the range goes to its new place as a mapping of its own; gaps between them change
 * nothing there. */
static void move(struct region *r, struct range s, size_t to, bool keep) {
    struct page moving[PAGES];
    uint64_t more = 0, bytes = 0, blocks = 0;
    memcpy(moving, r->page + s.begin, s.n * sizeof *moving);
    for (size_t i = 0, next; i < s.n; i = next) {
        for (next = i + 1; next < s.n && moving[next].mapping == moving[i].mapping &&
                           moving[next].reserved == moving[i].reserved;
             next++)
            ;
        if (moving[i].mapping == 0)
            continue;
        if (!keep)
            more += take_away(r, s.begin + i, s.begin + next);
        more += take_away(r, to + i, to + next);
        put(r, to + i, next - i, moving[i].reserved);
        blocks += !moving[i].reserved;
        bytes += moving[i].reserved ? 0 : (next - i) * PAGE;
    }
    count(r, bytes, more + blocks);
}

static void step_move(struct region *r) {
    struct range s = some(r);
    size_t to = below(r, PAGES - s.n + 1);
    bool keep = below(r, 3) == 0;
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
    if (mremap(at(r, s.begin), s.n * PAGE, length(r, s.n), flags, at(r, to)) == MAP_FAILED)
        believe_kernel(r);
    else
        move(r, s, to, keep);
}

static void step_resize(struct region *r) {
    struct range s = some(r);
    size_t n = 1 + below(r, MOST), to = s.begin;
    bool fixed = below(r, 2) == 0, twice = below(r, 6) == 0;
    if (fixed)
        to = below(r, PAGES - MOST);
    if (to + n > PAGES || (n == s.n && !twice))
        return;
    if (to == s.begin && n < s.n && !twice) {
        if (mremap(at(r, to), s.n * PAGE, length(r, n), 0) != MAP_FAILED)
            unmapped(r, to + n, s.n - n);
        else
            believe_kernel(r);
        return;
    }
    struct page first = r->page[s.begin];
    void *result = mremap(at(r, s.begin), twice ? 0 : length(r, s.n), length(r, n),
                          fixed ? MREMAP_MAYMOVE | MREMAP_FIXED : 0, at(r, to));
    if (result == MAP_FAILED) {
        believe_kernel(r);
        return;
    }
    uint64_t more = twice ? 0 : take_away(r, s.begin, s.begin + s.n);
    more += take_away(r, to, to + n);
    put(r, to, n, first.reserved);
    count(r, first.reserved ? 0 : n * PAGE, more + !first.reserved);
}

static void *play(void *argument) {
    static void (*const steps[])(struct region *) = {step_map,   step_map,    step_map,
                                                     step_unmap, step_unmap,  step_protect,
                                                     step_move,  step_resize, step_fail};
    struct region *r = argument;
    for (unsigned long i = 0; i < r->steps; i++) {
        steps[below(r, sizeof steps / sizeof *steps)](r);
        compare_with_recorder(r, i);
        if (i % 64 == 0 || i + 1 == r->steps)
            compare_with_kernel(r, i);
    }
    return NULL;
}

static struct region regions[MOST_THREADS];

int main(int argc, char **argv) {
    pthread_t threads[MOST_THREADS];
    struct books sum = {0};
    int n = argc > 2 ? atoi(argv[2]) : 1;
    uint64_t seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    char *all = mmap(FAR, (size_t)n * PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(all, (size_t)n * PAGES * PAGE);
    for (int i = 0; i < n; i++) {
        struct region *r = &regions[i];
        *r = (struct region){.base = all + (size_t)i * PAGES * PAGE,
                             .random = seed * 2654435761u + (uint64_t)i * 40503u + 1};
        r->steps = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
        r->alone = n == 1;
        memtrack_get_traced_memory(&r->outside, NULL);
        if (n > 1)
            pthread_create(&threads[i], NULL, play, r);
        else
            play(r);
    }
    for (int i = 0; i < n; i++) {
        struct region *r = &regions[i];
        if (n > 1)
            pthread_join(threads[i], NULL);
        r->steps = n > 1 ? 100 : 0; /* what another thread has mapped */
        play(r);
        sum.total_blocks += r->books.total_blocks;
        sum.total_bytes += r->books.total_bytes;
        sum.live_blocks += r->books.live_blocks;
        sum.live_bytes += r->books.live_bytes;
        sum.peak_bytes += r->books.peak_bytes;
    }
    char line[256];
    int bytes = snprintf(line, sizeof line,
                         "{\"total_blocks\":%" PRIu64 ",\"total_bytes\":%" PRIu64
                         ",\"live_blocks\":%" PRIu64 ",\"live_bytes\":%" PRIu64
                         ",\"peak_bytes\":%" PRIu64 ",\"outside\":%" PRIu64 "}\n",
                         sum.total_blocks, sum.total_bytes, sum.live_blocks, sum.live_bytes,
                         sum.peak_bytes, regions[0].outside);
    return write(1, line, (size_t)bytes) == bytes ? 0 : 1;
}
