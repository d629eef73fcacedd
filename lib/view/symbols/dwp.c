/* SPDX-License-Identifier: MIT */
/*
 * Split units out of a package (.dwp), which libdw reads since 0.191, and out of object files that
 * hold them beside everything else (clang's -gsplit-dwarf=single), of which libdw sees the rest
 * alone.
 *
 * A package has each kind of section once, made of the units' contributions, and an index: a hash
 * table of unit ids to rows, and a row of (offset, size) for each kind. DWARF 5, section 7.3.5;
 * version 2 is GNU's for DWARF 4.
 *
 *   .debug_cu_index │ header │ ids (hash table) │ rows of ids │ kinds │ offsets │ sizes │
 *
 * Strings are shared by all units: of a large program they are hundreds of megabytes, of which a
 * unit uses a few thousand. So a unit gets the strings that its table of offsets names, and the
 * table that goes with them.
 *
 * Every offset is from a file that may be damaged, and is checked.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/symbols/split-local.h"

enum { INDEX_HEADER_BYTES = 16, MAX_STRING_BYTES = 64 << 20 };

/* These are the names of the columns, by version. */
enum { GNU_INFO = 1, ABBREV = 3, LINE = 4, STR_OFFSETS = 6, RNGLISTS = 8 };

static uint64_t number(struct mt_bytes bytes, uint64_t offset, size_t n) {
    uint64_t value = 0;
    struct mt_bytes part = mt_section_part(bytes, offset, n);
    if (part.n == n)
        memcpy(&value, part.data, n); /* little-endian, as all machines that are recorded */
    return value;
}

void mt_dwp_unit_free(struct mt_split_unit *unit) {
    free(unit->owned[0]);
    free(unit->owned[1]);
    *unit = (struct mt_split_unit){0};
}

static bool is_complete(const struct mt_split_unit *unit) {
    return unit->section[MT_SPLIT_INFO].n > 0 && unit->section[MT_SPLIT_ABBREV].n > 0;
}

/* ---- strings --------------------------------------------------------------------------------- */

struct strings {
    char *text;
    size_t n, capacity;
};

/* Returns where the text is among those that are kept; 0, the empty one, when it cannot be kept. */
static uint32_t add_string(struct strings *strings, const char *text, size_t bytes) {
    if (strings->n + bytes + 1 > MAX_STRING_BYTES)
        return 0;
    if (!mt_array_reserve(&strings->text, &strings->capacity, strings->n + bytes + 1, 1))
        return 0;
    size_t at = strings->n;
    memcpy(strings->text + at, text, bytes);
    strings->text[at + bytes] = '\0';
    strings->n += bytes + 1;
    return (uint32_t)at;
}

/* header is the number of bytes before the offsets. */
static void use_own_strings(struct mt_split_unit *unit, struct mt_bytes all, size_t header) {
    struct mt_bytes table = unit->section[MT_SPLIT_STR_OFFSETS];
    struct strings strings = {0};
    uint8_t *offsets = table.n ? malloc(table.n) : NULL;
    if (!offsets)
        return;
    memcpy(offsets, table.data, table.n);
    add_string(&strings, "", 0);
    for (size_t at = header; at + sizeof(uint32_t) <= table.n; at += sizeof(uint32_t)) {
        struct mt_bytes from =
            mt_section_part(all, number(table, at, sizeof(uint32_t)), UINT64_MAX);
        const char *text = (const char *)from.data;
        uint32_t offset = text ? add_string(&strings, text, strnlen(text, from.n)) : 0;
        memcpy(offsets + at, &offset, sizeof offset);
    }
    unit->section[MT_SPLIT_STR_OFFSETS].data = offsets;
    unit->section[MT_SPLIT_STR] = (struct mt_bytes){(const uint8_t *)strings.text, strings.n};
    unit->owned[0] = offsets;
    unit->owned[1] = strings.text;
}

/* ---- the index ------------------------------------------------------------------------------- */

struct index {
    struct mt_bytes bytes;
    uint32_t version, n_columns, n_units, n_slots;
};

static bool read_index(struct index *index, struct mt_bytes bytes) {
    *index = (struct index){.bytes = bytes};
    index->version = (uint32_t)number(
        bytes, 0, 2); /* GNU's is a word, DWARF's half of one with nothing behind */
    index->n_columns = (uint32_t)number(bytes, 4, 4);
    index->n_units = (uint32_t)number(bytes, 8, 4);
    index->n_slots = (uint32_t)number(bytes, 12, 4);
    uint64_t need = INDEX_HEADER_BYTES + (uint64_t)index->n_slots * 12 +
                    (uint64_t)index->n_columns * 4 * (1 + 2 * (uint64_t)index->n_units);
    return (index->version == 2 || index->version == 5) && index->n_slots &&
           index->n_columns <= 16 && !(index->n_slots & (index->n_slots - 1)) && need <= bytes.n;
}

/* Returns the row, from 1 on; 0 when the unit is not in it. */
static uint32_t find_row(const struct index *index, uint64_t id) {
    uint32_t mask = index->n_slots - 1, slot = (uint32_t)id & mask,
             step = ((uint32_t)(id >> 32) & mask) | 1;
    uint64_t rows = INDEX_HEADER_BYTES + (uint64_t)index->n_slots * 8;
    for (uint32_t tries = 0; tries < index->n_slots; tries++, slot = (slot + step) & mask) {
        uint32_t row = (uint32_t)number(index->bytes, rows + (uint64_t)slot * 4, 4);
        if (row == 0)
            return 0;
        if (number(index->bytes, INDEX_HEADER_BYTES + (uint64_t)slot * 8, 8) == id)
            return row <= index->n_units ? row : 0;
    }
    return 0;
}

/* Returns what the unit in this row has of a section, which is the column of this kind. */
static struct mt_bytes contribution(const struct index *index, uint32_t row, uint32_t kind,
                                    struct mt_bytes section) {
    uint64_t kinds = INDEX_HEADER_BYTES + (uint64_t)index->n_slots * 12;
    uint64_t offsets = kinds + (uint64_t)index->n_columns * 4;
    uint64_t sizes = offsets + (uint64_t)index->n_columns * 4 * index->n_units;
    for (uint32_t column = 0; column < index->n_columns; column++) {
        if (number(index->bytes, kinds + (uint64_t)column * 4, 4) != kind)
            continue;
        uint64_t cell = ((uint64_t)(row - 1) * index->n_columns + column) * 4;
        return mt_section_part(section, number(index->bytes, offsets + cell, 4),
                               number(index->bytes, sizes + cell, 4));
    }
    return (struct mt_bytes){0};
}

bool mt_dwp_find(Elf *elf, uint64_t id, struct mt_split_unit *unit) {
    struct index index;
    *unit = (struct mt_split_unit){0};
    uint32_t row =
        read_index(&index, mt_section_find(elf, ".debug_cu_index")) ? find_row(&index, id) : 0;
    if (row == 0)
        return false;
    struct mt_bytes *section = unit->section;
    section[MT_SPLIT_INFO] =
        contribution(&index, row, GNU_INFO, mt_section_find(elf, ".debug_info.dwo"));
    section[MT_SPLIT_ABBREV] =
        contribution(&index, row, ABBREV, mt_section_find(elf, ".debug_abbrev.dwo"));
    section[MT_SPLIT_LINE] =
        contribution(&index, row, LINE, mt_section_find(elf, ".debug_line.dwo"));
    section[MT_SPLIT_STR_OFFSETS] =
        contribution(&index, row, STR_OFFSETS, mt_section_find(elf, ".debug_str_offsets.dwo"));
    if (index.version == 5)
        section[MT_SPLIT_RNGLISTS] =
            contribution(&index, row, RNGLISTS, mt_section_find(elf, ".debug_rnglists.dwo"));
    use_own_strings(unit, mt_section_find(elf, ".debug_str.dwo"), index.version == 5 ? 8 : 0);
    if (is_complete(unit))
        return true;
    mt_dwp_unit_free(unit);
    return false;
}

bool mt_dwp_take_dwo(Elf *elf, struct mt_split_unit *unit) {
    static const char *const names[MT_SPLIT_SECTIONS] = {
        [MT_SPLIT_INFO] = ".debug_info.dwo",
        [MT_SPLIT_ABBREV] = ".debug_abbrev.dwo",
        [MT_SPLIT_LINE] = ".debug_line.dwo",
        [MT_SPLIT_STR] = ".debug_str.dwo",
        [MT_SPLIT_STR_OFFSETS] = ".debug_str_offsets.dwo",
        [MT_SPLIT_RNGLISTS] = ".debug_rnglists.dwo",
    };
    *unit = (struct mt_split_unit){0};
    for (int i = 0; i < MT_SPLIT_SECTIONS; i++)
        unit->section[i] = mt_section_find(elf, names[i]);
    return is_complete(unit);
}
