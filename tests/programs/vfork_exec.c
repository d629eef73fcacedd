/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Children that share the parent's memory: vfork with an allocation before _exit (it is the
 * parent's block), vfork and exec, posix_spawn, system and popen. 1 + 50 blocks of 33 bytes are the
 * program's own. */
#include "target.h"
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int finish(pid_t pid) {
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("no child");
    return WEXITSTATUS(status);
}

static void *volatile from_child;

int main(void) {
    char *command[] = {(char *)"true", NULL};
    int sum = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        from_child = malloc(33);
        _exit(3);
    }
    sum += finish(pid);
    for (int i = 0; i < 50; i++)
        keep(need(malloc(33)));
    free(from_child);
    pid = vfork();
    if (pid == 0) {
        execvp("true", command);
        _exit(99);
    }
    sum += finish(pid);
    if (posix_spawnp(&pid, "true", NULL, NULL, command, environ))
        die("posix_spawnp");
    sum += finish(pid);
    sum += system("exit 5") / 256;
    FILE *pipe = popen("echo 7", "r");
    int seven = 0;
    if (!pipe || fscanf(pipe, "%d", &seven) != 1)
        die("popen");
    pclose(pipe);
    printf("%d\n", sum + seven);
    return 0;
}
