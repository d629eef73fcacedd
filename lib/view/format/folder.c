/* SPDX-License-Identifier: MIT */
/*
 * The folder that paths have in common. In each project all names begin with the same forty
 * characters, and what tells rows apart stands behind them.
 *
 *   /srv/u/imagetool-2.40/src/core/image.cpp ┐
 *   /srv/u/imagetool-2.40/src/main.cpp       ├─► /srv/u/imagetool-2.40/src
 *   /usr/include/zlib.h     not the program's: it is not asked
 *
 * From the root downwards, as long as all go the same way. Near the root, where nothing is in
 * common yet, most of them are enough: a header of a library in /opt is no reason to print
 * /srv/u/… in each row. A short folder is left where it is: naming it
 * costs a line. Rejected: the folder of most files at any depth, which turns every file of another
 * folder of the same project into an outlier.
 */
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

enum { NEAR_ROOT = 2, MOST_PERCENT = 60, LEAST_BYTES = 9 };

/* Where headers and sources of installed software lie. */
static bool is_foreign(const char *path) {
    static const char *const begins[] = {"/usr/include/",   "/usr/lib/", "/usr/local/include/",
                                         "/usr/local/lib/", "/lib/",     "/rustc/"};
    static const char *const within[] = {"/include/c++/", "/.cargo/registry/", "/site-packages/"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(path, begins[i], strlen(begins[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        if (strstr(path, within[i]))
            return true;
    return false;
}

static int compare(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* A run of sorted paths, all of which begin with the same bytes, up to a slash. */
struct run {
    const char **paths;
    size_t n, bytes, depth;
};

/* Returns the length of the next folder's name, 0: the path names a file here. */
static size_t folder_bytes(const char *path, size_t from) {
    const char *slash = strchr(path + from, '/');
    return slash ? (size_t)(slash - path) + 1 - from : 0;
}

/* Goes into the folder that most paths lie in. Returns whether there is one to go into. */
static bool descend(struct run *run, bool may_drop) {
    struct run best = {0};
    for (size_t i = 0; i < run->n;) {
        size_t bytes = folder_bytes(run->paths[i], run->bytes), n = 1;
        while (bytes && i + n < run->n &&
               strncmp(run->paths[i] + run->bytes, run->paths[i + n] + run->bytes, bytes) == 0)
            n++;
        if (bytes && n > best.n)
            best = (struct run){run->paths + i, n, run->bytes + bytes, run->depth + 1};
        i += n;
    }
    if (best.n == 0 || (best.n < run->n && (!may_drop || best.n * 100 < run->n * MOST_PERCENT)))
        return false;
    *run = best;
    return true;
}

static struct run find(const char **paths, size_t n, bool absolute) {
    struct run run = {paths, n, absolute ? 1 : 0, 0};
    while (n && descend(&run, absolute && run.depth < NEAR_ROOT))
        ;
    return run;
}

static size_t drop_repeated(const char **paths, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(paths[i], paths[kept - 1]) != 0)
            paths[kept++] = paths[i];
    return kept;
}

/* Moves the program's own paths of one kind to the front, sorted, each once. Returns how many. */
static size_t choose(const char **paths, size_t n, bool absolute) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (*paths[i] && (*paths[i] == '/') == absolute && !is_foreign(paths[i])) {
            const char *path = paths[i];
            paths[i] = paths[kept];
            paths[kept++] = path;
        }
    qsort(paths, kept, sizeof *paths, compare);
    return drop_repeated(paths, kept);
}

char *mt_format_folder_common(const char **paths, size_t n) {
    size_t n_absolute = 0, n_relative = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_foreign(paths[i]))
            *(*paths[i] == '/' ? &n_absolute : &n_relative) += *paths[i] != '\0';
    bool absolute = n_absolute >= n_relative;
    struct run run = find(paths, choose(paths, n, absolute), absolute);
    bool is_worth_it = run.n && run.bytes > LEAST_BYTES;
    return is_worth_it ? strndup(run.paths[0], run.bytes - 1) : strdup("");
}
