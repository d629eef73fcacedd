/* SPDX-License-Identifier: MIT */
/*
 * The time axis, and what stands on it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "page/core/core.h"
#include "page/core/exports.h"
#include "page/core/rows.h"
#include "view/format/format.h"

#define NS_PER_S   1e9
#define MOST_NAMES 4096 /* of threads, that are looked at for each event */

static struct mt_core_event event;
static char *texts[3];
static char *about;
static size_t about_capacity;

static const char *put(size_t i, const char *raw) {
    free(texts[i]);
    texts[i] = mt_format_utf8(raw);
    return texts[i] ? texts[i] : "";
}

uint32_t MT_CORE_EXPORT(mt_core_series_n_ticks)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.n_ticks;
}

/* Ticks at which something has changed: the sites are looked at less often than their sum. */
static uint8_t *known_of(const struct mt_profile_info *info) {
    uint8_t *known = calloc(info->n_ticks + 1, 1);
    for (size_t i = 0; known && i < info->n_changes; i++)
        if (info->changes[i].tick < info->n_ticks)
            known[info->changes[i].tick] = 1;
    return known;
}

double *MT_CORE_EXPORT(mt_core_series_ticks)(const struct mt_core_profile *profile) {
    const struct mt_profile_info *info = &profile->profile->info;
    double *all = malloc((info->n_ticks + 1) * MT_CORE_TICK * sizeof *all);
    uint8_t *known = known_of(info);
    for (size_t i = 0; all && known && i < info->n_ticks; i++) {
        const struct mt_tick *tick = &info->ticks[i];
        const double numbers[MT_CORE_TICK] = {
            (double)tick->time_ns / NS_PER_S, (double)tick->live_bytes, (double)tick->total_blocks,
            (double)tick->rss_bytes,          (double)tick->pss_bytes,  (double)tick->swap_bytes,
            (double)tick->anon_bytes,         (double)known[i],         (double)tick->uss_bytes,
        };
        memcpy(all + i * MT_CORE_TICK, numbers, sizeof numbers);
    }
    free(known);
    return all;
}

uint32_t MT_CORE_EXPORT(mt_core_series_n_ages)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.n_ages;
}

double *MT_CORE_EXPORT(mt_core_series_ages)(const struct mt_core_profile *profile) {
    const struct mt_profile_info *info = &profile->profile->info;
    double *all = malloc((info->n_ages + 1) * 4 * sizeof *all), *at = all;
    for (size_t i = 0; all && i < info->n_ages; i++) {
        *at++ = (double)info->ages[i].from_ns / NS_PER_S;
        *at++ = (double)info->ages[i].to_ns / NS_PER_S;
        *at++ = (double)info->ages[i].bytes;
        *at++ = (double)info->ages[i].blocks;
    }
    return all;
}

/* ---- rows over time -------------------------------------------------------------------------- */

struct course {
    const struct mt_profile *profile;
    const uint32_t *row; /* of each sample */
    uint32_t *place;     /* of each row: where it is asked for + 1, 0: it is not */
    int64_t *now, *held; /* of each sample; of each place */
    uint32_t n;
    double *out;
};

static void put_tick(const struct course *c, size_t tick) {
    size_t n_ticks = c->profile->info.n_ticks;
    for (uint32_t k = 0; k < c->n; k++)
        c->out[k * n_ticks + tick] = (double)c->held[k];
}

/* Changes are in the order of their ticks, as whoever writes them learns of them. */
static void follow(const struct course *c) {
    const struct mt_profile_info *info = &c->profile->info;
    size_t i = 0;
    for (size_t tick = 0; tick < info->n_ticks; tick++) {
        for (; i < info->n_changes && info->changes[i].tick <= tick; i++) {
            const struct mt_tick_change *change = &info->changes[i];
            uint32_t row =
                change->sample < c->profile->n_samples ? c->row[change->sample] : UINT32_MAX;
            uint32_t place = row == UINT32_MAX ? 0 : c->place[row];
            if (!place)
                continue;
            c->held[place - 1] += change->live_bytes - c->now[change->sample];
            c->now[change->sample] = change->live_bytes;
        }
        put_tick(c, tick);
    }
}

double *MT_CORE_EXPORT(mt_core_series_rows)(const struct mt_core_rows *rows,
                                            const uint32_t *indexes, uint32_t n) {
    const struct mt_profile *profile = mt_rows_profile(rows->rows);
    size_t n_samples, n_rows = mt_rows_count(rows->rows);
    struct course c = {.profile = profile,
                       .row = mt_rows_of_samples(rows->rows, &n_samples),
                       .place = calloc(n_rows + 1, sizeof *c.place),
                       .now = calloc(profile->n_samples + 1, sizeof *c.now),
                       .held = calloc(n + 1, sizeof *c.held),
                       .n = n ? n : 1,
                       .out = calloc((n + 1) * (profile->info.n_ticks + 1), sizeof *c.out)};
    bool done = c.row && c.place && c.now && c.held && c.out;
    for (size_t i = 0; i < n_rows && done && !n; i++)
        c.place[i] = 1;
    for (uint32_t k = 0; k < n && done; k++)
        if (indexes[k] < n_rows)
            c.place[indexes[k]] = k + 1;
    if (done)
        follow(&c);
    free(c.place);
    free(c.now);
    free(c.held);
    if (done)
        return c.out;
    free(c.out);
    mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
    return NULL;
}

/* ---- rows that ever had most ------------------------------------------------------------------ */

struct highest {
    const struct mt_profile *profile;
    const uint32_t *row; /* of each sample */
    int64_t *now, *held; /* of each sample; of each row */
    uint32_t *touched;   /* rows that the tick has changed */
    double *out;
};

/* Rows are looked at when the tick is complete: a block that moved from one site of a row to
 * another has then been counted once. */
static void climb(const struct highest *h, size_t n_rows) {
    const struct mt_profile_info *info = &h->profile->info;
    for (size_t i = 0; i < info->n_changes;) {
        uint32_t tick = info->changes[i].tick;
        size_t n = 0;
        for (; i < info->n_changes && info->changes[i].tick == tick; i++) {
            const struct mt_tick_change *change = &info->changes[i];
            if (change->sample >= h->profile->n_samples || h->row[change->sample] >= n_rows)
                continue;
            uint32_t row = h->row[change->sample];
            h->held[row] += change->live_bytes - h->now[change->sample];
            h->now[change->sample] = change->live_bytes;
            h->touched[n++] = row;
        }
        for (; n > 0; n--)
            if ((double)h->held[h->touched[n - 1]] > h->out[h->touched[n - 1]])
                h->out[h->touched[n - 1]] = (double)h->held[h->touched[n - 1]];
    }
}

double *MT_CORE_EXPORT(mt_core_series_highest)(const struct mt_core_rows *rows) {
    const struct mt_profile *profile = mt_rows_profile(rows->rows);
    size_t n_samples, n_rows = mt_rows_count(rows->rows);
    struct highest h = {.profile = profile,
                        .row = mt_rows_of_samples(rows->rows, &n_samples),
                        .now = calloc(profile->n_samples + 1, sizeof *h.now),
                        .held = calloc(n_rows + 1, sizeof *h.held),
                        .touched = calloc(profile->info.n_changes + 1, sizeof *h.touched),
                        .out = calloc(n_rows + 1, sizeof *h.out)};
    bool done = h.row && h.now && h.held && h.touched && h.out;
    if (done)
        climb(&h, n_rows);
    free(h.now);
    free(h.held);
    free(h.touched);
    if (done)
        return h.out;
    free(h.out);
    mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
    return NULL;
}

/* ---- events ---------------------------------------------------------------------------------- */

uint32_t MT_CORE_EXPORT(mt_core_series_n_marks)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.n_marks;
}

const struct mt_core_event *
MT_CORE_EXPORT(mt_core_series_mark)(const struct mt_core_profile *profile, uint32_t i) {
    const struct mt_mark *mark = &profile->profile->info.marks[i];
    event = (struct mt_core_event){.time_s = (double)mark->time_ns / NS_PER_S,
                                   .name = put(0, mt_profile_text(profile->profile, mark->name)),
                                   .thread = "",
                                   .about = "",
                                   .kind = mark->kind};
    return &event;
}

uint32_t MT_CORE_EXPORT(mt_core_series_n_counters)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.scopes.n_counters;
}

const struct mt_core_event *
MT_CORE_EXPORT(mt_core_series_counter)(const struct mt_core_profile *profile, uint32_t i) {
    const struct mt_counter *counter = &profile->profile->info.scopes.counters[i];
    event = (struct mt_core_event){.time_s = (double)counter->time_ns / NS_PER_S,
                                   .value = (double)counter->value,
                                   .name = put(0, mt_profile_text(profile->profile, counter->name)),
                                   .thread = "",
                                   .about = "",
                                   .tid = counter->tid};
    return &event;
}

/* Writes the thread as open scopes have it: "1234 worker". */
static const char *put_thread(const struct mt_profile *profile, uint32_t tid) {
    static char text[64];
    const struct mt_profile_info *info = &profile->info;
    const char *name = "";
    for (size_t i = 0; i < info->n_threads && i < MOST_NAMES && !*name; i++)
        if (info->threads[i].tid == tid && info->threads[i].n_threads <= 1)
            name = mt_profile_text(profile, info->threads[i].name);
    if (tid == 0)
        return "";
    snprintf(text, sizeof text, *name ? "%u %s" : "%u", tid, name);
    return put(2, text);
}

/* "key=value, key=value" */
static const char *put_about(const struct mt_profile *profile, const struct mt_scope_event *scope) {
    size_t n = 0;
    for (uint32_t i = 0; i < scope->n_keys; i++) {
        const struct mt_scope_key *key = &profile->info.scopes.keys[scope->first_key + i];
        const char *const words[] = {i ? ", " : "", mt_profile_text(profile, key->key), "=",
                                     mt_profile_text(profile, key->value)};
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            size_t bytes = strlen(words[w]);
            if (!mt_array_reserve(&about, &about_capacity, n + bytes + 1, 1))
                return "";
            memcpy(about + n, words[w], bytes + 1);
            n += bytes;
        }
    }
    return n ? put(1, about) : "";
}

uint32_t MT_CORE_EXPORT(mt_core_series_n_events)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.scopes.n_events;
}

const struct mt_core_event *
MT_CORE_EXPORT(mt_core_series_event)(const struct mt_core_profile *profile, uint32_t i) {
    const struct mt_scope_event *scope = &profile->profile->info.scopes.events[i];
    event = (struct mt_core_event){.time_s = (double)scope->time_ns / NS_PER_S,
                                   .duration_s = (double)scope->duration_ns / NS_PER_S,
                                   .value = (double)scope->net_bytes,
                                   .peak = (double)scope->peak_bytes,
                                   .name = put(0, mt_profile_text(profile->profile, scope->name)),
                                   .thread = put_thread(profile->profile, scope->tid),
                                   .about = put_about(profile->profile, scope),
                                   .tid = scope->tid};
    return &event;
}

uint32_t MT_CORE_EXPORT(mt_core_series_n_open)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->info.scopes.n_open;
}

const struct mt_core_event *
MT_CORE_EXPORT(mt_core_series_open)(const struct mt_core_profile *profile, uint32_t i) {
    const struct mt_scope_open *open = &profile->profile->info.scopes.open[i];
    event = (struct mt_core_event){
        .time_s = (double)open->time_ns / NS_PER_S,
        .value = (double)open->net_bytes,
        .peak = (double)open->peak_bytes,
        .allocated_bytes = (double)open->allocated_bytes,
        .allocated_blocks = (double)open->allocated_blocks,
        .name = put(0, mt_profile_text(profile->profile, open->name)),
        .thread = put(1, mt_profile_text(profile->profile, open->thread)),
        .about = "",
        .is_process = open->is_process,
    };
    return &event;
}
