/* SPDX-License-Identifier: MIT */
/*
 * Ledgers are looked at, not converted: their header and the sums of their banks are all that a
 * list needs, so that one of a hundred processes is there at once. Whatever is wrong with one of
 * them is said in its line and hides no other.
 */
#include "list/entries.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "ledger/ledger.h"
#include "profile/called.h"
#include "profile/pprof/pprof.h"
#include "profile/resident.h"
#include "view/processes/index.h"

enum { MAX_FILES = 1 << 16 };

static struct mt_list_entry *add(struct mt_list_entries *entries) {
    if (!mt_array_grow(&entries->items, entries->n, sizeof *entries->items))
        return NULL;
    entries->items[entries->n] = (struct mt_list_entry){0};
    return &entries->items[entries->n++];
}

static void forget(struct mt_list_entry *e) {
    free(e->path);
    free(e->exe);
    free(e->words);
    free(e->command);
}

void mt_list_entries_free(struct mt_list_entries *entries) {
    for (size_t i = 0; i < entries->n; i++)
        forget(&entries->items[i]);
    free(entries->items);
    *entries = (struct mt_list_entries){0};
}

/* Makes the public part of the entries, which are complete, point at their texts, wherever these
 * are now. */
static void connect(struct mt_list_entries *entries) {
    for (size_t i = 0; i < entries->n; i++) {
        struct mt_list_entry *e = &entries->items[i];
        e->listed.path = e->path;
        e->listed.exe = e->exe ? e->exe : "";
        e->listed.command = e->command;
        e->listed.why = e->problem.message;
        if (e->problem.message[0])
            e->listed.state = e->is_beginning ? "beginning" : "unreadable";
    }
}

/* ---- ledgers --------------------------------------------------------------------------------- */

/* Copies the words: so many bytes of text, each word ended by a NUL, except perhaps the last. */
static int take_words(struct mt_list_entry *e, const char *words, size_t bytes) {
    size_t n = 0;
    e->words = malloc(bytes + 1);
    if (!e->words)
        return -MEMTRACK_ENOMEM;
    memcpy(e->words, words, bytes);
    e->words[bytes] = 0;
    for (size_t at = 0; at < bytes; at += strlen(e->words + at) + 1)
        n++;
    e->command = calloc(n + 1, sizeof *e->command);
    if (!e->command)
        return -MEMTRACK_ENOMEM;
    n = 0;
    for (size_t at = 0; at < bytes; at += strlen(e->words + at) + 1)
        e->command[n++] = e->words + at;
    return 0;
}

static int take_texts(struct mt_ledger *ledger, struct mt_list_entry *e) {
    struct mt_ledger_header *header = aligned_alloc(64, sizeof *header);
    if (!header)
        return -MEMTRACK_ENOMEM;
    int rc = 0;
    if (mt_ledger_read_header(ledger, header, &e->problem) == 0) {
        size_t exe =
            header->exe_bytes < sizeof header->exe ? header->exe_bytes : sizeof header->exe;
        size_t command = header->command_bytes < sizeof header->command ? header->command_bytes
                                                                        : sizeof header->command;
        e->exe = strndup(header->exe, exe);
        command = mt_called_arguments(header->command, command);
        rc = e->exe ? take_words(e, header->command, command) : -MEMTRACK_ENOMEM;
    }
    free(header);
    return rc;
}

static const char *state_of(const struct mt_ledger_info *info, bool is_live) {
    if (!is_live)
        return "ended";
    if (!info->control.request.off)
        return "recording";
    return (info->flags & MT_FLAG_DORMANT) && !(info->flags & MT_FLAG_SWITCHED) ? "dormant" : "off";
}

static uint64_t age_ns(const struct mt_ledger_info *info) {
    uint64_t now = mt_clock_now_ns();
    return now > info->start_monotonic_ns ? now - info->start_monotonic_ns : 0;
}

/* Returns when the ledger was last seen at work: the era that it stored last, or the last change of
 * its file, which in a memory file system is when it last grew. The process ended at that time or
 * later. */
static uint64_t last_seen_ns(const struct mt_ledger_info *info, const char *path) {
    struct stat st;
    uint64_t seen = info->start_realtime_ns, written = 0, now = mt_clock_ns(CLOCK_REALTIME);
    if (stat(path, &st) == 0)
        written = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
    if (info->control.era < MT_ERAS)
        seen += mt_era_begin_ns(info->control.era);
    seen = written > seen ? written : seen;
    return seen < now ? seen : now;
}

static int look_into(struct mt_ledger *ledger, const struct mt_found_ledger *found,
                     struct mt_list_entry *e) {
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    struct mt_ledger_totals totals;
    if (mt_ledger_totals(ledger, &totals) != 0) {
        mt_error_set(&e->problem, MEMTRACK_EFORMAT, "", "%s: the ledger is damaged", found->path);
        return 0;
    }
    e->listed.state = state_of(info, found->is_live);
    e->listed.start_time_ns = info->start_realtime_ns;
    e->listed.age_ns = found->is_live ? age_ns(info) : 0;
    e->listed.last_seen_ns = found->is_live ? 0 : last_seen_ns(info, found->path);
    e->listed.live_bytes = totals.live_bytes > 0 ? totals.live_bytes : 0;
    e->listed.peak_bytes =
        totals.peak_bytes > e->listed.live_bytes ? totals.peak_bytes : e->listed.live_bytes;
    e->listed.total_blocks = totals.allocated_blocks;
    e->listed.ledger_bytes = totals.file_bytes;
    return take_texts(ledger, e);
}

static bool is_attended(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    bool is = directory && mt_find_is_attended(directory);
    free(directory);
    return is;
}

static int look(const struct mt_found_ledger *found, struct mt_list_entry *e) {
    struct mt_ledger *ledger;
    e->problem = (struct mt_error){0};
    if (mt_ledger_open(found->path, &ledger, &e->problem) != 0)
        return 0;
    int rc = look_into(ledger, found, e);
    mt_ledger_close(ledger);
    return rc;
}

/* A ledger to which nothing was written for a while is not being made any more: what it is not yet
 * it will not become. */
static bool is_being_made(const char *path) {
    enum { LONGEST_S = 5 };
    struct stat st;
    return stat(path, &st) == 0 &&
           st.st_mtim.tv_sec + LONGEST_S > (time_t)(mt_clock_ns(CLOCK_REALTIME) / 1000000000);
}

/* A process that has just begun is between the name of its ledger and what is in it, for less than
 * a millisecond, unless it is stopped there. */
static int take_ledger(struct mt_list_entries *out, const struct mt_found_ledger *found) {
    enum { TRIES = 10 };
    const struct timespec nap = {.tv_nsec = 2000000};
    struct mt_list_entry *e = add(out);
    if (!e || !(e->path = strdup(found->path)))
        return -MEMTRACK_ENOMEM;
    e->listed.pid = found->name.pid;
    e->listed.is_attended = is_attended(found->path);
    int rc = look(found, e);
    for (int i = 0;
         rc == 0 && e->problem.message[0] && found->is_live && is_being_made(found->path); i++) {
        if (i == TRIES) {
            mt_error_set(&e->problem, MEMTRACK_EFORMAT, "", "%s: the ledger is being created",
                         found->path);
            e->is_beginning = true;
            break;
        }
        nanosleep(&nap, NULL);
        rc = look(found, e);
    }
    return rc;
}

static int take_ledgers(struct mt_list_entries *out, struct mt_found_ledgers *found, bool live,
                        size_t most) {
    int rc = 0;
    for (size_t i = 0; i < found->n && rc == 0; i++)
        if (found->items[i].is_live != live)
            continue;
        else if (most == 0 || out->n < most)
            rc = take_ledger(out, &found->items[i]);
        else
            out->n_more++;
    mt_find_free(found);
    connect(out);
    return rc;
}

int mt_list_entries_running(struct mt_list_entries *out) {
    struct mt_found_ledgers found;
    *out = (struct mt_list_entries){0};
    int rc = mt_find_running(&found);
    return rc == 0 ? take_ledgers(out, &found, true, 0) : rc;
}

static int youngest_first(const void *a, const void *b) {
    const struct mt_found_ledger *x = a, *y = b;
    if (x->name.start_ticks != y->name.start_ticks)
        return x->name.start_ticks > y->name.start_ticks ? -1 : 1;
    return x->name.counter > y->name.counter ? -1 : x->name.counter < y->name.counter;
}

int mt_list_entries_left(struct mt_list_entries *out, size_t most) {
    struct mt_found_ledgers found;
    *out = (struct mt_list_entries){0};
    int rc = mt_find_left(&found);
    if (rc == 0 && found.n)
        qsort(found.items, found.n, sizeof *found.items, youngest_first);
    return rc == 0 ? take_ledgers(out, &found, false, most) : rc;
}

/* ---- profiles -------------------------------------------------------------------------------- */

struct file {
    char *name;
    struct timespec written;
};

static int newest_first(const void *a, const void *b) {
    const struct file *x = a, *y = b;
    if (x->written.tv_sec != y->written.tv_sec)
        return x->written.tv_sec > y->written.tv_sec ? -1 : 1;
    if (x->written.tv_nsec != y->written.tv_nsec)
        return x->written.tv_nsec > y->written.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The directory of a run is one entry, whatever is in it. */
static bool is_listed(const char *name, const struct stat *st) {
    return S_ISDIR(st->st_mode) ? name[0] != '.' && mt_index_is_run(name)
                                : S_ISREG(st->st_mode) && fnmatch("*.pb.gz", name, 0) == 0;
}

static int find_files(struct file **files, size_t *n) {
    DIR *folder = opendir(".");
    int rc = 0;
    *files = NULL;
    *n = 0;
    for (struct dirent *entry;
         folder && rc == 0 && *n < MAX_FILES && (entry = readdir(folder)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(folder), entry->d_name, &st, 0) != 0 || !is_listed(entry->d_name, &st))
            continue;
        if (!mt_array_grow(files, *n, sizeof **files)) {
            rc = -MEMTRACK_ENOMEM;
            break;
        }
        (*files)[*n] = (struct file){strdup(entry->d_name), st.st_mtim};
        rc = (*files)[(*n)++].name ? 0 : -MEMTRACK_ENOMEM;
    }
    if (folder)
        closedir(folder);
    return rc;
}

static int take_command(struct mt_list_entry *e, const struct mt_profile *profile) {
    char *words = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&words, &bytes);
    if (!stream)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < profile->info.n_command; i++) {
        fputs(mt_profile_text(profile, profile->info.command[i]), stream);
        fputc(0, stream);
    }
    int rc = fclose(stream) == 0 ? take_words(e, words, bytes) : -MEMTRACK_ENOMEM;
    free(words);
    return rc;
}

static int take_words_of(struct mt_list_entry *e, const struct mt_process *program) {
    char *words = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&words, &bytes);
    if (!stream)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; program && i < program->n_words; i++) {
        fputs(program->command[i], stream);
        fputc(0, stream);
    }
    int rc = fclose(stream) == 0 ? take_words(e, words, bytes) : -MEMTRACK_ENOMEM;
    free(words);
    return rc;
}

/* The peak is that of all processes together where it is known, and what they had one by one added
 * up where it is not. */
static int take_run(struct mt_list_entry *e) {
    struct mt_processes processes;
    if (mt_index_read(e->path, &processes, &e->problem) != 0)
        return 0;
    const struct mt_process *program = mt_processes_main(&processes);
    uint64_t sum = 0, now = mt_clock_ns(CLOCK_REALTIME);
    for (size_t i = 0; i < processes.n; i++) {
        sum += processes.items[i].peak_bytes;
        e->listed.live_bytes += (int64_t)processes.items[i].live_bytes;
        e->listed.total_blocks += processes.items[i].total_blocks;
    }
    e->listed.state = processes.is_running ? "running" : "run";
    e->listed.pid = program ? program->pid : 0;
    e->listed.start_time_ns = processes.start_time_ns;
    e->listed.age_ns = processes.duration_ns;
    if (processes.is_running && processes.start_time_ns < now)
        e->listed.age_ns = now - processes.start_time_ns;
    e->listed.peak_bytes = (int64_t)(processes.peak_known ? processes.peak_bytes : sum);
    e->exe = strdup(program ? program->exe : "");
    int rc = e->exe ? take_words_of(e, program) : -MEMTRACK_ENOMEM;
    mt_processes_free(&processes);
    return rc;
}

static int take_profile(struct mt_list_entries *out, char *name) {
    struct mt_list_entry *e = add(out);
    struct mt_profile *profile;
    if (!e) {
        free(name);
        return -MEMTRACK_ENOMEM;
    }
    e->path = name;
    if (mt_index_is_run(name))
        return take_run(e);
    if (mt_pprof_read(name, &profile, &e->problem) != 0)
        return 0;
    const struct mt_profile_info *info = &profile->info;
    e->listed.state = info->watched ? "watched" : "profile";
    e->listed.pid = info->pid;
    e->listed.start_time_ns = info->start_time_ns;
    e->listed.age_ns = info->duration_ns;
    e->listed.live_bytes = (int64_t)info->totals.live_bytes;
    e->listed.peak_bytes =
        (int64_t)(info->watched ? mt_resident_peak(profile) : info->totals.peak_bytes);
    e->listed.total_blocks = info->totals.total_blocks;
    e->listed.ledger_bytes = info->ledger_bytes;
    e->exe = strdup(mt_profile_text(profile, info->exe));
    int rc = e->exe ? take_command(e, profile) : -MEMTRACK_ENOMEM;
    mt_profile_free(profile);
    return rc;
}

int mt_list_entries_profiles(struct mt_list_entries *out, size_t most) {
    struct file *files;
    size_t n;
    *out = (struct mt_list_entries){0};
    int rc = find_files(&files, &n);
    if (n)
        qsort(files, n, sizeof *files, newest_first);
    for (size_t i = 0; i < n; i++)
        if (rc == 0 && (most == 0 || i < most))
            rc = take_profile(out, files[i].name);
        else {
            free(files[i].name);
            out->n_more++;
        }
    free(files);
    connect(out);
    return rc;
}
