/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* The classic daemon: fork twice, new session, leave the directory, close every descriptor. The
 * daemon then allocates 500 x 20 bytes, writes `done` into FILE and ends: `daemonise FILE`. */
#include "target.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void daemon_main(const char *path) {
    umask(077);
    if (chdir("/"))
        _exit(1);
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    int null = open("/dev/null", O_RDWR);
    if (null != 0 || dup(0) != 1 || dup(0) != 2)
        _exit(2);
    for (int i = 0; i < 500; i++)
        keep(need(malloc(20)));
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file != 3 || write(file, "done\n", 5) != 5 || close(file))
        _exit(3);
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: daemonise FILE");
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        pid = fork();
        if (pid == 0)
            daemon_main(argv[1]);
        _exit(pid < 0);
    }
    int status = 1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("fork");
    puts("started");
    return WEXITSTATUS(status);
}
