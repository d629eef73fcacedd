/* SPDX-License-Identifier: MIT */
/*
 * What a file may cost. 128 KiB of gzip hold 50 million samples of two bytes each, and a sample
 * takes 96 in memory; one location with a million inlined functions on a path of a million frames
 * is a path of 10^12. Files that no profiler writes are refused before they cost more than a large
 * profile does:
 *
 *   inflating       16 MiB + 256 times the file (inflate.h)
 *   in memory       128 MiB + 64 times the file, beside frames, which take 4 bytes for each byte
 *                   that was inflated
 *   unpacking       128 MiB for a single message of protobuf-c's
 *   walking paths   2^27 frames + 8 times the bytes that were inflated, each inlined function being
 *                   a frame
 *
 * The factors are such that nothing that is not packed exceeds the first three: whoever trusts a
 * file can unpack it. A limit on the number of samples was rejected: it would refuse honest
 * profiles, too.
 */
#include "profile/pprof/reader.h"

#define MEMORY_ALLOWANCE (UINT64_C(128) << 20)
#define FRAMES_ALLOWANCE (UINT64_C(1) << 27)
enum { MEMORY_FACTOR = 64, FRAMES_FACTOR = 8 };

/* These include what belongs to each element: an id, a slot of an index, text. */
enum {
    LOCATION_BYTES = sizeof(struct mt_location) + 8,
    FUNCTION_BYTES = sizeof(struct mt_function) + 16,
    STRING_BYTES = 32
};

static uint64_t memory_used(const struct mt_pprof_reader *reader) {
    const struct mt_profile *p = reader->profile;
    const struct mt_profile_info *info = &p->info;
    const struct mt_scopes *scopes = &info->scopes;
    return p->n_samples * sizeof *p->samples +
           p->n_samples * reader->raw_stride * sizeof *reader->raw_values +
           p->n_locations * LOCATION_BYTES + p->n_lines * sizeof *p->lines +
           p->n_mappings * sizeof *p->mappings + reader->n_functions * FUNCTION_BYTES +
           reader->n_strings * sizeof *reader->strings + reader->n_labels * sizeof *reader->labels +
           info->n_ticks * sizeof *info->ticks + info->n_changes * sizeof *info->changes +
           info->n_marks * sizeof *info->marks + scopes->n_totals * sizeof *scopes->totals +
           scopes->n_buckets * sizeof *scopes->buckets + scopes->n_events * sizeof *scopes->events +
           scopes->n_keys * sizeof *scopes->keys + scopes->n_counters * sizeof *scopes->counters +
           scopes->n_open * sizeof *scopes->open +
           (uint64_t)mt_strings_count(p->strings) * STRING_BYTES;
}

int mt_pprof_limits_memory(struct mt_pprof_reader *reader) {
    uint64_t used = memory_used(reader), read = mt_inflate_total_in(reader->in);
    if (used <= MEMORY_ALLOWANCE + read * MEMORY_FACTOR)
        return 0;
    return mt_error_set(reader->error, MEMTRACK_ELIMIT,
                        "If you trust it, unpack it, and give the result.",
                        "%s is refused: its %llu bytes would take %llu MiB of memory", reader->name,
                        (unsigned long long)read, (unsigned long long)(used >> 20));
}

/* Counts the frames of all paths, with what was inlined into them. */
static uint64_t count_frames(const struct mt_profile *profile) {
    uint64_t n = 0;
    for (size_t i = 0; i < profile->n_frames; i++) {
        uint32_t lines = profile->locations[profile->frames[i]].n_lines;
        n += lines ? lines : 1;
    }
    return n;
}

int mt_pprof_limits_frames(struct mt_pprof_reader *reader) {
    const struct mt_profile *profile = reader->profile;
    uint64_t limit = FRAMES_ALLOWANCE + mt_inflate_total_out(reader->in) * FRAMES_FACTOR, most = 1;
    for (size_t i = 0; i < profile->n_locations; i++)
        most = profile->locations[i].n_lines > most ? profile->locations[i].n_lines : most;
    if (profile->n_frames <= limit / most) /* the usual case, without a look at each frame */
        return 0;
    uint64_t n = count_frames(profile);
    if (n <= limit)
        return 0;
    return mt_error_set(reader->error, MEMTRACK_ELIMIT, "No known profiler writes such files.",
                        "%s is refused: its %llu bytes have call paths of %llu frames",
                        reader->name, (unsigned long long)mt_inflate_total_out(reader->in),
                        (unsigned long long)n);
}
