/* SPDX-License-Identifier: MIT */
/*
 * Shared by split.c (which split units there are), dwp.c (packages of them), section.c (sections by
 * their names) and pair.c (how libdw gets to see one). Private to them.
 */
#ifndef MT_VIEW_SYMBOLS_SPLIT_LOCAL_H
#define MT_VIEW_SYMBOLS_SPLIT_LOCAL_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* These are bytes that belong to somebody else. */
struct mt_bytes {
    const uint8_t *data; /* NULL: there is no such section */
    size_t n;
};

/* Returns the contents of a section, uncompressed if libelf can, by a name such as
 * ".debug_addr"; valid until elf_end. */
struct mt_bytes mt_section_find(Elf *elf, const char *name);
/* Returns the part [offset, offset + n), as far as there is one. */
struct mt_bytes mt_section_part(struct mt_bytes bytes, uint64_t offset, uint64_t n);

/* ---- packages -------------------------------------------------------------------------------- */

/* These are the sections of one split unit. */
enum mt_split_section {
    MT_SPLIT_INFO,
    MT_SPLIT_ABBREV,
    MT_SPLIT_LINE,
    MT_SPLIT_STR,
    MT_SPLIT_STR_OFFSETS,
    MT_SPLIT_RNGLISTS,
    MT_SPLIT_SECTIONS
};

struct mt_split_unit {
    struct mt_bytes section[MT_SPLIT_SECTIONS];
    void *owned[2]; /* free with mt_dwp_unit_free: what was made for it */
};
void mt_dwp_unit_free(struct mt_split_unit *unit);

/* Finds the unit with this id in the index of a .dwp. Returns false when there is none, or it is
 * damaged. */
bool mt_dwp_find(Elf *elf, uint64_t id, struct mt_split_unit *unit);
/* Takes all there is in a .dwo, or in an object file that has its split units in it. Returns
 * false when there is nothing. */
bool mt_dwp_take_dwo(Elf *elf, struct mt_split_unit *unit);

/* ---- pairs ----------------------------------------------------------------------------------- */

/* This is what the skeleton says, and what its unit refers to in the file that was linked. */
struct mt_skeleton {
    uint64_t id;
    uint64_t low_address;
    struct mt_bytes addresses; /* from its base on; DWARF 5: with the header before it */
    struct mt_bytes ranges;    /* DWARF 4: likewise */
    uint16_t version;
    uint8_t address_bytes;
};

/* This is a skeleton and its unit as two files in memory that libdw believes to belong together. */
struct mt_pair {
    Dwarf *dwarf; /* of the skeleton; it owns that of the unit */
    Elf *elf;
    void *image;
};

/* Returns false when libdw finds nothing good in it, or there is no memory. *die is that of the
 * split unit, valid until mt_pair_close. */
bool mt_pair_open(struct mt_pair *pair, const struct mt_skeleton *skeleton,
                  const struct mt_split_unit *unit, Dwarf_Die *die);
void mt_pair_close(struct mt_pair *pair);

#endif
