/* SPDX-License-Identifier: MIT */
/*
 * Only a parent is told how its child ended. From Linux 6.15 on, whoever has held a descriptor of
 * the process may ask as well, once the parent has been told. Rejected: being a subreaper (the
 * program's orphans would see another parent), and /proc/PID/stat of a zombie, which is there for
 * less than a tick.
 *
 * The structure is the kernel's, linux/pidfd.h, of which older headers have none.
 */
#include "watch/ended.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INFO_EXIT (UINT64_C(1) << 3)

struct info { /* struct pidfd_info, as it first was: 64 bytes */
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};
_Static_assert(sizeof(struct info) == 64, "PIDFD_GET_INFO is told apart by the size");

int mt_ended_open(uint32_t pid) {
    return (int)syscall(SYS_pidfd_open, (int)pid, 0u);
}

bool mt_ended_status(int fd, int *wait_status) {
    struct info info = {.mask = INFO_EXIT};
    if (fd < 0 || ioctl(fd, _IOWR(0xFF, 11, struct info), &info) != 0 || !(info.mask & INFO_EXIT))
        return false;
    *wait_status = info.exit_code;
    return true;
}
