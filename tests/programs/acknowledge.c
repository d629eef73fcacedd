/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Allocates until it is killed, and acknowledges each event in a file that it maps shared, after
 * the call has returned: `acknowledge FILE [SEED]`. The words: allocations, their bytes, frees,
 * their bytes. Whatever instant kills the program, a record of it must hold every acknowledged
 * event, and at most the one that was under way.
 */
#include "target.h"
#include <fcntl.h>
#include <sys/mman.h>

enum { SLOTS = 4096 };

int main(int argc, char **argv) {
    static struct {
        void *block;
        uint64_t bytes;
    } slot[SLOTS];
    int fd = open(argc > 1 ? argv[1] : "", O_RDWR);
    volatile uint64_t *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (fd < 0 || done == MAP_FAILED)
        die("needs a file of 4096 bytes");
    for (;;) {
        uint32_t random = next_random(&state);
        unsigned i = random % SLOTS;
        if (slot[i].block) {
            free(slot[i].block);
            done[3] += slot[i].bytes;
            done[2]++;
        }
        slot[i].bytes = random / SLOTS % 1000;
        slot[i].block = need(malloc(slot[i].bytes));
        done[1] += slot[i].bytes;
        done[0]++;
    }
}
