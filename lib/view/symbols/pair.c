/* SPDX-License-Identifier: MIT */
/*
 * libdw joins a skeleton unit and its split unit by itself, if the skeleton names a file that has
 * the unit, alone. So for a unit that lies elsewhere two small files are made in memory, and
 * everything that libdw can do with split units (indexed addresses and strings, ranges of both
 * kinds) works on it unchanged, in every version:
 *
 *   skeleton   .debug_info, .debug_abbrev: one unit with the id, the bases, and the name of the
 *              other file .debug_addr, .debug_ranges: the parts of the program's that are this
 *              unit's
 *   unit       its sections, called ….dwo
 *
 * The second one is a file without a name, which libdw opens by /proc/self/fd/N; it is closed when
 * libdw has read it.
 *
 * Rejected: turning split units into ordinary ones (their references are relative to a header of
 * another length); own code for forms, ranges and bases (libdw's is there).
 */
#include <dwarf.h>
#include <elf.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "view/symbols/split-local.h"

enum { MAX_SECTIONS = 8, NAME_BYTES = 32, SKELETON_BYTES = 256 };

/* ---- files in memory ------------------------------------------------------------------------- */

struct section {
    char name[NAME_BYTES];
    struct mt_bytes bytes;
};

struct file {
    struct section section[MAX_SECTIONS];
    size_t n;
};

static void add_section(struct file *file, const char *name, struct mt_bytes bytes) {
    if (!bytes.n || file->n == MAX_SECTIONS)
        return;
    struct section *section = &file->section[file->n++];
    snprintf(section->name, sizeof section->name, "%s", name);
    section->bytes = bytes;
}

static size_t aligned(size_t bytes) {
    return (bytes + 7) & ~(size_t)7;
}

static size_t file_bytes(const struct file *file) {
    size_t bytes =
        sizeof(Elf64_Ehdr) + (file->n + 2) * sizeof(Elf64_Shdr) + (MAX_SECTIONS + 2) * NAME_BYTES;
    for (size_t i = 0; i < file->n; i++)
        bytes += aligned(file->section[i].bytes.n);
    return bytes;
}

/* Makes header, section headers, names and sections. Returns NULL when out of memory. */
static uint8_t *make_file(const struct file *file, size_t *bytes) {
    *bytes = file_bytes(file);
    uint8_t *image = calloc(1, *bytes);
    if (!image)
        return NULL;
    size_t n = file->n + 2, names_at = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Shdr), name = 1;
    size_t at = names_at + (MAX_SECTIONS + 2) * NAME_BYTES;
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
    Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(image + sizeof *header);
    *header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_REL,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_shoff = sizeof *header,
        .e_ehsize = sizeof *header,
        .e_shentsize = sizeof *sections,
        .e_shnum = (Elf64_Half)n,
        .e_shstrndx = (Elf64_Half)(n - 1),
    };
    for (size_t i = 0; i < file->n; i++) {
        const struct section *section = &file->section[i];
        sections[i + 1] = (Elf64_Shdr){.sh_name = (Elf64_Word)name,
                                       .sh_type = SHT_PROGBITS,
                                       .sh_offset = at,
                                       .sh_size = section->bytes.n,
                                       .sh_addralign = 1};
        memcpy(image + at, section->bytes.data, section->bytes.n);
        name += (size_t)sprintf((char *)image + names_at + name, "%s", section->name) + 1;
        at += aligned(section->bytes.n);
    }
    sections[n - 1] = (Elf64_Shdr){
        .sh_type = SHT_STRTAB, .sh_offset = names_at, .sh_size = name, .sh_addralign = 1};
    return image;
}

/* ---- the unit -------------------------------------------------------------------------------- */

static bool write_all(int fd, const uint8_t *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(fd, data + done, bytes - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* Returns a descriptor of the file with the unit, or -1. */
static int unit_file(const struct mt_split_unit *unit) {
    static const char *const names[MT_SPLIT_SECTIONS] = {
        [MT_SPLIT_INFO] = ".debug_info.dwo",
        [MT_SPLIT_ABBREV] = ".debug_abbrev.dwo",
        [MT_SPLIT_LINE] = ".debug_line.dwo",
        [MT_SPLIT_STR] = ".debug_str.dwo",
        [MT_SPLIT_STR_OFFSETS] = ".debug_str_offsets.dwo",
        [MT_SPLIT_RNGLISTS] = ".debug_rnglists.dwo",
    };
    struct file file = {.n = 0};
    size_t bytes;
    for (int i = 0; i < MT_SPLIT_SECTIONS; i++)
        add_section(&file, names[i], unit->section[i]);
    uint8_t *image = make_file(&file, &bytes);
    int fd = image ? memfd_create("memtrack-unit", MFD_CLOEXEC) : -1;
    if (fd >= 0 && !write_all(fd, image, bytes)) {
        close(fd);
        fd = -1;
    }
    free(image);
    return fd;
}

/* ---- the skeleton ---------------------------------------------------------------------------- */

struct writer {
    uint8_t data[SKELETON_BYTES];
    size_t n;
};

static void put(struct writer *w, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes && w->n < sizeof w->data; i++)
        w->data[w->n++] = (uint8_t)(value >> 8 * i);
}

static void put_text(struct writer *w, const char *text) {
    for (const char *at = text; *at; at++)
        put(w, (uint8_t)*at, 1);
    put(w, 0, 1);
}

/* A small number, or one of the vendors' attributes. */
static void put_leb(struct writer *w, unsigned value) {
    for (; value >= 0x80; value >>= 7)
        put(w, value | 0x80, 1);
    put(w, value, 1);
}

struct attribute {
    unsigned name, form;
};

static void put_abbreviation(struct writer *w, unsigned tag, const struct attribute *attributes) {
    put_leb(w, 1);
    put_leb(w, tag);
    put(w, DW_CHILDREN_no, 1);
    for (; attributes->name; attributes++) {
        put_leb(w, attributes->name);
        put_leb(w, attributes->form);
    }
    put(w, 0, 3);
}

static void put_unit(struct writer *w, const struct mt_skeleton *skeleton, const char *path) {
    bool is_5 = skeleton->version >= 5;
    put(w, 0, 4); /* length: below */
    put(w, skeleton->version, 2);
    if (is_5)
        put(w, DW_UT_skeleton | (uint64_t)skeleton->address_bytes << 8, 2);
    put(w, 0, 4); /* abbreviations */
    if (is_5)
        put(w, skeleton->id, 8);
    else
        put(w, skeleton->address_bytes, 1);
    put(w, 1, 1); /* the one abbreviation; attributes as below */
    put_text(w, path);
    put_text(w, "/");
    put(w, skeleton->low_address, skeleton->address_bytes);
    put(w, is_5 ? 8 : 0, 4); /* addresses: behind their header */
    if (!is_5) {
        put(w, 0, 4); /* ranges */
        put(w, skeleton->id, 8);
    }
    uint32_t length = (uint32_t)w->n - 4;
    memcpy(w->data, &length, sizeof length);
}

static void put_skeleton(struct file *file, struct writer *abbreviations, struct writer *unit,
                         const struct mt_skeleton *skeleton, const char *path) {
    static const struct attribute of_5[] = {{DW_AT_dwo_name, DW_FORM_string},
                                            {DW_AT_comp_dir, DW_FORM_string},
                                            {DW_AT_low_pc, DW_FORM_addr},
                                            {DW_AT_addr_base, DW_FORM_sec_offset},
                                            {0, 0}};
    static const struct attribute of_4[] = {{DW_AT_GNU_dwo_name, DW_FORM_string},
                                            {DW_AT_comp_dir, DW_FORM_string},
                                            {DW_AT_low_pc, DW_FORM_addr},
                                            {DW_AT_GNU_addr_base, DW_FORM_sec_offset},
                                            {DW_AT_GNU_ranges_base, DW_FORM_sec_offset},
                                            {DW_AT_GNU_dwo_id, DW_FORM_data8},
                                            {0, 0}};
    bool is_5 = skeleton->version >= 5;
    put_abbreviation(abbreviations, is_5 ? DW_TAG_skeleton_unit : DW_TAG_compile_unit,
                     is_5 ? of_5 : of_4);
    put_unit(unit, skeleton, path);
    add_section(file, ".debug_abbrev", (struct mt_bytes){abbreviations->data, abbreviations->n});
    add_section(file, ".debug_info", (struct mt_bytes){unit->data, unit->n});
    add_section(file, ".debug_addr", skeleton->addresses);
    add_section(file, ".debug_ranges", skeleton->ranges);
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool open_skeleton(struct mt_pair *pair, const struct mt_skeleton *skeleton, int unit_fd) {
    struct writer abbreviations = {.n = 0}, unit = {.n = 0};
    struct file file = {.n = 0};
    char path[64];
    size_t bytes;
    snprintf(path, sizeof path, "/proc/self/fd/%d", unit_fd);
    put_skeleton(&file, &abbreviations, &unit, skeleton, path);
    pair->image = make_file(&file, &bytes);
    pair->elf = pair->image ? elf_memory(pair->image, bytes) : NULL;
    pair->dwarf = pair->elf ? dwarf_begin_elf(pair->elf, DWARF_C_READ, NULL) : NULL;
    return pair->dwarf != NULL;
}

bool mt_pair_open(struct mt_pair *pair, const struct mt_skeleton *skeleton,
                  const struct mt_split_unit *unit, Dwarf_Die *die) {
    int fd = unit_file(unit);
    Dwarf_CU *cu = NULL;
    Dwarf_Die root;
    uint8_t type;
    *pair = (struct mt_pair){0};
    *die = (Dwarf_Die){0};
    bool found = fd >= 0 && open_skeleton(pair, skeleton, fd) &&
                 dwarf_get_units(pair->dwarf, NULL, &cu, NULL, &type, &root, die) == 0 &&
                 type == DW_UT_skeleton && die->addr != NULL;
    if (fd >= 0)
        close(fd);
    if (!found)
        mt_pair_close(pair);
    return found;
}

void mt_pair_close(struct mt_pair *pair) {
    dwarf_end(pair->dwarf);
    elf_end(pair->elf);
    free(pair->image);
    *pair = (struct mt_pair){0};
}
