/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `confined_self none|strict|filter|raw_strict|raw_filter|container|refused`: confines itself,
 * through libc or by an instruction of its own, then allocates 40000 blocks of 16 to 115 bytes
 * through 4096 call paths, from memory that the allocator has already, and frees every second one.
 * filter: read write exit exit_group mmap munmap brk futex are allowed, all else kills; container:
 * all is allowed but for mount, which fails; refused: the kernel refuses the filter. */
#include "confined.h"
#include <errno.h>

static struct sock_filter narrow[] = {
    LOAD_NUMBER,
    ALLOW_PLAIN,
    KILL,
};
static struct sock_filter wide[] = {
    LOAD_NUMBER,
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
    if (strcmp(how, "filter") == 0)
        return INSTALL(narrow);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return 1;
    if (strcmp(how, "raw_filter") == 0)
        return set_seccomp(SECCOMP_MODE_FILTER, &narrowly) != 0;
    if (strcmp(how, "container") == 0)
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &widely) != 0;
    die("%s: no such way", how);
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: confined_self none|strict|filter|raw_strict|raw_filter|container|refused");
    take_memory_early();
    free(need(malloc(1)));
    if (confine(argv[1]) != 0)
        return TARGET_SKIP;
    syscall(SYS_exit, work());
    return 0;
}
