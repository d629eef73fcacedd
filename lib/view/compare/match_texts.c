/* SPDX-License-Identifier: MIT */
/*
 * A line has one number, whoever asks: that of the frame that asked first, whose module says when
 * it was compiled. So what was found can be stored by file and line, and what is read back answers
 * as the sources did.
 *
 * Numbers and not texts or their hashes: a hash of a short line is known to whoever guesses the
 * line, and a page may have been made to say nothing of its sources.
 */
#include "view/compare/match_texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "profile/line_texts.h"

int mt_match_texts_init(struct mt_match_texts *texts,
                        const struct mt_profile *const profiles[MT_N_SIDES]) {
    *texts = (struct mt_match_texts){.numbers = mt_strings_new()};
    texts->are_stored = mt_line_texts_are_of_one(profiles[MT_OLD], profiles[MT_NEW]);
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && !texts->are_stored; side++)
        texts->side[side].source = mt_source_new(
            mt_profile_text(profiles[side], profiles[side]->info.cwd)); /* NULL: no evidence */
    return texts->numbers ? 0 : -MEMTRACK_ENOMEM;
}

void mt_match_texts_close(struct mt_match_texts *texts) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        mt_source_free(texts->side[side].source);
        texts->side[side].source = NULL;
    }
    mt_strings_free(texts->numbers);
    texts->numbers = NULL;
}

void mt_match_texts_free(struct mt_match_texts *texts) {
    mt_match_texts_close(texts);
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        mt_identity_free(&texts->side[side].lines);
        free(texts->side[side].texts);
    }
}

bool mt_match_texts_are_evidence(struct mt_match_texts *texts,
                                 const struct mt_frames *const frames[MT_N_SIDES],
                                 const uint32_t entries[MT_N_SIDES]) {
    const char *file[MT_N_SIDES], *folder[MT_N_SIDES];
    if (texts->are_stored)
        return true;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        const struct mt_profile *profile = frames[side]->profile;
        file[side] = mt_profile_text(
            profile, mt_frames_file(frames[side], &frames[side]->entries[entries[side]]));
        folder[side] = *file[side] == '/' ? "" : mt_profile_text(profile, profile->info.cwd);
        if (!*file[side])
            return false;
    }
    bool differ =
        strcmp(file[MT_OLD], file[MT_NEW]) != 0 || strcmp(folder[MT_OLD], folder[MT_NEW]) != 0;
    texts->are_wanted |= differ;
    return differ;
}

static int64_t read_text(struct mt_match_texts *texts, const struct mt_frames *frames,
                         enum mt_side side, const struct mt_frame_entry *entry) {
    struct mt_source *source = texts->side[side].source;
    const char *file = mt_profile_text(frames->profile, mt_frames_file(frames, entry));
    const char *module = mt_profile_text(frames->profile, entry->module);
    uint64_t built_ns = mt_source_built_ns(frames->profile->info.start_time_ns, module);
    if (!source || mt_source_is_newer(source, file, built_ns))
        return 0;
    char *text = mt_source_line(source, file, entry->line);
    uint32_t number = text ? mt_strings_intern(texts->numbers, text, strlen(text)) : 0;
    free(text);
    texts->side[side].n_known += number != 0;
    return number == UINT32_MAX ? -MEMTRACK_ENOMEM : (int64_t)number;
}

int64_t mt_match_texts_at(struct mt_match_texts *texts, const struct mt_frames *frames,
                          enum mt_side side, uint32_t e) {
    const struct mt_frame_entry *entry = &frames->entries[e];
    const struct mt_identity line = {.a = mt_frames_file(frames, entry),
                                     .b = (uint64_t)entry->line};
    struct mt_identities *lines = &texts->side[side].lines;
    if (texts->are_stored)
        return mt_line_texts_at(frames->profile, (mt_string)line.a, entry->line);
    size_t n = lines->n;
    int64_t id = mt_identity_id(lines, line);
    if (id < 0 || !mt_array_reserve(&texts->side[side].texts, &texts->side[side].capacity, lines->n,
                                    sizeof *texts->side[side].texts))
        return -MEMTRACK_ENOMEM;
    if (lines->n == n)
        return texts->side[side].texts[id];
    int64_t number = read_text(texts, frames, side, entry);
    texts->side[side].texts[id] = number < 0 ? 0 : (uint32_t)number;
    return number;
}

bool mt_match_texts_are_lacking(const struct mt_match_texts *texts) {
    return texts->are_wanted && !(texts->side[MT_OLD].n_known && texts->side[MT_NEW].n_known);
}

int mt_match_texts_store(const struct mt_match_texts *texts,
                         struct mt_profile *const profiles[MT_N_SIDES]) {
    int status = 0;
    if (texts->are_stored)
        return 0;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        const struct mt_identities *lines = &texts->side[side].lines;
        profiles[side]->line_texts.n = 0;
        for (size_t i = 0; i < lines->n && status == 0; i++)
            if (texts->side[side].texts[i])
                status = mt_line_texts_add(profiles[side], (mt_string)lines->items[i].a,
                                           (int64_t)lines->items[i].b, texts->side[side].texts[i]);
        mt_line_texts_sort(profiles[side]);
    }
    mt_line_texts_join(profiles[MT_OLD], profiles[MT_NEW]);
    return status;
}
