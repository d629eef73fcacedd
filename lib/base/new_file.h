/* SPDX-License-Identifier: MIT */
/*
 * Files that are there whole or not at all: written under a temporary name beside their own, which
 * they get in one step. For the reading side.
 */
#ifndef MT_BASE_NEW_FILE_H
#define MT_BASE_NEW_FILE_H

#include <stdbool.h>

/* Makes a temporary file in the directory of path. Returns its descriptor, open for writing, and
 * its name in *temporary (malloc'ed); or -1 with errno. */
int mt_new_file_make(const char *path, char **temporary);

/* Gives the descriptor the permissions that a new file has. Returns 0 or -errno; a file system
 * without permissions is no error. */
int mt_new_file_permit(int fd);

/* Gives the temporary file its name: in the place of what is there when replace is set, else
 * -EEXIST. Returns 0 or -errno. */
int mt_new_file_name(const char *temporary, const char *path, bool replace);

#endif
