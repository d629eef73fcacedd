/* SPDX-License-Identifier: MIT */
/*
 * Modules come from _dl_find_object: no lock of the loader is taken (dl_iterate_phdr's would be, and a thread inside
 * dlopen that allocates holds it). What it does not tell, the build id and the load bias, is in the object's link map
 * and in its mapped program headers. The range that it tells is the object's, but of a program with gaps between its
 * segments it is a segment: then the headers are elsewhere, and the kernel's word for the program's is taken.
 */
#include "track/modules.h"

#include "ledger/writer_table.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

enum { MAX_MODULES = MT_NODE_MODULE_DOMAIN - 1, PATH_BYTES = 4096 };

struct known {
    uint64_t start, end;
    const struct link_map *map;
    const uint8_t *eh_frame_header;
    bool gone;
    bool is_main, is_loader;
    struct mt_module *record; /* in the ledger; NULL: no room */
};

static struct known *known; /* MAX_MODULES + 1, private; [0] unused */
static uint32_t n_known = 1;
static void *chunk[MAX_MODULES / MT_MODULES_PER_CHUNK + 1];
static struct mt_table table = MT_TABLE(chunk, struct mt_module, MT_MODULES_PER_CHUNK, MT_EXTENT_MODULES, 64);
static struct mt_lock lock;

#pragma weak _dl_find_object /* glibc 2.35 */

static size_t text_length(const char *s) {
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

static bool same_text(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static void read_notes(const uint8_t *p, const uint8_t *end, struct mt_module *m) {
    while (end - p >= (long)sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(const void *)p;
        const uint8_t *name = p + sizeof *n;
        const uint8_t *description = name + ((n->n_namesz + 3u) & ~3u);
        p = description + ((n->n_descsz + 3u) & ~3u);
        if (p > end || p < description)
            return;
        if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && same_text((const char *)name, "GNU", 4) &&
            n->n_descsz <= sizeof m->build_id) {
            for (uint32_t i = 0; i < n->n_descsz; i++)
                m->build_id[i] = description[i];
            m->build_id_bytes = n->n_descsz;
            return;
        }
    }
}

struct segments {
    const ElfW(Phdr) * header;
    uint64_t n;
};

/* The ELF header lies at the start of the mapping when the first segment begins at file offset 0. */
static struct segments mapped_segments(uint64_t start) {
    const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)start;
    if (!mt_os_is_mapped(start, start + MT_OS_PAGE) || !same_text((const char *)e->e_ident, ELFMAG, SELFMAG) ||
        e->e_phoff > MT_OS_PAGE || e->e_phoff + e->e_phnum * sizeof(ElfW(Phdr)) > MT_OS_PAGE)
        return (struct segments){0};
    return (struct segments){(const ElfW(Phdr) *)(start + e->e_phoff), e->e_phnum};
}

/* Those of the loader, where it was called as a program, have another bias. */
static struct segments program_segments(uint64_t bias) {
    struct segments s = {(const ElfW(Phdr) *)getauxval(AT_PHDR), getauxval(AT_PHNUM)};
    if (s.header == NULL || s.n == 0 || s.header->p_type != PT_PHDR || (uint64_t)s.header != bias + s.header->p_vaddr)
        return (struct segments){0};
    return s;
}

static void read_build_id(const struct segments *s, uint64_t bias, struct mt_module *m) {
    for (uint64_t i = 0; i < s->n && m->build_id_bytes == 0; i++) {
        uint64_t note = bias + s->header[i].p_vaddr, bytes = s->header[i].p_memsz;
        if (s->header[i].p_type == PT_NOTE && note < note + bytes && mt_os_is_mapped(note, note + bytes))
            read_notes((const uint8_t *)note, (const uint8_t *)note + bytes, m);
    }
}

/* Where the file's first byte is mapped: readers take it that the range begins there. */
static uint64_t first_byte(const struct segments *s, uint64_t bias, uint64_t otherwise) {
    for (uint64_t i = 0; i < s->n; i++)
        if (s->header[i].p_type == PT_LOAD)
            return s->header[i].p_offset == 0 ? bias + s->header[i].p_vaddr : otherwise;
    return otherwise;
}

static void read_segments(uint64_t start, uint64_t bias, bool is_main, struct mt_module *m) {
    struct segments s = mapped_segments(start);
    if (s.n == 0 && is_main) {
        s = program_segments(bias);
        m->start = first_byte(&s, bias, start);
    }
    read_build_id(&s, bias, m);
}

static void write_path(struct mt_module *m, const char *name) {
    static char path[PATH_BYTES]; /* under the growth lock */
    struct mt_ledger_header *h = mt_tracker.header;
    size_t n = 0, length = text_length(name);
    if (name[0] != '/' && length > 0 && !(m->flags & MT_MODULE_VDSO)) {
        for (; n < h->cwd_bytes && n < PATH_BYTES; n++)
            path[n] = h->cwd[n];
        if (n < PATH_BYTES)
            path[n++] = '/';
    }
    for (size_t i = 0; i < length && n < PATH_BYTES; i++)
        path[n++] = name[i];
    m->path = mt_ledger_text(&mt_tracker.ledger, path, n);
    m->path_bytes = m->path ? (uint32_t)n : 0;
}

/* Under the growth lock. */
static void write_record(uint32_t id) {
    struct known *k = &known[id];
    k->record = NULL;
    if (!mt_table_reserve(&mt_tracker.ledger, &table, id))
        return;
    struct mt_module *m = mt_table_item(chunk, struct mt_module, MT_MODULES_PER_CHUNK, id);
    k->record = m;
    m->start = k->start;
    m->end = k->end;
    m->flags = k->gone ? MT_MODULE_UNLOADED : 0;
    if (!k->gone) {
        const char *name = k->map->l_name ? k->map->l_name : "";
        m->bias = k->map->l_addr;
        m->flags |= k->is_main ? MT_MODULE_MAIN : 0;
        m->flags |= same_text(name, "linux-vdso", 10) ? MT_MODULE_VDSO : 0;
        read_segments(k->start, k->map->l_addr, k->is_main, m);
        write_path(m, k->is_main ? "" : name);
    }
    __atomic_store_n(&mt_tracker.header->n_modules, id + 1, __ATOMIC_RELEASE);
}

bool mt_modules_start(void) {
    lock = (struct mt_lock){0};
    if (known == NULL && (known = mt_os_private(sizeof *known * (MAX_MODULES + 1))) == NULL)
        return false;
    mt_table_start(&table);
    for (uint32_t id = 1; id < n_known; id++)
        write_record(id);
    return true;
}

static void mark_gone(uint32_t id) {
    known[id].gone = true;
    if (known[id].record != NULL)
        known[id].record->flags |= MT_MODULE_UNLOADED;
}

/* The same object has been loaded to the same place before: it gets its old id back. */
static uint32_t revive(const struct dl_find_object *o) {
    struct mt_module now = {0};
    uint64_t start = (uint64_t)o->dlfo_map_start, end = (uint64_t)o->dlfo_map_end;
    for (uint32_t id = n_known - 1; id > 0; id--) {
        struct known *k = &known[id];
        if (!k->gone || k->start != start || k->end != end || k->eh_frame_header != o->dlfo_eh_frame ||
            k->record == NULL || k->record->build_id_bytes == 0)
            continue;
        if (now.build_id_bytes == 0)
            read_segments(start, o->dlfo_link_map->l_addr, k->is_main, &now);
        if (now.build_id_bytes != k->record->build_id_bytes ||
            !same_text((const char *)now.build_id, (const char *)k->record->build_id, now.build_id_bytes))
            continue;
        k->map = o->dlfo_link_map;
        k->gone = false;
        k->record->flags &= ~(uint32_t)MT_MODULE_UNLOADED;
        return id;
    }
    return 0;
}

/* Under lock: add o, and notice that whatever was where it is now has gone. */
static uint32_t add(const struct dl_find_object *o, bool *replaced) {
    uint64_t start = (uint64_t)o->dlfo_map_start, end = (uint64_t)o->dlfo_map_end;
    for (uint32_t id = 1; id < n_known; id++)
        if (!known[id].gone && known[id].start < end && start < known[id].end) {
            mark_gone(id);
            *replaced = true;
        }
    uint32_t id = revive(o);
    if (id != 0)
        return id;
    if (n_known > MAX_MODULES || !mt_growth_lock())
        return 0;
    id = n_known;
    known[id] = (struct known){.start = start,
                               .end = end,
                               .map = o->dlfo_link_map,
                               .eh_frame_header = o->dlfo_eh_frame,
                               .is_main = o->dlfo_link_map->l_prev == NULL,
                               .is_loader = o->dlfo_link_map->l_addr == _r_debug.r_ldbase};
    write_record(id);
    __atomic_store_n(&n_known, id + 1, __ATOMIC_RELEASE);
    mt_growth_unlock();
    return id;
}

static uint32_t find_known(const struct dl_find_object *o) {
    uint32_t n = __atomic_load_n(&n_known, __ATOMIC_ACQUIRE);
    for (uint32_t id = n - 1; id > 0; id--) {
        const struct known *k = &known[id];
        if (!k->gone && k->start == (uint64_t)o->dlfo_map_start && k->map == o->dlfo_link_map &&
            k->eh_frame_header == o->dlfo_eh_frame)
            return id;
    }
    return 0;
}

uint32_t mt_modules_find(uint64_t address, const uint8_t **eh_frame_header) {
    struct dl_find_object o;
    if (_dl_find_object == NULL || _dl_find_object((void *)address, &o) != 0)
        return 0;
    *eh_frame_header = o.dlfo_eh_frame;
    uint32_t id = find_known(&o);
    if (id != 0)
        return id | (known[id].is_loader ? MT_MODULE_LOADER : 0);
    if (!mt_lock_acquire(&lock, MT_RANK_MODULES))
        return 0;
    bool replaced = false;
    id = find_known(&o);
    if (id == 0)
        id = add(&o, &replaced);
    mt_lock_release(&lock, MT_RANK_MODULES);
    if (replaced) {
        mt_rules_forget();
        mt_tracker_changed();
    }
    return id | (known[id].is_loader ? MT_MODULE_LOADER : 0);
}

void mt_modules_check(void) {
    if (mt_tracker.header == NULL || !mt_lock_acquire(&lock, MT_RANK_MODULES))
        return;
    bool any = false;
    for (uint32_t id = 1; id < n_known; id++) {
        struct dl_find_object o;
        struct known *k = &known[id];
        if (k->gone || (_dl_find_object((void *)k->start, &o) == 0 && o.dlfo_link_map == k->map &&
                        o.dlfo_eh_frame == k->eh_frame_header))
            continue;
        mark_gone(id);
        any = true;
    }
    mt_lock_release(&lock, MT_RANK_MODULES);
    if (any) {
        mt_rules_forget();
        mt_tracker_changed();
    }
}
