/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `confined_self none|strict|filter|raw_strict|raw_filter|container|refused`: confines itself,
 * through libc or by an instruction of its own, then allocates 40000 blocks of 16 to 115 bytes
 * through 4096 call paths, from memory that the allocator has already, and frees every second one.
 * filter: read write exit exit_group mmap munmap brk futex are allowed, all else kills; container:
 * all is allowed but for mount, which fails; refused: the kernel refuses the filter. */
#include "target.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 40000, DEPTH = 12 };

#define ALLOW(number)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter narrow[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_exit),
    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_brk),
    ALLOW(SYS_futex),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_filter wide[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* Inlined, so that the number is loaded right before the instruction, as in every program that does
 * this. */
static inline long set_seccomp(long mode, const void *filter) {
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_prctl), "D"(PR_SET_SECCOMP), "S"(mode), "d"(filter)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = SYS_prctl, x0 __asm__("x0") = PR_SET_SECCOMP,
                     x1 __asm__("x1") = mode;
    register const void *x2 __asm__("x2") = filter;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    result = x0;
#endif
    return result;
}

static int confine(const char *how) {
    struct sock_fprog narrowly = {sizeof narrow / sizeof *narrow, narrow},
                      widely = {sizeof wide / sizeof *wide, wide};
    if (strcmp(how, "none") == 0)
        return 0;
    if (strcmp(how, "strict") == 0)
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    if (strcmp(how, "raw_strict") == 0)
        return set_seccomp(SECCOMP_MODE_STRICT, NULL) != 0;
    if (strcmp(how, "refused") == 0) {
        narrowly.len = 0;
        return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &narrowly) ||
               !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) ||
               syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (void *)8) != -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return 1;
    if (strcmp(how, "filter") == 0)
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &narrowly);
    if (strcmp(how, "raw_filter") == 0)
        return set_seccomp(SECCOMP_MODE_FILTER, &narrowly) != 0;
    if (strcmp(how, "container") == 0)
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &widely) != 0;
    die("%s: no such way", how);
}

/* A call site for each bit. */
__attribute__((noinline)) static void *descend(unsigned path, int depth, size_t bytes) {
    void *block;
    if (depth == 0)
        block = malloc(bytes);
    else if (path & 1)
        block = descend(path >> 1, depth - 1, bytes);
    else
        block = keep(descend(path >> 1, depth - 1, bytes));
    return keep(block);
}

int main(int argc, char **argv) {
    static void *block[BLOCKS];
    if (argc != 2)
        die("usage: confined_self none|strict|filter|raw_strict|raw_filter|container|refused");
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 32 << 20);
    free(need(malloc(1)));
    if (confine(argv[1]) != 0)
        return TARGET_SKIP;
    uint64_t state = 7;
    for (int i = 0; i < BLOCKS; i++) {
        unsigned path = next_random(&state) % (1u << DEPTH);
        block[i] = descend(path, DEPTH, 16 + next_random(&state) % 100);
    }
    for (int i = 0; i < BLOCKS; i += 2)
        free(block[i]);
    if (write(1, "ok\n", 3) != 3)
        syscall(SYS_exit, 1);
    syscall(SYS_exit, 0);
    return 0;
}
