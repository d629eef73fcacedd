/* SPDX-License-Identifier: MIT */
/*
 * The rule is that a ledger is removed only after its profile has its name: whatever fails before
 * (no memory, a full disk, a damaged ledger) leaves the ledger in the session directory, which then
 * stays, and the message says where. Only a ledger in which recording never began holds nothing and
 * goes.
 */
#include "run/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/launch.h"
#include "ledger/filename.h"
#include "profile/called.h"
#include "profile/ledger/convert.h"
#include "profile/pprof/output.h"
#include "view/jit/jit.h"
#include "view/lines/lines.h"
#include "view/refused.h"
#include "view/rows/patterns.h"
#include "view/summary/anonymous.h"
#include "view/summary/nameless.h"
#include "view/summary/own_calls.h"
#include "view/summary/unseen.h"
#include "view/symbols/symbols.h"

enum { OTHER_FILES_BYTES = 4 << 20 }; /* locales, caches, data: mapped and looked at in part */

static void name_program(const struct mt_convert *convert, const struct mt_ticker_track *track,
                         const struct mt_profile *profile, struct mt_result *result) {
    bool is_named = track->is_main && track->name.counter == 0 && *convert->program;
    snprintf(result->program, sizeof result->program, "%s",
             is_named ? convert->program : mt_called_name(profile));
}

/* Writes what tells this process apart from the others of the run, as far as the pattern does
 * not. */
static void distinguish(const char *pattern, const struct mt_ticker_track *track, bool is_newest,
                        char *insert, size_t bytes) {
    int n = 0;
    insert[0] = 0;
    if (!(track->is_main && is_newest) && !mt_output_has(pattern, 'p'))
        n = snprintf(insert, bytes, ".%" PRIu32, track->name.pid);
    if (!is_newest)
        snprintf(insert + n, bytes - (size_t)n, ".%" PRIu32, track->name.counter);
}

/* An image that went on as another program has not ended at all. */
static void set_exit(const struct mt_convert *convert, struct mt_ticker_track *track,
                     bool is_newest, struct mt_profile_info *info) {
    mt_ticker_ask_end(track);
    bool is_known = track->is_main ? convert->exit_known : track->exit_known;
    int status = track->is_main ? convert->wait_status : track->wait_status;
    if (!is_newest || !is_known)
        return;
    info->exit_known = true;
    info->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    info->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Tells whether more than half of the run went by after the last tick: ticks of the first moments
 * alone say little about it. */
static bool was_hardly_looked_at(const struct mt_profile_info *info) {
    size_t n = info->n_ticks;
    while (n != 0 &&
           (info->ticks[n - 1].rss_bytes == 0 || info->ticks[n - 1].rss_bytes == UINT64_MAX))
        n--; /* the process had ended */
    return info->anonymous.bytes == 0 || n == 0 ||
           info->ticks[n - 1].time_ns < info->duration_ns / 2;
}

/*
 * A program that ended before the first tick is known by its highest resident memory alone, files
 * included. What is left after the most that its modules and the ledger can have had of that was
 * its own.
 */
static void estimate_anonymous(const struct mt_ticker_track *track, uint64_t most_rss_bytes,
                               struct mt_ledger *ledger, struct mt_profile_info *info) {
    uint64_t others = info->ledger_bytes + OTHER_FILES_BYTES;
    size_t n = 0;
    struct mt_module *modules = mt_ledger_refresh(ledger, NULL) == 0
                                    ? mt_ledger_load_items(ledger, MT_EXTENT_MODULES, &n)
                                    : NULL;
    for (size_t i = 1; modules && i < n; i++)
        if (modules[i].end > modules[i].start)
            others += modules[i].end - modules[i].start;
    if (modules && track->is_main && !track->is_left && was_hardly_looked_at(info) &&
        most_rss_bytes > others && most_rss_bytes - others > info->anonymous.bytes) {
        info->anonymous.bytes = most_rss_bytes - others;
        info->anonymous.is_estimate = true;
    }
    free(modules);
}

/* "Nothing was allocated" is said of what was watched alone. */
static enum mt_result_blank blank_of(const struct mt_ledger_info *info) {
    if (!info->control.request.off)
        return MT_RESULT_RECORDED;
    if (info->bounds.until_ns && info->bounds.until_ns <= info->start_own_ns)
        return MT_RESULT_LATE;
    return (info->flags & (MT_FLAG_DORMANT | MT_FLAG_SWITCHED)) == MT_FLAG_DORMANT
               ? MT_RESULT_DORMANT
               : MT_RESULT_RECORDED;
}

/* Returns 0, or the problem of the result is filled. */
static int load(const struct mt_convert *convert, struct mt_ticker_track *track, const char *path,
                struct mt_profile **profile, struct mt_result *result) {
    struct mt_ledger *ledger = track->ledger;
    struct mt_error *problem = &result->problem;
    struct mt_ledger_map map;
    track->ledger = NULL;
    int rc = ledger ? 0 : mt_ledger_open(path, &ledger, problem);
    if (rc != 0)
        return rc;
    result->blank = blank_of(mt_ledger_info(ledger));
    rc = mt_ledger_convert_mapped(ledger, profile, &map, problem);
    if (rc == 0) {
        rc = mt_ticker_apply(track, mt_ledger_info(ledger), *profile, &map);
        mt_ledger_convert_map_free(&map);
        if (rc != 0) {
            mt_profile_free(*profile);
            mt_error_set(problem, -rc, "Close other programs, or raise the memory limit.",
                         "%s: out of memory", path);
        } else
            estimate_anonymous(track, convert->most_rss_bytes, ledger, &(*profile)->info);
    }
    mt_ledger_close(ledger);
    return rc;
}

/* A process in which nothing happened is a line of the index: its profile would say no more. The
 * program itself always has one. */
static bool is_worth_a_file(const struct mt_convert *convert, const struct mt_result *result,
                            const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    return convert->directory->kind == MT_RUN_DIRECTORY_NONE ||
           (result->is_main && result->is_last_image) || info->totals.total_blocks ||
           info->totals.failed_allocations || info->n_marks ||
           !mt_profile_scopes_is_empty(&info->scopes);
}

/* The second profile of a run is what its directory is for: the program's own comes last. */
static const char *directory_for(const struct mt_convert *convert, const struct mt_result *result) {
    struct mt_run_directory *directory = convert->directory;
    bool is_single =
        directory->kind == MT_RUN_DIRECTORY_ON_DEMAND && result->is_main && result->is_last_image;
    if (directory->kind == MT_RUN_DIRECTORY_NONE || (is_single && !directory->path))
        return NULL;
    return mt_run_directory_make(directory);
}

/* malloc'ed; NULL: out of memory. */
static char *wanted_name(const struct mt_convert *convert, const struct mt_ticker_track *track,
                         const struct mt_output_fields *fields, const struct mt_result *result) {
    char insert[64], *name, *path;
    const char *directory = directory_for(convert, result);
    const char *pattern = directory ? MT_RUN_DIRECTORY_FILES : convert->pattern;
    distinguish(pattern, track, result->is_last_image, insert, sizeof insert);
    name = mt_output_name(pattern, fields, insert);
    if (!directory || !name)
        return name;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        path = NULL;
    free(name);
    return path;
}

static void write_profile(const struct mt_convert *convert, const struct mt_ticker_track *track,
                          const struct mt_profile *profile, struct mt_result *result) {
    char *written = NULL;
    const struct mt_output_fields fields = {result->pid, result->program,
                                            profile->info.start_time_ns};
    char *wanted = wanted_name(convert, track, &fields, result);
    if (!wanted) {
        mt_error_set(&result->problem, MEMTRACK_ENOMEM, "", "out of memory");
        return;
    }
    if (mt_output_write(profile, wanted, convert->force, convert->since_ns, &written,
                        &result->problem) == 0) {
        result->is_written = true;
        snprintf(result->file, sizeof result->file, "%s", written);
        mt_output_explain(wanted, written, &result->problem);
    }
    free(wanted);
    free(written);
}

/* Keeps the ledger: "memtrack report LEDGER" reads one as well. */
static void keep(const char *path, struct mt_result *result) {
    result->is_kept = true;
    snprintf(result->file, sizeof result->file, "%s", path);
    snprintf(result->problem.hint, sizeof result->problem.hint,
             "Nothing is lost. Read the recording where it is:");
}

static void fill_command(const struct mt_profile *profile, struct mt_result *result) {
    size_t n = 0;
    for (size_t i = 0; i < profile->info.n_command; i++) {
        const char *word = mt_profile_text(profile, profile->info.command[i]);
        size_t bytes = strlen(word) + 1;
        if (bytes > sizeof result->command - n)
            break; /* the recorder keeps no more either */
        memcpy(result->command + n, word, bytes);
        n += bytes;
    }
    result->command_bytes = (uint32_t)n;
    snprintf(result->exe, sizeof result->exe, "%s", mt_profile_text(profile, profile->info.exe));
}

static void fill_result(const struct mt_profile *profile, struct mt_result *result) {
    const struct mt_profile_info *info = &profile->info;
    result->parent_pid = info->ppid;
    result->peak_bytes = info->totals.peak_bytes;
    result->live_bytes = info->totals.live_bytes;
    result->live_blocks = info->totals.live_blocks;
    result->total_bytes = info->totals.total_bytes;
    result->total_blocks = info->totals.total_blocks;
    result->is_blind = info->outranked && result->total_blocks == 0;
    result->start_time_ns = info->start_time_ns;
    result->duration_ns = info->duration_ns;
    result->peak_time_known = info->peak_time_known;
    result->peak_ns = info->peak_time_ns;
    result->exit_known = info->exit_known;
    result->exit_code = info->exit_code;
    result->exit_signal = info->exit_signal;
    result->anonymous_bytes = info->anonymous.bytes;
    result->is_unexplained = mt_anonymous_is_foreign(info);
    fill_command(profile, result);
}

/* Without the mark at its beginning a ledger was never begun, or something has emptied it. What
 * could not be looked at is not empty: it may be all that there is. */
static bool is_empty(const char *path) {
    uint64_t magic = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, &magic, sizeof magic, 0) : -1;
    if (fd >= 0)
        close(fd);
    return n >= 0 && magic != MT_LEDGER_MAGIC;
}

static void settle_failure(const char *path, struct mt_result *result) {
    if (access(path, F_OK) != 0)
        mt_error_set(&result->problem, MEMTRACK_ENOTFOUND, "",
                     "nothing was recorded of process %" PRIu32
                     ": its ledger was removed during the run",
                     result->pid);
    else if (is_empty(path)) {
        unlink(path);
        mt_error_set(&result->problem, MEMTRACK_EFORMAT, "",
                     "process %" PRIu32
                     " left an empty ledger: it ended while the recording began, or its ledger was "
                     "overwritten",
                     result->pid);
    } else
        keep(path, result);
}

/* A list of JIT code that was not met while the process ran may have been written at its end. */
static void resolve(const struct mt_convert *convert, struct mt_ticker_track *track,
                    struct mt_profile *profile) {
    struct mt_symbols_options symbols = convert->symbols;
    if (mt_jit_is_needed(profile, 0, profile->n_locations))
        mt_jit_files_look_left(&track->jit, profile->info.pid,
                               mt_profile_text(profile, profile->info.cwd));
    symbols.jit = &track->jit;
    struct mt_lines_choice choice = {.patterns = convert->lines, .n = convert->n_lines};
    const struct mt_symbols_chosen chosen = {.is_chosen = mt_lines_is_chosen, .context = &choice};
    if (convert->n_lines)
        symbols.chosen = &chosen;
    mt_symbols_resolve(profile, &symbols, NULL);
    mt_nameless_note(profile);
    mt_refused_note(profile);
}

/* Stores which functions were asked for, line by line: as many as there is memory for. */
static void store_lines(const struct mt_convert *convert, struct mt_profile *made) {
    for (size_t i = 0; i < convert->n_lines; i++) {
        mt_string pattern = mt_profile_intern(made, convert->lines[i]);
        if (pattern != UINT32_MAX)
            mt_profile_lines_add_pattern(&made->info.lines, pattern);
    }
}

void mt_convert_track(const struct mt_convert *convert, struct mt_ticker_track *track,
                      bool is_newest, struct mt_result *result, struct mt_profile **profile) {
    char file[128], path[4096];
    struct mt_profile *made = NULL;
    mt_ledger_filename_format(&track->name, file, sizeof file);
    snprintf(path, sizeof path, "%s/%s", convert->session->path, file);
    *result = (struct mt_result){.inode = track->inode,
                                 .pid = track->name.pid,
                                 .image = track->name.counter,
                                 .is_main = track->is_main,
                                 .is_last_image = is_newest};
    if (profile)
        *profile = NULL;
    if (load(convert, track, path, &made, result) != 0) {
        settle_failure(path, result);
        return;
    }
    name_program(convert, track, made, result);
    set_exit(convert, track, is_newest, &made->info);
    fill_result(made, result);
    result->start_ns = track->start_ns;
    mt_own_calls_note(made);
    mt_unseen_note(made); /* without the note, and without names, it is still a profile */
    if (track->is_main && is_newest && convert->unrecorded)
        mt_unrecorded_note(convert->unrecorded, convert->ticker, made);
    result->is_empty = !is_worth_a_file(convert, result, made);
    if (!result->is_empty) {
        resolve(convert, track, made);
        mt_patterns_store(made, &convert->wrappers); /* as many as fit */
        store_lines(convert, made);
        write_profile(convert, track, made, result);
    }
    if (result->is_written || result->is_empty)
        unlink(path);
    else
        settle_failure(path, result);
    if (profile)
        *profile = made;
    else
        mt_profile_free(made);
}
