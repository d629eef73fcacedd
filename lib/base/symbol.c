/* SPDX-License-Identifier: MIT */
/*
 * DT_GNU_HASH or DT_HASH, DT_SYMTAB (System V gABI, chapter 5; the GNU hash table is described in
 * the binutils and glibc sources).
 */
#include "base/symbol.h"

#include "base/text.h"

#include <elf.h>

struct object {
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *gnu_hash;
    const uint32_t *hash;
    const uint16_t *versions;
};

/* Returns where an address of the dynamic section lies. glibc has relocated these in place, musl
 * and the vdso have not. */
static const void *in_memory(const struct link_map *map, ElfW(Addr) address) {
    return (const void *)(address < map->l_addr ? address + map->l_addr : address);
}

static struct object open_object(const struct link_map *map) {
    struct object o = {0};
    for (const ElfW(Dyn) *d = map->l_ld; d != NULL && d->d_tag != DT_NULL; d++) {
        const void *p = in_memory(map, d->d_un.d_ptr);
        if (d->d_tag == DT_SYMTAB)
            o.symbols = p;
        else if (d->d_tag == DT_STRTAB)
            o.strings = p;
        else if (d->d_tag == DT_GNU_HASH)
            o.gnu_hash = p;
        else if (d->d_tag == DT_HASH)
            o.hash = p;
        else if (d->d_tag == DT_VERSYM)
            o.versions = p;
    }
    return o;
}

static bool is_definition(const struct object *o, uint32_t i, const char *name) {
    const ElfW(Sym) *s = &o->symbols[i];
    return s->st_shndx != SHN_UNDEF && !(o->versions != NULL && (o->versions[i] & 0x8000)) &&
           mt_text_is(o->strings + s->st_name, name);
}

static const ElfW(Sym) * find_gnu(const struct object *o, const char *name) {
    uint32_t h = 5381;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        h = h * 33 + *c;
    const uint32_t *table = o->gnu_hash;
    uint32_t n_buckets = table[0], first = table[1], bloom_words = table[2];
    const uint32_t *bucket = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
    const uint32_t *chain = bucket + n_buckets;
    uint32_t i = n_buckets ? bucket[h % n_buckets] : 0;
    if (i < first)
        return NULL;
    for (;; i++) {
        uint32_t other = chain[i - first];
        if ((other | 1) == (h | 1) && is_definition(o, i, name))
            return &o->symbols[i];
        if (other & 1)
            return NULL;
    }
}

static const ElfW(Sym) * find_sysv(const struct object *o, const char *name) {
    uint32_t h = 0;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        h = (h << 4) + *c;
        h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
    }
    uint32_t n_buckets = o->hash[0];
    const uint32_t *bucket = o->hash + 2, *chain = bucket + n_buckets;
    for (uint32_t i = n_buckets ? bucket[h % n_buckets] : 0; i != 0; i = chain[i])
        if (is_definition(o, i, name))
            return &o->symbols[i];
    return NULL;
}

const ElfW(Sym) * mt_symbol_find(const struct link_map *map, const char *name) {
    struct object o = open_object(map);
    if (o.symbols == NULL || o.strings == NULL)
        return NULL;
    return o.gnu_hash != NULL ? find_gnu(&o, name) : o.hash != NULL ? find_sysv(&o, name) : NULL;
}
