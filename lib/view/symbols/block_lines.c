/* SPDX-License-Identifier: MIT */
/*
 * Which lines have code in which nodes, by the line table. A line is told from another by its text,
 * and by what it is inlined into: each copy of it has nodes of its own. Where a call is inlined, its
 * line has the code of what it calls, too.
 */
#include "base/array.h"
#include "base/hash.h"
#include "view/symbols/blocks-local.h"

uint64_t mt_block_lines_bias(const struct mt_block_file *f) {
    return f->module->elf_bias - f->module->dwarf_bias;
}

/* ---- lines of the function ------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; text && *text; text++)
        hash = mt_hash_mix(hash, (uint8_t)*text);
    return mt_hash_mix(hash, 0);
}

static uint64_t hash_of(const struct mt_symbol_frame *frames, size_t n) {
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++) {
        hash = hash_text(hash, frames[i].file);
        hash = hash_text(hash, frames[i].linkage_name ? frames[i].linkage_name : frames[i].name);
        hash = mt_hash_mix(hash, (uint64_t)frames[i].line);
    }
    return hash;
}

/* Adds the line at an address, and those that it is inlined into: their code is there, too. */
static int add_place(const struct mt_block_file *f, struct mt_block_places *places,
                     uint64_t address, size_t node) {
    struct mt_symbol_frame frames[MT_MAX_INLINED_FRAMES];
    size_t n = mt_symbols_lines_find(f->module->lines, address, frames);
    if (n == 0 || frames[0].line <= 0)
        return 0;
    if (!mt_array_reserve(&places->items, &places->capacity, places->n + n, sizeof *places->items))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++)
        places->items[places->n++] = (struct mt_block_place){.line = hash_of(frames + i, n - i),
                                                             .address = address,
                                                             .node = (uint32_t)node,
                                                             .is_innermost = i == 0};
    return 0;
}

struct row {
    Dwarf_Addr address;
    bool is_of_code;
};

/* Of several rows at one address the last one is that of the code. Code of line 0 is what the
 * compiler has made up. */
static struct row row_at(Dwarf_Lines *rows, size_t n, size_t i) {
    Dwarf_Line *line = dwarf_onesrcline(rows, i);
    struct row row = {0};
    Dwarf_Addr next;
    bool ends = false;
    int number = 0;
    if (dwarf_lineaddr(line, &row.address) != 0 || dwarf_lineno(line, &number) != 0 ||
        dwarf_lineendsequence(line, &ends) != 0)
        return (struct row){0};
    bool has_code = i + 1 == n || dwarf_lineaddr(dwarf_onesrcline(rows, i + 1), &next) != 0 ||
                    next != row.address;
    row.is_of_code = !ends && number > 0 && has_code;
    return row;
}

/* A row that begins before the node says of which line its beginning is. But what is of no line (the
 * call of a hook, what a compiler does before it, what catches an exception) has that of whatever
 * stands before it. Then a row begins at the hook, or somewhere behind it, and the code before does
 * not lead here. */
static bool is_of_row_before(const struct mt_flow *flow, size_t n, Dwarf_Lines *rows, size_t n_rows,
                             size_t behind, uint64_t bias) {
    const struct mt_flow_node *node = &flow->nodes[n];
    uint64_t begins = row_at(rows, n_rows, behind - 1).address - bias;
    if (begins == node->start)
        return true;
    if (node->hook && behind < n_rows && row_at(rows, n_rows, behind).address - bias <= node->hook)
        return false;
    bool has_own = behind < n_rows && row_at(rows, n_rows, behind).address - bias < node->end;
    size_t first = mt_flow_find(flow, begins);
    return first == SIZE_MAX || (flow->nodes[first].is_normal == node->is_normal &&
                                 (!has_own || mt_flow_leads_to_next(flow, n - 1)));
}

/* Adds the lines that have code in a node: that at its beginning, and those that begin within. */
static int add_lines_of(const struct mt_block_file *f, const struct mt_flow *flow, size_t n,
                        Dwarf_Lines *rows, size_t n_rows, struct mt_block_places *places) {
    const struct mt_flow_node *node = &flow->nodes[n];
    uint64_t bias = mt_block_lines_bias(f);
    size_t i = mt_symbols_lines_row_behind(rows, n_rows, node->start + bias);
    int rc = 0;
    if (i > 0 && is_of_row_before(flow, n, rows, n_rows, i, bias)) {
        const struct row row = row_at(rows, n_rows, i - 1);
        rc = row.is_of_code ? add_place(f, places, node->start, n) : 0;
    }
    for (; rc == 0 && i < n_rows; i++) {
        const struct row row = row_at(rows, n_rows, i);
        if (row.address >= node->end + bias)
            break;
        if (row.is_of_code)
            rc = add_place(f, places, row.address - bias, n);
    }
    return rc;
}

int mt_block_lines_find(const struct mt_block_file *f, const struct mt_flow *flow, Dwarf_Die *lines,
                        struct mt_block_places *places) {
    Dwarf_Lines *rows;
    size_t n_rows;
    int rc = 0;
    if (dwarf_getsrclines(lines, &rows, &n_rows) != 0)
        return 0;
    for (size_t i = 0; i < flow->n_nodes && rc == 0; i++)
        rc = add_lines_of(f, flow, i, rows, n_rows, places);
    return rc;
}
