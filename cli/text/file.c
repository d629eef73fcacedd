/* SPDX-License-Identifier: MIT */
/*
 * Nothing that exists is overwritten unless that was asked for: a chart's name is quickly mistyped
 * for that of a source file. What was written in part stays, as the message says what is wrong with
 * it.
 */
#include "text/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int mt_file_create(const char *path, bool force, FILE **out, struct mt_error *error) {
    *out = strcmp(path, "-") == 0 ? stdout : fopen(path, force ? "we" : "wxe");
    if (*out)
        return 0;
    if (errno == EISDIR || (errno == EEXIST && is_directory(path)))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give a file in it.", "%s is a directory",
                            path);
    if (errno == EEXIST)
        return mt_error_set(error, MEMTRACK_EUSAGE, "--force replaces it.", "%s exists", path);
    return mt_error_set(error, MEMTRACK_EIO, "Give a file in a directory that you may write.",
                        "cannot write %s: %s", path, strerror(errno));
}

int mt_file_finish(FILE *file, const char *path, int rc, struct mt_error *error) {
    if (file == stdout || fclose(file) == 0 || rc != 0)
        return rc;
    return mt_error_set(error, MEMTRACK_EIO, "Make room, or give another place.",
                        "cannot write %s: %s", path, strerror(errno));
}
