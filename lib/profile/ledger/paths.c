/* SPDX-License-Identifier: MIT */
/*
 * Nodes are believed in only after a walk has found how far each is from its root: a node in a
 * cycle, beyond the depth limit, or with a parent that does not exist has no path, and its blocks
 * go to [lossy]. The walks visit each node twice whatever the links are, so a hostile file costs no
 * more than an honest one.
 *
 *   node ──parents──► keys ──► locations (one per key) ──► mappings (one per module)
 *
 * What a load finds holds for good: a node is complete before the count of nodes includes it, and
 * so are its parents.
 */
#include "profile/ledger/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { MAX_DEPTH = 65535 };

_Static_assert((int)MT_PROFILE_MISSING_ROUNDED == (int)MT_NODE_MISSING_ROUNDED,
               "the profile says of the count what the ledger does");

/* State of a node in depths[]: distance from its root * 2 + (root is MT_NODE_TRUNCATED, or below it
 * and says how many frames are missing). */
#define DEPTH_UNKNOWN UINT32_MAX
#define DEPTH_PENDING (UINT32_MAX - 1)
#define DEPTH_BAD     (UINT32_MAX - 2)

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool is_label(uint64_t key) {
    uint64_t module = key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK;
    return module == MT_NODE_MODULE_SCOPE || module == MT_NODE_MODULE_DOMAIN;
}

/* Returns how many frames the paths below this node lack, when that is what it says. */
static uint32_t missing_of(const struct mt_node *node) {
    uint64_t n = node->key & MT_NODE_ADDRESS_MASK;
    bool says = (node->key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK) == MT_NODE_MODULE_CUT;
    return says && node->parent == MT_NODE_TRUNCATED && n <= MT_NODE_MOST_MISSING ? (uint32_t)n : 0;
}

/* A label is no frame: below it there are labels alone. */
static bool is_path_node(const struct mt_ledger_paths *paths, uint32_t id) {
    if (id < MT_NODE_FIRST || id >= paths->n_nodes ||
        (paths->nodes[id].key & MT_NODE_ADDRESS_MASK) == 0 ||
        (paths->nodes[id].key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK) == MT_NODE_MODULE_CUT)
        return false;
    mt_node_id parent = paths->nodes[id].parent;
    bool below_label =
        parent >= MT_NODE_FIRST && parent < paths->n_nodes && is_label(paths->nodes[parent].key);
    return !below_label || is_label(paths->nodes[id].key);
}

static void find_depth(struct mt_ledger_paths *paths, uint32_t id) {
    uint32_t *depths = paths->depths, end = id;
    uint32_t steps = 0;
    while (end < paths->n_nodes && depths[end] == DEPTH_UNKNOWN) {
        depths[end] = is_path_node(paths, end) ? DEPTH_PENDING : DEPTH_BAD;
        if (depths[end] == DEPTH_PENDING) {
            end = paths->nodes[end].parent;
            steps++;
        }
    }
    /* Pending here means that the walk met itself. */
    uint32_t base = end < paths->n_nodes && depths[end] < DEPTH_BAD ? depths[end] : DEPTH_BAD;
    for (uint32_t at = id; steps > 0; at = paths->nodes[at].parent, steps--) {
        bool good = base != DEPTH_BAD && base / 2 + steps <= MAX_DEPTH;
        depths[at] = good ? base + 2 * steps : DEPTH_BAD;
    }
}

static void find_depths(struct mt_ledger_paths *paths, size_t first) {
    static const uint32_t fixed[MT_NODE_FIRST] = {
        [MT_NODE_ROOT] = 0, [MT_NODE_TRUNCATED] = 1, [MT_NODE_LOSSY] = DEPTH_BAD};
    for (size_t i = first; i < paths->n_nodes; i++)
        paths->depths[i] = i < MT_NODE_FIRST              ? fixed[i]
                           : missing_of(&paths->nodes[i]) ? fixed[MT_NODE_TRUNCATED]
                                                          : DEPTH_UNKNOWN;
    for (size_t i = first; i < paths->n_nodes; i++)
        if (paths->depths[i] == DEPTH_UNKNOWN)
            find_depth(paths, (uint32_t)i);
}

/* ---- locations ------------------------------------------------------------------------------- */

static mt_string hex(struct mt_profile *profile, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * sizeof((struct mt_module *)0)->build_id];
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return mt_profile_intern_n(profile, text, 2 * n);
}

static mt_string module_path(struct mt_ledger_paths *paths, const struct mt_module *module) {
    if (module->flags & MT_MODULE_VDSO)
        return mt_profile_intern(paths->profile, "[vdso]");
    if ((module->flags & MT_MODULE_MAIN) || module->path_bytes == 0)
        return paths->profile->info.exe;
    char path[MT_PATH_MAX_BYTES];
    size_t bytes = module->path_bytes < sizeof path ? module->path_bytes : sizeof path;
    bytes = mt_ledger_read_address(paths->ledger, module->path, path, bytes);
    return mt_profile_intern_n(paths->profile, path, strnlen(path, bytes));
}

/* Index + 1 of the module's mapping, 0 for none; -MEMTRACK_ENOMEM. */
static int64_t mapping_of(struct mt_ledger_paths *paths, uint32_t module_id) {
    if (module_id == 0 || module_id >= paths->n_modules ||
        paths->modules[module_id].end <= paths->modules[module_id].start)
        return 0;
    if (paths->mappings[module_id])
        return paths->mappings[module_id];
    const struct mt_module *module = &paths->modules[module_id];
    size_t id_bytes =
        module->build_id_bytes <= sizeof module->build_id ? module->build_id_bytes : 0;
    struct mt_mapping mapping = {
        .start = module->start,
        .limit = module->end,
        .bias = module->bias,
        .path = module_path(paths, module),
        .build_id = hex(paths->profile, module->build_id, id_bytes),
    };
    if (mapping.path == UINT32_MAX || mapping.build_id == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_mapping(paths->profile, &mapping);
    if (index < 0)
        return index;
    paths->mappings[module_id] = (uint32_t)index + 1;
    return index + 1;
}

/* pprof's readers take the first mapping for the program itself. */
static int add_main_mapping(struct mt_ledger_paths *paths) {
    for (size_t i = 1; i < paths->n_modules; i++)
        if (paths->modules[i].flags & MT_MODULE_MAIN) {
            int64_t rc = mapping_of(paths, (uint32_t)i);
            return rc < 0 ? (int)rc : 0;
        }
    return 0;
}

/* ---- interpreted code ------------------------------------------------------------------------ */

static mt_string code_text(struct mt_ledger_paths *paths, uint64_t address, uint32_t bytes) {
    char text[MT_CODE_MAX_BYTES];
    size_t n = bytes < sizeof text ? bytes : sizeof text;
    n = mt_ledger_read_address(paths->ledger, address, text, n);
    return mt_profile_intern_n(paths->profile, text, strnlen(text, n));
}

/* Returns the function of a code, or -MEMTRACK_E…. What is not there has a name that says so. */
static int64_t function_of_code(struct mt_ledger_paths *paths, mt_code_id id) {
    struct mt_code code;
    struct mt_function function = {.name = 0};
    if (id != 0 && mt_ledger_read_items(paths->ledger, MT_EXTENT_CODES, id, 1, &code) == 1) {
        function.name = code_text(paths, code.function, code.function_bytes);
        function.file = code_text(paths, code.file, code.file_bytes);
        function.start_line = code.first_line;
    }
    if (function.name == 0)
        function.name = mt_profile_intern(paths->profile, "[Python code that was not read]");
    function.system_name = function.name;
    return function.name == UINT32_MAX || function.file == UINT32_MAX
               ? -MEMTRACK_ENOMEM
               : mt_profile_add_function(paths->profile, &function);
}

/* Its frames are in a mapping of their own, which no file belongs to. */
static int64_t mapping_of_code(struct mt_ledger_paths *paths) {
    if (paths->code_mapping)
        return paths->code_mapping;
    struct mt_mapping mapping = {.path = mt_profile_intern(paths->profile, MT_PROFILE_PYTHON),
                                 .has_functions = true,
                                 .has_filenames = true,
                                 .has_line_numbers = true,
                                 .has_inline_frames = true};
    if (mapping.path == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_mapping(paths->profile, &mapping);
    if (index < 0)
        return index;
    return paths->code_mapping = (uint32_t)index + 1;
}

static int64_t add_code_location(struct mt_ledger_paths *paths, uint64_t address) {
    uint64_t id = address >> MT_NODE_LINE_BITS;
    int64_t mapping = mapping_of_code(paths), function = function_of_code(paths, (mt_code_id)id);
    if (mapping < 0 || function < 0)
        return mapping < 0 ? mapping : function;
    struct mt_line line = {.function = (uint32_t)function,
                           .line = id ? (int64_t)(address & MT_NODE_MOST_LINES) : 0};
    int64_t first = mt_profile_add_lines(paths->profile, &line, 1);
    if (first < 0)
        return first;
    struct mt_location location = {.address = address,
                                   .mapping = (uint32_t)mapping,
                                   .first_line = (uint32_t)first,
                                   .n_lines = 1,
                                   .exact = true};
    return mt_profile_add_location(paths->profile, &location);
}

/* ---- locations, of both kinds ---------------------------------------------------------------- */

static int64_t add_location(struct mt_ledger_paths *paths, uint64_t key) {
    if ((key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK) == MT_NODE_MODULE_CODE)
        return add_code_location(paths, key & MT_NODE_ADDRESS_MASK);
    int64_t mapping =
        mapping_of(paths, (uint32_t)(key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK));
    if (mapping < 0)
        return mapping;
    struct mt_location location = {
        .address = key & MT_NODE_ADDRESS_MASK,
        .mapping = (uint32_t)mapping,
        .exact = (key & MT_NODE_EXACT) != 0,
    };
    return mt_profile_add_location(paths->profile, &location);
}

/* Returns the one location of this key, or -MEMTRACK_E…. */
static int64_t location_of_key(struct mt_ledger_paths *paths, uint64_t key) {
    int64_t location = mt_ids_find(&paths->location_of_key, key);
    if (location >= 0)
        return location;
    location = add_location(paths, key);
    int rc =
        location < 0 ? (int)location : mt_ids_add(&paths->location_of_key, key, (uint32_t)location);
    return rc < 0 ? rc : location;
}

static int64_t location_of(struct mt_ledger_paths *paths, uint32_t id) {
    if (paths->locations[id] != UINT32_MAX)
        return paths->locations[id];
    int64_t location = location_of_key(paths, paths->nodes[id].key);
    if (location >= 0)
        paths->locations[id] = (uint32_t)location;
    return location;
}

int64_t mt_ledger_paths_location(struct mt_ledger_paths *paths, uint64_t address,
                                 mt_module_id module) {
    uint64_t key = (address & MT_NODE_ADDRESS_MASK) | MT_NODE_EXACT;
    return location_of_key(paths, key | (module & MT_NODE_MODULE_MASK) << MT_NODE_MODULE_SHIFT);
}

bool mt_ledger_paths_label(const struct mt_ledger_paths *paths, mt_node_id node, uint32_t kind,
                           mt_name_id *name, mt_node_id *parent) {
    if (node < MT_NODE_FIRST || node >= paths->n_nodes)
        return false;
    uint64_t key = paths->nodes[node].key;
    *name = (mt_name_id)(key & MT_NODE_ADDRESS_MASK);
    *parent = paths->nodes[node].parent;
    return (key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK) == kind;
}

mt_node_id mt_ledger_paths_of(const struct mt_ledger_paths *paths, mt_node_id node) {
    mt_name_id name;
    mt_node_id parent;
    if (mt_ledger_paths_label(paths, node, MT_NODE_MODULE_SCOPE, &name, &parent))
        node = parent;
    return mt_ledger_paths_label(paths, node, MT_NODE_MODULE_DOMAIN, &name, &parent) ? parent
                                                                                     : node;
}

int64_t mt_ledger_paths_frames(struct mt_ledger_paths *paths, mt_node_id node) {
    int64_t n = paths->depths[node] / 2;
    if (paths->profile->n_frames + (size_t)n > MT_LEDGER_PATHS_MAX_FRAMES)
        return -MEMTRACK_ELIMIT;
    for (int64_t i = 0; i < n; i++, node = paths->nodes[node].parent) {
        int64_t location = location_of(paths, node);
        if (location < 0)
            return location;
        paths->frames[i] = (uint32_t)location;
    }
    return n;
}

/* ---- loading --------------------------------------------------------------------------------- */

static int load_nodes(struct mt_ledger_paths *paths) {
    size_t n = mt_ledger_info(paths->ledger)->n_nodes, first = paths->n_nodes;
    if (n <= first)
        return 0;
    if (n > paths->node_capacity) {
        size_t want = first ? n + n / 2 : n;
        if (!mt_array_resize(&paths->nodes, want, sizeof *paths->nodes) ||
            !mt_array_resize(&paths->depths, want, sizeof *paths->depths) ||
            !mt_array_resize(&paths->locations, want, sizeof *paths->locations))
            return -MEMTRACK_ENOMEM;
        paths->node_capacity = want;
    }
    mt_ledger_read_items(paths->ledger, MT_EXTENT_NODES, first, n - first, paths->nodes + first);
    memset(paths->locations + first, 0xff, (n - first) * sizeof *paths->locations);
    paths->n_nodes = n;
    find_depths(paths, first);
    return 0;
}

static int load_modules(struct mt_ledger_paths *paths) {
    size_t n = mt_ledger_info(paths->ledger)->n_modules, first = paths->n_modules;
    if (n <= first)
        return 0;
    if (!mt_array_resize(&paths->modules, n, sizeof *paths->modules) ||
        !mt_array_resize(&paths->mappings, n, sizeof *paths->mappings))
        return -MEMTRACK_ENOMEM;
    mt_ledger_read_items(paths->ledger, MT_EXTENT_MODULES, first, n - first,
                         paths->modules + first);
    memset(paths->mappings + first, 0, (n - first) * sizeof *paths->mappings);
    paths->n_modules = n;
    return first ? 0 : add_main_mapping(paths);
}

int mt_ledger_paths_load(struct mt_ledger_paths *paths) {
    if (!paths->frames && !(paths->frames = malloc(MAX_DEPTH * sizeof *paths->frames)))
        return -MEMTRACK_ENOMEM;
    int rc = load_modules(paths);
    return rc == 0 ? load_nodes(paths) : rc;
}

void mt_ledger_paths_free(struct mt_ledger_paths *paths) {
    free(paths->frames);
    free(paths->nodes);
    free(paths->modules);
    free(paths->depths);
    free(paths->locations);
    free(paths->mappings);
    mt_ids_free(&paths->location_of_key);
    *paths = (struct mt_ledger_paths){0};
}

static uint32_t missing_from(const struct mt_ledger_paths *paths, mt_node_id node) {
    for (uint32_t n = paths->depths[node] / 2; n > 0; n--)
        node = paths->nodes[node].parent;
    return node < MT_NODE_FIRST ? 0 : missing_of(&paths->nodes[node]);
}

void mt_ledger_paths_classify(const struct mt_ledger_paths *paths, mt_node_id node,
                              struct mt_sample *sample) {
    bool good = node < paths->n_nodes && paths->depths[node] < DEPTH_BAD;
    sample->lossy = !good;
    sample->truncated = good && (paths->depths[node] & 1);
    sample->n_missing = sample->truncated ? missing_from(paths, node) : 0;
}
