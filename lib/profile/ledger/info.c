/* SPDX-License-Identifier: MIT */
/*
 * Who was recorded, and what the recording could not see. A count that spoils a figure is worth
 * nothing if its reader cannot tell what it means, so every one above zero becomes a sentence: what
 * happened, what it does to the numbers, and what to change for the next run.
 *
 * Every text comes from another process: lengths are checked, terminators are not relied on.
 */
#include "profile/ledger/info.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const allocator_names[] = {
    [MT_ALLOCATOR_OTHER] = "other",       [MT_ALLOCATOR_GLIBC] = "glibc",
    [MT_ALLOCATOR_JEMALLOC] = "jemalloc", [MT_ALLOCATOR_TCMALLOC] = "tcmalloc",
    [MT_ALLOCATOR_MIMALLOC] = "mimalloc",
};

/* ---- identity -------------------------------------------------------------------------------- */

static mt_string take_text(struct mt_profile *profile, const char *text, size_t bytes,
                           size_t most) {
    return mt_profile_intern_n(profile, text, strnlen(text, bytes < most ? bytes : most));
}

static int take_command(struct mt_profile *profile, const struct mt_ledger_header *header) {
    size_t bytes =
        header->command_bytes < MT_COMMAND_MAX_BYTES ? header->command_bytes : MT_COMMAND_MAX_BYTES;
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += header->command[i] == 0 || i + 1 == bytes;
    profile->info.command = calloc(n ? n : 1, sizeof *profile->info.command);
    if (!profile->info.command)
        return -MEMTRACK_ENOMEM;
    for (size_t at = 0; at < bytes && profile->info.n_command < n;) {
        size_t length = strnlen(header->command + at, bytes - at);
        mt_string text = mt_profile_intern_n(profile, header->command + at, length);
        if (text == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        profile->info.command[profile->info.n_command++] = text;
        at += length + 1;
    }
    return 0;
}

static int take_allocator_stats(struct mt_profile *profile, const struct mt_ledger_header *header) {
    size_t n = header->n_allocator_stats < MT_MAX_ALLOCATOR_STATS ? header->n_allocator_stats
                                                                  : MT_MAX_ALLOCATOR_STATS;
    profile->info.allocator_stats = calloc(n ? n : 1, sizeof *profile->info.allocator_stats);
    if (!profile->info.allocator_stats)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct mt_allocator_stat *stat = &header->allocator_stat[i];
        mt_string name = take_text(profile, stat->name, sizeof stat->name, sizeof stat->name);
        if (name == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        profile->info.allocator_stats[i] = (struct mt_named_value){name, stat->value};
    }
    profile->info.n_allocator_stats = n;
    return 0;
}

/* Why the figures that were asked for are not there. */
static int say_why_no_figures(struct mt_profile *profile, const struct mt_ledger_header *header) {
    uint32_t detail = header->allocator_answer >> MT_ANSWER_DETAIL_SHIFT;
    char why[256];
    switch (header->allocator_answer & ((1u << MT_ANSWER_DETAIL_SHIFT) - 1)) {
    case MT_ANSWER_PENDING:
        snprintf(why, sizeof why,
                 "it is asked at a normal exit (exit, or the end of main), which %s",
                 profile->info.running ? "has not come yet" : "did not come");
        break;
    case MT_ANSWER_UNKNOWN_ALLOCATOR:
        snprintf(why, sizeof why, "only glibc, jemalloc and tcmalloc can be asked");
        break;
    case MT_ANSWER_CONFINED:
        snprintf(why, sizeof why,
                 "the process had confined itself (seccomp), so that no copy of it could be made "
                 "to ask in");
        break;
    case MT_ANSWER_IN_HANDLER:
        snprintf(why, sizeof why,
                 "exit was called by a signal handler that had interrupted the allocator");
        break;
    case MT_ANSWER_NO_COPY:
        snprintf(why, sizeof why, "no copy of the process could be made to ask in (%s)",
                 strerror((int)(detail & 0xfff)));
        break;
    case MT_ANSWER_DIED:
        snprintf(why, sizeof why,
                 "it crashed when it was asked (signal %" PRIu32
                 ", in a copy of the process): its heap may be damaged",
                 detail);
        break;
    case MT_ANSWER_LATE:
        snprintf(why, sizeof why,
                 "it did not answer within 2 s: a thread may have been stopped inside of it");
        break;
    default: /* not asked, or the figures are there */
        return 0;
    }
    char note[sizeof why + 64];
    snprintf(note, sizeof note, "The allocator's own figures are missing: %s.", why);
    return mt_profile_add_note(profile, note);
}

/* What an allocator has given up, or handed out by other ways than are seen. */
static int say_what_allocator_did(struct mt_profile *profile,
                                  const struct mt_ledger_header *header) {
    char note[256];
    int rc = 0;
    if (header->unseen_discards) {
        snprintf(note, sizeof note,
                 "%" PRIu64 " time%s the program gave up an arena or heap with all its blocks, and "
                 "the allocator could not "
                 "tell which these were: live figures are too high by them.",
                 header->unseen_discards, header->unseen_discards == 1 ? "" : "s");
        rc = mt_profile_add_note(profile, note);
    }
    if (rc == 0 && header->allocator == MT_ALLOCATOR_JEMALLOC && !(header->flags & MT_FLAG_OWN_API))
        rc = mt_profile_add_note(
            profile, "jemalloc's own functions (mallocx, arena.<i>.reset and the like) were not "
                     "watched: preload libmemtrack-jemalloc.so as well, as memtrack run does.");
    if (rc == 0 && header->allocator == MT_ALLOCATOR_MIMALLOC && !(header->flags & MT_FLAG_OWN_API))
        rc = mt_profile_add_note(
            profile,
            "mimalloc's mi_heap_destroy was not watched: preload libmemtrack-mimalloc.so as "
            "well, as memtrack run does.");
    if (rc == 0 && (header->flags & MT_FLAG_NO_USABLE))
        rc = mt_profile_add_note(
            profile, "Usable sizes are not known, and so no waste: the allocator has no "
                     "malloc_usable_size.");
    return rc;
}

/* Nothing counted because nothing came here must not read as if there were nothing. */
static int say_who_precedes(struct mt_profile *profile, const struct mt_ledger_header *header) {
    char path[MT_PRECEDING_BYTES + 1] = {0}, note[sizeof path + 256];
    memcpy(path, header->preceding, MT_PRECEDING_BYTES);
    const char *who = path[0] ? path : mt_profile_text(profile, profile->info.exe);
    if (!profile->info.outranked)
        return 0;
    if (header->n_sites <= 1) /* the first is none */
        snprintf(note, sizeof note,
                 "Nothing was recorded, here and in what it forks: %s contains its own malloc, "
                 "which comes before the "
                 "recorder's.",
                 who);
    else
        snprintf(note, sizeof note,
                 "%s contains its own malloc: only what it passes on to another one is counted.",
                 who);
    return mt_profile_add_note(profile, note);
}

static int say_what_was_ignored(struct mt_profile *profile, const struct mt_ledger_header *header) {
    char text[MT_IGNORED_BYTES + 1] = {0}, note[sizeof text + 128];
    memcpy(text, header->ignored_options, MT_IGNORED_BYTES);
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    if (!text[0])
        return 0;
    snprintf(
        note, sizeof note,
        "MEMTRACK_OPTIONS: %s is not understood and had no effect; memtrack(1) lists the options.",
        text);
    return mt_profile_add_note(profile, note);
}

static mt_string take_allocator_path(struct mt_ledger *ledger, struct mt_profile *profile) {
    uint64_t address = mt_ledger_info(ledger)->allocator_path;
    char path[256];
    size_t have = 0;
    char text[MT_PATH_MAX_BYTES];
    while (address &&
           have <
               sizeof text) { /* in pieces: the text may end right before the end of its segment */
        size_t want = sizeof path - address % sizeof path;
        if (want > sizeof text - have)
            want = sizeof text - have;
        if (mt_ledger_read_address(ledger, address, path, want) == 0)
            break;
        size_t length = strnlen(path, want);
        memcpy(text + have, path, length);
        have += length;
        if (length < want)
            break;
        address += want;
    }
    return mt_profile_intern_n(profile, text, have);
}

static void take_flags(struct mt_profile_info *out, const struct mt_ledger_info *in) {
    out->pid = in->pid;
    out->ppid = in->ppid;
    out->start_time_ns = in->start_realtime_ns;
    out->sample_bytes = in->sample_bytes;
    out->multithreaded = (in->flags & MT_FLAG_THREADS) != 0;
    out->exact_peak = (in->flags & MT_FLAG_EXACT_PEAK) != 0;
    out->usable_measured = (in->flags & MT_FLAG_USABLE) != 0;
    out->outranked = (in->flags & MT_FLAG_PRECEDED) != 0;
    out->partial =
        !(in->flags & MT_FLAG_COMPLETE) ||
        (in->flags & (MT_FLAG_PRECEDED | MT_FLAG_DORMANT | MT_FLAG_SWITCHED | MT_FLAG_CLEARED)) ||
        in->control.request.off;
    out->ledger_bytes = in->file_bytes;
}

int mt_ledger_info_take(struct mt_ledger *ledger, struct mt_profile *profile,
                        struct mt_error *error) {
    struct mt_ledger_header *header = aligned_alloc(64, sizeof *header);
    if (!header)
        return -MEMTRACK_ENOMEM;
    int rc = mt_ledger_read_header(ledger, header, error);
    struct mt_profile_info *info = &profile->info;
    if (rc == 0) {
        info->is_memtrack = true;
        take_flags(info, mt_ledger_info(ledger));
        info->exe = take_text(profile, header->exe, header->exe_bytes, sizeof header->exe);
        info->cwd = take_text(profile, header->cwd, header->cwd_bytes, sizeof header->cwd);
        uint32_t allocator =
            header->allocator <= MT_ALLOCATOR_MIMALLOC ? header->allocator : MT_ALLOCATOR_OTHER;
        info->allocator = mt_profile_intern(profile, allocator_names[allocator]);
        info->allocator_path = take_allocator_path(ledger, profile);
        rc = take_command(profile, header);
    }
    if (rc == 0)
        rc = take_allocator_stats(profile, header);
    if (rc == 0)
        rc = say_why_no_figures(profile, header);
    if (rc == 0)
        rc = say_who_precedes(profile, header);
    if (rc == 0)
        rc = say_what_allocator_did(profile, header);
    if (rc == 0)
        rc = say_what_was_ignored(profile, header);
    if (rc == 0 &&
        (info->exe == UINT32_MAX || info->cwd == UINT32_MAX || info->allocator_path == UINT32_MAX))
        rc = -MEMTRACK_ENOMEM;
    free(header);
    return rc;
}

/* Sampling meets a block of this size with probability 1 - exp(-size / period). */
double mt_ledger_sampling_scale(uint64_t period, uint64_t allocated_bytes,
                                uint64_t allocated_blocks) {
    if (period == 0 || allocated_blocks == 0 || allocated_bytes == 0)
        return 1;
    double mean = (double)allocated_bytes / (double)allocated_blocks;
    return 1 / (1 - exp(-mean / (double)period));
}

/* ---- threads --------------------------------------------------------------------------------- */

static mt_string text_of(struct mt_profile *profile, const struct mt_thread_row *row) {
    char text[64];
    int name_bytes = (int)strnlen(row->name, sizeof row->name);
    if (row->bank == 0)
        snprintf(text, sizeof text, "%" PRIu32 " other threads", row->n_threads);
    else
        snprintf(text, sizeof text, "%" PRIu32 " %.*s", row->tid, name_bytes, row->name);
    return mt_profile_intern(profile, text);
}

static int take_rows(struct mt_profile *profile, struct mt_ledger_threads *t,
                     const struct mt_thread_row *rows) {
    struct mt_profile_info *info = &profile->info;
    for (size_t i = 1; i < t->n_threads; i++) {
        const struct mt_thread_row *row = &rows[i];
        if (row->n_threads == 0)
            continue;
        struct mt_profile_thread thread = {
            .tid = row->tid,
            .n_threads = row->n_threads,
            .name = mt_profile_intern_n(profile, row->name, strnlen(row->name, sizeof row->name)),
        };
        t->text[i] = text_of(profile, row);
        if (t->text[i] == UINT32_MAX || thread.name == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        info->threads[info->n_threads++] = thread;
    }
    return 0;
}

/* A thread that has opened scopes and allocated nothing has no row. */
static int take_banks(struct mt_profile *profile, struct mt_ledger_threads *t,
                      const struct mt_bank *banks) {
    for (size_t i = 1; i < t->n_banks; i++) {
        char tid[16];
        snprintf(tid, sizeof tid, "%" PRIu32, banks[i].tid);
        t->text_of_bank[i] = mt_ledger_threads_text(t, banks[i].thread);
        if (t->text_of_bank[i] == 0 && banks[i].n_threads != 0)
            t->text_of_bank[i] = mt_profile_intern(profile, tid);
        if (t->text_of_bank[i] == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}

static int prepare_threads(struct mt_profile *profile, struct mt_ledger_threads *t) {
    struct mt_profile_info *info = &profile->info;
    free(info->threads);
    info->n_threads = 0;
    info->threads = calloc(t->n_threads + 1, sizeof *info->threads);
    t->text = calloc(t->n_threads + 1, sizeof *t->text);
    t->text_of_bank = calloc(t->n_banks + 1, sizeof *t->text_of_bank);
    return info->threads && t->text && t->text_of_bank ? 0 : -MEMTRACK_ENOMEM;
}

int mt_ledger_threads_take(struct mt_ledger *ledger, struct mt_profile *profile,
                           struct mt_ledger_threads *threads) {
    mt_ledger_threads_free(threads);
    struct mt_thread_row *rows =
        mt_ledger_load_items(ledger, MT_EXTENT_THREADS, &threads->n_threads);
    struct mt_bank *banks = mt_ledger_load_items(ledger, MT_EXTENT_BANKS, &threads->n_banks);
    int rc = rows && banks ? prepare_threads(profile, threads) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = take_rows(profile, threads, rows);
    if (rc == 0)
        rc = take_banks(profile, threads, banks);
    free(rows);
    free(banks);
    return rc;
}

void mt_ledger_threads_free(struct mt_ledger_threads *threads) {
    free(threads->text);
    free(threads->text_of_bank);
    *threads = (struct mt_ledger_threads){0};
}

/* ---- notes ----------------------------------------------------------------------------------- */

struct notes {
    struct mt_profile *profile;
    int rc;
};

__attribute__((format(printf, 2, 3))) static void say(struct notes *notes, const char *format,
                                                      ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int rc = mt_profile_add_note(notes->profile, text);
    if (notes->rc == 0)
        notes->rc = rc;
}

static const char *room_advice(const struct mt_ledger_info *info) {
    if (info->flags & MT_FLAG_EXPECTED)
        return "have it make system calls through libc";
    if (info->flags & MT_FLAG_CONFINED)
        return "let its seccomp filter allow mremap and madvise; strict mode allows nothing";
    switch (info->lossy_errno) {
    case EFBIG:
        return "raise the file size limit (ulimit -f)";
    case ENOMEM:
        return "raise the memory limit (ulimit -v, or the memory of the container)";
    case EACCES:
    case EPERM:
    case ENOENT:
        return "the program changed its user or root directory, so its ledger could not be opened "
               "again to grow";
    default:
        return "set MEMTRACK_DIR to a directory with more room, or enlarge the file system that "
               "holds the ledger";
    }
}

/* A block that finds no room among the live ones is counted as freed at once, and its free is then
 * unknown. */
static void say_what_is_lost(struct notes *notes, const struct mt_ledger_info *info,
                             const struct mt_ledger_totals *counts) {
    const struct mt_coverage *coverage = &notes->profile->info.coverage;
    if (info->flags & MT_FLAG_NO_SPACE)
        say(notes, "The ledger could not grow any more (%s). Next time: %s.",
            (info->flags & MT_FLAG_EXPECTED)
                ? "the program can install a seccomp filter by a system call that is not "
                  "seen, so that none is made for it"
            : (info->flags & MT_FLAG_CONFINED) ? "the program has confined itself with seccomp"
                                               : strerror((int)(info->lossy_errno & 0xfff)),
            room_advice(info));
    if (coverage->lossy_blocks)
        say(notes,
            coverage->lossy_blocks == 1
                ? "%" PRIu64
                  " allocation found no room for its call path and stands in the line [lossy]."
                : "%" PRIu64
                  " allocations found no room for their call path and stand in the line [lossy].",
            coverage->lossy_blocks);
    if (info->flags & MT_FLAG_BOUND)
        say(notes,
            "Call paths took as much room as they may (%" PRIu64
            " MiB of ledger): those that came later stand in "
            "the line [lossy]. Next time: --max-ledger with more, or 0 for no bound.",
            info->max_bytes >> 20);
    if (info->unrecorded && (info->flags & MT_FLAG_IN_FORKS))
        say(notes,
            "%" PRIu64 " events are in no figure: they came when it could not be told whether this "
            "is a fork (madvise is "
            "refused, and there is no /proc to ask, or the program could confine itself unseen).",
            info->unrecorded);
    else if (info->unrecorded)
        say(notes,
            info->unrecorded == 1 ? "%" PRIu64 " event came from a thread for which there was no "
                                    "room, or interrupted the first of one: no "
                                    "figure contains it."
                                  : "%" PRIu64 " events came from threads for which there was no "
                                    "room, or interrupted the first of one: "
                                    "no figure contains them.",
            info->unrecorded);
    if (counts->dropped)
        say(notes,
            counts->dropped == 1 ? "%" PRIu64 " allocation found no room among the live blocks: "
                                   "the totals contain it, peak and live do not."
                                 : "%" PRIu64 " allocations found no room among the live blocks: "
                                   "the totals contain them, peak and live do not.",
            counts->dropped);
    if (info->dropped_scopes)
        say(notes,
            info->dropped_scopes == 1 ? "%" PRIu64 " scope found no room for all of its figures: "
                                        "counts, sums and percentiles of scopes are "
                                        "too low by it."
                                      : "%" PRIu64
                                        " scopes found no room for all of their figures: counts, "
                                        "sums and percentiles of scopes "
                                        "are too low by them.",
            info->dropped_scopes);
    if (counts->interrupted)
        say(notes,
            counts->interrupted == 1 ? "%" PRIu64 " event came from a signal handler that had "
                                       "interrupted the recorder: no figure contains it."
                                     : "%" PRIu64 " events came from signal handlers that had "
                                       "interrupted the recorder: no figure contains "
                                       "them.",
            counts->interrupted);
}

static const char *why_unrecorded(const struct mt_ledger_info *info) {
    if (info->flags & MT_FLAG_IN_FORKS)
        return "madvise is refused (seccomp), without which the two could have written into one "
               "ledger";
    if (info->flags & MT_FLAG_CONFINED)
        return "a seccomp filter, or strict mode, might have killed it for that";
    switch (info->unrecorded_errno) {
    case ENOENT:
    case ENOTDIR:
        return "where it runs (chroot, mount namespace) the directory of the ledgers is not there";
    case EACCES:
    case EPERM:
    case EROFS:
        return "it may not write to the directory of the ledgers";
    case EINTR:
        return "a signal handler had interrupted the recorder, forked, and did not return";
    default:
        return strerror((int)(info->unrecorded_errno & 0xfff));
    }
}

static void say_how_it_began(struct notes *notes, const struct mt_ledger_info *info) {
    uint64_t unknown = notes->profile->info.coverage.unknown_frees;
    if (info->flags & MT_FLAG_FORKED)
        say(notes,
            "This process is a fork of process %" PRIu32
            ": blocks that it inherited are not counted here%s.",
            info->ppid, unknown ? ", and freeing them counts as unknown frees" : "");
    if (unknown)
        say(notes,
            unknown == 1 ? "%" PRIu64 " free was of a block %s; it changes no figure."
                         : "%" PRIu64 " frees were of blocks %s; they change no figure.",
            unknown,
            notes->profile->info.coverage.dropped_events
                ? "that had found no room, or whose allocation was not seen"
            : unknown == 1 ? "that was allocated unseen"
                           : "that were allocated unseen");
    if (info->unrecorded_forks)
        say(notes,
            info->unrecorded_forks == 1
                ? "%" PRIu32 " process that was forked from this one is not recorded, since it "
                  "could not make a ledger: %s."
                : "%" PRIu32 " processes that were forked from this one are not recorded, since "
                  "they could not make a "
                  "ledger: %s.",
            info->unrecorded_forks, why_unrecorded(info));
    if (!(info->flags & (MT_FLAG_COMPLETE | MT_FLAG_DORMANT)))
        say(notes, "Recording did not begin with the process: what it had allocated before is not "
                   "counted.");
    if (info->sample_bytes)
        say(notes,
            "Sampled, one allocation about every %" PRIu64
            " bytes: every figure is an estimate, the true one is "
            "within its margin in 95 of 100 cases; small call paths "
            "may be missing.",
            info->sample_bytes);
}

/* Nothing counted because nobody looked must not read as if there were nothing. */
static void say_who_switched(struct notes *notes, const struct mt_ledger_info *info) {
    bool is_off = info->control.request.off != 0;
    if ((info->flags & MT_FLAG_DORMANT) && !(info->flags & MT_FLAG_SWITCHED) && is_off)
        say(notes,
            "Dormant: recording was off from the start on, so none of the allocations was "
            "recorded.%s",
            notes->profile->info.running ? " memtrack attach switches it on." : "");
    else if (is_off)
        say(notes,
            "Recording is off: what was allocated since it was switched off is not counted.");
    if ((info->flags & MT_FLAG_DORMANT) && !is_off)
        say(notes, "Recording was off at the start of the process: what was allocated before it "
                   "was switched on is not "
                   "counted.");
    if (info->flags & MT_FLAG_SWITCHED)
        say(notes, "Recording has been switched on or off while the process ran: what was "
                   "allocated while it was off is "
                   "not counted, and freeing it counts as an unknown free.");
    if (info->flags & MT_FLAG_CLEARED)
        say(notes, "The program has called memtrack_clear_traces: what it had allocated before is "
                   "not counted.");
}

static void say_truncated(struct notes *notes) {
    const struct mt_profile_info *info = &notes->profile->info;
    uint64_t cut = info->coverage.truncated_stacks;
    if (cut && info->totals.total_blocks)
        say(notes,
            "%" PRIu64 " of %" PRIu64
            " allocations (%.1f %%) have a call path whose outer end could not be found (code "
            "without unwind tables, or a deeper stack than --frames keeps).",
            cut, info->totals.total_blocks,
            100.0 * (double)cut / (double)info->totals.total_blocks);
}

int mt_ledger_info_notes(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
                         struct mt_profile *profile) {
    struct notes notes = {profile, 0};
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    say_how_it_began(&notes, info);
    say_what_is_lost(&notes, info, counts);
    say_truncated(&notes);
    if (info->flags & MT_FLAG_CHECK_UNWIND)
        say(&notes, "Each call path was checked against a full unwind: %" PRIu64 " mismatches.",
            counts->unwind_mismatches);
    say_who_switched(&notes, info);
    if (profile->info.running && profile->info.approximate)
        say(&notes, "The process was running while this was read, and could not be read at one "
                    "instant: figures can be "
                    "off by the events under way.");
    else if (profile->info.approximate)
        say(&notes, "The process ended in the middle of recording an event, or its ledger is "
                    "damaged: figures are "
                    "approximate.");
    if (mt_ledger_damage(ledger))
        say(&notes,
            "%" PRIu64 " pieces of the ledger could not be read; what they held is missing here.",
            mt_ledger_damage(ledger));
    return notes.rc;
}
