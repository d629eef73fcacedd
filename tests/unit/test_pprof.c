/* SPDX-License-Identifier: MIT */
/* Profiles as files: what is written comes back, and what other tools write is understood. */
#include "pprof-fixture.h"

#include <errno.h>
#include <fcntl.h>

/* ---- round trips ----------------------------------------------------------------------------- */

static void everything_comes_back(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct mt_profile *p = build_full(seed, 200), *q = read_back(p);
        same_model(p, q);
        same_info(p, q);
        mt_profile_free(p);
        mt_profile_free(q);
    }
}

static void writing_again_adds_nothing(void **state) {
    (void)state;
    struct mt_profile *p = build_full(7, 300), *q = read_back(p), *r = read_back(q);
    same_model(p, r);
    assert_int_equal(q->n_locations,
                     r->n_locations); /* the stand-in for lossy paths does not pile up */
    assert_int_equal(q->n_functions, r->n_functions);
    assert_int_equal(q->n_lines, r->n_lines);
    struct buffer second = written(q), third = written(r);
    assert_int_equal(second.n, third.n);
    assert_memory_equal(second.data, third.data, second.n);
    free(second.data);
    free(third.data);
    mt_profile_free(p);
    mt_profile_free(q);
    mt_profile_free(r);
}

static void an_empty_profile_comes_back(void **state) {
    (void)state;
    struct mt_profile *p = build_empty(), *q = read_back(p);
    same_model(p, q);
    same_info(p, q);
    mt_profile_free(p);
    mt_profile_free(q);
}

/* Anybody may have written the file: what is too much for a view is left out, and told. */
static void too_many_wrappers_are_told(void **state) {
    (void)state;
    enum { N = MT_PROFILE_WRAPPERS + 50 };
    struct mt_profile *p = build_empty();
    p->info.wrappers = calloc(N, sizeof *p->info.wrappers);
    p->info.n_wrappers = N;
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "wrapper%d", i);
        p->info.wrappers[i] = mt_profile_intern(p, name);
    }
    struct mt_profile *q = read_back(p);
    assert_int_equal(q->info.n_wrappers, MT_PROFILE_WRAPPERS);
    assert_int_equal(q->info.n_notes, 1);
    assert_non_null(strstr(mt_profile_text(q, q->info.notes[0]), "50 wrapper patterns"));
    mt_profile_free(p);
    mt_profile_free(q);
}

static void a_long_time_axis_comes_in_pieces(void **state) {
    (void)state;
    struct mt_profile *p = build_random_profile(3, 50);
    build_time_axis(p, 70000, 200000);
    struct mt_profile *q = read_back(p);
    same_info(p, q);
    mt_profile_free(p);
    mt_profile_free(q);
}

static void columns_that_are_missing_stay_missing(void **state) {
    (void)state;
    struct mt_profile *p = build_full(4, 50);
    p->has_value[MT_VALUE_WASTE_BYTES] = p->has_value[MT_VALUE_TOTAL_BLOCKS] = false;
    for (size_t i = 0; i < p->n_samples; i++)
        p->samples[i].value[MT_VALUE_WASTE_BYTES] = p->samples[i].value[MT_VALUE_TOTAL_BLOCKS] = 0;
    struct mt_profile *q = read_back(p);
    same_model(p, q);
    mt_profile_free(p);
    mt_profile_free(q);
}

static void long_stacks_and_many_inlined_calls(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t mapping = build_mapping(p, "/bin/app", 0x1000),
             function = build_function(p, "f", "f.c");
    struct mt_line lines[100];
    for (uint32_t i = 0; i < 100; i++)
        lines[i] = (struct mt_line){.function = function, .line = i};
    uint32_t location = build_location(p, mapping, 0x1234, lines, 100);
    enum { DEPTH = 300000 };
    uint32_t *path = malloc(DEPTH * sizeof *path);
    for (size_t i = 0; i < DEPTH; i++)
        path[i] = location;
    build_sample(p, 16, DEPTH, path);
    free(path);
    struct mt_profile *q = read_back(p);
    assert_int_equal(q->samples[0].n_frames, DEPTH);
    assert_int_equal(q->locations[0].n_lines, 100);
    assert_int_equal(q->lines[q->locations[0].first_line + 99].line, 99);
    mt_profile_free(p);
    mt_profile_free(q);
}

static void text_that_is_not_utf8_is_mended(void **state) {
    (void)state;
    static const struct {
        const char *text, *mended;
    } cases[] = {
        {"plain", "plain"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", "\xef\xbf\xbd"},                                 /* cut off */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xf4\x90\x80\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* beyond Unicode */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_profile *p = build_empty();
        build_mapping(p, cases[i].text, 0x1000);
        struct mt_profile *q = read_back(p);
        assert_string_equal(mt_profile_text(q, q->mappings[0].path), cases[i].mended);
        mt_profile_free(p);
        mt_profile_free(q);
    }
}

static void assert_file_text(const Pprof__Profile *m, int64_t index, const char *text) {
    assert_true(index >= 0 && (size_t)index < m->n_string_table);
    assert_int_equal(m->string_table[index].len, strlen(text));
    assert_memory_equal(m->string_table[index].data, text, strlen(text));
}

/* The message of a profile as other tools unpack it. */
static Pprof__Profile *unpacked(const struct mt_profile *p) {
    struct buffer file = written(p);
    assert_true(file.n > 2 && file.data[0] == 0x1f && file.data[1] == 0x8b);
    uint8_t plain[1 << 16];
    z_stream stream = {.next_in = file.data,
                       .avail_in = (uInt)file.n,
                       .next_out = plain,
                       .avail_out = sizeof plain};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    free(file.data);
    Pprof__Profile *m = pprof__profile__unpack(NULL, sizeof plain - stream.avail_out, plain);
    assert_non_null(m);
    return m;
}

/* What other tools see: ids from 1, the default column, addresses inside the call, a frame for
 * lossy samples. */
static void the_file_is_plain_pprof(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t mapping = build_mapping(p, "/bin/app", 0x1000);
    uint32_t frame = build_frame(p, mapping, "f", "f.c", 7);
    build_sample(p, 100, 1, &frame);
    build_sample(p, 28, 0, NULL);
    Pprof__Profile *m = unpacked(p);
    mt_profile_free(p);
    assert_int_equal(m->string_table[0].len, 0);
    assert_int_equal(m->n_sample_type, MT_N_VALUES);
    assert_file_text(m, m->sample_type[0]->type, "alloc_objects");
    assert_file_text(m, m->sample_type[0]->unit, "count");
    assert_file_text(m, m->sample_type[3]->type, "inuse_space");
    assert_file_text(m, m->sample_type[3]->unit, "bytes");
    assert_file_text(m, m->period_type->type, "space");
    assert_int_equal(m->default_sample_type, m->sample_type[5]->type);
    assert_int_equal(m->period, 1);
    assert_int_equal(m->mapping[0]->id, 1);
    assert_int_equal(m->n_location, 2);
    assert_int_equal(m->location[0]->id, 1);
    assert_int_equal(m->location[0]->address, 0x1000 - 1);
    assert_int_equal(m->n_sample, 2);
    assert_int_equal(m->sample[1]->n_location_id, 1);
    assert_int_equal(m->sample[1]->location_id[0], 2);
    assert_file_text(m, m->function[1]->name, "[lossy]");
    pprof__profile__free_unpacked(m, NULL);
}

/* Of one that has ended the peak, of one that runs what is live, and never a column of zeroes. */
static void viewers_open_on_what_there_is(void **state) {
    (void)state;
    static const struct {
        bool running;
        int64_t live, peak, total;
        bool has_peak;
        const char *type;
    } cases[] = {
        {false, 0, 5, 9, true, "peak_space"},   {false, 3, 5, 9, true, "peak_space"},
        {true, 3, 5, 9, true, "inuse_space"},   {true, 0, 5, 9, true, "peak_space"},
        {false, 0, 0, 9, true, "alloc_space"},  {false, 0, 0, 0, true, "peak_space"},
        {true, 0, 0, 0, true, "inuse_space"},   {false, 3, 0, 9, false, "inuse_space"},
        {false, 0, 0, 9, false, "alloc_space"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_profile *p = build_empty();
        uint32_t frame = build_frame(p, build_mapping(p, "/bin/app", 0x1000), "f", "f.c", 7);
        build_sample(p, 1, 1, &frame);
        build_sample(p, 1, 1, &frame);
        memset(p->samples[0].value, 0, sizeof p->samples[0].value);
        memset(p->samples[1].value, 0, sizeof p->samples[1].value);
        p->samples[1].value[MT_VALUE_LIVE_BYTES] = cases[i].live;
        p->samples[1].value[MT_VALUE_PEAK_BYTES] = cases[i].peak;
        p->samples[1].value[MT_VALUE_TOTAL_BYTES] = cases[i].total;
        p->has_value[MT_VALUE_PEAK_BYTES] = cases[i].has_peak;
        p->info.running = cases[i].running;
        Pprof__Profile *m = unpacked(p);
        mt_profile_free(p);
        assert_file_text(m, m->default_sample_type, cases[i].type);
        pprof__profile__free_unpacked(m, NULL);
    }
}

/* ---- writing that fails ---------------------------------------------------------------------- */

static void a_full_disk_is_said(void **state) {
    (void)state;
    struct mt_profile *p = build_full(1, 100);
    struct mt_error error;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(mt_pprof_write(p, fd, &error), -MEMTRACK_EIO);
    assert_non_null(strstr(error.message, strerror(ENOSPC)));
    assert_int_not_equal(error.hint[0], '\0');
    close(fd);
    assert_int_equal(mt_pprof_write(p, fd, &error), -MEMTRACK_EIO);
    assert_non_null(strstr(error.message, strerror(EBADF)));
    mt_profile_free(p);
}

static void wrong_indexes_are_refused(void **state) {
    (void)state;
    struct mt_error error;
    for (int kind = 0; kind < 3; kind++) {
        struct mt_profile *p = build_full(1, 100);
        if (kind == 0)
            p->samples[50].first_frame = UINT32_MAX, p->samples[50].n_frames = 3;
        else if (kind == 1)
            p->locations[3].first_line = (uint32_t)p->n_lines + 1;
        else
            memset(p->has_value, 0, sizeof p->has_value);
        int fd = memfd_create("profile", MFD_CLOEXEC);
        assert_int_equal(mt_pprof_write(p, fd, &error), -MEMTRACK_EUSAGE);
        close(fd);
        mt_profile_free(p);
    }
}

/* ---- other tools' files ---------------------------------------------------------------------- */

/* The strings of the files below, and what they describe: f (f.c:10) called by main, one
 * mapping. */
enum {
    ALLOC_OBJECTS = 1,
    COUNT,
    ALLOC_SPACE,
    BYTES,
    INUSE_OBJECTS,
    INUSE_SPACE,
    SPACE,
    MAIN,
    F,
    F_C,
    PATH,
    OBJECTS,
    CPU,
    NANOSECONDS,
    HEAP,
    THREAD,
    WORKER
};
static const char *const texts[] = {"",
                                    "alloc_objects",
                                    "count",
                                    "alloc_space",
                                    "bytes",
                                    "inuse_objects",
                                    "inuse_space",
                                    "space",
                                    "main",
                                    "f",
                                    "f.c",
                                    "/bin/go",
                                    "objects",
                                    "cpu",
                                    "nanoseconds",
                                    "heap",
                                    "thread",
                                    "worker"};

static void put_strings(struct buffer *b) {
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(b, 6, texts[i]);
}

static void put_model(struct buffer *b) {
    put_message(b, 3, 1, 0x400000, 0x500000, 0x1000, PATH);
    for (uint64_t i = 1; i <= 2; i++) {
        struct buffer location = {0};
        put_number(&location, 1, i);
        put_number(&location, 2, 1);
        put_number(&location, 3, 0x400100 * i);
        put_message(&location, 4, i, 10 * i);
        put_bytes(b, 4, location.data, location.n);
        free(location.data);
    }
    put_message(b, 5, 1, F, F, F_C, 9);
    put_message(b, 5, 2, MAIN, MAIN, F_C, 1);
}

static void put_sample(struct buffer *b, const uint64_t *value, size_t n_values, bool packed) {
    struct buffer sample = {0}, label = {0};
    const uint8_t ids[] = {1, 2};
    if (packed)
        put_bytes(&sample, 1, ids, 2);
    else
        put_number(&sample, 1, 1), put_number(&sample, 1, 2);
    for (size_t i = 0; i < n_values; i++)
        put_number(&sample, 2, value[i]);
    put_number(&label, 1, BYTES);
    put_number(&label, 3, 1024);
    put_bytes(&sample, 3, label.data, label.n);
    put_message(&sample, 3, THREAD, WORKER);
    put_bytes(b, 2, sample.data, sample.n);
    free(sample.data);
    free(label.data);
}

/* As Go's runtime writes them: sample types and samples come first, strings last. */
static struct buffer go_profile(bool strings_first, bool packed) {
    struct buffer b = {0};
    if (strings_first)
        put_strings(&b);
    put_message(&b, 1, ALLOC_OBJECTS, COUNT);
    put_message(&b, 1, ALLOC_SPACE, BYTES);
    put_message(&b, 1, INUSE_OBJECTS, COUNT);
    put_message(&b, 1, INUSE_SPACE, BYTES);
    put_sample(&b, (const uint64_t[]){10, 10240, 3, 3072}, 4, packed);
    put_sample(&b, (const uint64_t[]){1, 64, 1, 64}, 4, packed);
    put_model(&b);
    put_number(&b, 9, 1700000000000000000);
    put_number(&b, 10, 5000000000);
    put_message(&b, 11, SPACE, BYTES);
    put_number(&b, 12, 524288);
    if (!strings_first)
        put_strings(&b);
    return b;
}

static void check_go_profile(const struct mt_profile *p) {
    assert_false(p->info.is_memtrack);
    assert_int_equal(p->n_samples, 2);
    assert_true(p->has_value[MT_VALUE_TOTAL_BLOCKS] && p->has_value[MT_VALUE_TOTAL_BYTES]);
    assert_true(p->has_value[MT_VALUE_LIVE_BLOCKS] && p->has_value[MT_VALUE_LIVE_BYTES]);
    assert_false(p->has_value[MT_VALUE_PEAK_BYTES] || p->has_value[MT_VALUE_WASTE_BYTES]);
    assert_int_equal(p->samples[0].value[MT_VALUE_TOTAL_BYTES], 10240);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BLOCKS], 3);
    assert_true(p->samples[0].has_size_class);
    assert_int_equal(p->samples[0].size_class, 11);
    assert_string_equal(mt_profile_text(p, p->samples[0].thread), "worker");
    assert_string_equal(mt_profile_text(p, p->samples[0].domain), "malloc");
    assert_int_equal(p->info.totals.live_bytes, 3136);
    assert_int_equal(p->info.totals.freed_blocks, 7);
    assert_int_equal(p->info.sample_bytes, 524288);
    assert_int_equal(p->info.duration_ns, 5000000000);
    const struct mt_location *location = &p->locations[p->frames[p->samples[0].first_frame]];
    assert_int_equal(location->address, 0x400100);
    assert_true(location->exact);
    assert_int_equal(p->mappings[location->mapping - 1].bias, 0x3ff000);
    assert_string_equal(mt_profile_text(p, p->mappings[location->mapping - 1].path), "/bin/go");
    const struct mt_line *line = &p->lines[location->first_line];
    assert_int_equal(line->line, 10);
    assert_string_equal(mt_profile_text(p, p->functions[line->function].name), "f");
    assert_int_equal(p->functions[line->function].start_line, 9);
}

static void profiles_of_go(void **state) {
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        struct mt_profile *p;
        struct mt_error error;
        struct buffer b = go_profile(kind & 1, kind & 2);
        if (kind & 4) {
            struct buffer packed = compressed(&b);
            free(b.data);
            b = packed;
        }
        if (read_buffer(b, &p, &error) != 0)
            fail_msg("%d: %s", kind, error.message);
        check_go_profile(p);
        struct mt_profile *q = read_back(p);
        same_model(p, q);
        assert_false(q->info.is_memtrack);
        mt_profile_free(p);
        mt_profile_free(q);
    }
}

/* Two columns with these names; returns the error or frees the profile after noting its live and
 * total bytes. */
static int two_columns(uint64_t type1, uint64_t unit1, uint64_t type2, uint64_t unit2,
                       struct mt_totals *totals, struct mt_error *error) {
    struct buffer b = {0};
    struct mt_profile *p;
    put_strings(&b);
    put_message(&b, 1, type1, unit1);
    put_message(&b, 1, type2, unit2);
    put_model(&b);
    put_sample(&b, (const uint64_t[]){7, 700}, 2, true);
    int status = read_buffer(b, &p, error);
    if (status == 0) {
        *totals = p->info.totals;
        mt_profile_free(p);
    }
    return status;
}

static void names_of_other_tools(void **state) {
    (void)state;
    struct mt_totals totals;
    struct mt_error error;
    assert_int_equal(two_columns(OBJECTS, COUNT, SPACE, BYTES, &totals, &error), 0); /* tcmalloc */
    assert_int_equal(totals.live_blocks, 7);
    assert_int_equal(totals.live_bytes, 700);
    assert_int_equal(two_columns(ALLOC_OBJECTS, COUNT, ALLOC_SPACE, BYTES, &totals, &error), 0);
    assert_int_equal(totals.total_bytes, 700);
    assert_int_equal(totals.live_bytes, 0);
    assert_int_equal(two_columns(WORKER, COUNT, HEAP, BYTES, &totals, &error),
                     0); /* names of their own */
    assert_int_equal(totals.live_blocks, 7);
    assert_int_equal(totals.live_bytes, 700);
    assert_int_equal(two_columns(INUSE_SPACE, BYTES, SPACE, BYTES, &totals, &error),
                     0); /* the first of two counts */
    assert_int_equal(totals.live_bytes, 7);
}

static void a_cpu_profile_is_refused(void **state) {
    (void)state;
    struct mt_totals totals;
    struct mt_error error;
    assert_int_equal(two_columns(WORKER, COUNT, CPU, NANOSECONDS, &totals, &error),
                     -MEMTRACK_EFORMAT);
    assert_non_null(strstr(error.message, "cpu/nanoseconds"));
    assert_non_null(strstr(error.hint, "inuse_space"));
}

/* Ids may be any numbers: addresses, hashes, all of 64 bits. */
static void ids_need_not_be_small(void **state) {
    (void)state;
    static const uint64_t ids[] = {UINT64_MAX, 1, UINT64_C(1) << 40, 70000, 4000000000, 2};
    enum { N = sizeof ids / sizeof *ids };
    struct buffer b = {0}, sample = {0};
    struct mt_profile *p;
    struct mt_error error;
    put_strings(&b);
    put_message(&b, 1, INUSE_SPACE, BYTES);
    for (size_t i = 0; i < N; i++)
        put_number(&sample, 1, ids[i]);
    put_number(&sample, 2, 5);
    put_bytes(&b, 2, sample.data, sample.n);
    free(sample.data);
    for (size_t i = N; i-- > 0;)
        put_message(&b, 4, ids[i], 0, 0x1000 + i);
    if (read_buffer(b, &p, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(p->samples[0].n_frames, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(p->locations[p->frames[i]].address, 0x1000 + i);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(writing_again_adds_nothing),
        cmocka_unit_test(an_empty_profile_comes_back),
        cmocka_unit_test(too_many_wrappers_are_told),
        cmocka_unit_test(a_long_time_axis_comes_in_pieces),
        cmocka_unit_test(columns_that_are_missing_stay_missing),
        cmocka_unit_test(long_stacks_and_many_inlined_calls),
        cmocka_unit_test(text_that_is_not_utf8_is_mended),
        cmocka_unit_test(the_file_is_plain_pprof),
        cmocka_unit_test(viewers_open_on_what_there_is),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(wrong_indexes_are_refused),
        cmocka_unit_test(profiles_of_go),
        cmocka_unit_test(names_of_other_tools),
        cmocka_unit_test(a_cpu_profile_is_refused),
        cmocka_unit_test(ids_need_not_be_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
