/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `fds_closefrom FILE`: closes every descriptor from 3 on at three moments and writes files of its
 * own in between, while it allocates. The files must hold exactly what it wrote. */
#include "target.h"
#include <fcntl.h>
#include <unistd.h>

static void work(void) {
    for (size_t i = 0; i < 20000; i++)
        free(need(malloc(i % 3000)));
    for (size_t i = 0; i < 2000; i++)
        keep(need(malloc(i % 30)));
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: fds_closefrom FILE");
    for (int round = 0; round < 3; round++) {
        closefrom(3);
        int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
        printf("fd %d\n", fd);
        work();
        if (dprintf(fd, "round %d\n", round) != 8)
            die("dprintf");
        closefrom(3);
        work();
    }
    return 0;
}
