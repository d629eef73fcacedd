/* SPDX-License-Identifier: MIT */
/*
 * The operating system as the tracker sees it: raw system calls that touch neither errno nor any other libc state, so
 * that they can be made from inside malloc, from a signal handler, and while another preloaded library wraps libc's.
 *
 * All functions: any thread, any context. Results are those of the kernel: a negative value is -errno.
 */
#ifndef MT_BASE_OS_H
#define MT_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define mt_likely(x)   __builtin_expect(!!(x), 1)
#define mt_unlikely(x) __builtin_expect(!!(x), 0)
#define MT_HIDDEN      __attribute__((visibility("hidden")))
#define MT_NOINLINE    __attribute__((noinline))

enum { MT_OS_PAGE = 4096 };

#if defined(__x86_64__)
static inline long mt_os_call(long number, long a, long b, long c, long d, long e, long f) {
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
static inline long mt_os_call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
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

/*
 * The process has confined itself (seccomp): a system call that an allocator would not make could kill it. From then
 * on the functions below that can do without do: nothing is probed, nobody is looked up, a wait does not yield.
 */
MT_HIDDEN extern bool mt_os_confined;

/* Zeroed private memory (not part of the ledger), or NULL. bytes is rounded up to pages by the kernel. */
MT_HIDDEN void *mt_os_private(size_t bytes);
/* Give the pages back; the range stays readable and reads as zero. */
MT_HIDDEN void mt_os_discard(void *memory, size_t bytes);
MT_HIDDEN void mt_os_prefer_huge_pages(void *memory, size_t bytes);
MT_HIDDEN void mt_os_unmap(void *memory, size_t bytes);

/* Read a whole (small) file, at most capacity bytes. Returns the count or -errno. */
MT_HIDDEN long mt_os_read_file(const char *path, char *buffer, size_t capacity);

MT_HIDDEN int mt_os_pid(void);
MT_HIDDEN int mt_os_tid(void); /* 0 when confined */
/* Whether thread tid of process pid still runs; taken for granted when confined. */
MT_HIDDEN bool mt_os_thread_lives(int pid, int tid);
MT_HIDDEN uint64_t mt_os_clock_ns(int clock);
/* Whether every page of [begin, end) is mapped; taken for granted when confined. */
MT_HIDDEN bool mt_os_is_mapped(uint64_t begin, uint64_t end);
MT_HIDDEN void mt_os_yield(void);

#endif
