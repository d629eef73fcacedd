/* SPDX-License-Identifier: MIT */
/* Looks the real functions up in the loader's list of objects and their hash tables
 * (base/symbol.h). */
#include "interpose/next.h"

#include "base/loader.h"
#include "base/symbol.h"
#include "base/text.h"
#include "track/ground/state.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>

struct mt_next_c mt_next;
struct mt_next_libc mt_next_libc;
struct mt_next_calls mt_next_calls;
uint64_t mt_next_allocator_start, mt_next_allocator_end;
enum mt_next_realloc mt_next_realloc;

#pragma weak _dl_find_object /* glibc 2.35 */

/* This is our own, not that of whoever comes first: <link.h> declares it, and here it is hidden. */
/* NOLINTNEXTLINE(readability-redundant-declaration) */
extern ElfW(Dyn) _DYNAMIC[] MT_HIDDEN;

static void *find_in(const struct link_map *map, const char *name) {
    const ElfW(Sym) *s = mt_symbol_find(map, name);
    unsigned type = s != NULL ? ELF64_ST_TYPE(s->st_info) : STT_OBJECT;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
        return NULL;
    void *address = (void *)(map->l_addr + s->st_value);
    return type == STT_GNU_IFUNC ? ((void *(*)(void))address)() : address;
}

/* Returns the object that we are. It is NULL only in a namespace of dlmopen, before glibc 2.35. */
static const struct link_map *ourselves(void) {
    const struct link_map *map = mt_loader_first();
    while (map != NULL && map->l_ld != _DYNAMIC)
        map = map->l_next;
    struct dl_find_object o;
    if (map == NULL && _dl_find_object != NULL && _dl_find_object(_DYNAMIC, &o) == 0)
        map = o.dlfo_link_map;
    return map;
}

static const struct link_map *first_of(const struct link_map *map) {
    while (map != NULL && map->l_prev != NULL)
        map = map->l_prev;
    return map;
}

/* Tells whether an object is a second object of ours, or another copy. */
static bool is_us(const struct link_map *map) {
    return map->l_name != NULL && mt_text_begins(mt_text_name_in(map->l_name), "libmemtrack");
}

/* Returns the first object from map on and before end, and not ours, that defines name; NULL if
 * there is none. */
static const struct link_map *first_with(const char *name, const struct link_map *map,
                                         const struct link_map *end, void **found) {
    for (; map != end && map != NULL; map = map->l_next)
        if (!is_us(map) && (*found = find_in(map, name)) != NULL)
            return map;
    *found = NULL;
    return NULL;
}

/* Returns the first object after us (and our second object) that defines name. If we were loaded
 * after libc, all that we can need is before us, and whoever calls us all the same (RTLD_DEEPBIND,
 * dlsym of our handle) gets what there is. */
static const struct link_map *provider_of(const char *name, void **found) {
    void *some;
    const struct link_map *us = ourselves(), *below = us ? us->l_next : NULL;
    const struct link_map *map = first_with(name, below, NULL, found);
    if (map == NULL && first_with("malloc", below, NULL, &some) == NULL)
        map = first_with(name, first_of(us), us, found);
    return map;
}

/* Returns the first object that defines malloc; another copy of us counts. */
static const struct link_map *first_malloc(const struct link_map *us) {
    const struct link_map *map = first_of(us);
    while (map != us && find_in(map, "malloc") == NULL)
        map = map->l_next;
    return map;
}

const char *mt_next_preceding(void) {
    const struct link_map *us = ourselves(), *map = first_malloc(us);
    return map == us ? NULL : map->l_name != NULL ? map->l_name : "";
}

static bool is_followed(const struct link_map *us) {
    void *some;
    return first_with("malloc", us, NULL, &some) != NULL;
}

bool mt_next_is_outranked(void) {
    const struct link_map *us = ourselves(), *map = first_malloc(us);
    return map != us && !is_us(map) && is_followed(us);
}

void *mt_next_symbol(const char *name) {
    void *found;
    provider_of(name, &found);
    return found;
}

static enum mt_allocator kind_of(const struct link_map *map) {
    static const struct {
        const char *name; /* nobody else defines it */
        enum mt_allocator kind;
    } known[] = {{"mi_malloc", MT_ALLOCATOR_MIMALLOC},
                 {"tc_malloc", MT_ALLOCATOR_TCMALLOC},
                 {"mallctl", MT_ALLOCATOR_JEMALLOC},
                 {"gnu_get_libc_version", MT_ALLOCATOR_GLIBC}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (find_in(map, known[i].name) != NULL)
            return known[i].kind;
    return MT_ALLOCATOR_OTHER;
}

/* ---- malloc's family ------------------------------------------------------------------------- */

static void take_from(const struct link_map *map, struct mt_next_c *next) {
#define MT_HOOK_FAMILY(how, result, name, parameters, arguments)                                   \
    next->name = (result(*) parameters)find_in(map, #name);
#define MT_HOOK_FAMILY_ASKED(result, name, parameters)                                             \
    next->name = (result(*) parameters)find_in(map, #name);
#include "interpose/hooks.def"
}

#define TAKE_NEXT(next, name)                                                                      \
    if ((next)->name == NULL)                                                                      \
    (next)->name = (__typeof__((next)->name))mt_next_symbol(#name)

/* Takes from the next objects what the provider does not define, if that only looks at some
 * calls: others pass it by. */
static void take_what_passes_by(struct mt_next_c *next) {
    bool knows_alignment =
        next->memalign != NULL || next->posix_memalign != NULL || next->aligned_alloc != NULL;
    TAKE_NEXT(next, free);
    TAKE_NEXT(next, calloc);
    TAKE_NEXT(next, realloc);
    if (knows_alignment)
        return;
    TAKE_NEXT(next, memalign);
    TAKE_NEXT(next, posix_memalign);
    TAKE_NEXT(next, aligned_alloc);
    TAKE_NEXT(next, valloc);
    TAKE_NEXT(next, pvalloc);
}

static void take_libc(void) {
#define MT_HOOK_LIBC(how, result, name, parameters, arguments) TAKE_NEXT(&mt_next_libc, name);
#include "interpose/hooks.def"
}

static void locate_allocator(void *its_malloc) {
    struct dl_find_object o;
    if (_dl_find_object == NULL || _dl_find_object(its_malloc, &o) != 0)
        return;
    mt_next_allocator_start = (uint64_t)o.dlfo_map_start;
    mt_next_allocator_end = (uint64_t)o.dlfo_map_end;
}

enum mt_next_realloc mt_next_first_realloc(void) {
    void *some;
    const struct link_map *us = ourselves();
    bool is_ours = first_with("realloc", first_of(us), us, &some) == NULL;
    enum mt_next_realloc found = is_ours ? MT_NEXT_REALLOC_OURS : MT_NEXT_REALLOC_OTHERS;
    mt_store_relaxed(&mt_next_realloc, found); /* another thread that looks finds the same */
    return found;
}

void *mt_next_libc_reallocarray(void *block, size_t count, size_t bytes) {
    static void *(*next)(void *, size_t, size_t);
    if (next == NULL)
        next = (void *(*)(void *, size_t, size_t))mt_next_symbol("reallocarray");
    if (next != NULL)
        return next(block, count, bytes);
    errno = ENOSYS; /* this libc does not have it, so nobody can have been linked to it */
    return NULL;
}

void mt_next_resolve(void) {
    void *real_malloc;
    struct mt_next_c next;
    const struct link_map *map = provider_of("malloc", &real_malloc);
    if (map == NULL || mt_next.malloc != NULL)
        return;
    take_from(map, &next);
    /* The size of a block is known to the object that gave it, and may be anything to another. */
    mt_state.usable_size = next.malloc_usable_size;
    take_what_passes_by(&next);
    mt_state.preceding = mt_next_preceding();
    mt_state.is_bypassed = !is_followed(ourselves());
    take_libc();
    mt_state.allocator = kind_of(map);
    mt_state.allocator_path = map->l_name;
    /* libc's own functions allocate for the program; another allocator's do not. */
    if (mt_state.allocator != MT_ALLOCATOR_GLIBC)
        locate_allocator(real_malloc);
    mt_next_limit.stand_before(&next);
#define SET(name)                                                                                  \
    if (__builtin_strcmp(#name, "malloc") != 0)                                                    \
        mt_next.name = next.name;
#define MT_HOOK_FAMILY(how, result, name, parameters, arguments) SET(name)
#define MT_HOOK_FAMILY_ASKED(result, name, parameters)           SET(name)
#include "interpose/hooks.def"
    mt_store_release(&mt_next.malloc, next.malloc); /* last: this says that the rest is there */
}

/* ---- operators ------------------------------------------------------------------------------- */

static const char *const operator_name[] = {
#define MT_HOOK_NEW(shape, which, mangled)    #mangled,
#define MT_HOOK_DELETE(shape, which, mangled) #mangled,
#include "interpose/hooks.def"
};

uint64_t mt_next_known_operator[MT_N_OPERATORS];

uint64_t mt_next_find_operator(enum mt_operator which) {
    void *found = NULL, *own_malloc;
    const struct link_map *map = provider_of("malloc", &own_malloc);
    if (map != NULL)
        found = find_in(map, operator_name[which]);
    if (found == NULL)
        map = provider_of(operator_name[which], &found);
    if (found == NULL)
        return 0;
    /* An object that has a malloc, too, goes to its own internals, or calls that malloc and is
     * found out: see mt_record_expect. */
    bool calls_malloc = find_in(map, "malloc") == NULL;
    if (!calls_malloc)
        found = mt_next_limit.replace_operator(which, found);
    uint64_t known = (uint64_t)found | (calls_malloc ? MT_NEXT_CALLS_MALLOC : 0);
    mt_store_relaxed(&mt_next_known_operator[which], known); /* nothing lies behind the address */
    return known;
}

/* Tells whether an operator is still loaded: then it stays known, since looking it up reads the
 * loader's list, from which another thread may just be unloading. */
static bool is_loaded(uint64_t known) {
    struct dl_find_object o;
    return _dl_find_object != NULL &&
           _dl_find_object((void *)(known & ~MT_NEXT_CALLS_MALLOC), &o) == 0;
}

void mt_next_forget_operators(void) {
    for (int i = 0; i < MT_N_OPERATORS; i++) {
        uint64_t known = mt_load_relaxed(&mt_next_known_operator[i]); /* the address is all */
        if (known != 0 && !is_loaded(known))
            mt_store_relaxed(&mt_next_known_operator[i], 0);
    }
}
