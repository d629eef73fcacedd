/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Forbids itself to open files, on pain of death, then makes three children, each of which
 * allocates. */
#include "confined.h"
#include <sys/wait.h>

int main(void) {
    struct sock_filter filter[] = {
        LOAD_NUMBER,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        KILL,
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    need(malloc(100));
    if (INSTALL(filter))
        return TARGET_SKIP;
    for (int i = 0; i < 3; i++) {
        int status = 1;
        pid_t pid = fork();
        if (pid == 0) {
            free(need(malloc(1000)));
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            die("child %d: %d", i, status);
    }
    return 0;
}
