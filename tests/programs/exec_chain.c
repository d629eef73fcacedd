/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* A process that execs itself: `exec_chain N` allocates N blocks of N bytes, leaks them, and
 * becomes `exec_chain N-1`; the last one runs what is left of its command line. Every image of the
 * one process is a profile of its own. */
#include "target.h"
#include <unistd.h>

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 3;
    for (int i = 0; i < n; i++)
        keep(need(malloc((size_t)n)));
    char next[16];
    snprintf(next, sizeof next, "%d", n - 1);
    if (n > 1) {
        argv[1] = next;
        execv("/proc/self/exe", argv);
        die("exec");
    }
    if (argc > 2) {
        execvp(argv[2], argv + 2);
        die("exec %s", argv[2]);
    }
    return 0;
}
