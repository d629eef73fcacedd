/* SPDX-License-Identifier: MIT */
/*
 * From text to a profile. The same few thousand frames are described millions of times, so a
 * description is looked up as a whole first, and taken apart only when it is new (described.h).
 * Paths are a tree from the inside outwards, in a table of (parent, location); a path is the node
 * where it ends, and a node has one sample.
 *
 * A location of a described frame has one line always, if with an empty name: that keeps it from
 * being looked up in the module again, whose place in memory these texts do not tell.
 *
 * Cost: a description is hashed once per frame, a path once per frame. Memory is bounded by
 * limits.h, and asked about at each new sample.
 */
#include "profile/others/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "profile/limits.h"
#include "profile/others/described.h"

enum { NODE_BYTES = 16, TEXT_BYTES = 64, MOST_FRAMES = 1 << 16 };

int mt_builder_status(struct mt_builder *b, int64_t status) {
    if (status == -MEMTRACK_ENOMEM)
        return mt_error_set(b->error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                            b->name);
    if (status == -MEMTRACK_ELIMIT)
        return mt_error_set(b->error, MEMTRACK_ELIMIT, "",
                            "%s: too large: more than 4 billion frames or samples", b->name);
    return status < 0 ? (int)status : 0;
}

int mt_builder_begin(struct mt_builder *b, struct mt_inflate *in, const char *name,
                     struct mt_error *error) {
    *b = (struct mt_builder){.in = in,
                             .name = name,
                             .error = error,
                             .profile = mt_profile_new(),
                             .texts = mt_strings_new()};
    if (b->profile && b->texts)
        b->domain = mt_profile_intern(b->profile, "malloc");
    return mt_builder_status(
        b, b->profile && b->texts && b->domain != UINT32_MAX ? 0 : -MEMTRACK_ENOMEM);
}

int mt_builder_end(struct mt_builder *b, int status, struct mt_profile **out) {
    if (status == 0)
        mt_profile_sum_totals(b->profile);
    else
        mt_profile_free(b->profile);
    *out = status == 0 ? b->profile : NULL;
    mt_strings_free(b->texts);
    mt_ids_free(&b->locations);
    mt_ids_free(&b->mappings);
    mt_ids_free(&b->nodes);
    mt_ids_free(&b->samples);
    free(b->frames);
    *b = (struct mt_builder){0};
    return status;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static mt_string intern(struct mt_builder *b, struct mt_scan text) {
    return text.at < text.end
               ? mt_profile_intern_n(b->profile, text.at, (size_t)(text.end - text.at))
               : 0;
}

/* Returns the number of the mapping of a path, which is its index + 1. */
static int64_t mapping_of(struct mt_builder *b, mt_string path) {
    if (path == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    int64_t index = path ? mt_ids_find(&b->mappings, path) : -1;
    if (index >= 0 || !path)
        return index + 1;
    const struct mt_mapping mapping = {.path = path, .has_functions = true};
    index = mt_profile_add_mapping(b->profile, &mapping);
    int status = index < 0 ? (int)index : mt_ids_add(&b->mappings, path, (uint32_t)index);
    return status < 0 ? status : index + 1;
}

static int64_t add_location(struct mt_builder *b, const struct mt_described *frame) {
    struct mt_function function = {.name = intern(b, frame->function),
                                   .file = intern(b, frame->file)};
    function.system_name = function.name;
    int64_t mapping = mapping_of(b, intern(b, frame->module));
    if (function.name == UINT32_MAX || function.file == UINT32_MAX || mapping < 0)
        return mapping < 0 ? mapping : -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_function(b->profile, &function);
    if (index < 0)
        return index;
    const struct mt_line line = {.function = (uint32_t)index, .line = frame->line};
    index = mt_profile_add_lines(b->profile, &line, 1);
    if (index < 0)
        return index;
    const struct mt_location location = {.address = frame->address,
                                         .mapping = (uint32_t)mapping,
                                         .first_line = (uint32_t)index,
                                         .n_lines = 1,
                                         .exact = true};
    return mt_profile_add_location(b->profile, &location);
}

int64_t mt_builder_frame(struct mt_builder *b, const char *text, size_t bytes) {
    uint32_t id = mt_strings_intern(b->texts, text, bytes);
    if (id == UINT32_MAX)
        return mt_builder_status(b, -MEMTRACK_ENOMEM);
    int64_t location = mt_ids_find(&b->locations, id + UINT64_C(1));
    if (location >= 0)
        return location;
    const struct mt_described frame = mt_described_parse(text, bytes);
    location = add_location(b, &frame);
    int status = location < 0 ? (int)location
                              : mt_ids_add(&b->locations, id + UINT64_C(1), (uint32_t)location);
    return status < 0 ? mt_builder_status(b, status) : location;
}

/* ---- paths ----------------------------------------------------------------------------------- */

int mt_builder_push(struct mt_builder *b, int64_t location) {
    if (location < 0)
        return (int)location;
    if (b->n_frames == MOST_FRAMES)
        return mt_error_set(b->error, MEMTRACK_ELIMIT, "No known profiler writes such files.",
                            "%s is refused: a call path has more than %d frames", b->name,
                            MOST_FRAMES);
    if (!mt_array_reserve(&b->frames, &b->frame_capacity, b->n_frames + 1, sizeof *b->frames))
        return mt_builder_status(b, -MEMTRACK_ENOMEM);
    b->frames[b->n_frames++] = (uint32_t)location;
    return 0;
}

/* Returns the node below one, by a location; node 0 is the root. */
static int64_t node_below(struct mt_builder *b, uint32_t parent, uint64_t location) {
    uint64_t id = (uint64_t)parent << 32 | (location + 1);
    int64_t node = mt_ids_find(&b->nodes, id);
    if (node >= 0)
        return node;
    if (b->n_nodes >= UINT32_MAX - 1)
        return -MEMTRACK_ELIMIT;
    int status = mt_ids_add(&b->nodes, id, (uint32_t)++b->n_nodes);
    return status < 0 ? status : (int64_t)b->n_nodes;
}

static int64_t add_sample(struct mt_builder *b, uint64_t node, bool is_cut) {
    uint64_t text_bytes = (uint64_t)mt_strings_count(b->texts) * TEXT_BYTES;
    const struct mt_sample sample = {.domain = b->domain, .truncated = is_cut};
    int64_t index = mt_profile_add_sample(b->profile, &sample, b->frames, b->n_frames);
    int status = index < 0 ? (int)index : mt_ids_add(&b->samples, node + 1, (uint32_t)index);
    if (status < 0)
        return mt_builder_status(b, status);
    status = mt_limits_memory(b->profile, b->n_nodes * NODE_BYTES + text_bytes, b->in, b->name,
                              b->error);
    return status < 0 ? status : index;
}

int64_t mt_builder_sample(struct mt_builder *b, bool is_cut) {
    int64_t node = 0;
    for (size_t i = 0; i < b->n_frames && node >= 0; i++)
        node = node_below(b, (uint32_t)node, b->frames[i]);
    if (is_cut && node >= 0) /* what is cut is not the path that ends there */
        node = node_below(b, (uint32_t)node, UINT32_MAX - 1);
    if (node < 0)
        return mt_builder_status(b, node);
    int64_t sample = mt_ids_find(&b->samples, (uint64_t)node + 1);
    return sample >= 0 ? sample : add_sample(b, (uint64_t)node, is_cut);
}

void mt_builder_add(struct mt_builder *b, int64_t sample, enum mt_value value, int64_t amount) {
    b->profile->has_value[value] = true;
    mt_saturate_add(&b->profile->samples[sample].value[value], amount);
}

/* ---- who wrote it ---------------------------------------------------------------------------- */

int mt_builder_tool(struct mt_builder *b, const char *tool) {
    b->profile->info.tool = mt_profile_intern(b->profile, tool);
    return mt_builder_status(b, b->profile->info.tool == UINT32_MAX ? -MEMTRACK_ENOMEM : 0);
}

int mt_builder_note(struct mt_builder *b, const char *note) {
    return mt_builder_status(b, mt_profile_add_note(b->profile, note));
}

static int add_word(struct mt_builder *b, const char *word, size_t bytes) {
    struct mt_profile_info *info = &b->profile->info;
    mt_string text = mt_profile_intern_n(b->profile, word, bytes);
    if (text == UINT32_MAX ||
        !mt_array_grow(&info->command, info->n_command, sizeof *info->command))
        return -MEMTRACK_ENOMEM;
    info->command[info->n_command++] = text;
    return 0;
}

/* Words end at blanks, but for those behind a backslash. */
static int add_words(struct mt_builder *b, const char *command, size_t bytes, char *word) {
    size_t n = 0;
    int status = 0;
    for (size_t i = 0; i <= bytes && status == 0; i++) {
        if (i < bytes && command[i] != ' ') {
            i += command[i] == '\\' && i + 1 < bytes;
            word[n++] = command[i];
        } else if (n) {
            status = add_word(b, word, n);
            n = 0;
        }
    }
    return status;
}

int mt_builder_command(struct mt_builder *b, const char *command, size_t bytes) {
    struct mt_profile_info *info = &b->profile->info;
    char *word = malloc(bytes + 1);
    int64_t status = word ? add_words(b, command, bytes, word) : -MEMTRACK_ENOMEM;
    free(word);
    if (status == 0 && info->n_command) {
        info->exe = info->command[0];
        status = mapping_of(b, info->exe);
    }
    return mt_builder_status(b, status);
}
