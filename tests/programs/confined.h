/* SPDX-License-Identifier: MIT */
/*
 * What programs under seccomp share: the lines of a filter, and the work that needs no system call:
 * 40000 blocks of 16 to 115 bytes through 4096 call paths, from memory that the allocator has
 * already, every second one freed.
 */
#ifndef MT_TESTS_CONFINED_H
#define MT_TESTS_CONFINED_H

#include "call_paths.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 40000, DEPTH = 12 };

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ALLOW(number)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* What every one of these programs may do: libc's malloc, write and exit, and no more. */
#define ALLOW_PLAIN                                                                                \
    ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_exit_group), ALLOW(SYS_exit), ALLOW(SYS_mmap),    \
        ALLOW(SYS_munmap), ALLOW(SYS_brk), ALLOW(SYS_futex)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* 0: the filter is on. */
#define INSTALL(filter) install(filter, sizeof(filter) / sizeof *(filter))

static inline int install(struct sock_filter *filter, size_t n) {
    struct sock_fprog program = {(unsigned short)n, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The allocator gets all that work needs with the next block, and keeps it. */
static inline void take_memory_early(void) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 32 << 20);
}

/* The exit status: 0 when it could say that it is done. */
static inline int work(void) {
    static void *block[BLOCKS];
    uint64_t state = 7;
    for (int i = 0; i < BLOCKS; i++) {
        unsigned path = next_random(&state) % (1u << DEPTH);
        block[i] = descend(path, DEPTH, 16 + next_random(&state) % 100);
    }
    for (int i = 0; i < BLOCKS; i += 2)
        free(block[i]);
    return write(1, "ok\n", 3) != 3;
}

#endif
