/* SPDX-License-Identifier: MIT */
/* Names of files that are gone, changed, damaged or no ELF at all: none is made up, and what is
 * missing is said. */
#include "symbols-fixture.h"

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
    assert_note(p, "has changed since (it is another build)");
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
    assert_note(p, "gone.so (deleted) was deleted before the recording");
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
    assert_note(p, "46 more files");
    assert_note(p, "in --debug-path DIR");
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

int main(void) {
    const struct CMUnitTest names[] = {
        cmocka_unit_test(many_missing_files_are_summed_up),
    };
    const struct CMUnitTest files[] = {
        COMPILES(another_build_is_not_used), COMPILES(notes_are_those_of_the_last_look),
        COMPILES(files_that_were_kept_open), COMPILES(without_a_build_id_time_decides),
        COMPILES(files_that_are_none),       COMPILES(damaged_files),
        COMPILES(damaged_packages),          COMPILES(nothing_is_fetched_unless_asked),
    };
    int failed = cmocka_run_group_tests(names, NULL, NULL);
    return can_compile() ? failed + cmocka_run_group_tests(files, NULL, NULL) : failed;
}
