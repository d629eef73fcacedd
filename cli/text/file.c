/* SPDX-License-Identifier: MIT */
/*
 * Nothing that exists is overwritten unless that was asked for: a chart's name is quickly mistyped
 * for that of a source file. The file is there when it is whole (base/new_file.h), so that what
 * reads it never meets a half, nor does an old one go for a new one that fails.
 */
#include "text/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/new_file.h"

static int exists(const char *path, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EUSAGE, "--force replaces it.", "%s exists", path);
}

static int cannot_write(const char *path, const char *hint, int why, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EIO, hint, "cannot write %s: %s", path, strerror(why));
}

static int open_stream(struct mt_file *file, struct mt_error *error) {
    static const char hint[] = "Give a file in a directory that you may write.";
    struct stat status;
    bool is_there = stat(file->path, &status) == 0;
    if (is_there && S_ISDIR(status.st_mode))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give a file in it.", "%s is a directory",
                            file->path);
    if (is_there && S_ISREG(status.st_mode) && !file->force)
        return exists(file->path, error);
    if (is_there && !S_ISREG(status.st_mode)) {
        file->stream = fopen(file->path, "we");
        return file->stream ? 0 : cannot_write(file->path, hint, errno, error);
    }
    int fd = mt_new_file_make(file->path, &file->temporary);
    file->stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (file->stream)
        return 0;
    int why = errno;
    if (fd >= 0) {
        close(fd);
        unlink(file->temporary);
        free(file->temporary);
    }
    return cannot_write(file->path, hint, why, error);
}

int mt_file_create(struct mt_file *file, const char *path, bool force, struct mt_error *error) {
    *file = (struct mt_file){.path = path, .force = force};
    if (strcmp(path, "-") != 0)
        return open_stream(file, error);
    file->stream = stdout;
    return 0;
}

/* Gives the file that was written its name. */
static int name(const struct mt_file *file, int rc, struct mt_error *error) {
    if (rc == 0) {
        int why = -mt_new_file_name(file->temporary, file->path, file->force);
        if (why == 0)
            return 0;
        rc = why == EEXIST ? exists(file->path, error) : cannot_write(file->path, "", why, error);
    }
    unlink(file->temporary);
    return rc;
}

int mt_file_finish(struct mt_file *file, int rc, struct mt_error *error) {
    static const char hint[] = "Make room, or give another place.";
    if (file->stream == stdout)
        return rc;
    int why = file->temporary ? -mt_new_file_permit(fileno(file->stream)) : 0;
    if (fclose(file->stream) != 0 && !why)
        why = errno;
    if (rc == 0 && why)
        rc = cannot_write(file->path, hint, why, error);
    if (file->temporary)
        rc = name(file, rc, error);
    free(file->temporary);
    return rc;
}
