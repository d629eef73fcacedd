/* SPDX-License-Identifier: MIT */
/* Profiles for tests, built by hand or at random from a seed. */
#ifndef TESTS_UNIT_PROFILE_FIXTURE_H
#define TESTS_UNIT_PROFILE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

static inline uint32_t build_mapping(struct mt_profile *p, const char *path, uint64_t bias) {
    struct mt_mapping mapping = {.start = bias, .limit = bias + 0x100000, .bias = bias};
    mapping.path = mt_profile_intern(p, path);
    return (uint32_t)mt_profile_add_mapping(p, &mapping) + 1;
}

static inline uint32_t build_function(struct mt_profile *p, const char *name, const char *file) {
    struct mt_function function = {.name = mt_profile_intern(p, name),
                                   .file = mt_profile_intern(p, file)};
    return (uint32_t)mt_profile_add_function(p, &function);
}

/* Adds a location whose lines are given innermost first. */
static inline uint32_t build_location(struct mt_profile *p, uint32_t mapping, uint64_t address,
                                      const struct mt_line *lines, uint32_t n) {
    struct mt_location location = {.address = address, .mapping = mapping, .n_lines = n};
    location.first_line = n ? (uint32_t)mt_profile_add_lines(p, lines, n) : 0;
    return (uint32_t)mt_profile_add_location(p, &location);
}

/* Adds a location of one frame and one line. */
static inline uint32_t build_frame(struct mt_profile *p, uint32_t mapping, const char *name,
                                   const char *file, int64_t line) {
    struct mt_line at = {.function = build_function(p, name, file), .line = line};
    return build_location(p, mapping, 0x1000 + p->n_locations * 16, &at, 1);
}

static inline struct mt_profile *build_empty(void) {
    struct mt_profile *p = mt_profile_new();
    assert_non_null(p);
    p->info.is_memtrack = p->info.usable_measured = true;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        p->has_value[v] = true;
    return p;
}

/* Adds a sample with so many live and total bytes, in one block each. path has n location indexes,
 * innermost first. */
static inline void build_sample(struct mt_profile *p, int64_t bytes, size_t n,
                                const uint32_t *path) {
    struct mt_sample sample = {0};
    for (size_t v = 0; v < MT_N_VALUES; v++)
        sample.value[v] = bytes;
    sample.value[MT_VALUE_LIVE_BLOCKS] = sample.value[MT_VALUE_TOTAL_BLOCKS] = 1;
    sample.value[MT_VALUE_PEAK_BLOCKS] = sample.value[MT_VALUE_TEMPORARY_BLOCKS] = 1;
    sample.lossy = n == 0;
    assert_true(mt_profile_add_sample(p, &sample, path, n) >= 0);
}

static inline uint32_t build_random(uint64_t *seed, uint32_t below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static const char *const build_names[] = {
    "malloc",
    "operator new(unsigned long)",
    "std::vector<int, std::allocator<int> >::push_back(int const&)",
    "std::allocator<int>::allocate(unsigned long)",
    "main",
    "parse(std::string const&)",
    "xmalloc",
    "grow",
    "",
    "ns::tree<int>::insert(int)",
    "_start",
    "__libc_start_main",
    "strdup",
    "walk",
    "getline",
    "init"};
static const char *const build_files[] = {"", "src/a.c", "src/b.c",
                                          "/usr/include/c++/12/bits/stl_vector.h", "lib/c.cpp"};
static const char *const build_modules[] = {"/bin/app", "/lib/libc.so.6", "/lib/libmemtrack.so",
                                            "/lib/libstdc++.so.6", "/lib/libx.so"};

static inline uint32_t build_random_location(struct mt_profile *p, uint64_t *seed) {
    struct mt_line lines[3];
    uint32_t n = build_random(seed, 4);
    for (uint32_t i = 0; i < n; i++)
        lines[i] =
            (struct mt_line){build_random(seed, (uint32_t)p->n_functions), build_random(seed, 5)};
    return build_location(p, build_random(seed, 6), build_random(seed, 50) * 8, lines, n);
}

/* Builds a profile with everything that one may hold: inlined frames, frames without lines or
 * module, lossy, empty and truncated paths. */
static inline struct mt_profile *build_random_profile(uint64_t seed, size_t n_samples) {
    struct mt_profile *p = build_empty();
    for (size_t i = 0; i < 5; i++)
        build_mapping(p, build_modules[i], 0x1000 * i);
    for (size_t i = 0; i < 40; i++) {
        struct mt_function f = {.name = mt_profile_intern(p, build_names[build_random(&seed, 16)]),
                                .file = mt_profile_intern(p, build_files[build_random(&seed, 5)]),
                                .address = build_random(&seed, 2) * 64};
        mt_profile_add_function(p, &f);
    }
    for (size_t i = 0; i < 120; i++)
        build_random_location(p, &seed);
    for (size_t i = 0; i < n_samples; i++) {
        uint32_t path[12], n = build_random(&seed, 12);
        char thread[16];
        snprintf(thread, sizeof thread, "%u worker", build_random(&seed, 4));
        struct mt_sample s = {.truncated = build_random(&seed, 5) == 0,
                              .lossy = n == 0 && build_random(&seed, 2)};
        s.thread = build_random(&seed, 5) ? mt_profile_intern(p, thread) : 0;
        s.scope = build_random(&seed, 2) ? mt_profile_intern(p, "request") : 0;
        s.domain = mt_profile_intern(p, build_random(&seed, 3) ? "malloc" : "mmap");
        s.has_size_class = build_random(&seed, 8) != 0;
        s.size_class = (uint8_t)build_random(&seed, 65);
        for (size_t v = 0; v < MT_N_VALUES; v++)
            s.value[v] = build_random(&seed, 3) ? build_random(&seed, 100000) : 0;
        for (uint32_t f = 0; f < n; f++)
            path[f] = build_random(&seed, (uint32_t)p->n_locations);
        assert_true(mt_profile_add_sample(p, &s, path, n) >= 0);
    }
    mt_profile_sum_totals(p);
    return p;
}

#endif
