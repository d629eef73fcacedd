/* SPDX-License-Identifier: MIT */
/* What the page's core has in the place of libraries does what they do: formatting and reading of
 * numbers, sorting, unpacking of protobuf messages. Compiled here under other names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the browser does for the core. */
static size_t mt_page_format(double value, int precision, int conversion, char *out) {
    return (size_t)(conversion == 'g' ? sprintf(out, "%.*g", precision, value)
                                      : sprintf(out, "%.*f", precision, value));
}

static double mt_page_parse(const char *text, size_t n) {
    char copy[400];
    snprintf(copy, sizeof copy, "%.*s", (int)n, text);
    return strtod(copy, NULL);
}

#define vsnprintf      page_vsnprintf
#define vasprintf      page_vasprintf
#define snprintf       page_snprintf
#define sprintf        page_sprintf
#define asprintf       page_asprintf
#define strtod         page_strtod
#define strtoull       page_strtoull
#define strtoul        page_strtoul
#define open_memstream page_open_memstream
#define fputs          page_fputs
#define strerror       page_strerror
#define fputc          page_fputc
#define fprintf        page_fprintf
#define fflush         page_fflush
#define fclose         page_fclose
#define open           page_open
#define close          page_close
#define read           page_read
#define fstat          page_fstat
#define qsort_r        page_qsort_r
#define qsort          page_qsort
#define memmem         page_memmem
#define strstr         page_strstr
#define basename       page_basename
#define sigabbrev_np   page_sigabbrev_np
#include "page/core/wasm/glibc.c"
#include "page/core/wasm/stdio.c"
#include "profile/pprof/profile.pb-c.h"
#define protobuf_c_message_unpack        page_message_unpack
#define protobuf_c_message_free_unpacked page_message_free_unpacked
#define append                           page_message_append
#undef skip /* cmocka's */
static ProtobufCMessage *page_message_unpack(const ProtobufCMessageDescriptor *of,
                                             ProtobufCAllocator *allocator, size_t n,
                                             const uint8_t *data);
static void page_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *allocator);
#include "page/core/wasm/unpack.c"
#undef protobuf_c_message_unpack
#undef protobuf_c_message_free_unpacked
#undef append
#undef vsnprintf
#undef snprintf
#undef asprintf
#undef strtod
#undef strtoull
#undef strtoul
#undef open_memstream
#undef fputs
#undef fprintf
#undef fclose
#undef qsort_r
#undef qsort
#undef memmem
#undef strstr
#undef basename
#undef sigabbrev_np

#define assert_formats(...)                                                                        \
    do {                                                                                           \
        char ours[200], theirs[200];                                                               \
        int n = page_snprintf(ours, sizeof ours, __VA_ARGS__);                                     \
        assert_int_equal(n, snprintf(theirs, sizeof theirs, __VA_ARGS__));                         \
        assert_string_equal(ours, theirs);                                                         \
    } while (0)

static void formats(void **state) {
    (void)state;
    assert_formats("plain %% text");
    assert_formats("%d %i %u %x", -5, INT_MIN, UINT_MAX, 0xbeefu);
    assert_formats("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
    assert_formats("[%s|%10s|%-9s|%.3s|%.*s]", "a", "right", "left", "cut off", 2, "xyz");
    assert_formats("[%5d|%-5d|%05d|%05d|%02x|%09llu]", 42, 42, 42, -42, 7, 123ULL);
    assert_formats("%c%c", 'x', 'y');
    assert_formats("%.1f %.0f %5.1f %f %.3g %g", 1.25, 2.5, 3.14159, 1e6, 812.4, 0.0001);
}

static void cut(void **state) {
    (void)state;
    char ours[5] = "zzzz";
    assert_int_equal(page_snprintf(ours, sizeof ours, "%s", "longer"), 6);
    assert_string_equal(ours, "long");
    assert_int_equal(page_snprintf(NULL, 0, "%d", 12345), 5);
    char *made = NULL;
    assert_int_equal(page_asprintf(&made, "%s-%d", "a", 7), 3);
    assert_string_equal(made, "a-7");
    free(made);
}

static void numbers(void **state) {
    static const char *const texts[] = {"1.5s",
                                        " 12",
                                        "-3",
                                        "+.5x",
                                        "1e3",
                                        "1e",
                                        "1.e2",
                                        ".",
                                        "",
                                        "abc",
                                        "1..2",
                                        "0x10",
                                        "1e-3",
                                        "00:10",
                                        "1.5.5",
                                        "9e99",
                                        "-",
                                        "1e+",
                                        "12345678901234567890"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *ours, *theirs;
        if (strncmp(texts[i], "0x", 2) == 0) /* hexadecimal is not read: a 0 */
            continue;
        double a = page_strtod(texts[i], &ours), b = strtod(texts[i], &theirs);
        assert_true(a == b);
        assert_ptr_equal(ours, theirs);
    }
}

static void digits(void **state) {
    static const char *const texts[] = {"0",
                                        "7",
                                        "00012:30",
                                        "1234 worker",
                                        "18446744073709551615",
                                        "abc",
                                        "",
                                        "99x",
                                        ":",
                                        "18446744073709551616",
                                        "18446744073709551625",
                                        "99999999999999999999999 x"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *ours, *theirs;
        assert_int_equal(page_strtoull(texts[i], &ours, 10), strtoull(texts[i], &theirs, 10));
        assert_ptr_equal(ours, theirs);
        assert_int_equal(page_strtoul(texts[i], NULL, 10), strtoul(texts[i], NULL, 10));
    }
}

static void streams(void **state) {
    (void)state;
    char *text;
    size_t n;
    FILE *stream = page_open_memstream(&text, &n);
    page_fputs("one ", stream);
    page_fprintf(stream, "%d %s", 2, "three");
    page_fputc('!', stream);
    page_fclose(stream);
    assert_string_equal(text, "one 2 three!");
    assert_int_equal(n, 12);
    free(text);
}

static int by_tens(const void *a, const void *b, void *context) {
    const uint32_t *values = context;
    uint32_t x = values[*(const uint32_t *)a] / 10, y = values[*(const uint32_t *)b] / 10;
    return x < y ? -1 : x > y;
}

/* Sorted, stable, and nothing is lost. */
static void sorts(void **state) {
    enum { MOST = 300 };
    (void)state;
    uint32_t values[MOST], order[MOST];
    for (size_t n = 0; n <= MOST; n += n < 20 ? 1 : 7) {
        for (uint32_t i = 0; i < n; i++) {
            values[i] = i * 7919u % 251u;
            order[i] = i;
        }
        page_qsort_r(order, n, sizeof *order, by_tens, values);
        for (size_t i = 1; i < n; i++) {
            int way = by_tens(&order[i - 1], &order[i], values);
            assert_true(way < 0 || (way == 0 && order[i - 1] < order[i]));
        }
    }
}

static int by_hundreds(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a / 100, y = *(const uint32_t *)b / 100;
    return x < y ? -1 : x > y;
}

/* As glibc's does: what is equal stays in its order. */
static void sorts_without_context(void **state) {
    enum { N = 100 };
    uint32_t ours[N], theirs[N];
    (void)state;
    for (uint32_t i = 0; i < N; i++)
        ours[i] = theirs[i] = i * 7919u % 1009u;
    page_qsort(ours, N, sizeof *ours, by_hundreds);
    qsort(theirs, N, sizeof *theirs, by_hundreds);
    assert_memory_equal(ours, theirs, sizeof ours);
}

static void finds(void **state) {
    static const char *const words[] = {"", "a", "b", "ab", "aab", "aaab", "abaab", "c", "abaabc"};
    static const char text[] = "aabaabaab";
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *found = strstr(text, words[i]);
        assert_ptr_equal(page_strstr(text, words[i]), found);
        for (size_t n = 0; n < sizeof text; n++)
            assert_ptr_equal(page_memmem(text, n, words[i], strlen(words[i])),
                             memmem(text, n, words[i], strlen(words[i])));
    }
}

static void names(void **state) {
    (void)state;
    for (int signal = -1; signal <= 31; signal++) {
        const char *ours = page_sigabbrev_np(signal), *theirs = sigabbrev_np(signal);
        assert_int_equal(!ours, !theirs);
        if (ours)
            assert_string_equal(ours, theirs);
    }
    assert_string_equal(page_basename("/a/b.c"), "b.c");
    assert_string_equal(page_basename("b.c"), "b.c");
    assert_string_equal(page_basename("/a/"), "");
}

/* ---- messages -------------------------------------------------------------------------------- */

static size_t n_blocks;

static void *counted_alloc(void *context, size_t bytes) {
    (void)context;
    n_blocks++;
    return malloc(bytes);
}

static void counted_free(void *context, void *block) {
    (void)context;
    n_blocks--;
    free(block);
}

static ProtobufCAllocator counted = {counted_alloc, counted_free, NULL};

/* Both refuse the bytes, or both find the same in them; what ours has taken, it gives back. */
static void assert_unpacks(const uint8_t *data, size_t n) {
    const ProtobufCMessageDescriptor *of = &pprof__profile__descriptor;
    ProtobufCMessage *theirs = protobuf_c_message_unpack(of, NULL, n, data),
                     *ours = page_message_unpack(of, &counted, n, data);
    assert_int_equal(!theirs, !ours);
    if (ours && theirs) {
        unsigned n_unknown = theirs->n_unknown_fields; /* which ours passes over */
        theirs->n_unknown_fields = 0;
        size_t bytes = protobuf_c_message_get_packed_size(theirs);
        uint8_t *one = malloc(bytes + 1), *other = malloc(bytes + 1);
        assert_int_equal(protobuf_c_message_get_packed_size(ours), bytes);
        protobuf_c_message_pack(theirs, one);
        protobuf_c_message_pack(ours, other);
        assert_memory_equal(one, other, bytes);
        free(one);
        free(other);
        theirs->n_unknown_fields = n_unknown;
        page_message_free_unpacked(ours, &counted);
    }
    if (theirs)
        protobuf_c_message_free_unpacked(theirs, NULL);
    assert_int_equal(n_blocks, 0);
}

/* Nested, packed, several of a kind, negative; whole, and cut anywhere. */
static void messages(void **state) {
    (void)state;
    uint64_t locations[] = {1, 300, UINT64_MAX};
    int64_t values[] = {-1, 0, INT64_MAX, INT64_MIN};
    Pprof__Label label = PPROF__LABEL__INIT;
    label.key = 5;
    label.num = -7;
    Pprof__Label *labels[] = {&label, &label};
    Pprof__Sample sample = PPROF__SAMPLE__INIT;
    sample.n_location_id = 3;
    sample.location_id = locations;
    sample.n_value = 4;
    sample.value = values;
    sample.n_label = 2;
    sample.label = labels;
    Pprof__Sample *samples[] = {&sample, &sample, &sample};
    ProtobufCBinaryData strings[] = {{0, NULL}, {3, (uint8_t *)"abc"}};
    Pprof__Profile profile = PPROF__PROFILE__INIT;
    profile.n_sample = 3;
    profile.sample = samples;
    profile.n_string_table = 2;
    profile.string_table = strings;
    profile.time_nanos = -5;
    uint8_t packed[400];
    size_t n = pprof__profile__pack(&profile, packed);
    assert_in_range(n, 1, sizeof packed);
    for (size_t cut = 0; cut <= n; cut++)
        assert_unpacks(packed, cut);
    static const uint8_t unknown[] = {0xfa, 0x3f, 2, 'x', 'y', 0x48, 7, 0xfd, 0x3f, 1, 2, 3, 4};
    assert_unpacks(unknown, sizeof unknown);
    static const uint8_t wrong[] = {0x4a, 1, 0}; /* bytes where a number belongs */
    assert_unpacks(wrong, sizeof wrong);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats), cmocka_unit_test(cut),
        cmocka_unit_test(numbers), cmocka_unit_test(streams),
        cmocka_unit_test(sorts),   cmocka_unit_test(sorts_without_context),
        cmocka_unit_test(digits),  cmocka_unit_test(finds),
        cmocka_unit_test(names),   cmocka_unit_test(messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
