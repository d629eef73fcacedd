/* SPDX-License-Identifier: MIT */
/*
 * A tick reads statm of each process, which is a few counters. A spike between two ticks is in the
 * kernel's own peak (VmHWM), which is read several times a second, and goes with the process. PSS
 * and USS need a walk of the page tables, which holds up the target's own mmap, so all processes
 * are asked for them together, for one part in 200 of the time (usage.h): their sum is of one
 * moment.
 *
 *   statm       ││││││││││││││││││││││││││││││     each process, each tick
 *   status      │     │     │     │     │         peak RSS, names
 *   pages       │                   │             all processes at once
 *
 * A process is known by its number and the time of its start, and its statm file is kept open, so
 * another one that gets its number is another one. With more processes than descriptors the file is
 * opened for each tick, and the time of the start asked for.
 */
#include "watch/sampler.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/process.h"
#include "watch/ended.h"
#include "watch/usage.h"

#define NS_PER_MS UINT64_C(1000000)
#define STATUS_NS (200 * NS_PER_MS)
#define YOUNG_NS  (300 * NS_PER_MS) /* it may be about to execute its program */

enum {
    ROOT_TICKS = 4000,
    FEW = 100,
    MANY = 1000,
    TICKS_OF_FEW = 1000,
    TICKS_OF_MANY = 200,
    TICKS_OF_MOST = 50,
    MOST_PROCESS_FDS = 200,
    MOST_LEDGERS = 200, /* each is a descriptor as long as its process runs */
    SPARE_DESCRIPTORS = 16,
    COMMAND_BYTES = 4096,
    MOST_MARKS = 10000,
};

bool mt_sampler_parse_backend(const char *text, enum mt_sampler_backend *backend) {
    static const char *const names[] = {"auto", "statm", "status", "rollup", "smaps"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *backend = (enum mt_sampler_backend)i;
            return true;
        }
    return false;
}

/* ---- what a process is called ---------------------------------------------------------------- */

static char *read_link(uint32_t pid, const char *name) {
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/%s", pid, name);
    ssize_t n = readlink(path, target, sizeof target - 1);
    return n > 0 ? strndup(target, (size_t)n) : NULL;
}

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static bool matches(const struct mt_sampler_options *options, const struct mt_sampled *s) {
    bool any = options->n_patterns == 0;
    for (size_t i = 0; i < options->n_patterns && !any; i++)
        any = fnmatch(options->patterns[i], s->name, 0) == 0 ||
              (s->exe && (fnmatch(options->patterns[i], base_of(s->exe), 0) == 0 ||
                          fnmatch(options->patterns[i], s->exe, 0) == 0));
    return any;
}

/* A process that executes another program is called by that from then on. */
static void read_names(const struct mt_sampler *sampler, size_t index) {
    struct mt_sampled *s = &sampler->items[index];
    uint32_t pid = sampler->processes.items[index].pid;
    char text[COMMAND_BYTES];
    char *exe = read_link(pid, "exe");
    if (mt_process_read(pid, "comm", text, sizeof s->name) > 0)
        snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(text, "\n"), text);
    ssize_t bytes = mt_process_read(pid, "cmdline", text, sizeof text);
    char *command = bytes > 0 ? malloc((size_t)bytes) : NULL;
    if (command) { /* a zombie has none, and is called what it was */
        free(s->command);
        s->command = memcpy(command, text, (size_t)bytes);
        s->command_bytes = (size_t)bytes;
    }
    if (exe) {
        if (s->exe && strcmp(exe, s->exe) != 0)
            mt_recorded_forget(&s->recorded); /* that of the program before */
        free(s->exe);
        s->exe = exe;
    }
    if (!s->cwd)
        s->cwd = read_link(pid, "cwd");
    s->is_counted = matches(&sampler->options, s);
}

/* ---- processes that come and go -------------------------------------------------------------- */

static size_t ticks_for(size_t index) {
    return index == 0     ? ROOT_TICKS
           : index < FEW  ? TICKS_OF_FEW
           : index < MANY ? TICKS_OF_MANY
                          : TICKS_OF_MOST;
}

/* Keeps a descriptor as long as some are left for the files that are opened at each look. */
static int keep(const struct mt_sampler *sampler, int fd) {
    if (fd < sampler->most_fd)
        return fd;
    close(fd);
    return -1;
}

static int most_fd(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)limit.rlim_cur - SPARE_DESCRIPTORS;
}

static int add_found(struct mt_sampler *sampler, uint64_t time_ns) {
    while (sampler->n < sampler->processes.n) {
        size_t i = sampler->n;
        uint32_t pid = sampler->processes.items[i].pid;
        if (!mt_array_grow(&sampler->items, i, sizeof *sampler->items))
            return -MEMTRACK_ENOMEM;
        sampler->items[i] = (struct mt_sampled){
            .statm_fd = keep(sampler, mt_usage_open(pid)),
            .process_fd = i < MOST_PROCESS_FDS ? keep(sampler, mt_ended_open(pid)) : -1,
            .found_ns = time_ns,
            .recorded.said.origin_ns = sampler->start_ns,
        };
        mt_axis_init(&sampler->items[i].axis, ticks_for(i));
        sampler->items[i].axis.by_rss = true;
        sampler->n++;
        read_names(sampler, i);
    }
    return 0;
}

static void end_one(struct mt_sampler *sampler, size_t index, uint64_t time_ns) {
    struct mt_sampled *s = &sampler->items[index];
    s->has_ended = true;
    sampler->processes.items[index].has_ended = true;
    s->end_ns = time_ns;
    if (s->statm_fd >= 0)
        close(s->statm_fd);
    s->statm_fd = -1;
    mt_recorded_forget(&s->recorded);
}

int mt_sampler_begin(struct mt_sampler *sampler, pid_t root,
                     const struct mt_sampler_options *options, struct mt_error *error) {
    *sampler = (struct mt_sampler){
        .options = *options,
        .start_ns = mt_clock_now_ns(),
        .start_time_ns = mt_clock_ns(CLOCK_REALTIME),
        .most_fd = most_fd(),
    };
    mt_axis_init(&sampler->sum, ROOT_TICKS);
    sampler->sum.by_rss = true;
    if (!mt_descendants_begin(&sampler->processes, (uint32_t)root))
        return mt_error_set(error, MEMTRACK_ENOTFOUND,
                            "ps -e lists the processes. Where /proc is mounted with hidepid, those "
                            "of other users are for root.",
                            "there is no process %d that could be seen", (int)root);
    return add_found(sampler, 0) == 0 ? 0
                                      : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

void mt_sampler_free(struct mt_sampler *sampler) {
    for (size_t i = 0; i < sampler->n; i++) {
        struct mt_sampled *s = &sampler->items[i];
        mt_recorded_free(&s->recorded);
        end_one(sampler, i, 0);
        if (s->process_fd >= 0)
            close(s->process_fd);
        free(s->exe);
        free(s->cwd);
        free(s->command);
        mt_axis_free(&s->axis);
    }
    for (size_t i = 0; i < sampler->n_marks; i++)
        free(sampler->marks[i].name);
    free(sampler->marks);
    free(sampler->items);
    mt_axis_free(&sampler->sum);
    mt_descendants_free(&sampler->processes);
    *sampler = (struct mt_sampler){0};
}

/* ---- one tick -------------------------------------------------------------------------------- */

/* Returns false when the process has ended. */
static bool read_statm(const struct mt_descendant *process, struct mt_sampled *s,
                       struct mt_tick *tick) {
    if (s->statm_fd >= 0)
        return mt_usage_read(s->statm_fd, &tick->rss_bytes, &tick->anon_bytes);
    int fd = mt_usage_open(process->pid);
    bool runs = fd >= 0 && mt_process_start_ticks(process->pid) == process->start_ticks &&
                mt_usage_read(fd, &tick->rss_bytes, &tick->anon_bytes);
    if (fd >= 0)
        close(fd);
    return runs;
}

static void take_peak(struct mt_sampled *s, uint64_t bytes) {
    s->peak_rss_bytes = bytes > s->peak_rss_bytes ? bytes : s->peak_rss_bytes;
}

static void read_status(uint32_t pid, struct mt_sampled *s, struct mt_tick *tick, bool for_tick) {
    struct mt_usage usage = {0};
    if (!mt_usage_status(pid, &usage))
        return;
    take_peak(s, usage.peak_rss_bytes);
    if (for_tick)
        tick->swap_bytes = usage.swap_bytes;
}

/* Of a busy machine the clock says how busy it is, and not what looking costs. */
static uint64_t own_time_ns(void) {
    return mt_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void read_pages(struct mt_sampler *sampler, uint32_t pid, struct mt_sampled *s,
                       struct mt_tick *tick) {
    struct mt_usage usage = {0};
    uint64_t began_ns = own_time_ns();
    s->pages_refused = !mt_usage_pages(pid, sampler->options.backend == MT_SAMPLER_SMAPS, &usage);
    sampler->pages_cost_ns += own_time_ns() - began_ns;
    if (s->pages_refused)
        return;
    tick->rss_bytes = usage.rss_bytes;
    tick->pss_bytes = usage.pss_bytes;
    tick->uss_bytes = usage.uss_bytes;
    tick->swap_bytes = usage.swap_bytes;
}

static void look_at(struct mt_sampler *sampler, size_t index, uint64_t time_ns, bool with_pages) {
    const struct mt_descendant *process = &sampler->processes.items[index];
    struct mt_sampled *s = &sampler->items[index];
    struct mt_tick tick = {.time_ns = time_ns - s->found_ns};
    enum mt_sampler_backend backend = sampler->options.backend;
    if (!read_statm(process, s, &tick)) {
        end_one(sampler, index, time_ns);
        return;
    }
    if (backend == MT_SAMPLER_STATUS || time_ns >= s->next_status_ns) {
        read_status(process->pid, s, &tick, backend == MT_SAMPLER_STATUS);
        s->next_status_ns = time_ns + STATUS_NS;
    }
    if (time_ns < s->found_ns + YOUNG_NS || time_ns >= s->next_names_ns) {
        read_names(sampler, index);
        s->next_names_ns = time_ns + STATUS_NS;
    }
    if (!s->is_counted)
        return;
    if (with_pages)
        read_pages(sampler, process->pid, s, &tick);
    if (index < MOST_LEDGERS)
        mt_recorded_read(&s->recorded, process->pid, s->found_ns, time_ns, &tick);
    take_peak(s, tick.rss_bytes);
    s->latest = tick;
    mt_axis_add(&s->axis, &tick); /* one that finds no memory is one less */
}

static void add_to(struct mt_tick *sum, const struct mt_tick *tick) {
    sum->live_bytes += tick->live_bytes;
    sum->total_blocks += tick->total_blocks;
    sum->rss_bytes += tick->rss_bytes;
    sum->anon_bytes += tick->anon_bytes;
    sum->pss_bytes += tick->pss_bytes;
    sum->uss_bytes += tick->uss_bytes;
    sum->swap_bytes += tick->swap_bytes;
}

static bool are_pages_due(const struct mt_sampler *sampler, uint64_t now_ns) {
    switch (sampler->options.backend) {
    case MT_SAMPLER_ROLLUP:
    case MT_SAMPLER_SMAPS:
        return true;
    case MT_SAMPLER_AUTO:
        return now_ns >= sampler->next_pages_ns;
    default:
        return false;
    }
}

/* Looks at each process, and adds up those that count. Returns whether any of them still runs. */
static bool look_at_all(struct mt_sampler *sampler, uint64_t time_ns, bool with_pages,
                        struct mt_tick *sum) {
    bool any = false;
    sampler->n_running = sampler->n_refused = 0;
    for (size_t i = 0; i < sampler->n; i++) {
        struct mt_sampled *s = &sampler->items[i];
        if (s->has_ended)
            continue;
        look_at(sampler, i, time_ns, with_pages);
        any |= !s->has_ended;
        if (s->has_ended || !s->is_counted)
            continue;
        add_to(sum, &s->latest);
        sampler->n_running++;
        sampler->n_refused += s->pages_refused;
    }
    return any;
}

bool mt_sampler_tick(struct mt_sampler *sampler, uint64_t now_ns) {
    uint64_t time_ns = now_ns > sampler->start_ns ? now_ns - sampler->start_ns : 0;
    bool with_pages = are_pages_due(sampler, now_ns);
    struct mt_tick sum = {.time_ns = time_ns};
    uint64_t began_ns = own_time_ns();
    sampler->pages_cost_ns = 0;
    if (!sampler->options.root_only && mt_descendants_look(&sampler->processes) == 0)
        add_found(sampler, time_ns); /* what finds no memory is found at the next tick */
    bool any = look_at_all(sampler, time_ns, with_pages, &sum);
    sampler->tick_cost_ns = own_time_ns() - began_ns - sampler->pages_cost_ns;
    if (with_pages)
        sampler->next_pages_ns = mt_usage_pss_next(now_ns, now_ns + sampler->pages_cost_ns);
    if (sampler->n_running) {
        sampler->latest = sum;
        mt_axis_add(&sampler->sum, &sum);
    }
    if (sampler->n_running && sum.pss_bytes) {
        sampler->memory = sum;
        sampler->has_memory = true;
    }
    return any;
}

void mt_sampler_mark(struct mt_sampler *sampler, uint64_t now_ns, const char *name) {
    if (sampler->n_marks == MOST_MARKS ||
        !mt_array_grow(&sampler->marks, sampler->n_marks, sizeof *sampler->marks))
        return;
    char *copy = strdup(name);
    if (!copy)
        return;
    sampler->marks[sampler->n_marks].name = copy;
    sampler->marks[sampler->n_marks++].time_ns =
        now_ns > sampler->start_ns ? now_ns - sampler->start_ns : 0;
}

size_t mt_sampler_signal(const struct mt_sampler *sampler, int signal_number) {
    size_t n = 0;
    for (size_t i = 0; i < sampler->n; i++) {
        const struct mt_descendant *process = &sampler->processes.items[i];
        if (sampler->items[i].has_ended)
            continue;
        int fd = mt_ended_open(process->pid); /* whoever has the number now */
        if (fd >= 0 && mt_process_start_ticks(process->pid) == process->start_ticks)
            n += syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0u) == 0;
        if (fd >= 0)
            close(fd);
    }
    return n;
}

/* Ended before the first look: the kernel's figure is all that there is. */
static void add_only_tick(struct mt_sampler *sampler, uint64_t bytes) {
    const struct mt_tick tick = {.rss_bytes = bytes};
    mt_axis_add(&sampler->items[0].axis, &tick);
    mt_axis_add(&sampler->sum, &tick);
}

void mt_sampler_end_root(struct mt_sampler *sampler, int wait_status, uint64_t peak_rss_bytes,
                         uint64_t at_most_bytes) {
    struct mt_sampled *root = &sampler->items[0];
    root->exit_known = true;
    root->wait_status = wait_status;
    if (sampler->sum.n == 0 && sampler->n == 1 && root->is_counted)
        add_only_tick(sampler, peak_rss_bytes ? peak_rss_bytes : at_most_bytes);
    if (sampler->n > 1 || peak_rss_bytes == 0)
        return; /* then it may be that of a child, for which the root has waited */
    take_peak(root, peak_rss_bytes);
    root->peak_is_exact = true;
}
