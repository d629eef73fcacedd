/* SPDX-License-Identifier: MIT */
/*
 * Reading pprof: the outermost message, field by field, from a stream. A field is unpacked by
 * protobuf-c as soon as it is there (samples by hand: sample.c) and forgotten; memory in use
 * is the profile that comes out, one sub-message, and a window of the file.
 */
#include "profile/pprof/pprof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/others/find.h"
#include "profile/page.h"
#include "profile/pprof/foreign.h"
#include "profile/pprof/reader.h"

/* ---- memory ---------------------------------------------------------------------------------- */

static bool in_scratch(const struct mt_pprof_reader *reader, const void *block) {
    const uint8_t *at = block;
    return at >= reader->scratch && at < reader->scratch + MT_PPROF_SCRATCH;
}

/* protobuf-c makes a block per sub-message and array, and all go at once. */
static void *scratch_alloc(void *context, size_t bytes) {
    struct mt_pprof_reader *reader = context;
    if (bytes > MT_PPROF_UNPACKED - reader->unpacked_bytes)
        return NULL;
    reader->unpacked_bytes += bytes;
    if (bytes > MT_PPROF_SCRATCH - reader->scratch_used)
        return malloc(bytes);
    void *block = reader->scratch + reader->scratch_used;
    reader->scratch_used += (bytes + 15) & ~(size_t)15;
    if (reader->scratch_used > MT_PPROF_SCRATCH)
        reader->scratch_used = MT_PPROF_SCRATCH;
    return block;
}

static void scratch_free(void *context, void *block) {
    if (!in_scratch(context, block))
        free(block);
}

/* ---- strings --------------------------------------------------------------------------------- */

static int read_string(struct mt_pprof_reader *reader, const uint8_t *data, size_t bytes) {
    mt_string string = bytes ? mt_profile_intern_n(reader->profile, (const char *)data, bytes) : 0;
    if (string == UINT32_MAX)
        return mt_pprof_reader_status(reader, -MEMTRACK_ENOMEM);
    int status = mt_pprof_reader_reserve(reader, &reader->strings, &reader->string_capacity,
                                         reader->n_strings + 1, sizeof *reader->strings);
    if (status == 0)
        reader->strings[reader->n_strings++] = string;
    return status;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static int take_sample_type(struct mt_pprof_reader *reader, const Pprof__ValueType *message) {
    if (reader->columns_known)
        return mt_pprof_reader_damaged(reader, "a sample type comes after the samples");
    if (reader->n_columns == MT_PPROF_MAX_COLUMNS)
        return mt_pprof_reader_damaged(reader, "it has more than %d sample types",
                                       MT_PPROF_MAX_COLUMNS);
    reader->column_type[reader->n_columns] = message->type;
    reader->column_unit[reader->n_columns++] = message->unit;
    return 0;
}

static int take_info(struct mt_pprof_reader *reader, const Pprof__Memtrack *message) {
    if (message->version > MT_PPROF_VERSION) {
        return mt_error_set(reader->error, MEMTRACK_EVERSION,
                            "Read it with that version of memtrack, or a later one.",
                            "%s: written by a newer memtrack (format %u, this one reads up to %d)",
                            reader->name, message->version, MT_PPROF_VERSION);
    }
    return mt_pprof_reader_status(reader, mt_pprof_info_read(reader->profile, message));
}

static int take_time_axis(struct mt_pprof_reader *reader, const Pprof__TimeAxis *message) {
    int status = mt_pprof_time_read(reader->profile, message);
    return status == -MEMTRACK_EFORMAT
               ? mt_pprof_reader_damaged(reader, "columns of the time axis differ in length")
               : mt_pprof_reader_status(reader, status);
}

static int take_scopes(struct mt_pprof_reader *reader, const Pprof__Scopes *message) {
    int status = mt_pprof_scopes_read(reader->profile, message);
    return status == -MEMTRACK_EFORMAT
               ? mt_pprof_reader_damaged(reader, "columns of a scope differ in length")
               : mt_pprof_reader_status(reader, status);
}

static int take_member(struct mt_pprof_reader *reader, const ProtobufCMessage *message) {
    int status = mt_pprof_members_read(reader->profile, message);
    return status == -MEMTRACK_EFORMAT
               ? mt_pprof_reader_damaged(reader, "a process in it is malformed")
               : mt_pprof_reader_status(reader, status);
}

static const ProtobufCMessageDescriptor *descriptor(uint64_t field) {
    switch (field) {
    case MT_PPROF_SAMPLE_TYPE:
        return &pprof__value_type__descriptor;
    case MT_PPROF_MAPPING:
        return &pprof__mapping__descriptor;
    case MT_PPROF_LOCATION:
        return &pprof__location__descriptor;
    case MT_PPROF_FUNCTION:
        return &pprof__function__descriptor;
    case MT_PPROF_MEMTRACK:
        return &pprof__memtrack__descriptor;
    case MT_PPROF_MODEL:
        return &pprof__model__descriptor;
    case MT_PPROF_TIME_AXIS:
        return &pprof__time_axis__descriptor;
    case MT_PPROF_SCOPES:
        return &pprof__scopes__descriptor;
    case MT_PPROF_MEMBER:
        return mt_pprof_members_type();
    case MT_PPROF_LINES:
        return mt_pprof_lines_descriptor();
    default:
        return NULL;
    }
}

static int take_message(struct mt_pprof_reader *reader, uint64_t field,
                        const ProtobufCMessage *message) {
    switch (field) {
    case MT_PPROF_SAMPLE_TYPE:
        return take_sample_type(reader, (const Pprof__ValueType *)message);
    case MT_PPROF_MAPPING:
        return mt_pprof_model_read_mapping(reader, (const Pprof__Mapping *)message);
    case MT_PPROF_LOCATION:
        return mt_pprof_model_read_location(reader, (const Pprof__Location *)message);
    case MT_PPROF_FUNCTION:
        return mt_pprof_model_read_function(reader, (const Pprof__Function *)message);
    case MT_PPROF_MEMTRACK:
        return take_info(reader, (const Pprof__Memtrack *)message);
    case MT_PPROF_MODEL:
        return mt_pprof_model_read(reader, (const Pprof__Model *)message);
    case MT_PPROF_SCOPES:
        return take_scopes(reader, (const Pprof__Scopes *)message);
    case MT_PPROF_MEMBER:
        return take_member(reader, message);
    case MT_PPROF_LINES:
        return mt_pprof_lines_read(reader, message);
    default:
        return take_time_axis(reader, (const Pprof__TimeAxis *)message);
    }
}

static int read_message(struct mt_pprof_reader *reader, uint64_t field, const uint8_t *data,
                        size_t bytes) {
    reader->scratch_used = reader->unpacked_bytes = 0;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor(field), &reader->allocator, bytes, data);
    if (!message)
        return mt_pprof_reader_damaged(
            reader, "field %llu is malformed, or larger than any that memtrack or others write",
            (unsigned long long)field);
    int status = take_message(reader, field, message);
    protobuf_c_message_free_unpacked(message, &reader->allocator);
    return status;
}

/* Takes a number of at most 10 bytes from [*at, end). Returns false when there is none. */
static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; *at < end && shift < 70; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* A field of the period type: its two numbers, and the messages of memtrack's own in it. */
static int read_period_field(struct mt_pprof_reader *reader, uint64_t tag, const uint8_t **at,
                             const uint8_t *end) {
    uint64_t field = tag >> 3, value = 0;
    unsigned wire_type = tag & 7;
    bool is_number = wire_type == MT_PPROF_VARINT, is_bytes = wire_type == MT_PPROF_BYTES;
    bool good = !(is_number || is_bytes) || take_varint(at, end, &value);
    size_t left = (size_t)(end - *at);
    uint64_t bytes = is_number ? 0 : is_bytes ? value : wire_type == MT_PPROF_FIXED64 ? 8 : 4;
    good &= is_number || is_bytes || wire_type == MT_PPROF_FIXED64 || wire_type == MT_PPROF_FIXED32;
    if (!good || bytes > left)
        return mt_pprof_reader_damaged(reader, "field %d is malformed", MT_PPROF_PERIOD_TYPE);
    if (is_number && field == 1)
        reader->period_type = (int64_t)value;
    else if (is_number && field == 2)
        reader->period_unit = (int64_t)value;
    const uint8_t *data = *at;
    *at += bytes;
    return is_bytes && field >= MT_PPROF_MEMTRACK && descriptor(field)
               ? read_message(reader, field, data, (size_t)bytes)
               : 0;
}

static int read_period(struct mt_pprof_reader *reader, const uint8_t *data, size_t bytes) {
    const uint8_t *at = data, *end = data + bytes;
    int status = 0;
    while (status == 0 && at < end) {
        uint64_t tag;
        if (!take_varint(&at, end, &tag))
            return mt_pprof_reader_damaged(reader, "field %d is malformed", MT_PPROF_PERIOD_TYPE);
        status = read_period_field(reader, tag, &at, end);
    }
    return status;
}

static int read_bytes_field(struct mt_pprof_reader *reader, uint64_t field, uint64_t bytes) {
    bool known = field == MT_PPROF_STRING || field == MT_PPROF_SAMPLE ||
                 field == MT_PPROF_PERIOD_TYPE || descriptor(field);
    if (!known)
        return mt_inflate_skip(reader->in, bytes);
    if (bytes > MT_PPROF_MESSAGE_LIMIT) {
        return mt_pprof_reader_damaged(reader, "a field %llu of %llu bytes",
                                       (unsigned long long)field, (unsigned long long)bytes);
    }
    const uint8_t *data;
    int status = mt_inflate_take(reader->in, (size_t)bytes, &data);
    if (status < 0)
        return status;
    switch (field) {
    case MT_PPROF_SAMPLE:
        status = mt_pprof_sample_read(reader, data, (size_t)bytes);
        break;
    case MT_PPROF_STRING:
        status = read_string(reader, data, (size_t)bytes);
        break;
    case MT_PPROF_PERIOD_TYPE:
        status = read_period(reader, data, (size_t)bytes);
        break;
    default:
        status = read_message(reader, field, data, (size_t)bytes);
    }
    return status < 0 ? status : mt_pprof_limits_memory(reader);
}

static void take_number(struct mt_pprof_reader *reader, uint64_t field, uint64_t value) {
    switch (field) {
    case MT_PPROF_TIME_NANOS:
        reader->time_nanos = value;
        break;
    case MT_PPROF_DURATION_NANOS:
        reader->duration_nanos = value;
        break;
    case MT_PPROF_PERIOD:
        reader->period = (int64_t)value;
        break;
    default:
        break;
    }
}

static int read_field(struct mt_pprof_reader *reader, uint64_t tag) {
    uint64_t value = 0;
    unsigned wire_type = tag & 7;
    if (tag >> 3 == 0)
        return mt_pprof_reader_damaged(reader, "a field number is 0");
    switch (wire_type) {
    case MT_PPROF_FIXED64:
        return mt_inflate_skip(reader->in, 8);
    case MT_PPROF_FIXED32:
        return mt_inflate_skip(reader->in, 4);
    case MT_PPROF_VARINT:
    case MT_PPROF_BYTES: {
        int status = mt_inflate_varint(reader->in, &value);
        if (status == 0 || status == 2)
            return mt_pprof_reader_damaged(reader, status ? "a number in it is too long"
                                                          : "it ends within a field");
        if (status < 0)
            return status;
        break;
    }
    default:
        return mt_pprof_reader_damaged(reader, "unknown wire type %u", wire_type);
    }
    if (wire_type == MT_PPROF_BYTES)
        return read_bytes_field(reader, tag >> 3, value);
    take_number(reader, tag >> 3, value);
    return 0;
}

static int read_fields(struct mt_pprof_reader *reader) {
    for (;;) {
        uint64_t tag;
        int status = mt_inflate_varint(reader->in, &tag);
        if (status == 2)
            return mt_pprof_reader_damaged(reader, "a number in it is too long");
        if (status <= 0)
            return status;
        status = read_field(reader, tag);
        if (status < 0)
            return status;
    }
}

/* ---- whole ----------------------------------------------------------------------------------- */

static int intern_keys(struct mt_pprof_reader *reader) {
    const struct {
        mt_string *string;
        const char *text;
    } keys[] = {
        {&reader->key_thread, MT_PPROF_KEY_THREAD},
        {&reader->key_scope, MT_PPROF_KEY_SCOPE},
        {&reader->key_domain, MT_PPROF_KEY_DOMAIN},
        {&reader->key_bytes, MT_PPROF_KEY_BYTES},
        {&reader->key_stack, MT_PPROF_KEY_STACK},
        {&reader->truncated, MT_PPROF_TRUNCATED},
        {&reader->lossy, MT_PPROF_LOSSY},
        {&reader->malloc_domain, MT_PPROF_MALLOC},
        {&reader->key_process, MT_PPROF_KEY_PROCESS},
        {&reader->key_base, MT_PPROF_KEY_BASE},
        {&reader->base, MT_PPROF_BASE},
        {&reader->key_missing, MT_PPROF_KEY_MISSING},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        *keys[i].string = mt_profile_intern(reader->profile, keys[i].text);
        if (*keys[i].string == UINT32_MAX)
            return mt_pprof_reader_status(reader, -MEMTRACK_ENOMEM);
    }
    return 0;
}

/* Takes what a profile of another tool says about itself. */
static int finish_foreign(struct mt_pprof_reader *reader) {
    struct mt_profile_info *info = &reader->profile->info;
    mt_string unit;
    int status = mt_pprof_reader_string(reader, (uint64_t)reader->period_unit, &unit);
    if (status < 0)
        return status;
    info->start_time_ns = reader->time_nanos;
    info->duration_ns = reader->duration_nanos;
    if (reader->period > 1 && strcmp(mt_profile_text(reader->profile, unit), "bytes") == 0)
        info->sample_bytes = (uint64_t)reader->period;
    for (size_t i = 0; i < reader->profile->n_samples; i++)
        info->has_size_histogram |= reader->profile->samples[i].has_size_class;
    mt_profile_sum_totals(reader->profile);
    return 0;
}

/* A change of a sample that does not exist would be an index out of range in every view. */
static int check_time_axis(struct mt_pprof_reader *reader) {
    const struct mt_profile_info *info = &reader->profile->info;
    for (size_t i = 0; i < info->n_changes; i++)
        if (info->changes[i].sample >= reader->profile->n_samples ||
            info->changes[i].tick >= info->n_ticks)
            return mt_pprof_reader_damaged(reader, "the time axis refers to what is not there");
    return 0;
}

static int read_whole(struct mt_pprof_reader *reader) {
    int status = intern_keys(reader);
    if (status == 0)
        status = read_fields(reader);
    if (status == 0)
        status = mt_pprof_sample_finish(reader);
    if (status == 0)
        status = mt_pprof_model_finish(reader);
    if (status == 0)
        status = mt_pprof_limits_frames(reader);
    if (status == 0)
        status = check_time_axis(reader);
    if (status == 0 && !reader->profile->info.is_memtrack)
        status = finish_foreign(reader);
    return status;
}

static void free_reader(struct mt_pprof_reader *reader) {
    mt_ids_free(&reader->location_ids);
    mt_ids_free(&reader->function_ids);
    mt_ids_free(&reader->mapping_ids);
    free(reader->strings);
    free(reader->path_copy);
    free(reader->raw_values);
    free(reader->labels);
    free(reader->location_defined);
    free(reader->functions);
    free(reader->function_defined);
    free(reader->mapping_defined);
    free(reader);
}

static int read_stream(struct mt_inflate *in, const char *name, struct mt_profile **out,
                       struct mt_error *error) {
    struct mt_pprof_reader *reader = calloc(1, sizeof *reader);
    struct mt_profile *profile = mt_profile_new();
    if (!reader || !profile) {
        free(reader);
        mt_profile_free(profile);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading", name);
    }
    reader->name = name;
    reader->error = error;
    reader->in = in;
    reader->profile = profile;
    reader->allocator = (ProtobufCAllocator){scratch_alloc, scratch_free, reader};
    int status = read_whole(reader);
    free_reader(reader);
    if (status < 0) {
        mt_profile_free(profile);
        return status;
    }
    *out = profile;
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

struct source {
    const char *name;
    enum mt_profile_page_part part;
    bool is_inside; /* a page */
};

static int read_any(struct mt_inflate *in, const struct source *source, struct mt_profile **out,
                    struct mt_error *error);

/* Reads the profile that a page holds. */
static int read_inside(struct mt_inflate *page_in, const struct mt_profile_page *page,
                       const char *name, struct mt_profile **out, struct mt_error *error) {
    const struct source inside = {name, MT_PAGE_ONLY, true};
    const uint8_t *ignored;
    size_t bytes;
    struct mt_inflate *in = mt_inflate_new(-1, page->profile, page->n_profile, name, error);
    int status = in ? mt_inflate_peek(in, 1, &ignored, &bytes) : -MEMTRACK_ENOMEM;
    if (status == 0 && mt_inflate_is_packed(in) && mt_inflate_is_packed(page_in))
        status = mt_error_set(error, MEMTRACK_EFORMAT, "Unpack it once.",
                              "%s is packed, and the profile in it once more", name);
    if (status == 0)
        status = read_any(in, &inside, out, error);
    mt_inflate_free(in);
    return status;
}

/* A page of memtrack's, or of somebody else's. */
static int read_page(struct mt_inflate *in, const struct source *source, struct mt_profile **out,
                     struct mt_error *error) {
    struct mt_profile_page page;
    int status = mt_profile_page_take(in, source->name, source->part, &page, error);
    if (status == 0 && page.profile && !source->is_inside) {
        status = read_inside(in, &page, source->name, out, error);
        if (status == 0)
            status = mt_profile_page_add_lines(&page, source->name, source->part, *out, error);
        if (status < 0) {
            mt_profile_free(*out);
            *out = NULL;
        }
    } else if (status == 0)
        status = mt_foreign_refuse(page.html, page.n_html, mt_inflate_is_packed(in), source->name,
                                   error);
    free(page.html);
    return status;
}

static int refuse_part(const char *name, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EFORMAT, "Leave out what is behind the #.",
                        "%s is not a page that compares two profiles", name);
}

/* It shows what it is when it is unpacked. */
static int read_any(struct mt_inflate *in, const struct source *source, struct mt_profile **out,
                    struct mt_error *error) {
    const uint8_t *head;
    size_t bytes;
    int status = mt_inflate_peek(in, MT_FOREIGN_HEAD, &head, &bytes);
    if (status < 0)
        return status;
    if (mt_profile_page_is_html(head, bytes))
        return read_page(in, source, out, error);
    if (source->part != MT_PAGE_ONLY)
        return refuse_part(source->name, error);
    mt_others_read *read = mt_others_find(in, source->name);
    if (read)
        return read(in, source->name, out, error);
    status = mt_inflate_peek(in, MT_FOREIGN_HEAD, &head, &bytes);
    if (status == 0)
        status = mt_foreign_refuse(head, bytes, mt_inflate_is_packed(in), source->name, error);
    return status < 0 ? status : read_stream(in, source->name, out, error);
}

static int open_regular(const char *path, struct mt_error *error) {
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not make us wait */
    if (fd < 0) {
        return mt_error_set(error, MEMTRACK_EIO,
                            errno == ENOENT ? "memtrack list shows the profiles here."
                                            : "Check permissions.",
                            "cannot open %s: %s", path, strerror(errno));
    }
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return mt_error_set(error, MEMTRACK_EFORMAT,
                            "Give a profile, such as memtrack.PROG.PID.pb.gz.",
                            "%s is not a memtrack or pprof profile: it is %s", path,
                            S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
    }
    return fd;
}

/* Opens the file of a path, without the part of a page behind it. */
static int open_part(const char *path, enum mt_profile_page_part *part, struct mt_error *error) {
    char *file = strndup(path, mt_profile_page_path(path, part));
    int fd = file ? open_regular(file, error)
                  : mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", path);
    free(file);
    return fd;
}

int mt_pprof_read(const char *path, struct mt_profile **out, struct mt_error *error) {
    struct source source = {.name = path};
    *out = NULL;
    int fd = open_part(path, &source.part, error);
    if (fd < 0)
        return fd;
    struct mt_inflate *in = mt_inflate_new(fd, NULL, 0, path, error);
    int status = in ? read_any(in, &source, out, error) : -MEMTRACK_ENOMEM;
    mt_inflate_free(in);
    close(fd);
    return status;
}

int mt_pprof_read_memory(const void *data, size_t bytes, struct mt_profile **out,
                         struct mt_error *error) {
    return mt_pprof_read_named("profile in memory", data, bytes, out, error);
}

int mt_pprof_read_named(const char *name, const void *data, size_t bytes, struct mt_profile **out,
                        struct mt_error *error) {
    const struct source source = {.name = name};
    *out = NULL;
    struct mt_inflate *in = mt_inflate_new(-1, data, bytes, name, error);
    int status = in ? read_any(in, &source, out, error) : -MEMTRACK_ENOMEM;
    mt_inflate_free(in);
    return status;
}
