/* SPDX-License-Identifier: MIT */
/*
 * Functions of stripped files. Their names are gone, but not where they begin: the tables by which
 * exceptions are unwound cover each function apart, and strip must leave them. So a function
 * without a name is called after its address in the file, sub_3dec0, as disassemblers do: calls
 * from two of its lines are known to be of one function, it can be grouped, compared between two
 * runs of one build, and recognised as a wrapper.
 *
 * The start is looked for in .eh_frame_hdr, which is sorted for that; then libdw tells whether a
 * description covers the address at all (what lies between two functions with tables may be a third
 * one without). A part that the compiler has put elsewhere (f.cold) is a function of its own here.
 *
 * Such a name has no system name, which tells it from a real one: it is looked up again when a
 * profile is read where the debug information is.
 */
#include <ctype.h>
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "view/symbols/symbols-local.h"

static const char prefix[] = "sub_";

/* This is .eh_frame_hdr as linkers write it (LSB Core 10.6.2), with the encodings that make it a
 * table. */
struct header {
    uint8_t version, frame_encoding, count_encoding, table_encoding;
    int32_t frame;
    uint32_t count;
    struct {
        int32_t start, description; /* relative to the header */
    } row[];
};

enum {
    IS_COUNT = DW_EH_PE_udata4,
    IS_TABLE = DW_EH_PE_datarel | DW_EH_PE_sdata4,
    ROW_BYTES = 2 * sizeof(int32_t)
};

/* The table's header with its address in the file, when it is there whole. */
static const struct header *find_header(const struct mt_symbols_module *module, uint64_t *address) {
    GElf_Addr bias;
    GElf_Shdr section;
    size_t names;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    if (!elf || elf_getshdrstrndx(elf, &names) != 0)
        return NULL;
    for (Elf_Scn *at = NULL; (at = elf_nextscn(elf, at)) != NULL;) {
        const char *name =
            gelf_getshdr(at, &section) ? elf_strptr(elf, names, section.sh_name) : NULL;
        const Elf_Data *data =
            name && strcmp(name, ".eh_frame_hdr") == 0 && section.sh_type != SHT_NOBITS
                ? elf_rawdata(at, NULL)
                : NULL;
        const struct header *header = data ? data->d_buf : NULL;
        *address = section.sh_addr;
        if (header)
            return data->d_size >= sizeof *header && header->version == 1 &&
                           header->count_encoding == IS_COUNT &&
                           header->table_encoding == IS_TABLE &&
                           header->count <= (data->d_size - sizeof *header) / ROW_BYTES
                       ? header
                       : NULL;
    }
    return NULL;
}

static bool is_covered(const struct mt_symbols_module *module, uint64_t address) {
    Dwarf_Addr bias;
    Dwarf_Frame *frame = NULL;
    Dwarf_CFI *tables = dwfl_module_eh_cfi(module->module, &bias);
    bool found =
        tables && dwarf_cfi_addrframe(tables, address + module->elf_bias - bias, &frame) == 0;
    free(frame);
    return found;
}

bool mt_symbols_nameless_find(const struct mt_symbols_module *module, uint64_t address,
                              uint64_t *start) {
    uint64_t base = 0;
    const struct header *header = find_header(module, &base);
    int64_t wanted = (int64_t)(address - base);
    size_t low = MT_PARTITION_POINT(i, header ? header->count : 0, header->row[i].start <= wanted);
    if (low == 0 || !is_covered(module, address))
        return false;
    *start = base + (uint64_t)(int64_t)header->row[low - 1].start;
    return true;
}

void mt_symbols_nameless_name(uint64_t start, char name[MT_SYMBOLS_NAMELESS_BYTES]) {
    snprintf(name, MT_SYMBOLS_NAMELESS_BYTES, "%s%llx", prefix, (unsigned long long)start);
}

static bool is_made_up(const char *name) {
    size_t begin = sizeof prefix - 1;
    if (strncmp(name, prefix, begin) != 0 || !name[begin])
        return false;
    return name[begin + strspn(name + begin, "0123456789abcdef")] == '\0';
}

bool mt_symbols_nameless_is(const struct mt_profile *profile, const struct mt_location *location) {
    if (location->n_lines != 1 || location->first_line >= profile->n_lines)
        return location->n_lines == 0;
    uint32_t f = profile->lines[location->first_line].function;
    if (f >= profile->n_functions)
        return true;
    const struct mt_function *function = &profile->functions[f];
    return !function->system_name && !function->file &&
           is_made_up(mt_profile_text(profile, function->name));
}
