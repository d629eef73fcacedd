/* SPDX-License-Identifier: MIT */
/*
 * A directory is never taken over from somebody: mkdir says whether the name is free, and when it
 * is not, the next number is tried, as with files. With --force the profiles and the index of an
 * earlier run go first, and nothing else of what is in there.
 *
 * The index is there from the beginning, with the program alone and marked so: it tells a directory
 * of a run from one that happens to hold profiles, also when memtrack is killed before the end. A
 * lock on the directory tells a run that is not over from one whose memtrack was killed.
 */
#include "run/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/export.h"
#include "profile/pprof/output.h"
#include "view/processes/index.h"

enum { MOST_NUMBER = 10000 };

bool mt_run_directory_kind(const char *output, enum mt_run_directory_kind *kind, char **pattern) {
    size_t n = output ? strlen(output) : 0;
    *pattern = NULL;
    *kind = !output                         ? MT_RUN_DIRECTORY_ON_DEMAND
            : n > 1 && output[n - 1] == '/' ? MT_RUN_DIRECTORY_WANTED
                                            : MT_RUN_DIRECTORY_NONE;
    if (*kind == MT_RUN_DIRECTORY_NONE)
        return true;
    if (!output) {
        output = MT_OUTPUT_DEFAULT;
        n = strlen(output) - strlen(MT_OUTPUT_SUFFIX);
    }
    while (n > 1 && output[n - 1] == '/')
        n--;
    *pattern = strndup(output, n);
    return *pattern != NULL;
}

void mt_run_directory_free(struct mt_run_directory *directory) {
    free(directory->path);
    directory->path = NULL;
    mt_processes_free(&directory->begun);
    if (directory->lock >= 0)
        close(directory->lock);
    directory->lock = -1;
}

/* ---- what is there already ------------------------------------------------------------------- */

static bool is_ours(const char *name) {
    return strcmp(name, MT_INDEX_NAME) == 0 || fnmatch("*" MT_OUTPUT_SUFFIX, name, 0) == 0;
}

/* Calls for each name in the directory but . and .. until it returns false. Returns whether all
 * were seen. */
static bool each_name(const char *path, bool (*visit)(int directory, const char *name)) {
    DIR *folder = opendir(path);
    bool all = folder != NULL;
    for (struct dirent *entry; all && (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            all = visit(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
    return all;
}

static bool is_nothing(int directory, const char *name) {
    (void)directory;
    (void)name;
    return false;
}

static bool remove_ours(int directory, const char *name) {
    if (is_ours(name))
        unlinkat(directory, name, 0);
    return true;
}

static bool is_free(const char *path) {
    return each_name(path, is_nothing);
}

static char *parent_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int mt_run_directory_check(const char *path, bool force, struct mt_error *error) {
    struct stat st;
    if (stat(path, &st) != 0) {
        char *parent = parent_of(path);
        bool may = parent && access(parent, W_OK | X_OK) == 0;
        int why = parent ? errno : ENOMEM;
        free(parent);
        return may ? 0
                   : mt_error_set(error, MEMTRACK_EIO,
                                  "Make the directory above, or give another name with -o.",
                                  "-o %s/: cannot be made: %s", path, strerror(why));
    }
    if (!S_ISDIR(st.st_mode))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give another name.",
                            "-o %s/: is a file, not a directory", path);
    if (is_free(path) || (force && mt_index_is_run(path)))
        return 0;
    if (mt_index_is_run(path))
        return mt_error_set(error, MEMTRACK_EUSAGE,
                            "Give --force to replace it, or another name (-o, with %p/ or %t/).",
                            "-o %s/: holds the profiles of another run", path);
    return mt_error_set(error, MEMTRACK_EUSAGE, "Give a name that is free.",
                        "-o %s/: the directory is not empty, and not of a run", path);
}

/* ---- making it ------------------------------------------------------------------------------- */

static int write_index(const char *path, const struct mt_processes *processes,
                       struct mt_error *error) {
    const struct mt_export thing = {.what = MT_EXPORT_INDEX, .processes = processes};
    char *name = NULL, *temporary = NULL;
    int rc = -MEMTRACK_ENOMEM;
    FILE *file = NULL;
    if (asprintf(&name, "%s/" MT_INDEX_NAME, path) < 0 ||
        asprintf(&temporary, "%s/.memtrack-index", path) < 0)
        mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    else if (!(file = fopen(temporary, "we")))
        rc = mt_error_set(error, MEMTRACK_EIO, "", "%s: cannot be written: %s", name,
                          strerror(errno));
    else
        rc = mt_export(file, &thing, MT_EXPORT_JSON, error);
    if (file && fclose(file) != 0 && rc == 0)
        rc = mt_error_set(error, MEMTRACK_EIO, "", "%s: cannot be written: %s", name,
                          strerror(errno));
    if (rc == 0 && rename(temporary, name) != 0)
        rc = mt_error_set(error, MEMTRACK_EIO, "", "%s: cannot be written: %s", name,
                          strerror(errno));
    if (rc != 0 && file)
        unlink(temporary);
    free(name);
    free(temporary);
    return rc;
}

/* Takes the name, or says by errno why not. */
static bool take(const char *path, bool force) {
    if (mkdir(path, 0777) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    if (!is_free(path)) {
        errno = EEXIST;
        if (!force || !mt_index_is_run(path))
            return false;
        each_name(path, remove_ours);
    }
    return access(path, W_OK | X_OK) == 0;
}

/* Makes PATH, or PATH.2, PATH.3, ...; NULL: by errno. */
static char *make_free(const char *path, bool force) {
    char *name = strdup(path);
    for (int number = 2; name; number++) {
        if (take(name, force))
            return name;
        int why = errno;
        free(name);
        if (why != EEXIST || number > MOST_NUMBER || asprintf(&name, "%s.%d", path, number) < 0) {
            errno = why;
            return NULL;
        }
    }
    errno = ENOMEM;
    return NULL;
}

/* Where the directory that is asked for cannot be made, it is made where temporary files go. */
static char *make_elsewhere(const char *path) {
    const char *others[] = {getenv("TMPDIR"), "/tmp"};
    char *made = NULL;
    for (size_t i = 0; !made && i < sizeof others / sizeof *others; i++) {
        char *other;
        if (!others[i] || others[i][0] != '/' ||
            asprintf(&other, "%s/%s", others[i], basename(path)) < 0)
            continue;
        made = make_free(other, false);
        free(other);
    }
    return made;
}

static void tell(struct mt_run_directory *d, const char *wanted, int why) {
    if (!d->path)
        mt_error_set(&d->problem, MEMTRACK_EIO, "Give another name with -o.",
                     "%s/ could not be made: %s", wanted, strerror(why));
    else if (why)
        mt_error_set(&d->problem, MEMTRACK_EIO, "", "%s/ could not be made: %s; it is %s/", wanted,
                     strerror(why), d->path);
    else if (strcmp(wanted, d->path) != 0)
        mt_error_set(&d->problem, MEMTRACK_EUSAGE, "--force replaces what is there.",
                     "%s/ exists: the profiles were written to %s/", wanted, d->path);
}

static void hold(struct mt_run_directory *d) {
    d->lock = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->lock >= 0)
        flock(d->lock, LOCK_SH | LOCK_NB);
}

const char *mt_run_directory_make(struct mt_run_directory *d) {
    if (d->path || d->problem.message[0])
        return d->path;
    const struct mt_output_fields fields = {d->pid, d->program, d->since_ns};
    char *wanted = mt_output_name(d->pattern, &fields, "");
    int why = 0;
    if (wanted && !(d->path = make_free(wanted, d->force))) {
        why = errno;
        d->path = make_elsewhere(wanted);
    }
    tell(d, wanted ? wanted : d->pattern, wanted ? why : ENOMEM);
    free(wanted);
    if (d->path) {
        hold(d);
        write_index(d->path, &d->begun, NULL);
    }
    return d->path;
}

int mt_run_directory_write_index(const struct mt_run_directory *directory,
                                 const struct mt_processes *processes, struct mt_error *error) {
    return directory->path ? write_index(directory->path, processes, error) : 0;
}
