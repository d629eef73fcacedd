/* SPDX-License-Identifier: MIT */
/*
 * From addresses to functions, files and lines, inlined calls included, by the files that a
 * profile's mappings name and their separate debug files. Pure reading: nothing is executed, and
 * nothing is fetched unless asked for.
 */
#ifndef MT_VIEW_SYMBOLS_H
#define MT_VIEW_SYMBOLS_H

#include <stdbool.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/jit/files.h"

/*
 * These are files with debug information that stay open between calls: of a hundred short processes
 * each one uses the C library, and its debug information may take longer to open than the process
 * ran. NULL when out of memory.
 */
struct mt_symbols_cache;
struct mt_symbols_cache *mt_symbols_cache_new(void);
void mt_symbols_cache_free(struct mt_symbols_cache *cache); /* NULL is fine */

/*
 * These are files that somebody has kept open since a process had them mapped. open returns a new
 * descriptor of the very file that was mapped under this path (as the mapping has it) with this
 * build id ("": it has none), or -1.
 */
struct mt_symbols_kept {
    int (*open)(void *context, const char *path, const char *build_id);
    void *context;
};

/*
 * Functions of which all lines are to be there even if they have not run, when others of the same
 * file tell of their blocks. Names are as in the profile, "" when unknown.
 */
struct mt_symbols_chosen {
    bool (*is_chosen)(void *context, const char *function, const char *file, const char *module);
    void *context;
};

struct mt_symbols_options {
    bool debuginfod; /* let libdw ask the servers of DEBUGINFOD_URLS; else not even its client is
                        loaded */
    /* These directories are searched for programs, libraries and debug files before the usual
     * places, ':' between, by build id and by name; and below the other directory, such as the
     * root of an image, recorded paths are looked up first. NULL: what MEMTRACK_DEBUG_PATH and
     * MEMTRACK_SYSROOT say. */
    const char *debug_path, *sysroot;
    const struct mt_symbols_kept *kept;     /* or NULL */
    const struct mt_jit_files *jit;         /* of the process; NULL: asked for while it runs */
    struct mt_symbols_cache *cache;         /* or NULL */
    const struct mt_symbols_chosen *chosen; /* or NULL */
    size_t first, end; /* the locations [first, end) alone, when end is not 0: for a profile that
                          still grows */
};

/*
 * Fills the lines of every location that has a mapping and no lines, and sets has_* of the
 * mappings. What is found:
 *
 *   debug information    a line per frame, inlined callees first; function.file is the file of the
 *                        line
 *   a symbol             one line, line 0, file "", function.address where the symbol starts in the
 *                        target
 *   nothing              the location keeps n_lines 0
 *
 * and for locations that have no mapping, what the compiler of JIT code has written down (view/jit).
 *
 * The files of a process that still runs (profile->info.process) are asked for through /proc: they
 * may be deleted, replaced, or in another mount namespace. A file whose build id is not the
 * recorded one is not used; a note says so. options may be NULL. By one thread at a time: libdw
 * promises nothing else. 0 or -MEMTRACK_ENOMEM: whatever is wrong with a file is a note, not an
 * error.
 */
int mt_symbols_resolve(struct mt_profile *profile, const struct mt_symbols_options *options,
                       struct mt_error *error);

/*
 * Opens the very file that a running process has mapped in [start, limit), whatever has become of
 * its path, for keeping it. Returns a new descriptor, or -1 when nothing is mapped there, or it may
 * not be opened (only root may open one that is deleted).
 */
int mt_symbols_find_mapped(uint32_t process, const char *path, uint64_t start, uint64_t limit);

#endif
