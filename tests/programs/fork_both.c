/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Parent and child allocate after a fork, at the same time: 1000 x 100 bytes in the child, 2000 x
 * 50 in the parent, and each frees one of the 300 x 7 blocks that were made before. Grandchild: 10
 * x 1000 bytes. */
#include "target.h"
#include <sys/wait.h>
#include <unistd.h>

static void *before[300];

static void make(int n, size_t bytes) {
    for (int i = 0; i < n; i++)
        keep(need(malloc(bytes)));
}

static int wait_for(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid)
        die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void) {
    for (int i = 0; i < 300; i++)
        before[i] = need(malloc(7));
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        free(before[1]);
        make(1000, 100);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            make(10, 1000);
            _exit(4);
        }
        _exit(wait_for(grandchild));
    }
    make(2000, 50);
    free(before[0]);
    int status = wait_for(child);
    return status == 4 ? 0 : status;
}
