/* SPDX-License-Identifier: MIT */
/*
 * Who owned an address of generated code, as its compiler tells in a file. The files are read once,
 * from front to back, and asked about a few thousand addresses; so the addresses are what is kept,
 * sorted, and each entry of a file is offered to those that it covers. Memory is that of the
 * addresses, however long the file is. Private to lib/view/jit.
 */
#ifndef MT_VIEW_JIT_OWNERS_H
#define MT_VIEW_JIT_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MT_OWNERS_NAME_BYTES = 4096 /* a longer name is cut */ };

struct mt_owner { /* of one address */
    uint64_t address;
    uint32_t location; /* of the asker */
    char *name;        /* as the compiler writes it; NULL: nobody is known */
    char *file;        /* of the line; NULL: none is known */
    int line;
    bool is_one_of_several; /* others, with other names, were there as well at some time */
};

struct mt_owners {
    struct mt_owner *items; /* sorted by address */
    size_t n;
    uint64_t n_offers; /* entries that covered an address, as often as they did */
    bool is_cut;       /* there were more than is reasonable, and the rest was not looked at */
    bool no_memory;
};

/* Sorts what was filled in. */
void mt_owners_sort(struct mt_owners *owners);
void mt_owners_free(struct mt_owners *owners);

/* The items [*first, *end) lie in [start, start + bytes). */
void mt_owners_range(const struct mt_owners *owners, uint64_t start, uint64_t bytes, size_t *first,
                     size_t *end);

/* From now on, until somebody else does, this function (name_bytes of name, not terminated) owns an
 * address. It has no line. Returns false when that must not go on. */
bool mt_owners_take(struct mt_owners *owners, size_t item, const char *name, size_t name_bytes);
/* Sets the line of what was taken. */
void mt_owners_set_line(struct mt_owners *owners, size_t item, const char *file, int line);

#endif
