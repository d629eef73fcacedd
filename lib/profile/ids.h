/* SPDX-License-Identifier: MIT */
/*
 * From ids, any 64-bit numbers but 0, to array indexes; private to lib/profile. Those of pprof
 * files are mostly counted from 1, some writers use addresses or hashes; those of a ledger are
 * packed of several fields.
 */
#ifndef MT_PROFILE_IDS_H
#define MT_PROFILE_IDS_H

#include <stddef.h>
#include <stdint.h>

struct mt_id_slot {
    uint64_t id; /* 0: empty */
    uint32_t index;
};

/* All zeros is an empty table. Small ids are indexes of dense, which holds index + 1; the others
 * are hashed. */
struct mt_ids {
    uint32_t *dense;
    size_t n_dense;
    struct mt_id_slot *sparse;
    size_t sparse_mask, n_sparse;
    size_t n;
};

void mt_ids_free(struct mt_ids *ids);
int64_t mt_ids_find_sparse(const struct mt_ids *ids, uint64_t id);

/* Returns the index, or -1. */
static inline int64_t mt_ids_find(const struct mt_ids *ids, uint64_t id) {
    if (id < ids->n_dense && ids->dense[id])
        return ids->dense[id] - INT64_C(1);
    return ids->n_sparse ? mt_ids_find_sparse(ids, id) : -1;
}

/* Adds an id, which must be new and not 0; index must be below UINT32_MAX. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_ids_add(struct mt_ids *ids, uint64_t id, uint32_t index);

#endif
