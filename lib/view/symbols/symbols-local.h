/* SPDX-License-Identifier: MIT */
/*
 * Shared by symbols.c (which addresses, in what order), find.c (where a file may be), module.c (is
 * it the one), debug.c (its debug file), cache.c (files that stay open), lines.c (DWARF) and
 * table.c (ELF symbols), nameless.c (what there is without them), blocks.c (how often lines have
 * run). Private to them.
 */
#ifndef MT_VIEW_SYMBOLS_LOCAL_H
#define MT_VIEW_SYMBOLS_LOCAL_H

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdint.h>

#include "view/symbols/symbols.h"

/* This is one address to look up in the file at hand. */
struct mt_symbol_query {
    uint64_t address; /* in the ELF file; of the call, not of the instruction after it */
    uint32_t location;
};

struct mt_symbols_lines;
struct mt_split;

/* This is one ELF file, opened for looking up. */
struct mt_symbols_module {
    char *path;       /* where it was found; what lies beside it is looked for there */
    char *recorded;   /* its path in the target */
    char *sysroot;    /* NULL: none */
    int fd;           /* of the file, for opening it again; -1: none */
    char *key;        /* of the cache, NULL: not to be cached */
    char *debug_path; /* where debug files are looked for */
    bool debuginfod;
    Dwfl_Callbacks callbacks;
    Dwfl *dwfl; /* NULL: could not be opened again */
    Dwfl_Module *module;
    Dwarf *dwarf;                   /* NULL: no debug information */
    struct mt_symbols_lines *lines; /* NULL until needed */
    struct mt_split *split;         /* NULL until needed */
    size_t n_missing_units;         /* split units that are nowhere */
    char *missing_unit;             /* the file that has the first of them, NULL: none */
    uint64_t elf_bias;              /* libdwfl's address of the module minus the file's */
    uint64_t dwarf_bias;            /* likewise for the debug information */
    uint64_t debug_bytes;           /* about what the debug information takes in memory */
    uint64_t n_rows;                /* rows of line tables that libdw holds by now */
};

enum mt_symbol_file {
    MT_SYMBOL_FILE_FOUND,
    MT_SYMBOL_FILE_MISSING,  /* no such file, or it cannot be opened */
    MT_SYMBOL_FILE_DELETED,  /* likewise, and its name says that it had been deleted when it was
                                recorded */
    MT_SYMBOL_FILE_CHANGED,  /* there is one, but it is another build */
    MT_SYMBOL_FILE_UNUSABLE, /* not an ELF program or library */
    MT_SYMBOL_FILE_NONE,     /* the mapping names no file: vdso, anonymous memory */
};

/* This is what is to be opened. */
struct mt_symbol_wanted {
    const char *path;
    const char *build_id;    /* lower-case hex, "" if not recorded */
    bool must_have_build_id; /* "" means that the file had none, not that nobody looked */
    uint64_t
        recorded_end_ns;   /* a file without build id that is newer has changed; 0: do not look */
    uint64_t start, limit; /* where all of it was mapped; 0, 0: not known */
    uint32_t process;      /* that has it mapped still, 0: none */
    const char *debug_path, *sysroot;
    const struct mt_symbols_kept *kept;
    bool debuginfod;
};

/* This is how much a place says about the file that is in it, when there is no build id to ask
 * for. */
enum mt_symbol_trust {
    MT_SYMBOL_THE_FILE, /* it is the one that was mapped */
    MT_SYMBOL_THE_PATH, /* it has its path: nothing may have written to it since */
    MT_SYMBOL_A_NAME,   /* it has its name, in a directory that the user has given */
};

/*
 * Gives every place where the file may be, one after the other, to this function, until it finds a
 * good one. fd is -1 or an open descriptor, which the function takes over. Returns FOUND or the
 * most telling of its answers.
 */
typedef enum mt_symbol_file mt_symbol_try(void *context, int fd, const char *path,
                                          enum mt_symbol_trust trust);
enum mt_symbol_file mt_symbols_find(const struct mt_symbol_wanted *wanted, mt_symbol_try *try,
                                    void *context);

/* Opens the file, or its debug file when only that is there. *module is NULL on anything but
 * FOUND. */
enum mt_symbol_file mt_symbols_module_open(struct mt_symbols_module **module,
                                           const struct mt_symbol_wanted *wanted);
/* Closes and opens again, which is how libdw gives memory back. Returns false when it could not
 * be opened again. */
bool mt_symbols_module_reopen(struct mt_symbols_module *module);
void mt_symbols_module_close(struct mt_symbols_module *module); /* NULL is fine */

/* Returns a descriptor of the same file with the debug sections that are read here uncompressed,
 * when some are compressed with zstd: a copy in memory, and fd is closed. Otherwise, or if no
 * copy can be made, returns fd itself. -1 is fine. */
int mt_symbols_zstd_plain(int fd);

/* This is libdwfl's find_debuginfo callback, for a module whose user data is its struct
 * mt_symbols_module. It finds what is on this machine. */
int mt_symbols_debug_find(Dwfl_Module *of, void **data, const char *name, Dwarf_Addr base,
                          const char *file, const char *link, GElf_Word crc, char **found);

/* These open and close through a cache that may be NULL. */
enum mt_symbol_file mt_symbols_cache_open(struct mt_symbols_cache *cache,
                                          struct mt_symbols_module **module,
                                          const struct mt_symbol_wanted *wanted);
void mt_symbols_cache_close(struct mt_symbols_cache *cache, struct mt_symbols_module *module);

/* Returns the address in the ELF file of a byte at this offset in it, or the offset itself when
 * no segment has it. */
uint64_t mt_symbols_module_address(const struct mt_symbols_module *module, uint64_t offset);

/* ---- what is said about files ---------------------------------------------------------------- */

struct mt_symbols_notes { /* zero-initialized but for the profile */
    struct mt_profile *profile;
    unsigned n_without,
        n_stripped; /* files that could not be looked into; that had no names for what matters */
    bool no_memory;
    bool asked_servers; /* --debuginfod was given: it is no advice any more */
};

/* Removes those of an earlier look: what is true here is said anew. */
void mt_symbols_notes_forget(struct mt_profile *profile);
/* Notes that this file could not be had. */
void mt_symbols_notes_file(struct mt_symbols_notes *notes, enum mt_symbol_file why,
                           const char *path);
/* To be called after the locations in this mapping, and in others of the same file, were looked
 * up. */
void mt_symbols_notes_module(struct mt_symbols_notes *notes, const struct mt_symbols_module *module,
                             uint32_t mapping);
void mt_symbols_notes_end(struct mt_symbols_notes *notes);

/* ---- ELF symbols ----------------------------------------------------------------------------- */

struct mt_symbol {
    const char *name; /* NULL: none; valid until the module is closed */
    uint64_t start;   /* in the ELF file */
    uint64_t size;
    unsigned rank;
};

/* Finds for each query, sorted by address, the symbol that holds its address; none when out of
 * memory. symbols has room for n. */
void mt_symbols_table_find(const struct mt_symbols_module *module,
                           const struct mt_symbol_query *queries, size_t n,
                           struct mt_symbol *symbols);

/* Returns whether local symbols are among them, too. */
bool mt_symbols_table_is_complete(const struct mt_symbols_module *module);

/* ---- functions without a name ---------------------------------------------------------------- */

enum { MT_SYMBOLS_NAMELESS_BYTES = 32 };

/* Finds by the unwind tables where the function begins that holds an address of the ELF file.
 * False: no table tells. */
bool mt_symbols_nameless_find(const struct mt_symbols_module *module, uint64_t address,
                              uint64_t *start);
/* Writes what a function is called that begins at this address of its file and has no name. */
void mt_symbols_nameless_name(uint64_t start, char name[MT_SYMBOLS_NAMELESS_BYTES]);
/* Returns whether a location has no name yet, or one that was made up so. */
bool mt_symbols_nameless_is(const struct mt_profile *profile, const struct mt_location *location);

/* ---- DWARF ----------------------------------------------------------------------------------- */

/* The DIE of the split unit that belongs to this skeleton unit of module->dwarf, which libdw has
 * not found. False: it is nowhere, and counted in the module. Valid until the module is closed or
 * opened again. */
bool mt_split_find(struct mt_symbols_module *module, Dwarf_Die *skeleton, Dwarf_Die *split);
void mt_split_free(struct mt_split *split); /* NULL is fine */

/* This is one frame at an address; texts are valid until the next lookup or the module is
 * closed. */
struct mt_symbol_frame {
    const char *name;         /* as the source calls it; NULL: unknown */
    const char *linkage_name; /* NULL: none */
    const char *file;         /* NULL: unknown */
    const char *directory;    /* what a relative file is relative to, NULL: nothing */
    int line;                 /* 0: unknown */
    int start_line;           /* of the function, 0: unknown or in another file */
    bool is_mangled_language; /* C++ and the like: without linkage_name the symbol table knows
                                 better */
};

enum { MT_MAX_INLINED_FRAMES = 128 };

/* This is what is kept about the units of a module, which it must not outlive. NULL when out of
 * memory. */
struct mt_symbols_lines *mt_symbols_lines_new(struct mt_symbols_module *module);
void mt_symbols_lines_free(struct mt_symbols_lines *lookup); /* NULL is fine */
/* Returns the index of the first of n rows, in the order of their addresses, that lies behind the
 * address; n: there is none. */
size_t mt_symbols_lines_row_behind(Dwarf_Lines *rows, size_t n, uint64_t address);
/* Returns whether libdw holds so many line tables of the module that it should be opened again. */
bool mt_symbols_lines_are_many(const struct mt_symbols_lines *lookup);
/* Says that the module is being opened again: libdw holds none of its line tables. */
void mt_symbols_lines_forget_tables(struct mt_symbols_lines *lookup);
/* Finds the frames at an address of the ELF file, inlined callees first. Returns their number;
 * 0: there is no debug information. */
size_t mt_symbols_lines_find(struct mt_symbols_lines *lookup, uint64_t address,
                             struct mt_symbol_frame frames[MT_MAX_INLINED_FRAMES]);
/* Finds the unit that has the line table of an address of the ELF file, and the function that it is
 * in, whose addresses are those of the debug information. Valid until the module is opened again.
 * False: there is none. */
bool mt_symbols_lines_function(struct mt_symbols_lines *lookup, uint64_t address, Dwarf_Die *lines,
                               Dwarf_Die *function);
/* Calls visit with the address in the ELF file at which each piece of a function begins, until it
 * returns other than 0, which is returned. It may look up addresses. */
int mt_symbols_lines_each(struct mt_symbols_lines *lookup,
                          int (*visit)(void *context, uint64_t address), void *context);

/* ---- blocks of code -------------------------------------------------------------------------- */

/* Adds to the profile's lines how often each line has run of the functions whose blocks were
 * recorded, and locations for them, which are yet to be looked up. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_symbols_blocks_resolve(struct mt_profile *profile, const struct mt_symbols_options *options);

/* Says what is to be opened for a mapping of the profile. */
struct mt_symbol_wanted mt_symbols_wanted(const struct mt_profile *profile,
                                          const struct mt_symbols_options *options,
                                          const struct mt_mapping *mapping);

#endif
