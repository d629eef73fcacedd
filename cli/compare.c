/* SPDX-License-Identifier: MIT */
/*
 * memtrack compare: run two commands in turns, read what each run has recorded, say what differs.
 * Two words without dashes are files of benchmarks instead (compare/benchmarks.h).
 *
 *   round 1: first second    round 2: second first    round 3: first second ...
 *
 * In turns and with the order reversed each round, because machines drift: a disk cache that warms
 * up, a neighbour that wakes. A run that fails is the end, as figures of programs that failed
 * compare nothing; what it said on standard error is kept so far and shown. Nothing but the figures
 * outlives a run, and the directory goes with the last of them.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "compare/benchmarks.h"
#include "compare/table.h"
#include "export/export.h"
#include "run/measured.h"
#include "text/terminal.h"
#include "view/compare/comparison.h"
#include "view/subject.h"

enum key { KEY_WARMUP = 256, KEY_SHOW, KEY_INPUT, KEY_MMAP, KEY_MARKDOWN, KEY_FAIL_ABOVE };
enum { DEFAULT_RUNS = 5, TAIL_BYTES = 2048 };

struct compare {
    struct mt_options_shared shared;
    char **commands[2]; /* NULL at the end of each */
    size_t n_runs;
    bool warmup, show, ignore_failure, mmap;
    const char *input;
    char *directory, *errors; /* of the run; where standard error of a run goes */
    struct mt_measurement *runs[2];
    struct mt_compare_benchmarks benchmarks;
    size_t n_files;          /* of benchmarks; 0: there are commands */
    const char *of_commands; /* the option given that only they have */
};

/* ---- options --------------------------------------------------------------------------------- */

static const struct argp_option table[] = {
    {NULL, 'r', "N", MT_HELP_COMMON, "Run each command N times (default: 5)", 0},
    {"warmup", KEY_WARMUP, NULL, MT_HELP_COMMON, "Run each command once before, not counted", 0},
    {"ignore-failure", 'i', NULL, MT_HELP_COMMON, "Go on when a command fails", 0},
    {"input", KEY_INPUT, "FILE", MT_HELP_COMMON, "Let every run read FILE (default: /dev/null)", 0},
    {"mmap", KEY_MMAP, NULL, MT_HELP_COMMON,
     "Record what the commands map themselves too, as domains mmap and mmap-file", 0},
    {"show", KEY_SHOW, NULL, MT_HELP_COMMON,
     "Let the commands write, to standard error. Without this their output is dropped", 0},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON,
     "Print JSON, with the figures of every run or benchmark", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, MT_HELP_COMMON, MT_HELP_COLOR, 0},
    {NULL, 0, NULL, 0, "Of two files of benchmarks:", 1},
    {"fail-above", KEY_FAIL_ABOVE, "PERCENT", MT_HELP_COMMON,
     "Exit with 1 when a benchmark is slower by more than PERCENT beyond doubt, or allocates more "
     "than that more",
     0},
    {"markdown", KEY_MARKDOWN, NULL, MT_HELP_COMMON,
     "Print a table in Markdown, for a comment on a change", 0},
    {0},
};

static size_t parse_runs(struct argp_state *state, const char *text) {
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || n < 1 || n > MT_SHIFT_MOST_VALUES)
        argp_error(state, "-r %s: needs a number from 1 to %d", text, MT_SHIFT_MOST_VALUES);
    return n;
}

/* words: FIRST... -- SECOND..., where the dashes become the end of the first. */
static void split(struct argp_state *state, struct compare *c, char **words) {
    size_t n = 0, at = 0, n_marks = 0;
    for (; words[n]; n++)
        if (strcmp(words[n], "--") == 0 && n_marks++ == 0)
            at = n;
    if (n_marks == 0 || at == 0 || !words[at + 1] || !words[0]) {
        argp_error(state, "give two commands, -- before each: memtrack compare -- ./old -- ./new");
        return;
    }
    if (n_marks > 1)
        argp_error(state, "give two commands; one with -- among its words goes into sh -c '...'");
    words[at] = NULL;
    c->commands[0] = words;
    c->commands[1] = words + at + 1;
    if (!words[0][0] || !words[at + 1][0])
        argp_error(state, "a command is empty");
}

/* Takes a file, unless dashes among the words say that they are commands. */
static error_t take_file(struct argp_state *state, struct compare *c, const char *file) {
    if (c->n_files == 0 && state->quoted)
        return ARGP_ERR_UNKNOWN;
    for (int i = state->next; c->n_files == 0 && i < state->argc; i++)
        if (strcmp(state->argv[i], "--") == 0)
            return ARGP_ERR_UNKNOWN;
    if (c->n_files == 2)
        argp_error(state, "give two files of benchmarks (got a third, %s)", file);
    c->benchmarks.files[c->n_files++] = file;
    return 0;
}

static void check(struct argp_state *state, const struct compare *c) {
    const struct mt_compare_benchmarks *b = &c->benchmarks;
    if (c->n_files == 0 && (b->markdown || b->fail_above_given))
        argp_error(state, "--%s goes with two files of benchmarks",
                   b->markdown ? "markdown" : "fail-above");
    if (c->n_files == 0)
        return;
    if (c->n_files == 1)
        argp_error(state, "give two commands, -- before each, or two files of benchmarks");
    if (c->of_commands)
        argp_error(state, "%s goes with commands, not with files of benchmarks", c->of_commands);
    if (b->markdown && c->shared.json)
        argp_error(state, "--markdown and --json exclude each other");
    if (strcmp(b->files[0], "-") == 0 && strcmp(b->files[1], "-") == 0)
        argp_error(state, "give a file for one side: both are standard input");
}

/* The options that only commands have. */
static bool parse_run(int key, char *text, struct argp_state *state, struct compare *c) {
    switch (key) {
    case 'r':
        c->n_runs = parse_runs(state, text);
        return c->of_commands = "-r", true;
    case 'i':
        c->ignore_failure = true;
        return c->of_commands = "-i", true;
    case KEY_WARMUP:
        c->warmup = true;
        return c->of_commands = "--warmup", true;
    case KEY_MMAP:
        c->mmap = true;
        return c->of_commands = "--mmap", true;
    case KEY_SHOW:
        c->show = true;
        return c->of_commands = "--show", true;
    case KEY_INPUT:
        c->input = text;
        return c->of_commands = "--input", true;
    default:
        return false;
    }
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct compare *c = state->input;
    switch (key) {
    case KEY_MARKDOWN:
        return c->benchmarks.markdown = true, 0;
    case KEY_FAIL_ABOVE:
        c->benchmarks.fail_above_percent = mt_options_percent(state, "--fail-above", text);
        return c->benchmarks.fail_above_given = true, 0;
    case ARGP_KEY_ARG:
        return take_file(state, c, text);
    case ARGP_KEY_ARGS:
        split(state, c, state->argv + state->next);
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "give two commands: memtrack compare -- ./old -- ./new");
        return 0;
    case ARGP_KEY_END:
        check(state, c);
        return 0;
    default:
        return parse_run(key, text, state, c) || mt_options_parse(key, text, state, &c->shared)
                   ? 0
                   : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_compare_argp = {
    .options = table,
    .parser = parse,
    .args_doc = "-- COMMAND [ARGUMENT...] -- COMMAND [ARGUMENT...]\nOLD.json NEW.json",
    .doc = "Run two commands several times in turns, and compare their memory and time. Or "
           "compare two files of benchmarks.\vExample: memtrack compare -r 10 -- ./old -- "
           "./new\n\nFigures are "
           "medians. The lowest and the highest stand below them when these differ. The "
           "difference is the median of the differences between each run of one and each of "
           "the other. Its interval stands beside it. Of several processes, peak and RSS "
           "are those of the largest, and other figures are sums. The time is that under "
           "the tracker.\n\nOLD.json and NEW.json have results of benchmarks: of "
           "memtrack/benchmark.h (MEMTRACK_BENCHMARK_FORMAT=json), of Google Benchmark "
           "(--benchmark_format=json), or in Bencher's form. They are compared by name, in the "
           "same way. Allocations and peaks are shown where they differ.\n\nExit status: 0, "
           "1 more than --fail-above, 2 wrong usage, 3 a command failed, or a file cannot be "
           "read.",
};

/* ---- running --------------------------------------------------------------------------------- */

static int measure(struct compare *c, struct mt_measurement *measurement, struct mt_error *error) {
    char **paths;
    size_t n;
    int rc = mt_measured_paths(c->directory, &paths, &n, error);
    *measurement = (struct mt_measurement){0};
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct mt_profile *profile;
        rc = mt_subject_load(paths[i], &profile, error);
        if (rc == 0) {
            mt_measure_add(measurement, profile);
            mt_profile_free(profile);
        }
    }
    mt_measured_paths_free(paths, n);
    return rc;
}

/* The end of what the run wrote to standard error: whole lines. */
static void print_tail(const struct compare *c) {
    char tail[TAIL_BYTES + 1];
    struct mt_terminal terminal;
    FILE *file = c->show ? NULL : fopen(c->errors, "re");
    if (!file)
        return;
    bool cut = fseek(file, -TAIL_BYTES, SEEK_END) == 0;
    if (!cut)
        rewind(file);
    size_t n = fread(tail, 1, TAIL_BYTES, file);
    fclose(file);
    tail[n] = 0;
    char *state, *begin = cut && strchr(tail, '\n') ? strchr(tail, '\n') + 1 : tail;
    mt_terminal_init(&terminal, stderr, c->shared.color);
    for (char *line = strtok_r(begin, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        fputs("  | ", stderr);
        mt_terminal_put(&terminal, MT_STYLE_NONE, line);
        fputc('\n', stderr);
    }
}

static int failed_run(const struct compare *c, size_t side, size_t run, int status,
                      struct mt_error *error) {
    const char *program = c->commands[side][0];
    if (mt_measured_stopped())
        return mt_error_set(error, MEMTRACK_EIO, "", "interrupted in run %zu of %s", run, program);
    print_tail(c);
    if (status > 128)
        return mt_error_set(error, MEMTRACK_EIO, "-i ignores failures.",
                            "%s ended with status %d (signal %d: %s) in run %zu", program, status,
                            status - 128, strsignal(status - 128), run);
    bool ran = status < 125 || status > 127;
    return mt_error_set(error, MEMTRACK_EIO,
                        ran ? "-i ignores failures." : "See the messages above.",
                        "%s %s status %d in run %zu", program,
                        ran ? "ended with" : "could not be recorded:", status, run);
}

/* 125 to 127 are memtrack's own: nothing was recorded, whatever -i says. */
static bool is_failure(const struct compare *c, int status) {
    return status != 0 && (!c->ignore_failure || (status >= 125 && status <= 127));
}

static int run_once(struct compare *c, size_t side, size_t run, struct mt_measurement *measurement,
                    struct mt_error *error) {
    const struct mt_measured_run how = {
        .program = c->commands[side],
        .directory = c->directory,
        .input = c->input ? c->input : "/dev/null",
        .output = c->show ? NULL : "/dev/null",
        .output_to_errors = c->show,
        .errors = c->show ? NULL : c->errors,
        .mmap = c->mmap,
    };
    int status = 0, rc = mt_measured_run(&how, &status, error);
    if (rc == 0 && (mt_measured_stopped() || is_failure(c, status)))
        rc = failed_run(c, side, run, status, error);
    if (rc == 0) {
        rc = measure(c, measurement, error);
        if (rc == -MEMTRACK_ENOTFOUND) {
            print_tail(c);
            mt_error_set(error, MEMTRACK_ENOTFOUND, "See the messages above.",
                         "nothing was recorded in run %zu of %s", run, c->commands[side][0]);
        }
    }
    mt_measured_empty(c->directory, true);
    return rc;
}

static void show_progress(const struct compare *c, size_t done) {
    if (isatty(STDERR_FILENO) && !c->show)
        fprintf(stderr, done < 2 * c->n_runs ? "\rrun %zu of %zu\033[K" : "\r\033[K", done + 1,
                2 * c->n_runs);
}

static int run_all(struct compare *c, struct mt_error *error) {
    struct mt_measurement unused;
    int rc = 0;
    for (size_t side = 0; side < 2 && c->warmup && rc == 0; side++)
        rc = run_once(c, side, 0, &unused, error);
    for (size_t i = 0; i < 2 * c->n_runs && rc == 0; i++) {
        size_t round = i / 2, side = (i + round) % 2;
        show_progress(c, i);
        rc = run_once(c, side, round + 1, &c->runs[side][round], error);
    }
    show_progress(c, 2 * c->n_runs);
    return rc;
}

static int tell(const struct compare *c, struct mt_error *error) {
    const struct mt_measurement *const runs[2] = {c->runs[0], c->runs[1]};
    char *const *const commands[2] = {c->commands[0], c->commands[1]};
    struct mt_comparison comparison;
    int rc = mt_comparison_build(runs, c->n_runs, &comparison, error);
    const struct mt_export thing = {
        .what = MT_EXPORT_COMPARISON,
        .comparison = {&comparison, commands},
    };
    if (rc == 0 && c->shared.json)
        rc = mt_export(stdout, &thing, MT_EXPORT_JSON, error);
    else if (rc == 0)
        mt_compare_table_print(commands, &comparison, c->shared.color);
    mt_comparison_free(&comparison);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int prepare(struct compare *c, struct mt_error *error) {
    mt_measured_watch_signals();
    if (c->input && access(c->input, R_OK) != 0)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give --input a file that can be read.",
                            "cannot read %s: %s", c->input, strerror(errno));
    int rc = mt_measured_directory(NULL, &c->directory, error);
    if (rc != 0)
        return rc;
    for (size_t side = 0; side < 2; side++)
        c->runs[side] = calloc(c->n_runs, sizeof *c->runs[side]);
    if (!c->runs[0] || !c->runs[1] || asprintf(&c->errors, "%s/errors", c->directory) < 0) {
        c->errors = NULL;
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    return 0;
}

/* A signal may end us from here on. */
static void clean(struct compare *c) {
    if (c->directory) {
        mt_measured_empty(c->directory, true);
        rmdir(c->directory);
    }
    free(c->directory);
    free(c->errors);
}

static int compare_commands(struct compare *c, struct mt_error *error) {
    int rc = prepare(c, error);
    if (rc == 0)
        rc = run_all(c, error);
    clean(c);
    mt_measured_end_by_signal();
    if (rc == 0)
        rc = tell(c, error);
    free(c->runs[0]);
    free(c->runs[1]);
    return rc;
}

int mt_compare_command(int argc, char **argv) {
    struct compare c = {.shared.program = argv[0], .n_runs = DEFAULT_RUNS};
    struct mt_error error = {{0}, {0}};
    mt_help_parse(&mt_compare_argp, argc, argv, ARGP_IN_ORDER, &c);
    int rc = c.n_files ? mt_compare_benchmarks_tell(&c.benchmarks, &c.shared, &error)
                       : compare_commands(&c, &error);
    return mt_command_end(c.shared.program, rc, &error);
}
