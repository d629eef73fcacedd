/* SPDX-License-Identifier: MIT */
/*
 * A broken budget is two short lines and a command alone on its own, to be copied:
 *
 *     broken  new.pb.gz: live at exit 3.4 MiB, 2.4 MiB (237%) over the budget of 1.0 MiB
 *             words.c:29 add_line_number holds 1.5 MiB (45%)
 *       memtrack report --by stack --sort live new.pb.gz
 *
 * The first one says what and where by itself, to be found by grep. What concerns all profiles goes
 * to standard error.
 */
#include "check/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/export.h"
#include "launch/target.h"
#include "text/terminal.h"
#include "view/budget/sentence.h"
#include "view/format/format.h"
#include "view/worktree.h"

enum { SUMMARY_BYTES = 1 << 20 /* of a step; GitHub shows nothing of a larger one */ };

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_shown(const struct mt_check_request *o, const struct mt_finding *finding) {
    if (finding->outcome == MT_OUTCOME_KEPT)
        return o->verbose;
    return mt_finding_fails(finding) || !o->shared.quiet;
}

/* One line, however long. */
static void print_line(const struct mt_terminal *terminal, enum mt_terminal_style style,
                       const char *word, const char *path, const char *text) {
    fprintf(terminal->stream, "%s%-7s%s ", mt_terminal_style(terminal, style), word,
            mt_terminal_style(terminal, MT_STYLE_NONE));
    mt_terminal_put(terminal, MT_STYLE_BOLD, path);
    fputs(": ", terminal->stream);
    mt_terminal_put(terminal, MT_STYLE_NONE, text);
    fputc('\n', terminal->stream);
}

static void print_more(const struct mt_terminal *terminal, enum mt_terminal_style style,
                       const char *indent, const char *text) {
    if (!text || !*text)
        return;
    fputs(indent, terminal->stream);
    mt_terminal_put(terminal, style, text);
    fputc('\n', terminal->stream);
}

static void print_finding(const struct mt_terminal *terminal, const struct mt_checked *checked,
                          const struct mt_finding *finding, const char *root) {
    static const enum mt_terminal_style styles[] = {MT_STYLE_DIM, MT_STYLE_SOURCE, MT_STYLE_ERROR,
                                                    MT_STYLE_WARN};
    char *claim = mt_sentence_claim(finding), *where = mt_sentence_where(finding, root),
         *next = mt_sentence_next(finding, checked->path);
    print_line(terminal, styles[finding->outcome], mt_finding_outcome_name(finding->outcome),
               checked->path, claim);
    print_more(terminal, MT_STYLE_NONE, "        ", where);
    print_more(terminal, MT_STYLE_DIM, "  ", next);
    free(claim);
    free(where);
    free(next);
}

static void print_doubts(const struct mt_check_request *o, const struct mt_checked *checked) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stderr, o->shared.color);
    for (size_t i = 0; i < checked->findings.n_doubts; i++)
        print_line(&terminal, MT_STYLE_WARN, "note", checked->path, checked->findings.doubts[i]);
}

/* What was found not to be a leak, in one place however many profiles there are. */
static void print_kept(const struct mt_check_output *output) {
    uint64_t blocks = 0, bytes = 0;
    char size[MT_FORMAT_BYTES], count[MT_FORMAT_BYTES];
    for (size_t i = 0; i < output->n; i++)
        for (size_t k = 0; k < output->checked[i].findings.n; k++) {
            blocks += output->checked[i].findings.items[k].kept_blocks;
            bytes += output->checked[i].findings.items[k].kept_bytes;
        }
    if (blocks)
        fprintf(stderr, "; not counted: %s block%s (%s) that the language's runtime keeps",
                mt_format_count(count, (int64_t)blocks), blocks == 1 ? "" : "s",
                mt_format_size(size, (int64_t)bytes, false));
}

static void print_count(const struct mt_check_output *output) {
    char *count = output->n ? mt_export_check_count(output->checked, output->n) : NULL;
    if (!count)
        return;
    fprintf(stderr, "%s: %s", output->options->shared.program, count);
    if (output->n_others)
        fprintf(stderr, "; not checked: %zu process%s of other programs", output->n_others,
                output->n_others == 1 ? "" : "es");
    print_kept(output);
    fputc('\n', stderr);
    free(count);
}

/* What could not be run at all has been told by whoever tried. */
static void print_run(const struct mt_check_output *output) {
    const struct mt_check_run *run = output->run;
    char *message = mt_export_check_run_message(run);
    if (message && *message && !run->problem &&
        (run->status < MT_EXIT_FAILED || run->status > MT_EXIT_NOT_FOUND))
        fprintf(stderr, "%s: %s\n", output->options->shared.program, message);
    free(message);
}

static void print_text(const struct mt_check_output *output, FILE *stream, const char *root) {
    const struct mt_check_request *o = output->options;
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stream, o->shared.color);
    for (size_t i = 0; i < output->n; i++) {
        const struct mt_checked *checked = &output->checked[i];
        if (!o->shared.quiet)
            print_doubts(o, checked);
        for (size_t k = 0; k < checked->findings.n; k++)
            if (is_shown(o, &checked->findings.items[k]))
                print_finding(&terminal, checked, &checked->findings.items[k], root);
    }
    fflush(stream);
    if (!o->shared.quiet)
        print_count(output);
    if (output->run)
        print_run(output);
}

/* ---- files ----------------------------------------------------------------------------------- */

static int cannot_write(const char *path, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EIO,
                        "Make room, or give --junit a file in a directory that can be written to.",
                        "cannot write %s: %s", path, strerror(errno));
}

int mt_check_output_prepare(const struct mt_check_request *options, struct mt_error *error) {
    FILE *file = options->junit ? fopen(options->junit, "we") : NULL;
    if (!options->junit || (file && fclose(file) == 0))
        return 0;
    return cannot_write(options->junit, error);
}

static int export(const struct mt_check_output *output, FILE *stream, enum mt_export_format format,
                  const char *root, size_t limit_bytes, struct mt_error *error) {
    const struct mt_export thing = {
        .what = MT_EXPORT_CHECK,
        .check = {output->checked, output->n, output->run, root, limit_bytes},
    };
    return mt_export(stream, &thing, format, error);
}

static int write_junit(const struct mt_check_output *output, const char *root,
                       struct mt_error *error) {
    const char *path = output->options->junit;
    FILE *file = fopen(path, "we");
    if (!file)
        return cannot_write(path, error);
    int rc = export(output, file, MT_EXPORT_JUNIT, root, 0, error);
    if (fclose(file) != 0 && rc == 0)
        rc = cannot_write(path, error);
    return rc;
}

/* Returns why not, or NULL. What is there already is of earlier commands of the same step. */
static const char *append_summary(const struct mt_check_output *output, const char *path,
                                  const char *root) {
    struct mt_error error = {{0}, {0}};
    struct stat status;
    /* NONBLOCK: a pipe that nobody reads is no place for it */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (!file)
        return strerror(errno);
    size_t had = fstat(fd, &status) == 0 && status.st_size > 0 ? (size_t)status.st_size : 0;
    bool is_full = had + 4096 > SUMMARY_BYTES;
    int rc =
        is_full ? 0 : export(output, file, MT_EXPORT_MARKDOWN, root, SUMMARY_BYTES - had, &error);
    if (fclose(file) != 0 || rc != 0)
        return strerror(errno);
    return is_full ? "it has the 1 MiB that GitHub shows" : NULL;
}

/* Nobody's verdict depends on whether it is shown: a problem is told, and that is all. */
static void summarize(const struct mt_check_output *output, const char *root) {
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    const char *why = path && *path ? append_summary(output, path, root) : NULL;
    if (why)
        mt_terminal_print_problem(output->options->shared.program, "The log has all of it.",
                                  "no summary in %.300s: %s", path, why);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int print(const struct mt_check_output *output, FILE *stream, const char *root,
                 struct mt_error *error) {
    const struct mt_check_request *o = output->options;
    if (o->has_format)
        return export(output, stream, o->format, root, 0, error);
    print_text(output, stream, root);
    return o->github ? export(output, stream, MT_EXPORT_GITHUB, root, 0, error) : 0;
}

int mt_check_output_put(const struct mt_check_output *output, FILE *stream,
                        struct mt_error *error) {
    const struct mt_check_request *o = output->options;
    char *root = mt_worktree_find();
    int rc = print(output, stream, root, error);
    if (rc == 0 && o->junit)
        rc = write_junit(output, root, error);
    if (o->github || (o->has_format && o->format == MT_EXPORT_GITHUB))
        summarize(output, root);
    free(root);
    return rc;
}
