/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Prints every open descriptor and the first free one, before and after allocating. A program may
 * rely on their numbers. */
#include "target.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static void show(void) {
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d ", fd);
    int first = open("/dev/null", O_RDONLY);
    printf("first free %d\n", first);
    close(first);
}

int main(void) {
    show();
    for (size_t i = 0; i < 100000; i++)
        keep(need(malloc(i % 100)));
    show();
    return 0;
}
