/* SPDX-License-Identifier: MIT */
/* Heap profiles in text: what gperftools, Go and jemalloc write, and what is damaged. */
#include "pprof-fixture.h"

#include <math.h>

static struct mt_profile *read_text(const char *text) {
    struct mt_profile *p;
    struct mt_error error = {0};
    if (mt_pprof_read_memory(text, strlen(text), &p, &error) != 0)
        fail_msg("%s", error.message);
    assert_false(p->info.is_memtrack);
    return p;
}

static void refused_text(const char *text, const char *reason) {
    struct mt_profile *p;
    struct mt_error error = {0};
    assert_int_equal(mt_pprof_read_memory(text, strlen(text), &p, &error), -MEMTRACK_EFORMAT);
    assert_null(p);
    if (!strstr(error.message, reason))
        fail_msg("expected \"%s\", found: %s", reason, error.message);
}

static void has_totals(const struct mt_profile *p, uint64_t live_blocks, uint64_t live_bytes,
                       uint64_t total_blocks, uint64_t total_bytes) {
    assert_int_equal(p->info.totals.live_blocks, live_blocks);
    assert_int_equal(p->info.totals.live_bytes, live_bytes);
    assert_int_equal(p->info.totals.total_blocks, total_blocks);
    assert_int_equal(p->info.totals.total_bytes, total_bytes);
}

static bool has_note(const struct mt_profile *p, const char *part) {
    for (size_t i = 0; i < p->info.n_notes; i++)
        if (strstr(mt_profile_text(p, p->info.notes[i]), part))
            return true;
    return false;
}

static const struct mt_location *location_of(const struct mt_profile *p, size_t sample,
                                             uint32_t frame) {
    assert_in_range(frame, 0, p->samples[sample].n_frames - 1);
    return &p->locations[p->frames[p->samples[sample].first_frame + frame]];
}

static const char *name_of(const struct mt_profile *p, const struct mt_location *location,
                           uint32_t line) {
    assert_in_range(line, 0, location->n_lines - 1);
    return mt_profile_text(p, p->functions[p->lines[location->first_line + line].function].name);
}

#define MAPS                                                                                       \
    "\nMAPPED_LIBRARIES:\n"                                                                        \
    "55d0c0a00000-55d0c0a10000 r--p 00000000 08:01 1234   /opt/bin/server\n"                       \
    "55d0c0a10000-55d0c0a20000 r-xp 00010000 08:01 1234   /opt/bin/server\n"                       \
    "7f0000000000-7f0000200000 r-xp 00000000 08:01 99     /usr/lib/a b.so\n"                       \
    "7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0      [vdso]\n"                                \
    "7ffd00000000-7ffd00002000 rwxp 00000000 00:00 0\n"

#define NAMES                                                                                      \
    "--- symbol\nbinary=/opt/bin/server\n"                                                         \
    "0x000055d0c0a11010 in_leaf(int)<000000000000117e>\n"                                          \
    "0x00007f000000001f outer--T::operator--(int)--inner\n"                                        \
    "0x0000000000000030 0x0000000000000030\n"                                                      \
    "---\n--- heap\n"

/* ---- gperftools ------------------------------------------------------------------------------ */

static void gperftools_counts_every_block(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("heap profile:      5:     5120 [   105:    15120] @ heapprofile\n"
                  "     3:     3072 [   100:    10000] @ 0x55d0c0a11010 0x7f0000000020 0x10\n"
                  "     2:     2048 [     5:     5120] @ 0x7f0000000020\n" MAPS);
    has_totals(p, 5, 5120, 105, 15120);
    assert_int_equal(p->info.sample_bytes, 0);
    assert_string_equal(mt_profile_text(p, p->info.tool), "gperftools");
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->samples[0].n_frames, 3);
    assert_int_equal(p->n_mappings, 2);
    const struct mt_location *l = location_of(p, 0, 0);
    assert_int_equal(l->address, UINT64_C(0x55d0c0a1100f)); /* of the call, not behind it */
    assert_string_equal(mt_profile_text(p, p->mappings[l->mapping - 1].path), "/opt/bin/server");
    assert_int_equal(p->mappings[l->mapping - 1].offset, 0x10000);
    assert_string_equal(mt_profile_text(p, p->mappings[location_of(p, 0, 1)->mapping - 1].path),
                        "/usr/lib/a b.so");
    assert_int_equal(location_of(p, 0, 2)->mapping, 0);
    assert_ptr_equal(location_of(p, 0, 1), location_of(p, 1, 0));
    assert_true(has_note(p, "build ids"));
    assert_false(has_note(p, "Records are missing") || has_note(p, "cut off"));
    mt_profile_free(p);
}

static void live_alone_has_no_totals_column(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("heap profile: 1: 100 [1: 100] @ heapprofile\n1: 100 [1: 100] @ 0x10\n" MAPS);
    has_totals(p, 1, 100, 0, 0);
    assert_false(p->has_value[MT_VALUE_TOTAL_BYTES]);
    mt_profile_free(p);
}

/* What was sampled every 512 KiB stands for more: 64 bytes were met with probability 64/512 Ki. */
static void tcmalloc_samples_are_scaled(void **state) {
    (void)state;
    struct mt_profile *p = read_text("heap profile: 2: 2097216 [2: 2097216] @ heap_v2/524288\n"
                                     "1: 64 [1: 64] @ 0x10\n"
                                     "1: 2097152 [1: 2097152] @ 0x20\n" MAPS);
    assert_int_equal(p->info.sample_bytes, 524288);
    double small = 1 / (1 - exp(-64 / 524288.0)), big = 1 / (1 - exp(-4.0));
    assert_in_range(p->samples[0].value[MT_VALUE_LIVE_BLOCKS], (int64_t)small - 1,
                    (int64_t)small + 1);
    assert_in_range(p->samples[0].value[MT_VALUE_LIVE_BYTES], (int64_t)(64 * small) - 1,
                    (int64_t)(64 * small) + 1);
    assert_int_equal(p->samples[1].value[MT_VALUE_LIVE_BLOCKS], 1);
    assert_in_range(p->samples[1].value[MT_VALUE_LIVE_BYTES], (int64_t)(2097152 * big) - 1,
                    (int64_t)(2097152 * big) + 1);
    mt_profile_free(p);
}

static void the_oldest_format_says_no_rate(void **state) {
    (void)state;
    struct mt_profile *p = read_text("heap profile: 2: 263168 [2: 263168]\n"
                                     "1: 1024 [1: 1024] @ 0x10\n"
                                     "1: 262144 [1: 262144] @ 0x20\n" MAPS);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], 131072);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BLOCKS], 128);
    assert_int_equal(p->samples[1].value[MT_VALUE_LIVE_BYTES], 262144);
    mt_profile_free(p);
    p = read_text(
        "heap profile: 1: 1024 [9: 9216]\n1: 1024 [9: 9216] @ 0x10\n" MAPS); /* so it was not
                                                                                sampled */
    has_totals(p, 1, 1024, 9, 9216);
    mt_profile_free(p);
}

static void growth_is_said_to_be_growth(void **state) {
    (void)state;
    struct mt_profile *p = read_text(
        "heap profile: 1: 1048576 [1: 1048576] @ growthz\n1: 1048576 [1: 1048576] @ 0x10\n" MAPS);
    has_totals(p, 1, 1048576, 0, 0);
    assert_true(has_note(p, "growth"));
    mt_profile_free(p);
    p = read_text(
        "heap profile: 1: 4096 [1: 4096] @ fragmentationz\n1: 4096 [1: 4096] @ 0x10\n" MAPS);
    assert_true(has_note(p, "fragmentation"));
    mt_profile_free(p);
}

static void differences_have_signs(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("heap profile: -1: -100 [1: 5] @ heapprofile\n-1: -100 [1: 5] @ 0x10\n" MAPS);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], -100);
    mt_profile_free(p);
}

static void what_is_missing_is_said(void **state) {
    (void)state;
    struct mt_profile *p = read_text(
        "heap profile: 5: 5120 [105: 15120] @ heapprofile\n3: 3072 [100: 10000] @ 0x10\n");
    assert_true(has_note(p, "Records are missing"));
    assert_true(has_note(p, "cut off"));
    mt_profile_free(p);
}

/* ---- Go -------------------------------------------------------------------------------------- */

#define GO_HEAD "heap profile: 2: 3072 [4: 5120] @ heap/2\n"

static void names_of_go_are_in_comments(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text(GO_HEAD "2: 3072 [4: 5120] @ 0x401001 0x482f7c 0x4830a5 0x45e2a1\n"
                          "#\t0x482f7b\tmain.inlined+0x3b\t\t/src/a b/main.go:10\n"
                          "#\t0x482f7b\tmain.(*T[...]).hold+0x3b\t/src/a b/main.go:12\n"
                          "#\t0x4830a4\tmain.main+0x44\t\t\t/src/a b/main.go:20\n"
                          "\n# runtime.MemStats\n# Alloc = 123456\n");
    has_totals(p, 2, 3072, 4, 5120);
    assert_int_equal(p->info.sample_bytes, 0); /* heap/2: every byte */
    assert_string_equal(mt_profile_text(p, p->info.tool), "Go");
    assert_int_equal(p->samples[0].n_frames, 2); /* those of the run-time system have no comment */
    const struct mt_location *hold = location_of(p, 0, 0), *main = location_of(p, 0, 1);
    assert_int_equal(hold->n_lines, 2);
    assert_string_equal(name_of(p, hold, 0), "main.inlined");
    assert_string_equal(name_of(p, hold, 1), "main.(*T[...]).hold");
    assert_int_equal(p->lines[hold->first_line + 1].line, 12);
    assert_string_equal(name_of(p, main, 0), "main.main");
    assert_string_equal(mt_profile_text(p, p->functions[p->lines[main->first_line].function].file),
                        "/src/a b/main.go");
    assert_true(p->samples[0].has_size_class);
    assert_false(has_note(p, "cut off"));
    mt_profile_free(p);
}

/* A comment for each of the frames, although they have one address. */
static void recursion_in_go_has_all_its_frames(void **state) {
    (void)state;
    struct mt_profile *p = read_text(GO_HEAD "2: 3072 [4: 5120] @ 0x11 0x11 0x11 0x21\n"
                                             "#\t0x10\tmain.f+0x1\t/m.go:1\n"
                                             "#\t0x10\tmain.f+0x1\t/m.go:1\n"
                                             "#\t0x10\tmain.f+0x1\t/m.go:1\n"
                                             "#\t0x20\tmain.main+0x2\t/m.go:2\n");
    assert_int_equal(p->samples[0].n_frames, 4);
    assert_int_equal(location_of(p, 0, 0)->n_lines, 1);
    assert_string_equal(name_of(p, location_of(p, 0, 3), 0), "main.main");
    mt_profile_free(p);
}

static void go_samples_are_scaled_by_half_of_what_is_said(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("heap profile: 1: 1024 [1: 1024] @ heap/1048576\n1: 1024 [1: 1024] @ 0x10\n");
    double factor = 1 / (1 - exp(-1024 / 524288.0));
    assert_int_equal(p->info.sample_bytes, 524288);
    assert_in_range(p->samples[0].value[MT_VALUE_TOTAL_BYTES], (int64_t)(1024 * factor) - 1,
                    (int64_t)(1024 * factor) + 1);
    mt_profile_free(p);
}

/* ---- jemalloc -------------------------------------------------------------------------------- */

static void jemalloc_counts_by_stack(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("heap_v2/1\n  t*: 13: 4736 [20: 5000]\n  t0: 13: 4736 [20: 5000] main thread\n"
                  "@ 0x55d0c0a11010 0x7f0000000020\n"
                  "  t*: 3: 4096 [5: 4200]\n  t0: 1: 1000 [2: 1100]\n  t7: 2: 3096 [3: 3100]\n"
                  "@ 0x55d0c0a11040\n  t*: 10: 640 [15: 800]\n  t0: 10: 640 [15: 800]\n" MAPS);
    has_totals(p, 13, 4736, 20, 5000);
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->info.sample_bytes, 0);
    assert_string_equal(mt_profile_text(p, p->info.tool), "jemalloc");
    mt_profile_free(p);
}

static void jemalloc_samples_are_scaled(void **state) {
    (void)state;
    struct mt_profile *p = read_text(
        "heap_v2/4096\n  t*: 4: 4096 [0: 0]\n@ 0x55d0c0a11010\n  t*: 4: 4096 [0: 0]\n" MAPS);
    double factor = 1 / (1 - exp(-0.25));
    assert_int_equal(p->info.sample_bytes, 4096);
    assert_in_range(p->info.totals.live_bytes, (uint64_t)(4096 * factor) - 1,
                    (uint64_t)(4096 * factor) + 1);
    assert_false(p->has_value[MT_VALUE_TOTAL_BYTES]); /* [0: 0]: not counted */
    mt_profile_free(p);
}

/* ---- packed, damaged ------------------------------------------------------------------------- */

static void packed_text_is_read(void **state) {
    (void)state;
    static const char text[] = "heap_v2/1\n  t*: 1: 7 [0: 0]\n@ 0x10\n  t*: 1: 7 [0: 0]\n" MAPS;
    uint8_t packed[1024];
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = sizeof text - 1,
                       .next_out = packed,
                       .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    struct mt_profile *p;
    struct mt_error error;
    assert_int_equal(mt_pprof_read_memory(packed, stream.total_out, &p, &error), 0);
    deflateEnd(&stream);
    has_totals(p, 1, 7, 0, 0);
    mt_profile_free(p);
}

static void what_is_no_record_is_refused(void **state) {
    (void)state;
    refused_text("heap profile:\n", "line 1 has no totals");
    refused_text("heap profile: 1: 2 [3: 4] @ contention/1\n", "it is of \"contention\"");
    refused_text("heap profile: 1: 2 [3: 4] @ heap/x\n", "line 1");
    refused_text("heap profile: 1: 2 [3: 4] @ heapprofile\n1: 2 [3: 4]\n", "line 2 has no stack");
    refused_text("heap profile: 1: 2 [3: 4] @ heapprofile\n\n1: 2 [3: 4] @ 0x\n", "line 3");
    refused_text("heap profile: 1: 2 [3: 4] @ heapprofile\n1: 99999999999999999999 [3: 4] @ 0x1\n",
                 "line 2");
    refused_text("heap profile: 1: 2 [3: 4] @ heapprofile\n1: 2 [3: 4] @ 0x123456789abcdef01\n",
                 "line 2");
    refused_text("heap_v2/\n", "line 1");
    refused_text("heap_v2/1\n@ 0x10\n@ 0x20\n", "line 3 is not the counts");
    refused_text("heap_v2/1\n@ 0x10\n  t*: 1: x [0: 0]\n", "line 3 has no counts");
    refused_text("heap_v2/1\nnonsense\n", "line 2 is neither");
}

/* As pprof --raw writes it: the innermost address stands there as it is, others less 1, an address
 * without a name for itself. */
static void names_before_the_profile(void **state) {
    (void)state;
    static const char *const profiles[] = {
        NAMES "heap profile: 3: 3072 [100: 10000] @ heapprofile\n"
              "3: 3072 [100: 10000] @ 0x55d0c0a11010 0x7f0000000020 0x31\n",
        NAMES "heap_v2/1\n  t*: 3: 3072 [100: 10000]\n@ 0x55d0c0a11010 0x7f0000000020 0x31\n"
              "  t*: 3: 3072 [100: 10000]\n" MAPS,
    };
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        struct mt_profile *p = read_text(profiles[i]);
        has_totals(p, 3, 3072, 100, 10000);
        assert_string_equal(name_of(p, location_of(p, 0, 0), 0), "in_leaf(int)");
        const struct mt_location *inlined = location_of(p, 0, 1);
        assert_int_equal(inlined->n_lines, 3);
        assert_string_equal(name_of(p, inlined, 0), "inner");
        assert_string_equal(name_of(p, inlined, 1), "T::operator--(int)");
        assert_string_equal(name_of(p, inlined, 2), "outer");
        assert_int_equal(location_of(p, 0, 2)->n_lines, 0);
        assert_false(has_note(p, "have no names"));
        mt_profile_free(p);
    }
}

static void names_before_something_else(void **state) {
    (void)state;
    static const char counts[] =
        NAMES "\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0";
    struct mt_profile *p;
    struct mt_error error = {0};
    assert_int_equal(mt_pprof_read_memory(counts, sizeof counts - 1, &p, &error),
                     -MEMTRACK_EFORMAT);
    assert_non_null(strstr(error.message, "counts without bytes and blocks (pprof --raw)"));
    refused_text("--- symbol\nbinary=/a\n0x10 f\n", "names of addresses, and no profile");
    refused_text("--- symbol\n---\n", "names of addresses, and no");
    refused_text("--- symbol\n---\n--- heap\n", "names of addresses, and no");
    refused_text("--- symbol\n---\n--- heap\nnonsense\n", "line 4 has no totals");
}

/* Cut anywhere it is read or refused, and never more than it holds. */
static void cut_anywhere(void **state) {
    (void)state;
    static const char *const texts[] = {
        "heap profile: 1: 2 [3: 4] @ heapprofile\n1: 2 [3: 4] @ 0x10 0x20\n" MAPS,
        GO_HEAD "2: 3072 [4: 5120] @ 0x482f7c\n#\t0x482f7b\tmain.hold+0x3b\t/src/main.go:12\n\n# "
                "runtime.MemStats\n",
        "heap_v2/1\n  t*: 1: 7 [0: 0]\n@ 0x10\n  t*: 1: 7 [0: 0]\n  t0: 1: 7 [0: 0]\n" MAPS,
        NAMES "heap_v2/1\n  t*: 1: 7 [0: 0]\n@ 0x30 0x7f0000000020\n  t*: 1: 7 [0: 0]\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t n = 1; n < strlen(texts[t]); n++) {
            struct mt_profile *p;
            struct mt_error error = {0};
            char *copy = malloc(n); /* of this very size: a sanitizer sees a byte beyond */
            assert_non_null(copy);
            memcpy(copy, texts[t], n);
            if (mt_pprof_read_memory(copy, n, &p, &error) == 0)
                assert_true(p->n_samples <= 1);
            else
                assert_true(*error.message);
            mt_profile_free(p);
            free(copy);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gperftools_counts_every_block),
        cmocka_unit_test(live_alone_has_no_totals_column),
        cmocka_unit_test(tcmalloc_samples_are_scaled),
        cmocka_unit_test(the_oldest_format_says_no_rate),
        cmocka_unit_test(growth_is_said_to_be_growth),
        cmocka_unit_test(differences_have_signs),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(names_of_go_are_in_comments),
        cmocka_unit_test(recursion_in_go_has_all_its_frames),
        cmocka_unit_test(go_samples_are_scaled_by_half_of_what_is_said),
        cmocka_unit_test(jemalloc_counts_by_stack),
        cmocka_unit_test(jemalloc_samples_are_scaled),
        cmocka_unit_test(packed_text_is_read),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(names_before_the_profile),
        cmocka_unit_test(names_before_something_else),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
