/* SPDX-License-Identifier: MIT */
/* Folded stacks, DHAT's and massif's files become profiles: each frame, figure and moment. */
#include "pprof-fixture.h"

static struct mt_profile *read_text(const char *text) {
    struct mt_profile *p;
    struct mt_error error;
    if (mt_pprof_read_memory(text, strlen(text), &p, &error) != 0)
        fail_msg("%s", error.message);
    return p;
}

static void refused(const char *text, int status, const char *message) {
    struct mt_profile *p;
    struct mt_error error;
    assert_int_equal(mt_pprof_read_memory(text, strlen(text), &p, &error), status);
    assert_null(p);
    if (!strstr(error.message, message) || !*error.hint)
        fail_msg("expected \"%s\", found: %s; %s", message, error.message, error.hint);
}

/* Whatever is cut off, nothing worse than a message comes of it. */
static void every_beginning_is_survived(const char *text) {
    for (size_t n = 1; n < strlen(text); n++) {
        struct mt_profile *p;
        struct mt_error error = {0};
        char *copy = malloc(n); /* so that a sanitizer sees every byte beyond */
        memcpy(copy, text, n);
        if (mt_pprof_read_memory(copy, n, &p, &error) == 0)
            mt_profile_free(p);
        else
            assert_true(*error.message != '\0');
        free(copy);
    }
}

static bool has_note(const struct mt_profile *p, const char *part) {
    for (size_t i = 0; i < p->info.n_notes; i++)
        if (strstr(mt_profile_text(p, p->info.notes[i]), part))
            return true;
    return false;
}

/* "function|file:line|module|address" of a frame of a sample */
static const char *frame(const struct mt_profile *p, size_t sample, uint32_t n) {
    static char text[256];
    assert_true(sample < p->n_samples && n < p->samples[sample].n_frames);
    const struct mt_location *l = &p->locations[p->frames[p->samples[sample].first_frame + n]];
    const struct mt_line *line = &p->lines[l->first_line];
    const struct mt_function *f = &p->functions[line->function];
    snprintf(text, sizeof text, "%s|%s:%lld|%s|0x%llx", mt_profile_text(p, f->name),
             mt_profile_text(p, f->file), (long long)line->line,
             l->mapping ? mt_profile_text(p, p->mappings[l->mapping - 1].path) : "",
             (unsigned long long)l->address);
    return text;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void frames_are_taken_apart(void **state) {
    (void)state;
    static const struct {
        const char *text, *parts;
    } frames[] = {
        {"main", "main|:0||0x0"},
        {"main (a.c:5)", "main|a.c:5||0x0"},
        {"main (a.c)", "main|a.c:0||0x0"},
        {"0x1091A5: main (a.c:5)", "main|a.c:5||0x1091a5"},
        {"0x4848899: malloc (in /lib/x.so)", "malloc|:0|/lib/x.so|0x4848899"},
        {"0x487F70F: ??? (in /lib/x.so)", "|:0|/lib/x.so|0x487f70f"},
        {"0x487F70F: ???", "|:0||0x487f70f"},
        {"0x4848899", "|:0||0x4848899"},
        {"0x10a1: app::run (src/lib.rs:3:14)", "app::run|src/lib.rs:3||0x10a1"},
        {"(below main) (libc_start_call_main.h:58)", "(below main)|libc_start_call_main.h:58||0x0"},
        {"f(void (*)(char)) (a (1).cpp:7)", "f(void (*)(char))|a (1).cpp:7||0x0"},
        {"f(void (*)(char))", "f(void (*)(char))|:0||0x0"},
        {"void f<int> (int)", "void f<int> (int)|:0||0x0"},
        {"printf (...)", "printf (...)|:0||0x0"},
        {"operator() (Key&, ...)", "operator() (Key&, ...)|:0||0x0"},
        {"std::vector<int>::push_back", "std::vector<int>::push_back|:0||0x0"},
        {"/srv/app.py:run:12", "run|/srv/app.py:12||0x0"},
        {"/srv/app.py:12", "|/srv/app.py:12||0x0"},
        {"java/util/List.add", "java/util/List.add|:0||0x0"},
        {"ns::f:12", "ns::f|:12||0x0"},
        {"f:12", "f|:12||0x0"},
        {"libc.so.6`malloc", "malloc|:0|libc.so.6|0x0"},
        {"[libc.so.6]", "|:0|libc.so.6|0x0"},
        {"[unknown]", "|:0||0x0"},
        {"[kernel.kallsyms]", "[kernel.kallsyms]|:0||0x0"},
        {"do_sys_open_[k]", "do_sys_open_[k]|:0||0x0"},
        {"<module>", "<module>|:0||0x0"},
        {"()", "()|:0||0x0"},
        {"main ()", "main ()|:0||0x0"},
        {":12", ":12|:0||0x0"},
        {")", ")|:0||0x0"},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        char line[128];
        snprintf(line, sizeof line, "root;%s 7\n", frames[i].text);
        struct mt_profile *p = read_text(line);
        assert_string_equal(frame(p, 0, 0), frames[i].parts);
        mt_profile_free(p);
    }
}

/* ---- folded stacks --------------------------------------------------------------------------- */

static void folded_stacks(void **state) {
    (void)state;
    struct mt_profile *p =
        read_text("# a comment\n\nmain;parse;read node 100\r\nmain;parse 20.5\n"
                  "main;parse;read node 3\nmain;parse;; 4\nmain;zero 0\nmain -5");
    assert_int_equal(p->n_samples, 3);
    assert_string_equal(frame(p, 0, 0), "read node|:0||0x0");
    assert_string_equal(frame(p, 0, 2), "main|:0||0x0");
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], 103);
    assert_int_equal(p->samples[1].value[MT_VALUE_LIVE_BYTES], 24);
    assert_int_equal(p->samples[2].value[MT_VALUE_LIVE_BYTES], -5);
    assert_int_equal(p->info.totals.live_bytes, 122);
    assert_int_equal(p->n_locations, 3);
    assert_true(p->has_value[MT_VALUE_LIVE_BYTES] && !p->has_value[MT_VALUE_PEAK_BYTES] &&
                !p->has_value[MT_VALUE_LIVE_BLOCKS]);
    assert_true(has_note(p, "taken for bytes that are live"));
    mt_profile_free(p);
}

static void stacks_of_one_frame(void **state) {
    (void)state;
    struct mt_profile *p = read_text("[lossy] 12\n");
    assert_int_equal(p->info.totals.live_bytes, 12);
    mt_profile_free(p);
    char *text = calloc(1, 20000);
    for (size_t i = 0; i < 1000; i++)
        strcat(text, "main 12345\n");
    refused(text, -MEMTRACK_EFORMAT, "it is text");
    p = read_text(strcat(text, "main;parse 5\n"));
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->info.totals.live_bytes, 12345005);
    mt_profile_free(p);
    free(text);
}

static void a_path_longer_than_what_files_are_known_by(void **state) {
    (void)state;
    char text[32000] = "";
    size_t n = 0;
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "a_function_%d;", i);
    snprintf(text + n, sizeof text - n, "leaf 8\nmain;leaf 1\n");
    struct mt_profile *p = read_text(text);
    assert_int_equal(p->samples[0].n_frames, 1001);
    assert_string_equal(frame(p, 0, 1000), "a_function_0|:0||0x0");
    mt_profile_free(p);
}

static void what_is_not_folded_stacks(void **state) {
    (void)state;
    refused("main;f 3 4\nmain 5 6\n", -MEMTRACK_EFORMAT, "comparison");
    refused("main;f 3\nmain;g\nmain;h 3\n", -MEMTRACK_EFORMAT, "it is text");
    refused("chapter 1\nchapter 2\n", -MEMTRACK_EFORMAT, "it is text");
    refused("a, b; c\n", -MEMTRACK_EFORMAT, "it is text");
    char *late = calloc(1, 20000);
    for (size_t i = 0; i < 1000; i++)
        strcat(late, "main;f 12345\n");
    strcat(late, "main;f x\n");
    refused(late, -MEMTRACK_EFORMAT, "line 1001 is not a stack and a number");
    free(late);
}

/* ---- DHAT ------------------------------------------------------------------------------------ */

#define DHAT_HEAD(mode)                                                                            \
    "{\"dhatFileVersion\":2\n,\"mode\":\"" mode "\",\"verb\":\"Allocated\"\n,\"bklt\":true,"       \
    "\"bkacc\":true,\"tu\":\"instrs\",\"Mtu\":\"Minstr\",\"tuth\":500,"                            \
    "\"cmd\":\"./a\\\\ b "                                                                         \
    "-x\",\"pid\":42,\"te\":200,\"tg\":150,\"extra\":[1,{\"a\":null}],\"pps\":"
#define DHAT_POINTS                                                                                \
    "[{\"tb\":1000,\"tbk\":2,\"tl\":7,\"mb\":900,\"mbk\":1,\"gb\":600,\"gbk\":1,\"eb\":0,"         \
    "\"ebk\":0,\"rb\":0,\"wb\":5,\"acc\":[-4,0,2],\"fs\":[1,2,3]}\n"                               \
    ",{\"tb\":50,\"tbk\":5,\"mb\":0,\"mbk\":0,\"gb\":0,\"gbk\":0,\"eb\":50,\"ebk\":5,\"fs\":"      \
    "[1,3]}]"
#define DHAT_TABLE                                                                                 \
    ",\"ftbl\":[\"[root]\",\"0x10: malloc (in /lib/v.so)\",\"0x20: f\\u00e9 (a.c:3)\","            \
    "\"0x30: main (a.c:9)\"]}\n"

static void dhat(void **state) {
    (void)state;
    struct mt_profile *p = read_text(DHAT_HEAD("heap") DHAT_POINTS DHAT_TABLE);
    assert_string_equal(mt_profile_text(p, p->info.tool), "DHAT");
    assert_int_equal(p->n_samples, 2);
    assert_string_equal(frame(p, 0, 0), "malloc|:0|/lib/v.so|0x10");
    assert_string_equal(frame(p, 0, 1), "f\xC3\xA9|a.c:3||0x20");
    assert_string_equal(frame(p, 1, 1), "main|a.c:9||0x30");
    assert_int_equal(p->info.totals.total_bytes, 1050);
    assert_int_equal(p->info.totals.total_blocks, 7);
    assert_int_equal(p->info.totals.peak_bytes, 600);
    assert_int_equal(p->info.totals.live_bytes, 50);
    assert_int_equal(p->info.totals.live_blocks, 5);
    assert_int_equal(p->samples[0].value[MT_VALUE_MAX_BYTES], 900);
    assert_int_equal(p->samples[1].value[MT_VALUE_MAX_BYTES], 50); /* DHAT says 0 */
    assert_int_equal(p->info.n_command, 2);
    assert_string_equal(mt_profile_text(p, p->info.command[0]), "./a b");
    assert_string_equal(mt_profile_text(p, p->mappings[0].path), "./a b");
    assert_int_equal(p->info.pid, 42);
    assert_true(has_note(p, "after 75.0% of the run"));
    mt_profile_free(p);
}

static void dhat_of_rust_has_a_clock(void **state) {
    (void)state;
    struct mt_profile *p = read_text(
        "{\"dhatFileVersion\": 2,\"mode\":\"rust-heap\",\"bklt\":true,\"bkacc\":false,\"tu\":\"\xC2"
        "\xB5s\",\"te\":2000,\"tg\":1500,\"ftbl\":[\"[root]\",\"0x1: app::main "
        "(src/main.rs:5:9)\"],\"pps\":[{\"tb\":9,\"tbk\":1,\"gb\":9,\"gbk\":1,\"eb\":0,\"ebk\":0,"
        "\"fs\":[1]}]}");
    assert_string_equal(mt_profile_text(p, p->info.tool), "the dhat crate");
    assert_string_equal(frame(p, 0, 0), "app::main|src/main.rs:5||0x1");
    assert_int_equal(p->info.duration_ns, 2000000);
    assert_true(p->info.peak_time_known && p->info.peak_time_ns == 1500000);
    mt_profile_free(p);
}

static void dhat_that_is_refused(void **state) {
    (void)state;
    refused(DHAT_HEAD("copy") DHAT_POINTS DHAT_TABLE, -MEMTRACK_EFORMAT, "copied bytes");
    refused(DHAT_HEAD("ad-hoc") "[]" DHAT_TABLE, -MEMTRACK_EFORMAT, "events");
    refused("{\"dhatFileVersion\":3,\"pps\":[],\"ftbl\":[\"x\"]}", -MEMTRACK_EVERSION, "format 3");
    refused(DHAT_HEAD("heap") "[{\"fs\":[4]}]" DHAT_TABLE, -MEMTRACK_EFORMAT, "frame 4 of 4");
    refused(DHAT_HEAD("heap") "[{\"fs\":[-1]}]" DHAT_TABLE, -MEMTRACK_EFORMAT, "such frame");
    refused(DHAT_HEAD("heap") "[{\"tb\":99999999999999999999}]" DHAT_TABLE, -MEMTRACK_EFORMAT,
            "number of 64 bits");
    refused(DHAT_HEAD("heap") "[{\"tb\":1 \"tbk\":1}]" DHAT_TABLE, -MEMTRACK_EFORMAT,
            "no \",\" is there");
    refused(DHAT_HEAD("heap") "[]}", -MEMTRACK_EFORMAT, "call path");
    every_beginning_is_survived(DHAT_HEAD("heap") DHAT_POINTS DHAT_TABLE);
    char deep[4000] = "{\"dhatFileVersion\":2,\"x\":";
    memset(deep + strlen(deep), '[', 3000);
    refused(deep, -MEMTRACK_EFORMAT, "brackets in brackets");
}

/* ---- massif ---------------------------------------------------------------------------------- */

#define SNAPSHOT(n, time, heap, extra, tree)                                                       \
    "#-----------\nsnapshot=" n "\n#-----------\ntime=" time "\nmem_heap_B=" heap                  \
    "\nmem_heap_extra_B=" extra "\nmem_stacks_B=0\nheap_tree=" tree "\n"
#define MASSIF_HEAD(unit) "desc: (none)\ncmd: ./a b\ntime_unit: " unit "\n"
#define MASSIF_BODY                                                                                \
    SNAPSHOT("0", "0", "0", "0", "empty")                                                          \
    SNAPSHOT("1", "5", "70", "2", "empty")                                                         \
    SNAPSHOT("2", "10", "100", "8", "peak")                                                        \
    "n2: 100 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"                    \
    " n2: 90 0x10: f (a.c:3)\n"                                                                    \
    "  n0: 60 0x20: main (a.c:9)\n"                                                                \
    "  n0: 25 in 2 places, all below massif's threshold (1.00%)\n"                                 \
    " n0: 10 in 1 place, below massif's threshold (1.00%)\n" SNAPSHOT(                             \
        "3", "20", "40", "8",                                                                      \
        "detailed") "n1: 40 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"     \
                    " n1: 40 0x10: f (a.c:3)\n"                                                    \
                    "  n0: 40 0x20: main (a.c:9)\n" SNAPSHOT("4", "30", "15", "8", "empty")

static int64_t sum_at_tick(const struct mt_profile *p, uint32_t tick) {
    int64_t latest[16] = {0}, sum = 0;
    assert_true(p->n_samples <= 16);
    for (size_t i = 0; i < p->info.n_changes; i++)
        if (p->info.changes[i].tick <= tick)
            latest[p->info.changes[i].sample] = p->info.changes[i].live_bytes;
    for (size_t i = 0; i < p->n_samples; i++)
        sum += latest[i];
    return sum;
}

static void massif(void **state) {
    (void)state;
    static const uint64_t times_ms[] = {0, 5, 10, 20, 30};
    static const int64_t heaps[] = {0, 70, 100, 40, 15};
    struct mt_profile *p = read_text(MASSIF_HEAD("ms") MASSIF_BODY);
    assert_string_equal(mt_profile_text(p, p->info.tool), "massif");
    assert_int_equal(p->info.totals.peak_bytes, 100);
    assert_int_equal(p->info.totals.live_bytes, 15);
    assert_int_equal(p->info.n_ticks, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(p->info.ticks[i].time_ns, times_ms[i] * 1000000);
        assert_int_equal(p->info.ticks[i].live_bytes, heaps[i]);
        if (i < 4) /* the last has no tree, and keeps the composition before */
            assert_int_equal(sum_at_tick(p, (uint32_t)i), heaps[i]);
    }
    assert_true(p->info.peak_time_known && p->info.peak_time_ns == 10000000);
    assert_false(p->has_value[MT_VALUE_PEAK_BLOCKS] || p->has_value[MT_VALUE_TOTAL_BYTES]);
    assert_true(has_note(p, "counted 8 for headers"));
    assert_false(has_note(p, "instructions"));
    mt_profile_free(p);
}

static void paths_of_massif(void **state) {
    (void)state;
    static const struct {
        const char *innermost;
        uint32_t n_frames;
        bool is_cut;
        int64_t peak, live;
    } paths[] = {
        {"[no call paths]|:0||0x0", 1, false, 0, 15},
        {"f|a.c:3||0x10", 2, false, 60, 0},
        {"f|a.c:3||0x10", 1, true, 25, 0},
        {"f|a.c:3||0x10", 1, false, 5, 0},
        {"[below massif's threshold]|:0||0x0", 1, false, 10, 0},
    };
    struct mt_profile *p = read_text(MASSIF_HEAD("ms") MASSIF_BODY);
    assert_int_equal(p->n_samples, 5);
    for (size_t i = 0; i < 5; i++) {
        size_t found = 0;
        for (size_t s = 0; s < p->n_samples; s++)
            found += p->samples[s].n_frames == paths[i].n_frames &&
                     p->samples[s].truncated == paths[i].is_cut &&
                     p->samples[s].value[MT_VALUE_PEAK_BYTES] == paths[i].peak &&
                     p->samples[s].value[MT_VALUE_LIVE_BYTES] == paths[i].live &&
                     strcmp(frame(p, s, 0), paths[i].innermost) == 0;
        if (found != 1)
            fail_msg("path %zu, %s: found %zu times", i, paths[i].innermost, found);
    }
    mt_profile_free(p);
}

static void massif_says_what_its_time_is(void **state) {
    (void)state;
    struct mt_profile *p = read_text(MASSIF_HEAD("i") MASSIF_BODY);
    assert_true(has_note(p, "counted in instructions"));
    assert_int_equal(p->info.ticks[4].time_ns, 30);
    assert_false(p->info.peak_time_known);
    mt_profile_free(p);
    p = read_text(MASSIF_HEAD("B") MASSIF_BODY);
    assert_true(has_note(p, "bytes that were allocated or freed"));
    mt_profile_free(p);
}

/* Written as pprof it is still massif's, with its moments and what was said about it. */
static void massif_as_pprof(void **state) {
    (void)state;
    struct mt_profile *p = read_text(MASSIF_HEAD("i") MASSIF_BODY), *q;
    struct mt_error error;
    struct buffer file = written(p);
    assert_int_equal(mt_pprof_read_memory(file.data, file.n, &q, &error), 0);
    assert_false(q->info.is_memtrack);
    assert_string_equal(mt_profile_text(q, q->info.tool), "massif");
    assert_int_equal(q->info.n_ticks, p->info.n_ticks);
    assert_int_equal(q->info.n_changes, p->info.n_changes);
    assert_int_equal(q->info.n_notes, p->info.n_notes);
    assert_int_equal(q->info.n_command, 2);
    assert_int_equal(q->info.totals.peak_bytes, 100);
    assert_int_equal(q->info.totals.live_bytes, 15);
    mt_profile_free(p);
    mt_profile_free(q);
    free(file.data);
}

static void massif_without_a_tree(void **state) {
    (void)state;
    struct mt_profile *p = read_text(MASSIF_HEAD("ms") SNAPSHOT("0", "0", "0", "0", "empty")
                                         SNAPSHOT("1", "5", "70", "2", "empty"));
    assert_false(p->has_value[MT_VALUE_PEAK_BYTES]);
    assert_int_equal(p->info.totals.live_bytes, 70);
    assert_true(has_note(p, "No snapshot has call paths"));
    mt_profile_free(p);
}

static void massif_of_pages(void **state) {
    (void)state;
    struct mt_profile *p = read_text(MASSIF_HEAD("ms") SNAPSHOT(
        "0", "0", "9", "0",
        "detailed") "n1: 9 (page allocation syscalls) mmap/mremap/brk, --alloc-fns, etc.\n"
                    " n0: 9 0x1: mmap (mmap.c:1)\n" SNAPSHOT("1", "1", "12", "0", "empty"));
    assert_true(has_note(p, "pages of memory"));
    assert_true(has_note(p, "9 bytes of 12"));
    assert_int_equal(p->info.totals.peak_bytes, 9);
    mt_profile_free(p);
}

static void massif_that_is_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",
        "#-\nsnapshot=0\ntime=x\n",
        "#-\nsnapshot=0\nmem_heap_B=-1\n",
        "#-\nsnapshot=0\nmem_heap_B=99999999999999999999\n",
        "#-\nsnapshot=0\nheap_tree=odd\n",
        "#-\nsnapshot=0\nheap_tree=detailed\nn1 9\n",
        "#-\nsnapshot=0\nheap_tree=detailed\nn1: 9 (heap)\n   n0: 9 0x1: f\n",
        "#-\nsnapshot=0\nheap_tree=detailed\n  n0: 9 0x1: f\n",
        "#-\nsnapshot=0\nheap_tree=detailed\nn1: 9 (heap)\n    n0: 9 in 2 places, all\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", MASSIF_HEAD("ms"), bodies[i]);
        refused(text, -MEMTRACK_EFORMAT, "is damaged: line");
    }
    every_beginning_is_survived(MASSIF_HEAD("ms") MASSIF_BODY);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Half a megabyte of gzip must not become gigabytes of samples, whatever the format. */
static void what_would_cost_too_much(void **state) {
    (void)state;
    enum { LINES = 1600000 };
    for (size_t k = 0; k < 2; k++) {
        char *text = malloc((size_t)LINES * 32), *end = text;
        uLongf bytes = 64 << 20;
        uint8_t *packed = malloc(bytes);
        assert_true(text && packed);
        end = stpcpy(end, k ? "heap profile: 1: 1 [1: 1] @ heapprofile\n" : "");
        for (int i = 0; i < LINES; i++) /* what packs well, and is a new sample each time */
            end += k ? sprintf(end, "1: 1 [1: 1] @ 0x2\n") : sprintf(end, "a;%d 1\n", i);
        z_stream stream = {.next_in = (Bytef *)text,
                           .avail_in = (uInt)(end - text),
                           .next_out = packed,
                           .avail_out = (uInt)bytes};
        assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        struct mt_profile *p;
        struct mt_error error;
        int status = mt_pprof_read_memory(packed, stream.total_out, &p, &error);
        assert_int_equal(status, -MEMTRACK_ELIMIT);
        assert_non_null(strstr(error.message, "MiB of memory"));
        deflateEnd(&stream);
        free(text);
        free(packed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_taken_apart),
        cmocka_unit_test(folded_stacks),
        cmocka_unit_test(stacks_of_one_frame),
        cmocka_unit_test(a_path_longer_than_what_files_are_known_by),
        cmocka_unit_test(what_is_not_folded_stacks),
        cmocka_unit_test(dhat),
        cmocka_unit_test(dhat_of_rust_has_a_clock),
        cmocka_unit_test(dhat_that_is_refused),
        cmocka_unit_test(massif),
        cmocka_unit_test(paths_of_massif),
        cmocka_unit_test(massif_says_what_its_time_is),
        cmocka_unit_test(massif_as_pprof),
        cmocka_unit_test(massif_without_a_tree),
        cmocka_unit_test(massif_of_pages),
        cmocka_unit_test(massif_that_is_refused),
        cmocka_unit_test(what_would_cost_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
