/* SPDX-License-Identifier: MIT */
/* Which lines say the same: kept, written into a block and read from it, whatever the block is. */
#include "profile-fixture.h"
#include "profile/line_texts.h"
#include "profile/texts.h"

static mt_string file_of(struct mt_profile *p, const char *name) {
    return mt_profile_intern(p, name);
}

static void add(struct mt_profile *p, const char *file, int64_t line, uint32_t text) {
    assert_int_equal(mt_line_texts_add(p, file_of(p, file), line, text), 0);
}

static uint32_t at(struct mt_profile *p, const char *file, int64_t line) {
    return mt_line_texts_at(p, file_of(p, file), line);
}

/* Two sides whose files have other indexes. */
static void make(struct mt_profile *sides[2]) {
    sides[0] = build_empty();
    sides[1] = build_empty();
    file_of(sides[1], "only here");
    add(sides[0], "b.c", 7, 2);
    add(sides[0], "a.c", INT64_MAX, UINT32_MAX);
    add(sides[0], "a.c", 3, 1);
    add(sides[1], "a.c", 4, 1);
    mt_line_texts_sort(sides[0]);
    mt_line_texts_sort(sides[1]);
}

static void release(struct mt_profile *sides[2]) {
    mt_profile_free(sides[0]);
    mt_profile_free(sides[1]);
}

static void what_was_added_is_found(void **state) {
    (void)state;
    struct mt_profile *sides[2];
    make(sides);
    assert_int_equal(at(sides[0], "a.c", 3), 1);
    assert_int_equal(at(sides[0], "a.c", INT64_MAX), UINT32_MAX);
    assert_int_equal(at(sides[0], "b.c", 7), 2);
    assert_int_equal(at(sides[0], "b.c", 3), 0);
    assert_int_equal(at(sides[0], "c.c", 3), 0);
    assert_int_equal(at(sides[1], "a.c", 3), 0);
    release(sides);
}

static void numbers_are_of_one_set_or_not(void **state) {
    (void)state;
    struct mt_profile *sides[2], *others[2];
    make(sides);
    make(others);
    assert_false(mt_line_texts_are_of_one(sides[0], sides[1])); /* nobody has said so */
    mt_line_texts_join(sides[0], sides[1]);
    assert_true(mt_line_texts_are_of_one(sides[0], sides[1]));
    add(others[1], "a.c", 5, 1);
    mt_line_texts_join(others[0], others[1]);
    assert_false(mt_line_texts_are_of_one(sides[0], others[1]));
    release(sides);
    release(others);
}

static void the_lower_of_two_numbers(void **state) {
    (void)state;
    for (uint32_t k = 0; k < 2; k++) {
        struct mt_profile *p = build_empty();
        add(p, "a.c", 3, 5 + k);
        add(p, "a.c", 3, 6 - k);
        mt_line_texts_sort(p);
        assert_int_equal(p->line_texts.n, 1);
        assert_int_equal(at(p, "a.c", 3), 5);
        mt_profile_free(p);
    }
}

static const char *rename_file(void *context, enum mt_texts_role role, const char *text) {
    (void)context;
    return role == MT_TEXTS_FILE && strcmp(text, "a.c") == 0 ? "z.c" : text;
}

static void files_may_get_other_names(void **state) {
    (void)state;
    struct mt_profile *sides[2];
    make(sides);
    assert_int_equal(mt_texts_replace(sides[0], rename_file, NULL), 0);
    assert_int_equal(at(sides[0], "z.c", 3), 1);
    assert_int_equal(at(sides[0], "b.c", 7), 2);
    assert_int_equal(at(sides[0], "a.c", 3), 0);
    release(sides);
}

static void a_block_is_read_as_it_was_written(void **state) {
    (void)state;
    struct mt_profile *sides[2], *read[2] = {build_empty(), build_empty()};
    char *block;
    size_t bytes;
    make(sides);
    assert_int_equal(mt_line_texts_write((const struct mt_profile *const *)sides, &block, &bytes),
                     0);
    for (size_t side = 0; side < 2; side++)
        assert_int_equal(mt_line_texts_read(read[side], side, block, bytes), 0);
    assert_true(mt_line_texts_are_of_one(read[0], read[1]));
    for (size_t side = 0; side < 2; side++) {
        const struct mt_line_texts *texts = &sides[side]->line_texts;
        assert_int_equal(texts->n, read[side]->line_texts.n);
        for (size_t i = 0; i < texts->n; i++)
            assert_int_equal(at(read[side], mt_profile_text(sides[side], texts->items[i].file),
                                texts->items[i].line),
                             texts->items[i].text);
    }
    free(block);
    release(sides);
    release(read);
}

static void nothing_is_a_block_as_well(void **state) {
    (void)state;
    struct mt_profile *sides[2] = {build_empty(), build_empty()},
                      *read[2] = {build_empty(), build_empty()};
    char *block;
    size_t bytes;
    assert_int_equal(mt_line_texts_write((const struct mt_profile *const *)sides, &block, &bytes),
                     0);
    for (size_t side = 0; side < 2; side++)
        assert_int_equal(mt_line_texts_read(read[side], side, block, bytes), 0);
    assert_true(mt_line_texts_are_of_one(read[0], read[1])); /* it is known that none is known */
    assert_int_equal(read[0]->line_texts.n + read[1]->line_texts.n, 0);
    free(block);
    release(sides);
    release(read);
}

static void read_copy(const char *block, size_t bytes) {
    char *copy = malloc(bytes + !bytes); /* so that a sanitizer sees every byte beyond */
    memcpy(copy, block, bytes);
    for (size_t side = 0; side < 2; side++) {
        struct mt_profile *p = build_empty();
        assert_int_equal(mt_line_texts_read(p, side, copy, bytes), 0);
        for (size_t i = 0; i < p->line_texts.n; i++)
            assert_true(p->line_texts.items[i].line > 0 && p->line_texts.items[i].text > 0);
        mt_profile_free(p);
    }
    free(copy);
}

static void anything_is_read(void **state) {
    (void)state;
    static const char block[] = "a.c\0007=1 8=2\0b.c\0009=1\0\0a.c\0007=3 12=1\0\0";
    static const char *const odd[] = {"=",
                                      "7",
                                      "7=",
                                      "7=0",
                                      "0=7",
                                      "-7=1",
                                      "7=1  8=1",
                                      "7=1,8=1",
                                      "99999999999999999999999=1",
                                      "7=4294967296",
                                      "7==1",
                                      " "};
    for (size_t n = 0; n < sizeof block; n++)
        read_copy(block, n);
    for (size_t n = 0; n < sizeof block; n++)
        for (int byte = 0; byte < 256; byte += 5) {
            char changed[sizeof block];
            memcpy(changed, block, sizeof block);
            changed[n] = (char)byte;
            read_copy(changed, sizeof block - 1);
        }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "a.c%c%s%c", 0, odd[i], 0);
        read_copy(text, (size_t)n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(numbers_are_of_one_set_or_not),
        cmocka_unit_test(the_lower_of_two_numbers),
        cmocka_unit_test(files_may_get_other_names),
        cmocka_unit_test(a_block_is_read_as_it_was_written),
        cmocka_unit_test(nothing_is_a_block_as_well),
        cmocka_unit_test(anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
