/* SPDX-License-Identifier: MIT */
/*
 * The kernel gives a write lease only on a file that nobody else has open or mapped. Whoever opens
 * it at that moment makes the kernel send SIGIO, which would end us. Where there are no leases, the
 * file counts as used.
 */
#include "ledger/unused.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

bool mt_unused_file(const char *path) {
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGIO, &ignore, &before);
    bool is_unused = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    close(fd); /* and the lease with it */
    sigaction(SIGIO, &before, NULL);
    return is_unused;
}
