/* SPDX-License-Identifier: MIT */
/*
 * memtrack compare: run two commands in turns, read what each run has recorded, say what differs.
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
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "export/export.h"
#include "run/measured.h"
#include "text/terminal.h"
#include "view/compare/comparison.h"
#include "view/format/format.h"
#include "view/subject.h"

enum key { KEY_WARMUP = 256, KEY_SHOW, KEY_INPUT, KEY_MMAP };
enum { DEFAULT_RUNS = 5, TAIL_BYTES = 2048 };

struct compare {
    struct mt_options_shared shared;
    char **commands[2]; /* NULL at the end of each */
    size_t n_runs;
    bool warmup, show, ignore_failure, mmap;
    const char *input;
    char *directory, *errors; /* of the run; where standard error of a run goes */
    struct mt_measurement *runs[2];
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
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON, with the figures of every run", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, MT_HELP_COMMON, MT_HELP_COLOR, 0},
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

static error_t parse(int key, char *text, struct argp_state *state) {
    struct compare *c = state->input;
    switch (key) {
    case 'r':
        c->n_runs = parse_runs(state, text);
        return 0;
    case 'i':
        return c->ignore_failure = true, 0;
    case KEY_WARMUP:
        return c->warmup = true, 0;
    case KEY_MMAP:
        return c->mmap = true, 0;
    case KEY_SHOW:
        return c->show = true, 0;
    case KEY_INPUT:
        c->input = text;
        return 0;
    case ARGP_KEY_ARGS:
        split(state, c, state->argv + state->next);
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "give two commands: memtrack compare -- ./old -- ./new");
        return 0;
    default:
        return mt_options_parse(key, text, state, &c->shared) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_compare_argp = {
    .options = table,
    .parser = parse,
    .args_doc = "-- COMMAND [ARGUMENT...] -- COMMAND [ARGUMENT...]",
    .doc = "Run two commands several times in turns, and compare their memory and "
           "time.\vExample: memtrack compare -r 10 -- ./old -- ./new\n\nFigures are "
           "medians. The lowest and the highest stand below them when these differ. The "
           "difference is the median of the differences between each run of one and each of "
           "the other. Its interval stands beside it. Of several processes, peak and RSS "
           "are those of the largest, and other figures are sums. The time is that under "
           "the tracker.\n\nExit status: 0, 2 wrong usage, 3 a command failed or could not "
           "be recorded.",
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

/* ---- printing -------------------------------------------------------------------------------- */

enum { LABEL = 10, FIGURE = 14, DIFFERENCE = 15, PERCENT = 9 };

/* "45.2 MiB", "1,234", "1.83 s". */
static char *format(char text[MT_FORMAT_BYTES], enum mt_measure measure, double value) {
    const char *unit = mt_measure_unit(measure);
    if (strcmp(unit, "ns") == 0)
        return mt_format_duration(text, (uint64_t)llround(value));
    return strcmp(unit, "bytes") == 0 ? mt_format_size(text, llround(value), false)
                                      : mt_format_count(text, llround(value));
}

static char *format_difference(char text[MT_FORMAT_BYTES + 1], enum mt_measure measure,
                               double value) {
    text[0] = value < 0 ? '-' : '+';
    format(text + (value == 0 ? 0 : 1), measure, fabs(value));
    return text;
}

static const char *format_percent(char text[MT_FORMAT_BYTES], const struct mt_compared *compared) {
    double median = compared->range[0].median, percent = compared->shift.estimate / median * 100;
    if (!(median > 0) || percent == 0)
        return "";
    if (fabs(percent) < 0.05)
        return "<0.1%";
    snprintf(text, MT_FORMAT_BYTES, fabs(percent) < 1000 ? "%+.1f%%" : "%+.0f%%", percent);
    return text;
}

static const char *verdict_of(const struct mt_comparison *comparison,
                              const struct mt_compared *compared) {
    static const char *const words[] = {"the same", "less", "more", "within the spread"};
    if (comparison->n_runs == 1 && compared->verdict != MT_SHIFT_SAME)
        return "spread unknown";
    return words[compared->verdict];
}

static void print_line(const struct mt_terminal *terminal, enum mt_terminal_style style,
                       const char *label, const char *const columns[3]) {
    fprintf(terminal->stream, "%s %-*s%*s%*s%*s%s", mt_terminal_style(terminal, style), LABEL,
            label, FIGURE, columns[0], FIGURE, columns[1], DIFFERENCE, columns[2],
            mt_terminal_style(terminal, MT_STYLE_NONE));
}

static void print_bounds(const struct mt_terminal *terminal, enum mt_measure measure,
                         const struct mt_compared *of) {
    char first[MT_FORMAT_BYTES], second[MT_FORMAT_BYTES], difference[MT_FORMAT_BYTES + 1];
    const struct mt_range *one = &of->range[0], *other = &of->range[1];
    if (one->min == one->max && other->min == other->max)
        return;
    const char *lowest[] = {format(first, measure, one->min), format(second, measure, other->min),
                            format_difference(difference, measure, of->shift.low)};
    print_line(terminal, MT_STYLE_DIM, "  lowest", lowest);
    fputc('\n', terminal->stream);
    const char *highest[] = {format(first, measure, one->max), format(second, measure, other->max),
                             format_difference(difference, measure, of->shift.high)};
    print_line(terminal, MT_STYLE_DIM, "  highest", highest);
    fputc('\n', terminal->stream);
}

static void print_measure(const struct mt_terminal *terminal,
                          const struct mt_comparison *comparison, enum mt_measure measure) {
    char first[MT_FORMAT_BYTES], second[MT_FORMAT_BYTES], difference[MT_FORMAT_BYTES + 1],
        percent[MT_FORMAT_BYTES];
    const struct mt_compared *of = &comparison->of[measure];
    if (!of->known)
        return;
    const char *columns[] = {format(first, measure, of->range[0].median),
                             format(second, measure, of->range[1].median),
                             format_difference(difference, measure, of->shift.estimate)};
    print_line(terminal, MT_STYLE_NONE, mt_measure_label(measure), columns);
    fprintf(terminal->stream, "%*s", PERCENT, format_percent(percent, of));
    bool differs = of->verdict == MT_SHIFT_LESS || of->verdict == MT_SHIFT_MORE;
    fputs("  ", terminal->stream);
    mt_terminal_put(terminal, differs ? MT_STYLE_BOLD : MT_STYLE_DIM, verdict_of(comparison, of));
    fputc('\n', terminal->stream);
    print_bounds(terminal, measure, of);
}

static void print_command(const struct mt_terminal *terminal, int number, char *const *command) {
    fprintf(terminal->stream, " %d ", number);
    for (; *command; command++) {
        fputc(' ', terminal->stream);
        mt_terminal_put(terminal, MT_STYLE_BOLD, *command);
    }
    fputc('\n', terminal->stream);
}

/* Said once, as it is the same for every row. */
static void print_meaning(const struct mt_terminal *terminal,
                          const struct mt_comparison *comparison) {
    char text[256];
    double confidence = comparison->of[MT_MEASURE_PEAK].shift.confidence;
    if (comparison->n_runs == 1)
        snprintf(text, sizeof text,
                 "One run of each does not show the spread: -r N runs them more often.");
    else
        snprintf(text, sizeof text,
                 "Medians of %zu runs each, in turns. With %.0f%% confidence the difference lies "
                 "between its lowest and highest. Within the spread: no difference shown.%s",
                 comparison->n_runs, floor(confidence * 100),
                 confidence < 0.9 ? " So few runs prove little: -r N runs them more often." : "");
    fputs("\n ", terminal->stream);
    mt_terminal_put_wrapped(terminal, 1, MT_STYLE_DIM, text);
    fputc('\n', terminal->stream);
}

static void print_text(const struct compare *c, const struct mt_comparison *comparison) {
    static const char *const heads[] = {"1", "2", "2 - 1"};
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, c->shared.color);
    print_command(&terminal, 1, c->commands[0]);
    print_command(&terminal, 2, c->commands[1]);
    fputc('\n', stdout);
    print_line(&terminal, MT_STYLE_BOLD, "", heads);
    fputc('\n', stdout);
    for (enum mt_measure measure = 0; measure < MT_N_MEASURES; measure++)
        print_measure(&terminal, comparison, measure);
    print_meaning(&terminal, comparison);
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
        print_text(c, &comparison);
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

int mt_compare_command(int argc, char **argv) {
    struct compare c = {.shared.program = argv[0], .n_runs = DEFAULT_RUNS};
    struct mt_error error = {{0}, {0}};
    mt_help_parse(&mt_compare_argp, argc, argv, ARGP_IN_ORDER, &c);
    int rc = prepare(&c, &error);
    if (rc == 0)
        rc = run_all(&c, &error);
    clean(&c);
    mt_measured_end_by_signal();
    if (rc == 0)
        rc = tell(&c, &error);
    free(c.runs[0]);
    free(c.runs[1]);
    return mt_command_end(c.shared.program, rc, &error);
}
