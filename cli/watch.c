/* SPDX-License-Identifier: MIT */
/*
 * memtrack watch: memory of a process tree from outside.
 *
 *   parse ─► find or start ─► follow: ticks, limits ─► profile: written, shown
 *
 * A program is started as run starts one, but for the recorder. What is shown goes to standard
 * error then, since standard output is the program's.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "command/command.h"
#include "export/export.h"
#include "launch/launch.h"
#include "launch/target.h"
#include "profile/called.h"
#include "profile/pprof/output.h"
#include "text/lines.h"
#include "text/terminal.h"
#include "timeline/text.h"
#include "view/format/format.h"
#include "view/timeline/timeline.h"
#include "watched/follow.h"
#include "watched/request.h"

enum { STATUS_TIMEOUT = 124, STATUS_KILLED = 137, FEWEST_DESCRIPTORS = 16 };

struct watch {
    struct mt_watched_request request;
    struct mt_target target;
    struct mt_launched child;
    struct mt_sampler sampler;
    struct mt_watched_marks marks;
    struct mt_watched watched;
};

/* A tree has a descriptor for each process; the program has been started with its own limit. */
static void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int begin(struct watch *w, pid_t root, struct mt_error *error) {
    const struct mt_sampler_options options = {
        .backend = w->request.backend,
        .root_only = w->request.root_only,
        .patterns = w->request.patterns,
        .n_patterns = w->request.n_patterns,
    };
    raise_descriptors();
    return mt_sampler_begin(&w->sampler, root, &options, error);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void tell(const struct watch *w) {
    const struct mt_watched *watched = &w->watched;
    const char *name = w->request.shared.program,
               *how = watched->was_killed ? "SIGTERM, then SIGKILL" : "SIGTERM";
    char size[MT_FORMAT_BYTES], bound[MT_FORMAT_BYTES];
    if (watched->why == MT_WATCHED_OVER_MAX)
        mt_terminal_print_problem(
            name,
            watched->is_rss ? "What they share is in it once for each of them: PSS could not be "
                              "read."
                            : NULL,
            "%s in use, more than --max %s: ended by %s",
            mt_format_size(size, (int64_t)watched->exceeding_bytes, false),
            mt_format_size(bound, (int64_t)w->request.max_bytes, false), how);
    else if (watched->why == MT_WATCHED_OVER_TIME)
        mt_terminal_print_problem(name, NULL, "still running after --timeout %s: ended by %s",
                                  mt_format_duration(bound, w->request.timeout_ns), how);
    if (watched->n_left && w->watched.child)
        mt_terminal_print_problem(name, NULL, "%zu process%s of the program still run%s, unwatched",
                                  watched->n_left, watched->n_left == 1 ? "" : "es",
                                  watched->n_left == 1 ? "s" : "");
}

static int show(const struct watch *w, const struct mt_profile *profile, struct mt_error *error) {
    FILE *stream = w->watched.child ? stderr : stdout;
    struct mt_timeline *timeline;
    struct mt_terminal terminal;
    const struct mt_timeline_text_options text = {
        .chart = {.width = w->request.shared.width, .height = w->request.shared.height},
        .verbose = w->request.shared.verbose};
    int rc = mt_timeline_build(&profile, 1, false, &timeline, error);
    if (rc != 0)
        return rc;
    struct mt_export thing = {.what = MT_EXPORT_TIMELINE};
    thing.timeline.timeline = timeline;
    if (w->request.shared.json)
        rc = mt_export(stream, &thing, MT_EXPORT_JSON, error);
    else {
        mt_terminal_init(&terminal, stream, w->request.shared.color);
        rc = mt_timeline_text_print(&terminal, timeline, &text) == 0
                 ? 0
                 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    mt_timeline_free(timeline);
    return rc;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void print_next(const struct watch *w, const char *written) {
    struct mt_terminal terminal;
    struct mt_summary next = {0};
    mt_terminal_init(&terminal, w->watched.child ? stderr : stdout, w->request.shared.color);
    fputc('\n', terminal.stream);
    mt_summary_add(&next, "next", false, "memtrack timeline %s", written);
    mt_lines_print_styled(&terminal, &next, MT_STYLE_BOLD);
}

static int write_profile(const struct watch *w, const struct mt_profile *profile,
                         struct mt_error *error) {
    const struct mt_watched_request *r = &w->request;
    struct mt_error why = {{0}, {0}};
    const struct mt_output_fields fields = {
        profile->info.pid, r->program ? base_name(r->program[0]) : mt_called_name(profile),
        profile->info.start_time_ns};
    char *written = NULL,
         *wanted = mt_output_name(r->output ? r->output : MT_OUTPUT_DEFAULT, &fields, "");
    if (!wanted)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    int rc =
        mt_output_write(profile, wanted, r->shared.force, w->sampler.start_time_ns, &written, &why);
    if (rc != 0) {
        *error = why;
    } else {
        mt_output_explain(wanted, written, &why);
        if (why.message[0])
            mt_terminal_print_error(r->shared.program, &why);
        if (!r->shared.quiet && !r->shared.json)
            print_next(w, written);
    }
    free(wanted);
    free(written);
    return rc;
}

/* What can be known of the file's name before anything runs has to be right. */
static int check_output(const struct mt_watched_request *r, struct mt_error *error) {
    if (!r->output || strchr(r->output, '%'))
        return 0;
    return mt_output_check(r->output, r->shared.force, error);
}

/* A kernel thread runs in the kernel's memory, and of a zombie only its status is left. */
static int explain_nothing(const struct mt_watched_request *r, struct mt_error *error) {
    char state = r->pid ? mt_process_state((uint32_t)r->pid) : 0;
    if (r->n_patterns)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "--include takes names of programs.",
                            "nothing was seen: no program matched --include");
    if (state)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "ps -e lists the others.",
                            "nothing was seen: process %d has no memory, as %s", (int)r->pid,
                            state == 'Z' ? "one that has ended and was not waited for"
                                         : "a kernel thread");
    return mt_error_set(error, MEMTRACK_ENOTFOUND, "",
                        "nothing was seen: it ended before the first look");
}

/* Writes first: what is shown may be cut short by whoever reads it. */
static int finish(struct watch *w, struct mt_error *error) {
    struct mt_profile *profile;
    const struct mt_watched_request *r = &w->request;
    if (w->watched.child)
        mt_sampler_end_root(&w->sampler, w->child.wait_status, w->child.peak_rss_bytes,
                            w->child.at_most_rss_bytes);
    int rc = mt_sampler_profile(&w->sampler, w->watched.end_ns, r->shared.interval_ns, &profile);
    if (rc != 0)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (profile->info.n_ticks == 0)
        rc = explain_nothing(r, error);
    tell(w);
    if (rc == 0 && (!r->shared.quiet || r->shared.json))
        rc = show(w, profile, error);
    int written = profile->info.n_ticks ? write_profile(w, profile, error) : 0;
    mt_profile_free(profile);
    return rc ? rc : written;
}

/* ---- a process ------------------------------------------------------------------------------- */

static int ended_status(const struct mt_watched *watched, int status) {
    if (watched->why == MT_WATCHED_ENDED)
        return status;
    return watched->was_killed ? STATUS_KILLED : STATUS_TIMEOUT;
}

static void follow(struct watch *w, struct mt_launched *child) {
    w->watched = (struct mt_watched){
        .request = &w->request, .sampler = &w->sampler, .marks = &w->marks, .child = child};
    mt_watched_follow(&w->watched);
}

static int watch_process(struct watch *w, struct mt_error *error) {
    const char *name;
    if (begin(w, w->request.pid, error) != 0)
        return MT_EXIT_FAILED;
    name = w->sampler.items[0].name;
    if (w->sampler.items[0].statm_fd >= 0 && !w->request.shared.quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "%s: watching %s (process %d); Ctrl-C ends it\n", w->request.shared.program,
                name, (int)w->request.pid);
    mt_watched_marks_hear();
    follow(w, NULL);
    int rc = finish(w, error);
    return rc == 0 ? ended_status(&w->watched, 0) : MT_EXIT_FAILED;
}

/* ---- a program ------------------------------------------------------------------------------- */

/* As run does: without descriptors or processes it is run as it would be without us. */
static void run_unwatched(const struct watch *w, const struct mt_error *error) {
    mt_terminal_print_error(w->request.shared.program, error);
    mt_terminal_print_problem(w->request.shared.program, NULL, "%s runs, and is not watched",
                              w->target.path);
    fflush(NULL);
    execvp(w->target.path, w->request.program);
}

static int watch_program(struct watch *w, struct mt_error *error) {
    struct mt_error why = {{0}, {0}};
    int status = mt_target_find(w->request.program[0], &w->target, error);
    if (status != 0)
        return status;
    const struct mt_launch launch = {.target = &w->target, .arguments = w->request.program};
    status = mt_launch(&launch, &w->child, error);
    if (status != 0) {
        if (w->child.is_refused)
            run_unwatched(w, error);
        return status;
    }
    int rc = begin(w, w->child.pid, error);
    if (rc == 0)
        follow(w, &w->child);
    while (!w->child.ended)
        mt_launch_wait(&w->child, -1, UINT64_MAX);
    mt_launch_release(&w->child);
    if (rc == 0)
        rc = finish(w, error);
    if (rc != 0) { /* the status is the program's all the same */
        mt_terminal_print_error(w->request.shared.program, error);
        *error = why;
    }
    return ended_status(&w->watched, mt_launch_exit_status(w->child.wait_status));
}

int mt_watch_command(int argc, char **argv) {
    struct watch w = {.marks.fd = -1};
    struct mt_error error = {{0}, {0}};
    int status = mt_watched_request_parse(argc, argv, &w.request);
    if (status == 0 && check_output(&w.request, &error) != 0)
        status = MT_EXIT_FAILED;
    if (status == 0 && mt_watched_marks_open(&w.marks, w.request.marks, &error) != 0)
        status = MT_EXIT_FAILED;
    if (status == 0)
        status = w.request.pid ? watch_process(&w, &error) : watch_program(&w, &error);
    if (error.message[0])
        mt_terminal_print_error(argv[0], &error);
    mt_sampler_free(&w.sampler);
    mt_watched_marks_close(&w.marks);
    mt_target_free(&w.target);
    free(w.request.patterns);
    return status;
}
