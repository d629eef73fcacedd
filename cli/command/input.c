/* SPDX-License-Identifier: MIT */
/*
 * `memtrack report` without an argument means "what I have just recorded". The newest file by
 * modification time is taken; equal times (children of one run) are told apart by name, so that the
 * choice is repeatable.
 */
#include "command/input.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "command/command.h"
#include "profile/page.h"
#include "profile/pprof/pprof.h"
#include "text/terminal.h"
#include "view/processes/index.h"
#include "view/processes/merged.h"
#include "view/subject.h"
#include "watch/live_tree.h"
#include "watch/past.h"

#define STANDARD_INPUT  "/dev/stdin"
#define MAX_INPUT_BYTES ((size_t)1 << 30)

enum { LEAST_ROOM = 1 << 16 }; /* for one reading */

struct candidate {
    char *name;
    struct timespec written;
    size_t n;    /* how many there were */
    bool is_run; /* the directory of one */
};

static bool is_newer(const struct candidate *best, const char *name, struct timespec written) {
    if (!best->name || written.tv_sec != best->written.tv_sec)
        return !best->name || written.tv_sec > best->written.tv_sec;
    if (written.tv_nsec != best->written.tv_nsec)
        return written.tv_nsec > best->written.tv_nsec;
    return strcmp(name, best->name) > 0;
}

static void consider(DIR *folder, const char *pattern, struct candidate *best) {
    rewinddir(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        if (fnmatch(pattern, entry->d_name, 0) != 0 ||
            fstatat(dirfd(folder), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode))
            continue;
        best->n++;
        if (!is_newer(best, entry->d_name, status.st_mtim))
            continue;
        free(best->name);
        best->name = strdup(entry->d_name);
        best->written = status.st_mtim;
        best->is_run = false;
    }
}

/* When the run ended, or began when its end was not written down. Returns false when the directory
 * is of no run. */
static bool is_run_here(const char *name, struct timespec *written) {
    char *index;
    struct stat status;
    bool is = mt_index_is_run(name);
    if (is && asprintf(&index, "%s/" MT_INDEX_NAME, name) >= 0) {
        is = stat(index, &status) == 0 || stat(name, &status) == 0;
        *written = status.st_mtim;
        free(index);
    }
    return is;
}

/* Those of the current directory that are over, or those that are not. */
static void consider_runs(DIR *folder, bool running, struct candidate *best) {
    rewinddir(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct timespec written;
        if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
            !is_run_here(entry->d_name, &written) || mt_index_is_running(entry->d_name) != running)
            continue;
        best->n++;
        if (!is_newer(best, entry->d_name, written))
            continue;
        free(best->name);
        best->name = strdup(entry->d_name);
        best->written = written;
        best->is_run = true;
    }
}

/* Returns the newest run in the current directory, malloc'ed; NULL when there is none, or a profile
 * that is newer. One that is not over is taken when there is nothing else. */
char *mt_input_newest_run(void) {
    struct candidate best = {0};
    DIR *folder = opendir(".");
    if (folder) {
        consider(folder, "memtrack.*.pb.gz", &best);
        consider_runs(folder, false, &best);
        if (!best.name)
            consider(folder, "*.pb.gz", &best);
        if (!best.name)
            consider_runs(folder, true, &best);
        closedir(folder);
    }
    if (best.is_run)
        return best.name;
    free(best.name);
    return NULL;
}

static char *newest_in(const char *program, const char *path, bool say, int *exit_status) {
    struct candidate best = {0};
    DIR *folder = opendir(path);
    if (!folder) {
        mt_terminal_print_problem(program, "Give a profile that you may read.",
                                  "cannot read the directory %s: %s", path, strerror(errno));
        *exit_status = MT_EXIT_UNREADABLE;
        return NULL;
    }
    consider(folder, "memtrack.*.pb.gz", &best);
    if (!best.name)
        consider(folder, "*.pb.gz", &best);
    if (!best.name)
        consider(folder, "*.ledger", &best); /* what a run that was killed has left */
    closedir(folder);
    char *chosen = NULL;
    if (!best.name) {
        mt_terminal_print_problem(program, "Record one: memtrack PROGRAM. Or name a file.",
                                  "no profile (*.pb.gz) in %s",
                                  strcmp(path, ".") == 0 ? "the current directory" : path);
        *exit_status = MT_EXIT_UNREADABLE;
    } else if (asprintf(&chosen, "%s%s%s", strcmp(path, ".") == 0 ? "" : path,
                        strcmp(path, ".") == 0 ? "" : "/", best.name) < 0) {
        chosen = NULL;
        *exit_status = MT_EXIT_UNREADABLE;
    }
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stderr, MT_COLOR_AUTO);
    if (chosen && (say || best.n > 1)) {
        fprintf(stderr, "%s: ", program);
        mt_terminal_put(&terminal, MT_STYLE_NONE, chosen);
        if (best.n > 1)
            fprintf(stderr, ", the newest of %zu profiles", best.n);
        fputc('\n', stderr);
    }
    free(best.name);
    return chosen;
}

/* Without an argument: a profile or, when runs are taken as a whole, the directory of one. Who
 * takes profiles alone gets that of the program itself, which is written last. */
static char *newest_here(const char *program, bool takes_runs, int *status) {
    char *run = mt_input_newest_run(), *path;
    if (!run)
        return newest_in(program, ".", true, status);
    if (takes_runs) {
        fprintf(stderr, "%s: %s\n", program, run);
        return run;
    }
    path = newest_in(program, run, true, status);
    free(run);
    return path;
}

/* "page.html#old" */
static bool is_part(const char *argument) {
    enum mt_profile_page_part part;
    struct stat file;
    char *path = strndup(argument, mt_profile_page_path(argument, &part));
    bool is = path && part != MT_PAGE_ONLY && stat(path, &file) == 0 && !S_ISDIR(file.st_mode);
    free(path);
    return is;
}

/* How a directory is taken. */
enum taking { NEWEST_PROFILE, RUN, TREE };

static char *choose(const char *program, const char *argument, enum taking taking, int *status) {
    struct stat file;
    pid_t pid;
    if (!argument)
        return newest_here(program, taking != NEWEST_PROFILE, status);
    if (strcmp(argument, "-") == 0)
        return strdup(STANDARD_INPUT);
    if (!*argument) {
        mt_terminal_print_problem(program, NULL,
                                  "the name is empty: give a profile, a pid or a directory");
        *status = MT_EXIT_USAGE;
        return NULL;
    }
    if (taking != NEWEST_PROFILE && mt_index_is_run(argument))
        return strdup(argument);
    if (stat(argument, &file) == 0)
        return S_ISDIR(file.st_mode) && taking != TREE ? newest_in(program, argument, false, status)
                                                       : strdup(argument);
    if (is_part(argument))
        return strdup(argument);
    if (mt_subject_is_process(argument, &pid))
        return strdup(argument);
    mt_terminal_print_problem(
        program, errno == ENOENT ? "memtrack list shows the profiles here." : "Check permissions.",
        "cannot open %s: %s", argument, strerror(errno));
    *status = MT_EXIT_UNREADABLE;
    return NULL;
}

char *mt_input_choose(const char *program, const char *argument, int *status) {
    return choose(program, argument, NEWEST_PROFILE, status);
}

char *mt_input_choose_run(const char *program, const char *argument, bool tree, int *status) {
    return choose(program, argument, tree ? TREE : RUN, status);
}

char *mt_input_choose_at(const char *program, const char *argument, bool tree, struct mt_at *at,
                         int *status) {
    enum taking taking = tree ? TREE : RUN;
    const char *sign = argument ? mt_subject_at(argument) : NULL;
    struct mt_at moment;
    if (!sign)
        return choose(program, argument, taking, status);
    if (!mt_at_parse(sign + 1, &moment)) {
        mt_terminal_print_problem(
            program,
            "Behind the @ give end, peak, or a time after the start, such as 1.5s or 02:00.",
            "%s: no such file; %s is not a moment", argument, sign + 1);
        *status = MT_EXIT_USAGE;
        return NULL;
    }
    char *what = strndup(argument, (size_t)(sign - argument)), *path = NULL;
    if (what)
        path = choose(program, what, taking, status);
    else
        *status = MT_EXIT_UNREADABLE;
    free(what);
    *at = moment;
    return path;
}

/* Everything that is left on stdin, malloc'ed. */
static int slurp(char **content, size_t *bytes, struct mt_error *error) {
    size_t capacity = 0;
    *content = NULL;
    *bytes = 0;
    for (size_t n = 1; n; *bytes += n) {
        if (*bytes == MAX_INPUT_BYTES)
            return mt_error_set(error, MEMTRACK_ELIMIT, "Save it to a file first.",
                                "standard input has more than 1 GiB");
        if (!mt_array_reserve(content, &capacity, *bytes + LEAST_ROOM, 1))
            return mt_error_set(error, MEMTRACK_ENOMEM, "",
                                "out of memory while reading standard input");
        n = fread(*content + *bytes, 1, capacity - *bytes, stdin);
    }
    return ferror(stdin) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot read standard input: %m")
                         : 0;
}

int mt_input_read(const char *path, struct mt_profile **out, struct mt_error *error) {
    struct stat status;
    if (strcmp(path, STANDARD_INPUT) != 0 || fstat(STDIN_FILENO, &status) != 0 ||
        S_ISREG(status.st_mode))
        return mt_subject_load(path, out, error);
    char *content;
    size_t bytes;
    *out = NULL;
    int result = slurp(&content, &bytes, error);
    if (result == 0)
        result = mt_pprof_read_named("standard input", content, bytes, out, error);
    free(content);
    return result;
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The directory of a run, or with --tree one in which profiles lie. */
static int read_directory(const char *path, bool is_run, const struct mt_input_wanted *wanted,
                          struct mt_processes *processes, struct mt_profile **out,
                          struct mt_error *error) {
    const struct mt_merged_options options = {.keep = wanted->keep};
    int rc = mt_index_read(path, processes, error);
    if (rc == 0 && !is_run)
        mt_processes_keep_newest(processes);
    if (rc == 0)
        rc = mt_merged_load(path, processes, &options, out, NULL, error);
    if (rc != 0)
        mt_processes_free(processes);
    return rc;
}

int mt_input_read_run(const char *path, const struct mt_input_wanted *wanted,
                      struct mt_processes *processes, struct mt_profile **out,
                      struct mt_error *error) {
    bool is_run = mt_index_is_run(path);
    pid_t pid;
    *processes = (struct mt_processes){0};
    *out = NULL;
    if (is_run || (wanted->tree && is_directory(path)))
        return read_directory(path, is_run, wanted, processes, out, error);
    if (wanted->tree && mt_subject_is_process(path, &pid))
        return mt_live_tree_load(pid, &wanted->keep, wanted->symbols, processes, out, error);
    if (wanted->keep.times && mt_subject_is_process(path, &pid))
        return mt_past_profile(pid, out, NULL, error);
    return mt_input_read(path, out, error);
}
