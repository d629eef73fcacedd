/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * A process that has children when it is told so, each of which obeys in the same way: for tests that
 * look at a tree of processes meanwhile. Orders come on the standard input, a line each, and are
 * answered by "ok" and the pid of who obeyed.
 *
 *   a N   keep N blocks of 1000 bytes       d     free what was kept
 *   f     have a child (a fork)             F     have one that executes this program
 *   u     have one that is not recorded     s N   a scope "work" that keeps N blocks of 1000 bytes
 *   o N   have a child that keeps N blocks of 1000 bytes, is left by the one between them, and stays
 *   q     end
 *   0 …   the first child is to do …        1 …   the second, and so on
 *
 * Without stdio, whose buffers would be blocks as well.
 */
#include <memtrack.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target.h"

enum { MOST = 10000, CHILDREN = 10 };

static struct { int to, from; } children[CHILDREN];
static int n_children;
static void *kept[MOST];
static size_t n_kept;

__attribute__((noinline)) static void *grow(void) {
    return need(malloc(1000));
}

static void keep_blocks(long n) {
    for (long i = 0; i < n && n_kept < MOST; i++)
        kept[n_kept++] = grow();
}

static void put(int fd, const char *text, size_t bytes) {
    if (write(fd, text, bytes) != (ssize_t)bytes)
        _exit(3);
}

/* A line with its end; 0: there is none any more. */
static size_t get(int fd, char *line, size_t room) {
    size_t n = 0;
    while (n < room && read(fd, line + n, 1) == 1)
        if (line[n++] == '\n')
            return n;
    return 0;
}

static void answer(void) {
    char text[32];
    put(STDOUT_FILENO, text, (size_t)snprintf(text, sizeof text, "ok %d\n", (int)getpid()));
}

static void become_child(char order, char **argv, const int to[2], const int from[2]) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    n_children = 0;
    if (order == 'F')
        execv("/proc/self/exe", argv);
    if (order == 'u')
        execle("/bin/cat", "cat", (char *)NULL, (char *[]){NULL});
}

static void have_child(char order, char **argv) {
    int to[2], from[2];
    if (n_children == CHILDREN || pipe(to) != 0 || pipe(from) != 0)
        _exit(4);
    if (fork() == 0) {
        become_child(order, argv, to, from);
        answer();
        return;
    }
    close(to[0]);
    close(from[1]);
    children[n_children].to = to[1];
    children[n_children++].from = from[0];
    if (order == 'u') /* cat says what it is told: then it is there */
        put(to[1], "ok 0\n", 5);
    char line[64];
    size_t n = get(from[0], line, sizeof line);
    put(STDOUT_FILENO, line, n);
}

/* The one between them allocates, so that it has a ledger, which stays; and it ends when its child
 * has one, which names it. */
static void leave_orphan(long n) {
    int grown[2];
    char byte;
    if (pipe(grown) != 0)
        _exit(4);
    pid_t between = fork();
    if (between != 0) {
        waitpid(between, NULL, 0);
        close(grown[0]);
        close(grown[1]);
        return;
    }
    keep_blocks(1);
    if (fork() != 0)
        _exit(read(grown[0], &byte, 1) == 1 ? 0 : 6);
    n_kept = 0;
    keep_blocks(n);
    put(grown[1], ".", 1);
    answer();
    for (;;)
        pause();
}

static void pass_on(int child, const char *line, size_t bytes) {
    char reply[64];
    if (child >= n_children)
        _exit(5);
    put(children[child].to, line, bytes);
    put(STDOUT_FILENO, reply, get(children[child].from, reply, sizeof reply));
}

/* A child that was made here goes on as one that obeys, and answers for itself. */
static void obey(char **argv, const char *line, size_t bytes) {
    long n = bytes > 2 ? strtol(line + 2, NULL, 10) : 1;
    switch (*line) {
    case 'f':
    case 'F':
    case 'u':
        have_child(*line, argv);
        return;
    case 'a':
        keep_blocks(n);
        break;
    case 's':
        MEMTRACK_SCOPE("work") {
            keep_blocks(n);
        }
        break;
    case 'd':
        while (n_kept)
            free(kept[--n_kept]);
        break;
    case 'o':
        leave_orphan(n);
        return;
    case 'q':
        answer();
        _exit(0);
    default:
        pass_on(*line - '0', line + 2, bytes - 2);
        return;
    }
    answer();
}

int main(int argc, char **argv) {
    char line[64];
    (void)argc;
    answer();
    for (size_t n; (n = get(STDIN_FILENO, line, sizeof line)) != 0;)
        obey(argv, line, n);
    return 0;
}
