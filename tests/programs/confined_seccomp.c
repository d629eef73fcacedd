/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* After its start the program forbids itself every system call but those that libc's malloc, write
 * and exit need; any other one kills it. Then a million allocations, 100,000 of them live. */
#include "confined.h"

static void confine(void) {
    struct sock_filter filter[] = {
        LOAD_NUMBER, ALLOW_PLAIN, ALLOW(SYS_mremap), ALLOW(SYS_madvise), ALLOW(SYS_mprotect), KILL,
    };
    if (INSTALL(filter)) {
        puts("seccomp is not to be had");
        exit(TARGET_SKIP);
    }
}

int main(void) {
    uint64_t state = 5;
    static char buffer[256];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (write(1, "start\n", 6) != 6)
        return 1;
    free(need(malloc(1))); /* libc's allocator asks for random bytes when it starts */
    confine();
    for (int i = 0; i < 1000000; i++) {
        void *block = need(malloc(next_random(&state) % 200));
        if (i % 10)
            free(block);
    }
    if (write(1, "done\n", 5) != 5)
        return 1;
    _exit(0);
}
