/* SPDX-License-Identifier: MIT */
/*
 * Memory of a known shape, step by step: a command on each line of standard input, "ok PID" on
 * standard output when it is done.
 *
 *   map N      N MiB more, touched
 *   unmap      the last of them goes
 *   spike N    N MiB, and they are gone again
 *   child N    a child that has N MiB of its own, and waits
 *   orphan N   the same, of a process that ends at once
 *   end        the last child ends
 *   ignore     SIGTERM is ignored from now on
 *   exit N     ends with status N
 */
// flags: -static
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, MOST = 4096 };

static struct {
    char *block;
    size_t bytes;
} mapped[MOST];
static struct {
    pid_t pid;
    int hold; /* it ends when this end of a pipe is closed */
} children[MOST];
static int n_mapped, n_children;

static char *map(size_t bytes) {
    char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        exit(99);
    memset(block, 1, bytes);
    return block;
}

static void wait_for_end(int hold, int ready) {
    char byte = 0;
    if (write(ready, &byte, 1) != 1)
        _exit(98);
    while (read(hold, &byte, 1) > 0)
        ;
    _exit(0);
}

static pid_t make_child(size_t bytes, int is_orphan) {
    int hold[2], ready[2];
    pid_t pid;
    char byte;
    if (pipe(hold) != 0 || pipe(ready) != 0)
        exit(97);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < n_children; i++)
            close(children[i].hold); /* else its siblings do not end */
        close(hold[1]);
        if (is_orphan && fork() != 0)
            _exit(0);
        map(bytes);
        wait_for_end(hold[0], ready[1]);
    }
    close(hold[0]);
    if (is_orphan)
        waitpid(pid, NULL, 0);
    if (read(ready[0], &byte, 1) != 1)
        exit(95);
    close(ready[0]);
    close(ready[1]);
    children[n_children].pid = is_orphan ? 0 : pid;
    children[n_children++].hold = hold[1];
    return pid;
}

static pid_t end_child(void) {
    pid_t pid = children[--n_children].pid;
    close(children[n_children].hold);
    if (pid)
        waitpid(pid, NULL, 0);
    return pid;
}

int main(void) {
    char command[16];
    setvbuf(stdin, NULL, _IONBF, 0); /* nothing of it is read ahead, and lost with a child */
    printf("ok %d\n", (int)getpid());
    fflush(stdout);
    while (scanf("%15s", command) == 1) {
        size_t n = 0;
        pid_t pid = getpid();
        if (strcmp(command, "unmap") != 0 && strcmp(command, "end") != 0 &&
            strcmp(command, "ignore") != 0 && scanf("%zu", &n) != 1)
            return 94;
        if (strcmp(command, "exit") == 0)
            return (int)n;
        if (strcmp(command, "map") == 0) {
            mapped[n_mapped].bytes = n * MIB;
            mapped[n_mapped++].block = map(n * MIB);
        } else if (strcmp(command, "unmap") == 0) {
            n_mapped--;
            munmap(mapped[n_mapped].block, mapped[n_mapped].bytes);
        } else if (strcmp(command, "spike") == 0)
            munmap(map(n * MIB), n * MIB);
        else if (strcmp(command, "child") == 0 || strcmp(command, "orphan") == 0)
            pid = make_child(n * MIB, *command == 'o');
        else if (strcmp(command, "end") == 0)
            pid = end_child();
        else
            signal(SIGTERM, SIG_IGN);
        printf("ok %d\n", (int)pid);
        fflush(stdout);
    }
    return 0;
}
