/* SPDX-License-Identifier: MIT */
/*
 * What kind of frame is this?
 *
 * A person who asks "which line holds the memory" means a line that they wrote. Between it and
 * malloc lie, from the inside: the allocator, functions whose whole job is to allocate for their
 * caller, and the standard libraries. Two kinds are told apart because --keep-std shows the second
 * one:
 *
 *   ALLOCATOR  malloc family and operator new under every allocator's names; the C library's
 *              functions that return memory to the caller (strdup, asprintf, getline, realpath,
 *              fopen, ...); std::allocator and its traits; Rust's alloc::alloc and alloc::raw_vec;
 *              the xmalloc of well-known programs and libraries (wrappers_list.c)
 *   LIBRARY    everything else in libc, libstdc++/libc++ and Rust's core/alloc/std, whether called
 *              or inlined: for push_back the line that is wanted is that of the caller, not of
 *              stl_vector.h
 *
 * A name from the C library's list counts only in the C library (or when no module is known):
 * programs have a getline of their own. A file, when known, decides before the name does: a user's
 * specialisation of std::hash is the user's. Names of Rust's crates count only in Rust code: C++
 * programs have namespaces core and alloc.
 */
#include "view/rows/wrappers.h"

#include <string.h>

#include "view/format/format.h"
#include "view/rows/interpreters.h"
#include "view/rows/library.h"
#include "view/rows/managed.h"
#include "view/rows/pattern.h"
#include "view/rows/wrappers_list.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Qualified names that begin so are allocator plumbing of the C++ libraries. */
static const char *const cxx_plumbing[] = {
    "std::allocator<",
    "std::allocator_traits<",
    "std::__new_allocator<",
    "std::__allocate_guarded",
    "std::__detail::_Hashtable_alloc<",
    "std::__allocated_ptr<",
    "std::__libcpp_allocate",
    "std::__1::allocator<",
    "std::__1::allocator_traits<",
    "std::__1::__libcpp_allocate",
    "std::__1::__libcpp_operator_new",
    "std::__1::__allocate_at_least",
    "__gnu_cxx::new_allocator<",
    "__gnu_cxx::malloc_allocator<",
    "__gnu_cxx::__alloc_traits<",
    "__gnu_cxx::__mt_alloc<",
    "__gnu_cxx::__pool_alloc<",
    "std::pmr::polymorphic_allocator<",
    "std::pmr::memory_resource::allocate",
};

/* These say the same where only a file name is known (inlined members carry no qualified name). */
static const char *const cxx_plumbing_files[] = {
    "/new_allocator.h",
    "/alloc_traits.h",
    "/bits/allocator.h",
    "/allocated_ptr.h",
    "/malloc_allocator.h",
    "/__memory/allocator.h",
    "/__memory/allocator_traits.h",
    "/__memory/allocate_at_least.h",
};

static const char *const rust_plumbing[] = {
    "alloc::alloc::", "alloc::raw_vec::", "std::alloc::", "std::sys::alloc"};
static const char *const rust_plumbing_files[] = {
    "/library/alloc/src/alloc.rs", "/library/alloc/src/raw_vec.rs",
    "/library/alloc/src/raw_vec/mod.rs", "/library/std/src/alloc.rs",
    "/library/core/src/alloc/mod.rs"};
static const char *const rust_library[] = {
    "alloc::", "core::", "std::", "hashbrown::", "indexmap::", "smallvec::"};
static const char *const cxx_library[] = {"std::", "__gnu_cxx::", "__cxxabiv1::", "__gnu_debug::"};

static const char *const tracker_modules[] = {"libmemtrack.so", "libmemtrack-jemalloc.so",
                                              "libmemtrack-mimalloc.so", "libmemtrack-mmap.so"};
static const char *const allocator_modules[] = {"libjemalloc.so", "libtcmalloc", "libmimalloc.so",
                                                "libmimalloc-"};
static const char *const libc_modules[] = {"libc.so", "libc-2.", "libc.musl-", "libpthread.so",
                                           "libpthread-2."};
static const char *const library_modules[] = {"libstdc++.so", "libc++.so",    "libc++abi.so",
                                              "libgcc_s.so",  "libsupc++.so", "ld-linux",
                                              "ld-musl-",     "ld-2.",        "libstd-"};

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool begins_with_any(const char *text, const char *const *prefixes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (begins(text, prefixes[i]))
            return true;
    return false;
}

static bool ends_with_any(const char *text, const char *const *endings, size_t n) {
    size_t length = strlen(text);
    for (size_t i = 0; i < n; i++) {
        size_t ending = strlen(endings[i]);
        if (length >= ending && strcmp(text + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

struct piece {
    const char *text;
    size_t bytes;
};

/* ---- the kinds ------------------------------------------------------------------------------- */

static bool is_rust(const struct mt_frame_text *frame) {
    static const char *const source[] = {".rs"};
    if (*frame->file)
        return ends_with_any(frame->file, source, 1);
    if (begins(frame->system_name, "_R"))
        return true;
    size_t length = strlen(frame->system_name); /* legacy mangling: ...17h0123456789abcdefE */
    return length > 20 && frame->system_name[length - 1] == 'E' &&
           strncmp(frame->system_name + length - 20, "17h", 3) == 0;
}

static enum mt_frame_kind classify_rust(const struct mt_frame_text *frame, const char *name) {
    if (ends_with_any(frame->file, rust_plumbing_files, COUNT(rust_plumbing_files)))
        return MT_FRAME_ALLOCATOR;
    bool in_library = mt_library_is_rust(frame->file);
    if (*frame->file && !in_library)
        return MT_FRAME_USER;
    while (*name == '<' || *name == '&' || *name == '[')
        name++;
    if (begins(name, "T as "))
        name += strlen("T as ");
    if (begins_with_any(name, rust_plumbing, COUNT(rust_plumbing)))
        return MT_FRAME_ALLOCATOR;
    return in_library || begins_with_any(name, rust_library, COUNT(rust_library)) ? MT_FRAME_LIBRARY
                                                                                  : MT_FRAME_USER;
}

static bool is_cxx_library_file(const char *file) {
    return strstr(file, "/include/c++/") || strstr(file, "/libstdc++-v3/") ||
           strstr(file, "/libcxx/") || strstr(file, "/libcxxabi/");
}

static enum mt_frame_kind classify_cxx(const struct mt_frame_text *frame, const char *name) {
    bool in_library = is_cxx_library_file(frame->file) || mt_library_is_containers(frame->file);
    if (*frame->file && !in_library)
        return MT_FRAME_USER;
    if (begins_with_any(name, cxx_plumbing, COUNT(cxx_plumbing)) ||
        (in_library && ends_with_any(frame->file, cxx_plumbing_files, COUNT(cxx_plumbing_files))))
        return MT_FRAME_ALLOCATOR;
    return in_library || begins_with_any(name, cxx_library, COUNT(cxx_library)) ||
                   mt_library_has_containers(name, strlen(name))
               ? MT_FRAME_LIBRARY
               : MT_FRAME_USER;
}

static bool matches_pattern(const struct mt_frame_text *frame, struct piece name,
                            const struct mt_wrapper_options *o) {
    char qualified[1024];
    size_t bytes = name.bytes < sizeof qualified ? name.bytes : sizeof qualified - 1;
    memcpy(qualified, name.text, bytes);
    qualified[bytes] = '\0';
    for (size_t i = 0; i < o->n_patterns; i++) {
        const char *pattern = o->patterns[i];
        if (mt_pattern_matches(pattern, frame->function) ||
            mt_pattern_matches(pattern, qualified) ||
            mt_pattern_matches(pattern, frame->system_name) ||
            mt_pattern_matches(pattern, frame->file) ||
            mt_pattern_matches(pattern, basename(frame->file)) ||
            mt_pattern_matches(pattern, basename(frame->module)))
            return true;
    }
    return false;
}

static enum mt_frame_kind classify(const struct mt_frame_text *frame, struct piece name) {
    enum mt_interpreters_part part = mt_interpreters_judge(frame->module, frame->file);
    if (part != MT_INTERPRETERS_NONE)
        return part == MT_INTERPRETERS_LINE ? MT_FRAME_USER : MT_FRAME_INTERPRETER;
    const char *module = basename(frame->module);
    if (mt_managed_place_of(frame->module) >= MT_MANAGED_CODE)
        return mt_managed_is_library(frame->function, frame->system_name, frame->file)
                   ? MT_FRAME_LIBRARY
                   : MT_FRAME_USER;
    if (begins_with_any(module, allocator_modules, COUNT(allocator_modules)) ||
        mt_wrappers_list_has(MT_WRAPPERS_ALLOCATING, name.text, name.bytes) ||
        mt_library_allocates(name.text, name.bytes))
        return MT_FRAME_ALLOCATOR;
    bool in_libc_header = mt_library_is_libc_header(frame->file);
    bool in_libc = begins_with_any(module, libc_modules, COUNT(libc_modules)) ||
                   begins(module, "ld-musl-") || in_libc_header;
    bool nowhere = !*module && !*frame->file;
    if ((in_libc || nowhere) && mt_wrappers_list_has(MT_WRAPPERS_LIBC, name.text, name.bytes))
        return MT_FRAME_ALLOCATOR;
    if ((in_libc || nowhere || begins(module, "ld-") || name.text[0] == '_') &&
        mt_wrappers_list_has(MT_WRAPPERS_RUNTIME, name.text, name.bytes))
        return MT_FRAME_RUNTIME; /* start_thread is a likely name for a function of the user's,
                                    _start is not */
    enum mt_frame_kind kind =
        is_rust(frame) ? classify_rust(frame, name.text) : classify_cxx(frame, name.text);
    if (kind == MT_FRAME_USER &&
        (in_libc || begins_with_any(module, library_modules, COUNT(library_modules))))
        return MT_FRAME_LIBRARY;
    return kind;
}

enum mt_frame_kind mt_wrappers_classify(const struct mt_frame_text *frame,
                                        const struct mt_wrapper_options *options) {
    if (begins_with_any(basename(frame->module), tracker_modules, COUNT(tracker_modules)))
        return MT_FRAME_HOOK;
    if (options->keep_all)
        return MT_FRAME_USER;
    struct piece name;
    name.bytes = mt_format_qualified_name(frame->function, &name.text);
    if (options->n_patterns && matches_pattern(frame, name, options))
        return MT_FRAME_ALLOCATOR;
    enum mt_frame_kind kind = classify(frame, name);
    bool is_library = kind == MT_FRAME_LIBRARY || kind == MT_FRAME_INTERPRETER;
    return is_library && options->keep_libraries ? MT_FRAME_USER : kind;
}
