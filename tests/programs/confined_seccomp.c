/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* After its start the program forbids itself every system call but those that libc's malloc, write
 * and exit need; any other one kills it. Then a million allocations, 100,000 of them live. */
#include "target.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(number)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void confine(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_read),
        ALLOW(SYS_write),
        ALLOW(SYS_exit_group),
        ALLOW(SYS_exit),
        ALLOW(SYS_mmap),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_brk),
        ALLOW(SYS_madvise),
        ALLOW(SYS_mprotect),
        ALLOW(SYS_futex),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        puts("seccomp is not to be had");
        exit(TARGET_SKIP);
    }
}

int main(void) {
    uint64_t state = 5;
    static char buffer[256];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (write(1, "start\n", 6) != 6)
        return 1;
    free(need(malloc(1))); /* libc's allocator asks for random bytes when it starts */
    confine();
    for (int i = 0; i < 1000000; i++) {
        void *block = need(malloc(next_random(&state) % 200));
        if (i % 10)
            free(block);
    }
    if (write(1, "done\n", 5) != 5)
        return 1;
    _exit(0);
}
