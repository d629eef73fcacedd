/* SPDX-License-Identifier: MIT */
/*
 * ELF symbols. libdwfl's own lookup scans the whole table for every address, which is minutes for a
 * browser's library; sorting the table costs milliseconds even when four addresses are asked for.
 * Here one pass over the table, in its order, asks for each symbol which of the few sorted
 * addresses it covers, by binary search.
 *
 * Symbols with a size win. An address that none of them covers takes the symbol before it, if that
 * has no size and is in the same section (hand-written assembly). Not when local symbols are
 * stripped: then what follows a symbol is mostly other functions. Of several names for one function
 * the plainest is taken: malloc, not __libc_malloc, and always the same one.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "view/symbols/symbols-local.h"

enum { MAX_DYNAMIC_LOCALS = 4 }; /* a table with no more has been stripped of its local symbols */

static size_t first_at_or_after(const struct mt_symbol_query *queries, size_t n, uint64_t address) {
    return MT_PARTITION_POINT(i, n, queries[i].address < address);
}

static bool plainer(const char *a, const char *b) {
    size_t a_underscores = strspn(a, "_"), b_underscores = strspn(b, "_");
    if (a_underscores != b_underscores)
        return a_underscores < b_underscores;
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    return a_bytes != b_bytes ? a_bytes < b_bytes : strcmp(a, b) < 0;
}

static bool better(const struct mt_symbol *symbol, const struct mt_symbol *than) {
    if (!than->name || symbol->start != than->start)
        return !than->name || symbol->start > than->start;
    return symbol->rank != than->rank ? symbol->rank > than->rank
                                      : plainer(symbol->name, than->name);
}

static unsigned rank_of(const GElf_Sym *symbol) {
    unsigned type = GELF_ST_TYPE(symbol->st_info), bind = GELF_ST_BIND(symbol->st_info);
    unsigned rank = bind == STB_GLOBAL ? 2 : bind == STB_WEAK ? 1 : 0;
    return type == STT_FUNC || type == STT_GNU_IFUNC ? rank + 3 : rank;
}

static bool names_code(const GElf_Sym *symbol, GElf_Word section, const char *name) {
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    return name && *name && section != SHN_UNDEF && section != SHN_ABS &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/* Returns the end of the executable section that holds an address of the file, or 0 when there
 * is none. */
static uint64_t section_end(const struct mt_symbols_module *module, uint64_t address) {
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    GElf_Shdr header;
    for (Elf_Scn *section = NULL; elf && (section = elf_nextscn(elf, section)) != NULL;)
        if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_ALLOC) &&
            (header.sh_flags & SHF_EXECINSTR) && address >= header.sh_addr &&
            address - header.sh_addr < header.sh_size)
            return header.sh_addr + header.sh_size;
    return 0;
}

static bool covers(const struct mt_symbol *symbol, uint64_t address) {
    return address - symbol->start < symbol->size;
}

/* A symbol without a size may name every address up to the next symbol. It is kept at the first
 * address, see spread_unsized. nearest[i] becomes the last start of any symbol before query i
 * and not before query i - 1. */
static void take(const struct mt_symbol *symbol, const struct mt_symbol_query *queries, size_t n,
                 struct mt_symbol *symbols, uint64_t *nearest) {
    size_t i = first_at_or_after(queries, n, symbol->start);
    if (i < n && symbol->start > nearest[i])
        nearest[i] = symbol->start;
    if (symbol->size == 0) {
        if (i < n && (!symbols[i].name || symbols[i].size == 0) && better(symbol, &symbols[i]))
            symbols[i] = *symbol;
        return;
    }
    for (; i < n && covers(symbol, queries[i].address); i++)
        if (symbols[i].size == 0 || better(symbol, &symbols[i]))
            symbols[i] = *symbol;
}

/* An unsized symbol names what follows it, up to the next symbol of any kind and within its
 * section. */
static void spread_unsized(const struct mt_symbols_module *module,
                           const struct mt_symbol_query *queries, size_t n,
                           struct mt_symbol *symbols, const uint64_t *nearest) {
    struct mt_symbol last = {0};
    uint64_t end = 0;
    for (size_t i = 0; i < n; i++) {
        if (nearest[i] > last.start)
            last.name = NULL;
        if (symbols[i].name && symbols[i].size)
            continue;
        if (symbols[i].name && symbols[i].start >= nearest[i]) {
            last = symbols[i];
            end = section_end(module, last.start);
        }
        symbols[i] = last.name && queries[i].address < end ? last : (struct mt_symbol){0};
    }
}

bool mt_symbols_table_is_complete(const struct mt_symbols_module *module) {
    return dwfl_module_getsymtab(module->module) > 0 &&
           dwfl_module_getsymtab_first_global(module->module) > MAX_DYNAMIC_LOCALS;
}

void mt_symbols_table_find(const struct mt_symbols_module *module,
                           const struct mt_symbol_query *queries, size_t n,
                           struct mt_symbol *symbols) {
    memset(symbols, 0, n * sizeof *symbols);
    uint64_t *nearest = calloc(n, sizeof *nearest);
    if (!nearest)
        return;
    int n_symbols = dwfl_module_getsymtab(module->module);
    bool complete = mt_symbols_table_is_complete(module);
    for (int i = 1; i < n_symbols; i++) {
        GElf_Sym raw;
        GElf_Word section;
        GElf_Addr address;
        const char *name =
            dwfl_module_getsym_info(module->module, i, &raw, &address, &section, NULL, NULL);
        if (!names_code(&raw, section, name) || (raw.st_size == 0 && !complete))
            continue;
        struct mt_symbol symbol = {
            .name = name,
            .start = address - module->elf_bias,
            .size = raw.st_size,
            .rank = rank_of(&raw),
        };
        take(&symbol, queries, n, symbols, nearest);
    }
    spread_unsized(module, queries, n, symbols, nearest);
    free(nearest);
}
