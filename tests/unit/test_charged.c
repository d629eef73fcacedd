/* SPDX-License-Identifier: MIT */
/* Whom a sample is charged to when libraries of the system are between the program and malloc. */
#include "profile-fixture.h"
#include "view/rows/frames.h"
#include "view/rows/rows.h"

struct frame {
    uint32_t module;
    const char *name, *file;
};
enum { APP = 1, GLIB, OWN, CXX, JIT, JVM };

static struct mt_profile *program(const char *exe) {
    struct mt_profile *p = build_empty();
    p->info.exe = mt_profile_intern(p, exe);
    build_mapping(p, exe, 0x1000);
    build_mapping(p, "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0.7400.6", 0x2000);
    build_mapping(p, "/opt/app/lib/libown.so", 0x3000);
    build_mapping(p, "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 0x4000);
    build_mapping(p, MT_PROFILE_JIT, 0x5000);
    build_mapping(p, "/opt/jdk/lib/server/libjvm.so", 0x6000);
    return p;
}

/* Charges a block whose path is malloc and these frames. */
static void assert_charged_to(const char *exe, const char *expected, struct mt_view_options options,
                              const struct frame *frames) {
    struct mt_profile *p = program(exe);
    uint32_t path[8], n = 0;
    path[n++] = build_frame(p, APP, "malloc", "", 0);
    for (; frames->name; frames++)
        path[n++] =
            build_frame(p, frames->module, frames->name, frames->file, *frames->file ? 10 : 0);
    build_sample(p, 64, n, path);
    struct mt_rows *rows;
    struct mt_error error = {0};
    options.sort = MT_VALUE_PEAK_BYTES;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), 0);
    assert_int_equal(mt_rows_count(rows), *expected != '\0');
    if (*expected) {
        const struct mt_row *row = mt_rows_at(rows, 0);
        mt_string text = options.by == MT_BY_MODULE ? row->module : row->function;
        assert_string_equal(mt_profile_text(p, text), expected);
    }
    mt_rows_free(rows);
    mt_profile_free(p);
}

static const char own[] = "/srv/dev/app", of_system[] = "/usr/bin/app";
static const struct mt_view_options by_function = {.by = MT_BY_FUNCTION};

static void a_library_of_the_system_passes_on(void **state) {
    (void)state;
    const struct frame path[] = {{GLIB, "g_hash_table_resize", ""},
                                 {GLIB, "g_hash_table_insert", "ghash.c"},
                                 {APP, "load", "app.c"},
                                 {APP, "main", "app.c"},
                                 {0}};
    assert_charged_to(own, "load", by_function, path);
    assert_charged_to(of_system, "g_hash_table_resize", by_function, path);
    struct mt_view_options options = by_function;
    options.wrappers.keep_libraries = true;
    assert_charged_to(own, "g_hash_table_resize", options, path);
    options = (struct mt_view_options){.by = MT_BY_MODULE};
    assert_charged_to(own, "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0.7400.6", options, path);
}

/* Where the program says nothing, its library says more. */
static void not_to_a_program_without_lines(void **state) {
    (void)state;
    const struct frame stripped[] = {{CXX, "std::string::_M_create", ""},
                                     {GLIB, "g_hash_table_resize", ""},
                                     {APP, "sub_1234", ""},
                                     {0}};
    assert_charged_to(own, "g_hash_table_resize", by_function, stripped);
    const struct frame thread[] = {{GLIB, "g_thread_proxy", ""}, {0}};
    assert_charged_to(own, "g_thread_proxy", by_function, thread);
    const struct frame below[] = {{GLIB, "g_get_home", ""}, {APP, "_start", ""}, {0}};
    assert_charged_to(own, "g_get_home", by_function, below);
}

static void what_is_not_of_the_system_is_charged(void **state) {
    (void)state;
    const struct frame library[] = {{OWN, "own_grow", ""}, {APP, "load", "app.c"}, {0}};
    assert_charged_to(own, "own_grow", by_function, library);
    const struct frame called_back[] = {
        {APP, "on_click", "app.c"}, {GLIB, "g_signal_emit", ""}, {APP, "main", "app.c"}, {0}};
    assert_charged_to(own, "on_click", by_function, called_back);
}

static void headers_and_generated_code_pass_on(void **state) {
    (void)state;
    static const char *const files[] = {"/usr/include/boost/multi_index_container.hpp",
                                        "/usr/include/google/protobuf/arena.h",
                                        "build/proto/person.pb.cc", "build/moc_window.cpp"};
    for (size_t i = 0; i < 4; i++) {
        const struct frame path[] = {{APP, "allocate_node", files[i]}, {APP, "fill", "app.c"}, {0}};
        assert_charged_to(own, "fill", by_function, path);
    }
    const struct frame vendored[] = {
        {APP, "grow", "/srv/dev/third_party/boost/vector.hpp"}, {APP, "fill", "app.c"}, {0}};
    assert_charged_to(own, "grow", by_function, vendored);
}

/* A virtual machine allocates for the code that it runs: its own functions have no lines, or are in
 * a library that is known to be one. What comes with the language passes on as well. */
static void managed_code_is_charged(void **state) {
    (void)state;
    const struct frame javascript[] = {
        {APP, "node::Buffer::New", ""}, {APP, "v8::internal::Invoke", ""},
        {JIT, "alloc", "node:buffer"},  {JIT, "Builtin:ArrayMap", ""},
        {JIT, "parse", "/x/app.js"},    {JIT, "run", "/x/app.js"},
        {APP, "node::Start", ""},       {0}};
    assert_charged_to(own, "parse", by_function, javascript);
    struct mt_view_options options = by_function;
    options.wrappers.keep_libraries = true;
    assert_charged_to(own, "node::Buffer::New", options, javascript);
    const struct frame java[] = {{JVM, "os::malloc", "os.cpp"},
                                 {JIT, "java.nio.ByteBuffer.allocateDirect(int)", ""},
                                 {JIT, "App.load()", ""},
                                 {JVM, "JavaCalls::call", "javaCalls.cpp"},
                                 {0}};
    assert_charged_to(own, "App.load()", by_function, java);
}

static void native_code_with_lines_is_charged_itself(void **state) {
    (void)state;
    const struct frame extension[] = {
        {OWN, "resize", "image.c"}, {OWN, "Java_App_resize", ""}, {JIT, "App.load()", ""}, {0}};
    assert_charged_to(own, "resize", by_function, extension);
    const struct frame between[] = {
        {OWN, "copy", ""}, {OWN, "resize", "image.c"}, {JIT, "App.load()", ""}, {0}};
    assert_charged_to(own, "copy", by_function, between);
    const struct frame no_user[] = {{APP, "v8::internal::New", ""},
                                    {JIT, "internal", "node:internal/main"},
                                    {APP, "node::Start", ""},
                                    {0}};
    assert_charged_to(own, "v8::internal::New", by_function, no_user);
}

/* A filter sees the library that was passed over. */
static void filters_match_the_library(void **state) {
    (void)state;
    const struct frame path[] = {{GLIB, "g_malloc_it", ""}, {APP, "load", "app.c"}, {0}};
    static const char *const libraries[] = {"libglib*"}, *const others[] = {"libz*"};
    struct mt_view_options options = by_function;
    options.filter = (struct mt_filter){.include = libraries, .n_include = 1};
    assert_charged_to(own, "load", options, path);
    options.filter = (struct mt_filter){.exclude = libraries, .n_exclude = 1};
    assert_charged_to(own, "", options, path);
    options.filter = (struct mt_filter){.include = others, .n_include = 1};
    assert_charged_to(own, "", options, path);
}

/* A function of a stripped file has a name made up of its address: the nearest one with a name
 * tells where it is. */
static void who_called_the_nameless_is_found(void **state) {
    (void)state;
    struct mt_profile *p = program(of_system);
    const uint32_t path[] = {
        build_frame(p, APP, "malloc", "", 0), build_frame(p, APP, "sub_1a0", "", 0),
        build_frame(p, APP, "sub_2b0", "", 0), build_frame(p, APP, "parse", "", 0),
        build_frame(p, APP, "main", "", 0)};
    build_sample(p, 64, 5, path);
    build_sample(p, 16, 2, path + 3); /* it has a name */
    struct mt_view_options options = {.by = MT_BY_LINE, .sort = MT_VALUE_PEAK_BYTES};
    struct mt_rows *rows;
    struct mt_error error = {0};
    struct mt_row_frame caller;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), 0);
    assert_int_equal(mt_rows_count(rows), 2);
    const struct mt_row *nameless = mt_rows_at(rows, 0), *named = mt_rows_at(rows, 1);
    assert_true(mt_rows_named_caller(rows, nameless, &caller));
    assert_string_equal(mt_profile_text(p, caller.function), "parse");
    assert_false(mt_rows_named_caller(rows, named, &caller));
    mt_rows_free(rows);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_of_the_system_passes_on),
        cmocka_unit_test(not_to_a_program_without_lines),
        cmocka_unit_test(what_is_not_of_the_system_is_charged),
        cmocka_unit_test(headers_and_generated_code_pass_on),
        cmocka_unit_test(managed_code_is_charged),
        cmocka_unit_test(native_code_with_lines_is_charged_itself),
        cmocka_unit_test(filters_match_the_library),
        cmocka_unit_test(who_called_the_nameless_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
