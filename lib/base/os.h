/* SPDX-License-Identifier: MIT */
/*
 * The operating system as the tracker sees it: raw system calls that touch neither errno nor any
 * other libc state, so that they can be made from inside malloc, from a signal handler, and while
 * another preloaded library wraps libc's.
 *
 * All functions: any thread, any context. Results are those of the kernel: a negative value is
 * -errno.
 */
#ifndef MT_BASE_OS_H
#define MT_BASE_OS_H

#include "base/atomic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define mt_likely(x)   __builtin_expect(!!(x), 1)
#define mt_unlikely(x) __builtin_expect(!!(x), 0)
#define MT_HIDDEN      __attribute__((visibility("hidden")))
#define MT_NOINLINE    __attribute__((noinline))

/* Keeps the compiler from moving stores across it: signal handlers of the same thread see those
 * before it before those after it. */
#define mt_barrier() __asm__ volatile("" ::: "memory")

enum { MT_OS_PAGE = 4096 };

/*
 * Which system calls may be made now: this is the one place that knows. A process can confine
 * itself, or be born confined (seccomp), and then a call that the program would not have made can
 * be the end of it. mt_os_call always asks. A call that may not be made fails with -EPERM as if the
 * kernel had refused it, and no caller has to know why. mt_os_may is for callers that want to do
 * something else instead.
 *
 * `loader` marks a call that the dynamic loader and libc's start make in every program before main,
 * so that no filter under which programs start can forbid it.
 */
#define MT_OS_CALLS(CALL)                                                                          \
    CALL(mmap, loader)                                                                             \
    CALL(munmap, loader)                                                                           \
    CALL(mprotect, loader)                                                                         \
    CALL(openat, loader)                                                                           \
    CALL(read, loader)                                                                             \
    CALL(write, loader)                                                                            \
    CALL(close, loader)                                                                            \
    CALL(prlimit64, loader)                                                                        \
    CALL(exit_group, loader)                                                                       \
    CALL(mremap, other)                                                                            \
    CALL(madvise, other)                                                                           \
    CALL(fstat, other)                                                                             \
    CALL(fallocate, other)                                                                         \
    CALL(pwrite64, other)                                                                          \
    CALL(ftruncate, other)                                                                         \
    CALL(unlinkat, other)                                                                          \
    CALL(mkdirat, other)                                                                           \
    CALL(readlinkat, other)                                                                        \
    CALL(faccessat, other)                                                                         \
    CALL(getcwd, other)                                                                            \
    CALL(getpid, other)                                                                            \
    CALL(getppid, other)                                                                           \
    CALL(gettid, other)                                                                            \
    CALL(geteuid, other)                                                                           \
    CALL(prctl, other)                                                                             \
    CALL(tgkill, other)                                                                            \
    CALL(clock_gettime, other)                                                                     \
    CALL(mincore, other)                                                                           \
    CALL(msync, other)                                                                             \
    CALL(process_vm_readv, other)                                                                  \
    CALL(sched_yield, other)                                                                       \
    CALL(nanosleep, other)                                                                         \
    CALL(futex, other)                                                                             \
    CALL(membarrier, other)                                                                        \
    CALL(sigaltstack, other)                                                                       \
    CALL(mlock2, other)                                                                            \
    CALL(munlock, other)                                                                           \
    CALL(clone, other)                                                                             \
    CALL(wait4, other)                                                                             \
    CALL(execve, other)                                                                            \
    CALL(dup3, other)                                                                              \
    CALL(rt_sigaction, other)                                                                      \
    CALL(rt_sigprocmask, other)                                                                    \
    CALL(newfstatat, other)

enum mt_os_number {
#define NUMBER(name, whose) MT_OS_##name,
    MT_OS_CALLS(NUMBER)
#undef NUMBER
        MT_OS_N_CALLS
};

/* This has a bit for each call that may not be made; all ones means that none may be made. It is
 * one word, so that it changes in one store. */
MT_HIDDEN extern uint64_t mt_os_denied;
#define MT_OS_ALL_CALLS UINT64_MAX

/* Returns the bit of SYS_number, which is a constant when number is one. Calls that are not in
 * the list share the last bit. */
static inline __attribute__((always_inline)) uint64_t mt_os_bit(long number) {
    switch (number) {
#define BIT(name, whose)                                                                           \
    case SYS_##name:                                                                               \
        return UINT64_C(1) << MT_OS_##name;
        MT_OS_CALLS(BIT)
#undef BIT
    default:
        return UINT64_C(1) << 63;
    }
}

static inline __attribute__((always_inline)) bool mt_os_may(long number) {
    /* relaxed: nothing else is read because of it, and a thread that is refused finds that out
     * by itself */
    return !(mt_load_relaxed(&mt_os_denied) & mt_os_bit(number));
}

#if defined(__x86_64__)
static inline long mt_os_raw_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
static inline void mt_os_pause(void) {
    __builtin_ia32_pause();
}
#elif defined(__aarch64__)
static inline long mt_os_raw_call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
static inline void mt_os_pause(void) {
    __asm__ volatile("yield");
}
#else
#error "memtrack: add the system call sequence of this architecture here"
#endif

static inline bool mt_os_failed(long result) {
    return (unsigned long)result > -4096UL;
}

/* Returns -errno or what the call returns; -EPERM when the call may not be made. */
static inline __attribute__((always_inline)) long mt_os_call(long number, long a, long b, long c,
                                                             long d, long e, long f) {
    return mt_likely(mt_os_may(number)) ? mt_os_raw_call(number, a, b, c, d, e, f) : -1 /* EPERM */;
}

/* Reads a whole (small) file, at most capacity bytes. Returns the count or -errno. */
MT_HIDDEN long mt_os_read_file(const char *path, char *buffer, size_t capacity);

/* Copies bytes at address, which anybody may have made up, to out. Returns false when not all of
 * it can be read. */
MT_HIDDEN bool mt_os_copy(void *out, const void *address, size_t bytes);

/* Returns the first number behind label in a file, or otherwise when there is none. */
MT_HIDDEN long mt_os_number_in(const char *path, const char *label, long otherwise);

/* Returns what the time namespace adds to a clock, "monotonic" or "boottime". At the start of a
 * process. */
MT_HIDDEN int64_t mt_os_clock_offset_ns(const char *clock);

/* Returns the bits of the calls that no filter under which programs start can forbid. */
MT_HIDDEN uint64_t mt_os_calls_of_loader(void);

MT_HIDDEN int mt_os_pid(void);
/* Returns whether this is process pid, rather than one that was made of it. MT_OS_UNKNOWN means
 * that nobody can be asked. */
enum mt_os_answer { MT_OS_NO, MT_OS_YES, MT_OS_UNKNOWN };
MT_HIDDEN enum mt_os_answer mt_os_is_process(int pid);
MT_HIDDEN int mt_os_tid(void); /* returns 0 when it may not be asked for */
/* Returns whether thread tid of process pid still runs; true when this may not be asked for. */
MT_HIDDEN bool mt_os_thread_lives(int pid, int tid);
/* When the clock may not be asked for, returns what it was at the latest tick, or 0 of one that does
 * not tick. */
MT_HIDDEN uint64_t mt_os_clock_ns(int clock);
/* The monotonic clock does not go back behind now: it may be asked for no more. */
MT_HIDDEN void mt_os_keep_clock(void);
/* Returns whether every page of [begin, end) is mapped; true when this may not be asked for. */
MT_HIDDEN bool mt_os_is_mapped(uint64_t begin, uint64_t end);
/*
 * Returns the first page of [begin, end) of which no byte can be read now, or end. Asks the kernel
 * and cannot fault: some 100 ns for two pages that are readable (1 us for one that is not). Where
 * nothing may be asked (confined), or the answers make no sense (an emulator), nothing counts as
 * readable.
 */
MT_HIDDEN uint64_t mt_os_first_unreadable(uint64_t begin, uint64_t end);
/* Returns false when nothing may be asked. What is certain without a question need not be asked
 * for. */
static inline bool mt_os_may_ask(void) {
    return mt_os_may(SYS_rt_sigprocmask) || mt_os_may(SYS_madvise);
}
MT_HIDDEN void mt_os_yield(void);
/* Sleeps for so long, or until a signal comes. Returns false when a confined process may not. */
MT_HIDDEN bool mt_os_nap(uint64_t ns);

/* Returns whether every byte of [begin, end) can be read now. */
static inline bool mt_os_is_readable(uint64_t begin, uint64_t end) {
    return mt_os_first_unreadable(begin, end) >= end;
}

#endif
