/* SPDX-License-Identifier: MIT */
/*
 * The time axis, to and from TimeAxis messages. It can be long, and therefore travels as columns
 * (they compress far better than a message a tick) in chunks of bounded size.
 */
#include <stdlib.h>

#include "base/array.h"
#include "profile/pprof/pprof-local.h"

/* ---- writing --------------------------------------------------------------------------------- */

static int write_ticks(const struct mt_tick *ticks, size_t n, uint64_t *room, mt_pprof_emit *emit,
                       void *context) {
    Pprof__TimeAxis axis = PPROF__TIME_AXIS__INIT;
    axis.tick_time_ns = room;
    axis.tick_live_bytes = (int64_t *)(room + n);
    axis.tick_total_blocks = room + 2 * n;
    axis.tick_rss_bytes = room + 3 * n;
    axis.tick_pss_bytes = room + 4 * n;
    axis.tick_swap_bytes = room + 5 * n;
    axis.tick_anon_bytes = room + 6 * n;
    axis.tick_uss_bytes = room + 7 * n;
    for (size_t i = 0; i < n; i++) {
        axis.tick_time_ns[i] = ticks[i].time_ns;
        axis.tick_live_bytes[i] = ticks[i].live_bytes;
        axis.tick_total_blocks[i] = ticks[i].total_blocks;
        axis.tick_rss_bytes[i] = ticks[i].rss_bytes;
        axis.tick_pss_bytes[i] = ticks[i].pss_bytes;
        axis.tick_swap_bytes[i] = ticks[i].swap_bytes;
        axis.tick_anon_bytes[i] = ticks[i].anon_bytes;
        axis.tick_uss_bytes[i] = ticks[i].uss_bytes;
        axis.n_tick_uss_bytes |= ticks[i].uss_bytes ? n : 0;
    }
    axis.n_tick_time_ns = axis.n_tick_live_bytes = axis.n_tick_total_blocks = n;
    axis.n_tick_rss_bytes = axis.n_tick_pss_bytes = axis.n_tick_swap_bytes =
        axis.n_tick_anon_bytes = n;
    return emit(context, MT_PPROF_TIME_AXIS, &axis.base);
}

static int write_changes(const struct mt_tick_change *changes, size_t n, uint64_t *room,
                         mt_pprof_emit *emit, void *context) {
    Pprof__TimeAxis axis = PPROF__TIME_AXIS__INIT;
    axis.change_live_bytes = (int64_t *)room;
    axis.change_live_blocks = (int64_t *)(room + n);
    axis.change_tick = (uint32_t *)(room + 2 * n);
    axis.change_sample = (uint32_t *)(room + 2 * n) + n;
    for (size_t i = 0; i < n; i++) {
        axis.change_live_bytes[i] = changes[i].live_bytes;
        axis.change_live_blocks[i] = changes[i].live_blocks;
        axis.change_tick[i] = changes[i].tick;
        axis.change_sample[i] = changes[i].sample;
    }
    axis.n_change_tick = axis.n_change_sample = axis.n_change_live_bytes =
        axis.n_change_live_blocks = n;
    return emit(context, MT_PPROF_TIME_AXIS, &axis.base);
}

static int write_ages(const struct mt_age *ages, size_t n, uint64_t *room, mt_pprof_emit *emit,
                      void *context) {
    Pprof__TimeAxis axis = PPROF__TIME_AXIS__INIT;
    axis.age_from_ns = room;
    axis.age_to_ns = room + n;
    axis.age_bytes = room + 2 * n;
    axis.age_blocks = room + 3 * n;
    for (size_t i = 0; i < n; i++) {
        axis.age_from_ns[i] = ages[i].from_ns;
        axis.age_to_ns[i] = ages[i].to_ns;
        axis.age_bytes[i] = ages[i].bytes;
        axis.age_blocks[i] = ages[i].blocks;
    }
    axis.n_age_from_ns = axis.n_age_to_ns = axis.n_age_bytes = axis.n_age_blocks = n;
    return emit(context, MT_PPROF_TIME_AXIS, &axis.base);
}

/* Pointers and messages in one block, as all messages of this kind have them. */
static int write_marks(const struct mt_profile *profile, size_t first, size_t n,
                       mt_pprof_emit *emit, void *context) {
    Pprof__TimeAxis axis = PPROF__TIME_AXIS__INIT;
    Pprof__Mark **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct mt_mark *mark = &profile->info.marks[first + i];
        list[i] = (Pprof__Mark *)(list + n) + i;
        pprof__mark__init(list[i]);
        list[i]->time_ns = mark->time_ns;
        list[i]->name = mt_pprof_text(profile, mark->name);
        list[i]->kind = mark->kind;
    }
    axis.mark = list;
    axis.n_mark = n;
    int status = emit(context, MT_PPROF_TIME_AXIS, &axis.base);
    free(list);
    return status;
}

int mt_pprof_time_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_profile_info *info = &profile->info;
    uint64_t *room = malloc(8 * MT_PPROF_CHUNK * sizeof *room);
    if (!room)
        return -MEMTRACK_ENOMEM;
    int status = 0;
    for (size_t i = 0, n; status == 0 && i < info->n_ticks; i += n) {
        n = info->n_ticks - i < MT_PPROF_CHUNK ? info->n_ticks - i : MT_PPROF_CHUNK;
        status = write_ticks(info->ticks + i, n, room, emit, context);
    }
    for (size_t i = 0, n; status == 0 && i < info->n_changes; i += n) {
        n = info->n_changes - i < MT_PPROF_CHUNK ? info->n_changes - i : MT_PPROF_CHUNK;
        status = write_changes(info->changes + i, n, room, emit, context);
    }
    for (size_t i = 0, n; status == 0 && i < info->n_ages; i += n) {
        n = info->n_ages - i < MT_PPROF_CHUNK ? info->n_ages - i : MT_PPROF_CHUNK;
        status = write_ages(info->ages + i, n, room, emit, context);
    }
    for (size_t i = 0, n; status == 0 && i < info->n_marks; i += n) {
        n = info->n_marks - i < MT_PPROF_MARKS ? info->n_marks - i : MT_PPROF_MARKS;
        status = write_marks(profile, i, n, emit, context);
    }
    free(room);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_ticks(struct mt_profile_info *info, const Pprof__TimeAxis *axis) {
    size_t n = axis->n_tick_time_ns;
    if (axis->n_tick_live_bytes != n || axis->n_tick_total_blocks != n ||
        axis->n_tick_rss_bytes != n || axis->n_tick_pss_bytes != n ||
        axis->n_tick_swap_bytes != n ||
        (axis->n_tick_anon_bytes != n && axis->n_tick_anon_bytes != 0) ||
        (axis->n_tick_uss_bytes != n && axis->n_tick_uss_bytes != 0))
        return -MEMTRACK_EFORMAT;
    if (n == 0)
        return 0;
    if (!mt_array_resize(&info->ticks, info->n_ticks + n, sizeof *info->ticks))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        info->ticks[info->n_ticks++] = (struct mt_tick){
            .time_ns = axis->tick_time_ns[i],
            .live_bytes = axis->tick_live_bytes[i],
            .total_blocks = axis->tick_total_blocks[i],
            .rss_bytes = axis->tick_rss_bytes[i],
            .pss_bytes = axis->tick_pss_bytes[i],
            .swap_bytes = axis->tick_swap_bytes[i],
            .anon_bytes = axis->n_tick_anon_bytes ? axis->tick_anon_bytes[i] : 0,
            .uss_bytes = axis->n_tick_uss_bytes ? axis->tick_uss_bytes[i] : 0,
        };
    }
    return 0;
}

static int read_changes(struct mt_profile_info *info, const Pprof__TimeAxis *axis) {
    size_t n = axis->n_change_tick;
    if (axis->n_change_sample != n || axis->n_change_live_bytes != n ||
        axis->n_change_live_blocks != n)
        return -MEMTRACK_EFORMAT;
    if (n == 0)
        return 0;
    if (!mt_array_resize(&info->changes, info->n_changes + n, sizeof *info->changes))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        info->changes[info->n_changes++] = (struct mt_tick_change){
            .tick = axis->change_tick[i],
            .sample = axis->change_sample[i],
            .live_bytes = axis->change_live_bytes[i],
            .live_blocks = axis->change_live_blocks[i],
        };
    }
    return 0;
}

static int read_ages(struct mt_profile_info *info, const Pprof__TimeAxis *axis) {
    size_t n = axis->n_age_from_ns;
    if (axis->n_age_to_ns != n || axis->n_age_bytes != n || axis->n_age_blocks != n)
        return -MEMTRACK_EFORMAT;
    if (n == 0)
        return 0;
    if (!mt_array_resize(&info->ages, info->n_ages + n, sizeof *info->ages))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++)
        info->ages[info->n_ages++] = (struct mt_age){.from_ns = axis->age_from_ns[i],
                                                     .to_ns = axis->age_to_ns[i],
                                                     .bytes = axis->age_bytes[i],
                                                     .blocks = axis->age_blocks[i]};
    return 0;
}

static int read_marks(struct mt_profile *profile, const Pprof__TimeAxis *axis) {
    struct mt_profile_info *info = &profile->info;
    int status = 0;
    for (size_t i = 0; i < axis->n_mark; i++) {
        if (!mt_array_grow(&info->marks, info->n_marks, sizeof *info->marks))
            return -MEMTRACK_ENOMEM;
        info->marks[info->n_marks++] = (struct mt_mark){
            .time_ns = axis->mark[i]->time_ns,
            .name = mt_pprof_text_take(profile, axis->mark[i]->name, &status),
            .kind = axis->mark[i]->kind,
        };
    }
    return status;
}

int mt_pprof_time_read(struct mt_profile *profile, const Pprof__TimeAxis *message) {
    int status = read_ticks(&profile->info, message);
    if (status == 0)
        status = read_changes(&profile->info, message);
    if (status == 0)
        status = read_ages(&profile->info, message);
    return status < 0 ? status : read_marks(profile, message);
}
