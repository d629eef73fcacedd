/* SPDX-License-Identifier: MIT */
/*
 * An index may be a stranger's, as a profile may: it is read with bounds, a file name in it must
 * not lead out of its directory, and what has another type than it should have is taken as not
 * known. Written by export/json_index.c.
 */
#include "view/processes/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "ledger/find.h"
#include "profile/pprof/output.h"
#include "view/subject.h"

enum { MAX_BYTES = 256 << 20, MOST_WORDS_BYTES = 1 << 16 };

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* ---- is it one ------------------------------------------------------------------------------- */

static bool has_profile(const char *path) {
    DIR *folder = opendir(path);
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder)) != NULL;)
        found = fnmatch("*" MT_OUTPUT_SUFFIX, entry->d_name, 0) == 0;
    if (folder)
        closedir(folder);
    return found;
}

/* memtrack.PROGRAM.PID, or memtrack.PROGRAM.PID.N; no such name without the directory is asked
 * for. */
static bool is_called_like_one(const char *path) {
    char *copy = strdup(path), *name;
    if (!copy)
        return false;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = 0;
    name = strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy;
    const char *dot = strrchr(name, '.');
    bool is = fnmatch("memtrack.?*.[0-9]*", name, 0) == 0 && dot &&
              strspn(dot + 1, "0123456789") == strlen(dot + 1);
    free(copy);
    return is;
}

/* Opens the index for reading when it is a regular file. */
static int open_index(const char *path, struct stat *st) {
    char *name;
    if (asprintf(&name, "%s/" MT_INDEX_NAME, path) < 0)
        return -1;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    free(name);
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The schema stands at the beginning, as memtrack writes it. */
static bool has_index(const char *path) {
    static const char schema[] = "\"" MT_INDEX_SCHEMA "\"";
    char beginning[64] = "";
    struct stat st;
    int fd = open_index(path, &st);
    ssize_t n = fd >= 0 ? pread(fd, beginning, sizeof beginning - 1, 0) : -1;
    if (fd >= 0)
        close(fd);
    return n > 0 && strstr(beginning, schema);
}

bool mt_index_is_run(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (has_index(path) || (is_called_like_one(path) && has_profile(path)));
}

/* What is not complete and is not held any more was cut off. */
bool mt_index_is_running(const char *path) {
    return mt_index_is_run(path) && mt_find_is_attended(path);
}

/* ---- the index ------------------------------------------------------------------------------- */

static uint64_t number_of(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

/* Returns a copy, "" for what is no text; NULL: out of memory. */
static char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return strdup(text ? text : "");
}

static int take_words(struct mt_process *p, const json_t *command) {
    size_t bytes = 0, at = 0, n = json_array_size(command);
    char *words;
    for (size_t i = 0; i < n; i++)
        if (json_is_string(json_array_get(command, i)))
            bytes += json_string_length(json_array_get(command, i)) + 1;
    if (bytes > MOST_WORDS_BYTES || !(words = malloc(bytes + 1)))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *word = json_array_get(command, i);
        if (!json_is_string(word))
            continue;
        memcpy(words + at, json_string_value(word), json_string_length(word) + 1);
        at += json_string_length(word) + 1;
    }
    int rc = mt_processes_set_command(p, words, bytes);
    free(words);
    return rc;
}

static void take_exit(struct mt_process *p, const json_t *ended) {
    const json_t *code = json_object_get(ended, "code"), *by = json_object_get(ended, "signal");
    p->exit_known = json_is_integer(code) || json_is_integer(by);
    p->exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1;
    p->exit_signal = (int)json_integer_value(by);
}

/* A name and no path: what is in the directory, or nothing. */
static bool is_inside(const char *file) {
    return *file && !strchr(file, '/') && strcmp(file, ".") != 0 && strcmp(file, "..") != 0;
}

static int take_process(struct mt_processes *out, const json_t *from) {
    struct mt_process *p = mt_processes_add(out);
    if (!p)
        return -MEMTRACK_ENOMEM;
    p->pid = (uint32_t)number_of(from, "pid");
    p->parent_pid = (uint32_t)number_of(from, "parent_pid");
    p->image = (uint32_t)number_of(from, "image");
    p->is_last_image = !json_is_false(json_object_get(from, "is_last_image"));
    p->is_main = json_is_true(json_object_get(from, "is_main"));
    p->start_time_ns = number_of(from, "start_time_ns");
    p->duration_ns = number_of(from, "duration_ns");
    p->peak_bytes = number_of(from, "peak_bytes");
    p->live_bytes = number_of(from, "live_bytes");
    p->live_blocks = number_of(from, "live_blocks");
    p->total_bytes = number_of(from, "total_bytes");
    p->total_blocks = number_of(from, "total_blocks");
    p->anonymous_bytes = number_of(from, "anonymous_bytes");
    take_exit(p, json_object_get(from, "exit"));
    p->program = text_of(from, "program");
    p->exe = text_of(from, "exe");
    const char *file = json_string_value(json_object_get(from, "file")),
               *why = json_string_value(json_object_get(from, "why"));
    p->file = file && is_inside(file) ? strdup(file) : NULL;
    p->why = why ? strdup(why) : NULL;
    return p->program && p->exe ? take_words(p, json_object_get(from, "command"))
                                : -MEMTRACK_ENOMEM;
}

static int take_points(struct mt_processes *out, const json_t *points) {
    size_t n = json_array_size(points);
    out->points = calloc(n + 1, sizeof *out->points);
    if (!out->points)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *point = json_array_get(points, i);
        out->points[out->n_points++] =
            (struct mt_process_point){number_of(point, "time_ns"), number_of(point, "bytes")};
    }
    return 0;
}

static int take_all(struct mt_processes *out, const json_t *root) {
    const json_t *tree = json_object_get(root, "tree"),
                 *processes = json_object_get(root, "processes");
    int rc = 0;
    out->start_time_ns = number_of(root, "start_time_ns");
    out->duration_ns = number_of(root, "duration_ns");
    out->is_complete = json_is_true(json_object_get(root, "is_complete"));
    out->peak_known = json_is_integer(json_object_get(tree, "peak_bytes"));
    out->peak_bytes = number_of(tree, "peak_bytes");
    out->peak_ns = number_of(tree, "peak_time_ns");
    out->tick_ns = number_of(tree, "tick_ns");
    out->n_at_peak = (uint32_t)number_of(tree, "processes_at_peak");
    rc = take_points(out, json_object_get(tree, "points"));
    for (size_t i = 0; i < json_array_size(processes) && rc == 0; i++)
        rc = take_process(out, json_array_get(processes, i));
    return rc;
}

static int read_index(const char *path, struct mt_processes *out, struct mt_error *error) {
    struct stat st;
    json_error_t where;
    int fd = open_index(path, &st);
    if (fd < 0)
        return 0; /* there is none */
    json_t *root = st.st_size <= MAX_BYTES ? json_loadfd(fd, 0, &where) : NULL;
    close(fd);
    int rc = json_is_object(root) ? take_all(out, root) : -MEMTRACK_EFORMAT;
    json_decref(root);
    if (rc == -MEMTRACK_EFORMAT)
        return mt_error_set(error, MEMTRACK_EFORMAT,
                            "Remove it: the profiles beside it are read without it.",
                            "%s/" MT_INDEX_NAME ": is not the index of a run, or damaged", path);
    return rc == 0 ? 0 : out_of_memory(error);
}

/* ---- profiles that are not in it ------------------------------------------------------------- */

struct names {
    char **items;
    uint64_t *written_ns;
    size_t n;
};

static void free_names(struct names *names) {
    for (size_t i = 0; i < names->n; i++)
        free(names->items[i]);
    free(names->items);
    free(names->written_ns);
}

static bool is_listed(const struct mt_processes *processes, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (processes->items[i].file && strcmp(processes->items[i].file, name) == 0)
            return true;
    return false;
}

static int add_name(struct names *names, const char *name, uint64_t written_ns) {
    if (!mt_array_grow(&names->items, names->n, sizeof *names->items) ||
        !mt_array_grow(&names->written_ns, names->n, sizeof *names->written_ns) ||
        !(names->items[names->n] = strdup(name)))
        return -MEMTRACK_ENOMEM;
    names->written_ns[names->n++] = written_ns;
    return 0;
}

static int list_names(const char *path, struct names *names, struct mt_error *error) {
    DIR *folder = opendir(path);
    int rc = 0;
    if (!folder)
        return mt_error_set(error, MEMTRACK_EIO, "Name a directory that you may read.",
                            "cannot read the directory %s: %s", path, strerror(errno));
    for (struct dirent *entry; rc == 0 && (entry = readdir(folder)) != NULL;) {
        struct stat st;
        if (fnmatch("*" MT_OUTPUT_SUFFIX, entry->d_name, 0) == 0 &&
            fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
            rc = add_name(names, entry->d_name,
                          (uint64_t)st.st_mtim.tv_sec * UINT64_C(1000000000) +
                              (uint64_t)st.st_mtim.tv_nsec);
    }
    closedir(folder);
    return rc == 0 ? 0 : out_of_memory(error);
}

/* A snapshot that a trigger wrote is of a recording whose end is here as well. */
static bool is_known(const struct mt_processes *processes, const struct mt_profile_info *info) {
    for (size_t i = 0; i < processes->n; i++)
        if (processes->items[i].pid == info->pid &&
            processes->items[i].start_time_ns == info->start_time_ns &&
            processes->items[i].duration_ns >= info->duration_ns)
            return true;
    return false;
}

/* The others are there; whoever shows them says that this one is not. */
static int note_unreadable(struct mt_processes *out, const struct mt_error *problem) {
    if (out->n_unreadable++ == 0)
        out->unreadable_reason = strdup(problem->message);
    return out->unreadable_reason ? 0 : -MEMTRACK_ENOMEM;
}

static int add_file(const char *path, const char *name, struct mt_processes *out) {
    struct mt_profile *profile = NULL;
    struct mt_error problem = {{0}, {0}};
    char *file;
    int rc = 0;
    if (asprintf(&file, "%s/%s", path, name) < 0)
        return -MEMTRACK_ENOMEM;
    if (mt_subject_load(file, &profile, &problem) != 0)
        rc = note_unreadable(out, &problem);
    else if (profile->info.is_memtrack && !is_known(out, &profile->info))
        rc = mt_processes_add_profile(out, profile, name);
    mt_profile_free(profile);
    free(file);
    return rc;
}

/* The latest first: a snapshot is older than what its process left at its end. */
static int add_unlisted(const char *path, struct mt_processes *out, struct mt_error *error) {
    struct names names = {0};
    size_t n_listed = out->n;
    int rc = list_names(path, &names, error);
    for (size_t done = 0; rc == 0 && done < names.n; done++) {
        size_t latest = SIZE_MAX;
        for (size_t i = 0; i < names.n; i++)
            if (names.items[i] &&
                (latest == SIZE_MAX || names.written_ns[i] > names.written_ns[latest]))
                latest = i;
        if (!is_listed(out, n_listed, names.items[latest]) &&
            add_file(path, names.items[latest], out) != 0)
            rc = out_of_memory(error);
        free(names.items[latest]);
        names.items[latest] = NULL;
    }
    free_names(&names);
    return rc;
}

static bool has_profile_of(const struct mt_processes *processes, uint32_t pid) {
    for (size_t i = 0; i < processes->n; i++)
        if (processes->items[i].pid == pid && processes->items[i].file)
            return true;
    return false;
}

/* An index that was not completed has the program as it was started; its profile says more. */
static void drop_begun(struct mt_processes *processes) {
    size_t kept = 0;
    for (size_t i = 0; i < processes->n; i++)
        if (!processes->items[i].file && has_profile_of(processes, processes->items[i].pid))
            mt_processes_forget(&processes->items[i]);
        else
            processes->items[kept++] = processes->items[i];
    processes->n = kept;
}

/* Of profiles alone the first that began is the one that was started. */
static void choose_main(struct mt_processes *processes) {
    if (processes->n == 0 || mt_processes_main(processes))
        return;
    struct mt_process *first = &processes->items[0], *last = first;
    for (size_t i = 1; i < processes->n; i++)
        if (processes->items[i].pid == first->pid)
            last = &processes->items[i];
    last->is_main = true;
    if (processes->start_time_ns == 0)
        processes->start_time_ns = first->start_time_ns;
}

int mt_index_read(const char *path, struct mt_processes *out, struct mt_error *error) {
    *out = (struct mt_processes){0};
    int rc = read_index(path, out, error);
    if (rc == 0 && !out->is_complete)
        rc = add_unlisted(path, out, error);
    if (rc != 0) {
        mt_processes_free(out);
        return rc;
    }
    out->is_running = !out->is_complete && mt_index_is_running(path);
    if (!out->is_complete)
        drop_begun(out);
    mt_processes_sort(out);
    choose_main(out);
    return 0;
}
