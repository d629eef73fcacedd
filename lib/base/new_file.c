/* SPDX-License-Identifier: MIT */
/*
 * No half of a file under a good name, and nothing of somebody else's overwritten, whoever else
 * writes there at the same time: the name is given in one step, which fails when it is taken. File
 * systems without renameat2 get a hard link, which has the same property.
 */
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory part, "." when there is none; malloc'ed. */
static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int mt_new_file_make(const char *path, char **temporary) {
    char *directory = directory_of(path);
    *temporary = NULL;
    if (directory && asprintf(temporary, "%s/.memtrack-XXXXXX", directory) < 0)
        *temporary = NULL;
    free(directory);
    int fd = *temporary ? mkostemp(*temporary, O_CLOEXEC) : -1;
    if (fd < 0) {
        free(*temporary);
        *temporary = NULL;
    }
    return fd;
}

int mt_new_file_permit(int fd) {
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0 || errno == EPERM ? 0 : -errno;
}

int mt_new_file_name(const char *temporary, const char *path, bool replace) {
    if (replace)
        return rename(temporary, path) == 0 ? 0 : -errno;
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (link(temporary, path) != 0)
        return -errno;
    unlink(temporary);
    return 0;
}
