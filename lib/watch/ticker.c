/* SPDX-License-Identifier: MIT */
/*
 * Each track has its own interval, which starts short and stretches as the run gets long; its axis
 * keeps recent ticks and of older ones the highest, so that a short peak does not vanish from a
 * long run. Children get fewer ticks than the program itself, and all intervals stretch with the
 * number of processes, so that `make -j` does not turn memtrack into a load.
 *
 * New ledgers are found by the change time of the directory. The kernel's time stamps are as coarse
 * as its timer, so a directory that changed a moment ago is read once more.
 *
 * That a process has ended shows in its statm file, which is kept open: it belongs to that process
 * for good and fails when it is gone, whoever gets the pid next. A process in another pid namespace
 * has a pid that means nothing here (its start time will not match): it is followed without memory
 * figures, and asked for by its mappings at the end.
 */
#include "watch/ticker.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/process.h"
#include "ledger/control.h"
#include "ledger/unused.h"
#include "watch/coarsen.h"
#include "watch/ended.h"
#include "watch/lasted.h"
#include "watch/usage.h"

#define NS_PER_MS        UINT64_C(1000000)
#define MOST_INTERVAL_NS (1000 * NS_PER_MS)
#define EARLY_NS         (20 * NS_PER_MS)
#define JIT_AGE_NS       (20 * NS_PER_MS)

enum {
    MAIN_TICKS = 4000,
    CHILD_TICKS = 500,
    GIVEN_TICKS = 50000, /* when the user chose the interval */
    GIVEN_CHILD_TICKS = 5000,
    MAX_FOLLOWED = 200, /* two descriptors each */
    MAIN_RECORDS = 400000,
    MAIN_CHANGES = 120000,
    CHILD_RECORDS = 20000,
    CHILD_CHANGES = 4000,
    /* of all children: when they have as much, no further one is followed */
    CHILD_COMPOSITION_BYTES = 8 << 20,
    PASS_COST_FACTOR = 60, /* a pass over the records at most every 60 times its own duration */
    SCAN_AGAIN_MS = 30,
};

void mt_ticker_init(struct mt_ticker *ticker, int directory_fd, const char *directory,
                    pid_t main_pid, uint64_t interval_ns, bool interval_given) {
    *ticker = (struct mt_ticker){
        .directory_fd = directory_fd,
        .directory = directory,
        .main_pid = main_pid,
        .interval_ns = interval_ns,
        .interval_given = interval_given,
        .most_interval_ns = MOST_INTERVAL_NS,
        .start_ns = mt_clock_now_ns(),
        .buffer = malloc(MT_SITES_PER_CHUNK * sizeof(struct mt_site)),
        .kept = mt_kept_new(directory_fd),
    };
}

void mt_ticker_free(struct mt_ticker *ticker) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        mt_ticker_release_track(ticker->tracks[i]);
        free(ticker->tracks[i]);
    }
    free(ticker->tracks);
    free(ticker->buffer);
    mt_kept_free(ticker->kept);
}

/* ---- tracks ---------------------------------------------------------------------------------- */

static void close_ledger(struct mt_ticker_track *track) {
    mt_ledger_close(track->ledger);
    track->ledger = NULL;
}

static void close_statm(struct mt_ticker_track *track) {
    if (track->statm_fd >= 0)
        close(track->statm_fd);
    track->statm_fd = -1;
}

void mt_ticker_ask_end(struct mt_ticker_track *track) {
    if (track->process_fd < 0 || track->exit_known)
        return;
    track->exit_known = mt_ended_status(track->process_fd, &track->wait_status);
    close(track->process_fd);
    track->process_fd = -1;
}

void mt_ticker_release_track(struct mt_ticker_track *track) {
    close_ledger(track);
    close_statm(track);
    if (track->process_fd >= 0)
        close(track->process_fd);
    track->process_fd = -1;
    mt_jit_files_close(&track->jit);
    mt_composition_free(track->composition);
    track->composition = NULL;
    mt_firings_free(track->firings);
    track->firings = NULL;
    mt_axis_free(&track->axis);
}

void mt_ticker_end_track(struct mt_ticker *ticker, struct mt_ticker_track *track, uint64_t now_ns) {
    if (track->state != MT_TICKER_RUNNING)
        return;
    track->state = MT_TICKER_ENDED;
    track->end_ns = now_ns;
    mt_composition_settle(track->composition);
    if (track->ledger)
        ticker->n_followed--;
    close_statm(track);
    if (!track->is_main) /* the program's own stays open: it can be read even when its file was
                            removed */
        close_ledger(track);
}

/* Tells whether the process is there, and is the one that the ledger's name says. A start time of 0
 * says that the recorder had no /proc to ask, or that we have none. */
static bool is_process(const struct mt_ticker_track *track) {
    uint64_t ticks = mt_process_start_ticks(track->name.pid);
    return ticks != 0 && ticks == track->name.start_ticks;
}

/* The inode alone would not do: it can be that of a ledger which a worker has just removed. */
static bool is_known(const struct mt_ticker *ticker, const struct mt_ledger_filename *name,
                     ino_t inode) {
    for (size_t i = ticker->n_tracks; i-- > 0;) {
        const struct mt_ticker_track *t = ticker->tracks[i];
        if (t->inode == inode && t->name.pid == name->pid &&
            t->name.start_ticks == name->start_ticks && t->name.counter == name->counter)
            return true;
    }
    return false;
}

/* A process that has executed another program goes on under the next counter. */
static void end_predecessors(struct mt_ticker *ticker, const struct mt_ticker_track *newer,
                             uint64_t now_ns) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *t = ticker->tracks[i];
        if (t->name.pid == newer->name.pid && t->name.start_ticks == newer->name.start_ticks &&
            t->name.counter < newer->name.counter)
            mt_ticker_end_track(ticker, t, now_ns);
    }
}

static void add_track(struct mt_ticker *ticker, const struct mt_ledger_filename *name, ino_t inode,
                      uint64_t now_ns) {
    if (!mt_array_grow(&ticker->tracks, ticker->n_tracks, sizeof(struct mt_ticker_track *)))
        return; /* it will be found again at the next scan */
    struct mt_ticker_track *track = calloc(1, sizeof *track);
    if (!track)
        return;
    bool is_main = (pid_t)name->pid == ticker->main_pid;
    size_t given = is_main ? GIVEN_TICKS : GIVEN_CHILD_TICKS,
           usual = is_main ? MAIN_TICKS : CHILD_TICKS;
    *track = (struct mt_ticker_track){
        .name = *name,
        .inode = inode,
        .is_main = is_main,
        .statm_fd = -1,
        .process_fd = -1,
        .start_ns = now_ns,
        .interval_ns = ticker->interval_ns,
        .next_ns = now_ns,
        .next_memory_ns = now_ns,
        .next_pass_ns = now_ns,
    };
    mt_jit_files_init(&track->jit);
    mt_axis_init(&track->axis, ticker->interval_given ? given : usual);
    ticker->tracks[ticker->n_tracks++] = track;
    end_predecessors(ticker, track, now_ns);
}

static void read_directory(struct mt_ticker *ticker, uint64_t now_ns) {
    int fd = openat(ticker->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct mt_ledger_filename name;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (mt_ledger_filename_parse(entry->d_name, &name) &&
            !is_known(ticker, &name, entry->d_ino))
            add_track(ticker, &name, entry->d_ino, now_ns);
    closedir(directory);
}

static void scan(struct mt_ticker *ticker, uint64_t now_ns) {
    struct stat st;
    struct timespec wall;
    if (fstat(ticker->directory_fd, &st) != 0)
        return;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t age_ms =
        (wall.tv_sec - st.st_mtim.tv_sec) * 1000 + (wall.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
    bool same = st.st_mtim.tv_sec == ticker->scanned.tv_sec &&
                st.st_mtim.tv_nsec == ticker->scanned.tv_nsec;
    if (same && age_ms > SCAN_AGAIN_MS)
        return;
    ticker->scanned = st.st_mtim;
    read_directory(ticker, now_ns);
}

/* ---- one tick -------------------------------------------------------------------------------- */

/*
 * A process that executes something into which the tracker cannot be loaded goes on under its pid:
 * its memory is not that of the program that was recorded. The first look compares names, since it
 * may come after that.
 */
static void check_exe(struct mt_ticker_track *track) {
    char path[64], exe[MT_PATH_MAX_BYTES + 1];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/exe", track->name.pid);
    if (track->is_left || stat(path, &status) != 0)
        return;
    ssize_t n = track->exe_inode ? -1 : readlink(path, exe, sizeof exe - 1);
    struct mt_ledger_header *header = n > 0 ? aligned_alloc(64, sizeof *header) : NULL;
    if (header && mt_ledger_read_header(track->ledger, header, NULL) == 0) {
        size_t bytes =
            header->exe_bytes < sizeof header->exe ? header->exe_bytes : sizeof header->exe;
        track->is_left =
            bytes > 0 && strncmp(exe, header->exe, bytes < (size_t)n ? bytes : (size_t)n) != 0;
    }
    free(header);
    if (track->exe_inode && track->exe_inode != status.st_ino)
        track->is_left = true;
    track->exe_inode = status.st_ino;
}

static void open_track(struct mt_ticker *ticker, struct mt_ticker_track *track, uint64_t now_ns) {
    char file[128], path[4096];
    mt_ledger_filename_format(&track->name, file, sizeof file);
    snprintf(path, sizeof path, "%s/%s", ticker->directory, file);
    if (!track->is_main && !is_process(track) && mt_unused_file(path))
        mt_ticker_end_track(ticker, track, now_ns); /* it was gone before anybody looked */
    if (track->state != MT_TICKER_RUNNING ||
        (ticker->n_followed >= MAX_FOLLOWED && !track->is_main))
        return;
    if (mt_ledger_open(path, &track->ledger, NULL) != 0) {
        track->ledger = NULL; /* its header is being written: the next tick tries again */
        return;
    }
    ticker->n_followed++;
    uint64_t start = mt_ledger_info(track->ledger)->start_monotonic_ns;
    if (start != 0 && start <= now_ns) /* not so in another time namespace */
        track->start_ns = start;
    size_t bytes = 0;
    for (size_t i = 0; i < ticker->n_tracks; i++)
        bytes +=
            ticker->tracks[i]->is_main ? 0 : mt_composition_bytes(ticker->tracks[i]->composition);
    if (track->is_main)
        track->composition = mt_composition_new(MAIN_RECORDS, MAIN_CHANGES);
    else if (bytes < CHILD_COMPOSITION_BYTES)
        track->composition = mt_composition_new(CHILD_RECORDS, CHILD_CHANGES);
    if (is_process(track)) {
        track->statm_fd = mt_usage_open(track->name.pid);
        if (!track->is_main && ticker->n_tracks < MAX_FOLLOWED) /* they are open until converted */
            track->process_fd = mt_ended_open(track->name.pid);
    }
}

static void read_memory(struct mt_ticker_track *track, struct mt_tick *tick, uint64_t now_ns) {
    if (mt_usage_pss(track->name.pid, &tick->pss_bytes, &tick->swap_bytes)) {
        track->memory = *tick;
        track->has_pss = true;
    }
    track->next_memory_ns = mt_usage_pss_next(now_ns, mt_clock_now_ns());
}

static void note_anonymous(struct mt_ticker_track *track, const struct mt_tick *tick) {
    uint64_t bytes = tick->anon_bytes + track->memory.swap_bytes; /* of swap what was read last */
    if (tick->anon_bytes == 0 || bytes <= track->anonymous.bytes)
        return;
    track->anonymous.bytes = bytes;
    track->anonymous.time_ns = tick->time_ns;
}

static void note_peak(struct mt_ticker_track *track, uint64_t epoch, uint64_t time_ns) {
    if (epoch == track->epoch)
        return;
    track->epoch = epoch;
    track->peak_from_ns = mt_axis_last_ns(&track->axis);
    track->peak_to_ns = time_ns;
}

/* A heap in which nothing was allocated or freed since the last pass is made of what it was made
 * of. A process that ended before its ledger was found shows in nothing else. */
static bool has_changed(const struct mt_ticker_track *track,
                        const struct mt_ledger_totals *totals) {
    return track->passed_blocks != totals->allocated_blocks ||
           track->passed_bytes != totals->live_bytes;
}

static void take_pass(struct mt_ticker *ticker, struct mt_ticker_track *track,
                      const struct mt_ledger_totals *totals, uint64_t time_ns) {
    uint64_t began = mt_clock_now_ns();
    if (mt_composition_pass(track->composition, track->ledger, time_ns, ticker->buffer)) {
        track->passed_blocks = totals->allocated_blocks;
        track->passed_bytes = totals->live_bytes;
    }
    uint64_t ended = mt_clock_now_ns();
    track->next_pass_ns = ended + (ended - began) * PASS_COST_FACTOR;
}

static void take_tick(struct mt_ticker *ticker, struct mt_ticker_track *track, uint64_t now_ns) {
    struct mt_ledger_totals totals;
    struct mt_tick tick = {.time_ns = now_ns - track->start_ns};
    if (track->statm_fd >= 0)
        check_exe(track);
    if (track->is_left) {
        if (mt_usage_rss(track->statm_fd) == 0)
            mt_ticker_end_track(ticker, track, now_ns);
        return;
    }
    if (track->statm_fd >= 0 &&
        !mt_usage_read(track->statm_fd, &tick.rss_bytes, &tick.anon_bytes)) {
        mt_ticker_end_track(ticker, track, now_ns);
        return;
    }
    if (mt_ledger_totals(track->ledger, &totals) != 0)
        return;
    if (track->statm_fd >= 0 && now_ns >= track->next_memory_ns)
        read_memory(track, &tick, now_ns);
    tick.live_bytes = totals.live_bytes > 0 ? totals.live_bytes : 0;
    tick.total_blocks = totals.allocated_blocks;
    note_peak(track, totals.epoch, tick.time_ns);
    note_anonymous(track, &tick);
    mt_ledger_control_store_era(track->ledger,
                                now_ns); /* where this fails, blocks are dated less finely */
    if (mt_axis_add(&track->axis, &tick) == 0 && track->composition && ticker->buffer &&
        now_ns >= track->next_pass_ns && has_changed(track, &totals))
        take_pass(ticker, track, &totals, tick.time_ns);
    mt_gauge_fill(&totals, &tick, track->statm_fd >= 0, track->has_pss ? &track->memory : NULL,
                  &track->gauge);
    track->has_gauge = true;
}

/* A compiler of JIT code begins its list early or never. Programs of a moment have none, and are
 * left alone. */
static void look_for_jit(struct mt_ticker_track *track, uint64_t now_ns) {
    uint64_t age_ns = now_ns - track->start_ns;
    if (age_ns < JIT_AGE_NS || now_ns < track->next_jit_ns)
        return;
    track->next_jit_ns = now_ns + age_ns / 2;
    if (track->jit.map.fd < 0 || track->jit.dump.fd < 0)
        mt_jit_files_look(&track->jit, track->name.pid);
}

static void look_at_files(struct mt_ticker *ticker, struct mt_ticker_track *track,
                          uint64_t now_ns) {
    if (track->statm_fd < 0) /* its pid means nothing here */
        return;
    if (mt_ledger_refresh(track->ledger, NULL) == 0)
        mt_kept_look(ticker->kept, track->ledger, track->name.pid, &track->n_modules_seen);
    look_for_jit(track, now_ns);
}

/* What is deleted within the program's first moments (a plugin that it unpacks and loads) is to be
 * seen before, and the program may end soon after. */
static bool is_early(const struct mt_ticker *ticker, uint64_t now_ns) {
    return now_ns - ticker->start_ns < EARLY_NS;
}

/* The interval that somebody chose stays; ours stretches as the run gets long. */
static uint64_t interval_of(const struct mt_ticker *ticker, const struct mt_ticker_track *track,
                            uint64_t now_ns) {
    if (ticker->interval_given)
        return ticker->interval_ns;
    return mt_coarsen_interval(now_ns - track->start_ns, ticker->interval_ns,
                               ticker->most_interval_ns);
}

uint64_t mt_ticker_tick(struct mt_ticker *ticker, uint64_t now_ns) {
    scan(ticker, now_ns);
    uint64_t crowd_ns = mt_ticker_running(ticker) * NS_PER_MS;
    uint64_t next = now_ns + (crowd_ns > ticker->interval_ns ? crowd_ns : ticker->interval_ns) * 4;
    size_t n_running = 0;
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        if (track->state != MT_TICKER_RUNNING)
            continue;
        n_running++;
        if (!track->ledger)
            open_track(ticker, track, now_ns);
        if (track->ledger)
            look_at_files(ticker, track, now_ns);
        if (track->ledger && now_ns >= track->next_ns) {
            take_tick(ticker, track, now_ns);
            uint64_t gap = track->interval_ns = interval_of(ticker, track, now_ns);
            track->next_ns = now_ns + (!track->is_main && crowd_ns > gap ? crowd_ns : gap);
        }
        if (track->state == MT_TICKER_RUNNING && track->ledger && track->next_ns < next)
            next = track->next_ns;
    }
    if (!n_running)
        next = now_ns + ticker->interval_ns; /* until the first ledger is there */
    return is_early(ticker, now_ns) && next > now_ns + NS_PER_MS ? now_ns + NS_PER_MS : next;
}

/* ---- the end --------------------------------------------------------------------------------- */

size_t mt_ticker_running(const struct mt_ticker *ticker) {
    size_t n = 0;
    for (size_t i = 0; i < ticker->n_tracks; i++)
        n += ticker->tracks[i]->state == MT_TICKER_RUNNING;
    return n;
}

/* Asks the process itself where its pid means something, and its mappings where not. */
static bool is_running(const struct mt_ticker *ticker, const struct mt_ticker_track *track) {
    if (track->statm_fd >= 0)
        return mt_usage_rss(track->statm_fd) != 0;
    if (is_process(track))
        return true;
    if (access("/proc/self", F_OK) !=
        0) /* nothing tells who it is; the program itself is waited for */
        return !track->is_main && kill((pid_t)track->name.pid, 0) == 0;
    char file[128], path[4096];
    struct mt_ledger *ledger;
    mt_ledger_filename_format(&track->name, file, sizeof file);
    snprintf(path, sizeof path, "%s/%s", ticker->directory, file);
    if (mt_ledger_open(path, &ledger, NULL) != 0)
        return false;
    bool is_live = mt_ledger_is_live(ledger);
    mt_ledger_close(ledger);
    return is_live;
}

static bool end_those_that_ended(struct mt_ticker *ticker, uint64_t now_ns) {
    bool any = false;
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        if (track->state != MT_TICKER_RUNNING || is_running(ticker, track))
            continue;
        mt_ticker_end_track(ticker, track, now_ns);
        any = true;
    }
    return any;
}

/* The directory is read again when a process has ended: it can have executed another program after
 * the look at the directory, and the ledger of that is new. */
void mt_ticker_look(struct mt_ticker *ticker, uint64_t now_ns) {
    do
        read_directory(ticker, now_ns);
    while (end_those_that_ended(ticker, now_ns));
}

static void set_peak_time(struct mt_ticker_track *track, struct mt_profile_info *info) {
    if (track->peak_to_ns == 0)
        return;
    info->peak_time_known = true;
    info->peak_time_ns = track->peak_from_ns + (track->peak_to_ns - track->peak_from_ns) / 2;
    info->peak_time_error_ns = (track->peak_to_ns - track->peak_from_ns + 1) / 2;
}

/* What is set beside the highest anonymous memory is the highest heap of the whole run and not that
 * of the same tick: free() need not have given back what is held by the allocator, and a block may
 * be under way at a tick. Pages of mapped files are no anonymous memory, though they are part of
 * all totals. */
static void set_anonymous(const struct mt_ticker_track *track, struct mt_profile *profile) {
    struct mt_anonymous *anonymous = &profile->info.anonymous;
    uint64_t of_files = 0, peak = profile->info.totals.peak_bytes;
    for (size_t i = 0; i < profile->n_samples; i++)
        if (strcmp(mt_profile_text(profile, profile->samples[i].domain), "mmap-file") == 0)
            of_files += (uint64_t)profile->samples[i].value[MT_VALUE_PEAK_BYTES];
    *anonymous = track->anonymous;
    anonymous->recorded_bytes = peak > of_files ? peak - of_files : 0;
    anonymous->recorded_blocks = profile->info.totals.peak_blocks;
}

int mt_ticker_apply(struct mt_ticker_track *track, const struct mt_ledger_info *ledger,
                    struct mt_profile *profile, const struct mt_ledger_map *map) {
    struct mt_profile_info *info = &profile->info;
    struct mt_tick last = {
        .live_bytes = (int64_t)info->totals.live_bytes,
        .total_blocks = info->totals.total_blocks,
    };
    if (track->axis.n == 0 && ledger->start_monotonic_ns &&
        ledger->start_monotonic_ns <= track->end_ns)
        track->start_ns = ledger->start_monotonic_ns;
    if (track->end_ns > track->start_ns)
        last.time_ns = track->end_ns - track->start_ns;
    uint64_t now_ns = mt_clock_now_ns(),
             told_ns = mt_lasted_ns(info, now_ns > track->start_ns ? now_ns - track->start_ns : 0);
    if (told_ns > last.time_ns)
        last.time_ns = told_ns;
    info->duration_ns = last.time_ns;
    note_peak(track, ledger->control.epoch, last.time_ns);
    set_peak_time(track, info);
    set_anonymous(track, profile);
    int rc = mt_axis_add(
        &track->axis, &last); /* in the place of one that was taken while the process was ending */
    if (rc != 0)
        return rc;
    mt_axis_give(&track->axis, track->interval_ns, profile);
    if (mt_firings_apply(track->firings, profile) != 0)
        return -MEMTRACK_ENOMEM;
    return mt_composition_apply(track->composition, profile, map);
}
