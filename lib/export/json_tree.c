/* SPDX-License-Identifier: MIT */
/*
 * A tree as JSON, schema memtrack-tree/1 (docs/schema/memtrack-tree-1.json): a node a line, and its
 * children in it. The whole tree unless a limit was asked for; what a limit leaves out is the
 * difference between a node and its children. It is written as it is walked, as a tree of a big
 * profile has millions of nodes; the walk keeps its way in an array, since paths are as deep as the
 * program's recursion was.
 */
#include "view/tree/tree.h"

#include <stdlib.h>

#include "base/array.h"
#include "export/columns.h"
#include "export/export-local.h"
#include "export/json-local.h"

struct level { /* a node whose children are being written */
    uint32_t node;
    size_t next, n;
};

static json_t *node_object(const struct mt_tree *tree, uint32_t id) {
    const struct mt_tree_node *node = mt_tree_node(tree, id);
    const struct mt_profile *profile = mt_rows_profile(mt_tree_rows(tree));
    enum mt_group_by by = mt_tree_options(tree)->by;
    const struct mt_row_frame none = {0}, *frame = node->has_frame ? &node->frame : &none;
    bool has_function = by == MT_BY_LINE || by == MT_BY_FUNCTION, has_file = by != MT_BY_MODULE;
    char *key = mt_tree_key(tree, id);
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "key", key ? mt_json_text(key) : NULL, "function",
                  mt_json_text(has_function ? mt_profile_text(profile, frame->function) : ""),
                  "file", mt_json_text(has_file ? mt_profile_text(profile, frame->file) : ""),
                  "line", (json_int_t)(by == MT_BY_LINE && frame->file ? frame->line : 0), "module",
                  mt_json_text(mt_profile_text(profile, frame->module)));
    free(key);
    for (size_t i = 0; i < MT_N_VALUES && object; i++)
        if (json_object_set_new(object, mt_export_columns[i].name,
                                json_integer(node->value[mt_export_columns[i].value])) < 0) {
            json_decref(object);
            object = NULL;
        }
    if (object && node->missing) {
        json_object_set_new(object, "missing_frames", mt_json_number(node->missing));
        json_object_set_new(
            object, "missing_frames_at_least",
            json_boolean(node->missing_varies || node->missing >= MT_PROFILE_MISSING_ROUNDED));
    }
    return object;
}

struct walk {
    const struct mt_tree *tree;
    const struct mt_tree_limits *limits;
    FILE *stream;
    struct level *levels;
    size_t depth, capacity;
};

static bool enter(struct walk *w, uint32_t node) {
    struct mt_row rest;
    if (!mt_array_reserve(&w->levels, &w->capacity, w->depth + 1, sizeof *w->levels))
        return false;
    w->levels[w->depth] = (struct level){
        .node = node, .n = mt_tree_shown(w->tree, node, w->depth + 1, w->limits, &rest)};
    w->depth++;
    return true;
}

static bool put_next_child(struct walk *w, struct level *level) {
    size_t n;
    uint32_t child = mt_tree_children(w->tree, level->node, &n)[level->next];
    fprintf(w->stream, "%s\n%*s", level->next ? "," : "", (int)w->depth, "");
    level->next++;
    if (!mt_json_put_open(w->stream, node_object(w->tree, child)))
        return false;
    fputs(",\"children\":[", w->stream);
    return enter(w, child);
}

static bool put_children(struct walk *w) {
    if (!enter(w, 0))
        return false;
    while (w->depth) {
        struct level *level = &w->levels[w->depth - 1];
        if (level->next < level->n) {
            if (!put_next_child(w, level))
                return false;
        } else if (--w->depth)
            fputs("]}", w->stream);
    }
    return true;
}

int mt_json_tree(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_tree *tree = thing->tree.tree;
    const struct mt_rows *rows = mt_tree_rows(tree);
    const struct mt_tree_options *options = mt_tree_options(tree);
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-tree/1")},
        {",\n \"process\":", mt_json_process(mt_rows_profile(rows))},
        {",\n \"recording\":", mt_json_recording(mt_rows_profile(rows))},
        {",\n \"totals\":", mt_json_totals(rows)},
        {",\n \"coverage\":", mt_json_coverage(rows)},
        {",\n \"group_by\":", json_string(mt_group_by_name(options->by))},
        {",\n \"sort\":", json_string(mt_sort_name(options->sort))},
        {",\n \"inverted\":", json_boolean(options->inverted)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    struct walk w = {.tree = tree, .limits = thing->tree.limits, .stream = stream};
    if (status != 0)
        return status;
    fputs(",\n \"children\":[", stream);
    bool done = put_children(&w);
    fputs("]}\n", stream);
    free(w.levels);
    return done ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}
