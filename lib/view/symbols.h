/* SPDX-License-Identifier: MIT */
/*
 * From addresses to functions, files and lines, inlined calls included, by the files that a profile's mappings name and
 * their separate debug files. Pure reading: nothing is executed, and nothing is fetched unless asked for.
 */
#ifndef MT_VIEW_SYMBOLS_H
#define MT_VIEW_SYMBOLS_H

#include <stdbool.h>

#include "base/error.h"
#include "profile/profile.h"

/*
 * Files with debug information that stay open between calls: of a hundred short processes each one uses the C library,
 * and its debug information may take longer to open than the process ran. NULL when out of memory.
 */
struct mt_symbols_cache;
struct mt_symbols_cache *mt_symbols_cache_new(void);
void mt_symbols_cache_free(struct mt_symbols_cache *cache); /* NULL is fine */

struct mt_symbols_options {
    bool debuginfod;        /* let libdw ask the servers of DEBUGINFOD_URLS; else not even its client is loaded */
    const char *debug_path; /* directories searched for debug files before the usual ones, ':' between, or NULL */
    struct mt_symbols_cache *cache; /* or NULL */
    size_t first, end; /* the locations [first, end) alone, when end is not 0: for a profile that still grows */
};

/*
 * Fills the lines of every location that has a mapping and no lines, and sets has_* of the mappings. What is found:
 *
 *   debug information    a line per frame, inlined callees first; function.file is the file of the line
 *   a symbol             one line, line 0, file "", function.address where the symbol starts in the target
 *   nothing              the location keeps n_lines 0
 *
 * A file whose build id is not the recorded one is not used; a note says so. options may be NULL. By one thread at a
 * time: libdw promises nothing else. 0 or -MEMTRACK_ENOMEM: whatever is wrong with a file is a note, not an error.
 */
int mt_symbols_resolve(struct mt_profile *profile, const struct mt_symbols_options *options, struct mt_error *error);

#endif
