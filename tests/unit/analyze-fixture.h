/* SPDX-License-Identifier: MIT */
/* Profiles of profile-fixture.h as the public library's objects. */
#ifndef TESTS_UNIT_ANALYZE_FIXTURE_H
#define TESTS_UNIT_ANALYZE_FIXTURE_H

#include "profile-fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memtrack/analyze.h"
#include "profile/pprof/pprof.h"

#define ok(call) assert_ok(call, #call)

static inline void assert_ok(int status, const char *call) {
    if (status < 0)
        fail_msg("%s: %d: %s", call, status, memtrack_analyze_error());
}

static inline memtrack_profile *handle_of(const struct mt_profile *model) {
    struct mt_error error = {0};
    int fd = memfd_create("profile", MFD_CLOEXEC);
    if (mt_pprof_write(model, fd, &error) < 0)
        fail_msg("%s", error.message);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(data != MAP_FAILED);
    memtrack_load_options options = memtrack_load_options_init();
    options.no_symbols = 1;
    memtrack_profile *profile;
    ok(memtrack_profile_load_memory(data, (size_t)status.st_size, &options, &profile));
    munmap(data, (size_t)status.st_size);
    close(fd);
    return profile;
}

static inline struct mt_profile *with_axis(uint64_t seed) {
    struct mt_profile *p = build_random_profile(seed, 200);
    enum { TICKS = 5, CHANGES = 150 };
    p->info.duration_ns = UINT64_C(10000000000);
    p->info.ticks = calloc(TICKS, sizeof *p->info.ticks);
    p->info.changes = calloc(CHANGES, sizeof *p->info.changes);
    for (size_t i = 0; i < TICKS; i++)
        p->info.ticks[p->info.n_ticks++] = (struct mt_tick){
            .time_ns = (i + 1) * UINT64_C(1000000000), .live_bytes = (int64_t)i, .rss_bytes = 4096};
    for (uint32_t i = 0; i < CHANGES; i++)
        p->info.changes[p->info.n_changes++] =
            (struct mt_tick_change){.tick = i * TICKS / CHANGES,
                                    .sample = build_random(&seed, 200),
                                    .live_bytes = i + 1,
                                    .live_blocks = 1};
    return p;
}

static inline memtrack_statistics *statistics_of(const memtrack_profile *profile,
                                                 memtrack_view view) {
    memtrack_statistics *statistics;
    ok(memtrack_statistics_new(profile, &view, &statistics));
    return statistics;
}

#endif
