/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Makes four children one after the other: by fork, by the system call through libc, by an
 * instruction of its own, and by vfork, which is the only one that shares its memory. Each of the
 * first three frees one of the parent's blocks of 1000 bytes, allocates 500 blocks of 5000 bytes
 * and keeps them. The parent allocates 100 blocks of 1000 bytes before, 10 of 3000 after each
 * child, and frees all of its own: 140 blocks, 220000 bytes. */
#include "../support/raw_syscall.h"
#include "target.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEFORE = 100, AFTER = 10, WAYS = 4, OF_CHILD = 500 };

static void be_child(void *inherited) {
    free(inherited);
    for (int i = 0; i < OF_CHILD; i++)
        keep(need(malloc(5000)));
}

int main(void) {
    static void *block[BEFORE + WAYS * AFTER];
    int n = 0;
    while (n < BEFORE)
        block[n++] = need(malloc(1000));
    for (int way = 0; way < WAYS; way++) {
        int status = 1;
        errno = 0;
        pid_t pid;
        if (way == 3)
            pid = vfork();
        else
            pid = way == 0 ? fork()
                           : (pid_t)(way == 1 ? syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)
                                              : raw_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0));
        if (pid == 0 && way < 3)
            be_child(block[way]);
        if (pid == 0)
            _exit(way);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != way << 8)
            die("child %d: pid %d, status %#x, errno %d", way, (int)pid, (unsigned)status, errno);
        for (int i = 0; i < AFTER; i++)
            block[n++] = need(malloc(3000));
    }
    while (n > 0)
        free(block[--n]);
    if (write(1, "done\n", 5) != 5)
        return 1;
    _exit(0);
}
