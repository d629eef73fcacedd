/* SPDX-License-Identifier: MIT */
/*
 * What pprof has no field for and is of the recording as a whole, to and from the extension message
 * Memtrack, which is small and of fixed shape. What can be long has messages of its own: time.c,
 * scopes.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/pprof/pprof-local.h"

/* Returns an array of n texts, or NULL when out of memory. */
static ProtobufCBinaryData *text_list(const struct mt_profile *profile, const mt_string *strings,
                                      size_t n) {
    ProtobufCBinaryData *list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        list[i] = mt_pprof_text(profile, strings[i]);
    return list;
}

static Pprof__Process process_message(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    Pprof__Process process = PPROF__PROCESS__INIT;
    process.pid = info->pid;
    process.ppid = info->ppid;
    process.exe = mt_pprof_text(profile, info->exe);
    process.cwd = mt_pprof_text(profile, info->cwd);
    process.n_command = info->n_command;
    process.start_time_ns = info->start_time_ns;
    process.duration_ns = info->duration_ns;
    process.exit_known = info->exit_known;
    process.exit_code = info->exit_code;
    process.exit_signal = info->exit_signal;
    process.running = info->running;
    process.n_processes = info->n_processes;
    return process;
}

static Pprof__Recording recording_message(const struct mt_profile_info *info) {
    Pprof__Recording recording = PPROF__RECORDING__INIT;
    recording.sample_bytes = info->sample_bytes;
    recording.approximate = info->approximate;
    recording.threads = info->multithreaded;
    recording.usable_measured = info->usable_measured;
    recording.partial = info->partial;
    recording.peak_time_known = info->peak_time_known;
    recording.peak_time_ns = info->peak_time_ns;
    recording.peak_time_error_ns = info->peak_time_error_ns;
    recording.ledger_bytes = info->ledger_bytes;
    recording.tick_interval_ns = info->tick_interval_ns;
    recording.has_size_histogram = info->has_size_histogram;
    recording.exact_peak = info->exact_peak;
    recording.watched = info->watched;
    recording.peak_rss_bytes = info->peak_rss_bytes;
    recording.peak_rss_is_exact = info->peak_rss_is_exact;
    return recording;
}

static Pprof__Totals totals_message(const struct mt_profile_info *info) {
    const struct mt_totals *from = &info->totals;
    Pprof__Totals totals = PPROF__TOTALS__INIT;
    totals.live_bytes = from->live_bytes;
    totals.live_blocks = from->live_blocks;
    totals.peak_bytes = from->peak_bytes;
    totals.peak_blocks = from->peak_blocks;
    totals.total_bytes = from->total_bytes;
    totals.total_blocks = from->total_blocks;
    totals.freed_bytes = from->freed_bytes;
    totals.freed_blocks = from->freed_blocks;
    totals.temporary_blocks = from->temporary_blocks;
    totals.failed_allocations = from->failed_allocations;
    totals.usable_bytes = info->usable_bytes;
    return totals;
}

static Pprof__Coverage coverage_message(const struct mt_profile_info *info) {
    Pprof__Coverage coverage = PPROF__COVERAGE__INIT;
    coverage.unknown_frees = info->coverage.unknown_frees;
    coverage.dropped_events = info->coverage.dropped_events;
    coverage.lossy_blocks = info->coverage.lossy_blocks;
    coverage.truncated_stacks = info->coverage.truncated_stacks;
    coverage.n_note = info->n_notes;
    return coverage;
}

static Pprof__Anonymous anonymous_message(const struct mt_profile_info *info) {
    Pprof__Anonymous anonymous = PPROF__ANONYMOUS__INIT;
    anonymous.bytes = info->anonymous.bytes;
    anonymous.recorded_bytes = info->anonymous.recorded_bytes;
    anonymous.recorded_blocks = info->anonymous.recorded_blocks;
    anonymous.time_ns = info->anonymous.time_ns;
    anonymous.is_estimate = info->anonymous.is_estimate;
    return anonymous;
}

/* Repeated sub-messages need an array of pointers; both live in one block: pointers first. */
static Pprof__NamedValue **figure_messages(const struct mt_profile *profile) {
    size_t n = profile->info.n_allocator_stats;
    Pprof__NamedValue **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    for (size_t i = 0; list && i < n; i++) {
        list[i] = (Pprof__NamedValue *)(list + n) + i;
        pprof__named_value__init(list[i]);
        list[i]->name = mt_pprof_text(profile, profile->info.allocator_stats[i].name);
        list[i]->value = profile->info.allocator_stats[i].value;
    }
    return list;
}

static Pprof__Metadata **metadata_messages(const struct mt_profile *profile) {
    size_t n = profile->info.n_metadata;
    Pprof__Metadata **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    for (size_t i = 0; list && i < n; i++) {
        list[i] = (Pprof__Metadata *)(list + n) + i;
        pprof__metadata__init(list[i]);
        list[i]->key = mt_pprof_text(profile, profile->info.metadata[i].key);
        list[i]->value = mt_pprof_text(profile, profile->info.metadata[i].value);
    }
    return list;
}

static Pprof__Thread **thread_messages(const struct mt_profile *profile) {
    size_t n = profile->info.n_threads;
    Pprof__Thread **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    for (size_t i = 0; list && i < n; i++) {
        const struct mt_profile_thread *thread = &profile->info.threads[i];
        list[i] = (Pprof__Thread *)(list + n) + i;
        pprof__thread__init(list[i]);
        list[i]->tid = thread->tid;
        list[i]->n_threads = thread->n_threads;
        list[i]->name = mt_pprof_text(profile, thread->name);
    }
    return list;
}

int mt_pprof_info_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_profile_info *info = &profile->info;
    Pprof__Process process = process_message(profile);
    Pprof__Recording recording = recording_message(info);
    Pprof__Totals totals = totals_message(info);
    Pprof__Coverage coverage = coverage_message(info);
    Pprof__Anonymous anonymous = anonymous_message(info);
    Pprof__Allocator allocator = PPROF__ALLOCATOR__INIT;
    allocator.name = mt_pprof_text(profile, info->allocator);
    allocator.path = mt_pprof_text(profile, info->allocator_path);
    process.command = text_list(profile, info->command, info->n_command);
    coverage.note = text_list(profile, info->notes, info->n_notes);
    allocator.n_figure = info->n_allocator_stats;
    allocator.figure = figure_messages(profile);

    Pprof__Memtrack message = PPROF__MEMTRACK__INIT;
    message.version = MT_PPROF_VERSION;
    message.process = &process;
    message.recording = &recording;
    message.totals = &totals;
    message.coverage = &coverage;
    message.anonymous = info->anonymous.bytes ? &anonymous : NULL;
    message.allocator = &allocator;
    message.n_thread = info->n_threads;
    message.thread = thread_messages(profile);
    message.n_metadata = info->n_metadata;
    message.metadata = metadata_messages(profile);
    message.tool = mt_pprof_text(profile, info->is_memtrack ? 0 : info->tool);
    message.n_wrapper = info->n_wrappers;
    message.wrapper = text_list(profile, info->wrappers, info->n_wrappers);
    int status = -MEMTRACK_ENOMEM;
    if (process.command && coverage.note && allocator.figure && message.thread && message.wrapper &&
        message.metadata)
        status = emit(context, MT_PPROF_MEMTRACK, &message.base);
    free(process.command);
    free(coverage.note);
    free(allocator.figure);
    free(message.thread);
    free(message.wrapper);
    free(message.metadata);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_process(struct mt_profile *profile, const Pprof__Process *process) {
    struct mt_profile_info *info = &profile->info;
    int status = 0;
    info->pid = process->pid;
    info->ppid = process->ppid;
    info->exe = mt_pprof_text_take(profile, process->exe, &status);
    info->cwd = mt_pprof_text_take(profile, process->cwd, &status);
    info->start_time_ns = process->start_time_ns;
    info->duration_ns = process->duration_ns;
    info->exit_known = process->exit_known;
    info->exit_code = process->exit_code;
    info->exit_signal = process->exit_signal;
    info->running = process->running;
    info->n_processes = process->n_processes;
    free(info->command);
    info->n_command = 0;
    info->command = calloc(process->n_command + 1, sizeof *info->command);
    if (!info->command)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < process->n_command; i++)
        info->command[info->n_command++] =
            mt_pprof_text_take(profile, process->command[i], &status);
    return status;
}

static void read_recording(struct mt_profile_info *info, const Pprof__Recording *recording) {
    info->sample_bytes = recording->sample_bytes;
    info->approximate = recording->approximate;
    info->multithreaded = recording->threads;
    info->usable_measured = recording->usable_measured;
    info->partial = recording->partial;
    info->peak_time_known = recording->peak_time_known;
    info->peak_time_ns = recording->peak_time_ns;
    info->peak_time_error_ns = recording->peak_time_error_ns;
    info->ledger_bytes = recording->ledger_bytes;
    info->tick_interval_ns = recording->tick_interval_ns;
    info->has_size_histogram = recording->has_size_histogram;
    info->exact_peak = recording->exact_peak;
    info->watched = recording->watched;
    info->peak_rss_bytes = recording->peak_rss_bytes;
    info->peak_rss_is_exact = recording->peak_rss_is_exact;
}

static void read_totals(struct mt_profile_info *info, const Pprof__Totals *from) {
    info->totals = (struct mt_totals){
        .live_bytes = from->live_bytes,
        .live_blocks = from->live_blocks,
        .peak_bytes = from->peak_bytes,
        .peak_blocks = from->peak_blocks,
        .total_bytes = from->total_bytes,
        .total_blocks = from->total_blocks,
        .freed_bytes = from->freed_bytes,
        .freed_blocks = from->freed_blocks,
        .temporary_blocks = from->temporary_blocks,
        .failed_allocations = from->failed_allocations,
    };
    info->usable_bytes = from->usable_bytes;
}

static void read_anonymous(struct mt_profile_info *info, const Pprof__Anonymous *from) {
    info->anonymous = (struct mt_anonymous){
        .bytes = from->bytes,
        .recorded_bytes = from->recorded_bytes,
        .recorded_blocks = from->recorded_blocks,
        .time_ns = from->time_ns,
        .is_estimate = from->is_estimate,
    };
}

static int read_coverage(struct mt_profile *profile, const Pprof__Coverage *coverage) {
    profile->info.coverage = (struct mt_coverage){
        .unknown_frees = coverage->unknown_frees,
        .dropped_events = coverage->dropped_events,
        .lossy_blocks = coverage->lossy_blocks,
        .truncated_stacks = coverage->truncated_stacks,
    };
    struct mt_profile_info *info = &profile->info;
    int status = 0;
    free(info->notes);
    info->n_notes = 0;
    info->notes = calloc(coverage->n_note + 1, sizeof *info->notes);
    if (!info->notes)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < coverage->n_note; i++)
        info->notes[info->n_notes++] = mt_pprof_text_take(profile, coverage->note[i], &status);
    return status;
}

static int read_allocator(struct mt_profile *profile, const Pprof__Allocator *allocator) {
    struct mt_profile_info *info = &profile->info;
    int status = 0;
    info->allocator = mt_pprof_text_take(profile, allocator->name, &status);
    info->allocator_path = mt_pprof_text_take(profile, allocator->path, &status);
    free(info->allocator_stats);
    info->n_allocator_stats = 0;
    info->allocator_stats = calloc(allocator->n_figure + 1, sizeof *info->allocator_stats);
    if (!info->allocator_stats)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < allocator->n_figure; i++) {
        struct mt_named_value *stat = &info->allocator_stats[info->n_allocator_stats++];
        stat->name = mt_pprof_text_take(profile, allocator->figure[i]->name, &status);
        stat->value = allocator->figure[i]->value;
    }
    return status;
}

static int read_threads(struct mt_profile *profile, const Pprof__Memtrack *message) {
    struct mt_profile_info *info = &profile->info;
    int status = 0;
    free(info->threads);
    info->n_threads = 0;
    info->threads = calloc(message->n_thread + 1, sizeof *info->threads);
    if (!info->threads)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < message->n_thread; i++) {
        struct mt_profile_thread *thread = &info->threads[info->n_threads++];
        thread->tid = message->thread[i]->tid;
        thread->n_threads = message->thread[i]->n_threads;
        thread->name = mt_pprof_text_take(profile, message->thread[i]->name, &status);
    }
    return status;
}

static int read_metadata(struct mt_profile *profile, const Pprof__Memtrack *message) {
    int status = 0;
    profile->info.n_metadata = 0;
    for (size_t i = 0; i < message->n_metadata && status == 0; i++) {
        const struct mt_scope_key metadata = {
            mt_pprof_text_take(profile, message->metadata[i]->key, &status),
            mt_pprof_text_take(profile, message->metadata[i]->value, &status)};
        if (status == 0)
            status = mt_profile_add_metadata(profile, &metadata);
    }
    return status;
}

static int note_left_out(struct mt_profile *profile, size_t n) {
    char note[160];
    snprintf(note, sizeof note,
             "%zu wrapper pattern%s in the profile left out: at most %d are kept, of at most %d "
             "bytes each.",
             n, n == 1 ? "" : "s", MT_PROFILE_WRAPPERS, MT_PROFILE_WRAPPER_BYTES);
    return mt_profile_add_note(profile, note);
}

static int read_wrappers(struct mt_profile *profile, const Pprof__Memtrack *message) {
    size_t n_left_out = 0;
    int status = 0;
    profile->info.n_wrappers = 0;
    for (size_t i = 0; i < message->n_wrapper && status == 0; i++) {
        const char *pattern =
            mt_profile_text(profile, mt_pprof_text_take(profile, message->wrapper[i], &status));
        int rc = status < 0 ? status : mt_profile_add_wrapper(profile, pattern);
        if (rc == -MEMTRACK_ELIMIT)
            n_left_out++;
        else
            status = rc;
    }
    return status == 0 && n_left_out ? note_left_out(profile, n_left_out) : status;
}

int mt_pprof_info_read(struct mt_profile *profile, const Pprof__Memtrack *message) {
    int status = 0;
    profile->info.is_memtrack = message->tool.len == 0;
    profile->info.tool = mt_pprof_text_take(profile, message->tool, &status);
    if (status == 0 && message->process)
        status = read_process(profile, message->process);
    if (message->recording)
        read_recording(&profile->info, message->recording);
    if (message->anonymous)
        read_anonymous(&profile->info, message->anonymous);
    if (message->totals)
        read_totals(&profile->info, message->totals);
    if (status == 0 && message->coverage)
        status = read_coverage(profile, message->coverage);
    if (status == 0 && message->allocator)
        status = read_allocator(profile, message->allocator);
    if (status == 0)
        status = read_threads(profile, message);
    if (status == 0)
        status = read_metadata(profile, message);
    return status < 0 ? status : read_wrappers(profile, message);
}
