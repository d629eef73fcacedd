/* SPDX-License-Identifier: MIT */
/*
 * What was seen, as a profile: its ticks are the sum, its members the processes; a single process
 * is the profile itself. There are no samples, and a note says why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "profile/called.h"
#include "watch/ended.h"
#include "watch/sampler.h"

static mt_string intern(struct mt_profile *profile, const char *text, bool *failed) {
    mt_string string = text ? mt_profile_intern(profile, text) : 0;
    *failed |= string == UINT32_MAX;
    return string == UINT32_MAX ? 0 : string;
}

static void set_exit(struct mt_sampled *s, struct mt_profile_info *info) {
    if (s->has_ended && !s->exit_known)
        s->exit_known = mt_ended_status(s->process_fd, &s->wait_status);
    if (!s->exit_known)
        return;
    info->exit_known = true;
    info->exit_code = WIFEXITED(s->wait_status) ? WEXITSTATUS(s->wait_status) : -1;
    info->exit_signal = WIFSIGNALED(s->wait_status) ? WTERMSIG(s->wait_status) : 0;
}

/* What is known of one process, without its ticks. */
static bool describe(struct mt_sampler *sampler, size_t index, uint64_t now_ns,
                     struct mt_profile *profile) {
    struct mt_sampled *s = &sampler->items[index];
    struct mt_profile_info *info = &profile->info;
    bool failed = false;
    info->is_memtrack = info->watched = true;
    info->pid = sampler->processes.items[index].pid;
    info->ppid = sampler->processes.items[index].parent_pid;
    info->exe = intern(profile, s->exe ? s->exe : s->name, &failed);
    info->cwd = intern(profile, s->cwd, &failed);
    failed |= mt_called_take(profile, s->command, s->command_bytes) != 0;
    info->start_time_ns = sampler->start_time_ns + s->found_ns;
    uint64_t end_ns = s->has_ended ? s->end_ns : now_ns - sampler->start_ns;
    info->duration_ns = end_ns > s->found_ns ? end_ns - s->found_ns : 0;
    info->running = !s->has_ended;
    info->peak_rss_bytes = s->peak_rss_bytes;
    info->peak_rss_is_exact = s->peak_is_exact;
    set_exit(s, info);
    return !failed;
}

/* A recorder is there before anybody has found its process, which ran as early as it says. */
static void begin_as_said(struct mt_sampled *s) {
    mt_recorded_forget(&s->recorded);
    uint64_t first_ns = mt_said_first_ns(&s->recorded.said);
    if (first_ns >= s->found_ns)
        return;
    for (size_t i = 0; i < s->axis.n; i++)
        s->axis.ticks[i].time_ns += s->found_ns - first_ns;
    s->found_ns = first_ns;
}

/* What the program itself said is on the axis of its process; on that of the sum as well, where marks
 * are for good. */
static int add_said(struct mt_sampler *sampler, size_t index, struct mt_profile *whole,
                    struct mt_profile *member) {
    struct mt_said *said = &sampler->items[index].recorded.said;
    uint32_t pid = index ? sampler->processes.items[index].pid : 0;
    int rc = mt_said_append_marks(said, whole);
    if (rc == 0)
        rc = mt_said_append(said, 0, pid, whole);
    return rc == 0 && member ? mt_said_append(said, sampler->items[index].found_ns, 0, member) : rc;
}

static int add_members(struct mt_sampler *sampler, uint64_t now_ns, uint64_t interval_ns,
                       struct mt_profile *profile) {
    for (size_t i = 0; i < sampler->n; i++) {
        if (sampler->items[i].axis.n == 0)
            continue; /* not counted, or it ended before it was looked at */
        struct mt_profile *member = mt_profile_add_member(profile);
        if (!member || !describe(sampler, i, now_ns, member))
            return -MEMTRACK_ENOMEM;
        mt_axis_give(&sampler->items[i].axis, interval_ns, member);
        int rc = add_said(sampler, i, profile, member);
        if (rc != 0)
            return rc;
        if (member->info.peak_rss_bytes > profile->info.peak_rss_bytes) {
            profile->info.peak_rss_bytes = member->info.peak_rss_bytes;
            profile->info.peak_rss_is_exact = member->info.peak_rss_is_exact;
        }
    }
    return 0;
}

static int add_notes_of_said(const struct mt_sampler *sampler, struct mt_profile *profile) {
    char text[200];
    size_t n_before = 0, n_cut = 0, n_dropped = 0;
    for (size_t i = 0; i < sampler->n; i++) {
        n_before += sampler->items[i].recorded.said.n_before;
        n_cut += sampler->items[i].recorded.said.n_cut;
        n_dropped += sampler->items[i].recorded.said.n_dropped;
    }
    int rc = 0;
    if (n_before || n_cut) {
        snprintf(
            text, sizeof text,
            "%zu scopes, marks and values of counters were over before watching began, and are "
            "not in it; %zu scopes had begun, and are in it from then on.",
            n_before, n_cut);
        rc = mt_profile_add_note(profile, text);
    }
    if (rc == 0 && n_dropped) {
        snprintf(text, sizeof text,
                 "The scopes and marks of %zu program%s could not be read, or were too many.",
                 n_dropped, n_dropped == 1 ? "" : "s");
        rc = mt_profile_add_note(profile, text);
    }
    return rc;
}

static int add_notes(const struct mt_sampler *sampler, struct mt_profile *profile) {
    char text[200];
    size_t n = 0;
    int rc = mt_profile_add_note(profile, "Nothing was recorded but memory over time: memtrack "
                                          "watch looked from outside. See memtrack timeline.");
    for (size_t i = 0; i < sampler->n; i++)
        n += sampler->items[i].pages_refused && sampler->items[i].axis.n != 0;
    if (rc == 0 && n) {
        snprintf(text, sizeof text,
                 "PSS and USS of %zu process%s could not be read: they are of another user, or the "
                 "kernel does not tell.",
                 n, n == 1 ? "" : "es");
        rc = mt_profile_add_note(profile, text);
    }
    return rc == 0 ? add_notes_of_said(sampler, profile) : rc;
}

static int fill(struct mt_sampler *sampler, uint64_t now_ns, uint64_t interval_ns,
                struct mt_profile *profile) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        profile->has_value[v] = v != MT_VALUE_WASTE_BYTES;
    size_t n_seen = 0;
    for (size_t i = 0; i < sampler->n; i++) {
        n_seen += sampler->items[i].axis.n != 0;
        begin_as_said(&sampler->items[i]);
    }
    if (!describe(sampler, 0, now_ns, profile))
        return -MEMTRACK_ENOMEM;
    bool has_members = n_seen > 1 || (n_seen == 1 && sampler->items[0].axis.n == 0);
    int rc = has_members ? add_members(sampler, now_ns, interval_ns, profile)
                         : add_said(sampler, 0, profile, NULL);
    if (rc == 0)
        rc = add_notes(sampler, profile);
    if (profile->n_members) { /* it lasts as long as any of them */
        profile->info.start_time_ns = sampler->start_time_ns;
        profile->info.duration_ns = now_ns - sampler->start_ns;
    }
    for (size_t i = 0; rc == 0 && i < sampler->n_marks; i++)
        rc = mt_profile_add_mark(profile, sampler->marks[i].time_ns, sampler->marks[i].name,
                                 MT_MARK_OUTSIDE);
    if (rc == 0)
        mt_axis_give(&sampler->sum, interval_ns, profile);
    return rc;
}

int mt_sampler_profile(struct mt_sampler *sampler, uint64_t now_ns, uint64_t interval_ns,
                       struct mt_profile **out) {
    struct mt_profile *profile = mt_profile_new();
    int rc = profile ? fill(sampler, now_ns, interval_ns, profile) : -MEMTRACK_ENOMEM;
    if (rc != 0) {
        mt_profile_free(profile);
        profile = NULL;
    }
    *out = profile;
    return rc;
}
