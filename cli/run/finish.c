/* SPDX-License-Identifier: MIT */
/*
 * During the run memtrack must stay small, and a build starts thousands of processes. Their ledgers
 * lie in a memory file system, so a forked worker converts them when they get many: its memory goes
 * away with it, and a ledger that brings it down costs that one profile, not the run. Results come
 * back through a pipe as plain structs.
 *
 * At the end everything left is converted here, the main process last so that its profile is at
 * hand for the summary with nothing else in memory.
 */
#include "run/finish.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"

enum { MANY_LEDGERS = 64, SHORT_PART = 2 /* of the room at the start */ };

void mt_finish_init(struct mt_finish *finish, const struct mt_convert *convert) {
    *finish = (struct mt_finish){
        .convert = *convert,
        .worker_fd = -1,
        .room_at_start = mt_session_room(convert->session),
    };
    /* While there is memory: what becomes of the program is to be told when there is none. */
    (void)mt_array_grow(&finish->results, 0, sizeof *finish->results);
}

void mt_finish_free(struct mt_finish *finish) {
    free(finish->results);
    mt_processes_free(&finish->processes);
    mt_processes_course_free(&finish->course);
}

static const char *why_empty(const struct mt_result *result) {
    static const char *const why[] = {
        [MT_RESULT_RECORDED] = "nothing was allocated",
        [MT_RESULT_LATE] = "it began when the time of --for was over",
        [MT_RESULT_DORMANT] = "its recording was never switched on",
    };
    return why[result->blank];
}

/* Where its profile is: within the directory of the run the index names it, elsewhere its place is
 * said where the reason for having none would stand. */
static void set_file(const struct mt_convert *convert, const struct mt_result *result,
                     struct mt_process *process) {
    const char *directory = convert->directory->path;
    size_t bytes = directory ? strlen(directory) : 0;
    bool is_inside =
        directory && strncmp(result->file, directory, bytes) == 0 && result->file[bytes] == '/';
    if (result->is_written && (is_inside || !directory))
        process->file = strdup(result->file + (is_inside ? bytes + 1 : 0));
    else if (result->is_written || result->is_kept)
        process->why = strdup(result->file);
    else
        process->why = strdup(result->is_blind   ? "its own malloc comes before the recorder's"
                              : result->is_empty ? why_empty(result)
                                                 : result->problem.message);
}

static void add_process(struct mt_finish *finish, const struct mt_result *r) {
    struct mt_process *p = mt_processes_add(&finish->processes);
    if (!p)
        return; /* the profile is there; only its line in the index is not */
    p->pid = r->pid;
    p->parent_pid = r->parent_pid;
    p->image = r->image;
    p->is_last_image = r->is_last_image;
    p->is_main = r->is_main && r->is_last_image;
    p->start_time_ns = r->start_time_ns;
    p->duration_ns = r->duration_ns;
    p->peak_bytes = r->peak_bytes;
    p->live_bytes = r->live_bytes;
    p->live_blocks = r->live_blocks;
    p->total_bytes = r->total_bytes;
    p->total_blocks = r->total_blocks;
    p->anonymous_bytes = r->anonymous_bytes;
    p->is_blind = r->is_blind;
    p->is_late = r->blank == MT_RESULT_LATE;
    p->is_unexplained = r->is_unexplained;
    p->exit_known = r->exit_known;
    p->exit_code = r->exit_code;
    p->exit_signal = r->exit_signal;
    p->program = strdup(r->program);
    p->exe = strdup(r->exe);
    mt_processes_set_command(p, r->command, r->command_bytes);
    set_file(&finish->convert, r, p);
}

/* The ticks are those at which the process was seen running. */
static void add_course(struct mt_finish *finish, const struct mt_result *r,
                       const struct mt_axis *axis) {
    const struct mt_processes_life life = {.start_ns = r->start_ns,
                                           .peak_bytes = r->peak_bytes,
                                           .peak_ns = r->peak_ns,
                                           .peak_time_known = r->peak_time_known};
    for (size_t i = 1; i < axis->n; i++) {
        uint64_t gap = axis->ticks[i].time_ns - axis->ticks[i - 1].time_ns;
        if (gap > finish->processes.tick_ns)
            finish->processes.tick_ns = gap;
    }
    if (r->start_ns)
        mt_processes_course_add(&finish->course, &life, axis->ticks, axis->n);
}

static void keep_result(struct mt_finish *finish, const struct mt_result *result,
                        const struct mt_axis *axis) {
    add_process(finish, result);
    add_course(finish, result, axis);
    if (!result->is_main && !result->problem.message[0])
        return;
    if (!mt_array_grow(&finish->results, finish->n_results, sizeof *finish->results))
        return;
    finish->results[finish->n_results++] = *result;
}

static bool is_newest(const struct mt_ticker *ticker, const struct mt_ticker_track *track) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        const struct mt_ticker_track *t = ticker->tracks[i];
        if (t->name.pid == track->name.pid && t->name.start_ticks == track->name.start_ticks &&
            t->name.counter > track->name.counter)
            return false;
    }
    return true;
}

static void remove_done(struct mt_ticker *ticker) {
    size_t kept = 0;
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        if (track->state != MT_TICKER_DONE) {
            ticker->tracks[kept++] = track;
            continue;
        }
        mt_ticker_release_track(track);
        free(track);
    }
    ticker->n_tracks = kept;
}

/* ---- while the run goes on ------------------------------------------------------------------- */

static bool write_all(int fd, const void *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(fd, (const char *)data + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

_Noreturn static void work(struct mt_finish *finish, struct mt_ticker *ticker, int fd) {
    setpriority(PRIO_PROCESS, 0, 10); /* the target comes first */
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        struct mt_result result;
        if (!track->is_held)
            continue;
        mt_convert_track(&finish->convert, track, is_newest(ticker, track), &result, NULL);
        if (!write_all(fd, &result, sizeof result))
            _exit(1); /* nobody is there to be told; the rest is not ours any more */
    }
    _exit(0);
}

static bool is_short_of_room(const struct mt_finish *finish, size_t n_waiting) {
    return n_waiting >= MANY_LEDGERS || (n_waiting > 0 && mt_session_room(finish->convert.session) <
                                                              finish->room_at_start / SHORT_PART);
}

void mt_finish_relieve(struct mt_finish *finish, struct mt_ticker *ticker) {
    size_t n_waiting = 0;
    int ends[2];
    for (size_t i = 0; i < ticker->n_tracks; i++)
        n_waiting += ticker->tracks[i]->state == MT_TICKER_ENDED && !ticker->tracks[i]->is_main;
    if (finish->worker || !is_short_of_room(finish, n_waiting) || pipe2(ends, O_CLOEXEC) != 0)
        return;
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        track->is_held = track->state == MT_TICKER_ENDED && !track->is_main;
    }
    if (finish->convert.directory->kind != MT_RUN_DIRECTORY_NONE)
        mt_run_directory_make(finish->convert.directory); /* the worker's is not ours */
    pid_t pid = fork();
    if (pid == 0)
        work(finish, ticker, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return; /* it is tried again at the next tick */
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    finish->worker = pid;
    finish->worker_fd = ends[0];
    finish->worker_bytes = 0;
}

static void take_result(struct mt_finish *finish, struct mt_ticker *ticker) {
    struct mt_axis axis = {0}; /* the worker had a copy */
    for (size_t i = 0; i < ticker->n_tracks; i++)
        if (ticker->tracks[i]->inode == finish->arriving.inode && ticker->tracks[i]->is_held) {
            ticker->tracks[i]->state = MT_TICKER_DONE;
            axis = ticker->tracks[i]->axis;
        }
    keep_result(finish, &finish->arriving, &axis);
    finish->worker_bytes = 0;
}

/* What a worker that died did not report is left to the end of the run, as if there had been no
 * worker. */
static void end_worker(struct mt_finish *finish, struct mt_ticker *ticker) {
    close(finish->worker_fd);
    while (waitpid(finish->worker, NULL, 0) < 0 && errno == EINTR)
        ;
    finish->worker = 0;
    finish->worker_fd = -1;
    for (size_t i = 0; i < ticker->n_tracks; i++)
        ticker->tracks[i]->is_held = false;
    remove_done(ticker);
}

void mt_finish_collect(struct mt_finish *finish, struct mt_ticker *ticker, bool wait) {
    if (finish->worker_fd >= 0 && wait)
        fcntl(finish->worker_fd, F_SETFL, 0);
    while (finish->worker_fd >= 0) {
        ssize_t n = read(finish->worker_fd, (char *)&finish->arriving + finish->worker_bytes,
                         sizeof finish->arriving - finish->worker_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            end_worker(finish, ticker);
            return;
        }
        finish->worker_bytes += (size_t)n;
        if (finish->worker_bytes == sizeof finish->arriving)
            take_result(finish, ticker);
    }
}

/* ---- at the end ------------------------------------------------------------------------------ */

static bool is_the_program(const struct mt_ticker *ticker, const struct mt_ticker_track *track) {
    return track->is_main && is_newest(ticker, track);
}

/* Without memory for it the process counts with its peak alone. */
static struct mt_axis copy_axis(const struct mt_axis *axis) {
    struct mt_axis copy = {.ticks = malloc((axis->n + 1) * sizeof *axis->ticks)};
    if (copy.ticks && axis->n)
        memcpy(copy.ticks, axis->ticks, axis->n * sizeof *axis->ticks);
    copy.n = copy.ticks ? axis->n : 0;
    return copy;
}

static void convert_one(struct mt_finish *finish, const struct mt_ticker *ticker,
                        struct mt_ticker_track *track, struct mt_profile **profile) {
    struct mt_result result;
    struct mt_axis axis = copy_axis(&track->axis); /* the profile gets the track's own */
    mt_convert_track(&finish->convert, track, is_newest(ticker, track), &result, profile);
    result.is_main = is_the_program(ticker, track);
    keep_result(finish, &result, &axis);
    free(axis.ticks);
    mt_ticker_release_track(track);
    track->state = MT_TICKER_DONE;
}

void mt_finish_all(struct mt_finish *finish, struct mt_ticker *ticker,
                   struct mt_profile **profile) {
    *profile = NULL;
    mt_finish_collect(finish, ticker, true);
    for (size_t i = 0; i < ticker->n_tracks; i++)
        if (ticker->tracks[i]->state == MT_TICKER_ENDED &&
            !is_the_program(ticker, ticker->tracks[i]))
            convert_one(finish, ticker, ticker->tracks[i], NULL);
    for (size_t i = 0; i < ticker->n_tracks; i++)
        if (ticker->tracks[i]->state == MT_TICKER_ENDED &&
            is_the_program(ticker, ticker->tracks[i]))
            convert_one(finish, ticker, ticker->tracks[i], profile);
    remove_done(ticker);
}
