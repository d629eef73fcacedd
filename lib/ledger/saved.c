/* SPDX-License-Identifier: MIT */
/*
 * What the process has saved for a cut: the copies of what it has changed since. They are looked at
 * after the originals, since the process copies first and changes then.
 */
#include "ledger/saved.h"

#include <stdlib.h>
#include <unistd.h>

void mt_ledger_saved_control(const struct mt_ledger_cut *cut, const struct mt_ledger_file *file,
                             struct mt_control *control) {
    struct mt_saved_control saved;
    if (cut->number == 0)
        return;
    ssize_t n = pread(file->fd, &saved, sizeof saved, MT_HEADER_OFFSET(saved_control));
    if (n != (ssize_t)sizeof saved || saved.cut != cut->number)
        return;
    control->epoch = saved.epoch;
    control->current_bytes = saved.current_bytes;
    control->peak_bytes = saved.peak_bytes;
    control->clear_epoch = saved.clear_epoch;
}

static void apply_bank(struct mt_bank *bank, const struct mt_bank *later) {
    bank->clear_epoch = later->saved.clear_epoch;
    bank->published_bytes = later->saved.published_bytes;
    bank->counters = later->saved.counters;
    bank->rare = later->saved.rare;
}

/* Read again, so that the copy is looked at after the original. */
void mt_ledger_saved_banks(const struct mt_ledger_cut *cut, struct mt_ledger_file *file,
                           size_t first, size_t n, struct mt_bank *banks) {
    struct mt_bank later[MT_BANKS_PER_CHUNK];
    for (size_t done = 0; cut->number != 0 && done < n;) {
        size_t index = (first + done) / MT_BANKS_PER_CHUNK,
               skip = (first + done) % MT_BANKS_PER_CHUNK;
        size_t here = MT_BANKS_PER_CHUNK - skip < n - done ? MT_BANKS_PER_CHUNK - skip : n - done;
        size_t have = mt_ledger_file_read_chunk(file, MT_EXTENT_BANKS, index, skip, here, later);
        for (size_t i = 0; i < have; i++)
            if (later[i].saved.cut == cut->number)
                apply_bank(&banks[done + i], &later[i]);
        done += here;
    }
}

static void apply_site(struct mt_site *site, const struct mt_saved_site *saved) {
    site->counters = saved->counters;
    site->at_peak = saved->at_peak;
    site->max_bytes = saved->max_bytes;
    site->waste_bytes = saved->waste_bytes;
}

void mt_ledger_saved_sites(struct mt_ledger_cut *cut, struct mt_ledger_file *file, size_t first,
                           size_t n, struct mt_site *sites) {
    if (cut->number == 0 || n == 0)
        return;
    if (!cut->chunk)
        cut->chunk = malloc(MT_SITES_PER_CHUNK * sizeof *cut->chunk);
    if (!cut->chunk) {
        cut->is_exact = false;
        return;
    }
    for (size_t done = 0; done < n;) {
        size_t index = (first + done) / MT_SITES_PER_CHUNK,
               skip = (first + done) % MT_SITES_PER_CHUNK;
        size_t here = MT_SITES_PER_CHUNK - skip < n - done ? MT_SITES_PER_CHUNK - skip : n - done;
        size_t have =
            mt_ledger_file_read_chunk(file, MT_EXTENT_SAVED, index, skip, here, cut->chunk);
        for (size_t i = 0; i < have; i++)
            if (cut->chunk[i].cut == cut->number)
                apply_site(&sites[done + i], &cut->chunk[i]);
        done += here;
    }
}

void mt_ledger_saved_release(struct mt_ledger_cut *cut) {
    uint32_t next = cut->number + 1;
    if (cut->number != 0)
        mt_ledger_file_pwrite(cut->fd, MT_REQUEST_OFFSET(cut), &next, sizeof next);
    if (cut->fd >= 0)
        close(cut->fd); /* closing gives the lock back */
    cut->fd = -1;
    cut->number = 0;
    free(cut->chunk);
    cut->chunk = NULL;
}
