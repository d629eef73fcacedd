/* SPDX-License-Identifier: MIT */
/*
 * Ids to indexes. A frame of a sample costs one lookup, and profiles have millions of frames: ids
 * that are not much greater than their number are looked up in an array. A hash for all was three
 * times slower; an array for all would let one id of 2^40 take the machine's memory.
 */
#include "profile/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

enum { DENSE_FACTOR = 8, DENSE_ALLOWANCE = 1 << 16, FIRST_SLOTS = 256 };

void mt_ids_free(struct mt_ids *ids) {
    free(ids->dense);
    free(ids->sparse);
    *ids = (struct mt_ids){0};
}

/* Seeded with an address: ids in a file cannot be chosen to collide. */
static size_t hash_id(const struct mt_id_slot *slots, uint64_t id) {
    __uint128_t product = (__uint128_t)(id ^ (uint64_t)(uintptr_t)slots) * MT_HASH_GOLDEN;
    return (size_t)((uint64_t)(product >> 64) ^ (uint64_t)product >> 32);
}

int64_t mt_ids_find_sparse(const struct mt_ids *ids, uint64_t id) {
    for (size_t slot = hash_id(ids->sparse, id) & ids->sparse_mask; ids->sparse[slot].id;
         slot = (slot + 1) & ids->sparse_mask)
        if (ids->sparse[slot].id == id)
            return ids->sparse[slot].index;
    return -1;
}

static void put_sparse(struct mt_id_slot *slots, size_t mask, struct mt_id_slot added) {
    size_t slot = hash_id(slots, added.id) & mask;
    while (slots[slot].id)
        slot = (slot + 1) & mask;
    slots[slot] = added;
}

static int add_sparse(struct mt_ids *ids, uint64_t id, uint32_t index) {
    if (!ids->sparse || ids->n_sparse * 2 > ids->sparse_mask) {
        size_t n_slots = ids->sparse ? (ids->sparse_mask + 1) * 2 : FIRST_SLOTS;
        struct mt_id_slot *slots = calloc(n_slots, sizeof *slots);
        if (!slots)
            return -MEMTRACK_ENOMEM;
        for (size_t i = 0; ids->sparse && i <= ids->sparse_mask; i++)
            if (ids->sparse[i].id)
                put_sparse(slots, n_slots - 1, ids->sparse[i]);
        free(ids->sparse);
        ids->sparse = slots;
        ids->sparse_mask = n_slots - 1;
    }
    put_sparse(ids->sparse, ids->sparse_mask, (struct mt_id_slot){.id = id, .index = index});
    ids->n_sparse++;
    return 0;
}

static int grow_dense(struct mt_ids *ids, size_t id) {
    return mt_array_reserve_zeroed(&ids->dense, &ids->n_dense, id + 1, sizeof *ids->dense)
               ? 0
               : -MEMTRACK_ENOMEM;
}

int mt_ids_add(struct mt_ids *ids, uint64_t id, uint32_t index) {
    ids->n++;
    if (id >= ids->n_dense) {
        if (id >= ids->n * DENSE_FACTOR + DENSE_ALLOWANCE)
            return add_sparse(ids, id, index);
        int status = grow_dense(ids, (size_t)id);
        if (status < 0)
            return status;
    }
    ids->dense[id] = index + 1;
    return 0;
}
