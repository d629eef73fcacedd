/* SPDX-License-Identifier: MIT */
/*
 * Where the debug information of a stripped file lies, without asking the network.
 *
 * dwfl_standard_find_debuginfo would do, but where it finds nothing it loads the debuginfod client,
 * whether there are servers or not: libcurl and a TLS library of each kind, for one stripped
 * library. That takes longer than a small report, and in a program that uses ours their exit
 * handlers free memory that nobody saw allocated. So its search is done here with what libdwfl has
 * in public, and all of it is left to who asks for debuginfod.
 *
 *   by build id         DIR/.build-id/xx/yyyy.debug
 *   by name             in FILE's directory, in its .debug, and in DIR below FILE's directory or
 *                       the end of that
 *   what dwz has moved  by build id too, else under the name that the debug file gives
 *
 * What is found by its name has to have the build id that is looked for; where there is none, the
 * checksum that stands beside the name.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "view/symbols/symbols-local.h"

enum { CHUNK_BYTES = 1 << 16 };

/* This is what a file has to be. */
struct identity {
    const void *build_id;
    ssize_t build_id_bytes; /* <= 0: none */
    GElf_Word crc;
};

static bool has_build_id(int fd, const struct identity *wanted) {
    const void *found = NULL;
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    ssize_t n = elf ? dwelf_elf_gnu_build_id(elf, &found) : -1;
    bool same = n == wanted->build_id_bytes && memcmp(found, wanted->build_id, (size_t)n) == 0;
    elf_end(elf);
    return same;
}

static bool has_checksum(int fd, GElf_Word crc) {
    unsigned char *chunk = malloc(CHUNK_BYTES);
    uLong sum = crc32(0, NULL, 0);
    ssize_t n = -1;
    for (off_t at = 0; chunk && (n = pread(fd, chunk, CHUNK_BYTES, at)) > 0; at += n)
        sum = crc32(sum, chunk, (uInt)n);
    free(chunk);
    return n == 0 && sum == crc;
}

/* Takes the path over. Returns a descriptor, and *found is the path; or -1. */
static int try_file(char *path, const struct identity *wanted, char **found) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool fits =
        fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (wanted->build_id_bytes > 0 ? has_build_id(fd, wanted) : has_checksum(fd, wanted->crc));
    if (fits) {
        *found = path;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return -1;
}

/* ---- by name --------------------------------------------------------------------------------- */

struct search {
    const char *directory; /* of the stripped file, up to its last slash */
    int directory_bytes;
    const char *name;
    const struct identity *wanted;
};

static int try_directory(const struct search *s, const char *element, int bytes, char **found) {
    char *path;
    int fd = -1;
    if (bytes == 0 || *element != '/') {
        if (asprintf(&path, "%.*s%s%.*s/%s", s->directory_bytes, s->directory, bytes ? "/" : "",
                     bytes, element, s->name) >= 0)
            fd = try_file(path, s->wanted, found);
        return fd;
    }
    for (int skip = 0; fd < 0 && skip <= s->directory_bytes; skip++) {
        if (skip < s->directory_bytes && s->directory[skip] != '/')
            continue;
        if (asprintf(&path, "%.*s%.*s/%s", bytes, element, s->directory_bytes - skip,
                     s->directory + skip, s->name) < 0)
            break;
        fd = try_file(path, s->wanted, found);
    }
    return fd;
}

static int try_path(const struct search *s, const char *path, bool is_own_name, char **found) {
    int fd = -1;
    for (const char *at = path; fd < 0; at++) {
        int bytes = (int)strcspn(at, ":");
        if (bytes || !is_own_name) /* else it is the stripped file itself */
            fd = try_directory(s, at, bytes, found);
        at += bytes;
        if (!*at)
            break;
    }
    return fd;
}

static int find_by_name(const struct mt_symbols_module *module, Dwfl_Module *of, const char *file,
                        const char *link, GElf_Word crc, char **found) {
    struct identity wanted = {.crc = crc};
    const unsigned char *build_id;
    GElf_Addr address;
    const char *slash = strrchr(file, '/');
    char *usual = NULL;
    wanted.build_id_bytes = dwfl_module_build_id(of, &build_id, &address);
    wanted.build_id = build_id;
    if (!slash || (wanted.build_id_bytes <= 0 && !link))
        return -1; /* nothing would tell whether it is the right one */
    if (!link && asprintf(&usual, "%s.debug", slash + 1) < 0)
        return -1;
    struct search s = {file, (int)(slash - file), link ? link : usual, &wanted};
    int fd = try_path(&s, module->debug_path, false, found);
    s.name = slash + 1;
    if (fd < 0)
        fd = try_path(&s, module->debug_path, true, found);
    free(usual);
    return fd;
}

/* ---- what dwz has moved ---------------------------------------------------------------------- */

/* debug is the file that refers to it, by a path relative to itself or an absolute one. */
static int find_shared(const char *debug, const char *path, char **found) {
    int fd = mt_symbols_zstd_plain(open(debug, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)),
        shared = -1;
    Dwarf *dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
    struct identity wanted = {0};
    const char *named, *slash = strrchr(debug, '/');
    if (dwarf)
        wanted.build_id_bytes = dwelf_dwarf_gnu_debugaltlink(dwarf, &named, &wanted.build_id);
    int directory_bytes = *path == '/' || !slash ? 0 : (int)(slash + 1 - debug);
    char *candidate;
    if (wanted.build_id_bytes > 0 &&
        asprintf(&candidate, "%.*s%s", directory_bytes, debug, path) >= 0)
        shared = try_file(candidate, &wanted, found);
    dwarf_end(dwarf);
    if (fd >= 0)
        close(fd);
    return shared;
}

/* ---- libdwfl's question ---------------------------------------------------------------------- */

static int find(Dwfl_Module *of, void **data, const char *name, Dwarf_Addr base, const char *file,
                const char *link, GElf_Word crc, char **found) {
    const struct mt_symbols_module *module = *data;
    if (module && module->debuginfod)
        return dwfl_standard_find_debuginfo(of, data, name, base, file, link, crc, found);
    int fd = dwfl_build_id_find_debuginfo(of, data, name, base, file, link, crc, found);
    if (fd >= 0 || !file || !module)
        return fd;
    if (link && crc == 0) /* the name of what dwz has moved comes without a checksum */
        fd = find_shared(file, link, found);
    return fd < 0 ? find_by_name(module, of, file, link, crc, found) : fd;
}

int mt_symbols_debug_find(Dwfl_Module *of, void **data, const char *name, Dwarf_Addr base,
                          const char *file, const char *link, GElf_Word crc, char **found) {
    return mt_symbols_zstd_plain(find(of, data, name, base, file, link, crc, found));
}
