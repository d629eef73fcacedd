/* SPDX-License-Identifier: MIT */
/* pprof files in memory, profiles that use every field, and their comparison. */
#ifndef TESTS_UNIT_PPROF_FIXTURE_H
#define TESTS_UNIT_PPROF_FIXTURE_H

#include "profile-fixture.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "profile/pprof/pprof.h"
#include "profile/pprof/profile.pb-c.h"

struct buffer {
    uint8_t *data;
    size_t n, capacity;
};

static inline void put(struct buffer *b, const void *data, size_t n) {
    if (b->n + n > b->capacity) {
        b->capacity = (b->n + n) * 2;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

static inline void put_varint(struct buffer *b, uint64_t value) {
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(b, &byte, 1);
        value >>= 7;
    } while (value);
}

static inline void put_number(struct buffer *b, unsigned field, uint64_t value) {
    put_varint(b, field << 3);
    put_varint(b, value);
}

static inline void put_bytes(struct buffer *b, unsigned field, const void *data, size_t n) {
    put_varint(b, field << 3 | 2);
    put_varint(b, n);
    put(b, data, n);
}

static inline void put_text(struct buffer *b, unsigned field, const char *text) {
    put_bytes(b, field, text, strlen(text));
}

/* Writes a sub-message of up to eight numbers, fields 1, 2, …; those that are 0 are left out. */
#define put_message(b, field, ...)                                                                 \
    put_numbers(b, field, (const uint64_t[]){__VA_ARGS__},                                         \
                sizeof(const uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))
static inline void put_numbers(struct buffer *b, unsigned field, const uint64_t *number, size_t n) {
    struct buffer inner = {0};
    for (size_t i = 0; i < n; i++)
        if (number[i])
            put_number(&inner, (unsigned)i + 1, number[i]);
    put_bytes(b, field, inner.data ? inner.data : (uint8_t *)"", inner.n);
    free(inner.data);
}

static inline struct buffer compressed(const struct buffer *plain) {
    struct buffer out = {.capacity = compressBound(plain->n) + 64};
    out.data = malloc(out.capacity);
    z_stream stream = {.next_in = plain->data,
                       .avail_in = (uInt)plain->n,
                       .next_out = out.data,
                       .avail_out = (uInt)out.capacity};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.n = out.capacity - stream.avail_out;
    deflateEnd(&stream);
    return out;
}

/* Reads the file in the buffer, which it takes over. */
static inline int read_buffer(struct buffer b, struct mt_profile **out, struct mt_error *error) {
    memset(error, 0, sizeof *error);
    int status = mt_pprof_read_memory(b.data, b.n, out, error);
    free(b.data);
    if (status < 0) {
        assert_null(*out);
        assert_int_not_equal(error->message[0], '\0');
    } else {
        assert_non_null(*out);
    }
    return status;
}

/* Returns the file that a profile becomes. */
static inline struct buffer written(const struct mt_profile *p) {
    struct mt_error error;
    struct buffer b = {0};
    int fd = memfd_create("profile", MFD_CLOEXEC);
    assert_true(fd >= 0);
    if (mt_pprof_write(p, fd, &error) != 0)
        fail_msg("%s", error.message);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    b.n = b.capacity = (size_t)status.st_size;
    b.data = malloc(b.n + 1);
    assert_int_equal(pread(fd, b.data, b.n, 0), (ssize_t)b.n);
    close(fd);
    return b;
}

static inline struct mt_profile *read_back(const struct mt_profile *p) {
    struct mt_profile *out;
    struct mt_error error;
    if (read_buffer(written(p), &out, &error) != 0)
        fail_msg("%s", error.message);
    return out;
}

/* ---- a profile with a value in every field --------------------------------------------------- */

static inline void build_info(struct mt_profile *p) {
    struct mt_profile_info *info = &p->info;
    info->pid = 4242, info->ppid = 4241;
    info->exe = mt_profile_intern(p, "/usr/bin/p\xff"
                                     "rog"); /* a path need not be UTF-8 */
    info->cwd = mt_profile_intern(p, "/home/me");
    info->n_command = 3;
    info->command = calloc(3, sizeof *info->command);
    info->command[0] = mt_profile_intern(p, "prog");
    info->command[2] = mt_profile_intern(p, "a \xc3\xa9 b");
    info->start_time_ns = UINT64_C(1760000000123456789), info->duration_ns = UINT64_C(98765432101);
    info->exit_known = true, info->exit_code = -1, info->exit_signal = 9;
    info->running = true;
    info->sample_bytes = 524288;
    info->approximate = info->multithreaded = info->usable_measured = info->partial =
        info->peak_time_known = true;
    info->peak_time_ns = 17, info->peak_time_error_ns = 18;
    info->totals = (struct mt_totals){1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX};
    info->usable_bytes = 19;
    info->coverage = (struct mt_coverage){20, 21, 22, 23};
    info->anonymous = (struct mt_anonymous){
        .bytes = 90, .recorded_bytes = 30, .recorded_blocks = 3, .time_ns = 7};
    info->anonymous.is_estimate = true;
    mt_profile_add_note(p, "One thing was not seen.");
    mt_profile_add_note(p, "Another neither.");
    mt_profile_add_wrapper(p, "my_alloc*");
    mt_profile_add_wrapper(p, "/src/pool.c");
    info->ledger_bytes = 24, info->tick_interval_ns = 10000000, info->has_size_histogram = true;
    info->allocator = mt_profile_intern(p, "jemalloc");
    info->allocator_path = mt_profile_intern(p, "/usr/lib/libjemalloc.so.2");
    info->n_allocator_stats = 2;
    info->allocator_stats = calloc(2, sizeof *info->allocator_stats);
    info->allocator_stats[0] =
        (struct mt_named_value){mt_profile_intern(p, "stats.allocated"), UINT64_MAX};
    info->allocator_stats[1] = (struct mt_named_value){mt_profile_intern(p, "stats.active"), 0};
    info->n_threads = 2;
    info->threads = calloc(2, sizeof *info->threads);
    info->threads[0] = (struct mt_profile_thread){4242, 1, mt_profile_intern(p, "main")};
    info->threads[1] = (struct mt_profile_thread){4243, 300, 0};
}

static inline void build_time_axis(struct mt_profile *p, size_t n_ticks, size_t n_changes) {
    struct mt_profile_info *info = &p->info;
    info->ticks = calloc(n_ticks, sizeof *info->ticks);
    info->changes = calloc(n_changes, sizeof *info->changes);
    info->n_ticks = n_ticks, info->n_changes = n_changes;
    for (size_t i = 0; i < n_ticks; i++)
        info->ticks[i] =
            (struct mt_tick){i * 10, -(int64_t)i, i * 3, i << 12, i << 11, i << 10, i << 9, i << 8};
    for (size_t i = 0; i < n_changes; i++)
        info->changes[i] = (struct mt_tick_change){
            (uint32_t)(i % n_ticks), (uint32_t)(i % p->n_samples), (int64_t)i * 16, (int64_t)i};
    info->n_ages = n_ticks / 2;
    info->ages = calloc(info->n_ages + 1, sizeof *info->ages);
    assert_non_null(info->ages);
    for (size_t i = 0; i < info->n_ages; i++)
        info->ages[i] = (struct mt_age){i * 10, i % 2 ? UINT64_MAX : i * 10 + 9, i << 20, i};
    for (size_t i = 0; i < n_ticks; i += 3)
        assert_int_equal(mt_profile_add_mark(p, i * 10, i % 2 ? "live>1G" : "phase two", i % 2), 0);
}

static inline struct mt_profile *build_full(uint64_t seed, size_t n_samples) {
    struct mt_profile *p = build_random_profile(seed, n_samples);
    for (size_t i = 0; i < p->n_locations; i++)
        p->locations[i].exact = i % 5 == 0 || p->locations[i].address == 0;
    p->locations[1].is_folded = true;
    p->mappings[0].build_id = mt_profile_intern(p, "0123456789abcdef");
    p->mappings[0].has_functions = p->mappings[0].has_inline_frames = true;
    p->mappings[1].has_filenames = p->mappings[2].has_line_numbers = true;
    p->mappings[2].offset = 0x3000;
    build_info(p);
    build_time_axis(p, 30, 70);
    return p;
}

/* ---- comparison ------------------------------------------------------------------------------ */

static inline void same_text(const struct mt_profile *a, mt_string x, const struct mt_profile *b,
                             mt_string y) {
    assert_string_equal(mt_profile_text(a, x), mt_profile_text(b, y));
}

static inline void same_location(const struct mt_profile *a, const struct mt_profile *b, size_t i) {
    const struct mt_location *x = &a->locations[i], *y = &b->locations[i];
    assert_true(x->address == y->address);
    assert_int_equal(x->mapping, y->mapping);
    assert_int_equal(x->exact, y->exact);
    assert_int_equal(x->is_folded, y->is_folded);
    assert_int_equal(x->n_lines, y->n_lines);
    for (uint32_t l = 0; l < x->n_lines; l++) {
        const struct mt_line *m = &a->lines[x->first_line + l], *n = &b->lines[y->first_line + l];
        const struct mt_function *f = &a->functions[m->function], *g = &b->functions[n->function];
        assert_int_equal(m->line, n->line);
        assert_int_equal(f->start_line, g->start_line);
        assert_true(f->address == g->address);
        same_text(a, f->name, b, g->name);
        same_text(a, f->system_name, b, g->system_name);
        same_text(a, f->file, b, g->file);
    }
}

static inline void same_sample(const struct mt_profile *a, const struct mt_profile *b, size_t i) {
    const struct mt_sample *x = &a->samples[i], *y = &b->samples[i];
    assert_memory_equal(x->value, y->value, sizeof x->value);
    same_text(a, x->thread, b, y->thread);
    same_text(a, x->scope, b, y->scope);
    same_text(a, x->domain, b, y->domain);
    assert_int_equal(x->has_size_class, y->has_size_class);
    assert_int_equal(x->has_size_class ? x->size_class : 0, y->size_class);
    assert_int_equal(x->truncated, y->truncated);
    assert_int_equal(x->lossy, y->lossy);
    assert_int_equal(x->n_frames, y->n_frames);
    for (uint32_t f = 0; f < x->n_frames; f++)
        assert_int_equal(a->frames[x->first_frame + f], b->frames[y->first_frame + f]);
}

static inline void same_model(const struct mt_profile *a, const struct mt_profile *b) {
    assert_int_equal(a->n_mappings, b->n_mappings);
    assert_int_equal(a->n_locations, b->n_locations);
    assert_int_equal(a->n_samples, b->n_samples);
    assert_memory_equal(a->has_value, b->has_value, sizeof a->has_value);
    for (size_t i = 0; i < a->n_mappings; i++) {
        const struct mt_mapping *x = &a->mappings[i], *y = &b->mappings[i];
        assert_true(x->start == y->start && x->limit == y->limit && x->offset == y->offset &&
                    x->bias == y->bias);
        assert_true(x->has_functions == y->has_functions && x->has_filenames == y->has_filenames &&
                    x->has_line_numbers == y->has_line_numbers &&
                    x->has_inline_frames == y->has_inline_frames);
        same_text(a, x->path, b, y->path);
        same_text(a, x->build_id, b, y->build_id);
    }
    for (size_t i = 0; i < a->n_locations; i++)
        same_location(a, b, i);
    for (size_t i = 0; i < a->n_samples; i++)
        same_sample(a, b, i);
}

/* Compares plain numbers of the info, with what lies between them, at once. */
#define SAME(member) assert_memory_equal(&a->info.member, &b->info.member, sizeof a->info.member)

static inline void same_info(const struct mt_profile *a, const struct mt_profile *b) {
    const struct mt_profile_info *x = &a->info, *y = &b->info;
    SAME(is_memtrack), SAME(pid), SAME(ppid), SAME(start_time_ns), SAME(duration_ns),
        SAME(exit_known), SAME(running);
    SAME(exit_code), SAME(exit_signal), SAME(sample_bytes), SAME(approximate), SAME(multithreaded),
        SAME(usable_measured);
    SAME(partial), SAME(peak_time_known), SAME(peak_time_ns), SAME(peak_time_error_ns),
        SAME(totals);
    SAME(usable_bytes), SAME(coverage), SAME(anonymous), SAME(ledger_bytes), SAME(tick_interval_ns);
    SAME(has_size_histogram), SAME(n_command), SAME(n_notes), SAME(n_allocator_stats),
        SAME(n_threads);
    SAME(n_ticks), SAME(n_changes), SAME(n_marks), SAME(n_wrappers), SAME(n_ages);
    same_text(a, x->exe, b, y->exe);
    same_text(a, x->cwd, b, y->cwd);
    same_text(a, x->allocator, b, y->allocator);
    same_text(a, x->allocator_path, b, y->allocator_path);
    for (size_t i = 0; i < x->n_command; i++)
        same_text(a, x->command[i], b, y->command[i]);
    for (size_t i = 0; i < x->n_notes; i++)
        same_text(a, x->notes[i], b, y->notes[i]);
    for (size_t i = 0; i < x->n_wrappers; i++)
        same_text(a, x->wrappers[i], b, y->wrappers[i]);
    for (size_t i = 0; i < x->n_allocator_stats; i++) {
        same_text(a, x->allocator_stats[i].name, b, y->allocator_stats[i].name);
        assert_true(x->allocator_stats[i].value == y->allocator_stats[i].value);
    }
    for (size_t i = 0; i < x->n_threads; i++) {
        same_text(a, x->threads[i].name, b, y->threads[i].name);
        assert_int_equal(x->threads[i].tid, y->threads[i].tid);
        assert_int_equal(x->threads[i].n_threads, y->threads[i].n_threads);
    }
    for (size_t i = 0; i < x->n_marks; i++) {
        same_text(a, x->marks[i].name, b, y->marks[i].name);
        assert_true(x->marks[i].time_ns == y->marks[i].time_ns &&
                    x->marks[i].kind == y->marks[i].kind);
    }
    if (x->n_ticks)
        assert_memory_equal(x->ticks, y->ticks, x->n_ticks * sizeof *x->ticks);
    if (x->n_ages)
        assert_memory_equal(x->ages, y->ages, x->n_ages * sizeof *x->ages);
    if (x->n_changes)
        assert_memory_equal(x->changes, y->changes, x->n_changes * sizeof *x->changes);
}

#endif
