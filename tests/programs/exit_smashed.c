/* SPDX-License-Identifier: MIT */
// flags: -O0 -w
/*
 * Writes into freed memory or past the end of a block, as broken programs do, and ends without
 * calling the allocator again: natively all is well. The argument chooses what is overwritten.
 * Handlers that must not be called are installed, too.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCKS = 10 };
static volatile uint64_t *block[BLOCKS];

static void make(size_t bytes, int n_freed) {
    for (int i = 0; i < BLOCKS; i++)
        block[i] = malloc(bytes);
    for (int i = 0; i < n_freed; i++)
        free((void *)block[i]);
}

static void say(int number) {
    write(2, "a handler of the program ran\n", 29);
    _exit(100 + number);
}

int main(int argc, char **argv) {
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGCHLD, SIGALRM, SIGILL};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], say);
    switch (argc > 1 ? atoi(argv[1]) : 0) {
    case 1: /* the link of a fast bin */
        make(24, BLOCKS);
        block[9][0] = 0x4141414141414141u;
        break;
    case 2: /* the links of the unsorted bin */
        make(2000, 9);
        block[8][0] = block[8][1] = 0x10;
        break;
    case 3: /* the size of the rest of the heap */
        make(24, 0);
        block[9][3] = 0xfffffffffffffff1u;
        break;
    case 4: /* the size of a free block */
        make(2000, 8);
        block[7][-1] = 0x7fffffff0000001u;
        break;
    }
    write(1, "done\n", 5);
    return 0;
}
