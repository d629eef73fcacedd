/* SPDX-License-Identifier: MIT */
/*
 * memtrack run: look at the program, make a place for its ledgers, start it, watch, convert,
 * report.
 *
 *   parse ─► inspect ─► session ─► preload list ─► fork, exec ─► wait, forward signals
 *                                                     │                    │ has ended: its status
 *                     observer (run/observer.h):   ticks, workers ◄────────┘
 *                     report ◄─ convert ◄─ grace for what still runs
 *
 * Processes that outlive the program get a moment, since the parts of a pipeline end one after the
 * other. Then memtrack returns, as it would be wrong to wait for a daemon: their ledgers stay, and
 * the message says where. Whatever goes wrong on the way leaves the program untouched and the
 * ledgers in place.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/settings.h"
#include "command/command.h"
#include "launch/launch.h"
#include "launch/preload.h"
#include "launch/session.h"
#include "profile/pprof/output.h"
#include "run/big_stack.h"
#include "run/directory.h"
#include "run/finish.h"
#include "run/observer.h"
#include "run/report.h"
#include "run/request.h"
#include "run/triggers.h"
#include "watch/past.h"
#include "watch/ticker.h"
#include "watch/until.h"

#define NS_PER_MS           UINT64_C(1000000)
#define DEFAULT_INTERVAL_NS (10 * NS_PER_MS)
#define MOST_TRIGGER_NS     (100 * NS_PER_MS) /* who waits for something wants to know it soon */

enum { GRACE_MS = 1000, GRACE_STEP_MS = 10, OPTIONS_BYTES = 256, FEWEST_DESCRIPTORS = 16 };

struct run {
    struct mt_run_request options;
    struct mt_target target;
    struct mt_session session;
    struct mt_launched child;
    struct mt_ticker ticker;
    struct mt_finish finish;
    struct mt_unrecorded unrecorded;
    struct mt_observer observer;
    int past_fd; /* who wants to know of the past comes here; -1: nobody can */
    struct mt_run_directory directory;
    char *directory_pattern;
    struct mt_run_triggers_output triggers_output;
    uint64_t started_ns;
    uint64_t until_ns; /* when recording ends, CLOCK_MONOTONIC; 0: with the program */
    bool is_refused;   /* for want of what the system gives: the program may do without */
    char *preload;
    char tracker_options[OPTIONS_BYTES];
};

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void set_tracker_options(struct run *run) {
    const struct mt_run_request *o = &run->options;
    FILE *out = fmemopen(run->tracker_options, sizeof run->tracker_options, "w");
    if (!out)
        return;
    const char *separator = "";
    const struct {
        const char *key;
        uint64_t value;
    } list[] = {
        {"frames", o->frames},         {"usable", o->usable},
        {"exact_peak", o->exact_peak}, {"allocator_stats", o->allocator_stats},
        {"sample", o->sample_bytes},   {"scope_sample", o->scope_sample},
        {"limit_peak", o->limit_peak}, {"limit_abort", o->limit_aborts},
        {"until", run->until_ns},      {"lines", o->n_lines != 0},
    };
    if (!o->python) {
        fputs("python=0", out);
        separator = ",";
    }
    if (o->max_ledger != UINT64_MAX) {
        fprintf(out, "%smax_ledger=%llu", separator, (unsigned long long)o->max_ledger);
        separator = ",";
    }
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].value) {
            fprintf(out, "%s%s=%llu", separator, list[i].key, (unsigned long long)list[i].value);
            separator = ",";
        }
    fclose(out);
}

/* A name without pid and time is known now, and it is better to refuse now than after an hour. */
static int check_output(struct run *run, uint64_t started_ns, struct mt_error *error) {
    enum mt_run_directory_kind kind;
    if (!mt_run_directory_kind(run->options.output, &kind, &run->directory_pattern))
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    run->directory.kind = kind;
    const char *pattern =
        kind == MT_RUN_DIRECTORY_WANTED ? run->directory_pattern : run->options.output;
    if (!pattern || mt_output_has(pattern, 'p') ||
        (run->target.is_loader && mt_output_has(pattern, 'e')))
        return 0;
    const struct mt_output_fields fields = {0, base_name(run->options.program[0]), started_ns};
    char *path = mt_output_name(pattern, &fields, "");
    int rc = !path ? mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory")
             : kind == MT_RUN_DIRECTORY_WANTED
                 ? mt_run_directory_check(path, run->options.shared.force, error)
                 : mt_output_check(path, run->options.shared.force, error);
    free(path);
    return rc;
}

/*
 * Without descriptors or processes nothing can be recorded, and the program may need neither: then
 * it is run as it would be without us, in our place, and its status is its own. Returns when not
 * even that is possible.
 */
static void run_unrecorded(struct run *run, const struct mt_error *error) {
    mt_terminal_print_problem(run->options.shared.program, error->hint, "%s", error->message);
    mt_terminal_print_problem(run->options.shared.program, NULL, "%s runs, and is not recorded",
                              run->target.path);
    fflush(NULL);
    execvp(run->target.path, run->options.program);
}

static bool is_short_of_descriptors(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FEWEST_DESCRIPTORS;
}

/* A word that the recorder would ignore; it says so as well, but only in the report. */
static void check_settings(void) {
    const char *list = getenv("MEMTRACK_OPTIONS");
    struct mt_setting_word word;
    while (list && mt_settings_next(&list, &word))
        if (word.setting == MT_SETTING_NONE)
            mt_terminal_print_problem("memtrack", "man memtrack lists them.",
                                      "MEMTRACK_OPTIONS: unknown word \"%.*s\", ignored",
                                      (int)word.bytes, word.text);
}

static int start(struct run *run, struct mt_error *error) {
    if (run->options.shared.for_ns)
        run->until_ns = mt_clock_now_ns() + run->options.shared.for_ns;
    set_tracker_options(run);
    if (mt_preload_plan(&run->target, run->options.allocator, run->options.mmap, &run->session,
                        &run->preload, error) != 0)
        return MT_EXIT_FAILED;
    const struct mt_launch launch = {
        .target = &run->target,
        .arguments = run->options.program,
        .preload = run->preload,
        .directory = run->session.path,
        .options = run->tracker_options,
        .only = run->options.only,
        .follow = run->options.follow,
        .dormant = run->options.dormant,
    };
    check_settings();
    int status = mt_launch(&launch, &run->child, error);
    run->is_refused = run->child.is_refused;
    return status;
}

static bool step(struct run *run, uint64_t until_ns) {
    const int others[] = {run->finish.worker_fd, run->past_fd};
    bool goes_on = true;
    if (run->observer.end_fd >= 0)
        goes_on = mt_observer_wait(&run->observer, &run->child, others, until_ns);
    else
        mt_launch_wait(&run->child, run->finish.worker_fd, until_ns);
    mt_finish_collect(&run->finish, &run->ticker, false);
    mt_past_answer(run->past_fd, &run->ticker);
    return goes_on;
}

/* False: nobody waits for us any more. */
static bool watch(struct run *run) {
    uint64_t next = mt_clock_now_ns() + NS_PER_MS;
    while (!run->child.ended) {
        if (!step(run, next))
            return false;
        uint64_t now = mt_clock_now_ns();
        if (now < next || run->child.ended)
            continue;
        next = mt_ticker_tick(&run->ticker, now);
        if (run->until_ns && run->until_ns > now && run->until_ns < next)
            next = run->until_ns;
        if (run->until_ns && run->until_ns <= now)
            mt_until_switch_off(&run->ticker);
        mt_trigger_judge(run->options.triggers, &run->ticker);
        if (!run->options.only) /* the others are meant to be without a recording */
            mt_unrecorded_look(&run->unrecorded, &run->ticker);
        mt_finish_relieve(&run->finish, &run->ticker);
    }
    mt_launch_release(&run->child);
    mt_ticker_look(&run->ticker, run->child.end_ns);
    return true;
}

/* The child itself is a zombie no more: whatever still carries its pid is gone. */
static void end_main(struct run *run) {
    for (size_t i = 0; i < run->ticker.n_tracks; i++)
        if (run->ticker.tracks[i]->is_main)
            mt_ticker_end_track(&run->ticker, run->ticker.tracks[i], run->child.end_ns);
}

/* Processes that were started and go on. One that has only just begun has no ledger yet. */
static size_t count_running(const struct run *run) {
    size_t n_tracks = mt_ticker_running(&run->ticker);
    size_t n_processes =
        run->options.follow ? mt_session_processes(&run->session, (uint32_t)run->child.pid) : 0;
    return n_tracks > n_processes ? n_tracks : n_processes;
}

static size_t grant_grace(struct run *run) {
    uint64_t end = mt_clock_now_ns() + GRACE_MS * NS_PER_MS;
    size_t n_running;
    while ((n_running = count_running(run)) > 0 && mt_clock_now_ns() < end) {
        struct timespec nap = {.tv_nsec = GRACE_STEP_MS * (long)NS_PER_MS};
        nanosleep(&nap, NULL);
        mt_ticker_look(&run->ticker, mt_clock_now_ns());
    }
    return n_running;
}

/* Returns an entry for the program that was started, whether it is recorded or not; NULL: out of
 * memory. */
static struct mt_process *add_program(const struct run *run, struct mt_processes *processes) {
    struct mt_process *p = mt_processes_add(processes);
    char *words = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&words, &bytes);
    size_t i = 0;
    do /* there is at least one word */
        if (out)
            fprintf(out, "%s%c", run->options.program[i], 0);
    while (run->options.program[++i]);
    if (p && out && fclose(out) == 0)
        mt_processes_set_command(p, words, bytes);
    free(words);
    if (!p)
        return NULL;
    p->pid = (uint32_t)run->child.pid;
    p->is_main = true;
    p->program = strdup(base_name(run->options.program[0]));
    p->exe = strdup(run->target.path);
    p->start_time_ns = run->started_ns;
    return p;
}

static void add_unrecorded_program(const struct run *run, struct mt_processes *processes) {
    struct mt_process *p = add_program(run, processes);
    if (!p)
        return;
    p->duration_ns = processes->duration_ns;
    p->exit_known = true;
    p->exit_code = WIFEXITED(run->child.wait_status) ? WEXITSTATUS(run->child.wait_status) : -1;
    p->exit_signal = WIFSIGNALED(run->child.wait_status) ? WTERMSIG(run->child.wait_status) : 0;
    p->why = strdup(MT_PROCESS_LEFT_OUT);
}

/* What the run was as a whole, once all that has ended is converted. */
static void complete(struct run *run) {
    struct mt_processes *processes = &run->finish.processes;
    struct mt_error error = {{0}, {0}};
    processes->is_complete = true;
    processes->start_time_ns = run->started_ns;
    processes->duration_ns = run->child.end_ns - run->ticker.start_ns;
    if (run->options.only && processes->n && !mt_processes_main(processes))
        add_unrecorded_program(run, processes);
    mt_processes_sort(processes);
    mt_processes_course_finish(&run->finish.course, run->ticker.start_ns, processes);
    if (mt_run_directory_write_index(&run->directory, processes, &error) != 0)
        mt_terminal_print_error(run->options.shared.program, &error);
}

static void finish(struct run *run) {
    struct mt_profile *profile;
    end_main(run);
    size_t n_running = grant_grace(run);
    mt_ticker_look(&run->ticker, mt_clock_now_ns());
    mt_trigger_collect(run->options.triggers, true);
    run->session.is_in_use = n_running > 0;
    run->finish.convert.exit_known = true;
    run->finish.convert.wait_status = run->child.wait_status;
    run->finish.convert.most_rss_bytes = run->child.most_rss_bytes;
    run->finish.convert.unrecorded = &run->unrecorded;
    run->finish.convert.ticker = &run->ticker;
    mt_finish_all(&run->finish, &run->ticker, &profile);
    complete(run);
    mt_run_report(&run->options, &run->target, &run->child, &run->session, &run->finish, n_running,
                  profile);
    mt_profile_free(profile);
}

/* One that was asked for is there from the beginning. */
static void set_directory(struct run *run) {
    run->directory.pattern = run->directory_pattern;
    run->directory.program = base_name(run->options.program[0]);
    run->directory.pid = (uint32_t)run->child.pid;
    run->directory.since_ns = run->started_ns;
    run->directory.force = run->options.shared.force;
    run->directory.begun.start_time_ns = run->started_ns;
    add_program(run, &run->directory.begun);
    if (run->directory.kind == MT_RUN_DIRECTORY_WANTED)
        mt_run_directory_make(&run->directory);
}

static void set_triggers(struct run *run, const struct mt_convert *convert) {
    run->triggers_output = (struct mt_run_triggers_output){
        .program = run->options.shared.program,
        .pattern = convert->pattern,
        .force = convert->force,
        .quiet = run->options.shared.quiet,
        .symbols = run->options.shared.symbols,
        .wrappers = convert->wrappers,
    };
    mt_run_triggers_set_output(run->options.triggers, &run->triggers_output);
    if (mt_trigger_any(run->options.triggers))
        run->ticker.most_interval_ns = MOST_TRIGGER_NS;
}

/* All that is done with what was recorded. True when processes go on in the session directory. */
static bool observe(void *context) {
    struct run *run = context;
    bool is_file = run->directory.kind == MT_RUN_DIRECTORY_NONE;
    run->directory.lock = -1;
    set_directory(run);
    struct mt_convert convert = {
        .session = &run->session,
        .pattern = is_file ? run->options.output : MT_OUTPUT_DEFAULT,
        .directory = &run->directory,
        .program = run->target.is_loader ? "" : base_name(run->options.program[0]),
        .force = run->options.shared.force,
        .since_ns = run->started_ns,
        .symbols = run->options.shared.symbols,
        .wrappers = mt_charged_wrappers(&run->options.charged),
        .lines = run->options.lines,
        .n_lines = run->options.n_lines,
    };
    convert.symbols.cache = mt_symbols_cache_new();
    bool given = run->options.shared.interval_ns != 0;
    mt_ticker_init(&run->ticker, run->session.fd, run->session.path, run->child.pid,
                   given ? run->options.shared.interval_ns : DEFAULT_INTERVAL_NS, given);
    const struct mt_symbols_kept kept = mt_kept_source(run->ticker.kept);
    convert.symbols.kept = run->ticker.kept ? &kept : NULL;
    mt_finish_init(&run->finish, &convert);
    run->past_fd = mt_past_listen(run->session.fd);
    set_triggers(run, &convert);
    bool is_wanted = watch(run);
    if (run->past_fd >= 0)
        close(run->past_fd);
    if (is_wanted)
        finish(run);
    mt_finish_free(&run->finish);
    mt_symbols_cache_free(convert.symbols.cache);
    mt_unrecorded_free(&run->unrecorded);
    mt_ticker_free(&run->ticker);
    mt_run_directory_free(&run->directory);
    return run->session.is_in_use;
}

static void await_program(struct run *run) {
    while (!run->child.ended)
        mt_launch_wait(&run->child, -1, UINT64_MAX);
    mt_launch_release(&run->child);
    run->session.is_in_use =
        mt_observer_finish(&run->observer, &run->child, &run->session, run->options.shared.program);
}

/* From here on there is a session directory. */
static int run_in_session(struct run *run, struct mt_error *error) {
    int status = start(run, error);
    if (status != 0)
        return status;
    mt_observer_start(&run->observer, observe, run);
    if (run->observer.pid)
        await_program(run);
    else
        mt_big_stack_call(observe, run);
    return mt_launch_exit_status(run->child.wait_status);
}

static int run_program(struct run *run, struct mt_error *error) {
    run->started_ns = mt_clock_ns(CLOCK_REALTIME);
    int status = mt_target_inspect(run->options.program[0], &run->target, error);
    if (status != 0)
        return status;
    if (run->target.wraps_malloc)
        mt_terminal_print_problem(
            run->options.shared.program, "The summary says whether anything was recorded.",
            "%s contains its own malloc: only calls that reach another malloc are recorded",
            run->target.path);
    if (check_output(run, run->started_ns, error) != 0)
        return MT_EXIT_FAILED;
    if (mt_session_create(&run->session, error) != 0) {
        run->is_refused = is_short_of_descriptors();
        return MT_EXIT_FAILED;
    }
    status = run_in_session(run, error);
    mt_session_close(&run->session);
    return status;
}

/*
 * Where standard error is closed, the next file that is opened would take its number, and messages
 * would go into it. Close-on-exec: the program finds the same descriptors closed as we did.
 */
static void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
            return;
}

int mt_run_command(int argc, char **argv) {
    struct run run = {0};
    struct mt_error error = {{0}, {0}};
    occupy_standard_descriptors();
    int status = mt_run_request_parse(argc, argv, &run.options);
    if (status != 0) {
        mt_trigger_free(run.options.triggers);
        return status;
    }
    status = run_program(&run, &error);
    if (run.is_refused)
        run_unrecorded(&run, &error);
    if (error.message[0])
        mt_terminal_print_error(run.options.shared.program, &error);
    mt_trigger_free(run.options.triggers);
    mt_charged_free(&run.options.charged);
    mt_target_free(&run.target);
    free(run.preload);
    free(run.directory_pattern);
    return status;
}
