/* SPDX-License-Identifier: MIT */
/*
 * Debug information names a source file as the compiler saw it: by an absolute path, by one from a
 * directory that was mapped away (-ffile-prefix-map), by that of a container. Whoever shows a line
 * of a repository wants the path from its root. Asked in this order:
 *
 *   the file is here                  it is of the tree if it lies below the root, links resolved
 *   it is not, and begins by the root     as it says, the file may have been removed
 *   it is not                         its longest end that leads to a file below the root
 *
 * Rejected: asking git, which need not be installed where profiles are checked.
 */
#include "view/worktree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has(const char *directory, const char *name) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    return n > 0 && n < (int)sizeof path && access(path, F_OK) == 0;
}

static bool is_root(const char *directory) {
    static const char *const kept[] = {".git", ".hg", ".jj", ".svn"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (has(directory, kept[i]))
            return true;
    return false;
}

char *mt_worktree_find(void) {
    char *here = getcwd(NULL, 0), *directory = here ? strdup(here) : NULL;
    for (char *slash = directory; slash && *directory && !is_root(directory);) {
        slash = strrchr(directory, '/');
        if (slash)
            *slash = '\0';
    }
    if (!directory || !*directory || *directory != '/') { /* the root of all is nobody's tree */
        free(directory);
        return here;
    }
    free(here);
    return directory;
}

/* Returns what follows the root in a path, or NULL. */
static const char *below(const char *root, const char *path) {
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

/* Goes on to the next part of a path. Returns its length, 0 at the end. */
static size_t next_part(const char **path) {
    *path += strspn(*path, "/");
    return strcspn(*path, "/");
}

/* Returns the path without "." and "..", as it reads: nothing of it need be there. malloc'ed. */
static char *plain(const char *path) {
    char *made = malloc(strlen(path) + 2), *to = made;
    bool is_absolute = *path == '/';
    for (size_t n; made && (n = next_part(&path)) > 0; path += n) {
        if (n == 2 && strncmp(path, "..", 2) == 0) {
            while (to > made && *--to != '/')
                ;
            continue;
        }
        if (n == 1 && *path == '.')
            continue;
        if (is_absolute || to > made)
            *to++ = '/';
        memcpy(to, path, n);
        to += n;
    }
    if (made)
        *to = '\0';
    return made;
}

static const char *end_below(const char *root, const char *file) {
    for (const char *end = file; end; end = strchr(end, '/')) {
        end += strspn(end, "/");
        if (*end && has(root, end))
            return end;
    }
    return NULL;
}

/* path is plain. */
static const char *find(const char *root, const char *path, bool is_here) {
    const char *found = below(root, path);
    return found || is_here ? found : end_below(root, path);
}

char *mt_worktree_relative(const char *root, const char *file) {
    if (!root || !*file)
        return NULL;
    char *real = *file == '/' ? realpath(file, NULL) : NULL, *path = real ? real : plain(file);
    const char *found = path ? find(root, path, real != NULL) : NULL;
    char *relative = found ? strdup(found) : NULL;
    free(path);
    return relative;
}
