/* SPDX-License-Identifier: MIT */
/*
 * A thread is called by its id and its name, as in "1234 worker". Names come from another process
 * and need not end with a NUL. What several short threads have left in one row is called by how
 * many they were.
 */
#include "profile/ledger/threads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static mt_string text_of(struct mt_profile *profile, const struct mt_thread_row *row) {
    char text[64];
    int name_bytes = (int)strnlen(row->name, sizeof row->name);
    if (row->bank == 0)
        snprintf(text, sizeof text, "%" PRIu32 " other threads", row->n_threads);
    else
        snprintf(text, sizeof text, "%" PRIu32 " %.*s", row->tid, name_bytes, row->name);
    return mt_profile_intern(profile, text);
}

static int take_rows(struct mt_profile *profile, struct mt_ledger_threads *t,
                     const struct mt_thread_row *rows) {
    struct mt_profile_info *info = &profile->info;
    for (size_t i = 1; i < t->n_threads; i++) {
        const struct mt_thread_row *row = &rows[i];
        if (row->n_threads == 0)
            continue;
        struct mt_profile_thread thread = {
            .tid = row->tid,
            .n_threads = row->n_threads,
            .name = mt_profile_intern_n(profile, row->name, strnlen(row->name, sizeof row->name)),
        };
        t->text[i] = text_of(profile, row);
        if (t->text[i] == UINT32_MAX || thread.name == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        info->threads[info->n_threads++] = thread;
    }
    return 0;
}

/* A thread that has opened scopes and allocated nothing has no row. */
static int take_banks(struct mt_profile *profile, struct mt_ledger_threads *t,
                      const struct mt_bank *banks) {
    for (size_t i = 1; i < t->n_banks; i++) {
        char tid[16];
        snprintf(tid, sizeof tid, "%" PRIu32, banks[i].tid);
        t->text_of_bank[i] = mt_ledger_threads_text(t, banks[i].thread);
        if (t->text_of_bank[i] == 0 && banks[i].n_threads != 0)
            t->text_of_bank[i] = mt_profile_intern(profile, tid);
        if (t->text_of_bank[i] == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}

static int prepare_threads(struct mt_profile *profile, struct mt_ledger_threads *t) {
    struct mt_profile_info *info = &profile->info;
    free(info->threads);
    info->n_threads = 0;
    info->threads = calloc(t->n_threads + 1, sizeof *info->threads);
    t->text = calloc(t->n_threads + 1, sizeof *t->text);
    t->text_of_bank = calloc(t->n_banks + 1, sizeof *t->text_of_bank);
    return info->threads && t->text && t->text_of_bank ? 0 : -MEMTRACK_ENOMEM;
}

int mt_ledger_threads_take(struct mt_ledger *ledger, struct mt_profile *profile,
                           struct mt_ledger_threads *threads) {
    mt_ledger_threads_free(threads);
    struct mt_thread_row *rows =
        mt_ledger_load_items(ledger, MT_EXTENT_THREADS, &threads->n_threads);
    struct mt_bank *banks = mt_ledger_load_items(ledger, MT_EXTENT_BANKS, &threads->n_banks);
    int rc = rows && banks ? prepare_threads(profile, threads) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = take_rows(profile, threads, rows);
    if (rc == 0)
        rc = take_banks(profile, threads, banks);
    free(rows);
    free(banks);
    return rc;
}

void mt_ledger_threads_free(struct mt_ledger_threads *threads) {
    free(threads->text);
    free(threads->text_of_bank);
    *threads = (struct mt_ledger_threads){0};
}
