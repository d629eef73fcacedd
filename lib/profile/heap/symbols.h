/* SPDX-License-Identifier: MIT */
/* The names that come before a heap profile in text when pprof --raw or jeprof --raw wrote it;
 * private to lib/profile. */
#ifndef MT_PROFILE_HEAP_SYMBOLS_H
#define MT_PROFILE_HEAP_SYMBOLS_H

#include "base/error.h"
#include "profile/heap/scan.h"
#include "profile/ids.h"
#include "profile/inflate.h"
#include "profile/profile.h"

#define MT_HEAP_SYMBOLS_BEGIN "--- symbol"
#define MT_HEAP_SYMBOLS_END   "---"

struct mt_heap_symbol {
    uint32_t first_line, n_lines; /* functions of the profile, inlined callees first */
};

/* Zeroed is empty. */
struct mt_heap_symbols {
    struct mt_ids ids; /* address to index */
    struct mt_heap_symbol *items;
    size_t n, capacity;
};

/* Takes a line of the section; a line that names no address is left alone. Returns 0,
 * -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT. */
int mt_heap_symbols_line(struct mt_heap_symbols *symbols, struct mt_profile *profile,
                         struct mt_scan line);
/* Returns the names of a location with this address (that of the call, not the one behind it),
 * or NULL when there are none. */
const struct mt_heap_symbol *mt_heap_symbols_find(const struct mt_heap_symbols *symbols,
                                                  uint64_t address);
void mt_heap_symbols_free(struct mt_heap_symbols *symbols);

/* Reports that nothing follows the names, as when jeprof --raw reads a file. Returns
 * -MEMTRACK_EFORMAT. */
int mt_heap_symbols_alone(const char *name, struct mt_error *error);
/* Checks that what follows "--- heap" is a profile in text. Returns 0, or -MEMTRACK_EFORMAT when
 * it is something that cannot be read, and the error says what. */
int mt_heap_symbols_check_rest(struct mt_inflate *in, const char *name, struct mt_error *error);

#endif
