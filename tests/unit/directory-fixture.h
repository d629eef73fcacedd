/* SPDX-License-Identifier: MIT */
/* A directory of a test's own, and files in it: made with nothing in it, removed with all that is
 * there by then. */
#ifndef TESTS_UNIT_DIRECTORY_FIXTURE_H
#define TESTS_UNIT_DIRECTORY_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIRECTORY_BYTES = 32 };

/* Makes a directory. Ends the test when it cannot be made. */
static inline void directory_make(char path[DIRECTORY_BYTES]) {
    strcpy(path, "/tmp/memtrack-test-XXXXXX");
    if (!mkdtemp(path)) {
        perror(path);
        abort();
    }
}

static inline int directory_remove_one(const char *path, const struct stat *status, int kind,
                                       struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

/* Removes the directory and what is in it. Returns 0, or -1 when something stays. */
static inline int directory_remove(const char *path) {
    return nftw(path, directory_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file with these bytes and nothing else. Ends the test when it cannot be written. */
static inline void directory_write(const char *path, const void *content, size_t bytes) {
    FILE *file = fopen(path, "we");
    if (!file || fwrite(content, 1, bytes, file) != bytes || fclose(file) != 0) {
        perror(path);
        abort();
    }
}

static inline void directory_write_text(const char *path, const char *text) {
    directory_write(path, text, strlen(text));
}

#endif
