/* SPDX-License-Identifier: MIT */
/*
 * What memtrack's headers need of the system in a process that is not recorded: a clock, pages that
 * are not malloc's, and writing. For those headers alone.
 *
 * A program may be compiled as strict C99, where time.h and sys/mman.h keep to themselves what is
 * not in that standard. So three functions of libc are declared here, under names of ours for the
 * compiler and their own for the linker, and with types that any program has. All of them may be
 * called in a signal handler, allocate nothing, and leave errno as it was.
 */
#ifndef MEMTRACK_SYSTEM_H
#define MEMTRACK_SYSTEM_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memtrack/unseen.h"

#ifdef __cplusplus
extern "C" {
#endif
struct memtrack_system_time_ {
    long seconds, nanoseconds;
};
extern int memtrack_system_clock_(int clock,
                                  struct memtrack_system_time_ *out) __asm__("clock_gettime");
extern void *memtrack_system_mmap_(void *where, size_t bytes, int protection, int flags, int fd,
                                   long offset) __asm__("mmap");
extern int memtrack_system_madvise_(void *where, size_t bytes, int advice) __asm__("madvise");
#ifdef __cplusplus
}
#endif

enum {
    MEMTRACK_SYSTEM_MONOTONIC_ = 1,
    MEMTRACK_SYSTEM_THREAD_TIME_ = 3,
#if defined(__mips__)
    MEMTRACK_SYSTEM_ANONYMOUS_ = 0x800,
#else
    MEMTRACK_SYSTEM_ANONYMOUS_ = 0x20,
#endif
    MEMTRACK_SYSTEM_WIPE_ON_FORK_ = 18
};

/* Not a scope of -finstrument-functions, and no frame of its own where it can be helped. */
#define MEMTRACK_SYSTEM_FUNCTION_ MEMTRACK_UNSEEN_ __attribute__((unused)) static __inline__

/* Returns the nanoseconds of a clock. */
MEMTRACK_SYSTEM_FUNCTION_ uint64_t memtrack_system_ns_(int clock) {
    struct memtrack_system_time_ now = {0, 0};
    memtrack_system_clock_(clock, &now);
    return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}

/* Returns zeroed pages, or NULL. */
MEMTRACK_SYSTEM_FUNCTION_ void *memtrack_system_pages_(size_t bytes) {
    int before = errno;
    void *pages = memtrack_system_mmap_(NULL, bytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MEMTRACK_SYSTEM_ANONYMOUS_, -1, 0);
    errno = before;
    return pages == MAP_FAILED ? NULL : pages;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_system_free_(void *pages, size_t bytes) {
    int before = errno;
    if (pages)
        munmap(pages, bytes);
    errno = before;
}

/* Writes all of it. Returns 0, or -1 when that is not possible. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_system_write_(int fd, const char *text, size_t bytes) {
    int before = errno, failed = 0;
    while (bytes && !failed) {
        ssize_t n = write(fd, text, bytes);
        failed = n < 0 && errno != EINTR;
        if (n > 0) {
            text += n;
            bytes -= (size_t)n;
        }
    }
    errno = before;
    return failed ? -1 : 0;
}

#endif
