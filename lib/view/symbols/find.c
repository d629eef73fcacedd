/* SPDX-License-Identifier: MIT */
/*
 * Where the file of a mapping may be. Its path is only the first place: the file may be deleted,
 * replaced, in another mount namespace, without a name at all (a memfd), or on the machine that
 * recorded. From the surest to the vaguest:
 *
 *   kept open         what memtrack run took hold of while the process had it mapped
 *   SYSROOT/PATH      the root of an image that the user has given
 *   PATH              as recorded
 *   the process       /proc/PID/root/PATH, /proc/PID/exe, /proc/PID/map_files/BEGIN-END (root
 *                     alone), each only if it is the inode that the process has mapped there
 *   DIR               each directory that the user has given: by build id (DIR/.build-id/xx/yyyy,
 *                     DIR/ID/NAME as PPROF_BINARY_PATH has it, DIR/ID/executable as the debuginfod
 *                     client has it), and by name (DIR below the end of PATH, from the longest to
 *                     NAME alone)
 *   /usr/lib/debug    the debug file of the build; it has symbols and DWARF
 *
 * Nothing here decides whether it is the file: module.c does, with what the place says
 * about it. DIR comes before PATH when there is no build id to decide: then the user's word is the
 * better one.
 *
 * Rejected: a walk through all that lies below DIR (an image has a hundred thousand files, and the
 * first match by name would win).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "view/symbols/symbols-local.h"

enum { MIN_BUILD_ID_BYTES = 3 };
static const char deleted[] = " (deleted)";

struct find {
    const struct mt_symbol_wanted *wanted;
    char *path; /* as recorded, without the kernel's remark that it was deleted */
    bool is_file, was_deleted;
    mt_symbol_try *try;
    void *context;
    enum mt_symbol_file answer;
};

static bool is_done(const struct find *f) {
    return f->answer == MT_SYMBOL_FILE_FOUND;
}

static void take_answer(struct find *f, enum mt_symbol_file answer) {
    static const int telling[] = {
        [MT_SYMBOL_FILE_FOUND] = 5,   [MT_SYMBOL_FILE_CHANGED] = 4, [MT_SYMBOL_FILE_UNUSABLE] = 3,
        [MT_SYMBOL_FILE_DELETED] = 2, [MT_SYMBOL_FILE_MISSING] = 1, [MT_SYMBOL_FILE_NONE] = 0,
    };
    if (telling[answer] > telling[f->answer])
        f->answer = answer;
}

/* Takes path over; with NULL (out of memory) there is one place less. */
static void try_path(struct find *f, char *path, enum mt_symbol_trust trust) {
    if (path && !is_done(f))
        take_answer(f, f->try(f->context, -1, path, trust));
    free(path);
}

__attribute__((format(printf, 1, 2))) static char *format(const char *text, ...) {
    char *made = NULL;
    va_list arguments;
    va_start(arguments, text);
    int n = vasprintf(&made, text, arguments);
    va_end(arguments);
    return n < 0 ? NULL : made;
}

/* ---- the process ----------------------------------------------------------------------------- */

struct place {
    unsigned long long begin, end, inode;
};

/* Finds the first file mapping of a process that begins in the range of a module. */
static bool find_place(uint32_t process, uint64_t start, uint64_t limit, struct place *place) {
    char name[64], *line = NULL;
    size_t capacity = 0;
    bool found = false;
    snprintf(name, sizeof name, "/proc/%" PRIu32 "/maps", process);
    FILE *maps = fopen(name, "re");
    while (maps && !found && getline(&line, &capacity, maps) > 0)
        found = sscanf(line, "%llx-%llx %*s %*s %*s %llu", &place->begin, &place->end,
                       &place->inode) == 3 &&
                place->inode && place->begin >= start && place->begin < limit;
    free(line);
    if (maps)
        fclose(maps);
    return found;
}

static bool is_at(const struct place *place, const char *path) {
    struct stat status;
    return path && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           status.st_ino == place->inode;
}

static void try_if_at(struct find *f, const struct place *place, char *path) {
    if (is_at(place, path))
        try_path(f, path, MT_SYMBOL_THE_FILE);
    else
        free(path);
}

static void try_process(struct find *f) {
    uint32_t process = f->wanted->process;
    struct place place;
    if (!process || is_done(f) || !find_place(process, f->wanted->start, f->wanted->limit, &place))
        return;
    if (f->is_file)
        try_if_at(f, &place, format("/proc/%" PRIu32 "/root%s", process, f->path));
    if (!is_done(f))
        try_if_at(f, &place, format("/proc/%" PRIu32 "/exe", process));
    if (!is_done(f))
        try_if_at(f, &place,
                  format("/proc/%" PRIu32 "/map_files/%llx-%llx", process, place.begin, place.end));
}

static int open_if_at(const struct place *place, const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 &&
        (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_ino != place->inode)) {
        close(fd);
        return -1;
    }
    return fd;
}

int mt_symbols_find_mapped(uint32_t process, const char *path, uint64_t start, uint64_t limit) {
    char below[64 + PATH_MAX];
    struct place place;
    if (!find_place(process, start, limit, &place))
        return -1;
    int fd = open_if_at(&place, path);
    if (fd < 0 && snprintf(below, sizeof below, "/proc/%" PRIu32 "/root%s", process, path) <
                      (int)sizeof below)
        fd = open_if_at(&place, below);
    snprintf(below, sizeof below, "/proc/%" PRIu32 "/exe", process);
    if (fd < 0)
        fd = open_if_at(&place, below);
    snprintf(below, sizeof below, "/proc/%" PRIu32 "/map_files/%llx-%llx", process, place.begin,
             place.end);
    return fd < 0 ? open_if_at(&place, below) : fd;
}

/* ---- as recorded ----------------------------------------------------------------------------- */

static void try_kept(struct find *f) {
    const struct mt_symbols_kept *kept = f->wanted->kept;
    int fd = kept ? kept->open(kept->context, f->wanted->path, f->wanted->build_id) : -1;
    if (fd >= 0)
        take_answer(f, f->try(f->context, fd, f->path, MT_SYMBOL_THE_FILE));
}

/* The path is no evidence against the inode that a running process has mapped. */
static void try_recorded(struct find *f) {
    struct place place;
    if (!f->is_file || is_done(f))
        return;
    if (f->was_deleted)
        try_path(f, strdup(f->wanted->path), MT_SYMBOL_THE_PATH); /* it may be called so */
    bool is_known = f->wanted->process && !*f->wanted->build_id &&
                    find_place(f->wanted->process, f->wanted->start, f->wanted->limit, &place);
    if (!is_known)
        try_path(f, strdup(f->path), MT_SYMBOL_THE_PATH);
}

/* ---- what the user has given ----------------------------------------------------------------- */

static void try_sysroot(struct find *f) {
    const char *root = f->wanted->sysroot;
    if (root && *root && f->is_file)
        try_path(f, format("%s%s", root, f->path), MT_SYMBOL_A_NAME);
}

static bool has_build_id(const struct find *f) {
    const char *id = f->wanted->build_id;
    return strlen(id) >= 2 * MIN_BUILD_ID_BYTES && strspn(id, "0123456789abcdef") == strlen(id);
}

static void try_by_build_id(struct find *f, const char *directory, int bytes) {
    const char *id = f->wanted->build_id, *slash = strrchr(f->path, '/');
    static const char *const cached[] = {"executable", "debuginfo"};
    try_path(f, format("%.*s/.build-id/%.2s/%s", bytes, directory, id, id + 2), MT_SYMBOL_A_NAME);
    if (slash && slash[1])
        try_path(f, format("%.*s/%s/%s", bytes, directory, id, slash + 1), MT_SYMBOL_A_NAME);
    for (size_t i = 0; i < sizeof cached / sizeof *cached; i++)
        try_path(f, format("%.*s/%s/%s", bytes, directory, id, cached[i]), MT_SYMBOL_A_NAME);
}

static void try_by_name(struct find *f, const char *directory, int bytes) {
    if (f->path[0] != '/')
        try_path(f, format("%.*s/%s", bytes, directory, f->path), MT_SYMBOL_A_NAME);
    for (const char *end = strchr(f->path, '/'); end && !is_done(f); end = strchr(end + 1, '/'))
        if (end[1])
            try_path(f, format("%.*s%s", bytes, directory, end), MT_SYMBOL_A_NAME);
}

static void try_debug_file(struct find *f, const char *directory, int bytes) {
    const char *id = f->wanted->build_id;
    if (has_build_id(f) && !is_done(f))
        try_path(f, format("%.*s/.build-id/%.2s/%s.debug", bytes, directory, id, id + 2),
                 MT_SYMBOL_A_NAME);
}

static void try_directories(struct find *f) {
    for (const char *at = f->wanted->debug_path; at && *at && !is_done(f);) {
        int bytes = (int)strcspn(at, ":");
        if (bytes && has_build_id(f))
            try_by_build_id(f, at, bytes);
        if (bytes) {
            try_by_name(f, at, bytes);
            try_debug_file(f, at, bytes);
        }
        at += bytes + (at[bytes] == ':');
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

/* These are names of what has no file that could be found by its name. */
static bool names_a_file(const char *path) {
    static const char *const others[] = {"//", "/memfd:", "/SYSV", "/dev/"};
    bool is = path[0] == '/';
    if (strncmp(path, "/dev/shm/", 9) == 0)
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        is &= strncmp(path, others[i], strlen(others[i])) != 0;
    return is;
}

static void try_all(struct find *f) {
    char *root = NULL;
    try_kept(f);
    try_sysroot(f);
    if (!*f->wanted->build_id && f->is_file)
        try_directories(f);
    try_recorded(f);
    try_process(f);
    try_directories(f);
    if (f->wanted->sysroot && (root = format("%s/usr/lib/debug", f->wanted->sysroot)) != NULL)
        try_debug_file(f, root, (int)strlen(root));
    free(root);
    try_debug_file(f, "/usr/lib/debug", sizeof "/usr/lib/debug" - 1);
}

enum mt_symbol_file mt_symbols_find(const struct mt_symbol_wanted *wanted, mt_symbol_try *try,
                                    void *context) {
    struct find f = {
        .wanted = wanted, .path = strdup(wanted->path), .try = try, .context = context};
    size_t bytes = strlen(wanted->path), tail = sizeof deleted - 1;
    if (!f.path)
        return MT_SYMBOL_FILE_MISSING;
    f.was_deleted = bytes > tail && strcmp(f.path + bytes - tail, deleted) == 0;
    if (f.was_deleted)
        f.path[bytes - tail] = '\0';
    f.is_file = names_a_file(f.path);
    f.answer = MT_SYMBOL_FILE_NONE;
    if (*wanted->path && *wanted->path != '[')
        try_all(&f);
    bool is_nowhere = f.answer == MT_SYMBOL_FILE_MISSING || f.answer == MT_SYMBOL_FILE_NONE;
    if (is_nowhere)
        f.answer = !f.is_file      ? MT_SYMBOL_FILE_NONE
                   : f.was_deleted ? MT_SYMBOL_FILE_DELETED
                                   : MT_SYMBOL_FILE_MISSING;
    free(f.path);
    return f.answer;
}
