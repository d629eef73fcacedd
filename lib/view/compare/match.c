/* SPDX-License-Identifier: MIT */
/*
 * The names by which two profiles are compared. Every text of both gets a shared id, and an old
 * module or file that was found to be a new one under another path gets the id of that
 * (match_paths.c). A frame is then described by the new side's words: what it is called there when
 * it is an old one with a counterpart (match_lines.c), its own otherwise.
 *
 * An old statement of another build that has no counterpart must not equal the new one that happens
 * to stand on its line now: ALONE in an otherwise unused field of the identity keeps them apart.
 */
#include "view/compare/match.h"

#include <stdlib.h>

#include "view/rows/managed.h"

#define ALONE (UINT64_C(1) << 40)

void mt_match_free(struct mt_match *match) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        free(match->side[side].text);
        free(match->side[side].point_of);
        free(match->side[side].points);
    }
    for (size_t i = 0; i < match->n_notes; i++)
        free(match->notes[i]);
    free(match->notes);
    mt_match_texts_free(&match->texts);
    free(match->file_of);
    free(match->module_of);
    free(match->rebuilt);
    mt_strings_free(match->strings);
    *match = (struct mt_match){0};
}

uint32_t mt_match_text(const struct mt_match *match, enum mt_side side, mt_string string) {
    return match->side[side].text[string];
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct mt_statement mt_match_statement(const struct mt_match *match, enum mt_side side,
                                       uint32_t e) {
    const struct mt_match_side *s = &match->side[side];
    const struct mt_frame_entry *entry = &s->frames->entries[e];
    uint32_t file = s->text[mt_frames_file(s->frames, entry)], module = s->text[entry->module];
    struct mt_statement it = {.function = s->text[mt_frames_function_name(s->frames, entry)],
                              .file = side == MT_OLD ? match->file_of[file] : file,
                              .module = side == MT_OLD ? match->module_of[module] : module};
    uint64_t offset = mt_frames_function_offset(s->frames, entry);
    if (entry->place == MT_MANAGED_JIT && it.function && !(file && entry->line)) {
        it.kind = MT_BY_OFFSET; /* where it lies says nothing: a function of this file is one */
        it.position = it.file;
        return it;
    }
    it.kind = file && entry->line                   ? MT_BY_FILE_AND_LINE
              : it.function && offset != UINT64_MAX ? MT_BY_OFFSET
                                                    : MT_BY_ADDRESS;
    it.position = it.kind == MT_BY_FILE_AND_LINE ? entry->line
                  : it.kind == MT_BY_OFFSET      ? (int64_t)offset
                                            : (int64_t)mt_frames_module_address(s->frames, entry);
    return it;
}

/* Returns what the entry is on the new side. *alone: it is of another build and has no
 * counterpart. */
static struct mt_statement translated(const struct mt_match *match, enum mt_side side, uint32_t e,
                                      bool *alone) {
    const struct mt_match_side *s = &match->side[side];
    struct mt_statement it = mt_match_statement(match, side, e);
    *alone = false;
    if (side == MT_NEW || !match->rebuilt[it.module])
        return it;
    uint32_t point = s->point_of ? s->point_of[e] : MT_NO_ENTRY;
    uint32_t other = point == MT_NO_ENTRY ? MT_NO_ENTRY : s->points[point].counterpart;
    *alone = other == MT_NO_ENTRY;
    if (other != MT_NO_ENTRY)
        it = match->side[MT_NEW].points[other].at;
    return it;
}

static struct mt_identity address_identity(const struct mt_statement *it, bool alone) {
    uint64_t module = it->module | (alone ? ALONE : 0), position = (uint64_t)it->position;
    if (it->kind == MT_BY_OFFSET)
        return (struct mt_identity){
            .tag = MT_ID_SYMBOL, .a = it->function, .b = position, .c = module};
    if (!it->function && !it->module && !position)
        return (struct mt_identity){.tag = MT_ID_UNKNOWN};
    return (struct mt_identity){
        .tag = MT_ID_ADDRESS, .a = module, .b = position, .c = it->function};
}

struct mt_identity mt_match_entry(const struct mt_match *match, enum mt_side side, uint32_t e,
                                  enum mt_group_by by) {
    bool alone;
    struct mt_statement it =
        by == MT_BY_LINE ? translated(match, side, e, &alone) : mt_match_statement(match, side, e);
    switch (by) {
    case MT_BY_LINE:
        return it.kind == MT_BY_FILE_AND_LINE ? (struct mt_identity){.tag = MT_ID_LINE,
                                                                     .a = it.file,
                                                                     .b = (uint64_t)it.position,
                                                                     .c = alone}
                                              : address_identity(&it, alone);
    case MT_BY_FUNCTION:
        return it.function ? (struct mt_identity){.tag = MT_ID_FUNCTION,
                                                  .a = it.function,
                                                  .b = it.file,
                                                  .c = it.file ? 0 : it.module}
                           : mt_identity_of_module(it.module);
    case MT_BY_FILE:
        return it.file ? (struct mt_identity){.tag = MT_ID_FILE, .a = it.file}
                       : mt_identity_of_module(it.module);
    default:
        return mt_identity_of_module(it.module);
    }
}

struct mt_identity mt_match_frame(const struct mt_match *match, enum mt_side side, uint32_t e) {
    bool alone;
    struct mt_statement it = translated(match, side, e, &alone);
    if (it.kind != MT_BY_FILE_AND_LINE)
        return address_identity(&it, alone);
    return (struct mt_identity){.tag = MT_ID_FRAME,
                                .a = (uint64_t)it.function << 32 | it.file,
                                .b = (uint64_t)it.position,
                                .c = it.module | (alone ? ALONE : 0)};
}

bool mt_match_is_rebuilt(const struct mt_match *match, enum mt_side side, uint32_t e) {
    return match->rebuilt[mt_match_statement(match, side, e).module] != 0;
}
