/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* One program, all the ways to go: `ending HOW` allocates 100000 x 16 bytes, frees every fourth,
 * and ends by return, exit, _exit, quick_exit, kill, abort, segv, trap, handler (exit inside a
 * signal handler) or handler_fatal. */
#include "target.h"
#include <signal.h>
#include <unistd.h>

static void handler(int signal) {
    free(need(malloc(1)));
    exit(40 + (signal == SIGUSR1));
}

static void handler_fatal(int number) {
    keep(malloc(2));
    signal(number, SIG_DFL);
    raise(number);
}

static void finish(const char *how) {
    if (!strcmp(how, "exit"))
        exit(11);
    if (!strcmp(how, "_exit"))
        _exit(12);
    if (!strcmp(how, "quick_exit"))
        quick_exit(13);
    if (!strcmp(how, "kill"))
        kill(getpid(), SIGKILL);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "segv"))
        *(volatile int *)keep(NULL) = 1;
    if (!strcmp(how, "trap"))
        __builtin_trap();
    signal(SIGUSR1, handler);
    signal(SIGTERM, handler_fatal);
    if (!strcmp(how, "handler"))
        raise(SIGUSR1);
    if (!strcmp(how, "handler_fatal"))
        raise(SIGTERM);
}

int main(int argc, char **argv) {
    for (int i = 0; i < 100000; i++) {
        void *block = need(malloc(16));
        if (i % 4 == 0)
            free(block);
    }
    finish(argc > 1 ? argv[1] : "return");
    return 10;
}
