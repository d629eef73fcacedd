/* SPDX-License-Identifier: MIT */
/*
 * Who was recorded, and what the header of the ledger says of the allocator: why its figures are
 * not there, and what it did that could not be seen.
 *
 * Every text comes from another process: lengths are checked, terminators are not relied on.
 */
#include "profile/ledger/info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/called.h"

static const char *const allocator_names[] = {
    [MT_ALLOCATOR_OTHER] = "other",       [MT_ALLOCATOR_GLIBC] = "glibc",
    [MT_ALLOCATOR_JEMALLOC] = "jemalloc", [MT_ALLOCATOR_TCMALLOC] = "tcmalloc",
    [MT_ALLOCATOR_MIMALLOC] = "mimalloc",
};

static mt_string take_text(struct mt_profile *profile, const char *text, size_t bytes,
                           size_t most) {
    return mt_profile_intern_n(profile, text, strnlen(text, bytes < most ? bytes : most));
}

static int take_command(struct mt_profile *profile, const struct mt_ledger_header *header) {
    return mt_called_take(profile, header->command,
                          header->command_bytes < MT_COMMAND_MAX_BYTES ? header->command_bytes
                                                                       : MT_COMMAND_MAX_BYTES);
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

/* Says why the figures that were asked for are not there. */
static int say_why_no_figures(struct mt_profile *profile, const struct mt_ledger_header *header) {
    uint32_t detail = header->allocator_answer >> MT_ANSWER_DETAIL_SHIFT;
    char why[256];
    switch (header->allocator_answer & ((1u << MT_ANSWER_DETAIL_SHIFT) - 1)) {
    case MT_ANSWER_PENDING:
        snprintf(why, sizeof why, "it is asked at a normal exit, which %s",
                 profile->info.running ? "has not come yet" : "did not come");
        break;
    case MT_ANSWER_UNKNOWN_ALLOCATOR:
        snprintf(why, sizeof why, "only glibc, jemalloc and tcmalloc can be asked");
        break;
    case MT_ANSWER_CONFINED:
        snprintf(why, sizeof why, "seccomp let no copy of the process be made to ask in");
        break;
    case MT_ANSWER_IN_HANDLER:
        snprintf(why, sizeof why,
                 "a signal handler had interrupted the allocator, and called exit");
        break;
    case MT_ANSWER_NO_COPY:
        snprintf(why, sizeof why, "no copy of the process could be made to ask in (%s)",
                 strerror((int)(detail & 0xfff)));
        break;
    case MT_ANSWER_DIED:
        snprintf(why, sizeof why,
                 "it crashed when asked (signal %" PRIu32 ", in a copy of the process): its heap "
                 "may be damaged",
                 detail);
        break;
    case MT_ANSWER_LATE:
        snprintf(why, sizeof why, "no answer within 2 s: a thread may have been stopped inside it");
        break;
    default: /* not asked, or the figures are there */
        return 0;
    }
    char note[sizeof why + 64];
    snprintf(note, sizeof note, "The allocator's own figures are missing: %s.", why);
    return mt_profile_add_note(profile, note);
}

/* Says what an allocator has given up, or handed out in other ways than are seen. */
static int say_what_allocator_did(struct mt_profile *profile,
                                  const struct mt_ledger_header *header) {
    char note[256];
    int rc = 0;
    if (header->unseen_discards) {
        snprintf(note, sizeof note,
                 "Live figures are too high: %" PRIu64 " time%s the program gave up a whole arena "
                 "or heap, with blocks that are not known.",
                 header->unseen_discards, header->unseen_discards == 1 ? "" : "s");
        rc = mt_profile_add_note(profile, note);
    }
    if (rc == 0 && header->allocator == MT_ALLOCATOR_JEMALLOC && !(header->flags & MT_FLAG_OWN_API))
        rc = mt_profile_add_note(
            profile, "jemalloc's own functions (mallocx, arena.<i>.reset and the like) were not "
                     "watched: preload libmemtrack-jemalloc.so too, as memtrack run does.");
    if (rc == 0 && header->allocator == MT_ALLOCATOR_MIMALLOC && !(header->flags & MT_FLAG_OWN_API))
        rc = mt_profile_add_note(
            profile, "mimalloc's mi_heap_destroy was not watched: preload libmemtrack-mimalloc.so "
                     "too, as memtrack run does.");
    if (rc == 0 && (header->flags & MT_FLAG_NO_USABLE))
        rc = mt_profile_add_note(profile,
                                 "Waste is not known: the allocator has no malloc_usable_size.");
    return rc;
}

/* When nothing was counted because nothing came here, it must not read as if there were nothing. */
static int say_who_precedes(struct mt_profile *profile, const struct mt_ledger_header *header) {
    char path[MT_PRECEDING_BYTES + 1] = {0}, note[sizeof path + 256];
    memcpy(path, header->preceding, MT_PRECEDING_BYTES);
    const char *who = path[0] ? path : mt_profile_text(profile, profile->info.exe);
    if (!profile->info.outranked)
        return 0;
    if (header->n_sites <= 1) /* the first is none */
        snprintf(note, sizeof note,
                 "Nothing was recorded, here and in its forks: %s contains its own malloc, which "
                 "comes first.",
                 who);
    else
        snprintf(note, sizeof note,
                 "%s contains its own malloc: only calls that reach another malloc are recorded.",
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
    snprintf(note, sizeof note,
             "MEMTRACK_OPTIONS: %s is unknown, and ignored; man memtrack lists the options.", text);
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
