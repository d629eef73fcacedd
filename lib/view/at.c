/* SPDX-License-Identifier: MIT */
/*
 * The composition at a moment. At the end it is the live columns, at the peak the peak columns. At
 * a time it is put together from the changes: a sample has the live bytes of its last change up to
 * that tick, and none before its first. The changes are read in one pass with the tick of the
 * latest one kept per sample, so they need no order.
 */
#include "view/at.h"

#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

#define SECOND_NS UINT64_C(1000000000)

/* Reads one or two fields of digits, each followed by ':', then seconds below 60. */
static bool parse_clock(const char *text, uint64_t *ns) {
    uint64_t minutes = 0, seconds_ns;
    for (int fields = 0; strchr(text, ':'); fields++) {
        size_t digits = strspn(text, "0123456789");
        if (fields == 2 || digits == 0 || digits > 7 || text[digits] != ':')
            return false;
        uint64_t field = strtoull(text, NULL, 10);
        if (fields == 1 && field > 59)
            return false;
        minutes = minutes * 60 + field;
        text += digits + 1;
    }
    if (strspn(text, "0123456789.") != strlen(text) ||
        !mt_format_parse_duration(text, SECOND_NS, &seconds_ns) || seconds_ns >= 60 * SECOND_NS)
        return false;
    *ns = minutes * 60 * SECOND_NS + seconds_ns;
    return true;
}

bool mt_at_parse(const char *text, struct mt_at *moment) {
    *moment = (struct mt_at){.kind = MT_AT_END};
    if (strcmp(text, "end") == 0)
        return true;
    if (strcmp(text, "peak") == 0) {
        moment->kind = MT_AT_PEAK;
        return true;
    }
    moment->kind = MT_AT_TIME;
    return strchr(text, ':') ? parse_clock(text, &moment->time_ns)
                             : mt_format_parse_duration(text, SECOND_NS, &moment->time_ns);
}

static void at_columns(const struct mt_profile *profile, enum mt_value bytes, enum mt_value blocks,
                       int64_t *live_bytes, int64_t *live_blocks) {
    for (size_t i = 0; i < profile->n_samples; i++) {
        live_bytes[i] = profile->samples[i].value[bytes];
        live_blocks[i] = profile->samples[i].value[blocks];
    }
}

/* Otherwise it is known without a record of it: it was made of nothing. */
static bool has_ever_held_something(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->info.n_ticks; i++)
        if (profile->info.ticks[i].live_bytes)
            return true;
    return false;
}

static int check_time(const struct mt_profile *profile, uint64_t time_ns, struct mt_error *error) {
    const struct mt_profile_info *info = &profile->info;
    if (info->n_ticks && info->duration_ns && time_ns > info->duration_ns) {
        char asked[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES];
        return mt_error_set(
            error, MEMTRACK_EUSAGE, "Give a time within the recording, or --at end.",
            "--at %s is past the end: the recording lasted %s", mt_format_duration(asked, time_ns),
            mt_format_duration(lasted, info->duration_ns));
    }
    if (info->watched)
        return mt_error_set(error, MEMTRACK_EUSAGE,
                            "memtrack timeline shows the memory of each moment.",
                            "nothing was recorded: memtrack watch looked from outside");
    if (info->n_ticks && info->n_changes == 0 && has_ever_held_something(profile))
        return mt_error_set(
            error, MEMTRACK_EUSAGE,
            "Use --at end or --at peak. memtrack timeline shows the size over time.",
            "this profile has the size of the heap over time, not its composition");
    if (info->n_ticks == 0)
        return mt_error_set(error, MEMTRACK_EUSAGE, mt_profile_no_axis_hint(profile),
                            "no time axis in this profile: it shows no past moment");
    return 0;
}

/* Returns the last tick not after the time, or -1 when there is none. */
static int64_t tick_at(const struct mt_profile_info *info, uint64_t time_ns) {
    int64_t best = -1;
    for (size_t i = 0; i < info->n_ticks; i++)
        if (info->ticks[i].time_ns <= time_ns &&
            (best < 0 || info->ticks[i].time_ns >= info->ticks[best].time_ns))
            best = (int64_t)i;
    return best;
}

static int at_time(const struct mt_profile *profile, uint64_t time_ns, int64_t *live_bytes,
                   int64_t *live_blocks) {
    const struct mt_profile_info *info = &profile->info;
    uint32_t *since =
        calloc(profile->n_samples + 1, sizeof *since); /* tick + 1 of the change in force */
    if (!since)
        return -MEMTRACK_ENOMEM;
    memset(live_bytes, 0, profile->n_samples * sizeof *live_bytes);
    memset(live_blocks, 0, profile->n_samples * sizeof *live_blocks);
    int64_t last = tick_at(info, time_ns);
    for (size_t i = 0; i < info->n_changes; i++) {
        const struct mt_tick_change *change = &info->changes[i];
        uint32_t sample = change->sample;
        if (change->tick > last || sample >= profile->n_samples || change->tick + 1 < since[sample])
            continue;
        since[sample] = change->tick + 1;
        live_bytes[sample] = change->live_bytes;
        live_blocks[sample] = change->live_blocks;
    }
    free(since);
    return 0;
}

int mt_at_live(const struct mt_profile *profile, const struct mt_at *moment, int64_t *live_bytes,
               int64_t *live_blocks, struct mt_error *error) {
    switch (moment->kind) {
    case MT_AT_END:
        at_columns(profile, MT_VALUE_LIVE_BYTES, MT_VALUE_LIVE_BLOCKS, live_bytes, live_blocks);
        return 0;
    case MT_AT_PEAK:
        if (!profile->has_value[MT_VALUE_PEAK_BYTES])
            return mt_error_set(error, MEMTRACK_EUSAGE, "Use --at end.",
                                "no composition at the peak in this profile");
        at_columns(profile, MT_VALUE_PEAK_BYTES, MT_VALUE_PEAK_BLOCKS, live_bytes, live_blocks);
        return 0;
    case MT_AT_TIME:
        break;
    }
    int status = check_time(profile, moment->time_ns, error);
    if (status == 0)
        status = at_time(profile, moment->time_ns, live_bytes, live_blocks);
    return status == -MEMTRACK_ENOMEM ? mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory")
                                      : status;
}

bool mt_at_resolution(const struct mt_profile *profile, const struct mt_at *moment,
                      uint64_t *from_ns, uint64_t *to_ns) {
    const struct mt_profile_info *info = &profile->info;
    bool found = false;
    *from_ns = 0;
    *to_ns = UINT64_MAX;
    for (size_t i = 0; i < info->n_changes && moment->kind == MT_AT_TIME; i++) {
        if (info->changes[i].tick >= info->n_ticks)
            continue;
        uint64_t time_ns = info->ticks[info->changes[i].tick].time_ns;
        if (time_ns > moment->time_ns) {
            *to_ns = time_ns < *to_ns ? time_ns : *to_ns;
        } else {
            *from_ns = time_ns > *from_ns ? time_ns : *from_ns;
            found = true;
        }
    }
    return found;
}
