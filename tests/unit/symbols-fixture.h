/* SPDX-License-Identifier: MIT */
/* Files that are compiled here, in a directory of the test's own, and profiles that ask for the
 * names of an address in them. */
#ifndef TESTS_UNIT_SYMBOLS_FIXTURE_H
#define TESTS_UNIT_SYMBOLS_FIXTURE_H

#include "directory-fixture.h"
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

static char directory[DIRECTORY_BYTES];

__attribute__((format(printf, 1, 2))) static inline void run(const char *format, ...) {
    char command[1024], all[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    snprintf(all, sizeof all, "cd %s && %s", directory, command);
    if (system(all) != 0)
        fail_msg("%s", all);
}

static inline const char *file(const char *name) {
    static char path[4][160];
    static unsigned turn;
    char *at = path[turn++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", directory, name);
    return at;
}

static inline void compile(const char *name, const char *flags) {
    run("cc -O1 -fPIC -shared -Wl,--build-id,-soname,%s %s -o %s probe.c", name, flags, name);
}

static inline void build_id(const char *name, char hex[64]) {
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
static inline struct probe probe(const char *name) {
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

/* Returns a profile with one mapping and one location, both resolved. */
static inline struct mt_profile *resolved_with(const struct mt_symbols_options *options,
                                               const char *path, const char *id, struct probe at) {
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

static inline struct mt_profile *resolved(const char *path, const char *id, struct probe at,
                                          const char *debug_path) {
    struct mt_symbols_options options = {.debug_path = debug_path};
    return resolved_with(&options, path, id, at);
}

static inline void assert_frame(const struct mt_profile *p, uint32_t frame, const char *name,
                                int64_t line) {
    assert_true(frame < p->locations[0].n_lines);
    const struct mt_line *at = &p->lines[p->locations[0].first_line + frame];
    const struct mt_function *function = &p->functions[at->function];
    assert_string_equal(mt_profile_text(p, function->name), name);
    assert_string_equal(mt_profile_text(p, function->file), file("probe.c"));
    assert_int_equal(at->line, line);
    assert_int_equal(function->address, 0);
}

static inline void assert_lines(const struct mt_profile *p) {
    assert_int_equal(p->locations[0].n_lines, 3);
    assert_frame(p, 0, "inner", 3);
    assert_frame(p, 1, "middle", 7);
    assert_frame(p, 2, "probe", 11);
    assert_int_equal(p->functions[p->lines[p->locations[0].first_line].function].start_line, 2);
    assert_true(p->mappings[0].has_functions && p->mappings[0].has_filenames &&
                p->mappings[0].has_line_numbers && p->mappings[0].has_inline_frames);
    assert_int_equal(p->info.n_notes, 0);
}

/* Asserts that the location is a function by its symbol: without a line, and with its start. */
static inline void assert_symbol_only(const struct mt_profile *p, struct probe at) {
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

static inline void assert_note(const struct mt_profile *p, const char *text) {
    for (size_t i = 0; i < p->info.n_notes; i++)
        if (strstr(mt_profile_text(p, p->info.notes[i]), text))
            return;
    fail_msg("no note has \"%s\"", text);
}

/* ---- the tests of files -------------------------------------------------------------------- */

static inline int setup(void **state) {
    (void)state;
    directory_make(directory);
    directory_write_text(file("probe.c"), source);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    return directory_remove(directory);
}

#define COMPILES(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static inline bool can_compile(void) {
    if (system("command -v cc readelf objcopy strip > /dev/null") == 0)
        return true;
    puts("no compiler here: nothing to resolve");
    return false;
}

#endif
