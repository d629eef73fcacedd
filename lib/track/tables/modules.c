/* SPDX-License-Identifier: MIT */
/*
 * Modules come from _dl_find_object: no lock of the loader is taken (dl_iterate_phdr's would be,
 * and a thread inside dlopen that allocates holds it). What it does not tell, the build id and the
 * load bias, is in the object's link map and in its mapped program headers. The range that it tells
 * is the object's, but of a program with gaps between its segments it is a segment: then the
 * headers are elsewhere, and the kernel's word for the program's is taken.
 */
#include "track/tables/modules.h"

#include "base/loader.h"
#include "base/pages.h"
#include "base/text.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"

#include "track/ground/closed.h"
#include "track/ground/state.h"
#include "track/process/confinement.h"
#include "track/process/python.h"
#include "track/tables/unloading.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/stat.h>

enum { MAX_MODULES = MT_NODE_MODULE_CUT - 1, PATH_BYTES = 4096, BUCKETS = 1024 };

#define END_OF_USER_MEMORY (UINT64_C(1) << 47)

/* What tells an object without a build id from another one that is loaded under the same name. */
struct file {
    uint64_t device, inode, bytes, modified_ns; /* inode 0: not known */
};

struct known {
    uint64_t start, end;
    const struct link_map *map;
    const uint8_t *eh_frame_header;
    uint64_t name; /* hash */
    /* Where it lies in the first page, which is mapped as long as the object is; or NULL. */
    const uint8_t *build_id;
    struct file file;
    uint32_t next; /* the next older one in the same bucket */
    bool gone;
    bool is_main, is_loader, stays;
    struct mt_module *record; /* in the ledger; NULL: no room */
};

/*
 * All objects that have ever been there, and those that are there now. The number of the former
 * grows with each reload at another address, so nothing below goes through all of them: an object
 * is found by where it starts, newest first.
 */
static struct known *known; /* MAX_MODULES + 1, private; [0] unused */
static uint32_t n_known = 1;
static uint32_t *loaded; /* MAX_MODULES ids in no order */
static uint32_t n_loaded;
static uint32_t bucket[BUCKETS];
/* This one and those before it in the list were there when the program began. */
static const struct link_map *last_at_start;
static void *chunk[MAX_MODULES / MT_MODULES_PER_CHUNK + 1];
static struct mt_table table =
    MT_TABLE(chunk, struct mt_module, MT_MODULES_PER_CHUNK, MT_EXTENT_MODULES, 64);
static struct mt_lock lock;

#pragma weak _dl_find_object /* glibc 2.35 */

/* Reads the build id into *m, and returns where it lies, or NULL when there is none. */
static const uint8_t *read_notes(const uint8_t *p, const uint8_t *end, struct mt_module *m) {
    while (end - p >= (long)sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(const void *)p;
        const uint8_t *name = p + sizeof *n;
        const uint8_t *description = name + ((n->n_namesz + 3u) & ~3u);
        p = description + ((n->n_descsz + 3u) & ~3u);
        if (p > end || p < description)
            break;
        if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
            mt_text_same((const char *)name, "GNU", 4) && n->n_descsz <= sizeof m->build_id) {
            for (uint32_t i = 0; i < n->n_descsz; i++)
                m->build_id[i] = description[i];
            m->build_id_bytes = n->n_descsz;
            return description;
        }
    }
    return NULL;
}

struct segments {
    const ElfW(Phdr) * header;
    uint64_t n;
};

/* Tells whether a range can be read. The loader has mapped it, and few programs take that away; so
 * where the kernel may not be asked, it is taken for granted. */
static bool is_there(uint64_t begin, uint64_t end) {
    return !mt_os_may_ask() || mt_os_is_readable(begin, end);
}

/* Finds the program headers through the ELF header, which lies at the start of the mapping when the
 * first segment begins at file offset 0. */
static struct segments mapped_segments(uint64_t start) {
    const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)start;
    if (!is_there(start, start + MT_OS_PAGE) ||
        !mt_text_same((const char *)e->e_ident, ELFMAG, SELFMAG) || e->e_phoff > MT_OS_PAGE ||
        e->e_phoff + e->e_phnum * sizeof(ElfW(Phdr)) > MT_OS_PAGE)
        return (struct segments){0};
    return (struct segments){(const ElfW(Phdr) *)(start + e->e_phoff), e->e_phnum};
}

/* Returns the program headers that the kernel tells of. Where the loader was called as a program
 * they are the loader's, which have another bias, and there is no result. */
static struct segments program_segments(uint64_t bias) {
    struct segments s = {(const ElfW(Phdr) *)getauxval(AT_PHDR), getauxval(AT_PHNUM)};
    if (s.header == NULL || s.n == 0 || s.header->p_type != PT_PHDR ||
        (uint64_t)s.header != bias + s.header->p_vaddr)
        return (struct segments){0};
    return s;
}

static const uint8_t *read_build_id(const struct segments *s, uint64_t bias, struct mt_module *m) {
    const uint8_t *at = NULL;
    for (uint64_t i = 0; i < s->n && m->build_id_bytes == 0; i++) {
        uint64_t note = bias + s->header[i].p_vaddr, bytes = s->header[i].p_memsz;
        if (s->header[i].p_type == PT_NOTE && note < note + bytes && is_there(note, note + bytes))
            at = read_notes((const uint8_t *)note, (const uint8_t *)note + bytes, m);
    }
    return at;
}

/* Returns where the file's first byte is mapped, since readers take it that the range begins
 * there. */
static uint64_t first_byte(const struct segments *s, uint64_t bias, uint64_t otherwise) {
    for (uint64_t i = 0; i < s->n; i++)
        if (s->header[i].p_type == PT_LOAD)
            return s->header[i].p_offset == 0 ? bias + s->header[i].p_vaddr : otherwise;
    return otherwise;
}

/* Reads what an object's segments tell. Returns where the build id lies, or NULL when there is
 * none. */
static const uint8_t *read_segments(uint64_t start, uint64_t bias, bool is_main,
                                    struct mt_module *m) {
    struct segments s = mapped_segments(start);
    if (s.n == 0 && is_main) {
        s = program_segments(bias);
        m->start = first_byte(&s, bias, start);
    }
    return read_build_id(&s, bias, m);
}

static void write_path(struct mt_module *m, const char *name) {
    static char path[PATH_BYTES]; /* the caller has the growth lock */
    struct mt_ledger_header *h = mt_state.header;
    size_t n = 0, length = mt_text_bytes(name);
    if (name[0] != '/' && length > 0 && !(m->flags & MT_MODULE_VDSO)) {
        for (; n < h->cwd_bytes && n < PATH_BYTES; n++)
            path[n] = h->cwd[n];
        if (n < PATH_BYTES)
            path[n++] = '/';
    }
    for (size_t i = 0; i < length && n < PATH_BYTES; i++)
        path[n++] = name[i];
    m->path = mt_writer_put_text(&mt_state.ledger, path, n);
    m->path_bytes = m->path ? (uint32_t)n : 0;
}

/* Writes an object to the ledger. The caller has the growth lock. */
static void write_record(uint32_t id) {
    struct known *k = &known[id];
    k->record = NULL;
    if (!mt_table_reserve(&mt_state.ledger, &table, id))
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
        m->flags |= mt_text_same(name, "linux-vdso", 10) ? MT_MODULE_VDSO : 0;
        read_segments(k->start, k->map->l_addr, k->is_main, m);
        write_path(m, k->is_main ? "" : name);
    }
    mt_store_release(&mt_state.header->n_modules, id + 1); /* the record it counts is whole */
}

bool mt_modules_start(void) {
    mt_unloading_start();
    lock = (struct mt_lock){0};
    if (known == NULL && (known = mt_pages_new_closed(sizeof *known * (MAX_MODULES + 1))) == NULL)
        return false;
    if (loaded == NULL &&
        (loaded = mt_pages_new_closed(sizeof *loaded * (MAX_MODULES + 1))) == NULL)
        return false;
    mt_table_start(&table);
    for (uint32_t id = 1; id < n_known; id++)
        write_record(id);
    mt_python_start();
    return true;
}

void mt_modules_note_start(void) {
    const struct link_map *map = mt_loader_first();
    while (map != NULL && map->l_next != NULL)
        map = map->l_next;
    last_at_start = map;
}

/* Tells whether an object came with the program: then it is never unloaded. Before the program
 * begins there are no other objects. */
static bool came_at_start(const struct link_map *map) {
    const struct link_map *m = mt_loader_first();
    while (m != map && m != NULL && m != last_at_start)
        m = m->l_next;
    return m == map && m != NULL;
}

/* ---- the same object ------------------------------------------------------------------------- */

static uint64_t hash_text(const char *s) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; s != NULL && *s; s++)
        h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
    return h;
}

static struct file file_of(const char *path) {
    struct stat st = {0};
    if (path == NULL || path[0] == '\0' ||
        mt_os_call(SYS_newfstatat, AT_FDCWD, (long)path, (long)&st, 0, 0, 0) != 0)
        return (struct file){0};
    return (struct file){st.st_dev, st.st_ino, (uint64_t)st.st_size,
                         (uint64_t)st.st_mtim.tv_sec * UINT64_C(1000000000) +
                             (uint64_t)st.st_mtim.tv_nsec};
}

static uint32_t *bucket_of(uint64_t start) {
    return &bucket[(start * UINT64_C(0x9E3779B97F4A7C15)) >> 54 & (BUCKETS - 1)];
}

static uint32_t newest_at(uint64_t start) {
    return mt_load_acquire(bucket_of(start)); /* acquire: what is known of the object is seen */
}

static bool is_at(const struct known *k, const struct dl_find_object *o) {
    return k->start == (uint64_t)o->dlfo_map_start && k->end == (uint64_t)o->dlfo_map_end &&
           k->eh_frame_header == o->dlfo_eh_frame;
}

/* Tells whether the object that is there now is the known one. The loader gives one object's place,
 * and even its link map, to the next: so an object that is not sure to have stayed must look the
 * same, too. To find out makes no system call. */
static bool looks_the_same(const struct known *k, const struct dl_find_object *o) {
    /* Relaxed: if it comes back meanwhile it is the same object, see revive. */
    if (mt_load_relaxed(&k->stays))
        return true;
    if (mt_load_relaxed(&k->name) != hash_text(o->dlfo_link_map->l_name))
        return false;
    return k->build_id == NULL ||
           mt_text_same((const char *)k->build_id, (const char *)k->record->build_id,
                        k->record->build_id_bytes);
}

/* Returns the id under which o is known and was there when last seen, or 0. Takes no lock. */
static uint32_t find_known(const struct dl_find_object *o) {
    for (uint32_t id = newest_at((uint64_t)o->dlfo_map_start); id != 0; id = known[id].next) {
        const struct known *k = &known[id];
        if (!mt_load_acquire(&k->gone) && mt_load_relaxed(&k->map) == o->dlfo_link_map &&
            is_at(k, o) && looks_the_same(k, o))
            return id;
    }
    return 0;
}

/* ---- coming and going; under the lock -------------------------------------------------------- */

/* Says what is not as it was, so that what the rules know of it is to be forgotten. */
enum change { NOTHING, PASSING, STAYING };

/* Notes that the i-th of the loaded objects has gone. */
static enum change mark_gone(uint32_t i) {
    struct known *k = &known[loaded[i]];
    mt_store_release(&k->gone, true); /* this comes before anything of it changes */
    if (k->record != NULL)
        k->record->flags |= MT_MODULE_UNLOADED;
    mt_python_note_gone(k->start);
    loaded[i] = loaded[--n_loaded];
    return k->stays ? STAYING : PASSING;
}

/* Notes that whatever was where o is now has gone. */
static enum change make_way(const struct dl_find_object *o) {
    uint64_t start = (uint64_t)o->dlfo_map_start, end = (uint64_t)o->dlfo_map_end;
    enum change change = NOTHING;
    for (uint32_t i = n_loaded; i-- > 0;)
        if (known[loaded[i]].start < end && start < known[loaded[i]].end) {
            enum change c = mark_gone(i);
            change = c > change ? c : change;
        }
    return change;
}

/* Tells whether k and what is there now are the same file, as far as anything says so. */
static bool is_same_file(const struct known *k, const struct known *now,
                         const struct mt_module *record) {
    if (k->record == NULL || k->record->build_id_bytes != record->build_id_bytes)
        return false;
    if (record->build_id_bytes != 0)
        return mt_text_same((const char *)k->record->build_id, (const char *)record->build_id,
                            record->build_id_bytes);
    const struct file *a = &k->file, *b = &now->file;
    return a->inode != 0 && a->inode == b->inode && a->device == b->device &&
           a->bytes == b->bytes && a->modified_ns == b->modified_ns && k->name == now->name;
}

/* Gives an object its old id back, if it has been loaded to the same place before. Returns the id,
 * or 0. */
static uint32_t revive(const struct dl_find_object *o, const struct known *now,
                       const struct mt_module *record) {
    for (uint32_t id = newest_at(now->start); id != 0; id = known[id].next) {
        struct known *k = &known[id];
        if (!k->gone || !is_at(k, o) || !is_same_file(k, now, record))
            continue;
        mt_store_relaxed(&k->map, now->map); /* gone, below, publishes all three */
        mt_store_relaxed(&k->name, now->name);
        mt_store_relaxed(&k->stays, now->stays);
        k->record->flags &= ~(uint32_t)MT_MODULE_UNLOADED;
        mt_store_release(&k->gone, false); /* what is known of it is whole again */
        return id;
    }
    return 0;
}

static uint32_t make_new(const struct known *now) {
    if (n_known > MAX_MODULES || !mt_closed_open(known, n_known + 1) || !mt_state_lock_growth())
        return 0;
    uint32_t id = n_known, *head = bucket_of(now->start);
    known[id] = *now;
    known[id].next = *head;
    write_record(id);
    mt_store_release(head, id); /* whoever finds it sees all that is known of it */
    n_known = id + 1;
    mt_state_unlock_growth();
    return id;
}

static uint32_t add(const struct dl_find_object *o, enum change *change) {
    const struct link_map *map = o->dlfo_link_map;
    struct mt_module record = {0};
    struct known now = {.start = (uint64_t)o->dlfo_map_start,
                        .end = (uint64_t)o->dlfo_map_end,
                        .map = map,
                        .eh_frame_header = o->dlfo_eh_frame,
                        .name = hash_text(map->l_name),
                        .is_main = map == mt_loader_first(),
                        .is_loader = map->l_addr == _r_debug.r_ldbase,
                        .stays = came_at_start(map)};
    *change = make_way(o);
    const uint8_t *build_id = read_segments(now.start, map->l_addr, now.is_main, &record);
    if ((uint64_t)build_id - now.start < MT_OS_PAGE - sizeof record.build_id)
        now.build_id = build_id;
    if (!now.stays)
        mt_confinement_look_at(now.start, map->l_addr);
    mt_python_look_at(map, now.start);
    if (!now.stays && record.build_id_bytes == 0)
        now.file = file_of(map->l_name);
    if (!now.stays && *change == NOTHING)
        *change = PASSING; /* the rules may know that there is no code here */
    uint32_t id = revive(o, &now, &record);
    if (!mt_closed_open(loaded, n_loaded + 1))
        return 0;
    if (id == 0)
        id = make_new(&now);
    if (id != 0) {
        loaded[n_loaded] = id;
        mt_store_release(&n_loaded, n_loaded + 1); /* the walker has another lock */
    }
    return id;
}

static void tell(enum change change) {
    if (change == NOTHING)
        return;
    if (change == STAYING)
        mt_rules_forget_all();
    else
        mt_rules_forget();
    mt_state_changed();
}

/* ---- for others ------------------------------------------------------------------------------ */

static uint32_t with_flags(uint32_t id) {
    const struct known *k = &known[id];
    return id == 0 ? 0
                   : id | (k->is_loader ? MT_MODULE_LOADER : 0) | (k->stays ? MT_MODULE_STAYS : 0);
}

/* Returns the unwind tables of an object. In a program with gaps between its segments, they can lie
 * outside of the segment that the address is in. */
static struct mt_cfi cfi_of(const struct dl_find_object *o) {
    struct mt_cfi cfi = {o->dlfo_eh_frame, (uint64_t)o->dlfo_map_start, (uint64_t)o->dlfo_map_end};
    uint64_t header = (uint64_t)cfi.header;
    if (header < cfi.begin || header >= cfi.end)
        cfi = (struct mt_cfi){o->dlfo_eh_frame, 0, END_OF_USER_MEMORY};
    return cfi;
}

uint32_t mt_modules_find(uint64_t address, struct mt_cfi *cfi) {
    struct dl_find_object o;
    if (_dl_find_object == NULL || _dl_find_object((void *)address, &o) != 0)
        return 0;
    *cfi = cfi_of(&o);
    uint32_t id = find_known(&o);
    if (id != 0)
        return with_flags(id);
    if (!mt_lock_acquire(&lock, MT_RANK_MODULES))
        return 0;
    enum change change = NOTHING;
    id = find_known(&o);
    if (id == 0)
        id = add(&o, &change);
    mt_lock_release(&lock, MT_RANK_MODULES);
    tell(change);
    return with_flags(id);
}

/* Notices which objects have gone. */
static void look_around(void) {
    if (mt_state.header == NULL || !mt_state_is_ours() || _dl_find_object == NULL ||
        !mt_lock_acquire(&lock, MT_RANK_MODULES))
        return;
    enum change change = NOTHING;
    for (uint32_t i = n_loaded; i-- > 0;) {
        struct dl_find_object o;
        const struct known *k = &known[loaded[i]];
        if (_dl_find_object((void *)k->start, &o) == 0 && o.dlfo_link_map == k->map && is_at(k, &o))
            continue;
        enum change c = mark_gone(i);
        change = c > change ? c : change;
    }
    mt_lock_release(&lock, MT_RANK_MODULES);
    tell(change);
}

void mt_modules_begin_unloading(const struct mt_hook_frame *frame) {
    mt_unloading_begin(frame);
    mt_rules_begin_unloading();
    mt_state_note_unusual();
    mt_state_changed();
}

static void end_unloading(void) {
    look_around();
    mt_rules_end_unloading();
    mt_state_note_unusual();
    mt_state_changed();
}

void mt_modules_end_unloading(const struct mt_hook_frame *frame) {
    mt_unloading_end(frame);
    end_unloading();
}

void mt_modules_look_at_unloading(const struct mt_hook_frame *frame) {
    for (uint32_t n = mt_unloading_look(frame); n > 0; n--)
        end_unloading();
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_modules_check(void) {
    uint32_t n = mt_state.header->n_modules;
    const char *violation = n > 1 ? mt_writer_check_table(&table, n) : NULL;
    for (uint32_t id = 1; violation == NULL && id < n; id++)
        violation =
            mt_module_fault(mt_table_item(chunk, struct mt_module, MT_MODULES_PER_CHUNK, id));
    for (uint32_t i = 0; violation == NULL && i < mt_load_acquire(&n_loaded); i++)
        MT_MUST(loaded[i] > 0 && loaded[i] < n_known &&
                    known[loaded[i]].start < known[loaded[i]].end,
                "modules: one that is loaded is not known");
    return violation;
}
#endif
