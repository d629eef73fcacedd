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

#include "profile/ledger/python_notes.h"

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

enum { COUNT_BYTES = 32 };

/* "1,234,567" */
static const char *count_text(char text[COUNT_BYTES], uint64_t count) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *out = text;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return text;
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
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
        return "raise the memory limit (ulimit -v, or that of the container)";
    case EACCES:
    case EPERM:
    case ENOENT:
        return "let it keep its user and root directory, to open its ledger again";
    default:
        return "set MEMTRACK_DIR to a directory with more room";
    }
}

static void say_where_room_ended(struct notes *notes, const struct mt_ledger_info *info) {
    if (info->flags & MT_FLAG_NO_SPACE)
        say(notes, "The ledger could not grow any more (%s). Next time: %s.",
            (info->flags & MT_FLAG_EXPECTED)   ? "the program may install a seccomp filter unseen"
            : (info->flags & MT_FLAG_CONFINED) ? "the program has confined itself with seccomp"
                                               : strerror((int)(info->lossy_errno & 0xfff)),
            room_advice(info));
    if (info->flags & MT_FLAG_BOUND)
        say(notes,
            "Call paths took all the room that they may (%" PRIu64
            " MiB of ledger): later ones stand in the line [lossy]. Next time: a larger "
            "--max-ledger, or 0 for no bound.",
            info->max_bytes >> 20);
}

/* A block that finds no room among the live ones is counted as freed at once, and its free is then
 * unknown. */
static void say_what_is_lost(struct notes *notes, const struct mt_ledger_info *info,
                             const struct mt_ledger_totals *counts) {
    uint64_t lossy = notes->profile->info.coverage.lossy_blocks;
    char count[COUNT_BYTES];
    if (lossy)
        say(notes, "%s allocation%s found no room for a call path: see the line [lossy].",
            count_text(count, lossy), plural(lossy));
    if (info->unrecorded && (info->flags & MT_FLAG_IN_FORKS))
        say(notes,
            "%s event%s not counted: this may be a fork, which madvise and /proc could not "
            "tell, or the program could confine itself unseen.",
            count_text(count, info->unrecorded), info->unrecorded == 1 ? " is" : "s are");
    else if (info->unrecorded)
        say(notes,
            "%s event%s not counted: no room for the thread, or in the middle of its first event.",
            count_text(count, info->unrecorded), info->unrecorded == 1 ? " is" : "s are");
    if (counts->dropped)
        say(notes,
            "%s allocation%s found no room among the live blocks: in total, but not in peak and "
            "live.",
            count_text(count, counts->dropped), plural(counts->dropped));
    if (info->dropped_scopes)
        say(notes, "%s scope%s found no room for all figures: " MT_NOTE_SCOPES_LACK,
            count_text(count, info->dropped_scopes), plural(info->dropped_scopes));
    if (info->dropped_own)
        say(notes, "%s change%s found no room: " MT_NOTE_OWN_LACK,
            count_text(count, info->dropped_own), plural(info->dropped_own));
    if (info->dropped_lines)
        say(notes, "%s event%s of lines found no room: figures by line are too low.",
            count_text(count, info->dropped_lines), plural(info->dropped_lines));
    if (counts->interrupted)
        say(notes, "%s event%s not counted: a signal handler had interrupted the recorder.",
            count_text(count, counts->interrupted), counts->interrupted == 1 ? " is" : "s are");
}

static const char *why_unrecorded(const struct mt_ledger_info *info) {
    if (info->flags & MT_FLAG_IN_FORKS)
        return "seccomp refuses madvise, so that both could write into one ledger";
    if (info->flags & MT_FLAG_CONFINED)
        return "seccomp might have killed it for that";
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

static void say_unknown_frees(struct notes *notes, const struct mt_ledger_info *info) {
    const struct mt_coverage *coverage = &notes->profile->info.coverage;
    char count[COUNT_BYTES];
    if (coverage->unknown_frees)
        say(notes, "%s free%s of %s %s; not counted.", count_text(count, coverage->unknown_frees),
            coverage->unknown_frees == 1 ? " was" : "s were",
            coverage->unknown_frees == 1 ? "a block" : "blocks",
            coverage->dropped_events         ? "without room, or allocated before recording"
            : info->flags & MT_FLAG_SWITCHED ? "allocated while recording was off"
                                             : "allocated before recording");
}

static void say_how_it_began(struct notes *notes, const struct mt_ledger_info *info) {
    char count[COUNT_BYTES];
    if (info->flags & MT_FLAG_FORKED)
        say(notes,
            "This process is a fork of process %" PRIu32 ": blocks that it inherited are not "
            "counted.",
            info->ppid);
    say_unknown_frees(notes, info);
    if (info->unrecorded_forks)
        say(notes, "%s forked process%s not recorded, without a ledger: %s.",
            count_text(count, info->unrecorded_forks),
            info->unrecorded_forks == 1 ? " is" : "es are", why_unrecorded(info));
    if (info->sample_bytes)
        say(notes,
            "Sampled, about one allocation in %s bytes: figures are estimates. The true one is "
            "within its margin in 95 of 100 cases. Small call paths may be missing.",
            count_text(count, info->sample_bytes));
}

/* Returns whether recording was to end, and has. */
static bool say_time_is_over(struct notes *notes, const struct mt_ledger_info *info) {
    if (info->bounds.until_ns == 0 || info->control.request.off == 0)
        return false;
    if (info->bounds.until_ns <= info->start_own_ns)
        say(notes, "The time of --for was over when this process began: nothing was recorded.");
    else
        say(notes, "Recorded for %.1f s, as --for says: later allocations are not counted.",
            (double)(info->bounds.until_ns - info->start_own_ns) / 1e9);
    return true;
}

/* When nothing was counted because nobody looked, it must not read as if there were nothing. */
static void say_who_switched(struct notes *notes, const struct mt_ledger_info *info) {
    bool is_off = info->control.request.off != 0;
    if (say_time_is_over(notes, info))
        ;
    else if ((info->flags & MT_FLAG_DORMANT) && !(info->flags & MT_FLAG_SWITCHED) && is_off)
        say(notes, "Dormant: recording was never on, so nothing was recorded.%s",
            notes->profile->info.running ? " memtrack attach switches it on." : "");
    else if (is_off)
        say(notes, "Recording is off: later allocations are not counted.");
    if ((info->flags & MT_FLAG_DORMANT) && !is_off)
        say(notes, "Recording was off at first: earlier allocations are not counted.");
    if ((info->flags & MT_FLAG_SWITCHED) && (info->bounds.until_ns == 0 || !is_off))
        say(notes, "Recording was switched on or off during the run: allocations while it was off "
                   "are not counted.");
    if (info->flags & MT_FLAG_CLEARED)
        say(notes,
            "The program called memtrack_clear_traces: earlier allocations are not counted.");
}

static void say_truncated(struct notes *notes) {
    const struct mt_profile_info *info = &notes->profile->info;
    uint64_t cut = info->coverage.truncated_stacks, all = info->totals.total_blocks;
    char count[COUNT_BYTES], of[COUNT_BYTES], share[32] = "<0.1";
    if (cut >= all / 1000)
        snprintf(share, sizeof share, "%.1f", all ? 100.0 * (double)cut / (double)all : 0);
    if (cut && all)
        say(notes,
            "%s of %s call path%s (%s%%) %s cut short: no unwind tables, or deeper than "
            "--frames.",
            count_text(count, cut), count_text(of, all), plural(all), share,
            cut == 1 ? "is" : "are");
}

int mt_ledger_notes_add(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
                        struct mt_profile *profile) {
    struct notes notes = {profile, 0};
    char count[COUNT_BYTES];
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    say_how_it_began(&notes, info);
    say_where_room_ended(&notes, info);
    say_what_is_lost(&notes, info, counts);
    say_truncated(&notes);
    if (info->flags & MT_FLAG_CHECK_UNWIND)
        say(&notes, "Call paths were checked against a full unwind: %s mismatch%s.",
            count_text(count, counts->unwind_mismatches),
            counts->unwind_mismatches == 1 ? "" : "es");
    say_who_switched(&notes, info);
    if (profile->info.running && profile->info.approximate)
        say(&notes, "Read while the process ran, not at one instant: figures can be off by the "
                    "events under way.");
    else if (profile->info.approximate)
        say(&notes, "Figures are approximate: the process ended while recording an event, or its "
                    "ledger is damaged.");
    if (mt_ledger_damage(ledger))
        say(&notes, "%s piece%s of the ledger could not be read: their contents are missing.",
            count_text(count, mt_ledger_damage(ledger)), plural(mt_ledger_damage(ledger)));
    return notes.rc != 0 ? notes.rc : mt_ledger_python_notes_add(ledger, counts, profile);
}
