/* SPDX-License-Identifier: MIT */
/* The profile that is in a page comes out of it as it went in, whatever stands around it. */
#include "pprof-fixture.h"
#include "profile/line_texts.h"

#define BEFORE                                                                                     \
    "<!DOCTYPE html>\n<html><script id=\"memtrack-viewer\" type=\"text/plain\">AAAA</script>"
#define AFTER "<script>x('<b>', \"memtrack-profile\")</script></html>\n"
#define BLOCK                                                                                      \
    "<script id=\"memtrack-profile%s\" type=\"text/plain\" data-encoding=\"base64\" "              \
    "data-name=\"a &gt; b\">"
#define STACKS  "main;f 12\n"
#define STACKS2 "main;g 34567\n"

static size_t encode(char *out, const uint8_t *data, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0) |
                        (i + 2 < n ? data[i + 2] : 0);
        for (unsigned k = 0; k < 4; k++)
            out[at++] = i + k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    out[at] = '\0';
    return at;
}

/* malloc'ed */
static char *block(const char *suffix, const void *data, size_t n) {
    char *text = malloc(n * 2 + 512);
    assert_non_null(text);
    int begun = snprintf(text, 512, BLOCK, suffix);
    size_t at = (size_t)begun + encode(text + begun, data, n);
    memcpy(text + at, "</script>\n", sizeof "</script>\n");
    return text;
}

static char *page(const char *first, const char *second) {
    char *text;
    assert_true(asprintf(&text, "%s%s%s%s", BEFORE, first, second, AFTER) >= 0);
    return text;
}

static void reads(const char *text, int64_t live_bytes) {
    struct mt_profile *p;
    struct mt_error error;
    if (mt_pprof_read_memory(text, strlen(text), &p, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(p->info.totals.live_bytes, live_bytes);
    mt_profile_free(p);
}

static void refused(const void *data, size_t n, const char *message) {
    struct mt_profile *p;
    struct mt_error error = {0};
    assert_int_equal(mt_pprof_read_named("PAGE", data, n, &p, &error), -MEMTRACK_EFORMAT);
    if (!strstr(error.message, message) || !*error.hint)
        fail_msg("expected \"%s\", found: %s; %s", message, error.message, error.hint);
}

static void a_profile_of_any_length(void **state) {
    (void)state;
    for (int padding = 0; padding < 6; padding++) { /* each way base64 can end */
        char text[64];
        int n = snprintf(text, sizeof text, "main;f%.*s 12\n", padding, "xxxxxx");
        char *first = block("", text, (size_t)n), *whole = page(first, "");
        reads(whole, 12);
        free(first);
        free(whole);
    }
}

static void a_profile_of_memtrack(void **state) {
    (void)state;
    struct mt_profile *p = build_full(3, 100), *q;
    struct mt_error error;
    struct buffer file = written(p);
    char *first = block("", file.data, file.n), *whole = page(first, "");
    assert_int_equal(mt_pprof_read_memory(whole, strlen(whole), &q, &error), 0);
    assert_true(q->info.is_memtrack);
    assert_int_equal(q->n_samples, p->n_samples);
    assert_int_equal(q->info.totals.peak_bytes, p->info.totals.peak_bytes);
    mt_profile_free(p);
    mt_profile_free(q);
    free(file.data);
    free(first);
    free(whole);
}

/* The file at path, whose name may say which side. */
static void side(const char *path, const char *part, int64_t live_bytes, const char *message) {
    char name[64];
    struct mt_profile *p;
    struct mt_error error;
    snprintf(name, sizeof name, "%s%s", path, part);
    int status = mt_pprof_read(name, &p, &error);
    if (message) {
        assert_int_equal(status, -MEMTRACK_EFORMAT);
        assert_non_null(strstr(error.message, message));
        return;
    }
    assert_int_equal(status, 0);
    assert_int_equal(p->info.totals.live_bytes, live_bytes);
    mt_profile_free(p);
}

static void save(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void sides_of_a_comparison(void **state) {
    (void)state;
    char directory[] = "/tmp/test_page_profile.XXXXXX", path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/p.html", directory);
    char *first = block("", STACKS, sizeof STACKS - 1),
         *second = block("-2", STACKS2, sizeof STACKS2 - 1), *two = page(first, second),
         *one = page(first, "");
    save(path, two);
    side(path, "#old", 12, NULL);
    side(path, "#new", 34567, NULL);
    side(path, "", 0, "compares two profiles");
    save(path, one);
    side(path, "", 12, NULL);
    side(path, "#new", 0, "neither old nor new");
    save(path, STACKS);
    side(path, "#new", 0, "not a page that compares");
    unlink(path);
    snprintf(path, sizeof path, "%s/p#old", directory); /* a file may be called so */
    save(path, STACKS);
    side(path, "", 12, NULL);
    unlink(path);
    rmdir(directory);
    free(first);
    free(second);
    free(one);
    free(two);
}

static void write_page(const char *path, const char *block_of_lines) {
    char *first = block("", STACKS, sizeof STACKS - 1),
         *second = block("-2", STACKS2, sizeof STACKS2 - 1), *two = page(first, second), *whole;
    assert_true(asprintf(&whole, "%s%s", two, block_of_lines) >= 0);
    save(path, whole);
    free(first);
    free(second);
    free(two);
    free(whole);
}

static void what_a_page_knows_of_lines(void **state) {
    (void)state;
    static const char lines[] = "a.c\0003=1\0\0b.c\0004=1\0\0";
    static const char open_tag[] = "<script id=\"memtrack-lines\" type=\"text/plain\">";
    char directory[] = "/tmp/test_page_lines.XXXXXX", path[64], name[80], text[256] = "";
    struct mt_profile *sides[2];
    struct mt_error error;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/p.html", directory);
    size_t at = (size_t)snprintf(text, sizeof text, "%s", open_tag);
    at += encode(text + at, (const uint8_t *)lines, sizeof lines - 1);
    memcpy(text + at, "</script>", sizeof "</script>");
    write_page(path, text);
    for (int new = 0; new < 2; new ++) {
        snprintf(name, sizeof name, "%s%s", path, new ? "#new" : "#old");
        assert_int_equal(mt_pprof_read(name, &sides[new], &error), 0);
        mt_string file = mt_profile_intern(sides[new], new ? "b.c" : "a.c");
        assert_int_equal(mt_line_texts_at(sides[new], file, new ? 4 : 3), 1);
        assert_int_equal(sides[new]->line_texts.n, 1);
    }
    assert_true(mt_line_texts_are_of_one(sides[0], sides[1]));
    mt_profile_free(sides[0]);
    mt_profile_free(sides[1]);
    write_page(path, "<script id=\"memtrack-lines\">!!</script>");
    side(path, "#old", 0, "not base64");
    unlink(path);
    rmdir(directory);
}

static void pages_without_a_profile(void **state) {
    (void)state;
    char *empty = page("", ""), *odd = page("<script id=\"memtrack-profile\">!!</script>", "");
    char *page_in_page = block("", odd, strlen(odd)), *nested = page(page_in_page, "");
    static const char open[] = "<html><script id=\"memtrack-profile\">AAAA";
    static const char cut[] = "<!doctype html>\n<script id=\"memtrack-core\">AAAA</script>\n<scr";
    refused(open, sizeof open - 1, "a page of memtrack without a profile: it was cut off");
    refused(cut, sizeof cut - 1, "a page of memtrack without a profile: it was cut off");
    refused("<html>\0\1", 8, "an HTML page"); /* bytes of no text, too */
    refused(empty, strlen(empty), "or never had one");
    refused(odd, strlen(odd), "not base64");
    refused(nested, strlen(nested), "not base64");
    char *again = block("", empty, strlen(empty)), *twice = page(again, "");
    refused(twice, strlen(twice), "or never had one");
    for (size_t n = 1; n < strlen(nested); n += 7) {
        struct mt_profile *p;
        struct mt_error error = {0};
        char *copy = malloc(n); /* so that a sanitizer sees every byte beyond */
        memcpy(copy, nested, n);
        assert_true(mt_pprof_read_memory(copy, n, &p, &error) < 0 && *error.message);
        free(copy);
    }
    free(empty);
    free(odd);
    free(page_in_page);
    free(nested);
    free(again);
    free(twice);
}

/* What may be unpacked is measured by what was read: twice would be the square of it. */
static void what_is_packed_twice(void **state) {
    (void)state;
    uint8_t inner[256], outer[4096];
    uLongf n_inner = sizeof inner, n_outer = sizeof outer;
    for (int inside = 1; inside >= 0; inside--) {
        const void *data = STACKS;
        size_t n = sizeof STACKS - 1;
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                           .avail_in = (uInt)n,
                           .next_out = inner,
                           .avail_out = (uInt)n_inner};
        assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        if (inside) {
            data = inner;
            n = stream.total_out;
        }
        deflateEnd(&stream);
        char *first = block("", data, n), *whole = page(first, "");
        stream = (z_stream){.next_in = (Bytef *)whole,
                            .avail_in = (uInt)strlen(whole),
                            .next_out = outer,
                            .avail_out = (uInt)n_outer};
        assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        deflateEnd(&stream);
        struct mt_profile *p = NULL;
        struct mt_error error;
        reads(whole, 12);
        if (inside)
            refused(outer, stream.total_out, "once more");
        else
            assert_int_equal(mt_pprof_read_memory(outer, stream.total_out, &p, &error), 0);
        mt_profile_free(p);
        free(first);
        free(whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_of_any_length), cmocka_unit_test(a_profile_of_memtrack),
        cmocka_unit_test(sides_of_a_comparison),   cmocka_unit_test(what_a_page_knows_of_lines),
        cmocka_unit_test(pages_without_a_profile), cmocka_unit_test(what_is_packed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
