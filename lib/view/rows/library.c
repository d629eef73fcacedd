/* SPDX-License-Identifier: MIT */
/*
 * Paths differ between distributions, compilers and build systems, and a prefix map can cut their
 * beginning off. So a path is judged by its last folders, and a folder's name by its whole, never by
 * a substring: the words "vendor", "bits" and "hashbrown" may lie anywhere in a user's tree. What
 * was rejected is to take all of /usr/include for a library: template code of a library that is not
 * known here is often the best answer that there is.
 */
#include "view/rows/library.h"

#include <ctype.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct folder { /* one part of a path, between slashes */
    const char *text;
    size_t bytes;
};

static bool begins(const char *text, size_t bytes, const char *prefix) {
    size_t length = strlen(prefix);
    return bytes >= length && memcmp(text, prefix, length) == 0;
}

static bool is(struct folder folder, const char *name) {
    return folder.bytes == strlen(name) && memcmp(folder.text, name, folder.bytes) == 0;
}

/* The part before this one; empty at the beginning of the path. */
static struct folder before(const char *path, struct folder folder) {
    const char *end = folder.text;
    while (end > path && end[-1] == '/')
        end--;
    const char *text = end;
    while (text > path && text[-1] != '/')
        text--;
    return (struct folder){text, (size_t)(end - text)};
}

static struct folder last(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *text = slash ? slash + 1 : path;
    return (struct folder){text, strlen(text)};
}

static struct folder after(struct folder folder) {
    const char *text = folder.text + folder.bytes;
    while (*text == '/')
        text++;
    return (struct folder){text, strcspn(text, "/")};
}

static struct folder first(const char *path) {
    return after((struct folder){path, 0});
}

/* ---- the C library --------------------------------------------------------------------------- */

/* Those of bits/ that define functions, in all versions of the GNU C Library. */
static const char *const inlining_headers[] = {
    "byteswap.h",
    "error.h",
    "fcntl2.h",
    "mqueue2.h",
    "poll2.h",
    "select2.h",
    "setjmp2.h",
    "socket.h",
    "socket2.h",
    "stdio-ldbl.h",
    "stdio.h",
    "stdio2-decl.h",
    "stdio2.h",
    "stdlib-bsearch.h",
    "stdlib-float.h",
    "stdlib-ldbl.h",
    "stdlib.h",
    "string2.h",
    "string3.h",
    "string_fortified.h",
    "strings_fortified.h",
    "syslog-ldbl.h",
    "syslog.h",
    "time64.h",
    "unistd.h",
    "unistd-decl.h",
    "wchar-ldbl.h",
    "wchar2-decl.h",
    "wchar2.h",
};

/* Those of the standard that have inline functions. */
static const char *const plain_headers[] = {
    "argz.h",   "ctype.h",  "error.h",   "fcntl.h",  "poll.h",   "stdio.h",
    "stdlib.h", "string.h", "strings.h", "syslog.h", "unistd.h", "wchar.h",
};

static bool is_one_of(struct folder folder, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is(folder, names[i]))
            return true;
    return false;
}

/* x86_64-linux-gnu, aarch64-linux-musl, x86_64-unknown-linux-gnu: Debian's headers of one
 * processor are in such a folder. */
static bool is_target(struct folder folder) {
    for (size_t i = 0; i + strlen("-linux-") <= folder.bytes; i++)
        if (begins(folder.text + i, folder.bytes - i, "-linux-"))
            return true;
    return false;
}

/* Is this the folder of the C library's headers, of the system or of a toolchain for another?
 * *of_system: a usr/include, where nobody keeps headers of a project. */
static bool is_include(const char *path, struct folder folder, bool *of_system) {
    if (is_target(folder))
        folder = before(path, folder);
    *of_system = is(folder, "include") && is(before(path, folder), "usr");
    return is(folder, "include");
}

bool mt_library_is_libc_header(const char *file) {
    struct folder header = last(file), folder = before(file, header);
    bool of_system;
    if (is(folder, "bits"))
        return is_include(file, before(file, folder), &of_system) &&
               (of_system || is_one_of(header, inlining_headers, COUNT(inlining_headers)));
    if (!is_one_of(header, plain_headers, COUNT(plain_headers)))
        return false;
    if (is(folder, "fortify") || is(folder, "ssp")) /* musl's and bionic's; the compiler's own */
        return is(before(file, folder), "bits") ||
               is_include(file, before(file, folder), &of_system);
    return is_include(file, folder, &of_system) && of_system;
}

/* ---- Rust ------------------------------------------------------------------------------------ */

/* Crates of containers: of the standard library, or in place of it. */
static const char *const container_crates[] = {"allocator-api2", "hashbrown", "indexmap",
                                               "smallvec",       "thin-vec",  "tinyvec"};

/* Folders that hold sources of others, one each, without a version in its name. */
static const char *const of_others[] = {"vendor", "deps", "registry", "checkouts", "external"};

/* hashbrown-0.14.5 is of a registry whatever is around it, and so are Chromium's hashbrown-v0_14
 * and Bazel's crate_index__hashbrown-0.14.5. */
static bool is_crate_folder(const char *path, struct folder folder) {
    for (size_t i = folder.bytes; i-- > 1;)
        if (folder.text[i] == '_' && folder.text[i - 1] == '_') {
            folder = (struct folder){folder.text + i + 1, folder.bytes - i - 1};
            break;
        }
    struct folder around = before(path, folder);
    bool is_vendored = is_one_of(around, of_others, COUNT(of_others)) ||
                       (is(around, "rust") && is(before(path, around), "third_party"));
    for (size_t i = 0; i < COUNT(container_crates); i++) {
        size_t length = strlen(container_crates[i]);
        if (!begins(folder.text, folder.bytes, container_crates[i]))
            continue;
        if (folder.bytes == length)
            return is_vendored;
        const char *version = folder.text + length;
        if (folder.bytes > length + 1 && *version == '-' &&
            (is_vendored || isdigit((unsigned char)version[1]) ||
             (version[1] == 'v' && isdigit((unsigned char)version[2]))))
            return true;
    }
    return false;
}

/* library/alloc/src, wherever the compiler was built and whatever was cut off. */
static bool is_standard_crate(struct folder folder) {
    static const char *const crates[] = {"alloc", "core", "std"};
    struct folder crate = after(folder);
    return is(folder, "library") && is_one_of(crate, crates, COUNT(crates)) &&
           is(after(crate), "src");
}

/* The root of the compiler's sources: /rustc/HASH, /usr/src/rustc-1.63.0, lib/rustlib/src/rust. */
static bool is_compiler(const char *path, struct folder folder) {
    bool versioned = begins(folder.text, folder.bytes, "rustc-") && folder.bytes > 6 &&
                     isdigit((unsigned char)folder.text[6]);
    struct folder around = before(path, folder);
    return versioned || is(around, "rustc") ||
           (is(folder, "rust") && is(around, "src") && is(before(path, around), "rustlib"));
}

bool mt_library_is_rust(const char *file) {
    for (struct folder folder = first(file); folder.bytes; folder = after(folder)) {
        struct folder next = after(folder);
        if (is_standard_crate(folder) || is_crate_folder(file, folder) ||
            (is_compiler(file, folder) && (is(next, "library") || is(next, "vendor"))) ||
            (is(folder, "rust") && is(next, "deps")))
            return true;
    }
    return false;
}

/* ---- C++ ------------------------------------------------------------------------------------- */

static const char *const container_folders[][2] = {
    {"boost", "container"}, {"boost", "multi_index"}, {"boost", "pool"},
    {"boost", "smart_ptr"}, {"boost", "unordered"},   {"absl", "container"},
    {"folly", "container"}, {"folly", "memory"},      {"corelib", "tools"},
    {"corelib", "text"},    {"Eigen", "src"},
};

bool mt_library_is_containers(const char *file) {
    struct folder header = last(file);
    for (struct folder folder = first(file); folder.bytes; folder = after(folder)) {
        struct folder next = after(folder);
        for (size_t i = 0; i < COUNT(container_folders); i++)
            if (is(folder, container_folders[i][0]) && is(next, container_folders[i][1]))
                return true;
        if (is(folder, "QtCore") && next.text == header.text && *header.text == 'q')
            return true;
    }
    return false;
}

/* Beginnings of qualified names. */
static const char *const container_names[] = {
    "boost::container::",
    "boost::multi_index::",
    "boost::unordered::",
    "folly::f14::",
    "folly::fbstring_core<",
    "folly::fbvector<",
    "folly::small_vector<",
    "QByteArray::",
    "QHash<",
    "QHashPrivate::",
    "QList<",
    "QMap<",
    "QString::",
    "QVector<",
    "QtPrivate::",
    "Eigen::DenseStorage<",
    "Eigen::PlainObjectBase<",
};

static const char *const allocating_names[] = {
    "boost::alignment::aligned_alloc",
    "boost::alignment::aligned_allocator<",
    "boost::allocator_allocate",
    "boost::container::adaptive_pool<",
    "boost::container::allocator<",
    "boost::container::allocator_traits<",
    "boost::container::new_allocator<",
    "boost::container::node_allocator<",
    "boost::container::pmr::memory_resource::allocate",
    "boost::container::pmr::polymorphic_allocator<",
    "boost::default_user_allocator_malloc_free::",
    "boost::default_user_allocator_new_delete::",
    "boost::fast_pool_allocator<",
    "boost::pool<",
    "boost::pool_allocator<",
    "boost::singleton_pool<",
    "folly::AlignedSysAllocator<",
    "folly::CxxAllocatorAdaptor<",
    "folly::SysAllocator<",
    "folly::aligned_malloc",
    "folly::allocateOverAligned",
    "folly::checkedCalloc",
    "folly::checkedMalloc",
    "folly::checkedRealloc",
    "folly::smartRealloc",
    "QArrayData::",
    "QContiguousCacheData::allocateData",
    "QHashData::allocateNode",
    "QListData::",
    "QMapDataBase::createData",
    "QMapDataBase::createNode",
    "QTypedArrayData<",
    "Eigen::internal::aligned_malloc",
    "Eigen::internal::aligned_new",
    "Eigen::internal::conditional_aligned_malloc",
    "Eigen::internal::conditional_aligned_new",
    "Eigen::internal::handmade_aligned_malloc",
};

/* Abseil's names have a namespace of the release behind the first one, or have not. */
static const char *const abseil_containers[] = {"container_internal::",
                                                "inlined_vector_internal::"};
static const char *const abseil_allocating[] = {
    "container_internal::Allocate<",
    "container_internal::AllocateBackingArray",
    "inlined_vector_internal::MallocAdapter<",
};

static bool begins_with_one(const char *text, size_t bytes, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (begins(text, bytes, names[i]))
            return true;
    return false;
}

static bool is_abseil(const char *name, size_t bytes, const char *const *names, size_t n) {
    static const char root[] = "absl::";
    if (!begins(name, bytes, root))
        return false;
    name += strlen(root);
    bytes -= strlen(root);
    const char *next = memmem(name, bytes, "::", 2);
    return begins_with_one(name, bytes, names, n) ||
           (next && begins_with_one(next + 2, bytes - (size_t)(next + 2 - name), names, n));
}

bool mt_library_has_containers(const char *name, size_t bytes) {
    return begins_with_one(name, bytes, container_names, COUNT(container_names)) ||
           is_abseil(name, bytes, abseil_containers, COUNT(abseil_containers));
}

bool mt_library_allocates(const char *name, size_t bytes) {
    return begins_with_one(name, bytes, allocating_names, COUNT(allocating_names)) ||
           is_abseil(name, bytes, abseil_allocating, COUNT(abseil_allocating));
}
