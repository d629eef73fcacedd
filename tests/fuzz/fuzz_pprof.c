/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: bytes are read as a profile; what is accepted is written, read again, and must be the same model. Inputs
 * are plain protobufs and gzip'd ones alike, but only the former get far: mutations break the checksum.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_pprof
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profile/pprof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition) {
    if (!condition)
        abort();
}

static void check_indexes(const struct mt_profile *p) {
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
        require(p->info.changes[i].sample < p->n_samples && p->info.changes[i].tick < p->info.n_ticks);
}

static void check_same(const struct mt_profile *p, const struct mt_profile *q) {
    require(p->n_samples == q->n_samples && p->n_locations == q->n_locations && p->n_mappings == q->n_mappings);
    require(memcmp(p->has_value, q->has_value, sizeof p->has_value) == 0);
    for (size_t i = 0; i < p->n_samples; i++)
        require(memcmp(p->samples[i].value, q->samples[i].value, sizeof p->samples[i].value) == 0 &&
                p->samples[i].n_frames == q->samples[i].n_frames && p->samples[i].lossy == q->samples[i].lossy);
    for (size_t i = 0; i < p->n_locations; i++)
        require(p->locations[i].address == q->locations[i].address &&
                p->locations[i].n_lines == q->locations[i].n_lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mt_profile *p, *q = NULL;
    struct mt_error error;
    if (mt_pprof_read_memory(data, size, &p, &error) < 0) {
        require(p == NULL && error.message[0]);
        return 0;
    }
    check_indexes(p);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(mt_pprof_write(p, fd, &error) == 0);
    off_t bytes = lseek(fd, 0, SEEK_CUR);
    uint8_t *file = malloc((size_t)bytes);
    require(file && pread(fd, file, (size_t)bytes, 0) == bytes);
    int status = mt_pprof_read_memory(file, (size_t)bytes, &q, &error);
    require(status == 0);
    check_same(p, q);
    free(file);
    close(fd);
    mt_profile_free(p);
    mt_profile_free(q);
    return 0;
}
