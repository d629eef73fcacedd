/* SPDX-License-Identifier: MIT */
/*
 * Samples: nearly all of a file's bytes, so they alone are scanned by hand where they lie in the
 * inflated window. protobuf-c needs 0.25 s to unpack 330,000 samples of 69 frames, with an
 * allocator that costs nothing, and leaves 64-bit ids in arrays to be looked up; here it is 0.14 s
 * with the lookup, labels and values done.
 *
 * Samples that follow each other come from much the same place: of a compiler's, nine bytes of a
 * path out of ten are the last ones of the path before. These are compared as they are, eight at
 * once, and what they stand for is copied.
 *
 * What a value means depends on the sample types and strings, which some writers put last: values
 * are then kept as they are until the end. The same holds for labels.
 */
#include <stdio.h>
#include <string.h>

#include "ledger/layout.h"
#include "profile/pprof/columns.h"
#include "profile/pprof/reader.h"

enum { ENOUGH_TO_TELL = 1 << 14 /* samples, how many bytes one has */ };

struct cursor {
    const uint8_t *at, *end;
};

/* Returns false when the number is cut off or too long. */
static bool next_varint(struct cursor *cursor, uint64_t *value) {
    const uint8_t *at = cursor->at;
    uint64_t result = 0;
    for (unsigned shift = 0; at < cursor->end && shift < 64; shift += 7) {
        uint8_t byte = *at++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            cursor->at = at;
            *value = result;
            return true;
        }
    }
    return false;
}

static bool next_bytes(struct cursor *cursor, struct cursor *bytes) {
    uint64_t n;
    if (!next_varint(cursor, &n) || n > (uint64_t)(cursor->end - cursor->at))
        return false;
    *bytes = (struct cursor){cursor->at, cursor->at + n};
    cursor->at += n;
    return true;
}

static bool skip_field(struct cursor *cursor, unsigned wire_type) {
    uint64_t ignored;
    struct cursor bytes;
    size_t fixed = wire_type == MT_PPROF_FIXED64 ? 8 : 4;
    switch (wire_type) {
    case MT_PPROF_VARINT:
        return next_varint(cursor, &ignored);
    case MT_PPROF_BYTES:
        return next_bytes(cursor, &bytes);
    case MT_PPROF_FIXED64:
    case MT_PPROF_FIXED32:
        if ((size_t)(cursor->end - cursor->at) < fixed)
            return false;
        cursor->at += fixed;
        return true;
    default:
        return false;
    }
}

/* Reads the numbers of a repeated field, packed or a single one: afterwards the cursor in
 * *packed holds them. */
static bool next_numbers(struct cursor *cursor, unsigned wire_type, struct cursor *packed) {
    if (wire_type == MT_PPROF_BYTES)
        return next_bytes(cursor, packed);
    uint64_t ignored;
    packed->at = cursor->at;
    bool found = wire_type == MT_PPROF_VARINT && next_varint(cursor, &ignored);
    packed->end = cursor->at;
    return found;
}

/* ---- columns --------------------------------------------------------------------------------- */

static int no_memory_columns(struct mt_pprof_reader *reader) {
    char list[256];
    size_t n = 0;
    for (size_t i = 0; i < reader->n_columns && n < sizeof list; i++) {
        n += (size_t)snprintf(
            list + n, sizeof list - n, "%s%s/%s", i ? ", " : "",
            mt_profile_text(reader->profile, reader->strings[reader->column_type[i]]),
            mt_profile_text(reader->profile, reader->strings[reader->column_unit[i]]));
    }
    return mt_error_set(reader->error, MEMTRACK_EFORMAT,
                        "Give one with inuse_space, alloc_space or space among its sample types.",
                        "%s is not a heap profile: it has %s", reader->name,
                        reader->n_columns ? list : "no sample types");
}

static bool column_strings_present(const struct mt_pprof_reader *reader) {
    for (size_t i = 0; i < reader->n_columns; i++)
        if ((uint64_t)reader->column_type[i] >= reader->n_strings ||
            (uint64_t)reader->column_unit[i] >= reader->n_strings)
            return false;
    return reader->n_columns > 0;
}

/* For a profiler with names of its own, a column of bytes is taken for live bytes, and the count
 * before it for blocks. */
static void guess_columns(struct mt_pprof_reader *reader) {
    for (size_t i = 0; i < reader->n_columns; i++) {
        if (!mt_columns_is_bytes(
                mt_profile_text(reader->profile, reader->strings[reader->column_unit[i]])))
            continue;
        reader->column[i] = MT_VALUE_LIVE_BYTES;
        if (i > 0 &&
            strcmp(mt_profile_text(reader->profile, reader->strings[reader->column_unit[i - 1]]),
                   "count") == 0)
            reader->column[i - 1] = MT_VALUE_LIVE_BLOCKS;
        return;
    }
}

static int resolve_columns(struct mt_pprof_reader *reader) {
    bool *has = reader->profile->has_value;
    bool found = false;
    for (size_t i = 0; i < reader->n_columns; i++) {
        int value = mt_columns_find(
            mt_profile_text(reader->profile, reader->strings[reader->column_type[i]]));
        bool taken =
            value >= 0 && has[value]; /* when two names mean the same thing, the first counts */
        reader->column[i] = taken ? -1 : value;
        if (value >= 0)
            has[value] = found = true;
    }
    if (!found) {
        guess_columns(reader);
        for (size_t i = 0; i < reader->n_columns; i++)
            if (reader->column[i] >= 0)
                has[reader->column[i]] = found = true;
    }
    reader->columns_known = true;
    return found ? 0 : no_memory_columns(reader);
}

static void set_values(const struct mt_pprof_reader *reader, const int64_t *raw,
                       struct mt_sample *sample) {
    for (size_t i = 0; i < reader->n_columns; i++)
        if (reader->column[i] >= 0)
            sample->value[reader->column[i]] = raw[i];
}

static int keep_raw_values(struct mt_pprof_reader *reader, const int64_t *raw, size_t n) {
    size_t n_samples = reader->profile->n_samples;
    if (n_samples == 0) {
        reader->raw_stride = n;
    } else if (n != reader->raw_stride) {
        return mt_pprof_reader_damaged(reader, "sample %zu has %zu values, others have %zu",
                                       n_samples + 1, n, reader->raw_stride);
    }
    int status = mt_pprof_reader_reserve(reader, &reader->raw_values, &reader->raw_capacity,
                                         (n_samples + 1) * n, sizeof *reader->raw_values);
    if (status == 0 && n)
        memcpy(reader->raw_values + n_samples * n, raw, n * sizeof *raw);
    return status;
}

static int take_values(struct mt_pprof_reader *reader, const int64_t *raw, size_t n,
                       struct mt_sample *sample) {
    if (!reader->columns_known && reader->profile->n_samples == 0 &&
        column_strings_present(reader)) {
        int status = resolve_columns(reader);
        if (status < 0)
            return status;
    }
    if (!reader->columns_known)
        return keep_raw_values(reader, raw, n);
    if (n != reader->n_columns) {
        return mt_pprof_reader_damaged(reader, "sample %zu has %zu values for %zu sample types",
                                       reader->profile->n_samples + 1, n, reader->n_columns);
    }
    set_values(reader, raw, sample);
    return 0;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static int apply_label(struct mt_pprof_reader *reader, struct mt_sample *sample,
                       const struct mt_raw_label *label) {
    mt_string key = 0, text = 0;
    int status = mt_pprof_reader_string(reader, label->key, &key);
    if (status == 0)
        status = mt_pprof_reader_string(reader, label->text, &text);
    if (status < 0)
        return status;
    if (key == reader->key_thread) {
        sample->thread = text;
    } else if (key == reader->key_process) {
        sample->process = text;
    } else if (key == reader->key_scope) {
        sample->scope = text;
    } else if (key == reader->key_domain && text) {
        sample->domain = text;
    } else if (key == reader->key_stack) {
        sample->truncated |= text == reader->truncated;
        sample->lossy |= text == reader->lossy;
    } else if (key == reader->key_missing && !text && label->number > 0 &&
               label->number <= UINT32_MAX / 2) {
        sample->n_missing = (uint32_t)label->number;
    } else if (key == reader->key_base) {
        sample->is_base |= text == reader->base;
    } else if (key == reader->key_bytes && !text &&
               (label->number >= 0 || label->number == INT64_MIN)) {
        /* INT64_MIN is how 2^63, the bound of the last class, arrives */
        sample->has_size_class = true;
        sample->size_class = mt_size_class((uint64_t)label->number);
    }
    return 0;
}

static bool read_label(struct cursor cursor, struct mt_raw_label *label) {
    while (cursor.at < cursor.end) {
        uint64_t tag, value;
        if (!next_varint(&cursor, &tag))
            return false;
        if ((tag & 7) != MT_PPROF_VARINT) {
            if (!skip_field(&cursor, tag & 7))
                return false;
            continue;
        }
        if (!next_varint(&cursor, &value))
            return false;
        switch (tag >> 3) {
        case 1:
            label->key = value;
            break;
        case 2:
            label->text = value;
            break;
        case 3:
            label->number = (int64_t)value;
            break;
        default: /* the unit: sizes are always in bytes */
            break;
        }
    }
    return true;
}

static int take_label(struct mt_pprof_reader *reader, struct cursor cursor,
                      struct mt_sample *sample) {
    struct mt_raw_label label = {.sample = (uint32_t)reader->profile->n_samples};
    if (!read_label(cursor, &label))
        return mt_pprof_reader_damaged(reader, "a label of sample %zu is cut off",
                                       reader->profile->n_samples + 1);
    if (label.key < reader->n_strings && label.text < reader->n_strings)
        return apply_label(reader, sample, &label);
    int status = mt_pprof_reader_reserve(reader, &reader->labels, &reader->label_capacity,
                                         reader->n_labels + 1, sizeof *reader->labels);
    if (status == 0)
        reader->labels[reader->n_labels++] = label;
    return status;
}

/* ---- call paths ------------------------------------------------------------------------------ */

/* What two paths have in common at their outer ends: bytes, and how many numbers end in them. */
struct tail {
    size_t bytes, numbers;
};

/* Those of eight bytes that are below 0x80, added up in the uppermost byte. */
static size_t numbers_of(uint64_t word) {
    return (size_t)((~word >> 7 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0101010101010101) >>
                    56);
}

static struct tail equal_bytes(struct cursor a, struct cursor b) {
    size_t n_a = (size_t)(a.end - a.at), n_b = (size_t)(b.end - b.at), n = n_a < n_b ? n_a : n_b;
    struct tail tail = {0, 0};
    for (uint64_t x, y; tail.bytes + sizeof x <= n; tail.bytes += sizeof x) {
        memcpy(&x, a.end - tail.bytes - sizeof x, sizeof x);
        memcpy(&y, b.end - tail.bytes - sizeof y, sizeof y);
        if (x != y)
            break;
        tail.numbers += numbers_of(x);
    }
    for (; tail.bytes < n && a.end[-1 - (ptrdiff_t)tail.bytes] == b.end[-1 - (ptrdiff_t)tail.bytes];
         tail.bytes++)
        tail.numbers += a.end[-1 - (ptrdiff_t)tail.bytes] < 0x80;
    return tail;
}

/* The same, of whole numbers: the first one may begin before what is equal, and is left out. */
static struct tail common_tail(struct cursor a, struct cursor b) {
    struct tail tail = equal_bytes(a, b);
    if (!tail.numbers)
        return (struct tail){0, 0};
    while (a.end[-(ptrdiff_t)tail.bytes] >= 0x80)
        tail.bytes--;
    tail.bytes--;
    tail.numbers--;
    return tail;
}

static int keep_path(struct mt_pprof_reader *reader, struct cursor packed) {
    size_t bytes = (size_t)(packed.end - packed.at);
    reader->path = packed.at;
    reader->path_bytes = bytes;
    if (mt_inflate_is_in_place(reader->in))
        return 0;
    int status = mt_pprof_reader_reserve(reader, &reader->path_copy, &reader->path_capacity, bytes,
                                         sizeof *reader->path_copy);
    if (status < 0)
        return status;
    memcpy(reader->path_copy, packed.at, bytes);
    reader->path = reader->path_copy;
    return 0;
}

/* Returns how many frames at the outer end are those of the sample before, and takes them from the
 * bytes. */
static size_t take_common(const struct mt_pprof_reader *reader, struct cursor *packed) {
    if (!reader->path)
        return 0;
    const struct cursor before = {reader->path, reader->path + reader->path_bytes};
    struct tail tail = common_tail(*packed, before);
    packed->end -= tail.bytes;
    return tail.numbers;
}

static int decode_frames(struct mt_pprof_reader *reader, struct cursor packed, uint32_t **frame) {
    while (packed.at < packed.end) {
        uint64_t id;
        if (!next_varint(&packed, &id))
            return mt_pprof_reader_damaged(reader, "the stack of sample %zu is cut off",
                                           reader->profile->n_samples + 1);
        int64_t index = mt_ids_find(&reader->location_ids, id);
        if (index < 0) {
            index = mt_pprof_model_location(reader, id);
            if (index < 0)
                return (int)index;
        }
        *(*frame)++ = (uint32_t)index;
    }
    return 0;
}

/* Frames are put where they belong, behind those of all samples. A path in parts, which nobody
 * writes, is not compared, nor compared with. */
static int take_frames(struct mt_pprof_reader *reader, struct cursor packed, size_t *n_frames) {
    struct mt_profile *profile = reader->profile;
    struct cursor own = packed;
    if (packed.at == packed.end)
        return 0;
    if (*n_frames)
        reader->path = NULL;
    size_t most = *n_frames + (size_t)(packed.end - packed.at); /* a number takes a byte at least */
    size_t n_common = take_common(reader, &own);
    int status = mt_pprof_reader_status(reader, mt_profile_reserve_frames(profile, most));
    if (status < 0)
        return status;
    uint32_t *first = profile->frames + profile->n_frames, *end = first + *n_frames;
    status = decode_frames(reader, own, &end);
    if (n_common)
        memcpy(end, first - n_common, n_common * sizeof *end);
    bool is_whole = *n_frames == 0;
    *n_frames = (size_t)(end - first) + n_common;
    return status < 0 || !is_whole ? status : keep_path(reader, packed);
}

/* ---- samples --------------------------------------------------------------------------------- */

static int read_values(struct mt_pprof_reader *reader, struct cursor packed, int64_t *raw,
                       size_t *n) {
    while (packed.at < packed.end) {
        uint64_t value = 0;
        if (*n == MT_PPROF_MAX_COLUMNS || !next_varint(&packed, &value)) {
            return mt_pprof_reader_damaged(reader,
                                           "the values of sample %zu are cut off or too many",
                                           reader->profile->n_samples + 1);
        }
        raw[(*n)++] = (int64_t)value;
    }
    return 0;
}

/* Of data in memory it is known how much is left. Arrays that double would be copied, and have room
 * for twice of what comes; what is asked for too much here is never touched. Without the memory for
 * it, they grow as they do. */
static void expect_rest(struct mt_pprof_reader *reader, size_t bytes) {
    struct mt_profile *profile = reader->profile;
    reader->sample_bytes += bytes + 2; /* with what comes before it */
    if (profile->n_samples != ENOUGH_TO_TELL)
        return;
    uint64_t left = mt_inflate_ready(reader->in);
    mt_profile_expect(profile, (size_t)(left * profile->n_samples / reader->sample_bytes),
                      (size_t)(left * profile->n_frames / reader->sample_bytes));
}

int mt_pprof_sample_read(struct mt_pprof_reader *reader, const uint8_t *data, size_t bytes) {
    struct cursor cursor = {data, data + bytes}, part;
    struct mt_sample sample = {.domain = reader->malloc_domain};
    int64_t raw[MT_PPROF_MAX_COLUMNS];
    size_t n_raw = 0, n_frames = 0;
    int status = 0;
    while (status == 0 && cursor.at < cursor.end) {
        uint64_t tag = 0;
        bool whole = next_varint(&cursor, &tag);
        unsigned wire_type = tag & 7;
        if (whole && tag >> 3 == 1) {
            whole = next_numbers(&cursor, wire_type, &part);
            status = whole ? take_frames(reader, part, &n_frames) : 0;
        } else if (whole && tag >> 3 == 2) {
            whole = next_numbers(&cursor, wire_type, &part);
            status = whole ? read_values(reader, part, raw, &n_raw) : 0;
        } else if (whole && tag >> 3 == 3 && wire_type == MT_PPROF_BYTES) {
            whole = next_bytes(&cursor, &part);
            status = whole ? take_label(reader, part, &sample) : 0;
        } else if (whole) {
            whole = skip_field(&cursor, wire_type);
        }
        if (!whole)
            status = mt_pprof_reader_damaged(reader, "sample %zu is cut off",
                                             reader->profile->n_samples + 1);
    }
    if (status == 0)
        status = take_values(reader, raw, n_raw, &sample);
    if (status < 0)
        return status;
    expect_rest(reader, bytes);
    struct mt_profile *profile = reader->profile;
    return mt_pprof_reader_status(
        reader,
        mt_profile_add_sample(profile, &sample, profile->frames + profile->n_frames, n_frames));
}

/* ---- end ------------------------------------------------------------------------------------- */

static int finish_columns(struct mt_pprof_reader *reader) {
    struct mt_profile *profile = reader->profile;
    if (reader->columns_known)
        return 0;
    if (reader->n_columns && !column_strings_present(reader))
        return mt_pprof_reader_damaged(reader, "the name of a sample type is missing");
    int status = resolve_columns(reader);
    if (status == 0 && profile->n_samples && reader->raw_stride != reader->n_columns) {
        status = mt_pprof_reader_damaged(reader, "samples have %zu values for %zu sample types",
                                         reader->raw_stride, reader->n_columns);
    }
    for (size_t i = 0; status == 0 && i < profile->n_samples; i++)
        set_values(reader, reader->raw_values + i * reader->raw_stride, &profile->samples[i]);
    return status;
}

int mt_pprof_sample_finish(struct mt_pprof_reader *reader) {
    int status = finish_columns(reader);
    for (size_t i = 0; status == 0 && i < reader->n_labels; i++) {
        const struct mt_raw_label *label = &reader->labels[i];
        status = apply_label(reader, &reader->profile->samples[label->sample], label);
    }
    for (size_t i = 0; status == 0 && i < reader->profile->n_samples; i++)
        if (reader->profile->samples[i].lossy)
            reader->profile->samples[i].n_frames = 0;
    return status;
}
