/* SPDX-License-Identifier: MIT */
/* Sections of ELF files by their names, and parts of them; sizes and offsets come from files that
 * may be damaged. */
#include <gelf.h>
#include <string.h>

#include "view/symbols/split-local.h"

struct mt_bytes mt_section_part(struct mt_bytes bytes, uint64_t offset, uint64_t n) {
    if (!bytes.data || offset > bytes.n)
        return (struct mt_bytes){0};
    return (struct mt_bytes){bytes.data + offset,
                             n < bytes.n - offset ? (size_t)n : bytes.n - (size_t)offset};
}

/* ".debug_x" is called ".zdebug_x" where it is compressed in the old way. */
static bool has_name(const char *found, const char *name) {
    return found && (strcmp(found, name) == 0 ||
                     (strncmp(found, ".z", 2) == 0 && strcmp(found + 2, name + 1) == 0));
}

struct mt_bytes mt_section_find(Elf *elf, const char *name) {
    size_t names;
    GElf_Shdr header;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return (struct mt_bytes){0};
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        const char *found =
            gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (!has_name(found, name) || header.sh_type == SHT_NOBITS)
            continue;
        if (header.sh_flags & SHF_COMPRESSED)
            elf_compress(section, 0, 0);
        else if (found[1] == 'z')
            elf_compress_gnu(section, 0, 0);
        if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_COMPRESSED))
            break;
        Elf_Data *data = elf_rawdata(section, NULL);
        return data && data->d_buf ? (struct mt_bytes){data->d_buf, data->d_size}
                                   : (struct mt_bytes){0};
    }
    return (struct mt_bytes){0};
}
