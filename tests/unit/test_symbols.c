/* SPDX-License-Identifier: MIT */
/* Functions, lines and inlined calls of files that are compiled here, wherever their debug
 * information is and however it is written. What is gone, changed or damaged is in
 * test_symbols_missing.c. */
#include "symbols-fixture.h"

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
    assert_note(p, "is damaged, or compressed");
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

int main(void) {
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
    };
    return can_compile() ? cmocka_run_group_tests(files, NULL, NULL) : 0;
}
