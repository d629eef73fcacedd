/* SPDX-License-Identifier: MIT */
/*
 * The recorder's table keeps with each block the era of its allocation (layout.h). Blocks are added
 * up by era, and eras that follow one another are put together until there are few: a histogram of
 * a few hundred steps, however many blocks there are. It costs one pass over
 * the table, which has 10 bytes for a block. When sampled, a block stands for as many as its size says.
 */
#include "profile/ledger/ages.h"

#include <stdlib.h>

#include "base/array.h"
#include "ledger/blocks.h"
#include "profile/ledger/sampling.h"

struct era {
    double bytes, blocks;
};

struct ages {
    struct era *eras; /* MT_ERAS */
    uint64_t period;
};

static void add(void *context, const struct mt_live_block *block) {
    struct ages *a = context;
    double scale = mt_ledger_sampling_scale(a->period, block->bytes, 1);
    a->eras[block->era % MT_ERAS].bytes += (double)block->bytes * scale;
    a->eras[block->era % MT_ERAS].blocks += scale;
}

/* Returns how many eras that have blocks go into one step. */
static uint32_t eras_of_step(const struct ages *a) {
    uint32_t n = 0;
    for (uint32_t e = 0; e < MT_ERAS; e++)
        n += a->eras[e].blocks > 0;
    return (n + MT_PROFILE_AGES - 1) / MT_PROFILE_AGES;
}

/* Adds up the next step, from the era on, and sets its time. Returns the era behind it. */
static int64_t take_step(struct mt_ledger *ledger, const struct ages *a, uint32_t era,
                         struct mt_age *age, struct mt_error *error) {
    struct era all = {0, 0};
    uint32_t n = eras_of_step(a), first = MT_ERAS, last = 0;
    for (; n > 0 && era < MT_ERAS; era++) {
        if (!(a->eras[era].blocks > 0))
            continue;
        first = first == MT_ERAS ? era : first;
        last = era;
        all.bytes += a->eras[era].bytes;
        all.blocks += a->eras[era].blocks;
        n--;
    }
    *age = (struct mt_age){.bytes = (uint64_t)(all.bytes + 0.5),
                           .blocks = (uint64_t)(all.blocks + 0.5)};
    if (first == MT_ERAS)
        return MT_ERAS;
    uint64_t end;
    int rc = mt_ledger_blocks_era_range(ledger, first, &age->from_ns, &end, error);
    if (rc == 0)
        rc = mt_ledger_blocks_era_range(ledger, last, &end, &age->to_ns, error);
    return rc < 0 ? rc : (int64_t)era;
}

static int put(struct mt_ledger *ledger, const struct ages *a, struct mt_profile_info *info,
               struct mt_error *error) {
    for (int64_t era = 0; era < MT_ERAS;) {
        struct mt_age age;
        era = take_step(ledger, a, (uint32_t)era, &age, error);
        if (era < 0)
            return (int)era;
        if (age.blocks == 0)
            break;
        if (!mt_array_grow(&info->ages, info->n_ages, sizeof *info->ages))
            return -MEMTRACK_ENOMEM;
        info->ages[info->n_ages++] = age;
    }
    return 0;
}

int mt_ledger_ages_take(struct mt_ledger *ledger, struct mt_profile *profile,
                        struct mt_error *error) {
    struct ages a = {.eras = calloc(MT_ERAS, sizeof *a.eras), .period = profile->info.sample_bytes};
    int rc = a.eras ? mt_ledger_blocks_each(ledger, add, &a) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = put(ledger, &a, &profile->info, error);
    free(a.eras);
    return rc;
}
