/* SPDX-License-Identifier: MIT */
/*
 * A directory may hold the profiles of years. Files are read from the newest one on, and reading
 * ends with the first that was written before any process of this run began: a profile is written
 * when its process has ended.
 */
#include "timeline/profiles.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "view/subject.h"
#include "view/timeline/family.h"
#include "view/timeline/timeline.h"

#define NS_PER_S UINT64_C(1000000000)

enum { MOST_FILES = 1000, SLACK_S = 2 };

void mt_profiles_free(struct mt_profiles *profiles) {
    for (size_t i = 0; i < profiles->n; i++)
        mt_profile_free(profiles->items[i]);
    free(profiles->items);
    *profiles = (struct mt_profiles){0};
}

int mt_profiles_add(struct mt_profiles *profiles, struct mt_profile *profile) {
    if (!mt_array_grow(&profiles->items, profiles->n, sizeof(struct mt_profile *))) {
        mt_profile_free(profile);
        return -MEMTRACK_ENOMEM;
    }
    profiles->items[profiles->n++] = profile;
    return 0;
}

/* ---- a directory ----------------------------------------------------------------------------- */

struct file {
    char *path;
    uint64_t written_ns;
};

struct files {
    struct file *items;
    size_t n;
};

static void free_files(struct files *files) {
    for (size_t i = 0; i < files->n; i++)
        free(files->items[i].path);
    free(files->items);
}

static int newest_first(const void *a, const void *b) {
    const struct file *x = a, *y = b;
    if (x->written_ns != y->written_ns)
        return x->written_ns < y->written_ns ? 1 : -1;
    return strcmp(x->path, y->path);
}

static bool add_file(struct files *files, const char *directory, const char *name,
                     uint64_t written_ns) {
    if (!mt_array_grow(&files->items, files->n, sizeof *files->items))
        return false;
    struct file *file = &files->items[files->n];
    if (asprintf(&file->path, "%s/%s", directory, name) < 0)
        return false;
    file->written_ns = written_ns;
    files->n++;
    return true;
}

static int list_files(const char *path, struct files *files, struct mt_error *error) {
    DIR *directory = opendir(path);
    if (!directory)
        return mt_error_set(error, MEMTRACK_EIO, "Give a profile that you may read.",
                            "cannot read the directory %s: %s", path, strerror(errno));
    bool done = true;
    for (struct dirent *entry; done && (entry = readdir(directory));) {
        struct stat status;
        if (fnmatch("*.pb.gz", entry->d_name, 0) == 0 &&
            fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            done = add_file(files, path, entry->d_name,
                            (uint64_t)status.st_mtim.tv_sec * NS_PER_S +
                                (uint64_t)status.st_mtim.tv_nsec);
    }
    closedir(directory);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (files->n)
        qsort(files->items, files->n, sizeof *files->items, newest_first);
    return 0;
}

/* ---- which of them count --------------------------------------------------------------------- */

/* Keeps the profiles whose is_marked is mark, and frees the others. */
static void keep(struct mt_profiles *profiles, const bool *is_marked, bool mark) {
    size_t kept = 0;
    for (size_t i = 0; i < profiles->n; i++)
        if (is_marked[i] == mark)
            profiles->items[kept++] = profiles->items[i];
        else
            mt_profile_free(profiles->items[i]);
    profiles->n = kept;
}

static int keep_family(struct mt_profiles *profiles, struct mt_error *error) {
    bool *is_member = calloc(profiles->n + 1, sizeof *is_member);
    if (!is_member)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_timeline_family((const struct mt_profile *const *)profiles->items, profiles->n, is_member);
    keep(profiles, is_member, true);
    free(is_member);
    return 0;
}

int mt_profiles_drop_earlier(struct mt_profiles *profiles, size_t *n_dropped,
                             struct mt_error *error) {
    bool *is_earlier = calloc(profiles->n + 1, sizeof *is_earlier);
    if (!is_earlier)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    *n_dropped = mt_timeline_family_earlier((const struct mt_profile *const *)profiles->items,
                                            profiles->n, is_earlier);
    keep(profiles, is_earlier, false);
    free(is_earlier);
    return 0;
}

/* ---- a directory's files --------------------------------------------------------------------- */

static int load_files(const struct files *files, struct mt_profiles *profiles, size_t *n_unreadable,
                      struct mt_error *error) {
    uint64_t first_ns = UINT64_MAX;
    for (size_t i = 0; i < files->n && i < MOST_FILES; i++) {
        struct mt_profile *profile;
        if (profiles->n && files->items[i].written_ns + SLACK_S * NS_PER_S < first_ns)
            return 0;
        if (mt_subject_load(files->items[i].path, &profile, error) != 0) {
            ++*n_unreadable;
            continue;
        }
        if (!profile->info.is_memtrack || profile->info.n_ticks == 0) {
            mt_profile_free(profile);
            continue;
        }
        if (profile->info.start_time_ns < first_ns)
            first_ns = profile->info.start_time_ns;
        if (mt_profiles_add(profiles, profile) != 0)
            return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    return 0;
}

int mt_profiles_of_run(const char *directory, struct mt_profiles *profiles, size_t *n_unreadable,
                       struct mt_error *error) {
    struct files files = {0};
    *n_unreadable = 0;
    int rc = list_files(directory, &files, error);
    if (rc == 0)
        rc = load_files(&files, profiles, n_unreadable, error);
    free_files(&files);
    if (rc == 0 && profiles->n == 0)
        rc =
            mt_error_set(error, MEMTRACK_ENOTFOUND, "Record one: memtrack PROGRAM. Or name a file.",
                         "no profile with a time axis (*.pb.gz) in %s",
                         strcmp(directory, ".") == 0 ? "the current directory" : directory);
    return rc == 0 ? keep_family(profiles, error) : rc;
}
