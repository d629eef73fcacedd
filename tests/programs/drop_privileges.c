/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* What a server does after its start: groups, group and user to nobody, no new privileges, not
 * dumpable; then it forks workers and allocates 400 x 30 bytes in itself and 200 x 30 in the
 * worker. Needs root, else it skips. */
#include "target.h"
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void make(int n) {
    for (int i = 0; i < n; i++)
        keep(need(malloc(30)));
}

int main(void) {
    if (geteuid() != 0) {
        puts("needs root");
        return TARGET_SKIP;
    }
    free(need(malloc(11)));
    if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
        die("cannot become nobody");
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    make(400);
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        make(200);
        _exit(getuid() == 65534 ? 0 : 1);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("fork");
    printf("uid %u worker %d\n", getuid(), WEXITSTATUS(status));
    return 0;
}
