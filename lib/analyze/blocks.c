/* SPDX-License-Identifier: MIT */
/*
 * Live blocks one by one: what tracemalloc has as the traces of a snapshot. They come from the table
 * of a ledger, so they are of a process that runs, or of one that has left its ledger behind;
 * profiles hold sums alone. A block's call path is the sample of the same number in a profile that
 * is made of the blocks.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze-local.h"
#include "base/array.h"
#include "base/clock.h"
#include "ledger/blocks.h"
#include "ledger/control.h"
#include "profile/ledger/convert_blocks.h"
#include "profile/ledger/live.h"
#include "view/subject.h"

struct memtrack_blocks {
    memtrack_profile *profile; /* sample i is items[i] */
    struct memtrack_live_block *items;
    size_t n;
};

/* ---- taking ---------------------------------------------------------------------------------- */

struct taking {
    struct mt_ledger *ledger;
    struct mt_live_block *blocks;
    size_t n;
    bool failed;
};

static void take(void *context, const struct mt_live_block *block) {
    struct taking *t = context;
    if (!mt_array_grow(&t->blocks, t->n, sizeof *t->blocks))
        t->failed = true;
    else
        t->blocks[t->n++] = *block;
}

static int take_all(struct taking *t) {
    int status = mt_ledger_blocks_each(t->ledger, take, t);
    return t->failed ? -MEMTRACK_ENOMEM : status;
}

static int take_holder(struct taking *t, uint64_t address) {
    struct mt_block_search found = {0};
    int status = mt_ledger_blocks_find(t->ledger, address, &found);
    if (status == 0 && found.holder.address)
        take(t, &found.holder);
    return t->failed ? -MEMTRACK_ENOMEM : status;
}

static int order(const void *a, const void *b) {
    const struct mt_live_block *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

/* Tells the process the time too, so that what it allocates from now on is known to be younger. */
static uint64_t time_now(struct mt_ledger *ledger) {
    uint64_t begin = mt_ledger_info(ledger)->start_monotonic_ns, now = mt_clock_now_ns();
    if (!mt_ledger_is_live(ledger) || now <= begin)
        return 0;
    mt_ledger_control_store_era(ledger, now);
    return now - begin;
}

/* Fills what is known of each block but for the names of its labels. */
static int fill(const struct taking *t, memtrack_blocks *blocks, struct mt_error *error) {
    uint64_t now = time_now(t->ledger);
    int status = 0;
    blocks->items = calloc(t->n + 1, sizeof *blocks->items);
    if (!blocks->items)
        return mt_analyze_error_no_memory();
    for (size_t i = 0; i < t->n && status == 0; i++) {
        memtrack_live_block *out = &blocks->items[i];
        out->address = t->blocks[i].address;
        out->bytes = t->blocks[i].bytes;
        status = mt_ledger_blocks_era_range(t->ledger, t->blocks[i].era, &out->from_ns, &out->to_ns,
                                            error);
        if (now && out->to_ns > now)
            out->to_ns = now;
        out->age_from_ns = now ? now - out->to_ns : 0;
        out->age_to_ns = now > out->from_ns ? now - out->from_ns : 0;
    }
    blocks->n = t->n;
    return status;
}

static void name(memtrack_blocks *blocks) {
    const struct mt_profile *model = mt_analyze_model(blocks->profile);
    for (size_t i = 0; i < blocks->n && i < model->n_samples; i++) {
        const struct mt_sample *sample = &model->samples[i];
        blocks->items[i].thread = mt_profile_text(model, sample->thread);
        blocks->items[i].domain = mt_profile_text(model, sample->domain);
        blocks->items[i].scope = mt_profile_text(model, sample->scope);
    }
}

static int make(struct taking *t, const memtrack_load_options *options, memtrack_blocks *blocks,
                struct mt_error *error) {
    struct mt_profile *model = NULL;
    if (t->n)
        qsort(t->blocks, t->n, sizeof *t->blocks, order);
    int status = fill(t, blocks, error);
    if (status == 0)
        status = mt_ledger_convert_blocks(t->ledger, t->blocks, t->n, &model, error);
    if (status == 0)
        status = mt_analyze_load_adopt(model, options, &blocks->profile, error);
    if (status == 0)
        name(blocks);
    return status;
}

static int open_ledger(const char *what, struct mt_ledger **out, struct mt_error *error) {
    pid_t pid;
    if (mt_subject_is_process(what, &pid))
        return mt_ledger_live_open(pid, out, error);
    return mt_ledger_open(what, out, error);
}

/* address: the block that holds it alone; NULL: all. */
static int load(const char *what, const uint64_t *address, const memtrack_load_options *options,
                memtrack_blocks **out) {
    memtrack_load_options checked = memtrack_load_options_init();
    struct mt_error *error = mt_analyze_error();
    struct taking t = {.ledger = NULL};
    memtrack_blocks *blocks = calloc(1, sizeof *blocks);
    *out = NULL;
    if (!blocks)
        return mt_analyze_error_no_memory();
    int status = options ? mt_analyze_options_copy(options, &checked, sizeof checked) : 0;
    if (status == 0)
        status = open_ledger(what, &t.ledger, error);
    if (status == 0)
        status = address ? take_holder(&t, *address) : take_all(&t);
    if (status == -MEMTRACK_ENOMEM)
        status = mt_analyze_error_no_memory();
    if (status == 0)
        status = make(&t, &checked, blocks, error);
    mt_ledger_close(t.ledger);
    free(t.blocks);
    if (status == 0)
        *out = blocks;
    else
        memtrack_blocks_free(blocks);
    return status;
}

/* ---- the public functions -------------------------------------------------------------------- */

int memtrack_blocks_load(const char *what, const memtrack_load_options *options,
                         memtrack_blocks **out) {
    MT_ANALYZE_PAUSED;
    return what && out ? load(what, NULL, options, out) : mt_analyze_error_null(__func__);
}

int memtrack_blocks_find(const char *what, uint64_t address, const memtrack_load_options *options,
                         memtrack_blocks **out) {
    MT_ANALYZE_PAUSED;
    return what && out ? load(what, &address, options, out) : mt_analyze_error_null(__func__);
}

size_t memtrack_blocks_count(const memtrack_blocks *blocks) {
    return blocks ? blocks->n : 0;
}

int memtrack_blocks_block(const memtrack_blocks *blocks, size_t i, memtrack_live_block *out) {
    if (!blocks || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    if (i >= blocks->n)
        return mt_analyze_error_no_item("block", i, blocks->n);
    *out = blocks->items[i];
    return 0;
}

int memtrack_blocks_stack(const memtrack_blocks *blocks, size_t i, memtrack_stack **out) {
    if (!blocks)
        return mt_analyze_error_null(__func__);
    return memtrack_profile_trace_stack(blocks->profile, i, out);
}

void memtrack_blocks_free(memtrack_blocks *blocks) {
    MT_ANALYZE_PAUSED;
    if (!blocks)
        return;
    mt_analyze_profile_release(blocks->profile);
    free(blocks->items);
    free(blocks);
}
