/* SPDX-License-Identifier: MIT */
/*
 * What a file may cost. 128 KiB of gzip hold 50 million samples of two bytes each, and a sample
 * takes 96 in memory; one location with a million inlined functions on a path of a million frames
 * is a path of 10^12. Files that no profiler writes are refused before they cost more than a large
 * profile does:
 *
 *   inflating       16 MiB + 256 times the file (inflate.h)
 *   in memory       128 MiB + 64 times the file, beside frames, which take 4 bytes for each byte
 *                   that was inflated (here)
 *   unpacking       128 MiB for a single message of protobuf-c's (pprof/)
 *   walking paths   2^27 frames + 8 times the bytes that were inflated, each inlined function being
 *                   a frame (pprof/limits.c; text has no such frames)
 *
 * The factors are such that nothing that is not packed exceeds the first three: whoever trusts a
 * file can unpack it. A limit on the number of samples was rejected: it would refuse honest
 * profiles, too.
 */
#include "profile/limits.h"

#include "profile/strings.h"

#define MEMORY_ALLOWANCE (UINT64_C(128) << 20)
enum { MEMORY_FACTOR = 64 };

/* These include what belongs to each element: an id, a slot of an index, text. */
enum {
    LOCATION_BYTES = sizeof(struct mt_location) + 8,
    FUNCTION_BYTES = sizeof(struct mt_function) + 16,
    STRING_BYTES = 32
};

static uint64_t memory_used(const struct mt_profile *p) {
    const struct mt_profile_info *info = &p->info;
    const struct mt_scopes *scopes = &info->scopes;
    return p->n_samples * sizeof *p->samples + p->n_locations * LOCATION_BYTES +
           p->n_lines * sizeof *p->lines + p->n_functions * FUNCTION_BYTES +
           p->n_mappings * sizeof *p->mappings + info->n_ticks * sizeof *info->ticks +
           info->n_changes * sizeof *info->changes + info->n_marks * sizeof *info->marks +
           scopes->n_totals * sizeof *scopes->totals + scopes->n_buckets * sizeof *scopes->buckets +
           scopes->n_events * sizeof *scopes->events + scopes->n_keys * sizeof *scopes->keys +
           scopes->n_counters * sizeof *scopes->counters +
           scopes->n_tallies * sizeof *scopes->tallies + info->n_metadata * sizeof *info->metadata +
           scopes->n_open * sizeof *scopes->open + scopes->n_calls * sizeof *scopes->calls +
           (uint64_t)mt_strings_count(p->strings) * STRING_BYTES + p->member_bytes;
}

int mt_limits_memory(const struct mt_profile *profile, uint64_t extra_bytes,
                     const struct mt_inflate *in, const char *name, struct mt_error *error) {
    uint64_t used = memory_used(profile) + extra_bytes, read = mt_inflate_total_in(in);
    if (used <= MEMORY_ALLOWANCE + read * MEMORY_FACTOR)
        return 0;
    return mt_error_set(error, MEMTRACK_ELIMIT, "If you trust it, unpack it, and give the result.",
                        "%s is refused: its %llu bytes would take %llu MiB of memory", name,
                        (unsigned long long)read, (unsigned long long)(used >> 20));
}
