/* SPDX-License-Identifier: MIT */
/*
 * A block knows its site, the site its path and its thread. Each is read by itself, so that asking
 * about an address costs a few reads in a ledger of any size; only the call paths are loaded whole,
 * since a path can lead anywhere.
 */
#include "profile/ledger/convert_blocks.h"

#include <stdlib.h>

#include "profile/ledger/info.h"
#include "profile/ledger/labels.h"
#include "profile/ledger/threads.h"

struct blocks {
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    struct mt_ledger_paths paths;
    struct mt_ledger_labels names;
    struct mt_ledger_threads threads;
};

static int load(struct blocks *b, struct mt_error *error) {
    int rc = mt_ledger_info_take(b->ledger, b->profile, error);
    if (rc != 0)
        return rc;
    rc = mt_ledger_threads_take(b->ledger, b->profile, &b->threads);
    return rc == 0 ? mt_ledger_paths_load(&b->paths) : rc;
}

static int64_t clamp(uint64_t bytes) {
    return bytes < INT64_MAX / 4096 ? (int64_t)bytes : INT64_MAX / 4096;
}

static int add_block(struct blocks *b, const struct mt_live_block *block) {
    struct mt_site site = {0};
    struct mt_sample sample = {.lossy = true};
    int64_t n_frames = 0;
    if (block->address)
        mt_ledger_read_items(b->ledger, MT_EXTENT_SITES, block->site, 1, &site);
    if (site.node != MT_NODE_ROOT) {
        sample.thread = mt_ledger_threads_text(&b->threads, site.origin);
        mt_ledger_paths_classify(&b->paths, site.node, &sample);
        if (mt_ledger_labels_of(&b->names, site.node, &sample) != 0)
            return -MEMTRACK_ENOMEM;
    }
    if (!sample.lossy)
        n_frames = mt_ledger_paths_frames(&b->paths, mt_ledger_paths_of(&b->paths, site.node));
    if (n_frames < 0)
        return (int)n_frames;
    if (block->address) {
        sample.value[MT_VALUE_LIVE_BYTES] = sample.value[MT_VALUE_TOTAL_BYTES] =
            clamp(block->bytes);
        sample.value[MT_VALUE_LIVE_BLOCKS] = sample.value[MT_VALUE_TOTAL_BLOCKS] = 1;
    }
    int64_t index = mt_profile_add_sample(b->profile, &sample, b->paths.frames, (size_t)n_frames);
    return index < 0 ? (int)index : 0;
}

static int convert(struct blocks *b, const struct mt_live_block *blocks, size_t n,
                   struct mt_error *error) {
    static const enum mt_value columns[] = {MT_VALUE_TOTAL_BLOCKS, MT_VALUE_TOTAL_BYTES,
                                            MT_VALUE_LIVE_BLOCKS, MT_VALUE_LIVE_BYTES};
    int rc = load(b, error);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_block(b, &blocks[i]);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        b->profile->has_value[columns[i]] = true;
    mt_profile_sum_totals(b->profile);
    return 0;
}

int mt_ledger_convert_blocks(struct mt_ledger *ledger, const struct mt_live_block *blocks, size_t n,
                             struct mt_profile **out, struct mt_error *error) {
    struct mt_error given = {{0}, {0}};
    struct blocks b = {.ledger = ledger, .profile = mt_profile_new()};
    b.paths = (struct mt_ledger_paths){.ledger = ledger, .profile = b.profile};
    b.names = (struct mt_ledger_labels){.paths = &b.paths};
    int rc = b.profile ? convert(&b, blocks, n, &given) : -MEMTRACK_ENOMEM;
    mt_ledger_threads_free(&b.threads);
    mt_ledger_labels_free(&b.names);
    mt_ledger_paths_free(&b.paths);
    if (rc == 0) {
        *out = b.profile;
        return 0;
    }
    mt_profile_free(b.profile);
    if (error && given.message[0])
        *error = given;
    else
        mt_error_set(error, -rc, "", "%s: its call paths could not be read: %s",
                     mt_ledger_path(ledger),
                     rc == -MEMTRACK_ENOMEM ? "out of memory" : "the ledger is damaged");
    return rc;
}
