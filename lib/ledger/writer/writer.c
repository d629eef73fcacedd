/* SPDX-License-Identifier: MIT */
/*
 * Making the ledger file, and handing out what is in it. How it grows is in file.c.
 *
 * What there is room for is not the same for everything. The record of call paths (detail) ends at
 * the bound that has been set; the counters of threads may go on beyond it, for the totals have to
 * stay exact; and the table of live blocks, from which the size of what is freed is known, goes on
 * in the process's own memory when the file is full.
 */
#include "ledger/writer/writer.h"

#include "base/atomic.h"
#include "base/pages.h"
#include "base/text.h"
#include "ledger/writer/copy.h"
#include "ledger/writer/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <time.h>

extern void *__libc_stack_end __attribute__((weak));

enum {
    HEADER_SEGMENT =
        (int)((sizeof(struct mt_ledger_header) + MT_OS_PAGE - 1) / MT_OS_PAGE * MT_OS_PAGE),
    FIRST_CHUNKS = 832 << 10, /* there is one of everything, so that a start is whole or is none */
    FIRST_SEGMENT = HEADER_SEGMENT + FIRST_CHUNKS,
    PRIVATE_SEGMENT = 256 << 10,
    MAX_COUNTER = 10000,
    NS_PER_TICK = 10000000,
};

/* Returns field 22 of /proc/self/stat. The fields before it are counted from the last ')', since
 * comm can hold anything. */
static uint64_t start_ticks(void) {
    char stat[640]; /* the fields up to the 22nd are at most 22 * 21 + 64 */
    long n = mt_os_read_file("/proc/self/stat", stat, sizeof stat - 1);
    if (n <= 0)
        return 0;
    stat[n] = 0;
    const char *p = stat + n;
    while (p > stat && *p != ')')
        p--;
    for (int field = 2; field < 22 && *p; p++)
        if (*p == ' ')
            field++;
    /* As the system counts them. */
    return mt_text_read_number(&p, 10) -
           (uint64_t)(mt_os_clock_offset_ns("boottime") / NS_PER_TICK);
}

static long read_link(const char *path, char *out, size_t capacity) {
    long n = mt_os_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)out, (long)capacity, 0, 0);
    return mt_os_failed(n) ? 0 : n;
}

/* Copies the path as the kernel was given it: it can be relative, or name a link or a script's
 * interpreter. */
static void copy_name(struct mt_ledger_header *h) {
    const char *name = (const char *)getauxval(AT_EXECFN);
    uint32_t n = 0;
    for (; name != NULL && name[n] && n < sizeof h->exe; n++)
        h->exe[n] = name[n];
    h->exe_bytes = n;
}

/* Reads the arguments as the kernel has put them above the main thread's stack: argc, the
 * arguments, NULL. */
static uint32_t copy_arguments(char *out, size_t capacity) {
    const char *const *top =
        &__libc_stack_end != NULL ? (const char *const *)__libc_stack_end : NULL;
    size_t n = 0;
    for (uint64_t i = 1; top != NULL && i <= *(const uint64_t *)top && top[i] != NULL; i++)
        for (const char *p = top[i]; n < capacity; p++) {
            out[n++] = *p;
            if (*p == 0)
                break;
        }
    return (uint32_t)n;
}

static void fill_identity(struct mt_ledger_header *h) {
    h->magic = MT_LEDGER_MAGIC;
    h->version = MT_LEDGER_VERSION;
    h->header_bytes = sizeof *h;
    h->pid = (uint32_t)mt_os_pid();
    h->ppid = (uint32_t)mt_os_call(SYS_getppid, 0, 0, 0, 0, 0, 0);
    h->start_realtime_ns = mt_os_clock_ns(CLOCK_REALTIME);
    h->clock_offset_ns = mt_os_clock_offset_ns("monotonic");
    /* Who reads it meanwhile and sees this time knows what it is relative to. */
    mt_store_release(&h->start_monotonic_ns, mt_os_clock_ns(CLOCK_MONOTONIC));
    h->exe_bytes = (uint32_t)read_link("/proc/self/exe", h->exe, sizeof h->exe);
    if (h->exe_bytes == 0)
        copy_name(h); /* there is no /proc, or a filter forbids it */
    long n = mt_os_read_file("/proc/self/cmdline", h->command, sizeof h->command);
    h->command_bytes = n > 0 ? (uint32_t)n : copy_arguments(h->command, sizeof h->command);
    n = mt_os_call(SYS_getcwd, (long)h->cwd, sizeof h->cwd, 0, 0, 0, 0);
    h->cwd_bytes = mt_os_failed(n) || n < 1 ? 0 : (uint32_t)n - 1;
    h->n_nodes = MT_NODE_FIRST;
    h->n_sites = h->n_banks = h->n_modules = 1;
}

/* Opens a new file DIRECTORY/PID.TICKS.COUNTER.ledger, whose path goes to w->path. Returns the
 * descriptor or -errno. */
static long open_new(struct mt_writer *w, const char *directory) {
    uint64_t ticks = start_ticks();
    const char *end = w->path + sizeof w->path - 1;
    for (uint64_t counter = 0; counter < MAX_COUNTER; counter++) {
        char *p = mt_text_put(w->path, end, directory);
        p = mt_text_put(p, end, "/");
        p = mt_text_put_number(p, end, (uint64_t)mt_os_pid());
        p = mt_text_put(p, end, ".");
        p = mt_text_put_number(p, end, ticks);
        p = mt_text_put(p, end, ".");
        p = mt_text_put_number(p, end, counter);
        p = mt_text_put(p, end, MT_LEDGER_SUFFIX);
        if (p >= end)
            return -ENAMETOOLONG;
        *p = 0;
        long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)w->path,
                             O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, 0, 0);
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

void mt_writer_forget(struct mt_writer *w) {
    uint64_t max_bytes = w->max_bytes;
    bool is_in_forks = w->is_in_forks;
    mt_writer_copy_unmap(w);
    if (w->family != NULL)
        mt_os_call(SYS_munmap, (long)w->family, MT_OS_PAGE, 0, 0, 0, 0);
    *w = (struct mt_writer){.max_bytes = max_bytes, .is_in_forks = is_in_forks};
}

int mt_writer_create(struct mt_writer *w, const char *directory) {
    mt_writer_forget(w);
    /* No file is made, which somebody could see come and go. */
    if (!mt_writer_file_fits(FIRST_SEGMENT))
        return -EFBIG;
    long fd = open_new(w, directory);
    if (mt_os_failed(fd))
        return (int)fd;
    long address = mt_writer_file_begin(w, fd, FIRST_SEGMENT);
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    if (mt_os_failed(address)) {
        mt_os_call(SYS_unlinkat, AT_FDCWD, (long)w->path, 0, 0, 0, 0);
        return (int)address;
    }
    w->header = (struct mt_ledger_header *)address;
    w->free.begin = (char *)address + HEADER_SEGMENT;
    w->free.end = (char *)address + FIRST_SEGMENT;
    mt_writer_file_add(w, (uint64_t)address, 0, FIRST_SEGMENT);
    fill_identity(w->header);
    w->header->max_bytes = w->max_bytes;
    return 0;
}

void mt_writer_count_unrecorded(struct mt_writer *w, struct mt_ledger_header *family, int error) {
    w->family = family; /* this is for children of this process */
    if (family == NULL)
        return;
    mt_store_relaxed(&family->unrecorded_errno, (uint32_t)error); /* the latest of any child */
    mt_add_relaxed(&family->unrecorded_forks, 1);                 /* a count, of many processes */
}

void mt_writer_remove(struct mt_writer *w) {
    if (!w->is_copy)
        mt_os_call(SYS_unlinkat, AT_FDCWD, (long)w->path, 0, 0, 0, 0);
    mt_writer_forget(w);
}

/* ---- handing out ----------------------------------------------------------------------------- */

static void *take(struct mt_writer_room *room, size_t bytes, size_t align) {
    char *p = (char *)(((uintptr_t)room->begin + align - 1) & ~(uintptr_t)(align - 1));
    if (room->begin == NULL || p > room->end || bytes > (size_t)(room->end - p))
        return NULL;
    room->begin = p + bytes;
    return p;
}

void *mt_writer_allocate(struct mt_writer *w, size_t bytes, size_t align) {
    void *p = take(&w->free, bytes, align);
    while (p == NULL && mt_writer_file_grow(w, bytes + align))
        p = take(&w->free, bytes, align);
    return p;
}

void *mt_writer_allocate_detail(struct mt_writer *w, size_t bytes, size_t align) {
    if (w->max_bytes == 0 || w->header == NULL)
        return mt_writer_allocate(w, bytes, align);
    void *p = take(&w->free, bytes, align);
    if (p != NULL)
        return p;
    if (w->file_bytes + bytes + align <= w->max_bytes)
        return mt_writer_allocate(w, bytes, align);
    mt_or_relaxed(&w->header->flags, MT_FLAG_BOUND);
    return NULL;
}

void *mt_writer_allocate_blocks(struct mt_writer *w, size_t bytes, size_t align, bool *is_private) {
    void *p = mt_writer_allocate(w, bytes, align);
    *is_private = p == NULL && w->header != NULL;
    if (!*is_private)
        return p;
    p = take(&w->own, bytes, align);
    if (p != NULL)
        return p;
    size_t segment =
        bytes + align > (size_t)PRIVATE_SEGMENT ? bytes + align : (size_t)PRIVATE_SEGMENT;
    char *memory = mt_pages_new(segment);
    if (memory == NULL)
        return NULL;
    mt_store_pair(&w->own, (uint64_t)memory, (uint64_t)memory + segment);
    w->header->private_bytes += segment;
    return take(&w->own, bytes, align);
}

bool mt_writer_reserve(struct mt_writer *w, size_t bytes) {
    return w->header != NULL && mt_writer_file_reserve(w, bytes);
}

static bool add_directory(struct mt_writer *w) {
    struct mt_directory *d = mt_writer_allocate(w, sizeof *d, 64);
    if (d == NULL)
        return false;
    if (w->directory == NULL)
        w->header->directory = (uint64_t)d;
    else
        w->directory->next = (uint64_t)d;
    w->directory = d;
    return true;
}

bool mt_writer_publish(struct mt_writer *w, enum mt_extent_kind kind, uint32_t index,
                       const void *memory, size_t bytes) {
    struct mt_ledger_header *h = w->header;
    struct mt_extent *slot;
    if (h->n_extents < MT_FIRST_EXTENTS) {
        slot = &h->extent[h->n_extents];
    } else {
        uint32_t in_block = (h->n_extents - MT_FIRST_EXTENTS) % MT_DIRECTORY_EXTENTS;
        if (in_block == 0 && !add_directory(w))
            return false;
        slot = &w->directory->extent[in_block];
    }
    *slot = (struct mt_extent){
        .address = (uint64_t)memory, .bytes = bytes, .kind = kind, .index = index};
    /* Release: the extent that it counts is whole. */
    mt_store_release(&h->n_extents, h->n_extents + 1);
    return true;
}

uint64_t mt_writer_put_text(struct mt_writer *w, const char *text, size_t bytes) {
    char *copy = mt_writer_allocate_detail(w, bytes + 1, 1);
    if (copy == NULL)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        copy[i] = text[i];
    return (uint64_t)copy;
}
