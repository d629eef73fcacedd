/* SPDX-License-Identifier: MIT */
/*
 * Heap profiles in text. Three programs write them, each in its own way:
 *
 *   gperftools    heap profile:   5:  5120 [ 105: 15120] @ heapprofile
 *                    5:  5120 [ 105: 15120] @ 0x55d0c0a01010 0x55d0c0a02020
 *   Go, debug=1   heap profile: 2: 3072 [4: 5120] @ heap/1048576
 *                 2: 3072 [4: 5120] @ 0x482f7c 0x4830a5
 *                 #	0x482f7b	main.hold+0x3b	/src/app/main.go:12
 *   jemalloc      heap_v2/524288
 *                 @ 0x55d0c0a01010 0x55d0c0a02020
 *                   t*: 13: 4736 [0: 0]
 *
 * Numbers are live blocks: live bytes [allocated blocks: allocated bytes], and then, but for Go's,
 * follows a section MAPPED_LIBRARIES (maps.c). Addresses are those behind calls. Go's comments:
 * go.c. Before any of them may stand what names its addresses: symbols.c. What was sampled is
 * scaled up: sampling.c.
 */
#include "profile/heap/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "ledger/layout.h"
#include "profile/heap/go.h"
#include "profile/heap/maps.h"
#include "profile/heap/sampling.h"
#include "profile/heap/scan.h"
#include "profile/heap/symbols.h"
#include "profile/ids.h"
#include "profile/limits.h"

enum dialect { GPERFTOOLS, GO, JEMALLOC };
enum { MOST_FRAMES = 1 << 16, FIRST_TCMALLOC_PERIOD = 128 << 10 };

struct counts {
    int64_t live_blocks, live_bytes, total_blocks, total_bytes;
};

struct reader {
    struct mt_inflate *in;
    const char *name;
    struct mt_error *error;
    struct mt_profile *profile;
    enum dialect dialect;
    struct mt_heap_sampling sampling;
    const char *word;          /* what kind of heap profile, when it is not of live memory */
    struct counts stated, sum; /* totals by the first line, and sums of the records, not scaled */
    bool has_total, has_maps;
    size_t line;
    struct mt_ids ids; /* address to location */
    struct mt_heap_symbols symbols;

    /* this belongs to the record at hand */
    uint64_t *addresses;
    size_t n, capacity;
    struct counts counts;
    bool is_open, is_counted;
    struct mt_go_names names;
    uint32_t *frames;
    size_t frame_capacity;
};

static int damaged(struct reader *r, const char *what) {
    return mt_error_set(r->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged: line %zu %s", r->name, r->line, what);
}

static int passed_on(struct reader *r, int64_t status) {
    if (status == -MEMTRACK_ENOMEM)
        return mt_error_set(r->error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                            r->name);
    if (status == -MEMTRACK_ELIMIT)
        return mt_error_set(r->error, MEMTRACK_ELIMIT, "",
                            "%s: too large: more than 4 billion frames", r->name);
    return status < 0 ? (int)status : 0;
}

/* ---- scanning -------------------------------------------------------------------------------- */

/* "NUMBER MARK", blanks between them */
static bool scan_field(struct mt_scan *scan, int64_t *number, const char *mark) {
    mt_scan_blanks(scan);
    if (!mt_scan_number(scan, number))
        return false;
    mt_scan_blanks(scan);
    return mt_scan_text(scan, mark);
}

/* "5: 5120 [ 105: 15120]" */
static bool scan_counts(struct mt_scan *scan, struct counts *counts) {
    return scan_field(scan, &counts->live_blocks, ":") &&
           scan_field(scan, &counts->live_bytes, "[") &&
           scan_field(scan, &counts->total_blocks, ":") &&
           scan_field(scan, &counts->total_bytes, "]");
}

/* ---- records --------------------------------------------------------------------------------- */

static int scan_stack(struct reader *r, struct mt_scan line) {
    for (r->n = 0;;) {
        uint64_t address;
        mt_scan_blanks(&line);
        if (line.at == line.end)
            return 0;
        if (!mt_scan_address(&line, &address) || r->n == MOST_FRAMES)
            return damaged(r, r->n == MOST_FRAMES ? "has too many addresses"
                                                  : "has no address behind the @");
        if (!mt_array_reserve(&r->addresses, &r->capacity, r->n + 1, sizeof *r->addresses))
            return passed_on(r, -MEMTRACK_ENOMEM);
        if (address > 1) /* some writers end a stack with a 0 */
            r->addresses[r->n++] = address;
    }
}

/* Returns the location of the call before this address. */
static int64_t location_index(struct reader *r, uint64_t address) {
    int64_t index = mt_ids_find(&r->ids, address - 1);
    if (index >= 0)
        return index;
    const struct mt_heap_symbol *symbol = mt_heap_symbols_find(&r->symbols, address - 1);
    struct mt_location location = {.address = address - 1, .exact = true};
    if (symbol) {
        location.first_line = symbol->first_line;
        location.n_lines = symbol->n_lines;
    }
    index = mt_profile_add_location(r->profile, &location);
    int status = index < 0 ? (int)index : mt_ids_add(&r->ids, address - 1, (uint32_t)index);
    return status < 0 ? status : index;
}

/* Makes frames of the record's addresses, with the names of its comments where it has them. */
static int take_frames(struct reader *r, size_t *n_frames) {
    bool is_named = r->names.first_named <= r->names.last_named;
    size_t first = is_named ? r->names.first_named : 0,
           end = is_named ? r->names.last_named + 1 : r->n, line = 0;
    *n_frames = 0;
    if (!mt_array_reserve(&r->frames, &r->frame_capacity, r->n, sizeof *r->frames))
        return -MEMTRACK_ENOMEM;
    for (size_t i = first; i < end; i++) {
        int64_t index = location_index(r, r->addresses[i]);
        if (index < 0)
            return (int)index;
        struct mt_location *location = &r->profile->locations[index];
        uint32_t n_lines = is_named ? r->names.n_lines[i] : 0;
        if (n_lines && location->n_lines == 0) {
            int64_t added = mt_profile_add_lines(r->profile, r->names.lines + line, n_lines);
            if (added < 0)
                return (int)added;
            location->first_line = (uint32_t)added;
            location->n_lines = n_lines;
        }
        line += n_lines;
        r->frames[(*n_frames)++] = (uint32_t)index;
    }
    return 0;
}

static void add_up(struct counts *sum, const struct counts *counts) {
    const int64_t *from = &counts->live_blocks;
    int64_t *to = &sum->live_blocks;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        mt_saturate_add(&to[i], from[i]);
}

/* Go's records are of blocks of one size each; others' hold all sizes. */
static void take_size_class(const struct reader *r, struct mt_sample *sample) {
    const struct counts *c = &r->counts;
    if (r->dialect != GO || c->total_blocks <= 0 || c->total_bytes < 0)
        return;
    sample->has_size_class = true;
    sample->size_class = mt_size_class((uint64_t)(c->total_bytes / c->total_blocks));
}

static int close_record(struct reader *r, mt_string domain) {
    if (!r->is_open)
        return 0;
    r->is_open = false;
    if (!r->is_counted)
        return damaged(r, "is not the counts of a stack");
    struct mt_sample sample = {.domain = domain};
    size_t n_frames;
    add_up(&r->sum, &r->counts);
    take_size_class(r, &sample);
    mt_heap_sampling_scale(&r->sampling, &r->counts.live_blocks, &r->counts.live_bytes);
    mt_heap_sampling_scale(&r->sampling, &r->counts.total_blocks, &r->counts.total_bytes);
    sample.value[MT_VALUE_LIVE_BLOCKS] = r->counts.live_blocks;
    sample.value[MT_VALUE_LIVE_BYTES] = r->counts.live_bytes;
    sample.value[MT_VALUE_TOTAL_BLOCKS] = r->counts.total_blocks;
    sample.value[MT_VALUE_TOTAL_BYTES] = r->counts.total_bytes;
    int64_t status = take_frames(r, &n_frames);
    if (status == 0)
        status = mt_profile_add_sample(r->profile, &sample, r->frames, n_frames);
    return status < 0 ? passed_on(r, status)
                      : mt_limits_memory(r->profile, 0, r->in, r->name, r->error);
}

/* Reads the figures of a line that begins at a stack's "@". */
static int open_record(struct reader *r, struct mt_scan line, mt_string domain) {
    int status = close_record(r, domain);
    if (status == 0)
        status = scan_stack(r, line);
    if (status == 0)
        status = passed_on(r, mt_go_begin(&r->names, r->n));
    r->is_open = true;
    r->is_counted = false;
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool next_line(struct reader *r, struct mt_scan *line, int *status) {
    size_t bytes;
    *status = mt_inflate_line(r->in, &line->at, &bytes);
    if (*status <= 0)
        return false;
    *status = 0;
    line->end = line->at + bytes;
    while (line->end > line->at && strchr("\r \t", line->end[-1]) && line->end[-1])
        line->end--;
    r->line++;
    return true;
}

static bool begins_maps(struct mt_scan line) {
    return mt_scan_text(&line, "MAPPED_LIBRARIES:") || mt_scan_text(&line, "--- Memory map: ---");
}

static int take_record(struct reader *r, struct mt_scan line, mt_string domain) {
    struct counts counts;
    if (!scan_counts(&line, &counts))
        return damaged(r, "is not a record of a heap profile");
    mt_scan_blanks(&line);
    if (!mt_scan_text(&line, "@"))
        return damaged(r, "has no stack");
    int status = open_record(r, line, domain);
    r->counts = counts;
    r->is_counted = true;
    return status;
}

/* "  t*: 13: 4736 [0: 0]", or the same of one thread. Before the first stack it is the total. */
static int take_thread(struct reader *r, struct mt_scan line) {
    struct counts counts;
    int64_t thread;
    bool is_all = mt_scan_text(&line, "*");
    if ((!is_all && !mt_scan_number(&line, &thread)) || !mt_scan_text(&line, ":") ||
        !scan_counts(&line, &counts))
        return damaged(r, "has no counts");
    if (!is_all)
        return 0;
    if (r->is_open)
        r->counts = counts;
    else
        r->stated = counts;
    r->is_counted |= r->is_open;
    return 0;
}

static int take_line(struct reader *r, struct mt_scan line, mt_string domain) {
    if (line.at < line.end && *line.at == '#') {
        int status =
            r->is_open ? mt_go_comment(&r->names, r->profile, r->addresses, r->n, line) : 0;
        return passed_on(r, status);
    }
    mt_scan_blanks(&line);
    if (line.at == line.end)
        return 0;
    if (r->dialect != JEMALLOC)
        return take_record(r, line, domain);
    if (mt_scan_text(&line, "@"))
        return open_record(r, line, domain);
    return mt_scan_text(&line, "t") ? take_thread(r, line)
                                    : damaged(r, "is neither a stack nor counts");
}

static int read_maps(struct reader *r) {
    struct mt_scan line;
    int status;
    r->has_maps = true;
    while (next_line(r, &line, &status)) {
        int added = mt_heap_maps_line(r->profile, line);
        if (added < 0)
            return passed_on(r, added);
    }
    return status;
}

static int read_records(struct reader *r) {
    struct mt_scan line;
    int status;
    mt_string domain = mt_profile_intern(r->profile, "malloc");
    if (domain == UINT32_MAX)
        return passed_on(r, -MEMTRACK_ENOMEM);
    while (next_line(r, &line, &status)) {
        if (begins_maps(line)) {
            status = close_record(r, domain);
            return status < 0 ? status : read_maps(r);
        }
        status = take_line(r, line, domain);
        if (status < 0)
            return status;
    }
    return status < 0 ? status : close_record(r, domain);
}

/* ---- the first line -------------------------------------------------------------------------- */

static bool has_total(const struct counts *c) {
    return (c->total_blocks != c->live_blocks && c->total_blocks != 0) ||
           (c->total_bytes != c->live_bytes && c->total_bytes != 0);
}

/* "heap_v2/524288" of "heap profile: … @ heap_v2/524288" */
static int take_kind(struct reader *r, struct mt_scan line) {
    struct mt_scan period = {line.end, line.end};
    for (const char *at = line.at; at < line.end; at++)
        if (*at == '/') {
            period.at = at + 1;
            line.end = at;
            break;
        }
    size_t bytes = (size_t)(line.end - line.at);
    if (period.at < period.end &&
        (!mt_scan_number(&period, &r->sampling.period) || r->sampling.period < 0))
        return damaged(r, "does not say how it was sampled");
    if (mt_scan_text(&line, "growth") || mt_scan_text(&line, "fragmentation")) {
        r->word = line.at[-1] == 'h' ? "growth" : "fragmentation";
    } else if (bytes == 4 && mt_scan_text(&line, "heap")) {
        r->dialect = GO;
        r->sampling.how = MT_HEAP_BY_SIZE;
        r->sampling.period /= 2;
    } else if (bytes >= 3 && memcmp(line.end - 3, "_v2", 3) == 0) {
        r->sampling.how = MT_HEAP_BY_SIZE;
    } else if (!mt_scan_text(&line, "heap")) {
        return mt_error_set(r->error, MEMTRACK_EFORMAT, "Give one of the heap.",
                            "%s is not a heap profile: it is of \"%.*s\"", r->name,
                            (int)(bytes < 40 ? bytes : 40), line.at);
    }
    return 0;
}

static int take_first_line(struct reader *r, struct mt_scan line) {
    if (mt_scan_text(&line, "heap_v2/")) {
        r->dialect = JEMALLOC;
        r->sampling.how = MT_HEAP_BY_SIZE;
        return mt_scan_number(&line, &r->sampling.period) && r->sampling.period >= 0
                   ? 0
                   : damaged(r, "does not say how it was sampled");
    }
    mt_scan_text(&line, "heap profile:");
    if (!scan_counts(&line, &r->stated))
        return damaged(r, "has no totals");
    mt_scan_blanks(&line);
    if (mt_scan_text(&line, "@")) {
        mt_scan_blanks(&line);
        return take_kind(r, line);
    }
    if (!has_total(&r->stated)) {
        r->sampling.how = MT_HEAP_FIRST_TCMALLOC;
        r->sampling.period = FIRST_TCMALLOC_PERIOD;
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int add_notes(struct reader *r) {
    char text[320];
    int status = 0;
    const struct counts *a = &r->stated, *b = &r->sum;
    /* jemalloc rounds each stack's figures by themselves, so its sums may differ */
    if (r->dialect != JEMALLOC && memcmp(a, b, sizeof *a) != 0) {
        snprintf(text, sizeof text,
                 "Records are missing: they add up to %lld blocks and %lld bytes, of %lld and "
                 "%lld.",
                 (long long)b->live_blocks, (long long)b->live_bytes, (long long)a->live_blocks,
                 (long long)a->live_bytes);
        status = mt_profile_add_note(r->profile, text);
    }
    if (status == 0 && r->word) {
        snprintf(text, sizeof text, "Live is the heap's %s here, not what the program holds.",
                 r->word);
        status = mt_profile_add_note(r->profile, text);
    }
    if (status == 0 && r->dialect != GO && !r->has_maps && r->symbols.n == 0)
        status = mt_profile_add_note(
            r->profile,
            "Addresses have no names: the file has no section MAPPED_LIBRARIES, and may have "
            "been cut off.");
    if (status == 0 && r->profile->n_mappings)
        status = mt_profile_add_note(
            r->profile,
            "The file has no build ids: names are wrong if its programs and libraries were "
            "built again.");
    return passed_on(r, status);
}

static int finish(struct reader *r) {
    static const char *const tools[] = {"gperftools", "Go", "jemalloc"};
    struct mt_profile *profile = r->profile;
    bool total = r->dialect == GO || has_total(&r->sum);
    profile->has_value[MT_VALUE_LIVE_BLOCKS] = profile->has_value[MT_VALUE_LIVE_BYTES] = true;
    profile->has_value[MT_VALUE_TOTAL_BLOCKS] = profile->has_value[MT_VALUE_TOTAL_BYTES] = total;
    for (size_t i = 0; !total && i < profile->n_samples; i++)
        profile->samples[i].value[MT_VALUE_TOTAL_BLOCKS] =
            profile->samples[i].value[MT_VALUE_TOTAL_BYTES] = 0;
    if (r->sampling.how != MT_HEAP_EVERY_BLOCK && r->sampling.period > 1)
        profile->info.sample_bytes = (uint64_t)r->sampling.period;
    profile->info.has_size_histogram = r->dialect == GO;
    profile->info.tool = mt_profile_intern(profile, tools[r->dialect]);
    mt_profile_sum_totals(profile);
    int status = profile->info.tool == UINT32_MAX ? -MEMTRACK_ENOMEM : mt_heap_maps_assign(profile);
    return status < 0 ? passed_on(r, status) : add_notes(r);
}

static bool is_line(struct mt_scan line, const char *text) {
    return mt_scan_text(&line, text) && line.at == line.end;
}

/* Reads from "--- symbol" to the first line of the profile. */
static int read_symbols(struct reader *r, struct mt_scan *line) {
    int status = 0;
    while (status == 0 && !is_line(*line, MT_HEAP_SYMBOLS_END)) {
        status = passed_on(r, mt_heap_symbols_line(&r->symbols, r->profile, *line));
        if (status == 0 && !next_line(r, line, &status))
            return status < 0 ? status : mt_heap_symbols_alone(r->name, r->error);
    }
    if (status < 0 || !next_line(r, line, &status)) /* "--- heap" */
        return status < 0 ? status : mt_heap_symbols_alone(r->name, r->error);
    status = mt_heap_symbols_check_rest(r->in, r->name, r->error);
    return status < 0 || next_line(r, line, &status) ? status
                                                     : mt_heap_symbols_alone(r->name, r->error);
}

static int read_all(struct reader *r) {
    struct mt_scan line;
    int status;
    if (!next_line(r, &line, &status))
        return status < 0 ? status : damaged(r, "is missing");
    if (is_line(line, MT_HEAP_SYMBOLS_BEGIN))
        status = read_symbols(r, &line);
    if (status < 0)
        return status;
    status = take_first_line(r, line);
    if (status == 0)
        status = read_records(r);
    return status < 0 ? status : finish(r);
}

bool mt_heap_text_is_one(const uint8_t *head, size_t bytes) {
    static const char *const beginnings[] = {"heap profile:", "heap_v2/",
                                             MT_HEAP_SYMBOLS_BEGIN "\n"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (bytes >= strlen(beginnings[i]) &&
            memcmp(head, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

int mt_heap_text_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                      struct mt_error *error) {
    struct reader r = {.in = in, .name = name, .error = error, .profile = mt_profile_new()};
    int status = r.profile ? read_all(&r) : passed_on(&r, -MEMTRACK_ENOMEM);
    mt_ids_free(&r.ids);
    mt_go_free(&r.names);
    mt_heap_symbols_free(&r.symbols);
    free(r.addresses);
    free(r.frames);
    *out = status < 0 ? NULL : r.profile;
    if (status < 0)
        mt_profile_free(r.profile);
    return status;
}
