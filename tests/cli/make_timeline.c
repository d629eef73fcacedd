/* SPDX-License-Identifier: MIT */
/*
 * Writes a profile with a time axis that the test knows: make_timeline KIND FILE.
 *
 *   one       11 ticks, one a second: up to 50 MiB and down; RSS, PSS and swap rise; a peak between
 *             two ticks; a mark
 *   bare      the same without RSS, PSS and swap
 *   parent    10 s with 10 MiB; process 200
 *   child     30 MiB from 2.5 s to 6.5 s of it; process 201
 *   snapshot  the child, 2 s after its start
 *   stranger  the pid of the parent's parent, an hour before
 *   layers    three lines that change
 *   measured  as one, with scopes, counters and a mark of its own; process 500
 *   worker    its child, half a second later, with the same names
 *   named     scopes, counters and marks with names that are no identifiers; process 502
 *   hostile   times that go back, values out of all ranges, names that a terminal or XML would obey
 *   untimed   no time axis
 */
#include "make.h"

#define SECOND UINT64_C(1000000000)
#define START  (1700000000 * SECOND)
#define MIB    ((int64_t)1 << 20)

static struct mt_profile *p;

static void process(const char *exe, uint32_t pid, uint32_t ppid, uint64_t start_ns,
                    uint64_t duration_ns) {
    struct mt_profile_info *info = &p->info;
    info->is_memtrack = true;
    info->pid = pid;
    info->ppid = ppid;
    info->exe = mt_profile_intern(p, exe);
    info->start_time_ns = start_ns;
    info->duration_ns = duration_ns;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        p->has_value[v] = true;
}

static struct mt_tick *ticks(size_t n) {
    p->info.ticks = calloc(n, sizeof *p->info.ticks);
    p->info.n_ticks = n;
    return p->info.ticks;
}

static void peak(int64_t bytes, uint64_t time_ns, uint64_t error_ns) {
    p->info.totals.peak_bytes = (uint64_t)bytes;
    p->info.peak_time_known = true;
    p->info.peak_time_ns = time_ns;
    p->info.peak_time_error_ns = error_ns;
}

static void bare(void) {
    process("/srv/demo/server", 100, 1, START - 7200 * SECOND, 10 * SECOND);
    struct mt_tick *list = ticks(11);
    for (uint64_t i = 0; i < 11; i++)
        list[i] = (struct mt_tick){.time_ns = i * SECOND,
                                   .live_bytes = (int64_t)(i < 6 ? i : 11 - i) * 10 * MIB,
                                   .total_blocks = i * 100};
    peak(64 * MIB, 5500000000, 500000000);
}

static void one(void) {
    bare();
    for (uint64_t i = 0; i < 11; i++) {
        p->info.ticks[i].rss_bytes = (i + 1) * 12 * (uint64_t)MIB;
        p->info.ticks[i].pss_bytes = (i + 1) * 11 * (uint64_t)MIB;
        p->info.ticks[i].swap_bytes = (uint64_t)MIB;
    }
    mt_profile_add_mark(p, 6 * SECOND, "live>60M", MT_MARK_TRIGGER);
}

/* Constant, from its start to its end. */
static void constant(int64_t bytes, uint64_t duration_ns) {
    size_t n = (size_t)(duration_ns / SECOND) + 1;
    struct mt_tick *list = ticks(n);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct mt_tick){.time_ns = i * SECOND, .live_bytes = bytes};
    peak(bytes, 0, 0);
}

static void parent(void) {
    process("/usr/bin/parent", 200, 9, START, 10 * SECOND);
    constant(10 * MIB, 10 * SECOND);
}

static void child(void) {
    process("/usr/bin/child", 201, 200, START + 2500000000, 4 * SECOND);
    constant(30 * MIB, 4 * SECOND);
}

static void snapshot(void) {
    process("/usr/bin/child", 201, 200, START + 2500000000, 2 * SECOND);
    constant(30 * MIB, 2 * SECOND);
}

static void stranger(void) {
    process("/usr/bin/stranger", 9, 1, START - 3600 * SECOND, 10 * SECOND);
    constant(MIB, 10 * SECOND);
}

static void sample(const char *function, const char *file, int64_t line, int64_t live) {
    struct mt_function f = {.name = mt_profile_intern(p, function),
                            .file = mt_profile_intern(p, file)};
    struct mt_line at = {.function = (uint32_t)mt_profile_add_function(p, &f), .line = line};
    struct mt_location location = {.address = 0x1000 + p->n_locations * 16, .n_lines = 1};
    location.first_line = (uint32_t)mt_profile_add_lines(p, &at, 1);
    uint32_t path = (uint32_t)mt_profile_add_location(p, &location);
    struct mt_sample s = {0};
    s.value[MT_VALUE_LIVE_BYTES] = s.value[MT_VALUE_PEAK_BYTES] = s.value[MT_VALUE_TOTAL_BYTES] =
        live;
    s.value[MT_VALUE_LIVE_BLOCKS] = s.value[MT_VALUE_PEAK_BLOCKS] = s.value[MT_VALUE_TOTAL_BLOCKS] =
        1;
    s.domain = mt_profile_intern(p, "malloc");
    mt_profile_add_sample(p, &s, &path, 1);
}

static void changes(const struct mt_tick_change *list, size_t n) {
    p->info.changes = memcpy(malloc(n * sizeof *list), list, n * sizeof *list);
    p->info.n_changes = n;
}

static void scope(const char *name, uint64_t time_ns, uint64_t duration_ns) {
    struct mt_scope_event e = {
        .serial = p->info.scopes.n_events + 1, .time_ns = time_ns, .duration_ns = duration_ns};
    e.name = mt_profile_intern(p, name);
    e.tid = p->info.pid;
    e.net_bytes = 4096;
    e.peak_bytes = 65536;
    mt_profile_scopes_add_event(&p->info.scopes, &e);
}

static void counter(const char *name, uint64_t time_ns, int64_t value) {
    const struct mt_counter c = {
        .time_ns = time_ns, .value = value, .name = mt_profile_intern(p, name), .tid = p->info.pid};
    mt_profile_scopes_add_counter(&p->info.scopes, &c);
}

static void measured(void) {
    one();
    p->info.pid = 500;
    p->info.start_time_ns = START;
    scope("load", 1 * SECOND, 3 * SECOND);
    for (uint64_t i = 0; i < 5; i++)
        scope("request", (5 + i) * SECOND, SECOND / 2);
    counter("cache", 2 * SECOND, 100);
    counter("cache", 5 * SECOND, 4000);
    counter("queue <&>", 3 * SECOND, 7);
    mt_profile_add_mark(p, 5 * SECOND, "loaded", MT_MARK_PROGRAM);
}

/* Of the same run, half a second later. */
static void measured_child(void) {
    process("/srv/demo/worker", 501, 500, START + SECOND / 2, 8 * SECOND);
    constant(5 * MIB, 8 * SECOND);
    scope("request", SECOND, 2 * SECOND);
    counter("cache", SECOND, 1000);
}

/* A mark for each, one a second. Each is a scope too, the first of which take longest. */
static void named(void) {
    static char long_name[10001];
    static const char *const names[] = {"cache::lookup",
                                        "http::lookup",
                                        "http://host:80/a b",
                                        "load: phase one",
                                        "load: phase two",
                                        "say \"hi\"\nagain",
                                        "gr\xc3\xb6\xc3\x9f"
                                        "e \xe2\x86\x92 \xe2\x88\x9e, l\xc3\xa4nger",
                                        long_name};
    for (size_t i = 0; i + 2 < sizeof long_name; i += 2)
        memcpy(long_name + i, "\xc3\xa4", 2);
    process("/srv/demo/named", 502, 1, START, 10 * SECOND);
    constant(5 * MIB, 10 * SECOND);
    for (uint64_t i = 0; i < sizeof names / sizeof *names; i++) {
        scope(names[i], i * SECOND, (20 - i) * SECOND / 20);
        mt_profile_add_mark(p, i * SECOND, names[i], MT_MARK_PROGRAM);
    }
}

static void layers(void) {
    static const struct mt_tick_change list[] = {{0, 0, 1000, 1}, {0, 2, 10, 1}, {1, 1, 4000, 1},
                                                 {2, 0, 0, 0},    {2, 2, 20, 1}, {3, 0, 500, 1}};
    process("/srv/demo/layers", 300, 1, START, 3 * SECOND);
    constant(4000, 3 * SECOND);
    sample("a", "src/a.c", 1, 500);
    sample("b", "src/b.c", 2, 4000);
    sample("c", "src/c.c", 3, 20);
    changes(list, sizeof list / sizeof *list);
}

static void hostile(void) {
    static const struct mt_tick_change list[] = {{6, 0, INT64_MAX, INT64_MAX},
                                                 {0, 1, INT64_MIN, 1},
                                                 {3, 0, -5, -5},
                                                 {1, 1, INT64_MAX, 0},
                                                 {2, 0, 7, 7}};
    process("/srv/<b>\033[31m&\"red\xff", 0, 0, UINT64_MAX - 5, UINT64_MAX);
    struct mt_tick *t = ticks(7);
    t[0] =
        (struct mt_tick){.time_ns = UINT64_MAX, .live_bytes = INT64_MAX, .rss_bytes = UINT64_MAX};
    t[1] = (struct mt_tick){.time_ns = 5, .live_bytes = INT64_MIN, .pss_bytes = UINT64_MAX};
    t[2] = (struct mt_tick){.time_ns = 5, .live_bytes = -1, .swap_bytes = UINT64_MAX};
    t[3] = (struct mt_tick){.time_ns = 1, .live_bytes = 100};
    t[4] = (struct mt_tick){.time_ns = UINT64_MAX / 2, .live_bytes = 1};
    t[5] = (struct mt_tick){.time_ns = 0, .live_bytes = 1};
    t[6] = (struct mt_tick){.time_ns = 3, .live_bytes = 1};
    peak(INT64_MAX, UINT64_MAX, UINT64_MAX);
    sample("f<script>\033[1A", "/tmp/\033]8;;http://x\a]]>.c", INT64_MAX, 7);
    sample("\xe2\x80\xaetac", "a,b\n\"c\".c", 3, 8);
    changes(list, sizeof list / sizeof *list);
    mt_profile_add_mark(p, UINT64_MAX, "\033[2J<script>&", MT_MARK_TRIGGER);
    mt_profile_add_mark(p, 3, "", MT_MARK_PROGRAM);
    scope("\033[2J</svg>", UINT64_MAX, UINT64_MAX);
    scope("</title>", 3, UINT64_MAX / 2);
    scope("", 0, 0);
    counter("\xff\033[0m&", UINT64_MAX, INT64_MAX);
    counter("\xff\033[0m&", 0, INT64_MIN);
}

static void untimed(void) {
    process("/usr/bin/untimed", 400, 1, START, SECOND);
}

static const struct kind kinds[] = {
    {"one", one},       {"bare", bare},         {"parent", parent},
    {"child", child},   {"snapshot", snapshot}, {"stranger", stranger},
    {"layers", layers}, {"measured", measured}, {"worker", measured_child},
    {"named", named},   {"hostile", hostile},   {"untimed", untimed}};

int main(int argc, char **argv) {
    return make(argc, argv, kinds, sizeof kinds / sizeof *kinds, &p);
}
