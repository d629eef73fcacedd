/* SPDX-License-Identifier: MIT */
/*
 * Raw system calls. libc's wrappers would set errno, which malloc's caller may be looking at, and can themselves be
 * interposed by the target or by another preloaded library.
 */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

uint64_t mt_os_denied;

void *mt_os_private(size_t bytes) {
    long r = mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mt_os_failed(r) ? NULL : (void *)r;
}

void mt_os_discard(void *memory, size_t bytes) {
    mt_os_call(SYS_madvise, (long)memory, (long)bytes, MADV_DONTNEED, 0, 0, 0);
}

void mt_os_prefer_huge_pages(void *memory, size_t bytes) {
    mt_os_call(SYS_madvise, (long)memory, (long)bytes, MADV_HUGEPAGE, 0, 0, 0);
}

void mt_os_unmap(void *memory, size_t bytes) {
    mt_os_call(SYS_munmap, (long)memory, (long)bytes, 0, 0, 0, 0);
}

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

int mt_os_pid(void) {
    return (int)mt_os_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

int mt_os_tid(void) {
    long tid = mt_os_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return tid > 0 ? (int)tid : 0;
}

bool mt_os_thread_lives(int pid, int tid) {
    return mt_os_call(SYS_tgkill, pid, tid, 0, 0, 0, 0) != -ESRCH;
}

uint64_t mt_os_clock_ns(int clock) {
    struct timespec t = {0, 0};
    mt_os_call(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
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
 * rt_sigprocmask copies the new mask from the caller's memory before it looks at what is to be done with it, and here that
 * is nothing: EINVAL says that the 8 bytes could be read, EFAULT that they could not. (Abseil asks in the same way.) An
 * address of the kernel's must give EFAULT, else whoever answers does not look. A confined process is asked as an
 * allocator would: by madvise.
 */
enum { SIGNAL_MASK_BYTES = 8, NO_SIGNAL_ACTION = -1 };
#define KERNEL_ADDRESS (UINT64_C(1) << 63)

static bool can_read_word(uint64_t address) {
    return mt_os_call(SYS_rt_sigprocmask, NO_SIGNAL_ACTION, (long)address, 0, SIGNAL_MASK_BYTES, 0, 0) == -EINVAL;
}

static bool can_populate(uint64_t begin, uint64_t end) {
    return mt_os_call(SYS_madvise, (long)begin, (long)(end - begin), MADV_POPULATE_READ, 0, 0, 0) == 0;
}

static bool can_ask(void) {
    enum { UNKNOWN, YES, NO };
    static int answer;
    int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
    if (known == UNKNOWN) {
        known = mt_os_call(SYS_rt_sigprocmask, NO_SIGNAL_ACTION, (long)KERNEL_ADDRESS, 0, SIGNAL_MASK_BYTES, 0, 0) ==
                        -EFAULT
                    ? YES
                    : NO;
        __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
    }
    return known == YES;
}

/* Pages begin at begin; end is above. A word across the border of two pages asks for both. */
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
                return page; /* then it was the other one */
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
