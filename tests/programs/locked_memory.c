/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `locked_memory KIB FLAGS`: as nobody, with so much memory that may be locked (RLIMIT_MEMLOCK),
 * locks what it has and will have (FLAGS as of mlockall), then allocates 400 blocks of 4000 bytes
 * and 3000 of 16 through many call paths, and says what became of each step and how much is locked.
 * Needs root, to become nobody. */
#include "call_paths.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static long locked_kib(void) {
    char text[4096], *found;
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    found = strstr(text, "VmLck:");
    return found ? atol(found + 6) : -1;
}

int main(int argc, char **argv) {
    static char buffer[256];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (argc != 3)
        die("usage: locked_memory KIB FLAGS");
    struct rlimit limit = {(rlim_t)atol(argv[1]) << 10, (rlim_t)atol(argv[1]) << 10};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(65534) || setuid(65534))
        return TARGET_SKIP;
    errno = 0;
    int result = mlockall(atoi(argv[2])), why = errno, large = 0, small = 0;
    for (int i = 0; i < 400; i++)
        large += keep(malloc(4000)) != NULL;
    for (unsigned i = 0; i < 3000; i++)
        small += descend(i * 2654435761u, 12, 16) != NULL;
    printf("mlockall %d (%d), %d of 400, %d of 3000\n", result, why, large, small);
    printf("locked %ld\n", locked_kib());
    return 0;
}
