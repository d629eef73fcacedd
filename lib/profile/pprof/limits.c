/* SPDX-License-Identifier: MIT */
/*
 * How many frames the paths of a file may have, and what it may take in memory: ../limits.c has the
 * reasons.
 */
#include "profile/limits.h"
#include "profile/pprof/reader.h"

#define FRAMES_ALLOWANCE (UINT64_C(1) << 27)
enum { FRAMES_FACTOR = 8, FUNCTION_BYTES = sizeof(struct mt_function) + 16 };

int mt_pprof_limits_memory(struct mt_pprof_reader *reader) {
    uint64_t extra = reader->profile->n_samples * reader->raw_stride * sizeof *reader->raw_values +
                     reader->n_functions * FUNCTION_BYTES +
                     reader->n_strings * sizeof *reader->strings +
                     reader->n_labels * sizeof *reader->labels;
    return mt_limits_memory(reader->profile, extra, reader->in, reader->name, reader->error);
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
