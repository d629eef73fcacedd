/* SPDX-License-Identifier: MIT */
/* Files of other tools are called what they are, packed or not; a sound file is never called
 * damaged. */
#include "pprof-fixture.h"

#include <zstd.h>

struct file {
    const char *data;
    size_t bytes;
    const char *what; /* in the message */
};

#define FILE_OF(text, what)                                                                        \
    { text, sizeof(text) - 1, what }

static const struct file files[] = {
    FILE_OF("", "it is empty"),
    FILE_OF("v 10400 3\nX ./app\nI 1000 5e298f\n", "heaptrack"),
    FILE_OF("v 10200\nX ./app\n", "heaptrack"),
    FILE_OF("# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\n", "callgrind"),
    FILE_OF("desc: I1 cache: 32768 B\ncmd: ls\nevents: Ir I1mr\n", "cachegrind"),
    FILE_OF("memray\0\0\13\0\0\0\0", "memray"),
    FILE_OF("PERFILE2\150\0\0\0\0\0\0\0", "perf"),
    FILE_OF("JAVA PROFILE 1.0.2\0\0\0\0\10", "Java"),
    FILE_OF("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\76\0", "core dump"),
    FILE_OF("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0", "ELF program or library"),
    FILE_OF("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\76\0", "object file"),
    FILE_OF("\177ELF\2\1\1", "ELF program"),
    FILE_OF("MTLEDGR1\1\0\0\0", "memtrack ledger"),
    FILE_OF("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20\47\0\0\0\0\0\0",
            "CPU profile of gperftools"),
    FILE_OF("goroutine profile: total 5\n1 @ 0x1 0x2\n", "not of the heap"),
    FILE_OF("--- mutex:\ncycles/second=2000000000\n", "not of the heap"),
    FILE_OF("go 1.19 trace\0\0\0\1\2", "execution trace of Go"),
    FILE_OF("go1.7 heap dump\n\6\0", "heap dump of Go"),
    FILE_OF("==1234== Memcheck, a memory error detector\n==1234== Copyright\n", "valgrind"),
    FILE_OF("hello\n==1234== HEAP SUMMARY:\n", "valgrind"),
    FILE_OF("<?xml version=\"1.0\"?>\n\n<valgrindoutput>\n", "valgrind"),
    FILE_OF("=====\n==77==ERROR: LeakSanitizer: detected memory leaks\n", "sanitizer"),
    FILE_OF("___ Begin jemalloc statistics ___\nVersion: \"5.3.0\"\n", "jemalloc's statistics"),
    FILE_OF(
        "------------------------------------------------\nMALLOC:   1  (  0.0 MiB) Bytes in use\n",
        "tcmalloc's"),
    FILE_OF("<malloc version=\"1\">\n<heap nr=\"0\">\n", "malloc_info"),
    FILE_OF("= Start\n@ ./a.out:[0x401] + 0x1 0x10\n", "mtrace"),
    FILE_OF("CMDLINE python x.py\nMEM 1.2 1690000000.1\n", "memory_profiler"),
    FILE_OF("{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\"]}}}", "V8"),
    FILE_OF("{\"head\":{\"callFrame\":{\"functionName\":\"\"},\"selfSize\":0}}", "V8"),
    FILE_OF("{\"traceEvents\":[]}", "Perfetto"),
    FILE_OF("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"}", "speedscope"),
    FILE_OF("{\"schema\":\"memtrack-report/1\",\n \"process\":{}}", "memtrack wrote"),
    FILE_OF("{\"error\":\"not found\"}", "JSON"),
    FILE_OF("  [1, 2]", "JSON"),
    FILE_OF("<!DOCTYPE html>\n<html><title>502 Bad Gateway</title>", "HTML page"),
    FILE_OF("\xEF\xBB\xBF\r\n <HTML>", "HTML page"),
    FILE_OF("<svg xmlns=\"http://www.w3.org/2000/svg\">", "SVG"),
    FILE_OF("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>", "XML"),
    FILE_OF("From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n",
            "a page that a browser saved as one file (MHTML)"),
    FILE_OF("404 page not found\n", "it is text, \"404 page not found\""),
    FILE_OF("profil\xc3\xa9 introuvable\n", "it is text,"),
    FILE_OF("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "Git LFS"),
    FILE_OF("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "zeros"),
    FILE_OF("#!/bin/sh\necho\n", "script"),
    FILE_OF("!<arch>\n/               0", "static library"),
    FILE_OF("SQLite format 3\0\20\0", "SQLite"),
    FILE_OF("\x80\x04\x95\x10\0\0\0\0\0\0\0", "pickle"),
    FILE_OF("BZh91AY&SY", "bzip2"),
    FILE_OF("PK\3\4\24\0", "zip"),
};

static void refused(const void *data, size_t bytes, const char *what) {
    struct mt_profile *p;
    struct mt_error error = {0};
    assert_int_equal(mt_pprof_read_named("FILE.X", data, bytes, &p, &error), -MEMTRACK_EFORMAT);
    assert_null(p);
    if (!strstr(error.message, what) || !strstr(error.message, "FILE.X") || !*error.hint ||
        strstr(error.message, "damaged"))
        fail_msg("expected \"%s\", found: %s; %s", what, error.message, error.hint);
}

static void each_is_called_what_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        refused(files[i].data, files[i].bytes, files[i].what);
}

static void packed_ones_as_well(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint8_t packed[1024];
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)files[i].data,
                           .avail_in = (uInt)files[i].bytes,
                           .next_out = packed,
                           .avail_out = sizeof packed};
        assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                         Z_OK);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        deflateEnd(&stream);
        refused(packed, stream.total_out, files[i].what);
        size_t bytes = ZSTD_compress(packed, sizeof packed, files[i].data, files[i].bytes, 3);
        assert_false(ZSTD_isError(bytes));
        refused(packed, bytes, files[i].what);
    }
}

/* A tar archive has its magic number in the middle, and long text is quoted in part. */
static void far_into_the_file(void **state) {
    (void)state;
    char tar[512] = "dir/file", text[8192];
    memcpy(tar + 257, "ustar", 5);
    refused(tar, sizeof tar, "tar archive");
    memset(text, 'x', sizeof text);
    refused(text, sizeof text, "xxxx\" and more");
}

/* Of what nobody knows it is not said that it is damaged, as long as nothing of a profile was seen
 * in it. */
static void unknown_bytes_are_not_called_damaged(void **state) {
    (void)state;
    static const unsigned char bytes[] = {0x07, 0xfe, 0x01, 0x02, 0x9f, 0x00, 0x80};
    refused(bytes, sizeof bytes, "is not a memtrack or pprof profile");
}

/* What is packed with zstd is read like what is packed with gzip. */
static void a_profile_packed_with_zstd(void **state) {
    (void)state;
    struct mt_profile *p = build_full(3, 100), *q;
    struct buffer plain = written(p);
    struct mt_inflated {
        uint8_t data[1 << 20];
    } *room = malloc(sizeof *room);
    assert_non_null(room);
    z_stream stream = {.next_in = plain.data,
                       .avail_in = (uInt)plain.n,
                       .next_out = room->data,
                       .avail_out = sizeof room->data};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t bound = ZSTD_compressBound(stream.total_out);
    uint8_t *packed = malloc(bound);
    assert_non_null(packed);
    size_t bytes = ZSTD_compress(packed, bound, room->data, stream.total_out, 3);
    inflateEnd(&stream);
    struct mt_error error;
    assert_int_equal(mt_pprof_read_memory(packed, bytes, &q, &error), 0);
    same_model(p, q);
    mt_profile_free(q);
    for (size_t cut = 1; cut < bytes; cut += bytes / 50 + 1)
        assert_int_equal(mt_pprof_read_memory(packed, bytes - cut, &q, &error), -MEMTRACK_EFORMAT);
    mt_profile_free(p);
    free(packed);
    free(room);
    free(plain.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_called_what_it_is),
        cmocka_unit_test(packed_ones_as_well),
        cmocka_unit_test(far_into_the_file),
        cmocka_unit_test(unknown_bytes_are_not_called_damaged),
        cmocka_unit_test(a_profile_packed_with_zstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
