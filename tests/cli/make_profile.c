/* SPDX-License-Identifier: MIT */
/*
 * Writes a profile that is the same on every machine: make_profile KIND FILE. The command's golden
 * tests print them.
 *
 *   plain    a C++ program, as memtrack records it: wrappers, inlined frames, threads, sizes,
 *            allocator figures
 *   hostile  names that a terminal would obey, not UTF-8, very long; numbers at the ends of their
 *            range
 *   markup   names that a browser would obey
 *   sampled  as plain, sampled, killed, nothing known about its end
 *   rebuilt  plain's program, built again elsewhere: lines have moved, one leaks that is new, one
 *            has gone
 *   other    a heap profile of another tool: two columns
 *   change   what pprof -base makes of two: rows of both signs, one of 0, and less in all than
 *            before
 *   freed    a heap profile of another tool in which nothing is live any more
 *   empty    a process that allocated nothing
 *   many     5,000 paths in 700 files
 *   deep     a project of a long path: templates, recursion, threads, a constructor of a library,
 *            paths that end alike, with most of its memory mapped and not malloc's
 *   scopes   a server that measures its requests, with a few names that a terminal would obey
 */
#include "make.h"
#include "memtrack/histogram.h"

#define STL "/opt/gcc/include/c++/12/bits/"

static struct mt_profile *p;
static uint32_t app, libc, libcxx;
static const char *build_id = "0123456789abcdef0123456789abcdef01234567";

static uint32_t mapping(const char *path, uint64_t start) {
    struct mt_mapping m = {.start = start, .limit = start + 0x100000, .bias = start};
    m.path = mt_profile_intern(p, path);
    m.build_id = mt_profile_intern(p, build_id);
    m.has_functions = m.has_filenames = m.has_line_numbers = m.has_inline_frames = true;
    return (uint32_t)mt_profile_add_mapping(p, &m) + 1;
}

static struct mt_line line(const char *name, const char *file, int64_t number) {
    struct mt_function f = {.name = mt_profile_intern(p, name), .file = mt_profile_intern(p, file)};
    f.system_name = f.name;
    return (struct mt_line){.function = (uint32_t)mt_profile_add_function(p, &f), .line = number};
}

static uint32_t location(uint32_t in, uint64_t offset, const struct mt_line *lines, uint32_t n) {
    struct mt_location l = {
        .address = p->mappings[in - 1].start + offset, .mapping = in, .n_lines = n};
    l.first_line = n ? (uint32_t)mt_profile_add_lines(p, lines, n) : 0;
    return (uint32_t)mt_profile_add_location(p, &l);
}

static uint32_t frame(uint32_t in, uint64_t offset, const char *name, const char *file,
                      int64_t number) {
    struct mt_line one = line(name, file, number);
    return location(in, offset, &one, 1);
}

static uint32_t symbol(uint32_t in, uint64_t offset, const char *name, uint64_t start) {
    struct mt_function f = {.name = mt_profile_intern(p, name),
                            .address = p->mappings[in - 1].start + start};
    f.system_name = f.name;
    struct mt_line one = {.function = (uint32_t)mt_profile_add_function(p, &f)};
    return location(in, offset, &one, 1);
}

struct figures {
    int64_t total_blocks, total_bytes, live_blocks, live_bytes, peak_blocks, peak_bytes, temporary,
        max, waste;
};

static void sample(const char *thread, uint8_t size_class, struct figures f, size_t n,
                   const uint32_t *path) {
    struct mt_sample s = {.size_class = size_class, .has_size_class = true, .lossy = n == 0};
    s.thread = mt_profile_intern(p, thread);
    s.domain = mt_profile_intern(p, "malloc");
    const int64_t values[MT_N_VALUES] = {f.total_blocks, f.total_bytes, f.live_blocks,
                                         f.live_bytes,   f.peak_blocks, f.peak_bytes,
                                         f.temporary,    f.max,         f.waste};
    memcpy(s.value, values, sizeof values);
    mt_profile_add_sample(p, &s, path, n);
}

static void process(const char *exe, const char *const *command, size_t n) {
    struct mt_profile_info *info = &p->info;
    info->is_memtrack = true;
    info->pid = 4242;
    info->ppid = 1;
    info->exe = mt_profile_intern(p, exe);
    info->cwd = mt_profile_intern(p, "/srv/demo");
    info->command = calloc(n, sizeof *info->command);
    for (size_t i = 0; i < n; i++)
        info->command[info->n_command++] = mt_profile_intern(p, command[i]);
    info->start_time_ns = UINT64_C(1700000000123456789);
    info->duration_ns = UINT64_C(1834000000);
    info->exit_known = true;
    info->ledger_bytes = 3 << 20;
    info->peak_time_known = true;
    info->peak_time_ns = 1520000000;
    info->peak_time_error_ns = 5000000;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        p->has_value[v] = true;
}

static void allocator(void) {
    static const struct {
        const char *name;
        uint64_t value;
    } figures[] = {{"arena", 10 << 20},
                   {"uordblks", 1200000},
                   {"fordblks", (10 << 20) - 1200000},
                   {"hblkhd", 4 << 20}};
    struct mt_profile_info *info = &p->info;
    info->allocator = mt_profile_intern(p, "glibc");
    info->allocator_path = mt_profile_intern(p, "/lib/x86_64-linux-gnu/libc.so.6");
    info->allocator_stats = calloc(4, sizeof *info->allocator_stats);
    for (size_t i = 0; i < 4; i++)
        info->allocator_stats[info->n_allocator_stats++] =
            (struct mt_named_value){mt_profile_intern(p, figures[i].name), figures[i].value};
}

static void time_axis(void) {
    static const struct mt_tick ticks[] = {{.time_ns = 500000000, .live_bytes = 1000},
                                           {.time_ns = 1000000000, .live_bytes = 3000},
                                           {.time_ns = 1500000000, .live_bytes = 2500}};
    static const struct mt_tick_change changes[] = {
        {0, 0, 1000, 1}, {1, 0, 2000, 2}, {1, 1, 1000, 10}, {2, 0, 1500, 1}};
    p->info.ticks = memcpy(malloc(sizeof ticks), ticks, sizeof ticks);
    p->info.n_ticks = 3;
    p->info.changes = memcpy(malloc(sizeof changes), changes, sizeof changes);
    p->info.n_changes = 4;
}

static void plain(void) {
    static const char *const command[] = {"./parser", "--file", "some input.json", "it's"};
    process("/srv/demo/parser", command, 4);
    app = mapping("/srv/demo/parser", 0x400000);
    libc = mapping("/lib/x86_64-linux-gnu/libc.so.6", 0x7f0000000000);
    libcxx = mapping("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 0x7f1000000000);
    struct mt_line push[] = {
        line("std::allocator<parse::Token>::allocate(unsigned long)", STL "new_allocator.h", 137),
        line("std::vector<parse::Token, std::allocator<parse::Token> >::push_back(parse::Token&&)",
             STL "stl_vector.h", 1287),
        line("parse::tokenize(std::basic_string_view<char, std::char_traits<char> >)",
             "/srv/demo/src/parse.cpp", 4)};
    uint32_t new = symbol(libcxx, 0x1c, "operator new(unsigned long)", 0x0),
             tokens = location(app, 0x10, push, 3);
    uint32_t parse =
        frame(app, 0x20, "parse::parse_file(char const*)", "/srv/demo/src/parse.cpp", 6);
    uint32_t top = frame(app, 0x30, "main", "/srv/demo/src/main.cpp", 3),
             start = symbol(app, 0x21, "_start", 0x0);
    uint32_t dup = symbol(libc, 0x2a, "strdup", 0x10),
             name = frame(app, 0x40, "intern_name", "src/names.c", 2);
    uint32_t legacy = symbol(app, 0x1f3, "legacy_init", 0x1d4),
             stripped = location(app, 0x777, NULL, 0);
    uint32_t worker = frame(app, 0x50, "worker_main", "/srv/demo/src/worker.cpp", 77);
    sample("4242 parser", 17,
           (struct figures){40, 80 << 20, 1, 1 << 20, 20, 40 << 20, 3, 40 << 20, 4096}, 5,
           (uint32_t[]){new, tokens, parse, top, start});
    sample("4242 parser", 5,
           (struct figures){1000000, 20 << 20, 500, 12000, 400000, 8 << 20, 900000, 8 << 20, 4000},
           5, (uint32_t[]){dup, name, parse, top, start});
    sample("4243 worker", 5, (struct figures){1234, 40000, 12, 400, 12, 400, 0, 500, 32}, 3,
           (uint32_t[]){dup, name, worker});
    sample("4243 worker", 11, (struct figures){1, 1536, 1, 1536, 1, 1536, 0, 1536, 0}, 2,
           (uint32_t[]){legacy, worker});
    sample("4242 parser", 1, (struct figures){7, 7, 0, 0, 1, 1, 7, 1, 0}, 2,
           (uint32_t[]){stripped, top});
    sample("4242 parser", 9, (struct figures){2, 800, 2, 800, 0, 0, 0, 400, 48}, 0, NULL);
    p->info.usable_measured = true;
    mt_profile_sum_totals(p);
    allocator();
    time_axis();
}

static void rebuilt(void) {
    static const char *const command[] = {"./parser", "--file", "some input.json", "it's"};
    process("/srv/demo2/parser", command, 4);
    p->info.pid = 5252;
    libc = mapping("/lib/x86_64-linux-gnu/libc.so.6", 0x7f0000000000);
    libcxx = mapping("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 0x7f1000000000);
    build_id = "76543210fedcba9876543210fedcba9876543210";
    app = mapping("/srv/demo2/parser", 0x400000);
    uint32_t new = symbol(libcxx, 0x1c, "operator new(unsigned long)", 0x0),
             dup = symbol(libc, 0x2a, "strdup", 0x10);
    uint32_t tokens = frame(app, 0x10, "parse::tokenize(std::string_view, parse::Options)",
                            "/srv/demo2/src/parse.cpp", 9);
    uint32_t parse =
        frame(app, 0x20, "parse::parse_file(char const*)", "/srv/demo2/src/parse.cpp", 11);
    uint32_t top = frame(app, 0x30, "main", "/srv/demo2/src/main.cpp", 8),
             start = symbol(app, 0x25, "_start", 0x4);
    uint32_t name = frame(app, 0x40, "intern_name", "src/names.c", 2);
    uint32_t worker = frame(app, 0x50, "worker_main", "/srv/demo2/src/worker.cpp", 79);
    uint32_t cache = frame(app, 0x58, "worker_main", "/srv/demo2/src/worker.cpp", 91);
    sample("5252 parser", 17,
           (struct figures){40, 80 << 20, 3, 3 << 20, 20, 41 << 20, 3, 41 << 20, 4096}, 5,
           (uint32_t[]){new, tokens, parse, top, start});
    sample("5252 parser", 5,
           (struct figures){1000000, 20 << 20, 500, 12000, 400000, 8 << 20, 900000, 8 << 20, 4000},
           5, (uint32_t[]){dup, name, parse, top, start});
    sample("5260 worker", 5, (struct figures){1234, 40000, 12, 300, 12, 400, 0, 500, 32}, 3,
           (uint32_t[]){dup, name, worker});
    sample("5260 worker", 13,
           (struct figures){300, 300 << 12, 300, 300 << 12, 250, 250 << 12, 0, 300 << 12, 0}, 2,
           (uint32_t[]){new, cache});
    p->info.usable_measured = true;
    mt_profile_sum_totals(p);
}

static void sampled(void) {
    plain();
    p->info.sample_bytes = 512 << 10;
    p->info.exit_code = -1;
    p->info.exit_signal = 9;
    p->info.usable_measured = false;
    p->info.multithreaded = true;
    p->info.totals.failed_allocations = 2;
    p->info.coverage.dropped_events = 1234;
    p->info.coverage.unknown_frees = 1;
}

static void hostile(void) {
    /* in two pieces, as a hexadecimal escape would take the f with it */
    static const char reversed[] = "\xe2\x80\xae"
                                   "fdp.exe";
    static const char *const command[] = {"./x", "\033]0;owned\a", "caf\xe9", reversed};
    char *endless = malloc(5001);
    memset(endless, 'a', 5000);
    endless[5000] = '\0';
    process("/srv/\033[31mred", command, 4);
    app = mapping("/srv/\033[2Japp", 0x400000);
    uint32_t frames[] = {frame(app, 0x10, "f\r\nroot: 0 B\033[1A", "/tmp/\033]8;;http://x\a.c", 12),
                         frame(app, 0x20, endless, endless, INT64_MAX),
                         frame(app, 0x30, "=cmd(\"quoted\", 'x')", "a,b\n\"c\".c", 3),
                         frame(app, 0x40, "dev", "/dev/zero", 1)};
    int64_t most = INT64_MAX / 4;
    for (size_t i = 0; i < 4; i++)
        sample("1 \xc2\x9b"
               "31m",
               255, (struct figures){most, most, most, most, most, most, most, most, most}, 1,
               &frames[i]);
    sample("", 0, (struct figures){-5, -5, -5, -5, -5, -5, -5, -5, -5}, 1, &frames[0]);
    mt_profile_add_note(p, "A note that rings: \a.");
    mt_profile_sum_totals(p);
    free(endless);
}

static void markup(void) {
    static const char name[] = "</script><script>alert(1)</script><img src=x onerror=alert(2)>",
                      file[] = "/srv/\"><b onclick='alert(3)'><!--.c";
    static const char *const command[] = {name, "--<!--", "&lt;&amp;"};
    process(file, command, 3);
    app = mapping(file, 0x400000);
    uint32_t path = frame(app, 0x10, name, file, 12);
    sample("1 <i>thread</i>", 5, (struct figures){2, 200, 1, 100, 1, 100, 0, 100, 8}, 1, &path);
    mt_profile_add_note(p, name);
    mt_profile_sum_totals(p);
}

static void other(void) {
    app = mapping("/usr/bin/server", 0x400000);
    p->has_value[MT_VALUE_LIVE_BLOCKS] = p->has_value[MT_VALUE_LIVE_BYTES] = true;
    uint32_t leaf = frame(app, 0x10, "main.load", "/src/load.go", 10),
             top = frame(app, 0x20, "main.main", "/src/main.go", 5);
    sample("", 0, (struct figures){.live_blocks = 4, .live_bytes = 4096}, 2,
           (uint32_t[]){leaf, top});
    p->samples[0].has_size_class = false;
    mt_profile_sum_totals(p);
}

static void foreign_row(const char *name, int64_t number, int64_t live, int64_t total) {
    struct mt_sample s = {.value = {[MT_VALUE_LIVE_BLOCKS] = live / 100,
                                    [MT_VALUE_LIVE_BYTES] = live,
                                    [MT_VALUE_TOTAL_BLOCKS] = total / 100,
                                    [MT_VALUE_TOTAL_BYTES] = total}};
    uint32_t at = frame(app, (uint64_t)number * 16, name, "/src/change.c", number);
    mt_profile_add_sample(p, &s, &at, 1);
}

static void foreign(void) {
    app = mapping("/usr/bin/server", 0x400000);
    p->has_value[MT_VALUE_LIVE_BYTES] = p->has_value[MT_VALUE_LIVE_BLOCKS] = true;
    p->has_value[MT_VALUE_TOTAL_BYTES] = p->has_value[MT_VALUE_TOTAL_BLOCKS] = true;
}

static void change(void) {
    foreign();
    foreign_row("grow", 1, 3000, 9000);
    foreign_row("stay", 2, 0, 1000);
    foreign_row("shrink", 3, -5000, -2000);
}

static void freed(void) {
    foreign();
    foreign_row("parse", 12, 0, 7000);
    foreign_row("load", 7, 0, 3000);
}

static void empty(void) {
    static const char *const command[] = {"/bin/true"};
    process("/bin/true", command, 1);
}

static void many(void) {
    static const char *const command[] = {"./many"};
    process("/srv/demo/many", command, 1);
    app = mapping("/srv/demo/many", 0x400000);
    uint32_t top = frame(app, 0x8, "main", "main.c", 1);
    for (uint32_t i = 0; i < 5000; i++) {
        char name[32], file[32];
        snprintf(name, sizeof name, "function_%u", i % 1500);
        snprintf(file, sizeof file, "src/file_%u.c", i % 700);
        uint32_t path[] = {frame(app, 16 + i * 8, name, file, i % 97 + 1), top};
        int64_t bytes = (int64_t)(i * UINT64_C(2654435761) % 100000);
        sample(i % 3 ? "1 a" : "2 b", (uint8_t)(i % 20),
               (struct figures){i, bytes * 3, i % 7, bytes / 2, i % 11, bytes, i % 5, bytes + 1,
                                i % 16},
               2, path);
    }
    p->info.usable_measured = true;
    mt_profile_sum_totals(p);
}

#define ROOT "/srv/demo/tree/imagetool-2.40/src/"

/* Its stacks end as those of real programs do. */
static void deep(void) {
    static const char *const command[] = {"/srv/demo/tree/imagetool-2.40/build/imagetool",
                                          "--input",
                                          "/data/pictures/2023/summer/holiday.raw",
                                          "--output",
                                          "/data/out.png",
                                          "--quality=85"};
    process("/srv/demo/tree/imagetool-2.40/build/imagetool", command, 6);
    app = mapping("/srv/demo/tree/imagetool-2.40/build/imagetool", 0x400000);
    libc = mapping("/lib/x86_64-linux-gnu/libc.so.6", 0x7f0000000000);
    libcxx = mapping("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 0x7f1000000000);
    uint32_t start = symbol(app, 0x21, "_start", 0x0),
             libc_main = frame(libc, 0x90, "__libc_start_call_main",
                               "../sysdeps/nptl/libc_start_call_main.h", 58),
             thread = frame(libc, 0xa0, "start_thread", "nptl/pthread_create.c", 442),
             clone = frame(libc, 0xb0, "clone3", "../sysdeps/unix/sysv/linux/x86_64/clone3.S", 81),
             top = frame(app, 0x30, "main", ROOT "main.cpp", 41),
             run =
                 frame(app, 0x40, "imagetool::run(imagetool::Options const&)", ROOT "main.cpp", 27),
             tile =
                 frame(app, 0x50, "imagetool::core::TileTree<imagetool::core::Tile, 4>::split(int)",
                       ROOT "core/tile_tree.hpp", 88),
             pixels = frame(app, 0x60, "imagetool::core::Image::reserve(unsigned long)",
                            ROOT "core/image.cpp", 19),
             read = frame(app, 0x70, "read_all", ROOT "io/reader.c", 112),
             line_of = frame(app, 0x80, "read_line", ROOT "io/reader.c", 64),
             work = frame(app, 0x90, "imagetool::core::Worker::decode_in_background()",
                          ROOT "core/worker_with_a_long_name.cpp", 230),
             png = frame(app, 0xa0, "png_read_row", "/opt/vendor/libpng-1.6.39/pngread.c", 301),
             init = symbol(libcxx, 0xa57ba, "", 0xa5700),
             loader = symbol(libc, 0x74, "call_init", 0x10);
    sample("4242 imagetool", 17,
           (struct figures){9, 40 << 20, 2, 1 << 20, 9, 40 << 20, 0, 9 << 20, 0}, 8,
           (uint32_t[]){pixels, tile, tile, tile, run, top, libc_main, start});
    sample("4242 imagetool", 15, (struct figures){4, 12 << 20, 0, 0, 2, 6 << 20, 1, 3 << 20, 0}, 6,
           (uint32_t[]){pixels, tile, run, top, libc_main, start});
    sample("4242 imagetool", 7,
           (struct figures){9000, 900000, 500, 50000, 8000, 800000, 70, 900000, 0}, 6,
           (uint32_t[]){line_of, read, run, top, libc_main, start});
    sample("4242 imagetool", 9, (struct figures){90, 90000, 90, 90000, 90, 90000, 0, 90000, 0}, 5,
           (uint32_t[]){read, run, top, libc_main, start});
    sample("4250 decoder", 16, (struct figures){64, 8 << 20, 0, 0, 32, 4 << 20, 32, 1 << 20, 0}, 4,
           (uint32_t[]){png, work, thread, clone});
    sample("4250 decoder", 3, (struct figures){700, 4000, 0, 0, 20, 300, 700, 9, 0}, 3,
           (uint32_t[]){work, thread, clone});
    sample("4242 imagetool", 17, (struct figures){1, 72704, 1, 72704, 1, 72704, 0, 72704, 0}, 2,
           (uint32_t[]){init, loader});
    p->info.usable_measured = p->info.multithreaded = true;
    p->info.anonymous = (struct mt_anonymous){.bytes = 212 << 20, .recorded_bytes = 51 << 20};
    mt_profile_add_note(p,
                        "Peak RSS 212.0 MiB, 76% of it not malloc's: memtrack run --mmap. Pages of "
                        "files are not counted.");
    mt_profile_sum_totals(p);
    allocator();
}

static void scope(const char *name, const char *thread, uint64_t count, int64_t bytes, int64_t ns) {
    struct mt_scope s = {
        .name = mt_profile_intern(p, name), .thread = mt_profile_intern(p, thread), .count = count};
    const int64_t one[MT_N_SCOPE_VALUES] = {
        bytes / 10, bytes, bytes * 3, bytes / 100, bytes * 3 - bytes / 10, ns, 0};
    s.idle = count / 4;
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        s.max[v] = one[v] * 2;
        s.sum[v] = one[v] * (int64_t)count;
        s.own[v] = v == MT_SCOPE_PEAK_BYTES ? 0 : s.sum[v] / 2;
        s.min[v] = one[v] / 2;
        s.squares[v].low = (uint64_t)(one[v] * one[v]) * count * 5 / 4;
    }
    s.has_spread = bytes < 1 << 20; /* the others are an older recorder's */
    s.latest_ns = s.has_spread ? 1000 : 0;
    s.latest_before_bytes = 100 << 20, s.latest_after_bytes = s.latest_before_bytes + bytes;
    mt_profile_scopes_add_totals(&p->info.scopes, &s);
    for (uint8_t v = 0; v < MT_SCOPE_CPU_NS; v++) {
        struct mt_scope_bucket b = {
            .value = v, .count = count - count / 10 - (v < MT_SCOPE_DURATION_NS ? s.idle : 0)};
        b.bucket = (uint16_t)memtrack_histogram_bucket((uint64_t)one[v]);
        mt_profile_scopes_add_bucket(&p->info.scopes, &b);
        b.bucket = (uint16_t)memtrack_histogram_bucket((uint64_t)one[v] * 2);
        b.count = count / 10;
        mt_profile_scopes_add_bucket(&p->info.scopes, &b);
    }
}

static void scope_event(const char *name, uint64_t time_ns, uint64_t duration_ns, uint32_t tid,
                        const char *value) {
    struct mt_scope_event e = {
        .serial = time_ns / 1000, .time_ns = time_ns, .duration_ns = duration_ns, .tid = tid};
    e.name = mt_profile_intern(p, name), e.net_bytes = -2048, e.peak_bytes = 65536;
    mt_profile_scopes_add_event(&p->info.scopes, &e);
    struct mt_scope_key key = {mt_profile_intern(p, "url"),
                               mt_profile_intern(p, value ? value : "")};
    if (value)
        mt_profile_scopes_add_key(&p->info.scopes, &key);
}

static void scopes(void) {
    plain();
    struct mt_scopes *s = &p->info.scopes;
    scope("request", "4242 parser", 1000, 40000, 1500000);
    scope("request", "4243 worker", 234, 50000, 1200000);
    scope("parse", "4242 parser", 5000, 9000, 80000);
    scope("std::vector<int, std::allocator<int> >::reserve(unsigned long)", "4242 parser", 7,
          1 << 20, 300);
    scope("\033]0;owned\a\xff", "4243 worker", 1, 100, 10);
    scope("phase", "4242 parser", 1, 50 << 20, 1700000000);
    s->totals[s->n_totals - 1].is_process = true;
    s->totals[2].misuses = 3;
    s->totals[2].recursive = 100;
    s->totals[2].file = mt_profile_intern(p, "src/parse.c"), s->totals[2].line = 42;
    s->totals[1].errors = 2, s->totals[1].error_ns = 5;
    s->totals[1].error = mt_profile_intern(p, "no such \033[31mfile");
    s->totals[4].group = mt_profile_intern(p, "library");
    s->events_seen = 20000;
    s->event_sample = 4;
    scope_event("parse", 10000000, 80000, 4242, NULL);
    scope_event("request", 9900000, 1500000, 4242, "/index\033[2J");
    scope_event("task", 10500000, 20000000, 4242,
                "/a,b \"c\""); /* does not nest with the one before */
    scope_event("request", 40000000, 1200000, 4243, "/");
    mt_profile_add_mark(p, 9000000, "warm\nup", MT_MARK_PROGRAM);
    mt_profile_add_mark(p, 41000000, "live>1G", MT_MARK_TRIGGER);
    struct mt_counter counter = {
        .time_ns = 30000000, .value = -1234567, .name = mt_profile_intern(p, "cache"), .tid = 4242};
    mt_profile_scopes_add_counter(s, &counter);
    struct mt_scope_open open = {.name = mt_profile_intern(p, "start\033[0m"),
                                 .thread = mt_profile_intern(p, "4242 parser"),
                                 .time_ns = 5000000,
                                 .net_bytes = -4096,
                                 .peak_bytes = 3 << 20,
                                 .allocated_bytes = 5 << 20,
                                 .allocated_blocks = 12};
    mt_profile_scopes_add_open(s, &open);
    open.name = mt_profile_intern(p, "serve"), open.is_process = true;
    mt_profile_scopes_add_open(s, &open);
    p->samples[0].scope = s->totals[0].name;
    p->samples[1].scope = s->totals[2].name;
    p->samples[2].scope = mt_profile_intern(p, "start\033[0m"); /* which has not ended */
    p->samples[2].domain = mt_profile_intern(p, "gpu");
}

static const struct kind kinds[] = {{"plain", plain},     {"hostile", hostile}, {"markup", markup},
                                    {"sampled", sampled}, {"rebuilt", rebuilt}, {"other", other},
                                    {"change", change},   {"freed", freed},     {"empty", empty},
                                    {"many", many},       {"deep", deep},       {"scopes", scopes}};

int main(int argc, char **argv) {
    return make(argc, argv, kinds, sizeof kinds / sizeof *kinds, &p);
}
