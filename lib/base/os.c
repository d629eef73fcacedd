/* SPDX-License-Identifier: MIT */
/*
 * Raw system calls. libc's wrappers would set errno, which malloc's caller may be looking at, and
 * can themselves be interposed by the target or by another preloaded library.
 */
#include "base/os.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

uint64_t mt_os_denied;

long mt_os_read_file(const char *path, char *buffer, size_t capacity) {
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (mt_os_failed(fd))
        return fd;
    size_t n = 0;
    while (n < capacity) {
        long r = mt_os_call(SYS_read, fd, (long)(buffer + n), (long)(capacity - n), 0, 0, 0);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return (long)n;
}

bool mt_os_copy(void *out, const void *address, size_t bytes) {
    /* cppcheck-suppress ctuuninitvar; it is written to */
    struct iovec to = {out, bytes}, from = {(void *)(uintptr_t)address, bytes};
    if ((uint64_t)address < MT_OS_PAGE)
        return false;
    if (mt_os_may(SYS_process_vm_readv))
        return mt_os_call(SYS_process_vm_readv, mt_os_pid(), (long)&to, 1, (long)&from, 1, 0) ==
               (long)bytes;
    if (!mt_os_is_mapped((uint64_t)address, (uint64_t)address + bytes))
        return false;
    for (size_t i = 0; i < bytes; i++)
        ((char *)out)[i] =
            mt_load_relaxed((const char *)address + i); /* bytes of the program, in their order */
    return true;
}

/* ---- who we are ------------------------------------------------------------------------------ */

struct number {
    const char *label;
    uint32_t matched; /* characters of the label */
    bool is_inside;
    long value;
};

/* Returns false when the number has ended. */
static bool take_character(struct number *n, char c) {
    if (n->label[n->matched] != 0) {
        n->matched = c == n->label[n->matched] ? n->matched + 1 : c == n->label[0];
        return true;
    }
    if (!mt_text_is_decimal(c))
        return !n->is_inside;
    n->value = n->value * 10 + mt_text_digit(c);
    n->is_inside = true;
    return true;
}

long mt_os_number_in(const char *path, const char *label, long otherwise) {
    struct number number = {.label = label};
    char piece[256] = {0};
    bool goes_on = true;
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), n = 1;
    if (mt_os_failed(fd))
        return otherwise;
    while (goes_on && n > 0) {
        n = mt_os_call(SYS_read, fd, (long)piece, sizeof piece, 0, 0, 0);
        for (long i = 0; goes_on && i < n; i++)
            goes_on = take_character(&number, piece[i]);
    }
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return number.is_inside ? number.value : otherwise;
}

/* The lines are CLOCK SECONDS NANOSECONDS. They are of the namespace of children, which is the
 * process's own when it starts. */
int64_t mt_os_clock_offset_ns(const char *clock) {
    char text[256];
    long n = mt_os_read_file("/proc/self/timens_offsets", text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    for (const char *line = text; *line != 0; line += *line != 0) {
        const char *numbers = mt_text_behind(line, clock);
        if (numbers != NULL) {
            int64_t seconds = mt_text_read_signed(&numbers);
            return seconds * INT64_C(1000000000) + mt_text_read_signed(&numbers);
        }
        while (*line != 0 && *line != '\n')
            line++;
    }
    return 0;
}

uint64_t mt_os_calls_of_loader(void) {
    uint64_t calls = 0;
#define LOOK_loader(name) calls |= mt_os_bit(SYS_##name);
#define LOOK_other(name)
#define LOOK(name, whose) LOOK_##whose(name)
    MT_OS_CALLS(LOOK)
#undef LOOK
#undef LOOK_other
#undef LOOK_loader
    return calls;
}

int mt_os_pid(void) {
    long pid = mt_os_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return pid > 0 ? (int)pid : (int)mt_os_number_in("/proc/self/stat", "", 0);
}

/*
 * Where getpid may not be called, one open tells which process this is. It fails in any case: below
 * a file there is nothing, and below a directory of a thread that is none of ours there is not even
 * that.
 */
enum mt_os_answer mt_os_is_process(int pid) {
    char path[64];
    const char *end = path + sizeof path - 1;
    long own = mt_os_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    if (own > 0)
        return own == pid ? MT_OS_YES : MT_OS_NO;
    char *number = mt_text_put(path, end, "/proc/self/");
    mt_text_put(mt_text_put_number(mt_text_put(number, end, "task/"), end, (uint64_t)pid), end,
                "/comm/none");
    long r = mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (r == -ENOTDIR)
        return MT_OS_YES;
    mt_text_put(number, end, "comm/none");
    r = r == -ENOENT ? mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0)
                     : r;
    return r == -ENOTDIR ? MT_OS_NO : MT_OS_UNKNOWN;
}

int mt_os_tid(void) {
    long tid = mt_os_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return tid > 0 ? (int)tid : 0;
}

bool mt_os_thread_lives(int pid, int tid) {
    return mt_os_call(SYS_tgkill, pid, tid, 0, 0, 0, 0) != -ESRCH;
}

/* The latest tick is up to some milliseconds ago, when something may have begun that ends now. */
static uint64_t least_monotonic_ns;

/* The coarse clocks are read from the vDSO's page without a system call, and without the
 * processor's own clock, which strict mode takes away. */
static uint64_t latest_tick_ns(int clock) {
    struct timespec t = {0, 0};
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME)
        clock_gettime(clock == CLOCK_MONOTONIC ? CLOCK_MONOTONIC_COARSE : CLOCK_REALTIME_COARSE,
                      &t);
    uint64_t ns = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
    return clock == CLOCK_MONOTONIC && ns < least_monotonic_ns ? least_monotonic_ns : ns;
}

uint64_t mt_os_clock_ns(int clock) {
    struct timespec t = {0, 0};
    if (!mt_os_may(SYS_clock_gettime))
        return latest_tick_ns(clock);
    mt_os_call(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void mt_os_keep_clock(void) {
    least_monotonic_ns = mt_os_clock_ns(CLOCK_MONOTONIC);
}

bool mt_os_is_mapped(uint64_t begin, uint64_t end) {
    unsigned char pages[256];
    if (!mt_os_may(SYS_mincore))
        return true;
    begin &= ~(uint64_t)(MT_OS_PAGE - 1);
    while (begin < end) {
        uint64_t step = end - begin;
        if (step > sizeof pages * MT_OS_PAGE)
            step = sizeof pages * MT_OS_PAGE;
        if (mt_os_call(SYS_mincore, (long)begin, (long)step, (long)pages, 0, 0, 0) != 0)
            return false;
        begin += step;
    }
    return true;
}

/*
 * rt_sigprocmask copies the new mask from the caller's memory before it looks at what is to be done
 * with the mask, and here nothing is to be done. EINVAL says that the 8 bytes could be read, EFAULT
 * that they could not. (Abseil asks in the same way.) An address of the kernel's must give EFAULT;
 * if it does not, whoever answers does not look. In a confined process, madvise is used to ask,
 * because an allocator would call it.
 */
enum { SIGNAL_MASK_BYTES = 8, NO_SIGNAL_ACTION = -1 };
#define KERNEL_ADDRESS (UINT64_C(1) << 63)

static bool can_read_word(uint64_t address) {
    return mt_os_call(SYS_rt_sigprocmask, NO_SIGNAL_ACTION, (long)address, 0, SIGNAL_MASK_BYTES, 0,
                      0) == -EINVAL;
}

static bool can_populate(uint64_t begin, uint64_t end) {
    return mt_os_call(SYS_madvise, (long)begin, (long)(end - begin), MADV_POPULATE_READ, 0, 0, 0) ==
           0;
}

static bool can_ask(void) {
    enum { UNKNOWN, YES, NO };
    static int answer;
    int known = mt_load_relaxed(&answer); /* relaxed: the answer is the same, whoever has asked */
    if (known == UNKNOWN) {
        known = mt_os_call(SYS_rt_sigprocmask, NO_SIGNAL_ACTION, (long)KERNEL_ADDRESS, 0,
                           SIGNAL_MASK_BYTES, 0, 0) == -EFAULT
                    ? YES
                    : NO;
        mt_store_relaxed(&answer, known);
    }
    return known == YES;
}

/* begin is the start of a page, and end is above it. A word across the border of two pages asks
 * for both. */
static uint64_t first_unreadable_word(uint64_t begin, uint64_t end) {
    uint64_t page = begin;
    while (page < end) {
        bool two = end - page > MT_OS_PAGE;
        if (two && can_read_word(page + MT_OS_PAGE - SIGNAL_MASK_BYTES / 2)) {
            page += 2 * MT_OS_PAGE;
        } else {
            if (!can_read_word(page))
                return page;
            page += MT_OS_PAGE;
            if (two)
                return page; /* then the other one could not be read */
        }
    }
    return end;
}

uint64_t mt_os_first_unreadable(uint64_t begin, uint64_t end) {
    uint64_t page = begin & ~(uint64_t)(MT_OS_PAGE - 1);
    if (mt_os_may(SYS_rt_sigprocmask) && can_ask())
        return first_unreadable_word(page, end);
    while (page < end && can_populate(page, page + MT_OS_PAGE))
        page += MT_OS_PAGE;
    return page < end ? page : end;
}

void mt_os_yield(void) {
    if (mt_os_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0) != 0)
        mt_os_pause();
}

bool mt_os_nap(uint64_t ns) {
    struct timespec nap = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    if (!mt_os_may(SYS_nanosleep))
        return false;
    mt_os_call(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
    return true;
}
