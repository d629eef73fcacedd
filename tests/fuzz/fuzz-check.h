/* SPDX-License-Identifier: MIT */
/* What must hold of every profile that was read, and after it has been written and read again. */
#ifndef TESTS_FUZZ_FUZZ_CHECK_H
#define TESTS_FUZZ_FUZZ_CHECK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profile/pprof/pprof.h"

static inline void require(int condition) {
    if (!condition)
        abort();
}

static inline void check_indexes(const struct mt_profile *p) {
    for (size_t i = 0; i < p->n_samples; i++) {
        require(p->samples[i].first_frame + (size_t)p->samples[i].n_frames <= p->n_frames);
        for (uint32_t f = 0; f < p->samples[i].n_frames; f++)
            require(p->frames[p->samples[i].first_frame + f] < p->n_locations);
    }
    for (size_t i = 0; i < p->n_locations; i++) {
        require(p->locations[i].mapping <= p->n_mappings);
        require(p->locations[i].first_line + (size_t)p->locations[i].n_lines <= p->n_lines);
    }
    for (size_t i = 0; i < p->n_lines; i++)
        require(p->lines[i].function < p->n_functions);
    for (size_t i = 0; i < p->info.n_changes; i++)
        require(p->info.changes[i].sample < p->n_samples &&
                p->info.changes[i].tick < p->info.n_ticks);
}

static inline void check_same(const struct mt_profile *p, const struct mt_profile *q) {
    require(p->n_samples == q->n_samples && p->n_locations == q->n_locations &&
            p->n_mappings == q->n_mappings);
    require(memcmp(p->has_value, q->has_value, sizeof p->has_value) == 0);
    for (size_t i = 0; i < p->n_samples; i++)
        require(memcmp(p->samples[i].value, q->samples[i].value, sizeof p->samples[i].value) == 0 &&
                p->samples[i].n_frames == q->samples[i].n_frames &&
                p->samples[i].lossy == q->samples[i].lossy);
    for (size_t i = 0; i < p->n_locations; i++)
        require(p->locations[i].address == q->locations[i].address &&
                p->locations[i].n_lines == q->locations[i].n_lines);
}

/* Frees the profile. */
static inline void check_round_trip(struct mt_profile *p) {
    struct mt_profile *q = NULL;
    struct mt_error error;
    check_indexes(p);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(mt_pprof_write(p, fd, &error) == 0);
    off_t bytes = lseek(fd, 0, SEEK_CUR);
    uint8_t *file = malloc((size_t)bytes);
    require(file && pread(fd, file, (size_t)bytes, 0) == bytes);
    require(mt_pprof_read_memory(file, (size_t)bytes, &q, &error) == 0);
    check_same(p, q);
    free(file);
    close(fd);
    mt_profile_free(p);
    mt_profile_free(q);
}

/* Reads what begins with one of the n beginnings, which the first byte chooses, and goes on with the
 * rest: a profile that holds together, or an error with words. Returns 0. */
static inline int read_text(const char *const *beginnings, size_t n, const uint8_t *data,
                            size_t size) {
    struct mt_profile *p;
    struct mt_error error;
    const char *beginning = beginnings[size ? *data % n : 0];
    size_t begun = strlen(beginning), rest = size ? size - 1 : 0;
    char *text = malloc(begun + rest + 1);
    require(text != NULL);
    memcpy(text, beginning, begun);
    if (rest)
        memcpy(text + begun, data + 1, rest);
    if (mt_pprof_read_memory(text, begun + rest, &p, &error) < 0)
        require(p == NULL && error.message[0]);
    else
        check_round_trip(p);
    free(text);
    return 0;
}

#endif
