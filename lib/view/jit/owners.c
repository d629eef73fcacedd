/* SPDX-License-Identifier: MIT */
/* A hostile file can offer every entry to every address: what is taken is bounded by MOST_OFFERS,
 * a hundred times what a day of a browser makes. */
#include "view/jit/owners.h"

#include <stdlib.h>
#include <string.h>

#include "base/search.h"

#define MOST_OFFERS (UINT64_C(20) << 20)

static int compare_owners(const void *a, const void *b) {
    const struct mt_owner *left = a, *right = b;
    return left->address < right->address ? -1 : left->address > right->address;
}

void mt_owners_sort(struct mt_owners *owners) {
    if (owners->n)
        qsort(owners->items, owners->n, sizeof *owners->items, compare_owners);
}

void mt_owners_free(struct mt_owners *owners) {
    for (size_t i = 0; i < owners->n; i++) {
        free(owners->items[i].name);
        free(owners->items[i].file);
    }
    free(owners->items);
    *owners = (struct mt_owners){0};
}

/* The first item at or above the address. */
static size_t lower_bound(const struct mt_owners *owners, uint64_t address) {
    return MT_PARTITION_POINT(i, owners->n, owners->items[i].address < address);
}

void mt_owners_range(const struct mt_owners *owners, uint64_t start, uint64_t bytes, size_t *first,
                     size_t *end) {
    uint64_t limit = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;
    *first = *end = lower_bound(owners, start);
    if (*first < owners->n && owners->items[*first].address < limit)
        *end = lower_bound(owners, limit);
}

bool mt_owners_take(struct mt_owners *owners, size_t item, const char *name, size_t name_bytes) {
    struct mt_owner *owner = &owners->items[item];
    if (++owners->n_offers > MOST_OFFERS) {
        owners->is_cut = true;
        return false;
    }
    free(owner->file);
    owner->file = NULL;
    owner->line = 0;
    size_t bytes = name_bytes < MT_OWNERS_NAME_BYTES ? name_bytes : MT_OWNERS_NAME_BYTES;
    bytes = strnlen(name, bytes);
    if (owner->name && strlen(owner->name) == bytes && memcmp(owner->name, name, bytes) == 0)
        return true; /* compiled once more, or listed once more */
    owner->is_one_of_several |= owner->name != NULL;
    free(owner->name);
    owner->name = strndup(name, bytes);
    owners->no_memory |= !owner->name;
    return owner->name != NULL;
}

void mt_owners_set_line(struct mt_owners *owners, size_t item, const char *file, int line) {
    struct mt_owner *owner = &owners->items[item];
    free(owner->file);
    owner->file = strndup(file, MT_OWNERS_NAME_BYTES);
    owner->line = line > 0 ? line : 0;
    owners->no_memory |= !owner->file;
}
