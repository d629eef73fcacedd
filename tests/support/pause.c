/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the tracker: provides the two functions by which a library keeps its allocations
 * out of a recording, and counts what is allocated and freed inside and outside of such pauses
 * while it is told to watch. Can make one allocation fail.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static int depth, watching;
static long seen, paused, countdown, failed;

void memtrack_pause_thread(void) {
    depth++;
}

void memtrack_resume_thread(void) {
    depth--;
}

void probe_watch(int on) {
    watching = on;
    countdown = on ? countdown : 0;
    if (depth)
        abort(); /* a pause that was never ended */
}

long probe_seen(void) {
    return seen;
}

long probe_paused(void) {
    return paused;
}

void probe_fail(long at) {
    countdown = at;
    failed = 0;
}

long probe_failed(void) {
    return failed;
}

static void count(void) {
    if (watching)
        *(depth > 0 ? &paused : &seen) += 1;
}

static int fails(void) {
    count();
    if (!watching || !countdown || --countdown)
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes) {
    return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes) {
    return fails() ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *block, size_t bytes) {
    return bytes && fails() ? NULL : __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return fails() ? NULL : __libc_memalign(alignment, bytes);
}

void free(void *block) {
    if (block)
        count();
    __libc_free(block);
}
