/* SPDX-License-Identifier: MIT */
/*
 * What the recording could not see. A count that spoils a figure is worth nothing if its reader
 * cannot tell what it means, so every one above zero becomes a sentence: what happened, what it
 * does to the numbers, and what to change for the next run.
 */
#include "profile/ledger/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* When nothing was counted because nobody looked, it must not read as if there were nothing. */
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

int mt_ledger_notes_add(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
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
