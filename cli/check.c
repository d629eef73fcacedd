/* SPDX-License-Identifier: MIT */
/*
 * memtrack check: read each profile, judge it, say what is broken. What was found is kept until the
 * end, for JSON and JUnit; the profiles are not. A profile that cannot be read does not keep the
 * others from being checked: whoever reads the log of a CI server gets all of it at once.
 *
 *   --run ──► run/measured.h ──► profiles ─┐
 *   FILE… ─────────────────────────────────┴─► read, judge ──► lines, JSON, JUnit
 *
 * Profiles of a run are judged in a directory of its own and moved to --profiles afterwards: tests
 * that run at the same time may share that, and each is judged by what it did itself.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "check/output.h"
#include "check/request.h"
#include "command/command.h"
#include "command/input.h"
#include "export/check.h"
#include "profile/called.h"
#include "run/measured.h"
#include "text/pager.h"
#include "view/processes/index.h"
#include "view/symbols/symbols.h"

enum { SHOWN_OTHERS = 4 };

struct check {
    const struct mt_check_request *options;
    struct mt_profile *baseline;
    struct mt_checked *checked;
    size_t n, n_compared; /* profiles; and those that have the baseline's program */
    size_t n_others;      /* that --process leaves out */
    char *others;         /* and the names of the first of them: "sh, sed"; NULL: none */
    struct mt_check_run run;
    int status; /* so far */
};

/* What cannot be read outweighs what is broken. */
static void note_status(struct check *check, int status) {
    if (status > check->status)
        check->status = status;
}

/* ---- judging --------------------------------------------------------------------------------- */

static const char *program_of(const struct mt_profile *profile) {
    const char *exe = mt_profile_text(profile, profile->info.exe), *slash = strrchr(exe, '/');
    return slash ? slash + 1 : exe;
}

/* The only profile is meant, whatever its program is called. */
static const struct mt_profile *baseline_for(struct check *check, const struct mt_profile *profile,
                                             size_t n_files) {
    const struct mt_profile *baseline = check->baseline;
    if (!baseline || (n_files > 1 && strcmp(program_of(baseline), program_of(profile)) != 0))
        return NULL;
    check->n_compared++;
    return baseline;
}

static int read_profile(const char *path, const struct mt_symbols_options *symbols,
                        struct mt_profile **profile, struct mt_error *error) {
    int rc = mt_input_read(path, profile, error);
    if (rc == 0 && (*profile)->info.watched) { /* every budget would be kept */
        mt_profile_free(*profile);
        *profile = NULL;
        return mt_error_set(error, MEMTRACK_EFORMAT,
                            "Record a run instead: memtrack run PROGRAM. Or set a limit: memtrack "
                            "watch --max SIZE.",
                            "%s: nothing was recorded, memtrack watch looked from outside", path);
    }
    if (rc == 0 && (rc = mt_symbols_resolve(*profile, symbols, error)) != 0) {
        mt_profile_free(*profile);
        *profile = NULL;
    }
    return rc;
}

static bool is_meant(const struct mt_check_request *o, const struct mt_profile *profile) {
    for (size_t i = 0; i < o->n_processes; i++)
        if (fnmatch(o->processes[i], program_of(profile), 0) == 0 ||
            fnmatch(o->processes[i], mt_called_name(profile), 0) == 0 ||
            fnmatch(o->processes[i], mt_profile_text(profile, profile->info.exe), 0) == 0)
            return true;
    return o->n_processes == 0;
}

static void leave_out(struct check *check, const struct mt_profile *profile) {
    char *names;
    if (check->n_others++ >= SHOWN_OTHERS ||
        asprintf(&names, "%s%s%s", check->others ? check->others : "", check->others ? ", " : "",
                 mt_called_name(profile)) < 0)
        return;
    free(check->others);
    check->others = names;
}

static int judge(struct check *check, const struct mt_profile *profile, size_t n_files,
                 struct mt_checked *checked, struct mt_error *error) {
    const struct mt_check_request *o = check->options;
    const struct mt_budgets budgets = {
        .items = o->budgets,
        .n = o->n_budgets,
        .baseline = baseline_for(check, profile, n_files),
        .tolerance_percent = o->tolerance_percent,
        .ignored = o->ignored,
        .n_ignored = o->n_ignored,
        .is_strict = o->strict,
        .count_runtime = o->count_runtime,
        .wrappers = mt_charged_wrappers(&o->charged),
    };
    return mt_budget_check_all(profile, &budgets, &checked->findings, error);
}

static struct mt_checked *add(struct check *check) {
    if (!mt_array_grow(&check->checked, check->n, sizeof *check->checked))
        return NULL;
    check->checked[check->n] = (struct mt_checked){0};
    return &check->checked[check->n++];
}

/* shown: the path as the user knows it. */
static void check_one(struct check *check, const char *path, const char *shown, size_t n_files) {
    struct mt_error error = {{0}, {0}}, ignored;
    struct mt_profile *profile = NULL;
    int rc = read_profile(path, &check->options->shared.symbols, &profile, &error);
    if (rc == 0 && profile && !is_meant(check->options, profile)) {
        leave_out(check, profile);
        mt_profile_free(profile);
        return;
    }
    struct mt_checked *checked = add(check);
    if (!checked)
        rc = mt_error_set(&error, MEMTRACK_ENOMEM, "", "out of memory");
    else if (mt_export_check_init(checked, shown, profile, rc ? error.message : NULL,
                                  rc ? &ignored : &error) != 0)
        rc = -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = judge(check, profile, n_files, checked, &error);
    if (rc != 0) {
        mt_terminal_print_error(check->options->shared.program, &error);
        note_status(check, mt_command_exit_status(rc));
    } else if (!mt_export_check_is_good(checked))
        note_status(check, MT_EXIT_FINDING);
    mt_profile_free(profile);
}

static void check_process(struct check *check, const char *directory, const char *file,
                          size_t n_files) {
    char *path;
    if (asprintf(&path, "%s/%s", directory, file) < 0) {
        note_status(check, MT_EXIT_UNREADABLE);
        return;
    }
    check_one(check, path, path, n_files);
    free(path);
}

/* Each process of a run has to keep the budgets, not only the newest one. */
static void check_run_directory(struct check *check, const char *argument) {
    const struct mt_check_request *o = check->options;
    struct mt_processes processes = {0};
    struct mt_error error = {{0}, {0}};
    char *directory = strdup(argument);
    size_t length = directory ? strlen(directory) : 0;
    while (length > 1 && directory[length - 1] == '/')
        directory[--length] = '\0';
    int rc = directory ? mt_index_read(directory, &processes, &error)
                       : mt_error_set(&error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; rc == 0 && i < processes.n; i++)
        if (processes.items[i].file)
            check_process(check, directory, processes.items[i].file, o->n_files + processes.n - 1);
    if (rc != 0) {
        struct mt_checked *checked = add(check);
        if (checked)
            mt_export_check_init(checked, argument, NULL, error.message, NULL);
        mt_terminal_print_error(o->shared.program, &error);
        note_status(check, mt_command_exit_status(rc));
    }
    mt_processes_free(&processes);
    free(directory);
}

static void check_argument(struct check *check, const char *argument) {
    const struct mt_check_request *o = check->options;
    int status = 0;
    if (mt_index_is_run(argument)) {
        check_run_directory(check, argument);
        return;
    }
    char *path = mt_input_choose(o->shared.program, argument, &status);
    if (path)
        check_one(check, path, strcmp(argument, "-") == 0 ? argument : path, o->n_files);
    else {
        struct mt_checked *checked = add(check);
        if (checked)
            mt_export_check_init(checked, argument, NULL, "not found", NULL);
        note_status(check, status);
    }
    free(path);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(struct check *check, FILE *stream) {
    const struct mt_check_request *o = check->options;
    const struct mt_check_output output = {
        .options = o,
        .checked = check->checked,
        .n = check->n,
        .n_others = check->n_others,
        .run = o->run ? &check->run : NULL,
    };
    struct mt_error error = {{0}, {0}};
    int rc = mt_check_output_put(&output, stream, &error);
    if (!mt_pager_finish(o->shared.program))
        note_status(check, MT_EXIT_UNREADABLE);
    else if (rc != 0) {
        mt_terminal_print_error(o->shared.program, &error);
        note_status(check, MT_EXIT_UNREADABLE);
    }
}

/* ---- running --------------------------------------------------------------------------------- */

/* 0, or the exit status; has said what is wrong. */
static int read_baseline(struct check *check) {
    const struct mt_check_request *o = check->options;
    struct mt_error error;
    int status = 0, rc;
    char *path = mt_input_choose(o->shared.program, o->baseline, &status);
    if (!path)
        return status;
    if ((rc = mt_input_read(path, &check->baseline, &error)) != 0) {
        mt_terminal_print_error(o->shared.program, &error);
        status = mt_command_exit_status(rc);
    }
    free(path);
    return status;
}

/* A gate that compares nothing must not stand open. */
static void check_compared(struct check *check) {
    if (!check->baseline || check->n_compared || check->status > MT_EXIT_FINDING)
        return;
    mt_terminal_print_problem(check->options->shared.program,
                              "Give the baseline of one of the programs that are checked.",
                              "nothing was compared with %s: no other profile is of %s",
                              check->options->baseline, program_of(check->baseline));
    note_status(check, MT_EXIT_USAGE);
}

/* Nor one that was given patterns and nothing that matches them. */
static int check_meant(const struct check *check, struct mt_error *error) {
    if (check->n || !check->n_others)
        return 0;
    return mt_error_set(
        error, MEMTRACK_ENOTFOUND, "Patterns are those of a shell: --process 'test_*'.",
        "no program matches --process %s; there are %s%s", check->options->processes[0],
        check->others ? check->others : "another", check->n_others > SHOWN_OTHERS ? ", ..." : "");
}

/* With its parents. */
static int make_directory(const char *path, struct mt_error *error) {
    struct stat status;
    char *copy = strdup(path);
    for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(copy, 0777);
        *slash = '/';
    }
    free(copy);
    if (mkdir(path, 0777) == 0 ||
        (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return 0;
    return mt_error_set(error, MEMTRACK_EIO,
                        "Give --profiles a directory, or the name of a new one.",
                        "cannot make the directory %s: %s", path, strerror(errno));
}

static int prepare(const struct mt_check_request *o, char **directory, struct mt_error *error) {
    int rc = o->profiles ? make_directory(o->profiles, error) : 0;
    if (rc == 0 && o->profiles)
        mt_measured_sweep(o->profiles);
    if (rc == 0)
        rc = mt_check_output_prepare(o, error);
    return rc == 0 ? mt_measured_directory(o->profiles, directory, error) : rc;
}

/* Profiles of the run, checked. They stay where the next command can read them when there is
 * one. */
static int check_profiles(struct check *check, const char *directory, struct mt_error *error) {
    const struct mt_check_request *o = check->options;
    char **paths, **settled = NULL;
    size_t n;
    int rc = mt_measured_paths(directory, &paths, &n, error);
    if (rc != 0)
        return rc;
    rc = mt_measured_paths_in(paths, n, o->profiles ? o->profiles : directory, &settled, error);
    for (size_t i = 0; i < n && rc == 0; i++)
        check_one(check, paths[i], settled[i], n);
    if (rc == 0)
        rc = mt_measured_move(paths, settled, n, error);
    if (settled)
        mt_measured_paths_free(settled, n);
    mt_measured_paths_free(paths, n);
    if (rc == 0)
        rc = check_meant(check, error);
    if (rc == 0)
        check_compared(check);
    return rc;
}

/* The status of the program when it failed, else what the check says. */
static int run_and_check(struct check *check) {
    const struct mt_check_request *o = check->options;
    struct mt_error error = {{0}, {0}};
    char *directory = NULL;
    int status = 0;
    mt_measured_watch_signals();
    int rc = prepare(o, &directory, &error);
    if (rc == 0) {
        const struct mt_measured_run run = {
            .program = o->program,
            .directory = directory,
            .mmap = o->mmap,
            .wrappers = mt_charged_wrappers(&o->charged),
        };
        rc = mt_measured_run(&run, &status, &error);
    }
    if (rc == 0) {
        rc = check_profiles(check, directory, &error);
        if (rc == -MEMTRACK_ENOTFOUND && status != 0 && !check->n_others)
            rc = 0; /* a program that was not started has been told of */
        check->run = (struct mt_check_run){o->program[0], status, rc ? error.message : NULL};
        tell(check, stderr);
    }
    if (rc != 0) {
        mt_terminal_print_error(o->shared.program, &error);
        note_status(check, MT_EXIT_UNREADABLE);
    }
    bool kept = rc == 0 && !o->profiles && check->status != 0 && !mt_measured_stopped();
    if (directory && !kept) {
        mt_measured_empty(directory, true);
        rmdir(directory);
    }
    free(directory);
    return status ? status : check->status;
}

static int check_files(struct check *check) {
    const struct mt_check_request *o = check->options;
    for (size_t i = 0; i < o->n_files; i++)
        check_argument(check, o->files[i]);
    struct mt_error error;
    if (check_meant(check, &error) != 0) {
        mt_terminal_print_error(o->shared.program, &error);
        note_status(check, MT_EXIT_UNREADABLE);
    }
    check_compared(check);
    tell(check, stdout);
    return check->status;
}

int mt_check_command(int argc, char **argv) {
    struct mt_check_request options;
    struct check check = {.options = &options};
    mt_check_request_parse(argc, argv, &options);
    int status = options.baseline ? read_baseline(&check) : 0;
    if (status == 0)
        status = options.run ? run_and_check(&check) : check_files(&check);
    for (size_t i = 0; i < check.n; i++)
        mt_export_check_free(&check.checked[i]);
    free(check.checked);
    free(check.others);
    mt_profile_free(check.baseline);
    mt_check_request_free(&options);
    mt_measured_end_by_signal();
    return status;
}
