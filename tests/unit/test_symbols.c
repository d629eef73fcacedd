/* SPDX-License-Identifier: MIT */
/* Functions, lines and inlined calls of files that are compiled here; files that are gone, changed
 * or no ELF at all. */
#include "profile-fixture.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "view/symbols/symbols.h"

/* probe() returns an address in inner() in middle() in probe(), each inlined into the next. */
static const char source[] =
    "__attribute__((noinline)) void *where(void) { return __builtin_return_address(0); }\n"
    "static inline __attribute__((always_inline)) void *inner(void) {\n"
    "    void *volatile r = where();\n" /* line 3 */
    "    return r;\n"
    "}\n"
    "static inline __attribute__((always_inline)) void *middle(void) {\n"
    "    void *volatile r = inner();\n" /* line 7 */
    "    return r;\n"
    "}\n"
    "void *probe(void) {\n"
    "    void *volatile r = middle();\n" /* line 11 */
    "    return r;\n"
    "}\n";

static char directory[64];

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...) {
    char command[1024], all[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    snprintf(all, sizeof all, "cd %s && %s", directory, command);
    if (system(all) != 0)
        fail_msg("%s", all);
}

static const char *file(const char *name) {
    static char path[4][160];
    static unsigned turn;
    char *at = path[turn++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", directory, name);
    return at;
}

static void compile(const char *name, const char *flags) {
    run("cc -O1 -fPIC -shared -Wl,--build-id,-soname,%s %s -o %s probe.c", name, flags, name);
}

static void build_id(const char *name, char hex[64]) {
    run("readelf -n %s | sed -n 's/.*Build ID: //p' > id", name);
    FILE *f = fopen(file("id"), "re");
    assert_non_null(f);
    if (!fgets(hex, 64, f))
        hex[0] = '\0';
    fclose(f);
    hex[strcspn(hex, "\n")] = '\0';
}

struct probe {
    uint64_t address; /* as probe() returns it */
    uint64_t bias;
};

/* Loads the file, asks it, and unloads it. */
static struct probe probe(const char *name) {
    void *handle = dlopen(file(name), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        fail_msg("%s", dlerror());
    struct link_map *map;
    assert_int_equal(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    void *(*function)(void);
    *(void **)&function = dlsym(handle, "probe");
    assert_non_null(function);
    struct probe found = {.address = (uint64_t)function(), .bias = map->l_addr};
    dlclose(handle);
    return found;
}

/* A profile with one mapping and one location, both resolved. */
static struct mt_profile *resolved_with(const struct mt_symbols_options *options, const char *path,
                                        const char *id, struct probe at) {
    struct mt_profile *p = build_empty();
    struct mt_mapping mapping = {.start = at.bias,
                                 .bias = at.bias,
                                 .path = mt_profile_intern(p, path),
                                 .build_id = mt_profile_intern(p, id)};
    mt_profile_add_mapping(p, &mapping);
    build_location(p, 1, at.address, NULL, 0);
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, options, &error), 0);
    return p;
}

static struct mt_profile *resolved(const char *path, const char *id, struct probe at,
                                   const char *debug_path) {
    struct mt_symbols_options options = {.debug_path = debug_path};
    return resolved_with(&options, path, id, at);
}

static void assert_frame(const struct mt_profile *p, uint32_t frame, const char *name,
                         int64_t line) {
    assert_true(frame < p->locations[0].n_lines);
    const struct mt_line *at = &p->lines[p->locations[0].first_line + frame];
    const struct mt_function *function = &p->functions[at->function];
    assert_string_equal(mt_profile_text(p, function->name), name);
    assert_string_equal(mt_profile_text(p, function->file), file("probe.c"));
    assert_int_equal(at->line, line);
    assert_int_equal(function->address, 0);
}

static void assert_lines(const struct mt_profile *p) {
    assert_int_equal(p->locations[0].n_lines, 3);
    assert_frame(p, 0, "inner", 3);
    assert_frame(p, 1, "middle", 7);
    assert_frame(p, 2, "probe", 11);
    assert_int_equal(p->functions[p->lines[p->locations[0].first_line].function].start_line, 2);
    assert_true(p->mappings[0].has_functions && p->mappings[0].has_filenames &&
                p->mappings[0].has_line_numbers && p->mappings[0].has_inline_frames);
    assert_int_equal(p->info.n_notes, 0);
}

/* A function by its symbol: no line, and where it starts. */
static void assert_symbol_only(const struct mt_profile *p, struct probe at) {
    assert_int_equal(p->locations[0].n_lines, 1);
    const struct mt_line *line = &p->lines[p->locations[0].first_line];
    const struct mt_function *function = &p->functions[line->function];
    assert_string_equal(mt_profile_text(p, function->name), "probe");
    assert_string_equal(mt_profile_text(p, function->file), "");
    assert_int_equal(line->line, 0);
    assert_true(function->address > at.bias && function->address < at.address &&
                at.address - function->address < 200);
    assert_true(p->mappings[0].has_functions);
    assert_false(p->mappings[0].has_line_numbers);
}

static void assert_note(const struct mt_profile *p, const char *text) {
    for (size_t i = 0; i < p->info.n_notes; i++)
        if (strstr(mt_profile_text(p, p->info.notes[i]), text))
            return;
    fail_msg("no note has \"%s\"", text);
}

/* ---- what is found --------------------------------------------------------------------------- */

static void every_kind_of_debug_information(void **state) {
    (void)state;
    static const char *const flags[] = {"-g",
                                        "-gdwarf-4",
                                        "-gdwarf-5",
                                        "-g -gz",
                                        "-g -gdwarf-4 -gz",
                                        "-g -O2",
                                        "-g -ffunction-sections"};
    char id[64];
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        compile("lib.so", flags[i]);
        build_id("lib.so", id);
        struct mt_profile *p = resolved(file("lib.so"), id, probe("lib.so"), NULL);
        assert_lines(p);
        mt_profile_free(p);
    }
}

/* By the linker, in a debug file of its own, and without a build id, when only its age tells
 * whether it is the one. */
static void sections_compressed_with_zstd(void **state) {
    (void)state;
    char id[64];
    compile("plain.so", "-g");
    if (system("objcopy --help | grep -q zstd") != 0)
        skip();
    run("objcopy --compress-debug-sections=zstd plain.so lib.so && readelf -t lib.so | grep -q "
        "ZSTD");
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_lines(p);
    mt_profile_free(p);
    run("objcopy --only-keep-debug lib.so lib.debug && strip lib.so && objcopy "
        "--add-gnu-debuglink=lib.debug lib.so");
    p = resolved(file("lib.so"), id, at, NULL);
    assert_lines(p);
    mt_profile_free(p);
    run("rm lib.debug && cc -g -O1 -fPIC -shared "
        "-Wl,--build-id=none,--compress-debug-sections=zstd -o lib.so probe.c");
    p = build_empty();
    p->info.start_time_ns = (uint64_t)time(NULL) * UINT64_C(1000000000) + UINT64_C(2000000000);
    p->info.duration_ns = 1;
    struct mt_mapping mapping = {.bias = at.bias, .path = mt_profile_intern(p, file("lib.so"))};
    mt_profile_add_mapping(p, &mapping);
    build_location(p, 1, at.address, NULL, 0);
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
    assert_lines(p);
    mt_profile_free(p);
}

/* What no one here can read is said. */
static void debug_information_in_an_unknown_form(void **state) {
    (void)state;
    char id[64];
    compile("lib.so", "-g -Wl,--compress-debug-sections=zlib");
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    run("offset=$(readelf -SW lib.so | awk '$2 == \".debug_info\" || $3 == \".debug_info\" "
        "{ for (i = 1; i <= NF; i++) if ($i == \"PROGBITS\") print $(i + 2) }') && "
        "printf '\\377' | dd of=lib.so bs=1 seek=$((0x$offset)) conv=notrunc 2> /dev/null");
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_symbol_only(p, at);
    assert_note(p, "cannot be read, as it is damaged or compressed");
    assert_note(p, file("lib.so"));
    mt_profile_free(p);
}

static void clang_leaves_out_address_ranges(void **state) {
    (void)state;
    if (system("command -v clang > /dev/null") != 0)
        skip();
    char id[64];
    run("clang -g -O1 -fPIC -shared -Wl,--build-id -o lib.so probe.c");
    build_id("lib.so", id);
    struct mt_profile *p = resolved(file("lib.so"), id, probe("lib.so"), NULL);
    assert_lines(p);
    mt_profile_free(p);
}

static void debug_information_in_a_file_beside(void **state) {
    (void)state;
    compile("lib.so", "-g");
    char id[64];
    build_id("lib.so", id);
    run("objcopy --only-keep-debug lib.so lib.debug && strip lib.so && objcopy "
        "--add-gnu-debuglink=lib.debug lib.so");
    struct probe at = probe("lib.so");
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_lines(p);
    mt_profile_free(p);

    run("mkdir -p d/.build-id/%.2s && mv lib.debug d/.build-id/%.2s/%s.debug", id, id, id + 2);
    p = resolved(file("lib.so"), id, at, NULL);
    assert_symbol_only(p, at); /* .dynsym is left */
    mt_profile_free(p);
    p = resolved(file("lib.so"), id, at, file("d"));
    assert_lines(p);
    mt_profile_free(p);

    run("rm lib.so"); /* the debug file alone is enough, and it is known by its build id */
    p = resolved(file("lib.so"), id, at, file("d"));
    assert_lines(p);
    mt_profile_free(p);
    run("rm -r d");
}

/* Every place where a debug file may lie that is known by its name, and one of another build
 * there. */
static void debug_information_by_name(void **state) {
    (void)state;
    static const char *const places[] = {".", ".debug", "d/$PWD", "d/$(basename $PWD)", "d"};
    char id[64];
    for (int with_id = 0; with_id < 2; with_id++) {
        run("cc -g -O1 -fPIC -shared -Wl,--build-id=%s,-soname,lib.so -o lib.so probe.c",
            with_id ? "sha1" : "none");
        run("cc -g -O2 -fPIC -shared -Wl,--build-id=%s -DOTHER -o other.so probe.c && printf x >> "
            "other.so",
            with_id ? "0x1234567890" : "none");
        build_id("lib.so", id);
        run("objcopy --only-keep-debug lib.so lib.debug && strip lib.so && objcopy "
            "--add-gnu-debuglink=lib.debug "
            "lib.so");
        struct probe at = probe("lib.so");
        run("mv lib.debug kept");
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            run("mkdir -p \"%s\" && cp other.so \"%s/lib.debug\"", places[i], places[i]);
            struct mt_profile *p = resolved(file("lib.so"), id, at, file("d"));
            assert_symbol_only(p, at);
            mt_profile_free(p);
            run("cp kept \"%s/lib.debug\"", places[i]);
            p = resolved(file("lib.so"), id, at, file("d"));
            assert_lines(p);
            mt_profile_free(p);
            run("rm \"%s/lib.debug\"", places[i]);
        }
    }
    run("rm -r d .debug kept other.so");
}

static void symbols_without_lines(void **state) {
    (void)state;
    compile("lib.so", "");
    char id[64];
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_symbol_only(p, at);
    mt_profile_free(p);
}

/* The plainest of several names, and code that no symbol covers. */
static void the_choice_of_a_symbol(void **state) {
    (void)state;
    FILE *f = fopen(file("names.s"), "we");
    assert_non_null(f);
    fputs(".text\n.globl __deep_name, name, other_name, unsized\n.type "
          "__deep_name,@function\n.type name,@function\n"
          ".type other_name,@function\n__deep_name:\nname:\nother_name:\n.fill 16,1,0x90\n.size "
          "__deep_name,16\n"
          ".size name,16\n.size other_name,16\n.fill 16,1,0x90\nunsized:\n.fill 16,1,0x90\n"
          ".type last,@function\nlast:\n.fill 16,1,0x90\n.size last,16\n.fill 16,1,0x90\na: b: c: "
          "d: e:\n",
          f);
    fclose(f);
    run("cc -shared -nostdlib -Wl,--build-id -o names.so names.s && nm names.so | grep ' name$' > "
        "where");
    char id[64];
    build_id("names.so", id);
    f = fopen(file("where"), "re");
    unsigned long start = 0;
    assert_int_equal(fscanf(f, "%lx", &start), 1);
    fclose(f);
    static const struct {
        unsigned offset;
        const char *name;
    } cases[] = {{0, "name"},     {15, "name"}, {16, NULL},   {31, NULL}, {32, "unsized"},
                 {47, "unsized"}, {48, "last"}, {63, "last"}, {64, NULL}, {79, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct probe at = {.address = 0x7000000 + start + cases[i].offset + 1, .bias = 0x7000000};
        struct mt_profile *p = resolved(file("names.so"), id, at, NULL);
        assert_int_equal(p->locations[0].n_lines, cases[i].name ? 1 : 0);
        if (cases[i].name)
            assert_string_equal(mt_profile_text(p, p->functions[0].name), cases[i].name);
        mt_profile_free(p);
    }
    run("strip names.so"); /* without local symbols an exported one of no size says nothing of what
                              follows */
    struct probe at = {.address = 0x7000000 + start + 32 + 1, .bias = 0x7000000};
    struct mt_profile *p = resolved(file("names.so"), id, at, NULL);
    assert_int_equal(p->locations[0].n_lines, 0);
    mt_profile_free(p);
}

static void cxx_names_are_demangled(void **state) {
    (void)state;
    if (system("command -v c++ > /dev/null") != 0)
        skip();
    FILE *f = fopen(file("names.cpp"), "we");
    fputs("extern \"C\" void *where();\nnamespace ns { template <class T> struct box {\n"
          "  __attribute__((noinline)) static void *get(T) { void *volatile r = where(); return r; "
          "} }; }\n"
          "extern \"C\" { __attribute__((noinline)) void *where() { return "
          "__builtin_return_address(0); }\n"
          "void *probe() { void *volatile r = ns::box<int>::get(1); return r; } }\n",
          f);
    fclose(f);
    for (int stripped = 0; stripped < 2; stripped++) {
        run("c++ -O1 -fPIC -shared -Wl,--build-id %s -o lib.so names.cpp", stripped ? "" : "-g");
        char id[64];
        build_id("lib.so", id);
        struct mt_profile *p = resolved(file("lib.so"), id, probe("lib.so"), NULL);
        assert_int_equal(p->locations[0].n_lines, 1);
        const struct mt_function *function =
            &p->functions[p->lines[p->locations[0].first_line].function];
        assert_string_equal(mt_profile_text(p, function->name), "ns::box<int>::get(int)");
        assert_string_equal(mt_profile_text(p, function->system_name), "_ZN2ns3boxIiE3getEi");
        mt_profile_free(p);
    }
}

/* The same file at two addresses, an exact address, and what is already resolved. */
static void several_mappings_of_one_file(void **state) {
    (void)state;
    compile("lib.so", "-g");
    char id[64];
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    struct mt_profile *p = build_empty();
    for (uint64_t i = 0; i < 2; i++) {
        struct mt_mapping mapping = {.bias = 0x10000000 * (i + 1),
                                     .path = mt_profile_intern(p, file("lib.so")),
                                     .build_id = mt_profile_intern(p, id)};
        mt_profile_add_mapping(p, &mapping);
        build_location(p, (uint32_t)i + 1, at.address - at.bias + mapping.bias, NULL, 0);
    }
    struct mt_location exact = {
        .address = at.address - at.bias - 1 + 0x10000000, .mapping = 1, .exact = true};
    mt_profile_add_location(p, &exact);
    uint32_t before = build_frame(p, 1, "kept", "kept.c", 5);
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p->locations[i].n_lines, 3);
        assert_int_equal(p->lines[p->locations[i].first_line].line, 3);
    }
    assert_int_equal(p->locations[before].n_lines, 1);
    assert_string_equal(
        mt_profile_text(p, p->functions[p->lines[p->locations[before].first_line].function].name),
        "kept");
    size_t n_lines = p->n_lines;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0); /* again: nothing is left to do */
    assert_int_equal(p->n_lines, n_lines);
    mt_profile_free(p);
}

/* Another tool's profile tells the offset in the file; here text is not at the address that equals
 * its offset. */
static void mappings_of_other_tools(void **state) {
    (void)state;
    compile("lib.so", "-g -Wl,-Ttext-segment=0x200000");
    struct probe at = probe("lib.so");
    run("readelf -lW lib.so | awk '$1 == \"LOAD\" && $7 ~ /R/ && $8 ~ /E/ { print $2, $3 }' > "
        "segment");
    FILE *f = fopen(file("segment"), "re");
    unsigned long offset, address;
    assert_int_equal(fscanf(f, "%lx %lx", &offset, &address), 2);
    fclose(f);
    assert_true(offset != address);
    struct mt_profile *p = build_empty();
    p->info.is_memtrack = false;
    struct mt_mapping mapping = {.start = at.bias + address,
                                 .limit = at.bias + address + 0x1000,
                                 .offset = offset,
                                 .path = mt_profile_intern(p, file("lib.so"))};
    mapping.bias = mapping.start - mapping.offset;
    mt_profile_add_mapping(p, &mapping);
    struct mt_location location = {.address = at.address - 1, .mapping = 1, .exact = true};
    mt_profile_add_location(p, &location);
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
    assert_lines(p);
    mt_profile_free(p);
}

/* What is open is found again by its build id, even when the file has gone; another build is not
 * it. */
static void files_stay_open_in_a_cache(void **state) {
    (void)state;
    struct mt_symbols_options options = {.cache = mt_symbols_cache_new()};
    assert_non_null(options.cache);
    char id[20][64], name[32];
    struct probe at[20];
    for (int i = 0; i < 20; i++) { /* more than it holds */
        snprintf(name, sizeof name, "lib%d.so", i);
        char flags[64];
        snprintf(flags, sizeof flags, "-g -DVARIANT=%d", i);
        compile(name, flags);
        build_id(name, id[i]);
        at[i] = probe(name);
        struct mt_profile *p = resolved_with(&options, file(name), id[i], at[i]);
        assert_lines(p);
        mt_profile_free(p);
    }
    run("rm lib19.so lib0.so");
    struct mt_profile *p = resolved_with(&options, file("lib19.so"), id[19], at[19]);
    assert_lines(p);
    mt_profile_free(p);
    p = resolved_with(&options, file("lib19.so"), "aabbccdd", at[19]);
    assert_int_equal(p->locations[0].n_lines, 0);
    mt_profile_free(p);
    p = resolved_with(&options, file("lib0.so"), id[0], at[0]); /* long pushed out */
    assert_int_equal(p->locations[0].n_lines, 0);
    mt_profile_free(p);
    mt_symbols_cache_free(options.cache);
    mt_symbols_cache_free(NULL);
}

/* ---- what is not ----------------------------------------------------------------------------- */

static void another_build_is_not_used(void **state) {
    (void)state;
    compile("lib.so", "-g");
    char id[64];
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    id[3] = id[3] == '0' ? '1' : '0';
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_int_equal(p->locations[0].n_lines, 0);
    assert_false(p->mappings[0].has_functions);
    assert_note(p, "has changed since it was recorded");
    assert_note(p, file("lib.so"));
    mt_profile_free(p);
    p = resolved(file("lib.so"), "", at, NULL); /* recorded without, found with */
    assert_int_equal(p->locations[0].n_lines, 0);
    assert_note(p, "has changed");
    mt_profile_free(p);
}

/* Where the file can be had, what an earlier look said is not true any more. */
static void notes_are_those_of_the_last_look(void **state) {
    (void)state;
    compile("lib.so", "-g");
    char id[64];
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    run("mkdir d && mv lib.so d");
    struct mt_profile *p = resolved(file("lib.so"), id, at, NULL);
    assert_int_equal(mt_profile_add_note(p, "Something else is missing."), 0);
    assert_int_equal(p->info.n_notes, 3);
    const struct mt_symbols_options options = {.debug_path = file("d")};
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, &options, &error), 0);
    assert_int_equal(p->locations[0].n_lines, 3);
    assert_int_equal(p->info.n_notes, 1);
    assert_note(p, "Something else");
    mt_profile_free(p);
    run("rm -r d");
}

static int open_in_directory(void *context, const char *path, const char *id) {
    assert_string_equal(path, context);
    assert_string_equal(id, "");
    return open(file("kept.so"), O_RDONLY | O_CLOEXEC);
}

/* What somebody has kept open is believed without a build id, whatever lies at its path by now. */
static void files_that_were_kept_open(void **state) {
    (void)state;
    run("cc -g -O1 -fPIC -shared -Wl,--build-id=none -o lib.so probe.c && cp lib.so kept.so");
    struct probe at = probe("lib.so");
    run("cc -O1 -fPIC -shared -Wl,--build-id=none -DOTHER -o lib.so probe.c && printf x >> lib.so");
    const struct mt_symbols_kept kept = {.open = open_in_directory,
                                         .context = (void *)file("lib.so")};
    const struct mt_symbols_options options = {.kept = &kept};
    struct mt_profile *p = resolved_with(&options, file("lib.so"), "", at);
    assert_lines(p);
    mt_profile_free(p);
    run("rm kept.so");
}

static void without_a_build_id_time_decides(void **state) {
    (void)state;
    run("cc -g -O1 -fPIC -shared -Wl,--build-id=none -o lib.so probe.c");
    struct probe at = probe("lib.so");
    struct stat status;
    assert_int_equal(stat(file("lib.so"), &status), 0);
    for (int changed = 0; changed < 2; changed++) {
        struct mt_profile *p = build_empty();
        p->info.start_time_ns = (uint64_t)status.st_mtime * UINT64_C(1000000000);
        p->info.start_time_ns += changed ? -UINT64_C(20000000000) : UINT64_C(2000000000);
        p->info.duration_ns = 1000;
        struct mt_mapping mapping = {.bias = at.bias, .path = mt_profile_intern(p, file("lib.so"))};
        mt_profile_add_mapping(p, &mapping);
        build_location(p, 1, at.address, NULL, 0);
        struct mt_error error;
        assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
        assert_int_equal(p->locations[0].n_lines, changed ? 0 : 3);
        assert_int_equal(p->info.n_notes, 2 * changed); /* which file, and what may help */
        mt_profile_free(p);
    }
}

static void files_that_are_none(void **state) {
    (void)state;
    static const char *const quiet[] = {
        "", "[vdso]", "[heap]", "//anon", "/memfd:x (deleted)", "/dev/zero", "/SYSV00", "lib.so"};
    struct probe at = {.address = 0x1234, .bias = 0x1000};
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) {
        struct mt_profile *p = resolved(quiet[i], "", at, NULL);
        assert_int_equal(p->locations[0].n_lines, 0);
        assert_int_equal(p->info.n_notes, 0);
        mt_profile_free(p);
    }
    struct mt_profile *p = resolved(file("gone.so (deleted)"), "aabbcc", at, NULL);
    assert_note(p, "gone.so (deleted) had been deleted");
    mt_profile_free(p);
    run("mkfifo fifo");
    p = resolved(file("fifo"), "aabbcc", at, NULL);
    assert_note(p, "cannot be opened");
    mt_profile_free(p);
    static const char *const made[] = {"true > odd", "echo text > odd", "head -c 100 /bin/sh > odd",
                                       "cc -c -o odd probe.c"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        run("%s", made[i]);
        p = resolved(file("odd"), "", at, NULL);
        assert_int_equal(p->locations[0].n_lines, 0);
        mt_profile_free(p);
    }
}

static void many_missing_files_are_summed_up(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    for (int i = 0; i < 50; i++) {
        char path[64];
        snprintf(path, sizeof path, "/nonexistent/%d.so", i);
        build_location(p, build_mapping(p, path, 0), 0x1000 + (uint64_t)i, NULL, 0);
    }
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
    assert_int_equal(p->info.n_notes, 6); /* four, the rest, and what may help */
    assert_note(p, "46 further files");
    assert_note(p, "with --debug-path DIR");
    mt_profile_free(p);
}

static void change_bytes(const char *name, uint64_t *seed, int n) {
    struct stat status;
    int fd = open(file(name), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    for (int i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)build_random(seed, 256);
        assert_int_equal(pwrite(fd, &byte, 1, build_random(seed, (uint32_t)status.st_size)), 1);
    }
    close(fd);
}

static void ask_all_over(const char *name, struct probe at) {
    struct mt_profile *p = build_empty();
    p->info.is_memtrack = false; /* whatever its build id is by now */
    struct mt_mapping mapping = {
        .start = at.bias, .bias = at.bias, .path = mt_profile_intern(p, file(name))};
    mt_profile_add_mapping(p, &mapping);
    for (uint64_t i = 0; i < 64; i++)
        build_location(p, 1, at.address - 32 + i, NULL, 0);
    struct mt_error error;
    assert_int_equal(mt_symbols_resolve(p, NULL, &error), 0);
    mt_profile_free(p);
}

/* Bytes changed at random in files with debug information of each kind: any answer, but an
 * answer. */
static void damaged_files(void **state) {
    (void)state;
    uint64_t seed = 5;
    compile("lib.so", "-g");
    struct probe at = probe("lib.so");
    run("objcopy --compress-debug-sections=zstd lib.so z.so");
    for (int round = 0; round < 400; round++) {
        run("cp %s damaged.so", round % 2 ? "z.so" : "lib.so");
        change_bytes("damaged.so", &seed, round % 4 == 1 ? 3 : 40);
        ask_all_over("damaged.so", at);
    }
}

static void damaged_packages(void **state) {
    (void)state;
    if (system("command -v dwp > /dev/null") != 0)
        skip();
    uint64_t seed = 6;
    run("cc -O1 -fPIC -g -gdwarf-4 -gsplit-dwarf -c probe.c -o probe.o && cc -shared "
        "-Wl,--build-id probe.o -o "
        "split.so && "
        "dwp -e split.so -o good.dwp && rm probe.dwo");
    struct probe at = probe("split.so");
    for (int round = 0; round < 200; round++) {
        run("cp good.dwp split.so.dwp");
        change_bytes("split.so.dwp", &seed, 1 + round % 30);
        ask_all_over("split.so", at);
    }
}

/* Nor is the client loaded, with libcurl, two TLS libraries and their exit handlers. */
static void nothing_is_fetched_unless_asked(void **state) {
    (void)state;
    setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
    compile("lib.so", "");
    char id[64];
    build_id("lib.so", id);
    struct probe at = probe("lib.so");
    mt_profile_free(resolved(file("lib.so"), id, at, NULL));
    assert_null(dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_NOLOAD));
    void *client =
        dlopen("libdebuginfod.so.1", RTLD_LAZY); /* by this name it would have been found */
    if (client)
        dlclose(client);
    unsetenv("DEBUGINFOD_URLS");
}

static int setup(void **state) {
    (void)state;
    strcpy(directory, "/tmp/memtrack-test-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    FILE *f = fopen(file("probe.c"), "we");
    if (!f)
        return -1;
    fputs(source, f);
    return fclose(f);
}

static int teardown(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

#define COMPILES(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest names[] = {
        cmocka_unit_test(many_missing_files_are_summed_up),
    };
    const struct CMUnitTest files[] = {
        COMPILES(every_kind_of_debug_information),
        COMPILES(sections_compressed_with_zstd),
        COMPILES(debug_information_in_an_unknown_form),
        COMPILES(clang_leaves_out_address_ranges),
        COMPILES(debug_information_in_a_file_beside),
        COMPILES(debug_information_by_name),
        COMPILES(symbols_without_lines),
        COMPILES(the_choice_of_a_symbol),
        COMPILES(cxx_names_are_demangled),
        COMPILES(several_mappings_of_one_file),
        COMPILES(mappings_of_other_tools),
        COMPILES(files_stay_open_in_a_cache),
        COMPILES(another_build_is_not_used),
        COMPILES(notes_are_those_of_the_last_look),
        COMPILES(files_that_were_kept_open),
        COMPILES(without_a_build_id_time_decides),
        COMPILES(files_that_are_none),
        COMPILES(damaged_files),
        COMPILES(damaged_packages),
        COMPILES(nothing_is_fetched_unless_asked),
    };
    int failed = cmocka_run_group_tests(names, NULL, NULL);
    if (system("command -v cc readelf objcopy strip > /dev/null") != 0) {
        puts("no compiler here: nothing to resolve");
        return failed;
    }
    return failed + cmocka_run_group_tests(files, NULL, NULL);
}
