/* SPDX-License-Identifier: MIT */
/* Profiles of several processes as one: every column is the sum, whatever the order; modules that
 * lay elsewhere are the same; labels stay apart when they are asked for, and survive a file. */
#include "pprof-fixture.h"
#include "profile/merge.h"
#include "view/rows/rows.h"

enum { PROFILES = 4 };

static void add_totals(struct mt_profile *p) {
    mt_profile_sum_totals(p);
    p->info.totals.freed_blocks = 3;
    p->info.coverage.unknown_frees = 2;
    p->info.ledger_bytes = 100;
}

/* The profile of the seed, whose modules lie at other places for each seed. */
static struct mt_profile *profile_of(uint64_t seed) {
    struct mt_profile *p = build_random_profile(seed, 200);
    for (size_t i = 0; i < p->n_mappings; i++) {
        uint64_t shift = seed * 0x10000000;
        p->mappings[i].start += shift;
        p->mappings[i].limit += shift;
        p->mappings[i].bias += shift;
        for (size_t k = 0; k < p->n_locations; k++)
            if (p->locations[k].mapping == i + 1)
                p->locations[k].address += shift;
    }
    p->info.pid = (uint32_t)seed;
    p->info.start_time_ns = seed * 1000;
    add_totals(p);
    return p;
}

static struct mt_profile *merged(const uint64_t *seeds, size_t n, struct mt_merge_keep keep,
                                 size_t main) {
    struct mt_merge *merge = mt_merge_new(&keep);
    assert_non_null(merge);
    for (size_t i = 0; i < n; i++) {
        struct mt_profile *p = profile_of(seeds[i]);
        char label[64];
        snprintf(label, sizeof label, "%d app x%d.c", (int)seeds[i], (int)seeds[i]);
        assert_int_equal(0, mt_merge_add(merge, p, label, seeds[i] == main));
        mt_profile_free(p);
    }
    struct mt_profile *result = mt_merge_finish(merge);
    assert_non_null(result);
    return result;
}

static struct mt_rows *rows_by(const struct mt_profile *p, enum mt_group_by by) {
    struct mt_view_options options = {.by = by, .sort = MT_VALUE_TOTAL_BYTES};
    struct mt_rows *rows;
    struct mt_error error = {0};
    assert_int_equal(0, mt_rows_build(p, &options, &rows, &error));
    return rows;
}

/* A text with every row and its values, in an order that depends on nothing else. */
static char *text_of_rows(const struct mt_profile *p, enum mt_group_by by) {
    struct mt_rows *rows = rows_by(p, by);
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    for (size_t i = 0; i < mt_rows_count(rows); i++) {
        char *key = mt_rows_key(rows, mt_rows_at(rows, i));
        fprintf(out, "%s", key);
        for (size_t v = 0; v < MT_N_VALUES; v++)
            fprintf(out, " %lld", (long long)mt_rows_at(rows, i)->value[v]);
        fputc('\n', out);
        free(key);
    }
    fclose(out);
    mt_rows_free(rows);
    return text;
}

static void the_sum_of_two_is_their_sums(void **state) {
    const uint64_t seeds[] = {5, 9};
    struct mt_profile *one = profile_of(5), *other = profile_of(9),
                      *both = merged(seeds, 2, (struct mt_merge_keep){0}, 5);
    (void)state;
    for (enum mt_group_by by = MT_BY_LINE; by <= MT_BY_MODULE; by++) {
        struct mt_rows *rows[] = {rows_by(one, by), rows_by(other, by), rows_by(both, by)};
        for (size_t v = 0; v < MT_N_VALUES; v++)
            assert_int_equal(mt_rows_all(rows[0])->value[v] + mt_rows_all(rows[1])->value[v],
                             mt_rows_all(rows[2])->value[v]);
        for (size_t i = 0; i < 3; i++)
            mt_rows_free(rows[i]);
    }
    assert_int_equal(one->info.totals.peak_bytes + other->info.totals.peak_bytes,
                     both->info.totals.peak_bytes);
    assert_int_equal(6, both->info.totals.freed_blocks);
    assert_int_equal(4, both->info.coverage.unknown_frees);
    assert_int_equal(200, both->info.ledger_bytes);
    assert_int_equal(2, both->info.n_processes);
    mt_profile_free(one);
    mt_profile_free(other);
    mt_profile_free(both);
}

static void the_sum_of_sums_counts_processes(void **state) {
    const uint64_t seeds[] = {5, 9};
    const struct mt_merge_keep keep = {0};
    (void)state;
    struct mt_merge *merge = mt_merge_new(&keep);
    struct mt_profile *both = merged(seeds, 2, keep, 5), *one = profile_of(7);
    assert_int_equal(0, mt_merge_add(merge, both, "both", true));
    assert_int_equal(0, mt_merge_add(merge, one, "one", false));
    struct mt_profile *all = mt_merge_finish(merge);
    assert_int_equal(3, all->info.n_processes);
    mt_profile_free(one);
    mt_profile_free(both);
    mt_profile_free(all);
}

static void a_profile_with_itself_is_twice_it_in_no_more_rows(void **state) {
    const uint64_t seeds[] = {7, 7};
    struct mt_profile *one = profile_of(7),
                      *both = merged(seeds, 2, (struct mt_merge_keep){.threads = true}, 7);
    (void)state;
    assert_in_range(both->n_samples, 1, one->n_samples);
    assert_in_range(both->n_locations, 1, one->n_locations);
    assert_int_equal(one->n_mappings, both->n_mappings);
    assert_int_equal(2 * one->info.totals.total_bytes, both->info.totals.total_bytes);
    mt_profile_free(one);
    mt_profile_free(both);
}

static void the_order_does_not_matter(void **state) {
    const uint64_t orders[][PROFILES] = {{2, 3, 5, 7}, {7, 5, 3, 2}, {3, 7, 2, 5}};
    const struct mt_merge_keep keeps[] = {
        {0}, {.processes = true}, {.processes = true, .threads = true}};
    static const enum mt_group_by groupings[] = {MT_BY_FUNCTION, MT_BY_PROCESS, MT_BY_THREAD,
                                                 MT_BY_DOMAIN};
    (void)state;
    for (size_t k = 0; k < sizeof keeps / sizeof *keeps; k++)
        for (size_t g = 0; g < sizeof groupings / sizeof *groupings; g++) {
            struct mt_profile *first = merged(orders[0], PROFILES, keeps[k], 0);
            char *expected = text_of_rows(first, groupings[g]);
            assert_int_equal(2, first->info.pid); /* which began first */
            for (size_t o = 1; o < sizeof orders / sizeof *orders; o++) {
                struct mt_profile *other = merged(orders[o], PROFILES, keeps[k], 0);
                char *text = text_of_rows(other, groupings[g]);
                assert_string_equal(expected, text);
                assert_int_equal(2, other->info.pid);
                assert_int_equal(first->n_samples, other->n_samples);
                free(text);
                mt_profile_free(other);
            }
            free(expected);
            mt_profile_free(first);
        }
}

static void labels_are_kept_and_survive_a_file(void **state) {
    const uint64_t seeds[] = {5, 9};
    struct mt_profile *both = merged(seeds, 2, (struct mt_merge_keep){.processes = true}, 9);
    struct mt_profile *read = read_back(both);
    struct mt_profile *const profiles[] = {both, read};
    (void)state;
    assert_int_equal(9, both->info.pid);
    for (size_t i = 0; i < 2; i++) {
        struct mt_rows *rows = rows_by(profiles[i], MT_BY_PROCESS);
        int64_t sum = 0;
        assert_int_equal(2, mt_rows_count(rows));
        for (size_t r = 0; r < 2; r++) {
            struct mt_profile *own = NULL;
            char *key = mt_rows_key(rows, mt_rows_at(rows, r));
            assert_true(strcmp(key, "5 app x5.c") == 0 || strcmp(key, "9 app x9.c") == 0);
            own = profile_of((uint64_t)(*key - '0'));
            assert_int_equal(own->info.totals.total_bytes,
                             mt_rows_at(rows, r)->value[MT_VALUE_TOTAL_BYTES]);
            sum += mt_rows_at(rows, r)->value[MT_VALUE_TOTAL_BYTES];
            mt_profile_free(own);
            free(key);
        }
        assert_int_equal(both->info.totals.total_bytes, sum);
        mt_rows_free(rows);
    }
    mt_profile_free(read);
    mt_profile_free(both);
}

/* Rows of the profile that pass --include PATTERN. */
static int64_t included_bytes(const struct mt_profile *p, const char *pattern) {
    struct mt_view_options options = {.by = MT_BY_LINE, .filter = {&pattern, 1, NULL, 0, false}};
    struct mt_rows *rows;
    struct mt_error error = {0};
    assert_int_equal(0, mt_rows_build(p, &options, &rows, &error));
    int64_t bytes = mt_rows_passed(rows)->value[MT_VALUE_TOTAL_BYTES];
    mt_rows_free(rows);
    return bytes;
}

static void processes_can_be_filtered(void **state) {
    const uint64_t seeds[] = {5, 9};
    struct mt_profile *both = merged(seeds, 2, (struct mt_merge_keep){.processes = true}, 5),
                      *one = profile_of(5);
    int64_t all = (int64_t)both->info.totals.total_bytes,
            five = (int64_t)one->info.totals.total_bytes;
    (void)state;
    assert_int_equal(all, included_bytes(both, "process:app"));
    assert_int_equal(all, included_bytes(both, "process:*"));
    assert_int_equal(five, included_bytes(both, "process:5"));
    assert_int_equal(five, included_bytes(both, "process:app x5*"));
    assert_int_equal(five, included_bytes(both, "process:5 app x5.c"));
    assert_int_equal(0, included_bytes(both, "process:ap"));
    assert_int_equal(0, included_bytes(one, "process:app")); /* it has no labels */
    mt_profile_free(one);
    mt_profile_free(both);
}

static void notes_are_said_once(void **state) {
    const struct mt_merge_keep keep = {0};
    struct mt_merge *merge = mt_merge_new(&keep);
    static const char *const labels[] = {"3 cc1 c.c", "1 cc1 a.c", "2 cc1 b.c", "4 ld"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct mt_profile *p = profile_of(i + 1);
        char note[64];
        snprintf(note, sizeof note, "%d frees went wrong", (int)i + 11);
        mt_profile_add_note(p, note);
        assert_int_equal(0, mt_merge_add(merge, p, labels[i], false));
        mt_profile_free(p);
    }
    struct mt_profile *p = mt_merge_finish(merge);
    assert_int_equal(2, p->info.n_notes);
    assert_string_equal("process 1 cc1 a.c and 2 others like it: 12 frees went wrong",
                        mt_profile_text(p, p->info.notes[0]));
    assert_string_equal("process 4 ld: 14 frees went wrong", mt_profile_text(p, p->info.notes[1]));
    mt_profile_free(p);
}

static void nothing_is_no_profile(void **state) {
    const struct mt_merge_keep keep = {0};
    (void)state;
    assert_null(mt_merge_finish(mt_merge_new(&keep)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_of_two_is_their_sums),
        cmocka_unit_test(the_sum_of_sums_counts_processes),
        cmocka_unit_test(a_profile_with_itself_is_twice_it_in_no_more_rows),
        cmocka_unit_test(the_order_does_not_matter),
        cmocka_unit_test(labels_are_kept_and_survive_a_file),
        cmocka_unit_test(processes_can_be_filtered),
        cmocka_unit_test(notes_are_said_once),
        cmocka_unit_test(nothing_is_no_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
