/* SPDX-License-Identifier: MIT */
/* Files that are damaged, malicious, or no profiles at all: always an error with a reason, never a
 * crash. */
#include "directory-fixture.h"
#include "pprof-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

static int read_copy(const void *data, size_t n, struct mt_error *error) {
    /* exactly as large as the data, so that a sanitizer sees the first byte too much */
    struct buffer b = {.data = malloc(n ? n : 1), .n = n};
    struct mt_profile *p;
    memcpy(b.data, data, n);
    int status = read_buffer(b, &p, error);
    mt_profile_free(p);
    return status;
}

static struct buffer inflated(const struct buffer *file) {
    struct buffer plain = {.capacity = 1 << 20};
    plain.data = malloc(plain.capacity);
    z_stream stream = {.next_in = file->data,
                       .avail_in = (uInt)file->n,
                       .next_out = plain.data,
                       .avail_out = (uInt)plain.capacity};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    plain.n = plain.capacity - stream.avail_out;
    inflateEnd(&stream);
    return plain;
}

static void every_truncation(void **state) {
    (void)state;
    struct mt_profile *p = build_full(3, 40);
    struct buffer file = written(p), plain = inflated(&file);
    struct mt_error error;
    mt_profile_free(p);
    for (size_t n = 0; n < file.n; n++)
        if (read_copy(file.data, n, &error) >= 0)
            fail_msg("%zu of %zu bytes were taken for a profile", n, file.n);
    assert_int_equal(read_copy(file.data, file.n, &error), 0);
    size_t accepted = 0;
    for (size_t n = 0; n < plain.n; n++) /* a plain file may end between two fields */
        accepted += read_copy(plain.data, n, &error) == 0;
    assert_true(accepted < plain.n / 4);
    free(file.data);
    free(plain.data);
}

static void every_byte_changed(void **state) {
    (void)state;
    struct mt_profile *p = build_full(4, 30);
    struct buffer file = written(p), plain = inflated(&file);
    struct mt_error error;
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < plain.n; i++)
        for (size_t m = 0; m < sizeof masks; m++) {
            plain.data[i] ^= masks[m];
            read_copy(plain.data, plain.n, &error);
            plain.data[i] ^= masks[m];
        }
    for (size_t i = 0; i < file.n; i++) { /* gzip has a checksum: what is accepted says the same */
        file.data[i] ^= 0x10;
        struct mt_profile *q;
        if (mt_pprof_read_memory(file.data, file.n, &q, &error) == 0) {
            same_model(p, q);
            same_info(p, q);
        }
        mt_profile_free(q);
        file.data[i] ^= 0x10;
    }
    mt_profile_free(p);
    free(file.data);
    free(plain.data);
}

static void random_bytes(void **state) {
    (void)state;
    uint64_t seed = 99;
    struct mt_error error;
    uint8_t data[600];
    for (int round = 0; round < 20000; round++) {
        size_t n = build_random(&seed, sizeof data) + 1;
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)(build_random(&seed, 4) ? build_random(&seed, 16)
                                                       : build_random(&seed, 256));
        read_copy(data, n, &error);
    }
}

/* ---- wrong contents -------------------------------------------------------------------------- */

/* A good file with one column, one sample, one location; then what the case adds. */
static struct buffer small_file(void) {
    struct buffer b = {0};
    put_text(&b, 6, "");
    put_text(&b, 6, "inuse_space");
    put_text(&b, 6, "bytes");
    put_message(&b, 1, 1, 2);
    put_message(&b, 3, 1, 0x1000, 0x2000, 0, 1);
    put_message(&b, 4, 1, 1, 0x1234);
    put_message(&b, 5, 1, 1, 1, 1);
    put_message(&b, 2, 1, 100);
    return b;
}

static void refused_with(struct buffer b, int status, const char *reason) {
    struct mt_profile *p;
    struct mt_error error;
    int found = read_buffer(b, &p, &error);
    mt_profile_free(p);
    if (found != status || !strstr(error.message, reason))
        fail_msg("expected %d with \"%s\", found %d: %s", status, reason, found,
                 found ? error.message : "");
}

#define REFUSED(reason, ...)                                                                       \
    do {                                                                                           \
        struct buffer b = small_file();                                                            \
        __VA_ARGS__;                                                                               \
        refused_with(b, -MEMTRACK_EFORMAT, reason);                                                \
    } while (0)

static void references_to_nothing(void **state) {
    (void)state;
    struct mt_error error;
    struct buffer good = small_file();
    assert_int_equal(read_copy(good.data, good.n, &error), 0);
    free(good.data);
    REFUSED("location that is missing", put_message(&b, 2, 2, 5));
    REFUSED("a location has the id 0", put_bytes(&b, 2, "\x0a\x01\x00\x10\x05", 5));
    REFUSED("mapping that is missing", put_message(&b, 4, 2, 9));
    REFUSED("function that is missing", put_bytes(&b, 4, "\x08\x02\x22\x02\x08\x07", 6));
    REFUSED("string 77 of 3", put_message(&b, 5, 3, 77),
            put_bytes(&b, 4, "\x08\x02\x22\x02\x08\x03", 6));
    REFUSED("string index is out of range", put_message(&b, 5, 3, UINT64_MAX));
    REFUSED("string 5 of 3", put_message(&b, 3, 2, 0, 0, 0, 5));
    REFUSED("two locations", put_message(&b, 4, 1));
    REFUSED("two mappings", put_message(&b, 3, 1));
    REFUSED("two functions", put_message(&b, 5, 1));
    REFUSED("a function has the id 0", put_message(&b, 5, 0, 1));
    REFUSED("a mapping has the id 0", put_message(&b, 3, 0, 1));
    REFUSED("string 50 of 3", put_bytes(&b, 2, "\x10\x05\x1a\x02\x08\x32", 6));
}

static void samples_that_do_not_fit(void **state) {
    (void)state;
    REFUSED("2 values for 1 sample types", put_bytes(&b, 2, "\x12\x02\x05\x05", 4));
    REFUSED("0 values for 1 sample types", put_bytes(&b, 2, "", 0));
    REFUSED("cut off", put_bytes(&b, 2, "\x12\x09\x05", 3));
    REFUSED("cut off", put_bytes(&b, 2, "\x12\x02\x80\x80", 4));
    REFUSED("cut off", put_bytes(&b, 2, "\x0a\x01\x80", 3));
    REFUSED("cut off", put_bytes(&b, 2, "\x1a\x05\x08", 3));
    REFUSED("after the samples", put_message(&b, 1, 1, 2), put_bytes(&b, 2, "\x10\x01\x10\x01", 4));
}

static void extensions_that_lie(void **state) {
    (void)state;
    REFUSED("the time axis refers",
            put_bytes(&b, 1502, "\x3a\x01\x00\x42\x01\x00\x4a\x01\x00\x52\x01\x00", 12));
    REFUSED("columns of the time axis", put_bytes(&b, 1502, "\x0a\x01\x00", 3));
    REFUSED("columns of the time axis", put_bytes(&b, 1502, "\x3a\x01\x00", 3));
    REFUSED("columns of the model", put_bytes(&b, 1501, "\x12\x01\x01", 3));
    REFUSED("location that is missing", put_bytes(&b, 1501, "\x0a\x01\x05", 3));
    REFUSED("malformed", put_bytes(&b, 1500, "\x12\x7f\x01", 3));
    /* the same messages, where this version writes them: 1500 in the period type is e2 5d */
    REFUSED("malformed", put_bytes(&b, 11, "\xe2\x5d\x03\x12\x7f\x01", 6));
    REFUSED("columns of the model", put_bytes(&b, 11, "\xea\x5d\x03\x12\x01\x01", 6));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\xe2\x5d\x7f", 3));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\xe2\x5d", 2));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\xe2", 1));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\x08", 1));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\x0d\x01\x02", 3));
    REFUSED("field 11 is malformed", put_bytes(&b, 11, "\x0b", 1));
    struct buffer newer = small_file();
    put_bytes(&newer, 1500, "\x08\x02", 2);
    refused_with(newer, -MEMTRACK_EVERSION, "newer memtrack");
}

static void fields_that_cannot_be(void **state) {
    (void)state;
    REFUSED("field number is 0", put(&b, "\x00\x00", 2));
    REFUSED("wire type 7", put(&b, "\x0f", 1));
    REFUSED("too long", put(&b, "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13));
    REFUSED("ends within a field", put(&b, "\x48", 1));
    REFUSED("ends too early", put(&b, "\x12\x05\x0a", 3));
    REFUSED("ends too early", put(&b, "\x49\x05\x0a", 3));
    struct buffer none = {0};
    put_text(&none, 6, "");
    refused_with(none, -MEMTRACK_EFORMAT, "no sample types");
}

/* A length that a file cannot have costs neither memory nor time. */
static void huge_lengths(void **state) {
    (void)state;
    static const uint64_t lengths[] = {MT_N_VALUES + (UINT64_C(16) << 20), UINT32_MAX,
                                       UINT64_C(1) << 60, UINT64_MAX};
    for (unsigned field = 1; field <= 7; field++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct buffer b = small_file();
            put_varint(&b, field << 3 | 2);
            put_varint(&b, lengths[i]);
            put(&b, "x", 1);
            refused_with(b, -MEMTRACK_EFORMAT, "");
        }
}

/* 400 MiB of zeros in 400 KiB, as a field that would be skipped. */
static void a_gzip_bomb(void **state) {
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 400 };
    struct buffer file = {.capacity = 4 << 20};
    file.data = malloc(file.capacity);
    uint8_t *zeros = calloc(1, PIECE);
    z_stream stream = {.next_out = file.data, .avail_out = (uInt)file.capacity};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    /* field 99, 2 GiB long */
    uint8_t head[] = {0x9a, 0x06, 0xff, 0xff, 0xff, 0xff, 0x07};
    stream.next_in = head, stream.avail_in = sizeof head;
    assert_int_equal(deflate(&stream, Z_NO_FLUSH), Z_OK);
    for (int i = 0; i < PIECES; i++) {
        stream.next_in = zeros, stream.avail_in = PIECE;
        assert_int_equal(deflate(&stream, i + 1 == PIECES ? Z_FINISH : Z_NO_FLUSH),
                         i + 1 == PIECES ? Z_STREAM_END : Z_OK);
    }
    file.n = file.capacity - stream.avail_out;
    assert_true(file.n < file.capacity);
    deflateEnd(&stream);
    free(zeros);
    refused_with(file, -MEMTRACK_ELIMIT, "unpack to");
}

static void several_gzip_members(void **state) {
    (void)state;
    struct buffer plain = small_file();
    struct buffer first = {.data = plain.data, .n = 40},
                  second = {.data = plain.data + 40, .n = plain.n - 40};
    struct buffer file = compressed(&first), rest = compressed(&second);
    struct mt_error error;
    put(&file, rest.data, rest.n);
    assert_int_equal(read_copy(file.data, file.n, &error), 0);
    assert_true(read_copy(file.data, file.n - 1, &error) < 0);
    put(&file, "garbage", 7);
    assert_int_equal(read_copy(file.data, file.n, &error), -MEMTRACK_EFORMAT);
    free(file.data);
    free(rest.data);
    free(plain.data);
}

/* ---- not files ------------------------------------------------------------------------------- */

static void path_refused(const char *path, int status, const char *reason) {
    struct mt_profile *p = (struct mt_profile *)8;
    struct mt_error error = {0};
    int found = mt_pprof_read(path, &p, &error);
    assert_null(p);
    if (found != status || !strstr(error.message, reason) || !strstr(error.message, path) ||
        !error.hint[0])
        fail_msg("expected %d with \"%s\", found %d: %s; %s", status, reason, found, error.message,
                 error.hint);
}

static void content_refused(const char *directory, const void *data, size_t n, const char *reason) {
    char path[256];
    snprintf(path, sizeof path, "%s/file", directory);
    directory_write(path, data, n);
    path_refused(path, -MEMTRACK_EFORMAT, reason);
}

static void what_is_not_a_profile(void **state) {
    (void)state;
    char directory[DIRECTORY_BYTES], path[256];
    directory_make(directory);
    path_refused(directory, -MEMTRACK_EFORMAT, "a directory");
    path_refused("/dev/null", -MEMTRACK_EFORMAT, "not a regular file");
    snprintf(path, sizeof path, "%s/none", directory);
    path_refused(path, -MEMTRACK_EIO, strerror(ENOENT));
    snprintf(path, sizeof path, "%s/fifo", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    path_refused(path, -MEMTRACK_EFORMAT, "not a regular file"); /* without waiting for a writer */
    unlink(path);
    content_refused(directory, "", 0, "empty");
    content_refused(directory, "MTLEDGR1\1\0\0\0", 12, "ledger");
    content_refused(directory, "\177ELF\2\1\1", 7, "ELF");
    content_refused(directory, "\x28\xb5\x2f\xfd....", 8,
                    "zstd"); /* which is no zstd: its frame is corrupt */
    content_refused(directory,
                    "\xfd"
                    "7zXZ",
                    6, "xz");
    content_refused(directory, "{\"schema\":", 10, "JSON");
    content_refused(directory, "#!/bin/sh\n", 10, "script");
    content_refused(directory, "heap profile: one\n", 18, "line 1");
    content_refused(directory, "plain text of someone\n", 22, "it is text, ");
    content_refused(directory, "\x1f\x8b", 2, "");
    assert_int_equal(directory_remove(directory), 0);
}

/* ---- memory that runs out -------------------------------------------------------------------- */

/* With less and less address space, reading and writing succeed or fail cleanly. */
static void out_of_memory(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#else
    struct mt_profile *p = build_full(5, 60000);
    struct buffer file = written(p);
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    int failures = 0, successes = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    assert_non_null(statm);
    unsigned long pages;
    assert_int_equal(fscanf(statm, "%lu", &pages), 1);
    fclose(statm);
    for (size_t extra = 0; extra < 48 << 20; extra += 512 << 10) {
        struct mt_profile *q = NULL;
        struct mt_error error;
        limit = old;
        limit.rlim_cur = pages * 4096 + extra;
        assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
        int status = mt_pprof_read_memory(file.data, file.n, &q, &error);
        assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
        if (status < 0) {
            assert_null(q);
            failures++;
        } else {
            same_model(p, q);
            successes++;
        }
        mt_profile_free(q);
    }
    assert_true(failures > 0 && successes > 0);
    free(file.data);
    mt_profile_free(p);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(references_to_nothing),
        cmocka_unit_test(samples_that_do_not_fit),
        cmocka_unit_test(extensions_that_lie),
        cmocka_unit_test(fields_that_cannot_be),
        cmocka_unit_test(huge_lengths),
        cmocka_unit_test(a_gzip_bomb),
        cmocka_unit_test(several_gzip_members),
        cmocka_unit_test(what_is_not_a_profile),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
