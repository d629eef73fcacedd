/* SPDX-License-Identifier: MIT */
/*
 * Debug sections that are compressed with zstd. libelf reads them since 0.189 and Debian 12 has
 * 0.188, which takes them for sections that are not there: lines and inlined calls would be lost
 * without a word. So a file that has some is copied into memory, with these sections behind all
 * others in the clear:
 *
 *   file   │ header │ sections, some of them zstd │ section headers │
 *   copy   │ the same, with holes for those       │ headers, changed │ section │ section │ …
 *
 * Only sections that are read here are taken; the others (locations, macros, indexes) stay
 * compressed, and for libdw are not there. What a file claims is not believed: a section may become
 * at most MOST_TIMES as large as the file.
 *
 * Rejected: handing libdw sections one by one (it takes files alone); asking for a newer libelf
 * (Debian 12 has none).
 */
#include <elf.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "view/symbols/symbols-local.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

enum { MAX_SECTIONS = 1 << 20, CHUNK_BYTES = 1 << 17, MOST_TIMES = 256, LEAST_LIMIT = 64 << 20 };

struct elf_file {
    int fd, copy;
    uint64_t bytes, end; /* of the file; of the copy so far */
    Elf64_Ehdr header;
    Elf64_Shdr *sections; /* as they are to be in the copy */
    bool *moved;
    char *names;
    size_t names_bytes;
};

static bool read_all(int fd, void *out, size_t bytes, uint64_t offset) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(fd, (char *)out + done, bytes - done, (off_t)(offset + done));
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *data, size_t bytes, uint64_t offset) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pwrite(fd, (const char *)data + done, bytes - done, (off_t)(offset + done));
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool read_header(struct elf_file *f) {
    struct stat status;
    const int native = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
    if (fstat(f->fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        !read_all(f->fd, &f->header, sizeof f->header, 0))
        return false;
    f->bytes = (uint64_t)status.st_size;
    return memcmp(f->header.e_ident, ELFMAG, SELFMAG) == 0 &&
           f->header.e_ident[EI_CLASS] == ELFCLASS64 && f->header.e_ident[EI_DATA] == native &&
           f->header.e_shentsize == sizeof(Elf64_Shdr) && f->header.e_shnum > 0 &&
           f->header.e_shstrndx < f->header.e_shnum;
}

static bool read_sections(struct elf_file *f) {
    size_t n = f->header.e_shnum;
    f->sections = calloc(n, sizeof *f->sections);
    f->moved = calloc(n, sizeof *f->moved);
    if (!f->sections || !f->moved ||
        !read_all(f->fd, f->sections, n * sizeof *f->sections, f->header.e_shoff))
        return false;
    f->names_bytes = f->sections[f->header.e_shstrndx].sh_size;
    if (f->names_bytes == 0 || f->names_bytes > f->bytes || !(f->names = malloc(f->names_bytes)))
        return false;
    return read_all(f->fd, f->names, f->names_bytes, f->sections[f->header.e_shstrndx].sh_offset) &&
           f->names[f->names_bytes - 1] == '\0';
}

/* Returns the name without ".dwo". */
static bool is_read_here(const char *name) {
    static const char *const read[] = {"info",     "abbrev",      "line",     "line_str",
                                       "str",      "str_offsets", "addr",     "ranges",
                                       "rnglists", "types",       "cu_index", "tu_index"};
    if (strncmp(name, ".debug_", 7) != 0)
        return false;
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        size_t bytes = strlen(read[i]);
        const char *end = name + 7 + bytes;
        if (strncmp(name + 7, read[i], bytes) == 0 && (*end == '\0' || strcmp(end, ".dwo") == 0))
            return true;
    }
    return false;
}

static bool is_zstd(const struct elf_file *f, const Elf64_Shdr *section, Elf64_Chdr *how) {
    return (section->sh_flags & SHF_COMPRESSED) && section->sh_type == SHT_PROGBITS &&
           section->sh_name < f->names_bytes && is_read_here(f->names + section->sh_name) &&
           section->sh_size > sizeof *how && section->sh_size <= f->bytes &&
           read_all(f->fd, how, sizeof *how, section->sh_offset) &&
           how->ch_type == ELFCOMPRESS_ZSTD;
}

static bool has_any(const struct elf_file *f) {
    Elf64_Chdr how;
    for (size_t i = 0; i < f->header.e_shnum; i++)
        if (is_zstd(f, &f->sections[i], &how))
            return true;
    return false;
}

/* ---- the copy -------------------------------------------------------------------------------- */

/* Everything but [from, from + bytes) of sections that were moved is copied; a hole costs
 * nothing. */
static bool copy_rest(const struct elf_file *f) {
    char *chunk = malloc(CHUNK_BYTES);
    bool good = chunk != NULL;
    for (uint64_t at = 0; good && at < f->bytes;) {
        uint64_t n = f->bytes - at < CHUNK_BYTES ? f->bytes - at : CHUNK_BYTES, skipped = 0;
        for (size_t i = 0; i < f->header.e_shnum && !skipped; i++) {
            const Elf64_Shdr *s = &f->sections[i];
            uint64_t begin = s->sh_offset, end = s->sh_offset + s->sh_size;
            if (!f->moved[i] || end <= at || end < begin)
                continue;
            if (begin <= at)
                skipped = end - at;
            else if (begin < at + n)
                n = begin - at;
        }
        if (!skipped)
            good = read_all(f->fd, chunk, n, at) && write_all(f->copy, chunk, n, at);
        at += skipped ? skipped : n;
    }
    free(chunk);
    return good;
}

/* Decompresses these bytes to the end of the copy. Returns the number of bytes, or UINT64_MAX. */
static uint64_t decompress(struct elf_file *f, const void *data, size_t bytes, uint64_t expected) {
    ZSTD_DStream *stream = ZSTD_createDStream();
    char *chunk = malloc(CHUNK_BYTES);
    ZSTD_inBuffer in = {.src = data, .size = bytes};
    uint64_t made = 0;
    bool good = stream && chunk;
    while (good && made < expected) { /* frame by frame: some linkers write several */
        ZSTD_outBuffer out = {.dst = chunk, .size = CHUNK_BYTES};
        size_t before = in.pos, left = ZSTD_decompressStream(stream, &out, &in);
        good = !ZSTD_isError(left) && (out.pos > 0 || in.pos > before) &&
               out.pos <= expected - made && write_all(f->copy, chunk, out.pos, f->end + made);
        made += out.pos;
    }
    ZSTD_freeDStream(stream);
    free(chunk);
    return good && made == expected ? made : UINT64_MAX;
}

/* A section that cannot be had stays as it is. */
static void move_section(struct elf_file *f, size_t i, const Elf64_Chdr *how, Elf64_Shdr *now) {
    const Elf64_Shdr *section = &f->sections[i];
    size_t bytes = section->sh_size - sizeof *how;
    uint64_t limit = f->bytes > LEAST_LIMIT / MOST_TIMES ? f->bytes * MOST_TIMES : LEAST_LIMIT;
    char *data = how->ch_size <= limit ? malloc(bytes) : NULL;
    f->end = (f->end + 15) & ~UINT64_C(15);
    if (data && read_all(f->fd, data, bytes, section->sh_offset + sizeof *how) &&
        decompress(f, data, bytes, how->ch_size) == how->ch_size) {
        now->sh_flags &= ~(uint64_t)SHF_COMPRESSED;
        now->sh_offset = f->end;
        now->sh_size = how->ch_size;
        now->sh_addralign = how->ch_addralign;
        f->moved[i] = true;
        f->end += how->ch_size;
    }
    free(data);
}

static bool make_copy(struct elf_file *f) {
    size_t n = f->header.e_shnum;
    Elf64_Shdr *now = malloc(n * sizeof *now);
    Elf64_Chdr how;
    f->copy = memfd_create("memtrack-debug", MFD_CLOEXEC);
    f->end = f->bytes;
    bool good = now && f->copy >= 0;
    if (good)
        memcpy(now, f->sections, n * sizeof *now);
    for (size_t i = 0; good && i < n; i++)
        if (is_zstd(f, &f->sections[i], &how))
            move_section(f, i, &how, &now[i]);
    good = good && copy_rest(f) && write_all(f->copy, now, n * sizeof *now, f->header.e_shoff) &&
           ftruncate(f->copy, (off_t)f->end) == 0;
    free(now);
    return good;
}

int mt_symbols_zstd_plain(int fd) {
    struct elf_file f = {.fd = fd, .copy = -1};
    if (fd >= 0 && read_header(&f) && read_sections(&f) && has_any(&f)) {
        bool made = make_copy(&f);
        int unused = made ? fd : f.copy;
        if (unused >= 0)
            close(unused);
        fd = made ? f.copy : fd;
    }
    free(f.sections);
    free(f.moved);
    free(f.names);
    return fd;
}
