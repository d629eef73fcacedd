/* SPDX-License-Identifier: MIT */
/*
 * Options by name, with the words and the parsers of the command.
 */
#include "page/core/options.h"

#include <stdlib.h>
#include <string.h>

#include "view/rows/digest.h"
#include "view/rows/infer.h"

static int refuse(const char *key, const char *value, const char *wanted) {
    return mt_error_set(&mt_core_error, MEMTRACK_EUSAGE, "", "%s %s: needs %s", key, value, wanted);
}

static int add(const char *key, const char *value, const char *patterns[MT_CORE_PATTERNS],
               size_t *n) {
    if (*n == MT_CORE_PATTERNS)
        return refuse(key, value, "fewer patterns");
    patterns[(*n)++] = value;
    return 0;
}

static int set_pattern(struct mt_core_options *o, const char *key, const char *value) {
    struct mt_filter *filter = &o->view.filter;
    if (strcmp(key, "include") == 0)
        return add(key, value, o->include, &filter->n_include);
    if (strcmp(key, "exclude") == 0)
        return add(key, value, o->exclude, &filter->n_exclude);
    if (strcmp(key, "wrapper") == 0)
        return add(key, value, o->wrapper, &o->view.wrappers.n_patterns);
    return refuse(key, value, "a name of an option");
}

static int set_moment(const char *key, const char *value, struct mt_at *at) {
    return mt_at_parse(value, at) ? 0 : refuse(key, value, "end, peak or a time");
}

static int set(struct mt_core_options *o, const char *key, const char *value) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"cumulative", &o->view.cumulative},
                 {"all-frames", &o->view.filter.all_frames},
                 {"keep-std", &o->view.wrappers.keep_libraries},
                 {"keep-wrappers", &o->view.wrappers.keep_all}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(key, flags[i].name) == 0) {
            *flags[i].flag = true;
            return 0;
        }
    if (strcmp(key, "by") == 0)
        return mt_group_by_parse(value, &o->view.by) ? 0 : refuse(key, value, mt_group_by_list);
    if (strcmp(key, "sort") == 0) {
        o->sort_given = true;
        return mt_sort_parse(value, &o->view.sort) ? 0 : refuse(key, value, mt_sort_list);
    }
    if (strcmp(key, "at") == 0)
        return set_moment(key, value, &o->view.at);
    if (strcmp(key, "from") == 0 || strcmp(key, "to") == 0) {
        o->has_range = true;
        return set_moment(key, value, *key == 'f' ? &o->from : &o->to);
    }
    return set_pattern(o, key, value);
}

int mt_core_options_read(struct mt_core_options *options, const char *text) {
    struct mt_core_options *o = options;
    *o = (struct mt_core_options){.sort_given = false};
    int status = 0;
    while (*text && status == 0) {
        const char *value = text + strlen(text) + 1;
        status = set(o, text, value);
        text = value + strlen(value) + 1;
    }
    o->view.filter.include = o->include;
    o->view.filter.exclude = o->exclude;
    o->view.wrappers.patterns = o->wrapper;
    return status;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Returns what the classification depends on, as one text; malloc'ed. */
static char *key_of(const struct mt_wrapper_options *wrappers) {
    size_t bytes = 4;
    for (size_t i = 0; i < wrappers->n_patterns; i++)
        bytes += strlen(wrappers->patterns[i]) + 1;
    char *key = malloc(bytes), *at = key;
    if (!key)
        return NULL;
    *at++ = wrappers->keep_all ? 'a' : '-';
    *at++ = wrappers->keep_libraries ? 's' : '-';
    for (size_t i = 0; i < wrappers->n_patterns; i++) {
        size_t n = strlen(wrappers->patterns[i]);
        memcpy(at, wrappers->patterns[i], n);
        at += n;
        *at++ = '\n'; /* no name of a function or a file has one */
    }
    *at = '\0';
    return key;
}

const struct mt_frames *mt_core_options_frames(struct mt_core_profile *of,
                                               const struct mt_core_options *options) {
    struct mt_wrapper_options wrappers = options->view.wrappers;
    bool by_module = options->view.by == MT_BY_MODULE;
    struct mt_core_frames *kept = &of->frames[by_module];
    char *key = key_of(&wrappers);
    if (!key)
        return NULL;
    if (kept->wrappers && strcmp(kept->wrappers, key) == 0) {
        free(key);
        return &kept->frames;
    }
    if (kept->wrappers)
        mt_frames_free(&kept->frames);
    free(kept->wrappers);
    kept->wrappers = NULL;
    wrappers.keep_system |= by_module;
    if (mt_infer_frames(&kept->frames, of->profile, &wrappers) < 0 ||
        mt_frames_remember(&kept->frames) < 0 || mt_digest_make(&kept->frames) < 0) {
        free(key);
        return NULL;
    }
    kept->wrappers = key;
    return &kept->frames;
}
