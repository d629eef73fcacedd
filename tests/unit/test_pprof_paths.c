/* SPDX-License-Identifier: MIT */
/* Call paths as others may write them: what a path shares with the one before is not decoded again,
 * whatever its numbers and parts are. */
#include "pprof-fixture.h"

enum { N_SAMPLES = 4000, MOST_FRAMES = 60, N_IDS = 400 };

/* Numbers of one to four bytes, of which many end alike. */
static uint64_t id_of(uint32_t location) {
    return location < 90
               ? location + 1
               : (uint64_t)(1 + location / 64) << (7 + 8 * (location % 3)) | location % 64;
}

struct path {
    uint32_t location[MOST_FRAMES];
    size_t n;
};

static uint64_t random_state;

static uint32_t draw(uint32_t below) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

/* Keeps some of the outer frames, and puts others inside of them. */
static void change(struct path *path) {
    size_t kept = path->n && draw(8) ? draw((uint32_t)path->n + 1) : 0, before = path->n;
    uint32_t outer[MOST_FRAMES];
    memcpy(outer, path->location + before - kept, kept * sizeof *outer);
    path->n = kept + draw((uint32_t)(MOST_FRAMES - kept + 1));
    for (size_t i = 0; i < path->n - kept; i++)
        path->location[i] = draw(draw(2) ? 4 : N_IDS);
    memcpy(path->location + path->n - kept, outer, kept * sizeof *outer);
}

/* Writes frames [from, to) packed, or each as a field. */
static void put_part(struct buffer *sample, const struct path *path, size_t from, size_t to,
                     bool is_packed) {
    struct buffer packed = {0};
    for (size_t i = from; i < to; i++) {
        uint64_t id = id_of(path->location[i]);
        if (is_packed)
            put_varint(&packed, id);
        else
            put_number(sample, 1, id);
    }
    if (is_packed)
        put_bytes(sample, 1, packed.data ? packed.data : (uint8_t *)"", packed.n);
    free(packed.data);
}

static void put_path(struct buffer *b, const struct path *path, uint64_t value) {
    struct buffer sample = {0};
    size_t cut = draw(6) ? path->n : draw((uint32_t)path->n + 1);
    put_part(&sample, path, 0, cut, draw(6) != 0);
    if (cut < path->n)
        put_part(&sample, path, cut, path->n, draw(2) != 0);
    put_number(&sample, 2, value);
    put_bytes(b, 2, sample.data, sample.n);
    free(sample.data);
}

static struct buffer make(struct path *paths, uint64_t seed) {
    static const char *const texts[] = {"", "inuse_space", "bytes"};
    struct buffer b = {0};
    struct path path = {.n = 0};
    random_state = seed;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(&b, 6, texts[i]);
    put_message(&b, 1, 1, 2);
    for (uint64_t i = 0; i < N_IDS; i++)
        put_message(&b, 4, id_of((uint32_t)i), 0, 0x1000 + i);
    for (uint64_t s = 0; s < N_SAMPLES; s++) {
        change(&path);
        put_path(&b, &path, s + 1);
        paths[s] = path;
    }
    return b;
}

static void check(const struct mt_profile *p, const struct path *paths) {
    assert_int_equal(p->n_samples, N_SAMPLES);
    for (size_t s = 0; s < N_SAMPLES; s++) {
        const struct mt_sample *sample = &p->samples[s];
        assert_int_equal(sample->value[MT_VALUE_LIVE_BYTES], s + 1);
        assert_int_equal(sample->n_frames, paths[s].n);
        for (size_t i = 0; i < paths[s].n; i++)
            assert_int_equal(p->locations[p->frames[sample->first_frame + i]].address,
                             0x1000 + paths[s].location[i]);
    }
}

static void paths_come_back(void **state) {
    (void)state;
    struct path *paths = calloc(N_SAMPLES, sizeof *paths);
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct buffer b = make(paths, seed);
        struct mt_profile *p;
        struct mt_error error;
        if (seed & 1) { /* else they are read where they are */
            struct buffer packed = compressed(&b);
            free(b.data);
            b = packed;
        }
        if (read_buffer(b, &p, &error) != 0)
            fail_msg("seed %d: %s", (int)seed, error.message);
        check(p, paths);
        mt_profile_free(p);
    }
    free(paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
