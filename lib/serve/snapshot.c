/* SPDX-License-Identifier: MIT */
/*
 * Forms are made when they are asked for, and kept: ten viewers and a scraper of one process cost one
 * reading of it, and one compression. pprof's writer wants a descriptor, so it gets a file in memory.
 *
 * A form is made by the worker, into a work of its own, and belongs to the snapshot when the asker has
 * collected it. A page that has the profile in it is asked for behind that, and so finds it there.
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
#include "export/pprof_drop.h"
#include "page/page.h"
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
        free(s->forms[i].body.data);
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

int mt_snapshot_write_pprof(const struct mt_profile *profile, enum mt_value preferred,
                            const char *drop_frames, struct mt_body *out, struct mt_error *error) {
    int fd = memfd_create("memtrack-profile", MFD_CLOEXEC);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot make a file in memory: %m");
    int rc = mt_pprof_write_preferring(profile, preferred, drop_frames, fd, error);
    if (rc == 0)
        rc = take_file(fd, out, error);
    close(fd);
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int build_rows(const struct mt_snapshot *s, bool of_paths, bool keeps_all,
                      struct mt_rows **rows, struct mt_error *error) {
    const struct mt_profile *profile = s->profile;
    struct mt_patterns patterns;
    struct mt_view_options view = {.by = of_paths ? MT_BY_STACK : MT_BY_LINE,
                                   .sort = MT_VALUE_LIVE_BYTES,
                                   .keeps_samples = true,
                                   .n_named = METRIC_ROWS};
    int rc = mt_patterns_join(&patterns, &s->about.wrappers, &profile, 1);
    if (rc == 0) {
        view.wrappers = patterns.options;
        view.wrappers.keep_all |= keeps_all;
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
    const struct mt_snapshot_made *profile = &s->forms[MT_SNAPSHOT_PROFILE];
    if (s->about.file && profile->state == MT_MADE_FAILED)
        return mt_error_set(error, -profile->rc, profile->error.hint, "%s", profile->error.message);
    if (s->about.file) {
        page.profiles[0] =
            (struct mt_page_profile){s->about.file, profile->body.data, profile->body.n};
        page.n_profiles = 1;
    }
    return mt_page_write(stream, &page, error);
}

static int write_rows(struct mt_snapshot *s, enum mt_snapshot_form form, FILE *stream,
                      struct mt_error *error) {
    struct mt_rows *rows;
    bool of_paths = form == MT_SNAPSHOT_TEXT;
    int rc = build_rows(s, of_paths, of_paths, &rows, error);
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

char *mt_snapshot_drop(const struct mt_snapshot *s, struct mt_error *error) {
    struct mt_rows *rows;
    if (build_rows(s, true, false, &rows, error) != 0)
        return NULL;
    const struct mt_export_profile what = {.rows = rows};
    char *drop_frames = mt_pprof_drop_make(&what);
    mt_rows_free(rows);
    if (!drop_frames)
        mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    return drop_frames;
}

static int write_dropping(const struct mt_snapshot *s, enum mt_value preferred, struct mt_body *out,
                          struct mt_error *error) {
    char *drop_frames = mt_snapshot_drop(s, error);
    if (!drop_frames)
        return -MEMTRACK_ENOMEM;
    int rc = mt_snapshot_write_pprof(s->profile, preferred, drop_frames, out, error);
    free(drop_frames);
    return rc;
}

static int make(struct mt_snapshot *s, enum mt_snapshot_form form, struct mt_body *out,
                struct mt_error *error) {
    switch (form) {
    case MT_SNAPSHOT_PROFILE:
        return mt_snapshot_write_pprof(s->profile, MT_N_VALUES, "", out, error);
    case MT_SNAPSHOT_HEAP:
        return write_dropping(s, MT_N_VALUES, out, error);
    case MT_SNAPSHOT_ALLOCATIONS:
        return write_dropping(s, MT_VALUE_TOTAL_BYTES, out, error);
    default:
        return write_text(s, form, out, error);
    }
}

/* ---- forms ----------------------------------------------------------------------------------- */

struct making {
    struct mt_work work;
    struct mt_snapshot *snapshot; /* held */
    enum mt_snapshot_form form;
    struct mt_snapshot_made made;
};

static void make_form(struct mt_work *work) {
    struct making *m = (struct making *)work;
    m->made.rc = make(m->snapshot, m->form, &m->made.body, &m->made.error);
    m->made.state = m->made.rc == 0 ? MT_MADE_BYTES : MT_MADE_FAILED;
}

static void keep_form(struct mt_work *work) {
    struct making *m = (struct making *)work;
    if (m->made.state == MT_MADE_FAILED) {
        free(m->made.body.data);
        m->made.body = (struct mt_body){0};
        m->made.failed_ns = mt_clock_now_ns();
    }
    m->snapshot->forms[m->form] = m->made;
    mt_snapshot_release(m->snapshot);
    free(m);
}

static int begin(struct mt_snapshot *s, enum mt_snapshot_form form, struct mt_worker *worker,
                 struct mt_error *error) {
    struct making *m = calloc(1, sizeof *m);
    if (!m)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    *m = (struct making){{make_form, keep_form, NULL}, mt_snapshot_hold(s), form, {0}};
    s->forms[form].state = MT_MADE_SOON;
    mt_worker_add(worker, &m->work);
    return 0;
}

/* What has failed before the question is tried once more. */
static bool is_to_be_made(const struct mt_snapshot_made *made, uint64_t asked_ns) {
    return made->state == MT_MADE_NOT ||
           (made->state == MT_MADE_FAILED && asked_ns > made->failed_ns);
}

int mt_snapshot_form(struct mt_snapshot *s, enum mt_snapshot_form form, struct mt_worker *worker,
                     uint64_t asked_ns, const struct mt_body **bytes, struct mt_error *error) {
    struct mt_snapshot_made *made = &s->forms[form];
    int rc = 0;
    *bytes = NULL;
    if (is_to_be_made(made, asked_ns)) {
        if (form == MT_SNAPSHOT_PAGE && s->about.file &&
            is_to_be_made(&s->forms[MT_SNAPSHOT_PROFILE], asked_ns))
            rc = begin(s, MT_SNAPSHOT_PROFILE, worker, error);
        return rc == 0 ? begin(s, form, worker, error) : rc;
    }
    if (made->state == MT_MADE_FAILED)
        return mt_error_set(error, -made->rc, made->error.hint, "%s", made->error.message);
    if (made->state == MT_MADE_BYTES)
        *bytes = &made->body;
    return 0;
}
