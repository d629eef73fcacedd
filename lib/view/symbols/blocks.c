/* SPDX-License-Identifier: MIT */
/*
 * How often each line has run. A program that was built for it tells of each block of its code, by
 * a call of a hook at the block's beginning (memtrack/lines.h). The block's other lines tell of
 * nothing, and a block that has not run tells of nothing either. So the code of each function of
 * which something is known is taken apart here:
 *
 *   recorded address ─► the call before it ─► what a hook's call looks like, in this file
 *   function (DWARF) ─► its code ─► nodes and edges (view/flow), hooks that have run and have not
 *   line table ─► which nodes have code of a line ─► how often control has come to that line
 *
 * What a line counts is how often control has come to it from another line, and gone around a loop
 * within it: gcov counts in the same way. A for loop whose body has other lines counts one for each
 * time its condition was tested, and a line with a whole loop one for each time around.
 *
 * The result are items of the profile like those of recorded blocks, each with a location in the
 * line, which is looked up afterwards with all others. Of a processor other than x86-64, and of a
 * file that is not here, nothing is added, and then blocks count where they begin.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/search.h"
#include "view/symbols/blocks-local.h"
#include "view/symbols/demangle.h"

enum { MOST_RANGES = 64 };

/* ---- one function ---------------------------------------------------------------------------- */

static int compare_ranges(const void *x, const void *y) {
    const struct mt_flow_range *a = x, *b = y;
    return (a->low > b->low) - (a->low < b->low);
}

/* Returns how many ranges of code the function has, that with its entry first; 0: they are not in
 * the file, or too many. */
static size_t ranges_of(const struct mt_block_file *f, Dwarf_Die *function,
                        struct mt_flow_range ranges[MOST_RANGES]) {
    Dwarf_Addr base, low, high, entry;
    ptrdiff_t at = 0;
    size_t n = 0;
    while ((at = dwarf_ranges(function, at, &base, &low, &high)) > 0) {
        uint64_t available;
        if (n == MOST_RANGES || low >= high)
            return 0;
        ranges[n] = (struct mt_flow_range){.low = low - mt_block_lines_bias(f),
                                           .high = high - mt_block_lines_bias(f)};
        ranges[n].code = mt_block_calls_bytes(f, ranges[n].low, &available);
        if (!ranges[n].code || available < ranges[n].high - ranges[n].low)
            return 0;
        n++;
    }
    qsort(ranges, n, sizeof *ranges, compare_ranges);
    if (dwarf_entrypc(function, &entry) != 0)
        return n;
    for (size_t i = 1; i < n; i++)
        if (ranges[i].low == entry - mt_block_lines_bias(f)) {
            struct mt_flow_range first = ranges[0];
            ranges[0] = ranges[i];
            ranges[i] = first;
        }
    return n;
}

/* Every hook has told, of its runs or by its silence. False: something has told that is no hook, or
 * there is none. */
static bool set_counts(const struct mt_block_file *f, const struct mt_block *blocks, size_t n,
                       struct mt_flow *flow) {
    size_t n_hooks = 0;
    for (size_t i = 0; i < flow->n_nodes; i++) {
        flow->nodes[i].is_known = flow->nodes[i].hook != 0;
        n_hooks += flow->nodes[i].hook != 0;
    }
    for (size_t i = 0; i < n; i++) {
        size_t node = mt_flow_find_hook(flow, blocks[i].address);
        if (node == SIZE_MAX)
            return false;
        flow->nodes[node].count += f->profile->info.lines.items[blocks[i].item].hits;
    }
    return n_hooks != 0;
}

/* ---- results --------------------------------------------------------------------------------- */

static int compare_places(const void *x, const void *y) {
    const struct mt_block_place *a = x, *b = y;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->address > b->address) - (a->address < b->address);
}

static int64_t add_location(const struct mt_block_file *f, uint64_t address) {
    const struct mt_location location = {.address = address + f->profile->mappings[f->mapping].bias,
                                         .mapping = f->mapping + 1,
                                         .exact = true};
    return mt_profile_add_location(f->profile, &location);
}

static int add_line(const struct mt_block_file *f, uint64_t address, uint64_t hits) {
    const struct mt_line_change change = {.is_step = true, .is_line = true, .hits = hits};
    int64_t location = add_location(f, address);
    uint32_t frame = (uint32_t)location;
    return location < 0 ? (int)location
                        : mt_profile_lines_add(&f->profile->info.lines, &change, &frame, 1);
}

/* The busiest of the nodes, when it is not known how they lead to each other. */
static bool busiest(const struct mt_flow *flow, const uint32_t *nodes, size_t n, uint64_t *hits) {
    bool is_known = false;
    *hits = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mt_flow_node *node = &flow->nodes[nodes[i]];
        if (node->is_known && (!is_known || node->count > *hits))
            *hits = node->count;
        is_known |= node->is_known;
    }
    return is_known;
}

static int add_lines(const struct mt_block_file *f, struct mt_flow *flow,
                     const struct mt_block_places *places) {
    uint32_t *nodes = malloc((places->n + 1) * sizeof *nodes);
    int rc = nodes ? 0 : -MEMTRACK_ENOMEM;
    for (size_t first = 0, end; rc == 0 && first < places->n; first = end) {
        uint64_t hits;
        size_t n = 0;
        const struct mt_block_place *own = NULL;
        for (end = first; end < places->n && places->items[end].line == places->items[first].line;
             end++) {
            if (n == 0 || nodes[n - 1] != places->items[end].node)
                nodes[n++] = places->items[end].node;
            if (!own && places->items[end].is_innermost)
                own = &places->items[end];
        }
        if (!own)
            continue;
        n = mt_flow_own(flow, nodes, n);
        if (mt_flow_entries(flow, nodes, n, &hits) || busiest(flow, nodes, n, &hits))
            rc = add_line(f, own->address, hits);
    }
    free(nodes);
    return rc;
}

/* Returns the place that a block begins with: that of its hook's call, and else its first one. NULL:
 * it has none. */
static const struct mt_block_place *first_of(const struct mt_flow_node *node, size_t n,
                                             const struct mt_block_places *places, size_t *next) {
    const struct mt_block_place *first = NULL;
    while (*next < places->n && places->items[*next].node < n)
        ++*next;
    for (size_t i = *next; i < places->n && places->items[i].node == n; i++)
        if (places->items[i].is_innermost && (!first || places->items[i].address < node->hook))
            first = &places->items[i];
    return first;
}

/* A block keeps its time and levels, and has them where it begins. Its runs are counted for its
 * lines. The places are in the order of nodes here. */
static int move_blocks(const struct mt_block_file *f, const struct mt_block *blocks, size_t n,
                       const struct mt_flow *flow, const struct mt_block_places *places) {
    struct mt_line_changes *changes = &f->profile->info.lines;
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        size_t node = mt_flow_find_hook(flow, blocks[i].address);
        const struct mt_block_place *first = first_of(&flow->nodes[node], node, places, &next);
        struct mt_line_change *block = &changes->items[blocks[i].item];
        int64_t location = first ? add_location(f, first->address) : 0;
        if (location < 0)
            return (int)location;
        block->hits = 0;
        if (first)
            changes->frames[block->first_frame] = (uint32_t)location;
    }
    return 0;
}

static int work_out(const struct mt_block_file *f, const struct mt_block *blocks, size_t n,
                    Dwarf_Die *lines, Dwarf_Die *function) {
    struct mt_flow_range ranges[MOST_RANGES];
    const struct mt_flow_hooks hooks = {
        .targets = f->targets, .slots = f->slots, .n_targets = f->n_targets, .n_slots = f->n_slots};
    struct mt_flow flow;
    struct mt_block_places places = {0};
    int rc = mt_flow_build(&flow, ranges, ranges_of(f, function, ranges), &hooks,
                           mt_block_calls_read, (void *)(uintptr_t)f);
    if (rc != 0)
        return rc == -MEMTRACK_ENOMEM ? rc : 0;
    if (set_counts(f, blocks, n, &flow) && (rc = mt_flow_solve(&flow)) == 0 &&
        (rc = mt_block_lines_find(f, &flow, lines, &places)) == 0 &&
        (rc = move_blocks(f, blocks, n, &flow, &places)) == 0) {
        if (places.n)
            qsort(places.items, places.n, sizeof *places.items, compare_places);
        rc = add_lines(f, &flow, &places);
    }
    free(places.items);
    mt_flow_free(&flow);
    return rc;
}

/* ---- functions that have run ------------------------------------------------------------------ */

static void open_again(struct mt_block_file *f) {
    GElf_Addr bias;
    mt_symbols_lines_forget_tables(f->module->lines);
    mt_symbols_module_reopen(f->module);
    f->elf = f->module->dwfl ? dwfl_module_getelf(f->module->module, &bias) : NULL;
}

static bool find_function(struct mt_block_file *f, uint64_t address, Dwarf_Die *lines,
                          Dwarf_Die *function) {
    if (mt_symbols_lines_are_many(f->module->lines))
        open_again(f);
    return f->elf && mt_symbols_lines_function(f->module->lines, address, lines, function);
}

static int compare_functions(const void *x, const void *y) {
    const struct mt_block *a = x, *b = y;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    return (a->address > b->address) - (a->address < b->address);
}

/* Puts the blocks of each function together: it may be in several pieces. */
static void sort_by_function(struct mt_block_file *f) {
    Dwarf_Die lines, function;
    for (size_t i = 0; i < f->n; i++)
        if (find_function(f, f->blocks[i].address - 1, &lines, &function))
            f->blocks[i].function = dwarf_dieoffset(&function);
    if (f->n)
        qsort(f->blocks, f->n, sizeof *f->blocks, compare_functions);
}

static int work_out_those_that_ran(struct mt_block_file *f) {
    Dwarf_Die lines, function;
    int rc = 0;
    sort_by_function(f);
    for (size_t first = 0, end; first < f->n && rc == 0; first = end) {
        const struct mt_block *block = &f->blocks[first];
        for (end = first + 1; end < f->n && f->blocks[end].function == block->function;)
            end++;
        if (block->function && find_function(f, block->address - 1, &lines, &function))
            rc = work_out(f, block, end - first, &lines, &function);
    }
    return rc;
}

/* ---- functions that have not run ------------------------------------------------------------- */

static bool has_run(const struct mt_block_file *f, uint64_t function) {
    size_t low = MT_PARTITION_POINT(i, f->n, f->blocks[i].function < function);
    return low < f->n && f->blocks[low].function == function;
}

/* Asks by the names that the profile would have. */
static bool is_chosen(const struct mt_block_file *f, const struct mt_symbol_frame *frame) {
    const struct mt_profile *profile = f->profile;
    const char *name = frame->linkage_name ? frame->linkage_name : frame->name;
    char demangled[MT_DEMANGLE_MAX_BYTES], file[4096];
    if (frame->linkage_name && mt_demangle(name, demangled, sizeof demangled))
        name = demangled;
    snprintf(file, sizeof file, "%s%s%s", frame->directory ? frame->directory : "",
             frame->directory ? "/" : "", frame->file ? frame->file : "");
    return f->chosen->is_chosen(f->chosen->context, name ? name : "", file,
                                mt_profile_text(profile, profile->mappings[f->mapping].path));
}

static int visit_function(void *context, uint64_t address) {
    struct mt_block_file *f = context;
    struct mt_symbol_frame frames[MT_MAX_INLINED_FRAMES];
    Dwarf_Die lines, function;
    Dwarf_Addr entry;
    size_t n = mt_symbols_lines_find(f->module->lines, address, frames);
    if (n == 0 || !is_chosen(f, &frames[n - 1]) ||
        !mt_symbols_lines_function(f->module->lines, address, &lines, &function) ||
        has_run(f, dwarf_dieoffset(&function)) || dwarf_entrypc(&function, &entry) != 0 ||
        entry - mt_block_lines_bias(f) != address) /* another piece of it */
        return 0;
    return work_out(f, NULL, 0, &lines, &function);
}

static int work_out_all(struct mt_block_file *f) {
    int rc = work_out_those_that_ran(f);
    if (rc == 0 && f->chosen && f->n_targets + f->n_slots != 0 && f->elf)
        rc = mt_symbols_lines_each(f->module->lines, visit_function, f);
    return rc;
}

/* ---- one file -------------------------------------------------------------------------------- */

/* A block that was told of behind the call of a function, which has left it to the hook to return,
 * is not there. */
static void take_away_wrong(struct mt_block_file *f) {
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (mt_block_calls_are_wrong(f, f->blocks[i].address))
            f->profile->info.lines.items[f->blocks[i].item].n_frames = 0;
        else
            f->blocks[kept++] = f->blocks[i];
    }
    f->n = kept;
}

static bool is_x86_64(Elf *elf) {
    GElf_Ehdr header;
    return elf && gelf_getehdr(elf, &header) && header.e_machine == EM_X86_64;
}

static int resolve_file(struct mt_profile *profile, const struct mt_symbols_options *options,
                        struct mt_block *blocks, size_t n) {
    const struct mt_mapping *mapping = &profile->mappings[blocks[0].mapping];
    const struct mt_symbol_wanted wanted = mt_symbols_wanted(profile, options, mapping);
    struct mt_block_file f = {.profile = profile,
                              .mapping = blocks[0].mapping,
                              .blocks = blocks,
                              .n = n,
                              .chosen = options->chosen};
    GElf_Addr bias;
    int rc = 0;
    if (mt_symbols_cache_open(options->cache, &f.module, &wanted) != MT_SYMBOL_FILE_FOUND)
        return 0;
    if (!f.module->lines)
        f.module->lines = mt_symbols_lines_new(f.module);
    f.elf = f.module->dwfl ? dwfl_module_getelf(f.module->module, &bias) : NULL;
    if (!f.module->lines)
        rc = -MEMTRACK_ENOMEM;
    else if (f.module->dwarf && is_x86_64(f.elf) && (rc = mt_block_calls_learn(&f)) == 0) {
        take_away_wrong(&f);
        rc = work_out_all(&f);
    }
    mt_symbols_cache_close(options->cache, f.module);
    free(f.targets);
    free(f.slots);
    free(f.wrong);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Blocks whose locations were looked up before were worked out then. */
static size_t collect(const struct mt_profile *profile, struct mt_block *blocks) {
    const struct mt_line_changes *changes = &profile->info.lines;
    size_t n = 0;
    for (size_t i = 0; i < changes->n; i++) {
        const struct mt_line_change *change = &changes->items[i];
        if (!change->is_step || change->is_line || change->n_frames == 0 ||
            changes->frames[change->first_frame] >= profile->n_locations)
            continue;
        const struct mt_location *location =
            &profile->locations[changes->frames[change->first_frame]];
        if (location->n_lines == 0 && location->mapping && location->mapping <= profile->n_mappings)
            blocks[n++] = (struct mt_block){
                .mapping = location->mapping - 1,
                .item = (uint32_t)i,
                .address = location->address - profile->mappings[location->mapping - 1].bias};
    }
    return n;
}

static int compare_blocks(const void *x, const void *y) {
    const struct mt_block *a = x, *b = y;
    return (a->mapping > b->mapping) - (a->mapping < b->mapping);
}

int mt_symbols_blocks_resolve(struct mt_profile *profile,
                              const struct mt_symbols_options *options) {
    if (profile->info.lines.n == 0 || !profile->info.is_memtrack)
        return 0;
    struct mt_block *blocks = malloc(profile->info.lines.n * sizeof *blocks);
    int rc = blocks ? 0 : -MEMTRACK_ENOMEM;
    size_t n = blocks ? collect(profile, blocks) : 0;
    if (n)
        qsort(blocks, n, sizeof *blocks, compare_blocks);
    for (size_t first = 0, end; rc == 0 && first < n; first = end) {
        for (end = first + 1; end < n && blocks[end].mapping == blocks[first].mapping;)
            end++;
        rc = resolve_file(profile, options, blocks + first, end - first);
    }
    free(blocks);
    return rc;
}
