/* SPDX-License-Identifier: MIT */
/* What a frame is: names as libiberty and rustc's symbols really give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "view/format/format.h"
#include "view/rows/wrappers.h"
#include "view/rows/wrappers_list.h"

#define STL     "/usr/include/c++/12/bits/stl_vector.h"
#define RUSTLIB "/rustc/90c541806f23a127002de5b4038be731ba1458ca/library/"

static void qualified_names(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"main", "main"},
        {"", ""},
        {"xmalloc.part.0", "xmalloc"},
        {"xmalloc.constprop.0.isra.1", "xmalloc"},
        {"f(int) [clone .cold]", "f"},
        {"operator new(unsigned long)", "operator new"},
        {"operator new[](unsigned long, std::nothrow_t const&)", "operator new[]"},
        {"operator delete(void*)", "operator delete"},
        {"foo::operator new(unsigned long)", "foo::operator new"},
        {"void std::vector<int, std::allocator<int> >::_M_realloc_insert<int const&>(int*, int "
         "const&)",
         "std::vector<int, std::allocator<int> >::_M_realloc_insert<int const&>"},
        {"std::vector<int, std::allocator<int> > make<int>(int)", "make<int>"},
        {"(anonymous namespace)::pool::pool()", "(anonymous namespace)::pool::pool"},
        {"int (anonymous namespace)::get<int>()", "(anonymous namespace)::get<int>"},
        {"main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"},
        {"run(int)::{lambda()#2}::operator()() const", "run(int)::{lambda()#2}::operator()"},
        {"ns::f(int) const::{lambda()#1}::operator()() const",
         "ns::f(int) const::{lambda()#1}::operator()"},
        {"std::ostream& operator<< <char>(std::ostream&, char)", "operator<< <char>"},
        {"bool operator<<int>(int)", "operator<<int>"},
        {"a::b::operator->() const", "a::b::operator->"},
        {"a::operator std::string() const", "a::operator std::string"},
        {"std::__cxx11::basic_string<char> a::name[abi:cxx11]() const", "a::name[abi:cxx11]"},
        {"cooperator(int)", "cooperator"},
        {"<alloc::vec::Vec<T> as core::clone::Clone>::clone",
         "<alloc::vec::Vec<T> as core::clone::Clone>::clone"},
        {"core::ops::function::FnOnce::call_once<fn() -> i32>",
         "core::ops::function::FnOnce::call_once<fn() -> i32>"},
        {"main.(*Tree).Insert", "main.(*Tree).Insert"},
        {"((((", ""},
        {"<<<", "<<<"},
        {"f(", "f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name;
        size_t bytes = mt_format_qualified_name(cases[i][0], &name);
        if (bytes != strlen(cases[i][1]) || memcmp(name, cases[i][1], bytes) != 0)
            fail_msg("%s: %.*s", cases[i][0], (int)bytes, name);
    }
}

struct expectation {
    struct mt_frame_text frame;
    enum mt_frame_kind kind;
};

static void check(const struct expectation *cases, size_t n,
                  const struct mt_wrapper_options *options) {
    static const char *const kinds[] = {"user", "hook", "allocator", "library", "runtime"};
    for (size_t i = 0; i < n; i++) {
        enum mt_frame_kind kind = mt_wrappers_classify(&cases[i].frame, options);
        if (kind != cases[i].kind)
            fail_msg("%s in %s of %s: %s, not %s", cases[i].frame.function, cases[i].frame.file,
                     cases[i].frame.module, kinds[kind], kinds[cases[i].kind]);
    }
}

#define CHECK(cases, options) check(cases, sizeof(cases) / sizeof *(cases), options)

static void c_frames(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {{"malloc", "malloc", "", "/usr/lib/memtrack/libmemtrack.so"}, MT_FRAME_HOOK},
        {{"mallocx", "", "", "/opt/libmemtrack-jemalloc.so"}, MT_FRAME_HOOK},
        {{"mmap", "", "", "/opt/libmemtrack-mmap.so"}, MT_FRAME_HOOK},
        {{"memtrack_report", "", "", "/opt/libmemtrack-analyze.so.1"}, MT_FRAME_USER},
        {{"malloc", "malloc", "", "/lib/x86_64-linux-gnu/libc.so.6"}, MT_FRAME_ALLOCATOR},
        {{"malloc", "", "my_malloc.c", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"", "", "", "/usr/lib/libjemalloc.so.2"}, MT_FRAME_ALLOCATOR},
        {{"whatever", "", "", "/usr/lib/libtcmalloc_minimal.so.4"}, MT_FRAME_ALLOCATOR},
        {{"strdup", "strdup", "", "/lib/x86_64-linux-gnu/libc.so.6"}, MT_FRAME_ALLOCATOR},
        {{"__strdup", "", "./string/strdup.c", "/lib/libc.so.6"}, MT_FRAME_ALLOCATOR},
        {{"getline", "", "src/io.c", "/bin/app"}, MT_FRAME_USER},
        {{"getline", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"getline", "", "", ""}, MT_FRAME_ALLOCATOR},
        {{"qsort_r", "", "", "/lib/libc.so.6"}, MT_FRAME_LIBRARY},
        {{"", "", "", "/lib/libc.so.6"}, MT_FRAME_LIBRARY},
        {{"_start", "", "", "/bin/app"}, MT_FRAME_RUNTIME},
        {{"__libc_start_main_impl", "", "../csu/libc-start.c", "/lib/libc.so.6"}, MT_FRAME_RUNTIME},
        {{"start_thread", "", "", "/lib/libc.so.6"}, MT_FRAME_RUNTIME},
        {{"start_thread", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"call_init", "", "", "/lib64/ld-linux-x86-64.so.2"}, MT_FRAME_RUNTIME},
        {{"_dl_new_object", "", "", "/lib64/ld-linux-x86-64.so.2"}, MT_FRAME_LIBRARY},
        {{"xmalloc", "", "src/util.c", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"xmalloc.part.0", "", "", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"g_malloc0", "", "", "/usr/lib/libglib-2.0.so.0"}, MT_FRAME_ALLOCATOR},
        {{"g_hash_table_new", "", "", "/usr/lib/libglib-2.0.so.0"}, MT_FRAME_USER},
        {{"xmlParse", "", "", "/usr/lib/libxml2.so.2"}, MT_FRAME_USER},
        {{"memtrack_track", "", "/usr/include/memtrack.h", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"xmallocator", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"xmall", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"main", "main", "main.c", "/bin/app"}, MT_FRAME_USER},
        {{"", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"", "", "", ""}, MT_FRAME_USER},
    };
    CHECK(cases, &(struct mt_wrapper_options){0});
}

static void cxx_frames(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {{"operator new(unsigned long)", "_Znwm", "", "/usr/lib/libstdc++.so.6"},
         MT_FRAME_ALLOCATOR},
        {{"std::allocator<int>::allocate(unsigned long)", "", "", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*)", "", STL,
          "/bin/app"},
         MT_FRAME_ALLOCATOR},
        {{"allocate", "", "/usr/include/c++/12/bits/new_allocator.h", "/bin/app"},
         MT_FRAME_ALLOCATOR},
        {{"allocate", "", "src/new_allocator.h", "/bin/app"}, MT_FRAME_USER},
        {{"std::vector<int, std::allocator<int> >::push_back(int const&)", "", STL, "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"_M_create_storage", "", STL, "/bin/app"}, MT_FRAME_LIBRARY},
        {{"void std::vector<int>::_M_realloc_insert<int>(int*, int&&)", "", "", "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"std::vector<int> make<int>(int)", "", "", "/bin/app"}, MT_FRAME_USER},
        {{"std::hash<Key>::operator()(Key const&) const", "", "src/key.h", "/bin/app"},
         MT_FRAME_USER},
        {{"std::__1::vector<int>::push_back(int)", "", "/usr/lib/llvm-14/include/c++/v1/vector",
          "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"__cxa_allocate_exception", "", "", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"},
         MT_FRAME_LIBRARY},
        {{"core::engine::run()", "_ZN4core6engine3runEv", "", "/bin/app"}, MT_FRAME_USER},
        {{"alloc::pool::grow()", "_ZN5alloc4pool4growEv", "src/pool.cpp", "/bin/app"},
         MT_FRAME_USER},
        {{"standard::f()", "", "", "/bin/app"}, MT_FRAME_USER},
    };
    CHECK(cases, &(struct mt_wrapper_options){0});
}

static void rust_frames(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {{"__rust_alloc", "", "", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"alloc::alloc::alloc", "", RUSTLIB "alloc/src/alloc.rs", "/bin/app"}, MT_FRAME_ALLOCATOR},
        {{"alloc::raw_vec::finish_grow", "_ZN5alloc7raw_vec11finish_grow17h0123456789abcdefE", "",
          "/bin/app"},
         MT_FRAME_ALLOCATOR},
        {{"<alloc::raw_vec::RawVec<u8>>::grow_one", "_RNvMs_NtCs5alloc", "", "/bin/app"},
         MT_FRAME_ALLOCATOR},
        {{"<T as alloc::slice::hack::ConvertVec>::to_vec", "_RNvX", "", "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"alloc::vec::Vec<T,A>::push", "", RUSTLIB "alloc/src/vec/mod.rs", "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"hashbrown::raw::RawTable<T,A>::reserve_rehash", "",
          "/cargo/registry/src/x/hashbrown-0.12.3/src/raw/mod.rs", "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"core::fmt::write", "_ZN4core3fmt5write17h0123456789abcdefE", "", "/bin/app"},
         MT_FRAME_LIBRARY},
        {{"demo::parse", "_ZN4demo5parse17h0123456789abcdefE", "", "/bin/app"}, MT_FRAME_USER},
        {{"<demo::Tree as core::clone::Clone>::clone", "_RNvXs", "", "/bin/app"}, MT_FRAME_USER},
        {{"std::collections::mine", "", "src/main.rs", "/bin/app"}, MT_FRAME_USER},
    };
    CHECK(cases, &(struct mt_wrapper_options){0});
}

static void lists_are_sorted(void **state) {
    (void)state;
    const char *name = mt_wrappers_list_check();
    if (name)
        fail_msg("%s is out of order", name);
}

#define APP "/bin/app"

static void headers_of_libc(void **state) {
    (void)state;
    static const struct {
        const char *file;
        enum mt_frame_kind asprintf, other;
    } cases[] = {
        /* Debian, Fedora, a cross compiler, Nix, a crosstool's and Yocto's sysroot, musl, bionic */
        {"/usr/include/x86_64-linux-gnu/bits/stdio2.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/usr/include/bits/stdio2.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/usr/aarch64-linux-gnu/include/bits/stdio2.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/nix/store/0000-glibc-2.38-dev/include/bits/stdio2.h", MT_FRAME_ALLOCATOR,
         MT_FRAME_LIBRARY},
        {"/opt/x-tools/arm-linux/sysroot/usr/include/bits/stdlib.h", MT_FRAME_ALLOCATOR,
         MT_FRAME_LIBRARY},
        {"/opt/poky/sysroots/core2-64/usr/include/bits/anything.h", MT_FRAME_ALLOCATOR,
         MT_FRAME_LIBRARY},
        {"include/x86_64-linux-gnu/bits/string_fortified.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/usr/include/fortify/stdio.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/ndk/sysroot/usr/include/bits/fortify/stdio.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        {"/usr/lib/gcc/x86_64-linux-gnu/12/include/ssp/stdio.h", MT_FRAME_ALLOCATOR,
         MT_FRAME_LIBRARY},
        {"/usr/include/stdlib.h", MT_FRAME_ALLOCATOR, MT_FRAME_LIBRARY},
        /* of a project's own */
        {"/srv/u/app/bits/stdio2.h", MT_FRAME_USER, MT_FRAME_USER},
        {"/srv/u/app/include/bits/blocks.h", MT_FRAME_USER, MT_FRAME_USER},
        {"/srv/u/app/include/stdlib.h", MT_FRAME_USER, MT_FRAME_USER},
        {"/srv/u/app/fortify/stdio.h", MT_FRAME_USER, MT_FRAME_USER},
        {"/usr/include/stb/stdlib.h", MT_FRAME_USER, MT_FRAME_USER},
        {"/usr/include/glib-2.0/glib/gstrfuncs.h", MT_FRAME_USER, MT_FRAME_USER},
        {"bits/stdio2.h", MT_FRAME_USER, MT_FRAME_USER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct expectation both[] = {
            {{"asprintf", "", cases[i].file, APP}, cases[i].asprintf},
            {{"qsort", "", cases[i].file, APP}, cases[i].other},
        };
        CHECK(both, &(struct mt_wrapper_options){0});
    }
}

static void crates(void **state) {
    (void)state;
    static const char *const of_others[] = {
        "/usr/src/rustc-1.63.0/vendor/hashbrown/src/raw/mod.rs",
        "/rust/deps/hashbrown-0.16.1/src/raw/mod.rs",
        "/usr/share/cargo/registry/hashbrown-0.12.3/src/map.rs",
        "/srv/u/.cargo/registry/src/index.crates.io-6f17d22bba15001f/hashbrown-0.14.5/src/map.rs",
        "/srv/u/.cargo/git/checkouts/hashbrown-a1b2c3d4e5f60718/0123456/src/map.rs",
        "/rustc/90c541806f23a127002de5b4038be731ba1458ca/vendor/memchr-2.5.0/src/lib.rs",
        "/rustc/90c541806f23a127002de5b4038be731ba1458ca/library/test/src/lib.rs",
        "/usr/lib/rustlib/src/rust/library/proc_macro/src/lib.rs",
        "/usr/src/rustc-1.63.0/library/std/src/../../backtrace/src/lib.rs",
        "library/std/src/fs.rs",
        "vendor/hashbrown/src/map.rs",
        "app/vendor/hashbrown-0.14/src/map.rs",
        "/b/third_party/rust/hashbrown/src/map.rs",
        "/b/third_party/rust/chromium_crates_io/vendor/hashbrown-v0_14/src/map.rs",
        "/bazel/external/crate_index__hashbrown-0.14.3/src/map.rs",
        "/nix/cargo-vendor-dir/indexmap-2.2.6/src/map.rs",
    };
    static const char *const own[] = {
        "/srv/u/hashbrown/src/map.rs",
        "/srv/u/hashbrown-fork/src/map.rs",
        "/srv/u/my-hashbrown-1/src/a.rs",
        "/srv/u/library/src/core.rs",
        "/srv/u/rustc-tool/vendor/x/a.rs",
        "/srv/u/vendor/serde-1.0.0/src/lib.rs",
        "src/main.rs",
    };
    for (size_t i = 0; i < sizeof of_others / sizeof *of_others; i++)
        CHECK(((struct expectation[]){{{"f", "", of_others[i], APP}, MT_FRAME_LIBRARY}}),
              &(struct mt_wrapper_options){0});
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        CHECK(((struct expectation[]){{{"f", "", own[i], APP}, MT_FRAME_USER}}),
              &(struct mt_wrapper_options){0});
}

static void known_libraries(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {{"apr_pstrdup", "", "strings/apr_strings.c", "/usr/lib/libapr-1.so.0"},
         MT_FRAME_ALLOCATOR},
        {{"_talloc_zero", "", "", "/usr/lib/libtalloc.so.2"}, MT_FRAME_ALLOCATOR},
        {{"g_type_create_instance", "", "", "/usr/lib/libgobject-2.0.so.0"}, MT_FRAME_ALLOCATOR},
        {{"g_strconcat", "", "", "/usr/lib/libglib-2.0.so.0"}, MT_FRAME_ALLOCATOR},
        {{"g_strdup_inline", "", "/usr/include/glib-2.0/glib/gstrfuncs.h", APP},
         MT_FRAME_ALLOCATOR},
        {{"_mm_malloc", "", "/usr/lib/gcc/x86_64-linux-gnu/12/include/mm_malloc.h", APP},
         MT_FRAME_ALLOCATOR},
        {{"boost::container::new_allocator<int>::allocate(unsigned long)", "",
          "/usr/include/boost/container/new_allocator.hpp", APP},
         MT_FRAME_ALLOCATOR},
        {{"boost::container::vector<int>::push_back(int&&)", "",
          "/usr/include/boost/container/vector.hpp", APP},
         MT_FRAME_LIBRARY},
        {{"boost::container::vector<int>::push_back(int&&)", "", "", APP}, MT_FRAME_LIBRARY},
        {{"boost::asio::detail::x()", "", "/usr/include/boost/asio/detail/x.hpp", APP},
         MT_FRAME_USER},
        {{"void* absl::lts_20220623::container_internal::Allocate<8ul, std::allocator<char> >(int)",
          "", "/usr/include/absl/container/internal/container_memory.h", APP},
         MT_FRAME_ALLOCATOR},
        {{"absl::container_internal::raw_hash_set<int>::resize(unsigned long)", "", "", APP},
         MT_FRAME_LIBRARY},
        {{"absl::debian5::StrCat(int)", "", "", APP}, MT_FRAME_USER},
        {{"folly::checkedMalloc(unsigned long)", "", "", APP}, MT_FRAME_ALLOCATOR},
        {{"QArrayData::allocate(unsigned long, unsigned long)", "", "", "/usr/lib/libQt5Core.so.5"},
         MT_FRAME_ALLOCATOR},
        {{"QTypedArrayData<int>::allocate(unsigned long)", "",
          "/usr/include/x86_64-linux-gnu/qt5/QtCore/qarraydata.h", APP},
         MT_FRAME_ALLOCATOR},
        {{"QVector<int>::append(int const&)", "",
          "/usr/include/x86_64-linux-gnu/qt5/QtCore/qvector.h", APP},
         MT_FRAME_LIBRARY},
        {{"QString::fromUtf8_helper(char const*, int)", "", "", "/usr/lib/libQt5Core.so.5"},
         MT_FRAME_LIBRARY},
        {{"QObject::QObject(QObject*)", "", "", "/usr/lib/libQt5Core.so.5"}, MT_FRAME_USER},
        {{"Table::fill()", "", "src/QtCore/table.cpp", APP}, MT_FRAME_USER},
    };
    CHECK(cases, &(struct mt_wrapper_options){0});
    static const struct expectation kept[] = {
        {{"boost::container::vector<int>::push_back(int&&)", "", "", APP}, MT_FRAME_USER},
        {{"putchar", "", "/usr/include/x86_64-linux-gnu/bits/stdio.h", APP}, MT_FRAME_USER},
    };
    CHECK(kept, &(struct mt_wrapper_options){.keep_libraries = true});
}

static void options_change_the_verdict(void **state) {
    (void)state;
    static const struct mt_frame_text push = {"std::vector<int>::push_back(int)", "", STL,
                                              "/bin/app"};
    static const struct mt_frame_text new = {"operator new(unsigned long)", "_Znwm", "",
                                             "/lib/libstdc++.so.6"};
    static const struct mt_frame_text mine = {"pool::take(int)", "_ZN4pool4takeEi", "src/pool.cpp",
                                              "/opt/libpool.so.1"};
    struct mt_wrapper_options options = {.keep_libraries = true};
    assert_int_equal(mt_wrappers_classify(&push, &options), MT_FRAME_USER);
    assert_int_equal(mt_wrappers_classify(&new, &options), MT_FRAME_ALLOCATOR);
    options = (struct mt_wrapper_options){.keep_all = true};
    assert_int_equal(mt_wrappers_classify(&new, &options), MT_FRAME_USER);
    const char *matching[] = {"pool::*",    "pool::take", "pool::take(int)", "_ZN4pool*",
                              "*/pool.cpp", "pool.cpp",   "libpool.so*"};
    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        options = (struct mt_wrapper_options){.patterns = &matching[i], .n_patterns = 1};
        assert_int_equal(mt_wrappers_classify(&mine, &options), MT_FRAME_ALLOCATOR);
        assert_int_equal(mt_wrappers_classify(&push, &options), MT_FRAME_LIBRARY);
    }
    const char *other = "take";
    options = (struct mt_wrapper_options){.patterns = &other, .n_patterns = 1};
    assert_int_equal(mt_wrappers_classify(&mine, &options), MT_FRAME_USER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qualified_names),
        cmocka_unit_test(c_frames),
        cmocka_unit_test(cxx_frames),
        cmocka_unit_test(rust_frames),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(headers_of_libc),
        cmocka_unit_test(crates),
        cmocka_unit_test(known_libraries),
        cmocka_unit_test(options_change_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
