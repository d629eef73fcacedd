/* SPDX-License-Identifier: MIT */
/*
 *   changes, samples ──innermost chosen line──► entries ──sort──► rows ──► functions
 *
 * An entry is one path's, one block's, or one line's whose runs were worked out from the blocks
 * (symbols/blocks.c). Where they were not, there are blocks alone. Blocks of one line run one after
 * the other or in place of each other (of a for loop, what begins it, the condition and the step):
 * the line runs as often as the busiest of them. But where the compiler has put a function into
 * several others, or has made several of a template, each has lines and blocks of its own, and these
 * add up. Such copies differ in what is around the line, its chain.
 */
#include "view/lines/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "view/rows/filter.h"

struct entry {
    mt_string name, file, module;
    int64_t line;
    uint64_t chain; /* of a block: what is around the line */
    uint32_t place; /* and its location, which several processes may have run */
    bool is_line;   /* whose runs were worked out: they are all of its copy's */
    struct mt_lines_figures figures;
};

struct building {
    const struct mt_profile *profile;
    struct mt_lines_choice choice;
    struct entry *entries;
    size_t n, capacity;
    bool is_worked_out;
    uint8_t *is_chosen; /* of each function: 0 not known yet, 1 no, 2 yes */
};

/* ---- which line ------------------------------------------------------------------------------ */

bool mt_lines_is_chosen(void *context, const char *function, const char *file, const char *module) {
    const struct mt_lines_choice *choice = context;
    const struct mt_filter_frame frame = {.function = function, .file = file, .module = module};
    for (size_t i = 0; i < choice->n; i++)
        if (mt_filter_pattern_matches(choice->patterns[i], &frame))
            return true;
    return false;
}

static mt_string module_of(const struct building *b, const struct mt_location *location) {
    return location->mapping && location->mapping <= b->profile->n_mappings
               ? b->profile->mappings[location->mapping - 1].path
               : 0;
}

static bool is_chosen(struct building *b, const struct mt_location *location,
                      const struct mt_line *line) {
    uint8_t *known = &b->is_chosen[line->function];
    if (*known == 0) {
        const struct mt_function *function = &b->profile->functions[line->function];
        *known = mt_lines_is_chosen(&b->choice, mt_profile_text(b->profile, function->name),
                                    mt_profile_text(b->profile, function->file),
                                    mt_profile_text(b->profile, module_of(b, location)))
                     ? 2
                     : 1;
    }
    return *known == 2 && line->line > 0;
}

static const struct mt_line *line_at(const struct building *b, const struct mt_location *location,
                                     uint32_t i) {
    const struct mt_line *line = &b->profile->lines[location->first_line + i];
    return line->function < b->profile->n_functions ? line : NULL;
}

static int add_entry(struct building *b, const struct mt_location *location,
                     const struct mt_line *line, uint64_t chain,
                     const struct mt_lines_figures *figures) {
    const struct mt_function *function = &b->profile->functions[line->function];
    if (!mt_array_reserve(&b->entries, &b->capacity, b->n + 1, sizeof *b->entries))
        return -MEMTRACK_ENOMEM;
    b->entries[b->n++] = (struct entry){.name = function->name,
                                        .file = function->file,
                                        .module = module_of(b, location),
                                        .line = line->line,
                                        .chain = chain,
                                        .place = (uint32_t)(location - b->profile->locations),
                                        .figures = *figures};
    return 0;
}

/* Charges figures to the innermost chosen line of a path, if there is one. */
static int charge(struct building *b, const uint32_t *frames, uint32_t n,
                  const struct mt_lines_figures *figures) {
    for (uint32_t f = 0; f < n; f++) {
        const struct mt_location *location = &b->profile->locations[frames[f]];
        for (uint32_t i = 0; i < location->n_lines; i++) {
            const struct mt_line *line = line_at(b, location, i);
            if (line && is_chosen(b, location, line))
                return add_entry(b, location, line, 0, figures);
        }
    }
    return 0;
}

/* A block is of the function whose text it is, wherever that was put. */
static int charge_block(struct building *b, uint32_t frame, bool is_line,
                        const struct mt_lines_figures *figures) {
    const struct mt_location *location = &b->profile->locations[frame];
    const struct mt_line *line = location->n_lines ? line_at(b, location, 0) : NULL;
    uint64_t chain = 1;
    if (!line || !is_chosen(b, location, line))
        return 0;
    for (uint32_t i = 1; i < location->n_lines; i++) {
        const struct mt_line *outer = &b->profile->lines[location->first_line + i];
        chain = mt_hash_mix(mt_hash_mix(chain, outer->function), (uint64_t)outer->line);
    }
    int rc = add_entry(b, location, line, mt_hash_mix(chain, line->function), figures);
    if (rc == 0)
        b->entries[b->n - 1].is_line = is_line;
    return rc;
}

/* ---- what there is --------------------------------------------------------------------------- */

static int take_change(struct building *b, const struct mt_line_change *change) {
    const uint32_t *frames = b->profile->info.lines.frames + change->first_frame;
    struct mt_lines_figures figures = {.has_hits = change->is_line || change->hits != 0,
                                       .has_time = change->is_step && !change->is_line,
                                       .hits = change->hits,
                                       .time_ns = change->time_ns,
                                       .allocated_bytes = change->allocated_bytes,
                                       .allocated_blocks = change->allocated_blocks,
                                       .freed_bytes = change->freed_bytes,
                                       .freed_blocks = change->freed_blocks,
                                       .has_after = change->has_level,
                                       .after_bytes = change->after_bytes,
                                       .after_ns = change->after_ns,
                                       .has_peak = change->has_level,
                                       .peak_bytes = change->high_bytes};
    for (uint32_t i = 0; i < change->n_frames; i++)
        if (frames[i] >= b->profile->n_locations)
            return 0; /* a damaged file's */
    b->is_worked_out |= change->is_line;
    if (!change->is_step)
        return charge(b, frames, change->n_frames, &figures);
    return change->n_frames ? charge_block(b, frames[0], change->is_line, &figures) : 0;
}

static uint64_t positive(int64_t value) {
    return value > 0 ? (uint64_t)value : 0;
}

static int take_sample(struct building *b, const struct mt_sample *sample) {
    const int64_t *value = sample->value;
    int64_t live = value[MT_VALUE_LIVE_BYTES], live_blocks = value[MT_VALUE_LIVE_BLOCKS];
    struct mt_lines_figures figures = {.allocated_bytes = positive(value[MT_VALUE_TOTAL_BYTES]),
                                       .allocated_blocks = positive(value[MT_VALUE_TOTAL_BLOCKS]),
                                       .freed_bytes = positive(value[MT_VALUE_TOTAL_BYTES] - live),
                                       .freed_blocks =
                                           positive(value[MT_VALUE_TOTAL_BLOCKS] - live_blocks),
                                       .has_peak = b->profile->has_value[MT_VALUE_PEAK_BYTES],
                                       .peak_bytes = value[MT_VALUE_PEAK_BYTES]};
    return charge(b, b->profile->frames + sample->first_frame, sample->n_frames, &figures);
}

static int take_all(struct building *b) {
    const struct mt_line_changes *changes = &b->profile->info.lines;
    int rc = 0;
    for (size_t i = 0; rc == 0 && changes->is_recorded && i < changes->n; i++)
        rc = take_change(b, &changes->items[i]);
    for (size_t i = 0; rc == 0 && !changes->is_recorded && i < b->profile->n_samples; i++)
        rc = take_sample(b, &b->profile->samples[i]);
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_functions_of(const struct entry *a, const struct entry *b) {
    return a->file != b->file ? compare(a->file, b->file) : compare(a->name, b->name);
}

static int compare_entries(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    int order = compare_functions_of(a, b);
    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    if (order == 0)
        order = compare(a->chain, b->chain);
    return order != 0 ? order : compare(a->place, b->place);
}

static void add_levels(struct mt_lines_figures *sum, const struct mt_lines_figures *more,
                       bool is_recorded) {
    if (more->has_after && (!sum->has_after || more->after_ns > sum->after_ns)) {
        sum->after_bytes = more->after_bytes;
        sum->after_ns = more->after_ns;
    }
    sum->has_after |= more->has_after;
    if (!is_recorded)
        sum->peak_bytes += more->peak_bytes;
    else if (more->has_peak && (!sum->has_peak || more->peak_bytes > sum->peak_bytes))
        sum->peak_bytes = more->peak_bytes;
    sum->has_peak |= more->has_peak;
}

static void add_sums(struct mt_lines_figures *sum, const struct mt_lines_figures *more) {
    sum->time_ns += more->time_ns;
    sum->allocated_bytes += more->allocated_bytes;
    sum->allocated_blocks += more->allocated_blocks;
    sum->freed_bytes += more->freed_bytes;
    sum->freed_blocks += more->freed_blocks;
}

/* Makes one row of the entries [first, end), which are of one line and in the order of chains. A
 * line that was worked out is there once for each time that its code is in memory: in a library
 * that was loaded again, in each unit that has the same function of a header. */
static struct mt_lines_row join(const struct building *b, size_t first, size_t end) {
    struct mt_lines_row row = {.line = b->entries[first].line};
    uint64_t busiest = 0, hits = 0; /* of the chain at hand; of the block at hand */
    for (size_t i = first; i < end; i++) {
        const struct mt_lines_figures *more = &b->entries[i].figures;
        bool is_same = i > first && b->entries[i].chain == b->entries[i - 1].chain;
        if (!is_same) {
            row.figures.hits += busiest;
            busiest = 0;
        }
        uint64_t runs = b->entries[i].is_line ? 0 : more->hits;
        hits = is_same && b->entries[i].place == b->entries[i - 1].place ? hits + runs : runs;
        busiest = hits > busiest ? hits : busiest;
        row.figures.hits += more->hits - runs;
        row.figures.has_hits |= more->has_hits;
        row.figures.has_time |= more->has_time;
        add_sums(&row.figures, more);
        add_levels(&row.figures, more, b->profile->info.lines.is_recorded);
    }
    row.figures.hits += busiest;
    return row;
}

static void begin_function(const struct building *b, struct mt_lines *out, size_t entry) {
    const struct entry *e = &b->entries[entry];
    out->functions[out->n_functions++] = (struct mt_lines_function){.name = e->name,
                                                                    .file = e->file,
                                                                    .module = e->module,
                                                                    .from = e->line,
                                                                    .to = e->line,
                                                                    .first_row = out->n_rows};
}

static void add_row(struct mt_lines *out, const struct mt_lines_row *row) {
    struct mt_lines_function *function = &out->functions[out->n_functions - 1];
    out->rows[out->n_rows++] = *row;
    function->n_rows++;
    function->to = row->line;
    function->has_hits |= row->figures.has_hits;
    out->has_hits |= row->figures.has_hits;
    function->sum.has_time |= row->figures.has_time;
    add_sums(&function->sum, &row->figures);
}

static void join_all(const struct building *b, struct mt_lines *out) {
    for (size_t first = 0, end; first < b->n; first = end) {
        for (end = first + 1; end < b->n && b->entries[end].line == b->entries[first].line &&
                              compare_functions_of(&b->entries[end], &b->entries[first]) == 0;)
            end++;
        if (first == 0 || compare_functions_of(&b->entries[first], &b->entries[first - 1]) != 0)
            begin_function(b, out, first);
        struct mt_lines_row row = join(b, first, end);
        add_row(out, &row);
    }
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Widens the lines of the functions to all that the profile knows of them. */
static void find_extent(struct mt_lines_function *function, const struct building *b) {
    const struct mt_profile *profile = b->profile;
    for (size_t i = 0; i < profile->n_functions; i++) {
        const struct mt_function *f = &profile->functions[i];
        if (f->name == function->name && f->file == function->file && f->start_line > 0 &&
            f->start_line < function->from)
            function->from = f->start_line;
    }
    for (size_t i = 0; i < profile->n_lines; i++) {
        const struct mt_line *line = &profile->lines[i];
        if (line->function >= profile->n_functions || line->line <= function->to)
            continue;
        const struct mt_function *f = &profile->functions[line->function];
        if (f->name == function->name && f->file == function->file)
            function->to = line->line;
    }
}

static int compare_functions(const void *x, const void *y) {
    const struct mt_lines_function *a = x, *b = y;
    int order = compare(b->sum.allocated_bytes, a->sum.allocated_bytes);
    if (order == 0)
        order = compare(b->sum.time_ns, a->sum.time_ns);
    if (order == 0)
        order = compare(a->file, b->file);
    return order != 0 ? order : (a->from > b->from) - (a->from < b->from);
}

static int make(struct building *b, struct mt_lines *out) {
    out->rows = calloc(b->n + 1, sizeof *out->rows);
    out->functions = calloc(b->n + 1, sizeof *out->functions);
    if (!out->rows || !out->functions)
        return -MEMTRACK_ENOMEM;
    if (b->n)
        qsort(b->entries, b->n, sizeof *b->entries, compare_entries);
    join_all(b, out);
    for (size_t i = 0; i < out->n_functions; i++)
        find_extent(&out->functions[i], b);
    qsort(out->functions, out->n_functions, sizeof *out->functions, compare_functions);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int none(const struct building *b, struct mt_error *error) {
    bool has_lines = false;
    for (size_t i = 0; i < b->profile->n_lines && !has_lines; i++)
        has_lines = b->profile->lines[i].line > 0;
    return mt_error_set(error, MEMTRACK_ENOTFOUND,
                        has_lines ? "memtrack report --by function --cumulative shows those that "
                                    "have."
                                  : "Build with -g: no frame has a line of source.",
                        "no function or file called %s has allocated, freed or told of its blocks",
                        b->choice.n ? b->choice.patterns[0] : "?");
}

int mt_lines_build(const struct mt_profile *profile, const char *const *patterns, size_t n,
                   struct mt_lines *out, struct mt_error *error) {
    struct building b = {.profile = profile, .choice = {.patterns = patterns, .n = n}};
    *out = (struct mt_lines){.profile = profile, .is_recorded = profile->info.lines.is_recorded};
    b.is_chosen = calloc(profile->n_functions + 1, 1);
    int rc = b.is_chosen ? take_all(&b) : -MEMTRACK_ENOMEM;
    out->is_worked_out = b.is_worked_out;
    if (rc == 0)
        rc = make(&b, out);
    if (rc == -MEMTRACK_ENOMEM)
        mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while lines are added up");
    else if (out->n_functions == 0)
        rc = none(&b, error);
    free(b.is_chosen);
    free(b.entries);
    if (rc < 0)
        mt_lines_free(out);
    return rc;
}

void mt_lines_free(struct mt_lines *lines) {
    free(lines->functions);
    free(lines->rows);
    lines->functions = NULL;
    lines->rows = NULL;
    lines->n_functions = lines->n_rows = 0;
}
