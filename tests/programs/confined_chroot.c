/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `confined_chroot DIRECTORY`: moves into an empty directory as its root: no /proc, no /dev, no
 * /tmp. Then it allocates enough that a tracker's file must grow, forks, and does the same in the
 * child. Needs root. */
#include "target.h"
#include <sys/wait.h>
#include <unistd.h>

static void make(int n) {
    for (int i = 0; i < n; i++)
        keep(need(malloc((size_t)i % 64)));
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: confined_chroot DIRECTORY");
    if (chroot(argv[1]) || chdir("/")) {
        puts("needs root");
        return TARGET_SKIP;
    }
    make(400000);
    pid_t pid = fork();
    if (pid == 0) {
        make(200000);
        _exit(0);
    }
    int status = 1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("fork");
    printf("child %d\n", status);
    return 0;
}
