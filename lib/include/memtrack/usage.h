/* SPDX-License-Identifier: MIT */
/*
 * How much memory does the system say a process uses? This header alone answers: nothing is linked,
 * no recorder is needed, and programs that are linked statically may ask as well.
 *
 *     #include <memtrack/usage.h>
 *
 *     memtrack_usage usage;
 *     if (memtrack_memory_usage(&usage) == 0)
 *         printf("%llu bytes resident\n", (unsigned long long)usage.rss_bytes);
 *
 * Unless something else is said: callable from any thread and in signal handlers; never allocates;
 * keeps errno, as it makes system calls of its own; returns 0 or the negative of a MEMTRACK_E... of
 * memtrack/error.h (MEMTRACK_EUSAGE for a null pointer). Figures come from /proc.
 */
#ifndef MEMTRACK_USAGE_H
#define MEMTRACK_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "memtrack/error.h"
#include "memtrack/unseen.h"

#if !(defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__)))
#include <errno.h>
#include <unistd.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { /* which figures could be read */
       MEMTRACK_USAGE_RSS = 1,
       MEMTRACK_USAGE_PSS = 2,
       MEMTRACK_USAGE_USS = 4,
       MEMTRACK_USAGE_SWAP = 8,
       MEMTRACK_USAGE_PEAK_RSS = 16
};

typedef struct memtrack_usage {
    uint64_t rss_bytes;      /* in memory, with what is shared with others */
    uint64_t pss_bytes;      /* the same, of what is shared a part for each that shares it */
    uint64_t uss_bytes;      /* without what is shared: what ending it would give back */
    uint64_t swap_bytes;     /* swapped out */
    uint64_t peak_rss_bytes; /* the most that rss_bytes ever was, spikes included */
    uint32_t known;          /* MEMTRACK_USAGE_...; what is not known is 0 */
    uint32_t reserved;
} memtrack_usage;

typedef struct memtrack_peak {
    memtrack_usage before, after; /* RSS, swap and peak RSS */
    uint64_t peak_rss_bytes;      /* the most that the process had while the function ran */
    /* 0: it is at least so much, and no more than after.peak_rss_bytes, which the process had
     * reached before. */
    int is_exact;
} memtrack_peak;

enum { MEMTRACK_PEAK_RESET = 1 };

#define MEMTRACK_USAGE_API_ MEMTRACK_UNSEEN_ __attribute__((unused)) static __inline__

/* ---- the system's calls ---------------------------------------------------------------------- */

/* Is what the kernel does: a negative number of errno is an error. The number is a constant of the
 * instruction before the call, without optimisation as well: a recorder takes a program that makes
 * calls by numbers from elsewhere for one that may confine itself, and makes none of its own. */
#if defined(__LP64__) && defined(__x86_64__)
#define memtrack_usage_call_(number, a, b, c, d)                                                   \
    __extension__({                                                                                \
        long memtrack_result_, memtrack_a_ = (a), memtrack_b_ = (b), memtrack_c_ = (c),            \
                               memtrack_d_ = (d);                                                  \
        register long memtrack_fourth_ __asm__("r10") = memtrack_d_;                               \
        __asm__ __volatile__("{movl %[n], %%eax|mov eax, %[n]}\n\tsyscall"                         \
                             : "=&a"(memtrack_result_)                                             \
                             : [n] "i"(number), "D"(memtrack_a_), "S"(memtrack_b_),                \
                               "d"(memtrack_c_), "r"(memtrack_fourth_)                             \
                             : "rcx", "r11", "memory");                                            \
        memtrack_result_;                                                                          \
    })
#else
MEMTRACK_USAGE_API_ long memtrack_usage_call_(long number, long a, long b, long c, long d) {
#if defined(__LP64__) && defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ __volatile__("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#else
    int before = errno;
    long result = syscall(number, a, b, c, d);
    result = result < 0 ? -errno : result;
    errno = before;
    return result;
#endif
}
#endif

MEMTRACK_USAGE_API_ long memtrack_usage_open_(const char *path, long flags) {
    return memtrack_usage_call_(SYS_openat, -100 /* AT_FDCWD */, (long)(intptr_t)path,
                                flags | 02000000 /* O_CLOEXEC */, 0);
}

MEMTRACK_USAGE_API_ void memtrack_usage_close_(long fd) {
    memtrack_usage_call_(SYS_close, fd, 0, 0, 0);
}

/* ---- files of /proc -------------------------------------------------------------------------- */

/* One figure of a file, on lines "LABEL   123 kB" of which it is the sum. */
typedef struct memtrack_usage_line_ {
    const char *label; /* with its colon */
    uint64_t *bytes;
    uint32_t figure;
} memtrack_usage_line_;

MEMTRACK_USAGE_API_ void memtrack_usage_take_(const char *line, const memtrack_usage_line_ *lines,
                                              size_t n, uint32_t *known) {
    const char *at;
    size_t i;
    for (i = 0; i < n; i++) {
        size_t length = strlen(lines[i].label);
        uint64_t value = 0;
        if (strncmp(line, lines[i].label, length) != 0)
            continue;
        for (at = line + length; *at; at++)
            if (*at >= '0' && *at <= '9')
                value = value * 10 + (uint64_t)(*at - '0');
        *lines[i].bytes += value * 1024;
        *known |= lines[i].figure;
    }
}

/* Reads a file of any length: a process can be in thousands of groups. */
MEMTRACK_USAGE_API_ int memtrack_usage_read_(const char *path, const memtrack_usage_line_ *lines,
                                             size_t n, uint32_t *known) {
    char text[1024], line[64];
    size_t length = 0;
    long fd = memtrack_usage_open_(path, 0 /* O_RDONLY */), bytes = 0, i;
    if (fd < 0)
        return fd == -2 || fd == -3 ? -MEMTRACK_ENOTFOUND : -MEMTRACK_EIO; /* ENOENT, ESRCH */
    memset(text, 0, sizeof text); /* a checker of memory does not see what the kernel writes */
    while ((bytes =
                memtrack_usage_call_(SYS_read, fd, (long)(intptr_t)text, (long)sizeof text, 0)) > 0)
        for (i = 0; i < bytes; i++) {
            if (text[i] != '\n' && length < sizeof line - 1)
                line[length++] = text[i];
            if (text[i] != '\n')
                continue;
            line[length] = '\0';
            memtrack_usage_take_(line, lines, n, known);
            length = 0;
        }
    memtrack_usage_close_(fd);
    return bytes == -3 ? -MEMTRACK_ENOTFOUND : bytes < 0 ? -MEMTRACK_EIO : 0;
}

/* Makes "/proc/PID/NAME"; pid 0 is this process. path has 48 bytes. */
MEMTRACK_USAGE_API_ void memtrack_usage_path_(int pid, const char *name, char *path) {
    char digits[12];
    size_t n = 0, at = 6;
    int rest;
    memcpy(path, "/proc/", at);
    for (rest = pid; rest > 0; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    if (n == 0) {
        memcpy(path + at, "self", 5);
        at += 4;
    }
    while (n > 0)
        path[at++] = digits[--n];
    path[at++] = '/';
    memcpy(path + at, name, strlen(name) + 1);
}

MEMTRACK_USAGE_API_ int memtrack_usage_status_(int pid, memtrack_usage *out) {
    const memtrack_usage_line_ lines[] = {
        {"VmRSS:", &out->rss_bytes, MEMTRACK_USAGE_RSS},
        {"VmSwap:", &out->swap_bytes, MEMTRACK_USAGE_SWAP},
        {"VmHWM:", &out->peak_rss_bytes, MEMTRACK_USAGE_PEAK_RSS},
    };
    char path[48];
    memtrack_usage_path_(pid, "status", path);
    int rc = memtrack_usage_read_(path, lines, sizeof lines / sizeof *lines, &out->known);
    return rc == 0 && out->known == 0 ? -MEMTRACK_ENOTFOUND : rc; /* a zombie, a kernel thread */
}

MEMTRACK_USAGE_API_ void memtrack_usage_pages_(int pid, memtrack_usage *out) {
    uint64_t rss_bytes = 0, swap_bytes = 0;
    uint32_t known = 0;
    const memtrack_usage_line_ lines[] = {
        {"Rss:", &rss_bytes, MEMTRACK_USAGE_RSS},
        {"Pss:", &out->pss_bytes, MEMTRACK_USAGE_PSS},
        {"Private_Clean:", &out->uss_bytes, MEMTRACK_USAGE_USS},
        {"Private_Dirty:", &out->uss_bytes, MEMTRACK_USAGE_USS},
        {"Private_Hugetlb:", &out->uss_bytes, MEMTRACK_USAGE_USS},
        {"Swap:", &swap_bytes, MEMTRACK_USAGE_SWAP},
    };
    char path[48];
    memtrack_usage_path_(pid, "smaps_rollup", path);
    if (memtrack_usage_read_(path, lines, sizeof lines / sizeof *lines, &known) != 0 || known == 0)
        return;
    out->rss_bytes = rss_bytes; /* of the same moment as the others */
    out->swap_bytes = swap_bytes;
    out->known |= known;
    if (out->peak_rss_bytes < rss_bytes)
        out->peak_rss_bytes = rss_bytes;
}

/* ---- a process ------------------------------------------------------------------------------- */

/* Returns RSS, swap and peak RSS of a process, which cost the kernel little; pid 0 is this one.
 * MEMTRACK_ENOTFOUND: there is no such process, or it may not be seen, or it has ended. */
MEMTRACK_USAGE_API_ int memtrack_usage_quick(int pid, memtrack_usage *out) {
    if (!out)
        return -MEMTRACK_EUSAGE;
    memset(out, 0, sizeof *out);
    return pid < 0 ? -MEMTRACK_EUSAGE : memtrack_usage_status_(pid, out);
}

/*
 * Returns all figures of a process; pid 0 is this one. For PSS and USS the kernel walks the page
 * tables (a millisecond for some gigabytes), and the process's own mmap waits meanwhile. Of
 * another user's process they are not known, and of any on a kernel without
 * /proc/PID/smaps_rollup (before 4.14).
 */
MEMTRACK_USAGE_API_ int memtrack_usage_of(int pid, memtrack_usage *out) {
    int rc = memtrack_usage_quick(pid, out);
    if (rc == 0)
        memtrack_usage_pages_(pid, out);
    return rc;
}

/* Returns all figures of this process. */
MEMTRACK_USAGE_API_ int memtrack_memory_usage(memtrack_usage *out) {
    return memtrack_usage_of(0, out);
}

/* ---- a function ------------------------------------------------------------------------------ */

/*
 * Measurements that go on, of all threads and all files of the program. Each is the highest peak
 * that another one has seen before it made the kernel forget it; the lowest bit says that the place
 * is taken. Peaks are multiples of 1024.
 */
enum { MEMTRACK_USAGE_PLACES_ = 32 };
__attribute__((weak)) uint64_t memtrack_usage_places_[MEMTRACK_USAGE_PLACES_];

MEMTRACK_USAGE_API_ uint64_t *memtrack_usage_place_(void) {
    int i;
    for (i = 0; i < MEMTRACK_USAGE_PLACES_; i++) {
        uint64_t is_free = 0;
        if (__atomic_compare_exchange_n(&memtrack_usage_places_[i], &is_free, 1, 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return &memtrack_usage_places_[i];
    }
    return NULL;
}

MEMTRACK_USAGE_API_ void memtrack_usage_leave_(uint64_t **place) {
    if (*place)
        __atomic_store_n(*place, 0, __ATOMIC_SEQ_CST);
}

/* Tells all measurements but own of a peak that is about to be forgotten. */
MEMTRACK_USAGE_API_ void memtrack_usage_tell_(const uint64_t *own, uint64_t peak_bytes) {
    int i;
    for (i = 0; i < MEMTRACK_USAGE_PLACES_; i++) {
        uint64_t *place = &memtrack_usage_places_[i];
        uint64_t known = __atomic_load_n(place, __ATOMIC_SEQ_CST);
        while (place != own && known && known < peak_bytes &&
               !__atomic_compare_exchange_n(place, &known, peak_bytes | 1, 0, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST))
            ; /* known is what it has become */
    }
}

/* Makes the peak what is resident now. Returns whether the kernel did. */
MEMTRACK_USAGE_API_ int memtrack_usage_reset_(void) {
    const char *reset = "5";
    long fd = memtrack_usage_open_("/proc/self/clear_refs", 1 /* O_WRONLY */);
    long written = fd < 0 ? fd : memtrack_usage_call_(SYS_write, fd, (long)(intptr_t)reset, 1, 0);
    if (fd >= 0)
        memtrack_usage_close_(fd);
    return written == 1;
}

/*
 * Calls function(argument) and finds the most memory that the process had resident meanwhile, all
 * threads included. No thread samples: the kernel keeps that figure for the whole life of a
 * process, so the answer is exact when the function went above all that was before it. Else it is
 * told that it did not (is_exact is 0).
 *
 * With MEMTRACK_PEAK_RESET the answer is always exact: the kernel's figure (VmHWM in
 * /proc/self/status, ru_maxrss of getrusage, peak_rss_bytes here) begins anew, for everybody who
 * reads it later. Measurements by this function in other threads, or around this one, allow for it.
 *
 * Exceptions pass. MEMTRACK_ENOTFOUND, MEMTRACK_EIO: /proc is not there; the function was called
 * all the same. Not in signal handlers, unless the function may be called there.
 */
MEMTRACK_USAGE_API_ int memtrack_usage_peak(void (*function)(void *argument), void *argument,
                                            uint32_t how, memtrack_peak *out) {
    if (!function || !out)
        return -MEMTRACK_EUSAGE;
    memset(out, 0, sizeof *out);
    __attribute__((cleanup(memtrack_usage_leave_))) uint64_t *place = memtrack_usage_place_();
    int rc = memtrack_usage_quick(0, &out->before), is_reset = 0;
    if (rc == 0 && place && (how & MEMTRACK_PEAK_RESET)) {
        memtrack_usage_tell_(place, out->before.peak_rss_bytes);
        is_reset = memtrack_usage_reset_();
    }
    function(argument);
    int after = memtrack_usage_quick(0, &out->after);
    if (rc != 0 || after != 0)
        return rc != 0 ? rc : after;
    uint64_t told = place ? __atomic_load_n(place, __ATOMIC_SEQ_CST) & ~(uint64_t)1 : 0;
    uint64_t peak = told > out->after.peak_rss_bytes ? told : out->after.peak_rss_bytes;
    out->is_exact = is_reset || (place && peak > out->before.peak_rss_bytes);
    if (!out->is_exact) {
        out->after.peak_rss_bytes = peak;
        peak = out->before.rss_bytes > out->after.rss_bytes ? out->before.rss_bytes
                                                            : out->after.rss_bytes;
    }
    out->peak_rss_bytes = peak;
    return 0;
}

/* ---- a child --------------------------------------------------------------------------------- */

/*
 * Waits for the end of a child, as waitpid(pid, status, 0) does, and returns its peak RSS, the only
 * figure that the kernel keeps of a process that has ended. It is the highest of the child, of the
 * children that it has waited for, and of what it was before it executed its program: a copy of
 * this process. So a figure not above this process's own peak says only that the child had no more.
 * MEMTRACK_ENOTFOUND: there is no such child, or somebody else has waited for it. out and status
 * may be NULL.
 */
MEMTRACK_USAGE_API_ int memtrack_usage_wait(int pid, int *status, memtrack_usage *out) {
    long usage[32]; /* struct rusage: ru_maxrss comes after two times */
    long rc;
    if (pid <= 0)
        return -MEMTRACK_EUSAGE;
    memset(usage, 0, sizeof usage);
    do
        rc = memtrack_usage_call_(SYS_wait4, pid, (long)(intptr_t)status, 0, (long)(intptr_t)usage);
    while (rc == -4); /* EINTR */
    if (out)
        memset(out, 0, sizeof *out);
    if (rc < 0)
        return -MEMTRACK_ENOTFOUND;
    if (out) {
        out->peak_rss_bytes = (uint64_t)usage[4] * 1024;
        out->known = MEMTRACK_USAGE_PEAK_RSS;
    }
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif
