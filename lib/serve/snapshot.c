/* SPDX-License-Identifier: MIT */
/*
 * Forms are made when they are asked for, and kept: ten viewers and a scraper of one process cost one
 * reading of it, and one compression. pprof's writer wants a descriptor, so it gets a file in memory.
 *
 * The difference of two instants is their sum with the earlier one's figures negated, so that call
 * paths are matched by the one rule for that (profile/merge.h).
 */
#include "serve/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/export.h"
#include "page/page.h"
#include "profile/merge.h"
#include "profile/pprof/pprof.h"
#include "view/rows/patterns.h"
#include "view/rows/rows.h"

enum { METRIC_ROWS = 20 };

/* Another server that had this port before must not be taken for this one: a time tells them
 * apart. */
static void make_tag(struct mt_snapshot *s) {
    static unsigned n_made;
    snprintf(s->tag, sizeof s->tag, "\"%" PRIx64 "-%x\"", mt_clock_ns(CLOCK_REALTIME), n_made++);
}

static void forget_forms(struct mt_snapshot *s) {
    for (size_t i = 0; i < MT_N_SNAPSHOT_FORMS; i++)
        free(s->forms[i].data);
    memset(s->forms, 0, sizeof s->forms);
}

struct mt_snapshot *mt_snapshot_new(struct mt_profile *profile, uint64_t time_ns,
                                    const struct mt_snapshot_about *about) {
    struct mt_snapshot *s = calloc(1, sizeof *s);
    if (!s) {
        mt_profile_free(profile);
        return NULL;
    }
    *s = (struct mt_snapshot){
        .profile = profile, .time_ns = time_ns, .about = *about, .n_holders = 1};
    make_tag(s);
    return s;
}

struct mt_snapshot *mt_snapshot_hold(struct mt_snapshot *s) {
    s->n_holders++;
    return s;
}

void mt_snapshot_release(struct mt_snapshot *s) {
    if (!s || --s->n_holders)
        return;
    mt_profile_free(s->profile);
    forget_forms(s);
    free(s);
}

bool mt_snapshot_change(struct mt_snapshot *s) {
    if (s->n_holders > 1)
        return false;
    forget_forms(s);
    make_tag(s);
    return true;
}

/* ---- pprof ----------------------------------------------------------------------------------- */

static int take_file(int fd, struct mt_body *out, struct mt_error *error) {
    off_t end = lseek(fd, 0, SEEK_END);
    out->n = end > 0 ? (size_t)end : 0;
    out->data = malloc(out->n + 1);
    if (!out->data)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t at = 0; at < out->n;) {
        ssize_t n = pread(fd, out->data + at, out->n - at, (off_t)at);
        if (n <= 0 && errno != EINTR)
            return mt_error_set(error, MEMTRACK_EIO, "", "cannot read a file in memory: %m");
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int write_pprof(const struct mt_profile *profile, enum mt_value preferred,
                       struct mt_body *out, struct mt_error *error) {
    int fd = memfd_create("memtrack-profile", MFD_CLOEXEC);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot make a file in memory: %m");
    int rc = mt_pprof_write_preferring(profile, preferred, fd, error);
    if (rc == 0)
        rc = take_file(fd, out, error);
    close(fd);
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int build_rows(const struct mt_snapshot *s, bool of_paths, struct mt_rows **rows,
                      struct mt_error *error) {
    const struct mt_profile *profile = s->profile;
    struct mt_patterns patterns;
    struct mt_view_options view = {.by = of_paths ? MT_BY_STACK : MT_BY_LINE,
                                   .sort = MT_VALUE_LIVE_BYTES,
                                   .keeps_samples = true,
                                   .n_named = METRIC_ROWS};
    int rc = mt_patterns_join(&patterns, &s->about.wrappers, &profile, 1);
    if (rc == 0) {
        view.wrappers = patterns.options;
        view.wrappers.keep_all |= of_paths;
        rc = mt_rows_build(profile, &view, rows, error);
    } else
        mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_patterns_free(&patterns);
    return rc;
}

static int write_export(FILE *stream, const struct mt_rows *rows, enum mt_export_format format,
                        size_t n, struct mt_error *error) {
    const struct mt_export thing = {.what = MT_EXPORT_PROFILE, .profile = {.rows = rows, .n = n}};
    return mt_export(stream, &thing, format, error);
}

/* Of a file the page has the profile in it, and asks for nothing. */
static int write_page(FILE *stream, struct mt_snapshot *s, const struct mt_rows *rows,
                      struct mt_error *error) {
    const struct mt_view_options view = {
        .by = MT_BY_LINE, .sort = MT_VALUE_LIVE_BYTES, .wrappers = s->about.wrappers};
    struct mt_page_data page = {
        .rows = rows, .view = &view, .processes = s->about.processes, .is_live = !s->about.file};
    const struct mt_body *bytes;
    int rc = s->about.file ? mt_snapshot_form(s, MT_SNAPSHOT_PROFILE, &bytes, error) : 0;
    if (rc == 0 && s->about.file) {
        page.profiles[0] = (struct mt_page_profile){s->about.file, bytes->data, bytes->n};
        page.n_profiles = 1;
    }
    return rc == 0 ? mt_page_write(stream, &page, error) : rc;
}

static int write_rows(struct mt_snapshot *s, enum mt_snapshot_form form, FILE *stream,
                      struct mt_error *error) {
    struct mt_rows *rows;
    int rc = build_rows(s, form == MT_SNAPSHOT_TEXT, &rows, error);
    if (rc != 0)
        return rc;
    if (form == MT_SNAPSHOT_PAGE)
        rc = write_page(stream, s, rows, error);
    else if (form == MT_SNAPSHOT_TEXT)
        rc = write_export(stream, rows, MT_EXPORT_HEAP, 0, error);
    else
        rc = write_export(stream, rows,
                          form == MT_SNAPSHOT_OPENMETRICS ? MT_EXPORT_OPENMETRICS
                                                          : MT_EXPORT_PROMETHEUS,
                          METRIC_ROWS, error);
    mt_rows_free(rows);
    return rc;
}

static int write_text(struct mt_snapshot *s, enum mt_snapshot_form form, struct mt_body *out,
                      struct mt_error *error) {
    FILE *stream = open_memstream(&out->data, &out->n);
    int rc = stream ? write_rows(s, form, stream, error) : -MEMTRACK_ENOMEM;
    if (stream && fclose(stream) != 0)
        rc = -MEMTRACK_ENOMEM;
    return rc == -MEMTRACK_ENOMEM ? mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory") : rc;
}

static int make(struct mt_snapshot *s, enum mt_snapshot_form form, struct mt_body *out,
                struct mt_error *error) {
    switch (form) {
    case MT_SNAPSHOT_PROFILE:
        return write_pprof(s->profile, MT_N_VALUES, out, error);
    case MT_SNAPSHOT_ALLOCATIONS:
        return write_pprof(s->profile, MT_VALUE_TOTAL_BYTES, out, error);
    default:
        return write_text(s, form, out, error);
    }
}

int mt_snapshot_form(struct mt_snapshot *s, enum mt_snapshot_form form,
                     const struct mt_body **bytes, struct mt_error *error) {
    struct mt_body *kept = &s->forms[form];
    *bytes = kept;
    if (kept->data)
        return 0;
    int rc = make(s, form, kept, error);
    if (rc != 0) {
        free(kept->data);
        *kept = (struct mt_body){0};
    }
    return rc;
}

/* ---- differences ----------------------------------------------------------------------------- */

static void negate(struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++)
        for (size_t v = 0; v < MT_N_VALUES; v++) {
            int64_t *value = &profile->samples[i].value[v];
            *value = *value == INT64_MIN ? INT64_MAX : -*value;
        }
}

static bool is_zero(const struct mt_sample *sample) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (sample->value[v])
            return false;
    return true;
}

/* Of the columns, those that count; of the samples, those that have changed. */
static void keep_changes(struct mt_profile *profile) {
    static const enum mt_value without[] = {MT_VALUE_PEAK_BLOCKS, MT_VALUE_PEAK_BYTES,
                                            MT_VALUE_MAX_BYTES};
    size_t kept = 0;
    for (size_t w = 0; w < sizeof without / sizeof *without; w++) {
        profile->has_value[without[w]] = false;
        for (size_t i = 0; i < profile->n_samples; i++)
            profile->samples[i].value[without[w]] = 0;
    }
    for (size_t i = 0; i < profile->n_samples; i++)
        if (!is_zero(&profile->samples[i]))
            profile->samples[kept++] = profile->samples[i];
    profile->n_samples = kept;
}

static struct mt_profile *subtract(struct mt_profile *from, const struct mt_profile *to) {
    const struct mt_merge_keep keep = {.threads = true};
    struct mt_merge *merge = mt_merge_new(&keep);
    if (!merge)
        return NULL;
    negate(from);
    int rc = mt_merge_add(merge, from, "", false);
    negate(from);
    if (rc == 0)
        rc = mt_merge_add(merge, to, "", true);
    if (rc == 0)
        return mt_merge_finish(merge);
    mt_merge_free(merge);
    return NULL;
}

int mt_snapshot_difference(struct mt_snapshot *from, const struct mt_snapshot *to,
                           bool of_allocations, struct mt_body *out, struct mt_error *error) {
    struct mt_profile *difference = subtract(from->profile, to->profile);
    *out = (struct mt_body){0};
    if (!difference)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    keep_changes(difference);
    difference->info.is_memtrack = false; /* its totals are what its samples add up to */
    difference->info.running = true;      /* viewers open it on what is live */
    difference->info.duration_ns = to->time_ns - from->time_ns;
    difference->info.start_time_ns =
        mt_clock_ns(CLOCK_REALTIME) - (mt_clock_now_ns() - from->time_ns);
    int rc = write_pprof(difference, of_allocations ? MT_VALUE_TOTAL_BYTES : MT_VALUE_LIVE_BYTES,
                         out, error);
    mt_profile_free(difference);
    if (rc != 0) {
        free(out->data);
        *out = (struct mt_body){0};
    }
    return rc;
}
