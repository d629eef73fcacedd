/* SPDX-License-Identifier: MIT */
/*
 * What run says at the end, all of it on stderr: the summary of the program, a line for each of the
 * largest children, and every problem. When nothing was recorded it says that, with what is known
 * about the reason; zeros are printed only for a program that was watched and allocated nothing.
 */
#include "run/report.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "export/export.h"
#include "run/processes.h"
#include "run/summary.h"
#include "text/lines.h"
#include "text/lines_table.h"
#include "text/table.h"
#include "view/format/format.h"
#include "view/lines/lines.h"
#include "view/processes/merged.h"
#include "view/refused.h"

enum { MERGED_LINES = 5, MOST_MERGED = 64 /* read again for the summary */ };
enum { MAX_PROBLEMS = 5, SMALLEST_ROOM = 1 << 20, TIGHT_MEMORY = 64 << 20 };
static const char us[] = "memtrack run";

/* ---- several processes ----------------------------------------------------------------------- */

static size_t count_profiles(const struct mt_processes *processes) {
    size_t n = 0;
    for (size_t i = 0; i < processes->n; i++)
        n += processes->items[i].file != NULL;
    return n;
}

/* Rows of all profiles together; what is said of them on the screen needs the largest alone. */
static int merge(const struct mt_finish *finish, size_t most, struct mt_profile **merged,
                 size_t *n_merged, struct mt_error *error) {
    const struct mt_merged_options options = {.most = most};
    return mt_merged_load(finish->convert.directory->path, &finish->processes, &options, merged,
                          n_merged, error);
}

static void put_lines_heading(const struct mt_terminal *t, size_t n_merged, size_t n) {
    const char *dim = mt_terminal_style(t, MT_STYLE_DIM), *none = mt_terminal_style(t, 0);
    if (n == 1)
        fprintf(t->stream, "\n");
    else if (n_merged < n)
        fprintf(t->stream, "\n%sof the %zu processes with the highest peaks, each at its own:%s\n",
                dim, n_merged, none);
    else
        fprintf(t->stream, "\n%sof all %zu, each at its own peak:%s\n", dim, n, none);
}

/* Returns the rows of the largest processes, and their profile; NULL: it has said why not. */
static struct mt_rows *merged_rows(const struct mt_run_request *options,
                                   const struct mt_finish *finish, struct mt_profile **merged,
                                   size_t *n_merged) {
    struct mt_view_options view = {.by = MT_BY_LINE,
                                   .sort = MT_VALUE_PEAK_BYTES,
                                   .wrappers = mt_charged_wrappers(&options->charged)};
    struct mt_rows *rows = NULL;
    struct mt_error error = {{0}, {0}};
    int rc = merge(finish, MOST_MERGED, merged, n_merged, &error);
    if (rc == 0)
        rc = mt_rows_build(*merged, &view, &rows, &error);
    if (rc != 0)
        mt_terminal_print_error(us, &error);
    return rows;
}

/* Each of the profiles says it, and what stands in for them all has to. */
static void add_bound(const struct mt_run_request *options, const struct mt_processes *processes,
                      struct mt_summary *lines) {
    char lasted[MT_FORMAT_BYTES], late[64] = "";
    size_t n = 0;
    for (size_t i = 0; i < processes->n; i++)
        n += processes->items[i].is_late && processes->items[i].image == 0;
    if (n == 0 && (options->shared.for_ns == 0 || processes->duration_ns < options->shared.for_ns))
        return;
    if (n)
        snprintf(late, sizeof late, ", nor are the %zu process%s that began later", n,
                 n == 1 ? "" : "es");
    mt_summary_add(lines, lines->n ? "" : "coverage", true,
                   "Recorded for %s, as --for says: later allocations are not counted%s.",
                   mt_format_duration(lasted, options->shared.for_ns), late);
}

/* What was not seen at all. What single processes have to say is told by the report: a build has a
 * hundred of them, and each has a note. */
static void print_coverage(const struct mt_terminal *terminal, const struct mt_run_request *options,
                           const struct mt_finish *finish, const struct mt_profile *program,
                           struct mt_profile *merged, const struct mt_rows *rows) {
    struct mt_summary_format format = mt_lines_format(terminal, false, false);
    struct mt_summary lines = {0};
    const char *directory = finish->convert.directory->path;
    size_t n_notes = merged->info.n_notes;
    merged->info.n_notes =
        mt_processes_left_out(&finish->processes) != NULL; /* its note is first */
    mt_summary_coverage(rows, &format, &lines);
    size_t n_single = n_notes - merged->info.n_notes;
    merged->info.n_notes = n_notes;
    add_bound(options, &finish->processes, &lines);
    for (size_t i = 0; program && i < program->info.n_notes; i++) {
        const char *note = mt_profile_text(program, program->info.notes[i]);
        if (strncmp(note, "Not recorded", 12) == 0)
            mt_summary_add(&lines, "", true, "%s", note);
    }
    if (n_single && directory)
        mt_summary_add(&lines, "", false, "%zu note%s on single processes: memtrack report %s",
                       n_single, n_single == 1 ? "" : "s", directory);
    mt_lines_print(terminal, &lines);
}

static void print_lines(const struct mt_terminal *terminal, const struct mt_rows *rows,
                        size_t n_merged, size_t n) {
    struct mt_table_options table = {.n = MERGED_LINES, .is_brief = true, .n_columns = 1};
    if (mt_rows_all(rows)->value[MT_VALUE_PEAK_BYTES] == 0)
        return;
    put_lines_heading(terminal, n_merged, n);
    mt_table_print(terminal, rows, &table);
}

static void print_next(const struct mt_terminal *terminal, const struct mt_run_request *options,
                       const struct mt_finish *finish) {
    const char *directory = finish->convert.directory->path;
    const struct mt_process *program = mt_processes_main(&finish->processes);
    struct mt_summary next = {0};
    fputc('\n', terminal->stream);
    if (directory && options->n_lines)
        mt_summary_add(&next, "next", false, "memtrack annotate %s", directory);
    else if (directory)
        mt_summary_add(&next, "next", false, "memtrack report %s --by process", directory);
    else if (program && program->file)
        mt_summary_add(&next, "next", false, "memtrack report %s", program->file);
    mt_lines_print_styled(terminal, &next, MT_STYLE_BOLD);
}

static void print_tree(const struct mt_run_request *options, const struct mt_finish *finish,
                       const struct mt_profile *program) {
    struct mt_terminal terminal;
    struct mt_profile *merged = NULL;
    size_t n_merged = 0;
    struct mt_rows *rows = merged_rows(options, finish, &merged, &n_merged);
    mt_terminal_init(&terminal, stderr, options->shared.color);
    mt_run_processes_print_head(&terminal, &finish->processes, options->program);
    if (rows)
        print_coverage(&terminal, options, finish, program, merged, rows);
    fputc('\n', stderr);
    mt_run_processes_print(&terminal, &finish->processes);
    if (rows)
        print_lines(&terminal, rows, n_merged, count_profiles(&finish->processes));
    print_next(&terminal, options, finish);
    mt_rows_free(rows);
    mt_profile_free(merged);
}

/* Beside one profile there are processes that have none. */
static void print_others(const struct mt_run_request *options, const struct mt_finish *finish,
                         const struct mt_profile *program, bool is_tree) {
    struct mt_terminal terminal;
    if (is_tree)
        print_tree(options, finish, program);
    else if (finish->processes.n > 1) {
        mt_terminal_init(&terminal, stderr, options->shared.color);
        fputc('\n', stderr);
        mt_run_processes_print(&terminal, &finish->processes);
    }
}

static void print_tree_json(const struct mt_run_request *options, const struct mt_finish *finish) {
    struct mt_view_options view = {.by = MT_BY_LINE,
                                   .sort = MT_VALUE_PEAK_BYTES,
                                   .wrappers = mt_charged_wrappers(&options->charged)};
    struct mt_profile *merged = NULL;
    struct mt_rows *rows = NULL;
    struct mt_error error = {{0}, {0}};
    int rc = merge(finish, 0, &merged, NULL, &error);
    if (rc == 0)
        rc = mt_rows_build(merged, &view, &rows, &error);
    const struct mt_export thing = {.what = MT_EXPORT_REPORT,
                                    .report = {.rows = rows, .processes = &finish->processes}};
    if (rc == 0)
        rc = mt_export(stderr, &thing, MT_EXPORT_JSON, &error);
    if (rc != 0)
        mt_terminal_print_error(us, &error);
    mt_rows_free(rows);
    mt_profile_free(merged);
}

/* ---- problems -------------------------------------------------------------------------------- */

static void print_problems(const struct mt_finish *finish) {
    size_t n = 0;
    for (size_t i = 0; i < finish->n_results; i++) {
        const struct mt_result *result = &finish->results[i];
        if (!result->problem.message[0])
            continue;
        if (n++ < MAX_PROBLEMS)
            mt_terminal_print_error(us, &result->problem);
        if (result->is_kept && n <= MAX_PROBLEMS)
            fprintf(stderr, "  memtrack report %s\n", result->file);
    }
    if (finish->convert.directory->problem.message[0])
        mt_terminal_print_error(us, &finish->convert.directory->problem);
    if (n > MAX_PROBLEMS)
        mt_terminal_print_problem(us, NULL, "%zu more profile%s with such a problem",
                                  n - MAX_PROBLEMS, n - MAX_PROBLEMS == 1 ? "" : "s");
}

struct reason {
    char why[256];
    const char *hint;
};

static bool is_tight(__rlimit_resource_t resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur < TIGHT_MEMORY;
}

/* Returns false when nothing speaks for the place of the ledgers being the reason. */
static bool blame_the_place(const struct mt_session *session, struct reason *reason) {
    struct rlimit limit;
    if (access(session->path, F_OK) != 0) {
        snprintf(reason->why, sizeof reason->why,
                 "the directory of its ledger, %.180s, was removed during the run", session->path);
        reason->hint = "Leave it alone, or set MEMTRACK_DIR to a directory that stays.";
    } else if (mt_session_room(session) < SMALLEST_ROOM) {
        snprintf(reason->why, sizeof reason->why, "there is no room for a ledger in %.200s",
                 session->path);
        reason->hint = "Set MEMTRACK_DIR to a directory with more room.";
    } else if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < SMALLEST_ROOM) {
        snprintf(reason->why, sizeof reason->why,
                 "the file size limit of %llu bytes leaves no room for a ledger",
                 (unsigned long long)limit.rlim_cur);
        reason->hint = "Raise it with ulimit -f.";
    } else if (is_tight(RLIMIT_DATA) || is_tight(RLIMIT_AS)) {
        snprintf(reason->why, sizeof reason->why,
                 "the limit of its memory (ulimit %s) leaves no room for the tracker",
                 is_tight(RLIMIT_DATA) ? "-d" : "-v");
        reason->hint = "Raise it, or lift it with ulimit -d unlimited -v unlimited.";
    } else
        return false;
    return true;
}

/* Prints the reason that fits best what was seen, and what to do about it. */
static void explain_nothing(const struct mt_target *target, const struct mt_launched *child,
                            const struct mt_session *session, const char *program) {
    struct reason reason = {"", ""};
    if (blame_the_place(session, &reason))
        ;
    else if (WIFSIGNALED(child->wait_status))
        snprintf(reason.why, sizeof reason.why,
                 "signal %d (%s) ended it before its first allocation",
                 WTERMSIG(child->wait_status), strsignal(WTERMSIG(child->wait_status)));
    else if (target->is_unreadable) {
        snprintf(reason.why, sizeof reason.why,
                 "its file may be executed but not read, and may be static or privileged");
        reason.hint = "Make the file readable to see why.";
    } else {
        snprintf(reason.why, sizeof reason.why,
                 "the tracker did not start in it: it ended before, or cleared its environment "
                 "and executed another program");
        reason.hint = "See its messages above. If it only starts another program, name that one.";
    }
    mt_terminal_print_problem(us, reason.hint, "nothing was recorded of %s: %s", program,
                              reason.why);
}

static const struct mt_result *main_result(const struct mt_finish *finish) {
    for (size_t i = finish->n_results; i-- > 0;)
        if (finish->results[i].is_main)
            return &finish->results[i];
    return NULL;
}

/* Prints the functions of --lines, line by line; quiet: only that there are none. */
static void print_line_by_line(const struct mt_run_request *options,
                               const struct mt_profile *profile) {
    struct mt_lines lines;
    struct mt_error error;
    struct mt_terminal terminal;
    const struct mt_lines_table_options table = {.exact_bytes = options->shared.exact_bytes};
    mt_terminal_init(&terminal, stderr, options->shared.color);
    if (mt_lines_build(profile, options->lines, options->n_lines, &lines, &error) != 0) {
        mt_terminal_print_error(us, &error);
        return;
    }
    if (!options->shared.quiet) {
        struct mt_source *source = mt_source_new(mt_profile_text(profile, profile->info.cwd));
        fputc('\n', terminal.stream);
        mt_lines_table_print(&terminal, &lines, source, &table);
        mt_source_free(source);
    }
    mt_lines_free(&lines);
}

static void print_main(const struct mt_run_request *options, const struct mt_result *result,
                       const struct mt_profile *profile) {
    struct mt_error error;
    const struct mt_run_summary_options summary = {
        .profile_path = result->is_written ? result->file : NULL,
        .color = options->shared.color,
        .wrappers = mt_charged_wrappers(&options->charged),
        .verbose = options->shared.verbose,
    };
    if (options->shared.json) {
        if (mt_run_summary_print_json(stderr, profile, &summary.wrappers, 0, &error) != 0)
            mt_terminal_print_error(us, &error);
        return;
    }
    if (!options->shared.quiet)
        mt_run_summary_print(stderr, profile, &summary);
    if (options->n_lines)
        print_line_by_line(options, profile);
}

static void put_indented(char *lines) {
    struct mt_terminal terminal;
    char *next = NULL;
    mt_terminal_init(&terminal, stderr, MT_COLOR_AUTO);
    for (char *line = strtok_r(lines, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        fputs("  ", stderr);
        mt_terminal_put(&terminal, MT_STYLE_NONE, line);
        fputc('\n', stderr);
    }
}

/* The program may have said nothing of why it failed, and what it said may be far above. */
static void print_refused(const struct mt_profile *profile) {
    const struct mt_refused *refused = &profile->info.refused;
    char bytes[MT_FORMAT_BYTES], live[MT_FORMAT_BYTES], limit[MT_FORMAT_BYTES];
    char *stack = refused->aborts ? mt_refused_stack(profile) : NULL;
    if (!stack)
        return;
    mt_format_size(bytes, (int64_t)(refused->bytes & INT64_MAX), false);
    mt_format_size(live, (int64_t)(refused->live_bytes & INT64_MAX), false);
    mt_format_size(limit, (int64_t)(refused->limit_bytes & INT64_MAX), false);
    mt_terminal_print_problem(us, NULL,
                              "ended by --limit-peak: %s more than the %s live would exceed %s",
                              bytes, live, limit);
    put_indented(stack);
    free(stack);
}

void mt_run_report(const struct mt_run_request *options, const struct mt_target *target,
                   const struct mt_launched *child, const struct mt_session *session,
                   const struct mt_finish *finish, size_t n_running,
                   const struct mt_profile *profile) {
    const struct mt_result *result = main_result(finish);
    size_t n_profiles = count_profiles(&finish->processes);
    bool is_tree = n_profiles > 1 || (n_profiles == 1 && !profile);
    bool is_blind = profile && profile->info.totals.total_blocks == 0 &&
                    (target->wraps_malloc || profile->info.outranked);
    if (is_blind)
        mt_terminal_print_problem(
            us, "Link its allocator as a shared library, or leave it out.",
            "nothing was recorded of %s: it contains its own malloc and uses no other",
            options->program[0]);
    else if (profile && result && !is_tree)
        print_main(options, result, profile);
    else if (profile && !is_tree)
        mt_terminal_print_problem(us, "Nothing is lost: memtrack report DIRECTORY.",
                                  "no memory was left for the summary; the recording is in %s",
                                  session->path);
    else if (options->only && !profile && finish->processes.n == 0)
        mt_terminal_print_problem(us, "Patterns are of a program's name, or of its whole path.",
                                  "nothing was recorded: no program matched --only %s",
                                  options->only);
    else if (!profile && !options->only && (!result || !result->problem.message[0]))
        explain_nothing(target, child, session, options->program[0]);
    if (is_tree && options->shared.json)
        print_tree_json(options, finish);
    else if (!options->shared.quiet && !options->shared.json)
        print_others(options, finish, profile, is_tree);
    print_problems(finish);
    if (profile)
        print_refused(profile);
    if (n_running)
        mt_terminal_print_problem(
            us, "Read it at any time: memtrack report DIRECTORY. Remove it when they have ended.",
            "%zu process%s of the program still run%s; their recording goes on in %s", n_running,
            n_running == 1 ? "" : "es", n_running == 1 ? "s" : "", session->path);
}
