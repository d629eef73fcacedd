/* SPDX-License-Identifier: MIT */
/*
 * A program that is refused memory fails in some way of its own, later and elsewhere. So the place
 * is told where the allocation was asked for, with the whole way to it: in a note, which every view
 * of the profile shows, and which is all that is stored.
 */
#include "view/refused.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/format/format.h"

#define SEPARATOR " < " /* what is left of it was called by what is right of it */

enum { MOST_IN_NOTE = 12 };

struct frame {
    const char *function, *file;
    int64_t line;
};

/* Returns one of the functions at a location, inlined ones first; without a function when there is
 * none. */
static struct frame frame_at(const struct mt_profile *profile, const struct mt_location *location,
                             uint32_t i) {
    uint32_t index = location->first_line + i;
    if (i >= location->n_lines || index >= profile->n_lines ||
        profile->lines[index].function >= profile->n_functions)
        return (struct frame){"", "", 0};
    const struct mt_line *line = &profile->lines[index];
    const struct mt_function *function = &profile->functions[line->function];
    return (struct frame){mt_profile_text(profile, function->name),
                          mt_profile_text(profile, function->file), line->line};
}

static const char *name_of_file(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void put_frame(FILE *out, const struct mt_profile *profile,
                      const struct mt_location *location, const struct frame *frame) {
    const char *module = "";
    if (location->mapping != 0 && location->mapping <= profile->n_mappings)
        module = mt_profile_text(profile, profile->mappings[location->mapping - 1].path);
    if (frame->function[0])
        fputs(frame->function, out);
    else
        fprintf(out, "0x%" PRIx64, location->address);
    if (frame->line > 0 && frame->file[0])
        fprintf(out, " (%s:%" PRId64 ")", name_of_file(frame->file), frame->line);
    else if (module[0])
        fprintf(out, " (%s)", name_of_file(module));
}

/* Calls put for each frame, innermost first, until it returns false. */
static void each_frame(const struct mt_profile *profile,
                       bool (*put)(void *context, const struct mt_location *location,
                                   const struct frame *frame),
                       void *context) {
    const struct mt_refused *refused = &profile->info.refused;
    for (uint32_t i = 0; i < refused->n_frames; i++) {
        if (refused->frames[i] >= profile->n_locations)
            continue;
        const struct mt_location *location = &profile->locations[refused->frames[i]];
        uint32_t n = location->n_lines != 0 ? location->n_lines : 1;
        for (uint32_t k = 0; k < n; k++) {
            struct frame frame = frame_at(profile, location, k);
            if (!put(context, location, &frame))
                return;
        }
    }
}

struct writing {
    const struct mt_profile *profile;
    FILE *out;
    const char *before, *after;
    size_t n, most;
    bool is_place; /* only the innermost frame with a line is wanted */
};

static bool put_one(void *context, const struct mt_location *location, const struct frame *frame) {
    struct writing *w = context;
    if (w->is_place && frame->line <= 0)
        return true;
    if (w->n == w->most) {
        fputs(w->most > 1 ? ", and so on" : "", w->out);
        return false;
    }
    fputs(w->n++ ? w->before : "", w->out);
    put_frame(w->out, w->profile, location, frame);
    fputs(w->after, w->out);
    /* What calls main says nothing. */
    return !w->is_place && strcmp(frame->function, "main") != 0;
}

char *mt_refused_stack(const struct mt_profile *profile) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        return NULL;
    struct writing w = {profile, out, "", "\n", 0, SIZE_MAX, false};
    each_frame(profile, put_one, &w);
    bool is_whole = fclose(out) == 0;
    if (is_whole && bytes != 0)
        return text;
    free(text);
    return NULL;
}

static void put_sentences(FILE *out, const struct mt_profile *profile) {
    const struct mt_refused *r = &profile->info.refused;
    char limit[MT_FORMAT_BYTES], count[MT_FORMAT_BYTES], bytes[MT_FORMAT_BYTES],
        live[MT_FORMAT_BYTES];
    struct writing place = {profile, out, "", "", 0, 1, true};
    struct writing path = {profile, out, SEPARATOR, "", 0, MOST_IN_NOTE, false};
    mt_format_size(limit, (int64_t)(r->limit_bytes & INT64_MAX), false);
    mt_format_count(count, (int64_t)(r->count & INT64_MAX));
    mt_format_count(bytes, (int64_t)(r->bytes & INT64_MAX));
    mt_format_count(live, (int64_t)(r->live_bytes & INT64_MAX));
    fprintf(out, "The limit of %s refused %s allocation%s", limit, count, r->count == 1 ? "" : "s");
    fputs(r->aborts ? ", and ended the program" : "", out);
    fputs(r->count == 1 ? ": in " : ", the first in ", out);
    each_frame(profile, put_one, &place);
    fputs(place.n == 0 ? "code without line numbers" : "", out);
    fprintf(out, ". It asked for %s bytes when %s were live. The way to it: ", bytes, live);
    each_frame(profile, put_one, &path);
    fputs(".", out);
}

int mt_refused_note(struct mt_profile *profile) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = profile->info.refused.count != 0 ? open_memstream(&text, &bytes) : NULL;
    if (out == NULL)
        return profile->info.refused.count != 0 ? -MEMTRACK_ENOMEM : 0;
    put_sentences(out, profile);
    int rc = fclose(out) == 0 ? mt_profile_add_note(profile, text) : -MEMTRACK_ENOMEM;
    free(text);
    return rc;
}
