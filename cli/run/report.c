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

#include "run/summary.h"
#include "view/format/format.h"
#include "view/summary/unseen.h"

enum { MAX_CHILDREN = 10, MAX_PROBLEMS = 5, SMALLEST_ROOM = 1 << 20, TIGHT_MEMORY = 64 << 20 };
static const char us[] = "memtrack run";

static int compare_by_peak(const void *a, const void *b) {
    const struct mt_result *x = *(const struct mt_result *const *)a,
                           *y = *(const struct mt_result *const *)b;
    if (x->peak_bytes != y->peak_bytes)
        return x->peak_bytes < y->peak_bytes ? 1 : -1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void print_child(const struct mt_terminal *terminal, const struct mt_result *result) {
    char peak[MT_FORMAT_BYTES], live[MT_FORMAT_BYTES];
    fprintf(terminal->stream, "  %-7" PRIu32 " ", result->pid);
    mt_terminal_put(terminal, MT_STYLE_NONE, result->program);
    if (result->is_blind)
        fputs("  nothing was recorded: its own malloc comes before the recorder's  ",
              terminal->stream);
    else
        fprintf(terminal->stream, "  peak %s, live at exit %s  ",
                mt_format_size(peak, (int64_t)result->peak_bytes, false),
                mt_format_size(live, (int64_t)result->live_bytes, false));
    mt_terminal_put(terminal, MT_STYLE_DIM, result->file);
    if (mt_unseen_is_much(&result->anonymous)) {
        fprintf(terminal->stream, "  ");
        mt_terminal_put(terminal, MT_STYLE_WARN, "explains little of its memory: ");
        mt_terminal_put(terminal, MT_STYLE_WARN,
                        mt_format_size(live, (int64_t)result->anonymous.bytes, false));
    }
    fputc('\n', terminal->stream);
}

static void print_children(const struct mt_terminal *terminal, const struct mt_finish *finish) {
    const struct mt_result **sorted = calloc(finish->n_results + 1, sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; sorted && i < finish->n_results; i++)
        if (!finish->results[i].is_main && finish->results[i].is_written)
            sorted[n++] = &finish->results[i];
    if (n) {
        qsort(sorted, n, sizeof *sorted, compare_by_peak);
        fprintf(terminal->stream, "\n%zu other process%s recorded:\n", n,
                n == 1 ? " was" : "es were");
    }
    for (size_t i = 0; i < n && i < MAX_CHILDREN; i++)
        print_child(terminal, sorted[i]);
    if (n > MAX_CHILDREN)
        fprintf(terminal->stream, "  %s and %zu more with lower peaks, each with its profile\n",
                terminal->ellipsis, n - MAX_CHILDREN);
    free(sorted);
}

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
    } else if (!options->shared.quiet)
        mt_run_summary_print(stderr, profile, &summary);
}

void mt_run_report(const struct mt_run_request *options, const struct mt_target *target,
                   const struct mt_launched *child, const struct mt_session *session,
                   const struct mt_finish *finish, size_t n_running,
                   const struct mt_profile *profile) {
    const struct mt_result *result = main_result(finish);
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stderr, options->shared.color);
    bool is_blind = profile && profile->info.totals.total_blocks == 0 &&
                    (target->wraps_malloc || profile->info.outranked);
    if (is_blind)
        mt_terminal_print_problem(
            us, "Link its allocator as a shared library, or leave it out.",
            "nothing was recorded of %s: it contains its own malloc and uses no other",
            options->program[0]);
    else if (profile && result)
        print_main(options, result, profile);
    else if (!result || !result->problem.message[0])
        explain_nothing(target, child, session, options->program[0]);
    if (!options->shared.quiet && !options->shared.json)
        print_children(&terminal, finish);
    print_problems(finish);
    if (n_running)
        mt_terminal_print_problem(
            us, "Read it at any time: memtrack report DIRECTORY. Remove it when they have ended.",
            "%zu process%s of the program still run%s; their recording goes on in %s", n_running,
            n_running == 1 ? "" : "es", n_running == 1 ? "s" : "", session->path);
}
