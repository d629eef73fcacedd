/* SPDX-License-Identifier: MIT */
/* Lists of generated code that are damaged in every place end, and read nothing beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "view/jit/dump.h"
#include "view/jit/name.h"
#include "view/jit/perf_map.h"

enum { CODE = 0x1000, BYTES = 64 };

struct buffer {
    unsigned char data[4096];
    size_t n;
};

static void put(struct buffer *b, const void *bytes, size_t n) {
    memcpy(b->data + b->n, bytes, n);
    b->n += n;
}

static void put32(struct buffer *b, uint32_t value) {
    put(b, &value, sizeof value);
}

static void put64(struct buffer *b, uint64_t value) {
    put(b, &value, sizeof value);
}

static void put_text(struct buffer *b, const char *text) {
    put(b, text, strlen(text) + 1);
}

static void put_record(struct buffer *b, uint32_t id, const struct buffer *content) {
    put32(b, id);
    put32(b, (uint32_t)(16 + content->n));
    put64(b, 1);
    put(b, content->data, content->n);
}

static void put_load(struct buffer *b, uint64_t address, uint64_t index, const char *name) {
    struct buffer load = {.n = 0};
    put64(&load, 1); /* pid, tid */
    put64(&load, address);
    put64(&load, address);
    put64(&load, BYTES);
    put64(&load, index);
    put_text(&load, name);
    load.n += BYTES;
    put_record(b, 0, &load);
}

static void put_move(struct buffer *b, uint64_t to, uint64_t index) {
    struct buffer move = {.n = 0};
    put64(&move, 1);
    put64(&move, to);
    put64(&move, 0);
    put64(&move, to);
    put64(&move, BYTES);
    put64(&move, index);
    put_record(b, 1, &move);
}

static void put_lines(struct buffer *b, uint64_t address, uint64_t shift) {
    struct buffer lines = {.n = 0};
    static const char same[] = {(char)0xff, 0};
    put64(&lines, address);
    put64(&lines, 3);
    for (uint32_t i = 0; i < 3; i++) {
        put64(&lines, address + shift + UINT64_C(16) * i);
        put32(&lines, 10 + i);
        put32(&lines, 0);
        if (i == 0)
            put_text(&lines, "/x/a.js");
        else
            put(&lines, same, sizeof same);
    }
    put_record(b, 2, &lines);
}

static void put_head(struct buffer *b) {
    put32(b, 0x4A695444);
    put32(b, 1);
    put32(b, 40);
    put32(b, 62);
    put64(b, 0);
    put64(b, 1);
    put64(b, 0);
}

static struct buffer a_dump(void) {
    struct buffer b = {.n = 0};
    put_head(&b);
    put_lines(&b, CODE, 0);
    put_load(&b, CODE, 1, "alpha");
    put_lines(&b, 2 * CODE, 64);
    put_load(&b, 2 * CODE, 2, "JS:~beta");
    put_load(&b, 3 * CODE, 3, "gamma");
    put_move(&b, 4 * CODE, 3);
    put_move(&b, 5 * CODE, 1);
    put_load(&b, 3 * CODE, 4, "delta");
    return b;
}

static struct mt_owners owners_of(const uint64_t *addresses, size_t n) {
    struct mt_owners owners = {.items = calloc(n, sizeof *owners.items), .n = n};
    for (size_t i = 0; i < n; i++)
        owners.items[i].address = addresses[i];
    mt_owners_sort(&owners);
    return owners;
}

static const uint64_t addresses[] = {CODE,         CODE + 20,     2 * CODE + 33, 3 * CODE,
                                     4 * CODE + 1, 5 * CODE + 40, 6 * CODE};
enum { N = sizeof addresses / sizeof *addresses };

static int file_of(const void *data, size_t n) {
    int fd = memfd_create("jit", MFD_CLOEXEC);
    assert_int_equal(write(fd, data, n), n);
    return fd;
}

static void a_dump_is_understood(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int line;
        bool several;
    } expected[N] = {{"alpha", 10, false}, {"alpha", 11, false}, {"JS:~beta", 12, false},
                     {"delta", 0, true},   {"gamma", 0, false},  {"alpha", 12, false},
                     {NULL, 0, false}};
    struct buffer b = a_dump();
    struct mt_owners owners = owners_of(addresses, N);
    int fd = file_of(b.data, b.n);
    assert_true(mt_jit_dump_read(fd, &owners));
    for (size_t i = 0; i < N; i++) {
        const struct mt_owner *owner = &owners.items[i];
        assert_int_equal(owner->name == NULL, expected[i].name == NULL);
        if (owner->name)
            assert_string_equal(owner->name, expected[i].name);
        assert_int_equal(owner->line, expected[i].line);
        assert_int_equal(owner->is_one_of_several, expected[i].several);
        if (owner->line)
            assert_string_equal(owner->file, "/x/a.js");
    }
    mt_owners_free(&owners);
    close(fd);
}

static void try_dump(const unsigned char *data, size_t n) {
    struct mt_owners owners = owners_of(addresses, N);
    int fd = file_of(data, n);
    mt_jit_dump_read(fd, &owners);
    for (size_t i = 0; i < N; i++) {
        struct mt_jit_name name;
        if (owners.items[i].name)
            mt_jit_name_decode(owners.items[i].name, &name);
    }
    assert_false(owners.no_memory);
    mt_owners_free(&owners);
    close(fd);
}

static void damaged_dumps_end(void **state) {
    (void)state;
    static const unsigned char values[] = {0x00, 0xff, 0x7f, 0x80, 0x10, 0x01};
    struct buffer b = a_dump();
    for (size_t cut = 0; cut < b.n; cut++)
        try_dump(b.data, cut);
    for (size_t at = 0; at < b.n; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            unsigned char was = b.data[at];
            b.data[at] = values[v];
            try_dump(b.data, b.n);
            b.data[at] = was;
        }
}

/* Each line offers itself to each address: the work is bounded, and it is said. */
static void a_map_that_never_stops_offering(void **state) {
    (void)state;
    enum { LINES = 40000, ASKED = 1000 };
    uint64_t *asked = calloc(ASKED, sizeof *asked);
    char *text = malloc(LINES * 32), *at = text;
    for (size_t i = 0; i < ASKED; i++)
        asked[i] = i + 1;
    for (size_t i = 0; i < LINES; i++)
        at += sprintf(at, "0 ffffffff n%zu\n", i % 2);
    struct mt_owners owners = owners_of(asked, ASKED);
    int fd = file_of(text, (size_t)(at - text));
    mt_perf_map_read(fd, &owners);
    assert_true(owners.is_cut);
    mt_owners_free(&owners);
    close(fd);
    free(text);
    free(asked);
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *text, *function, *file;
        int line;
    } cases[] = {
        {"JS:~parse /x/app.js:12:3", "parse", "/x/app.js", 12},
        {"JS:*get size /x/my app.js:2:1", "get size", "/x/my app.js", 2},
        {"JS:^Module._load node:internal/modules/cjs/loader:1003:24", "Module._load",
         "node:internal/modules/cjs/loader", 1003},
        {"JS:~ node:internal/modules/cjs/loader:404:66", "(anonymous)",
         "node:internal/modules/cjs/loader", 404},
        {"JS:~ /x/app.js:1:1", "(top level)", "/x/app.js", 1},
        {"Script:~ file:///x/a%20b.mjs:1:1", "(top level)", "/x/a b.mjs", 1},
        {"LazyCompile:+f https://x.org/a.js:3:4", "f", "https://x.org/a.js", 3},
        {"JS:~f", "f", "", 0},
        {"JS:", "(anonymous)", "", 0},
        {"JS:~", "(anonymous)", "", 0},
        {"JS:~f :1:2", "f", "", 1},
        {"Function:~a.b /c.js:7", "a.b", "/c.js", 7},
        {"Builtin:ArrayMap", "Builtin:ArrayMap", "", 0},
        {"py::A.<locals>.f:/x/a:b.py", "A.<locals>.f", "/x/a:b.py", 0},
        {"py::f", "f", "", 0},
        {"py::_find:<frozen importlib._bootstrap>", "_find", "<frozen importlib._bootstrap>", 0},
        {"Lcom/foo/Bar;::baz", "com.foo.Bar.baz", "", 0},
        {"Lcom/foo/Bar$1;<init>(Ljava/lang/String;)V", "com.foo.Bar$1.<init>", "", 0},
        {"L;", "L;", "", 0},
        {"Left/over", "Left/over", "", 0},
        {"void com.foo.Bar.baz(int, java.lang.Object)", "com.foo.Bar.baz(int, java.lang.Object)",
         "", 0},
        {"byte[] a.B.c()", "a.B.c()", "", 0},
        {"int main(int)", "int main(int)", "", 0},
        {"instance void [app] Demo.Store::Load(int32)[OptimizedTier1]", "Demo.Store::Load(int32)",
         "", 0},
        {"class [a]B [app] C`1[System.Int32]::D()", "C`1[System.Int32]::D()", "", 0},
        {"", "", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_jit_name name;
        mt_jit_name_decode(cases[i].text, &name);
        if (strcmp(name.function, cases[i].function) != 0 ||
            strcmp(name.file, cases[i].file) != 0 || name.line != cases[i].line)
            fail_msg("%s: %s, %s:%d", cases[i].text, name.function, name.file, name.line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_is_understood),
        cmocka_unit_test(damaged_dumps_end),
        cmocka_unit_test(a_map_that_never_stops_offering),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
