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
 *              the xmalloc of well-known programs and libraries (list below)
 *   LIBRARY    everything else in libc, libstdc++/libc++ and Rust's core/alloc/std, whether called
 *              or inlined: for push_back the line that is wanted is that of the caller, not of
 *              stl_vector.h
 *
 * A name from the C library's list counts only in the C library (or when no module is known):
 * programs have a getline of their own. A file, when known, decides before the name does: a user's
 * specialisation of std::hash is the user's. Names of Rust's crates count only in Rust code: C++
 * programs have namespaces core and alloc.
 *
 * The list of xmalloc-likes holds functions that do nothing but allocate (and check, count or
 * zero). Pools and arenas are not in it: where a pool grows is worth seeing. PyMem_* and
 * PyObject_Malloc are, so that the line in the interpreter or extension that asked is charged. More
 * can be named with --wrapper.
 */
#include "view/rows/wrappers.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Sorted: looked up by bisection. */
static const char *const allocator_names[] = {
    "CRYPTO_clear_realloc",
    "CRYPTO_malloc",
    "CRYPTO_memdup",
    "CRYPTO_realloc",
    "CRYPTO_strdup",
    "CRYPTO_strndup",
    "CRYPTO_zalloc",
    "Perl_malloc",
    "Perl_safesyscalloc",
    "Perl_safesysmalloc",
    "Perl_safesysrealloc",
    "PyMem_Calloc",
    "PyMem_Malloc",
    "PyMem_RawCalloc",
    "PyMem_RawMalloc",
    "PyMem_RawRealloc",
    "PyMem_Realloc",
    "PyObject_Calloc",
    "PyObject_Malloc",
    "PyObject_Realloc",
    "_PyMem_DebugMalloc",
    "_PyMem_DebugRawAlloc",
    "_PyMem_DebugRawCalloc",
    "_PyMem_DebugRawMalloc",
    "_PyMem_DebugRawRealloc",
    "_PyMem_RawCalloc",
    "_PyMem_RawMalloc",
    "_PyMem_RawRealloc",
    "_PyMem_RawStrdup",
    "_PyObject_Calloc",
    "_PyObject_Malloc",
    "_PyObject_Realloc",
    "__libc_calloc",
    "__libc_malloc",
    "__libc_memalign",
    "__libc_pvalloc",
    "__libc_realloc",
    "__libc_valloc",
    "__posix_memalign",
    "__rdl_alloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rg_alloc",
    "__rg_alloc_zeroed",
    "__rg_realloc",
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "_int_malloc",
    "_int_memalign",
    "_int_realloc",
    "_mid_memalign",
    "aligned_alloc",
    "av_calloc",
    "av_malloc",
    "av_mallocz",
    "av_realloc",
    "av_strdup",
    "calloc",
    "checked_calloc",
    "checked_malloc",
    "checked_realloc",
    "do_xmalloc",
    "emalloc",
    "erealloc",
    "g_aligned_alloc",
    "g_aligned_alloc0",
    "g_malloc",
    "g_malloc0",
    "g_malloc0_n",
    "g_malloc_n",
    "g_memdup",
    "g_memdup2",
    "g_realloc",
    "g_realloc_n",
    "g_slice_alloc",
    "g_slice_alloc0",
    "g_slice_copy",
    "g_strdup",
    "g_strdup_printf",
    "g_strdup_vprintf",
    "g_strndup",
    "g_try_malloc",
    "g_try_malloc0",
    "g_try_malloc0_n",
    "g_try_malloc_n",
    "g_try_realloc",
    "g_try_realloc_n",
    "g_vasprintf",
    "gomp_malloc",
    "gomp_malloc_cleared",
    "gomp_realloc",
    "je_aligned_alloc",
    "je_calloc",
    "je_malloc",
    "je_mallocx",
    "je_memalign",
    "je_posix_memalign",
    "je_rallocx",
    "je_realloc",
    "l_alloc",
    "luaM_malloc_",
    "luaM_realloc_",
    "luaM_saferealloc_",
    "malloc",
    "mallocWithAlarm",
    "mallocx",
    "memalign",
    "memtrack_track",
    "mi_aligned_alloc",
    "mi_calloc",
    "mi_malloc",
    "mi_malloc_aligned",
    "mi_mallocn",
    "mi_new",
    "mi_new_aligned",
    "mi_new_n",
    "mi_new_nothrow",
    "mi_realloc",
    "mi_strdup",
    "mi_zalloc",
    "objspace_xcalloc",
    "objspace_xmalloc0",
    "objspace_xrealloc",
    "operator new",
    "operator new[]",
    "png_calloc",
    "png_malloc",
    "png_malloc_base",
    "png_malloc_warn",
    "posix_memalign",
    "pvalloc",
    "rallocx",
    "realloc",
    "reallocarray",
    "ruby_xcalloc",
    "ruby_xcalloc_body",
    "ruby_xmalloc",
    "ruby_xmalloc2",
    "ruby_xmalloc2_body",
    "ruby_xmalloc_body",
    "ruby_xrealloc",
    "ruby_xrealloc2",
    "ruby_xrealloc2_body",
    "ruby_xrealloc_body",
    "safe_calloc",
    "safe_malloc",
    "safe_realloc",
    "sqlite3DbMallocRaw",
    "sqlite3DbMallocRawNN",
    "sqlite3DbMallocZero",
    "sqlite3DbRealloc",
    "sqlite3DbReallocOrFree",
    "sqlite3DbStrDup",
    "sqlite3DbStrNDup",
    "sqlite3Malloc",
    "sqlite3MallocZero",
    "sqlite3MemMalloc",
    "sqlite3MemRealloc",
    "sqlite3Realloc",
    "sqlite3_malloc",
    "sqlite3_malloc64",
    "sqlite3_realloc",
    "sqlite3_realloc64",
    "tc_calloc",
    "tc_malloc",
    "tc_memalign",
    "tc_new",
    "tc_newarray",
    "tc_posix_memalign",
    "tc_realloc",
    "valloc",
    "x2nrealloc",
    "x2realloc",
    "xallocarray",
    "xasprintf",
    "xcalloc",
    "xmalloc",
    "xmallocarray",
    "xmallocz",
    "xmemdup",
    "xmemdupz",
    "xmlMemMalloc",
    "xmlMemRealloc",
    "xmlMemStrdup",
    "xmlStrdup",
    "xmlStrndup",
    "xnmalloc",
    "xnrealloc",
    "xrealloc",
    "xreallocarray",
    "xstrdup",
    "xstrndup",
    "xvasprintf",
    "xzalloc",
    "zcalloc",
    "zmalloc",
    "zrealloc",
    "zstrdup",
    "ztrycalloc",
    "ztrymalloc",
    "ztrymalloc_usable",
    "ztryrealloc",
};

/* Functions of the C library that allocate what they return, with the internal names that their
 * frames carry. */
static const char *const libc_allocating[] = {
    "_IO_file_doallocate",
    "_IO_fopen",
    "_IO_getdelim",
    "_IO_getline",
    "_IO_popen",
    "_IO_vasprintf",
    "__alloc_dir",
    "__asprintf",
    "__asprintf_chk",
    "__fopen_internal",
    "__getdelim",
    "__getline",
    "__libc_dynarray_resize",
    "__libc_reallocarray",
    "__libc_scratch_buffer_grow",
    "__new_fopen",
    "__open_memstream",
    "__opendir",
    "__realpath",
    "__realpath_chk",
    "__scandir",
    "__strdup",
    "__strndup",
    "__vasprintf_chk",
    "__vasprintf_internal",
    "__wcsdup",
    "asprintf",
    "canonicalize_file_name",
    "fdopen",
    "fdopendir",
    "fmemopen",
    "fopen",
    "fopen64",
    "fopencookie",
    "get_current_dir_name",
    "getcwd",
    "getdelim",
    "getline",
    "open_memstream",
    "open_wmemstream",
    "opendir",
    "popen",
    "realpath",
    "realpath_stk",
    "scandir",
    "scandir64",
    "strdup",
    "strndup",
    "tempnam",
    "vasprintf",
    "wcsdup",
};

static const char *const runtime_names[] = {
    "__clone",
    "__clone3",
    "__libc_csu_init",
    "__libc_init_first",
    "__libc_start_call_main",
    "__libc_start_main",
    "__libc_start_main_impl",
    "_dl_init",
    "_dl_start",
    "_dl_start_user",
    "_dl_sysdep_start",
    "_start",
    "call_init",
    "clone",
    "clone3",
    "dl_main",
    "start_thread",
};

/* Beginnings of qualified names: allocator plumbing of the C++ libraries. */
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

/* The same where only a file name is known (inlined members carry no qualified name). */
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
static const char *const rust_library[] = {"alloc::", "core::", "std::", "hashbrown::"};
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

static int compare_piece(const void *key, const void *element) {
    const struct piece *piece = key;
    const char *name = *(const char *const *)element;
    int order = strncmp(piece->text, name, piece->bytes);
    return order ? order : -(int)(name[piece->bytes] != '\0');
}

static bool is_one_of(struct piece name, const char *const *sorted, size_t n) {
    return bsearch(&name, sorted, n, sizeof *sorted, compare_piece) != NULL;
}

/* ---- the qualified name ---------------------------------------------------------------------- */

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Behind the bracket that closes the one at text, or the end of the text. "->" closes nothing. */
static const char *skip_bracket(const char *text) {
    size_t depth = 0;
    for (const char *at = text; *at; at++) {
        if (strchr("(<[{", *at))
            depth++;
        else if (strchr(")>]}", *at) && !(*at == '>' && at > text && at[-1] == '-') && --depth == 0)
            return at + 1;
    }
    return text + strlen(text);
}

/* at is behind the word "operator": behind the operator's own characters. *conversion: a type
 * follows, which may contain blanks. */
static const char *skip_operator(const char *at, bool *conversion) {
    if (begins(at, "()") || begins(at, "[]"))
        return at + 2;
    if (begins(at, " new") || begins(at, " delete")) {
        at += begins(at, " new") ? 4 : 7;
        return begins(at, "[]") ? at + 2 : at;
    }
    if (*at == ' ' && at[1] != '"') {
        *conversion = true;
        return at + 1;
    }
    size_t symbols = strspn(at, "+-*/%^&|~!=<>,");
    /* operator<<int>: the last '<' opens the template arguments */
    if (symbols > 1 && at[symbols - 1] == '<' && is_word(at[symbols]))
        symbols--;
    return at + symbols;
}

static bool name_goes_on(const char *behind) {
    return begins(behind, "::") || begins(behind, " const::") || *behind == '.';
}

static bool is_operator_word(const char *text, const char *at) {
    return *at == 'o' && begins(at, "operator") && !is_word(at[8]) &&
           (at == text || !is_word(at[-1]));
}

size_t mt_format_qualified_name(const char *demangled, const char **name) {
    const char *at = demangled, *begin = demangled, *end = NULL;
    bool conversion = false;
    while (*at && !end) {
        if (is_operator_word(demangled, at)) {
            at = skip_operator(at + 8, &conversion);
        } else if (*at == '(') {
            const char *behind = skip_bracket(at);
            if (!begins(at, "(anonymous namespace)") && !name_goes_on(behind))
                end = at;
            at = behind;
        } else if (strchr("<[{", *at)) {
            at = skip_bracket(at);
        } else if (*at == ' ' && !conversion) {
            if (begins(at, " [clone"))
                end = at;
            else if (at[1] != '<' && !begins(at, " const::"))
                begin = at + 1;
            at++;
        } else if (*at == '.' &&
                   (begins(at, ".part") || begins(at, ".constprop") || begins(at, ".isra") ||
                    begins(at, ".cold") || begins(at, ".lto_priv") || begins(at, ".localalias"))) {
            end = at;
        } else {
            at++;
        }
    }
    *name = begin;
    return (size_t)((end && end >= begin ? end : at) - begin);
}

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

/* Of the toolchain, and not of the program: the libraries that come with it, and the crates that
 * they are made of. */
static bool is_rust_library_file(const char *file) {
    const char *compiler = strstr(file, "/rustc/");
    return strstr(file, "/library/alloc/src/") || strstr(file, "/library/core/src/") ||
           strstr(file, "/library/std/src/") || strstr(file, "/hashbrown-") ||
           strstr(file, "/rust/deps/") || (compiler && strstr(compiler, "/library/"));
}

static enum mt_frame_kind classify_rust(const struct mt_frame_text *frame, const char *name) {
    if (ends_with_any(frame->file, rust_plumbing_files, COUNT(rust_plumbing_files)))
        return MT_FRAME_ALLOCATOR;
    bool in_library = is_rust_library_file(frame->file);
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
    bool in_library = is_cxx_library_file(frame->file);
    if (*frame->file && !in_library)
        return MT_FRAME_USER;
    if (begins_with_any(name, cxx_plumbing, COUNT(cxx_plumbing)) ||
        (in_library && ends_with_any(frame->file, cxx_plumbing_files, COUNT(cxx_plumbing_files))))
        return MT_FRAME_ALLOCATOR;
    return in_library || begins_with_any(name, cxx_library, COUNT(cxx_library)) ? MT_FRAME_LIBRARY
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
        if (fnmatch(pattern, frame->function, 0) == 0 || fnmatch(pattern, qualified, 0) == 0 ||
            fnmatch(pattern, frame->system_name, 0) == 0 || fnmatch(pattern, frame->file, 0) == 0 ||
            fnmatch(pattern, basename(frame->file), 0) == 0 ||
            fnmatch(pattern, basename(frame->module), 0) == 0)
            return true;
    }
    return false;
}

static enum mt_frame_kind classify(const struct mt_frame_text *frame, struct piece name) {
    const char *module = basename(frame->module);
    if (begins_with_any(module, allocator_modules, COUNT(allocator_modules)) ||
        is_one_of(name, allocator_names, COUNT(allocator_names)))
        return MT_FRAME_ALLOCATOR;
    bool in_libc =
        begins_with_any(module, libc_modules, COUNT(libc_modules)) || begins(module, "ld-musl-");
    bool nowhere = !*module && !*frame->file;
    if ((in_libc || nowhere) && is_one_of(name, libc_allocating, COUNT(libc_allocating)))
        return MT_FRAME_ALLOCATOR;
    if ((in_libc || nowhere || begins(module, "ld-") || name.text[0] == '_') &&
        is_one_of(name, runtime_names, COUNT(runtime_names)))
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
    return kind == MT_FRAME_LIBRARY && options->keep_libraries ? MT_FRAME_USER : kind;
}
