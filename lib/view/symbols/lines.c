/* SPDX-License-Identifier: MIT */
/*
 * Functions, lines and inlined calls from DWARF.
 *
 *   address ─► unit: ranges of all units, sorted (built once; .debug_aranges is missing from
 *                    clang's output)
 *           ─► function: ranges of the unit's functions, sorted (built when a unit is first needed)
 *           ─► inlined calls: children of the function that hold the address, downwards (ranges of
 *                             those of the last function, sorted)
 *           ─► line: the unit's line table                                (libdw)
 *
 * A concrete function's children nest as the calls were inlined, so walking down from it gives the
 * whole chain; libdw's dwarf_getscopes would give the abstract nesting of the innermost call only,
 * at the price of a walk over the unit for every address. Units and functions are remembered as
 * offsets: libdw frees what it has read only when the file is closed, so when the line tables grow
 * large the file is closed and opened again, and the offsets stay good.
 *
 * The offsets in a damaged file can form circles. Siblings must come at growing offsets, and depth
 * is limited.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"
#include "view/symbols/symbols-local.h"

enum { MAX_DEPTH = 64, MIN_ROWS = 600 * 1000, BYTES_PER_ROW = 100, MAX_RANGES = 100 * 1000 * 1000 };
enum { MAX_NESTING = 4 * MT_MAX_INLINED_FRAMES };

struct range {
    uint64_t low, high; /* as in the debug information */
    uint64_t offset;    /* of a function's DIE; of units: an index */
};

struct ranges {
    struct range *range; /* sorted by low when complete */
    size_t n, capacity;
    bool failed; /* out of memory */
};

struct unit {
    uint64_t offset;
    struct ranges functions;
    bool indexed, indexed_deeply, counted;
};

struct children {          /* with code, of one function, block or inlined call */
    uint64_t unit, parent; /* offsets */
    struct ranges ranges;
};

struct mt_symbols_lines {
    struct mt_symbols_module *module;
    struct unit *units;
    size_t n_units, unit_capacity;
    struct ranges unit_ranges;
    struct children children[MAX_NESTING];
};

/* ---- ranges ---------------------------------------------------------------------------------- */

static void add_range(struct ranges *ranges, uint64_t low, uint64_t high, uint64_t offset) {
    if (low >= high || low == 0 ||
        ranges->n >= MAX_RANGES) /* the linker leaves discarded functions at 0 */
        return;
    if (!mt_array_reserve(&ranges->range, &ranges->capacity, ranges->n + 1,
                          sizeof *ranges->range)) {
        ranges->failed = true;
        return;
    }
    ranges->range[ranges->n++] = (struct range){.low = low, .high = high, .offset = offset};
}

static void add_die_ranges(struct ranges *ranges, Dwarf_Die *die, uint64_t offset) {
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0)
        add_range(ranges, low, high, offset);
}

static int compare_ranges(const void *a, const void *b) {
    const struct range *left = a, *right = b;
    if (left->low != right->low)
        return left->low < right->low ? -1 : 1;
    return left->high != right->high ? (left->high > right->high ? -1 : 1)
                                     : 0; /* the wider first */
}

static void sort_ranges(struct ranges *ranges) {
    if (ranges->n)
        qsort(ranges->range, ranges->n, sizeof *ranges->range, compare_ranges);
}

/* Returns the innermost range that holds the address, or NULL when there is none. Ranges may
 * nest, but seldom more than a few. */
static const struct range *find_range(const struct ranges *ranges, uint64_t address) {
    size_t low = MT_PARTITION_POINT(i, ranges->n, ranges->range[i].low <= address);
    for (size_t tries = 0; low > 0 && tries < 64; tries++) {
        const struct range *range = &ranges->range[--low];
        if (address < range->high)
            return range;
    }
    return NULL;
}

/* ---- units ----------------------------------------------------------------------------------- */

static void add_unit(struct mt_symbols_lines *lookup, Dwarf_Die *die) {
    if (!mt_array_reserve(&lookup->units, &lookup->unit_capacity, lookup->n_units + 1,
                          sizeof *lookup->units)) {
        lookup->unit_ranges.failed = true;
        return;
    }
    add_die_ranges(&lookup->unit_ranges, die, lookup->n_units);
    lookup->units[lookup->n_units++] = (struct unit){.offset = dwarf_dieoffset(die)};
}

struct mt_symbols_lines *mt_symbols_lines_new(struct mt_symbols_module *module) {
    struct mt_symbols_lines *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    lookup->module = module;
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die;
    while (dwarf_get_units(module->dwarf, cu, &cu, &version, &type, &die, NULL) == 0)
        if (type == DW_UT_compile || type == DW_UT_skeleton)
            add_unit(lookup, &die);
    sort_ranges(&lookup->unit_ranges);
    if (lookup->unit_ranges.failed) {
        mt_symbols_lines_free(lookup);
        return NULL;
    }
    return lookup;
}

void mt_symbols_lines_free(struct mt_symbols_lines *lookup) {
    if (!lookup)
        return;
    for (size_t i = 0; i < lookup->n_units; i++)
        free(lookup->units[i].functions.range);
    for (size_t i = 0; i < MAX_NESTING; i++)
        free(lookup->children[i].ranges.range);
    free(lookup->units);
    free(lookup->unit_ranges.range);
    free(lookup);
}

/* Finds the DIE that holds the unit's code; for a split unit, the skeleton (for lines) and the
 * DIE in the other file. */
static bool unit_dies(struct mt_symbols_lines *lookup, const struct unit *unit, Dwarf_Die *lines,
                      Dwarf_Die *code) {
    Dwarf_Half version;
    uint8_t type;
    if (!dwarf_offdie(lookup->module->dwarf, unit->offset, lines))
        return false;
    *code = *lines;
    Dwarf_Die split;
    if (dwarf_cu_info(lines->cu, &version, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
        type == DW_UT_skeleton && (split.addr || mt_split_find(lookup->module, lines, &split)))
        *code = split;
    return true;
}

/* ---- functions of a unit --------------------------------------------------------------------- */

static bool holds_functions(int tag, bool deeply) {
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
        return true;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
        return deeply;
    default:
        return false;
    }
}

/* Goes to the next sibling. Returns false at the end, or when the sibling is not behind this
 * one. */
static bool next_sibling(Dwarf_Die *die) {
    Dwarf_Off before = dwarf_dieoffset(die);
    Dwarf_Die next;
    if (dwarf_siblingof(die, &next) != 0 || dwarf_dieoffset(&next) <= before)
        return false;
    *die = next;
    return true;
}

static void add_functions(struct ranges *functions, Dwarf_Die *parent, bool deeply,
                          unsigned depth) {
    Dwarf_Die die;
    if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_subprogram)
            add_die_ranges(functions, &die, dwarf_dieoffset(&die));
        if (holds_functions(tag, deeply))
            add_functions(functions, &die, deeply, depth + 1);
    } while (next_sibling(&die));
}

/* Functions inside types and functions are rare, and to look for them is a walk over everything,
 * so it is done only when needed. */
static void index_deeply(struct unit *unit, Dwarf_Die *code) {
    if (unit->indexed_deeply)
        return;
    unit->functions.n = 0;
    add_functions(&unit->functions, code, true, 0);
    sort_ranges(&unit->functions);
    unit->indexed = unit->indexed_deeply = true;
}

static const struct range *find_function(struct unit *unit, Dwarf_Die *code, uint64_t address) {
    if (!unit->indexed) {
        add_functions(&unit->functions, code, false, 0);
        sort_ranges(&unit->functions);
        unit->indexed = true;
    }
    const struct range *found = find_range(&unit->functions, address);
    if (!found && !unit->indexed_deeply) {
        index_deeply(unit, code);
        found = find_range(&unit->functions, address);
    }
    return found;
}

/* ---- inlined calls --------------------------------------------------------------------------- */

/* Adds the inlined calls and blocks among the children of *parent; of a block that has no code of its
 * own, those in it. */
static void add_children(struct ranges *children, Dwarf_Die *parent, unsigned depth) {
    Dwarf_Die die;
    if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
            tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
            continue;
        if (dwarf_hasattr(&die, DW_AT_low_pc) || dwarf_hasattr(&die, DW_AT_ranges))
            add_die_ranges(children, &die, dwarf_dieoffset(&die));
        else if (tag != DW_TAG_inlined_subroutine)
            add_children(children, &die, depth + 1);
    } while (next_sibling(&die));
}

/* Returns the inlined call, or block, among the children of *parent that holds the address. Who asks
 * for one address of a function asks for others, and most children of a large one (each call in it)
 * are neither: what was found is kept for each depth until another parent is asked for there. */
static bool find_child(struct mt_symbols_lines *lookup, const struct unit *unit, unsigned depth,
                       Dwarf_Die *parent, uint64_t address, Dwarf_Die *found) {
    struct children *children = &lookup->children[depth];
    uint64_t offset = dwarf_dieoffset(parent);
    if (children->unit != unit->offset || children->parent != offset) {
        children->ranges.n = 0;
        add_children(&children->ranges, parent, 0);
        sort_ranges(&children->ranges);
        children->unit = unit->offset;
        children->parent = offset;
    }
    const struct range *range = find_range(&children->ranges, address);
    return range && dwarf_offdie(dwarf_cu_getdwarf(parent->cu), range->offset, found);
}

/* Fills chain: chain[0] is the function, and each further one is the call inlined into it.
 * Returns their number. */
static size_t inline_chain(struct mt_symbols_lines *lookup, const struct unit *unit,
                           Dwarf_Die *function, uint64_t address,
                           Dwarf_Die chain[MT_MAX_INLINED_FRAMES]) {
    Dwarf_Die at = *function, next;
    size_t n = 0;
    chain[n++] = at;
    for (unsigned depth = 0; depth < MAX_NESTING && n < MT_MAX_INLINED_FRAMES; depth++) {
        if (!find_child(lookup, unit, depth, &at, address, &next))
            break;
        at = next;
        if (dwarf_tag(&at) == DW_TAG_inlined_subroutine)
            chain[n++] = at;
    }
    return n;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const char *string_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, name, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

static int number_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
        value > INT32_MAX)
        return 0;
    return (int)value;
}

static const char *unit_file(Dwarf_Die *lines, uint64_t index) {
    Dwarf_Files *files;
    size_t n;
    if (dwarf_getsrcfiles(lines, &files, &n) != 0 || index >= n)
        return NULL;
    return dwarf_filesrc(files, index, NULL, NULL);
}

static bool is_up_to(Dwarf_Line *row, uint64_t address) {
    Dwarf_Addr at;
    return dwarf_lineaddr(row, &at) == 0 && at <= address;
}

size_t mt_symbols_lines_row_behind(Dwarf_Lines *rows, size_t n, uint64_t address) {
    return MT_PARTITION_POINT(i, n, is_up_to(dwarf_onesrcline(rows, i), address));
}

/* A row of line 0 is code that the compiler made up. It is taken to belong to the line before
 * it, if that is in the same function and file. */
static int line_before(Dwarf_Die *lines, uint64_t address, uint64_t start, const char *file) {
    Dwarf_Lines *rows;
    size_t n;
    if (!file || dwarf_getsrclines(lines, &rows, &n) != 0)
        return 0;
    for (size_t i = mt_symbols_lines_row_behind(rows, n, address); i > 0; i--) {
        Dwarf_Line *row = dwarf_onesrcline(rows, i - 1);
        Dwarf_Addr at;
        int line;
        const char *row_file = dwarf_linesrc(row, NULL, NULL);
        if (dwarf_lineaddr(row, &at) != 0 || at < start || dwarf_lineno(row, &line) != 0 ||
            !row_file || strcmp(row_file, file) != 0)
            return 0;
        if (line)
            return line;
    }
    return 0;
}

/* start is where the innermost function begins. */
static void find_line(Dwarf_Die *lines, uint64_t address, uint64_t start,
                      struct mt_symbol_frame *frame) {
    Dwarf_Line *row = dwarf_getsrc_die(lines, address);
    if (!row || dwarf_lineno(row, &frame->line) != 0)
        return;
    frame->file = dwarf_linesrc(row, NULL, NULL);
    if (frame->line == 0)
        frame->line = line_before(lines, address, start, frame->file);
}

/* Returns where a relative file is. libdw has already put this before some names, namely those
 * of the directory itself. */
static const char *directory_of(Dwarf_Die *lines, const char *file) {
    const char *directory = string_attribute(lines, DW_AT_comp_dir);
    if (!directory || !file || *file == '/')
        return NULL;
    size_t bytes = strlen(directory);
    return strncmp(file, directory, bytes) == 0 && file[bytes] == '/' ? NULL : directory;
}

static bool mangles(Dwarf_Die *code) {
    switch (dwarf_srclang(code)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC_plus_plus:
    case DW_LANG_Rust:
    case DW_LANG_D:
    case 0x2b: /* C++17 */
    case 0x2c: /* C++20 */
        return true;
    default:
        return false;
    }
}

/* Returns the file of a function or call. libdw's dwarf_decl_file takes file 0, the first one
 * since DWARF 5, for none. A split unit has its files in its skeleton, which is lines if the
 * unit is the one of the code. */
static const char *file_attribute(Dwarf_Die *die, unsigned name, Dwarf_Die *lines,
                                  const Dwarf_Die *code) {
    Dwarf_Attribute attribute;
    Dwarf_Word index;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &index) != 0)
        return NULL;
    Dwarf_Half version; /* of the unit that says so, which need not be the one that has the code */
    Dwarf_Die unit;
    if (dwarf_cu_info(attribute.cu, &version, NULL, &unit, NULL, NULL, NULL, NULL) != 0 ||
        (index == 0 && version < 5))
        return NULL;
    return unit_file(attribute.cu == code->cu ? lines : &unit, index);
}

static void name_frame(Dwarf_Die *die, Dwarf_Die *lines, const Dwarf_Die *code,
                       struct mt_symbol_frame *frame) {
    frame->name = string_attribute(die, DW_AT_name);
    frame->linkage_name = string_attribute(die, DW_AT_linkage_name);
    if (!frame->linkage_name)
        frame->linkage_name = string_attribute(die, DW_AT_MIPS_linkage_name);
    const char *declared = file_attribute(die, DW_AT_decl_file, lines, code);
    int line;
    if (declared && frame->file && strcmp(declared, frame->file) == 0 &&
        dwarf_decl_line(die, &line) == 0)
        frame->start_line = line;
}

static size_t make_frames(Dwarf_Die *lines, Dwarf_Die *code, Dwarf_Die *chain, size_t n,
                          uint64_t address, struct mt_symbol_frame *frames) {
    Dwarf_Addr start = 0;
    if (dwarf_lowpc(&chain[n - 1], &start) != 0)
        start = address; /* in pieces */
    bool is_mangled_language = mangles(code);
    for (size_t i = 0; i < n; i++) {
        Dwarf_Die *die = &chain[n - 1 - i];
        frames[i] = (struct mt_symbol_frame){.is_mangled_language = is_mangled_language};
        if (i == 0) {
            find_line(lines, address, start, &frames[i]);
        } else {
            Dwarf_Die *call = &chain[n - i];
            frames[i].line = number_attribute(call, DW_AT_call_line);
            frames[i].file = file_attribute(call, DW_AT_call_file, lines, code);
        }
        frames[i].directory = directory_of(lines, frames[i].file);
        name_frame(die, lines, code, &frames[i]);
    }
    return n;
}

static void count_rows(struct mt_symbols_lines *lookup, struct unit *unit, Dwarf_Die *lines) {
    Dwarf_Lines *rows;
    size_t n;
    if (!unit->counted && dwarf_getsrclines(lines, &rows, &n) == 0) {
        lookup->module->n_rows += n;
        unit->counted = true;
    }
}

/* Line tables are what fills memory, and they are read for a whole unit at a time. The larger
 * the file, the more rows may stay, because to open it again can mean to decompress it again. */
bool mt_symbols_lines_are_many(const struct mt_symbols_lines *lookup) {
    return lookup->module->dwarf &&
           lookup->module->n_rows >= MIN_ROWS + lookup->module->debug_bytes / BYTES_PER_ROW;
}

void mt_symbols_lines_forget_tables(struct mt_symbols_lines *lookup) {
    for (size_t i = 0; i < lookup->n_units; i++)
        lookup->units[i].counted = false;
}

bool mt_symbols_lines_function(struct mt_symbols_lines *lookup, uint64_t address, Dwarf_Die *lines,
                               Dwarf_Die *function) {
    if (!lookup->module->dwarf)
        return false;
    address += lookup->module->elf_bias - lookup->module->dwarf_bias;
    const struct range *range = find_range(&lookup->unit_ranges, address);
    Dwarf_Die code;
    if (!range || !unit_dies(lookup, &lookup->units[range->offset], lines, &code))
        return false;
    struct unit *unit = &lookup->units[range->offset];
    count_rows(lookup, unit, lines);
    range = find_function(unit, &code, address);
    return range && dwarf_offdie(dwarf_cu_getdwarf(code.cu), range->offset, function);
}

int mt_symbols_lines_each(struct mt_symbols_lines *lookup,
                          int (*visit)(void *context, uint64_t address), void *context) {
    Dwarf_Die lines, code;
    int rc = 0;
    for (size_t i = 0; rc == 0 && lookup->module->dwarf && i < lookup->n_units; i++) {
        struct unit *unit = &lookup->units[i];
        if (!unit_dies(lookup, unit, &lines, &code))
            continue;
        index_deeply(unit, &code);
        for (size_t r = 0; r < unit->functions.n && rc == 0; r++)
            rc = visit(context, unit->functions.range[r].low -
                                    (lookup->module->elf_bias - lookup->module->dwarf_bias));
    }
    return rc;
}

size_t mt_symbols_lines_find(struct mt_symbols_lines *lookup, uint64_t address,
                             struct mt_symbol_frame frames[MT_MAX_INLINED_FRAMES]) {
    if (!lookup->module->dwarf)
        return 0;
    address += lookup->module->elf_bias - lookup->module->dwarf_bias;
    const struct range *range = find_range(&lookup->unit_ranges, address);
    Dwarf_Die lines, code, function;
    if (!range || !unit_dies(lookup, &lookup->units[range->offset], &lines, &code))
        return 0;
    struct unit *unit = &lookup->units[range->offset];
    count_rows(lookup, unit, &lines);
    range = find_function(unit, &code, address);
    Dwarf_Die chain[MT_MAX_INLINED_FRAMES];
    if (range && dwarf_offdie(dwarf_cu_getdwarf(code.cu), range->offset, &function)) {
        size_t n = inline_chain(lookup, unit, &function, address, chain);
        return make_frames(&lines, &code, chain, n, address, frames);
    }
    frames[0] =
        (struct mt_symbol_frame){0}; /* assembly: a line, and a name from the symbol table */
    find_line(&lines, address, address, &frames[0]);
    frames[0].directory = directory_of(&lines, frames[0].file);
    return frames[0].file && frames[0].line ? 1 : 0;
}
