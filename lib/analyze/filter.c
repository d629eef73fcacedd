/* SPDX-License-Identifier: MIT */
/*
 * Filters as lists of conditions. Those on frames are put to view/filter twice, once for the
 * conditions on the charged frame and once for those on any frame, since there the choice is one
 * for all patterns; those on labels are judged here, a sample at a time, with the verdict on the
 * label of the sample before at hand.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze-local.h"
#include "base/array.h"
#include "view/rows/filter.h"
#include "view/rows/infer.h"

enum reach { CHARGED, ANYWHERE, N_REACHES };
enum { MAX_PATTERN_BYTES = 4000 };

struct patterns {
    const char **items;
    size_t n;
};

struct label {
    char *pattern;
    memtrack_group_by by;
    bool include;
};

struct memtrack_filter {
    struct patterns frames[N_REACHES][2]; /* the second index: MEMTRACK_EXCLUDE, MEMTRACK_INCLUDE */
    struct label *labels;
    size_t n_labels;
};

/* ---- making ---------------------------------------------------------------------------------- */

int memtrack_filter_new(memtrack_filter **out) {
    MT_ANALYZE_PAUSED;
    if (!out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    *out = calloc(1, sizeof **out);
    return *out ? 0 : mt_analyze_error_no_memory();
}

void memtrack_filter_free(memtrack_filter *filter) {
    MT_ANALYZE_PAUSED;
    if (!filter)
        return;
    for (size_t i = 0; i < N_REACHES * 2; i++) {
        struct patterns *list = &filter->frames[i / 2][i % 2];
        for (size_t k = 0; k < list->n; k++)
            free((char *)(uintptr_t)list->items[k]);
        free(list->items);
    }
    for (size_t i = 0; i < filter->n_labels; i++)
        free(filter->labels[i].pattern);
    free(filter->labels);
    free(filter);
}

static int check_condition(int include, const char *pattern, struct mt_error *error) {
    if (include != MEMTRACK_INCLUDE && include != MEMTRACK_EXCLUDE)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give MEMTRACK_INCLUDE or MEMTRACK_EXCLUDE.",
                            "a condition of a filter neither includes nor excludes");
    if (!*pattern || strlen(pattern) > MAX_PATTERN_BYTES)
        return mt_error_set(error, MEMTRACK_EUSAGE, "\"*\" matches everything that has a name.",
                            "a pattern of %zu bytes: there must be 1 to %d", strlen(pattern),
                            MAX_PATTERN_BYTES);
    return 0;
}

int memtrack_filter_add(memtrack_filter *filter, int include, const char *pattern, uint32_t line,
                        int all_frames) {
    MT_ANALYZE_PAUSED;
    if (!filter || !pattern)
        return mt_analyze_error_null(__func__);
    int status = check_condition(include, pattern, mt_analyze_error());
    if (status < 0)
        return status;
    struct patterns *list = &filter->frames[all_frames ? ANYWHERE : CHARGED][include];
    char *text = NULL;
    if (!mt_array_grow(&list->items, list->n, sizeof *list->items) ||
        (line ? asprintf(&text, "%s:%u", pattern, line) : asprintf(&text, "%s", pattern)) < 0)
        return mt_analyze_error_no_memory();
    list->items[list->n++] = text;
    return 0;
}

int memtrack_filter_add_label(memtrack_filter *filter, int include, memtrack_group_by label,
                              const char *pattern) {
    MT_ANALYZE_PAUSED;
    if (!filter || !pattern)
        return mt_analyze_error_null(__func__);
    struct mt_error *error = mt_analyze_error();
    int status = check_condition(include, pattern, error);
    if (status < 0)
        return status;
    if (label != MEMTRACK_BY_THREAD && label != MEMTRACK_BY_SCOPE && label != MEMTRACK_BY_DOMAIN)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Frames are filtered by memtrack_filter_add.",
                            "a block has no label %s",
                            memtrack_group_by_name(label) ? memtrack_group_by_name(label)
                                                          : "of that kind");
    bool has_room = mt_array_grow(&filter->labels, filter->n_labels, sizeof *filter->labels);
    char *text = has_room ? strdup(pattern) : NULL;
    if (!text)
        return mt_analyze_error_no_memory();
    filter->labels[filter->n_labels++] = (struct label){text, label, include == MEMTRACK_INCLUDE};
    return 0;
}

/* ---- applying -------------------------------------------------------------------------------- */

struct selection {
    const memtrack_filter *filter;
    const struct mt_profile *profile;
    struct mt_frames frames;
    struct mt_filter of[N_REACHES];
    uint8_t *charged_bits,
        *location_bits; /* MT_FILTER_*, of each entry and each location; NULL: no such condition */
};

static bool has_includes(const memtrack_filter *filter) {
    for (size_t i = 0; i < filter->n_labels; i++)
        if (filter->labels[i].include)
            return true;
    return filter->frames[CHARGED][MEMTRACK_INCLUDE].n ||
           filter->frames[ANYWHERE][MEMTRACK_INCLUDE].n;
}

bool mt_analyze_filter_is_empty(const memtrack_filter *filter) {
    return !filter || (!has_includes(filter) && !filter->n_labels &&
                       !filter->frames[CHARGED][MEMTRACK_EXCLUDE].n &&
                       !filter->frames[ANYWHERE][MEMTRACK_EXCLUDE].n);
}

static struct mt_filter of_reach(const memtrack_filter *filter, enum reach reach) {
    const struct patterns *list = filter->frames[reach];
    return (struct mt_filter){.include = list[MEMTRACK_INCLUDE].items,
                              .n_include = list[MEMTRACK_INCLUDE].n,
                              .exclude = list[MEMTRACK_EXCLUDE].items,
                              .n_exclude = list[MEMTRACK_EXCLUDE].n};
}

/* Returns which lists each entry matches; NULL with *status 0 when there is no pattern of this
 * reach. */
static uint8_t *match_entries(const struct selection *s, enum reach reach, int *status) {
    if (*status < 0 || mt_filter_is_empty(&s->of[reach]))
        return NULL;
    uint8_t *bits = calloc(s->frames.n_entries + 1, 1);
    *status = bits ? mt_filter_entries(&s->of[reach], &s->frames, bits) : -MEMTRACK_ENOMEM;
    return bits;
}

/* Returns for each location the bits of all its entries that are shown, or'ed together. Takes bits
 * over. */
static uint8_t *by_location(const struct selection *s, uint8_t *bits, int *status) {
    uint8_t *merged = bits ? calloc(s->profile->n_locations + 1, 1) : NULL;
    if (bits && !merged)
        *status = -MEMTRACK_ENOMEM;
    for (size_t e = 0; e < s->frames.n_entries && merged; e++)
        if (s->frames.entries[e].kind != MT_FRAME_HOOK)
            merged[s->frames.entries[e].location] |= bits[e];
    free(bits);
    return merged;
}

static uint8_t label_bits(const struct selection *s, const struct mt_sample *sample) {
    struct mt_filter_sample labels = {.scope = mt_profile_text(s->profile, sample->scope),
                                      .domain = mt_profile_text(s->profile, sample->domain),
                                      .thread = mt_profile_text(s->profile, sample->thread)};
    uint8_t bits =
        mt_filter_labels(&s->of[CHARGED], &labels) | mt_filter_labels(&s->of[ANYWHERE], &labels);
    for (size_t i = 0; i < s->filter->n_labels; i++) {
        const struct label *label = &s->filter->labels[i];
        mt_string text = label->by == MEMTRACK_BY_THREAD  ? sample->thread
                         : label->by == MEMTRACK_BY_SCOPE ? sample->scope
                                                          : sample->domain;
        const char *name =
            label->by == MEMTRACK_BY_DOMAIN && !text ? "malloc" : mt_profile_text(s->profile, text);
        if (fnmatch(label->pattern, name, 0) == 0)
            bits |= label->include ? MT_FILTER_INCLUDED : MT_FILTER_EXCLUDED;
    }
    return bits;
}

static bool passes(const struct selection *s, const struct mt_sample *sample, bool demands) {
    uint32_t position = 0, charged = MT_NO_ENTRY, library = MT_NO_ENTRY;
    if (s->charged_bits) {
        charged = mt_frames_charged(&s->frames, sample, &position);
        library = mt_frames_passed_over(&s->frames, sample, charged, position);
    }
    uint8_t bits = charged != MT_NO_ENTRY ? s->charged_bits[charged] : 0;
    if (library != MT_NO_ENTRY)
        bits |= s->charged_bits[library];
    const uint32_t *path = s->profile->frames + sample->first_frame;
    for (uint32_t i = 0; i < sample->n_frames && s->location_bits; i++)
        bits |= s->location_bits[path[i]];
    bits |= label_bits(s, sample);
    return !(bits & MT_FILTER_EXCLUDED) && (!demands || (bits & MT_FILTER_INCLUDED));
}

int mt_analyze_filter_select(const memtrack_filter *filter, const struct mt_profile *profile,
                             const struct mt_wrapper_options *wrappers, uint32_t **keep,
                             size_t *n) {
    struct selection s = {.filter = filter, .profile = profile};
    s.of[CHARGED] = of_reach(filter, CHARGED);
    s.of[ANYWHERE] = of_reach(filter, ANYWHERE);
    *keep = NULL;
    *n = 0;
    if (!mt_frames_are_sound(profile))
        return mt_error_set(mt_analyze_error(), MEMTRACK_EFORMAT, "Record it again.",
                            "the profile is damaged: a call path names frames that are not in it");
    if (mt_infer_frames(&s.frames, profile, wrappers) < 0)
        return mt_analyze_error_no_memory();
    int status = 0;
    s.charged_bits = match_entries(&s, CHARGED, &status);
    s.location_bits = by_location(&s, match_entries(&s, ANYWHERE, &status), &status);
    uint32_t *kept = malloc((profile->n_samples + 1) * sizeof *kept);
    bool demands = has_includes(filter);
    if (status == 0 && kept)
        for (uint32_t i = 0; i < profile->n_samples; i++)
            if (passes(&s, &profile->samples[i], demands))
                kept[(*n)++] = i;
    free(s.charged_bits);
    free(s.location_bits);
    mt_frames_free(&s.frames);
    if (status < 0 || !kept) {
        free(kept);
        return mt_analyze_error_no_memory();
    }
    *keep = kept;
    return 0;
}
