/* SPDX-License-Identifier: MIT */
/*
 * Writing pprof. The outermost message is never built: each field of Profile is packed by
 * protobuf-c on its own and goes, behind its tag and length, straight into the gzip stream. Memory
 * in use is one sub-message.
 *
 *   sample types, strings, info, mappings, functions, locations, model
 *   │ samples … │ time axis, scopes
 *
 * Fields may come in any order; this one lets a reader resolve everything in a sample at once. File
 * indexes and ids are those of the profile (ids + 1), so no table of translations is needed: the
 * strings that only the file needs (names of columns and labels) come behind the profile's own.
 *
 * Paths that were not recorded ([lossy]) have no frames, and viewers drop samples without frames
 * from their tables; the file gives them a location of their own so that columns still add up, and
 * names it in the model message.
 */
#include "profile/pprof/pprof.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/pprof/columns.h"
#include "profile/pprof/deflate.h"
#include "profile/pprof/fields.h"
#include "profile/pprof/metadata.h"
#include "profile/pprof/pprof-local.h"
#include "profile/pprof/used.h"
#include "profile/strings.h"

enum {
    MAX_EXTRA_STRINGS = 128,
    MAX_OWN_LABELS = 9, /* that a sample can have beside those of the process */
    MAX_LABELS = MAX_OWN_LABELS + MT_PPROF_METADATA,
    COMMENT_BYTES = 4096
};

struct writer {
    const struct mt_profile *profile;
    enum mt_value preferred; /* column that viewers open; MT_N_VALUES: nobody said */
    const char *drop_frames; /* NULL: none */
    struct mt_deflate *out;
    struct mt_used used;
    uint8_t *packed; /* room for one sub-message */
    size_t packed_capacity;
    const char *extra[MAX_EXTRA_STRINGS]; /* strings behind the profile's */
    size_t n_extra;
    int64_t period_type, period_unit; /* "space", "bytes" */
    int64_t key_thread, key_process, key_scope, key_domain, key_bytes, key_stack, truncated, lossy,
        key_missing, key_base, base;
    enum mt_value column[MT_N_VALUES];
    size_t n_columns;
    uint64_t *ids; /* room for one sample's frames */
    size_t ids_capacity;
    bool has_lossy;
    mt_string malloc_domain; /* UINT32_MAX: the profile has no such string */
    char comment[COMMENT_BYTES];
    struct mt_pprof_metadata metadata;
    Pprof__Label process_label[MT_PPROF_METADATA]; /* each sample has these */
    size_t n_process_labels;
};

/* ---- fields ---------------------------------------------------------------------------------- */

/*
 * What is memtrack's own is in a field of the period type, which comes as often as there are such
 * messages, each time with its two standard fields. Perfetto takes a file with an unknown field of
 * the outermost message for none of pprof's; unknown fields of inner messages are skipped by all.
 */
static int write_extension(struct writer *writer, unsigned field, size_t bytes) {
    uint8_t head[32], inner[64];
    size_t n = mt_pprof_fields_varint(inner, 1 << 3 | MT_PPROF_VARINT);
    n += mt_pprof_fields_varint(inner + n, (uint64_t)writer->period_type);
    n += mt_pprof_fields_varint(inner + n, 2 << 3 | MT_PPROF_VARINT);
    n += mt_pprof_fields_varint(inner + n, (uint64_t)writer->period_unit);
    n += mt_pprof_fields_varint(inner + n, (uint64_t)field << 3 | MT_PPROF_BYTES);
    n += mt_pprof_fields_varint(inner + n, bytes);
    size_t n_head = mt_pprof_fields_varint(head, MT_PPROF_PERIOD_TYPE << 3 | MT_PPROF_BYTES);
    n_head += mt_pprof_fields_varint(head + n_head, n + bytes);
    int status = mt_deflate_add(writer->out, head, n_head);
    if (status >= 0)
        status = mt_deflate_add(writer->out, inner, n);
    return status < 0 ? status : mt_deflate_add(writer->out, writer->packed, bytes);
}

static int write_message(void *context, unsigned field, const ProtobufCMessage *message) {
    struct writer *writer = context;
    size_t bytes = protobuf_c_message_get_packed_size(message);
    if (!mt_array_reserve(&writer->packed, &writer->packed_capacity, bytes, 1))
        return -MEMTRACK_ENOMEM;
    protobuf_c_message_pack(message, writer->packed);
    if (field >= MT_PPROF_MEMTRACK)
        return write_extension(writer, field, bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the writer owns it */
    return mt_pprof_fields_bytes(writer->out, field, writer->packed, bytes);
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Returns the index in the file of a text that need not be in the profile. */
static int64_t extra_string(struct writer *writer, const char *text) {
    size_t i = 0;
    while (i < writer->n_extra && strcmp(writer->extra[i], text) != 0)
        i++;
    if (i == writer->n_extra)
        writer->extra[writer->n_extra++] = text;
    return (int64_t)(mt_strings_count(writer->profile->strings) + i);
}

static int write_strings(struct writer *writer) {
    int status = 0;
    uint32_t n = mt_strings_count(writer->profile->strings);
    for (uint32_t i = 0; status == 0 && i < n; i++)
        status =
            mt_pprof_fields_string(writer->out, mt_used_has(writer->used.strings, i)
                                                    ? mt_strings_text(writer->profile->strings, i)
                                                    : "");
    for (size_t i = 0; status == 0 && i < writer->n_extra; i++)
        status = mt_pprof_fields_string(writer->out, writer->extra[i]);
    return status;
}

/* ---- head ------------------------------------------------------------------------------------ */

static int write_value_type(struct writer *writer, unsigned field, const char *type,
                            const char *unit) {
    Pprof__ValueType message = PPROF__VALUE_TYPE__INIT;
    message.type = extra_string(writer, type);
    message.unit = extra_string(writer, unit);
    return write_message(writer, field, &message.base);
}

static bool has_any(const struct mt_profile *profile, enum mt_value value) {
    bool found = false;
    for (size_t i = 0; !found && i < profile->n_samples; i++)
        found = profile->samples[i].value[value] != 0;
    return found;
}

/*
 * Viewers open a profile on its default column. Of a program that has ended nothing is live but
 * what it has left behind, often nothing at all, so its peak is the picture of it; of a running one
 * it is what it holds now. A column of zeroes is chosen only when there is no other.
 */
static enum mt_value default_column(const struct writer *writer) {
    static const enum mt_value ended[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                          MT_VALUE_TOTAL_BYTES},
                               running[] = {MT_VALUE_LIVE_BYTES, MT_VALUE_PEAK_BYTES,
                                            MT_VALUE_TOTAL_BYTES};
    const struct mt_profile *profile = writer->profile;
    const enum mt_value *order = profile->info.running ? running : ended;
    enum mt_value best = MT_N_VALUES;
    if (writer->preferred < MT_N_VALUES && profile->has_value[writer->preferred])
        return writer->preferred;
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++) {
        if (!profile->has_value[order[i]])
            continue;
        if (has_any(profile, order[i]))
            return order[i];
        if (best == MT_N_VALUES)
            best = order[i];
    }
    return best != MT_N_VALUES ? best : writer->column[0];
}

static int write_sample_types(struct writer *writer) {
    int status = 0;
    const char *preferred = mt_columns_name(default_column(writer)).type;
    for (size_t i = 0; status == 0 && i < writer->n_columns; i++) {
        struct mt_column name = mt_columns_name(writer->column[i]);
        status = write_value_type(writer, MT_PPROF_SAMPLE_TYPE, name.type, name.unit);
    }
    if (status == 0)
        status = write_value_type(writer, MT_PPROF_PERIOD_TYPE, "space", "bytes");
    if (status == 0) {
        uint64_t sample_bytes = writer->profile->info.sample_bytes;
        status =
            mt_pprof_fields_number(writer->out, MT_PPROF_PERIOD, sample_bytes ? sample_bytes : 1);
    }
    if (status == 0)
        status = mt_pprof_fields_number(writer->out, MT_PPROF_DEFAULT_SAMPLE_TYPE,
                                        (uint64_t)extra_string(writer, preferred));
    return status;
}

static void add_text_label(Pprof__Label *label, size_t *n, int64_t key, int64_t text) {
    pprof__label__init(&label[*n]);
    label[*n].key = key;
    label[*n].str = text;
    ++*n;
}

/* Writes "command: ARGV" with blanks between the arguments, for people: the extension has the
 * exact arguments. */
static void format_comment(struct writer *writer) {
    const struct mt_profile *profile = writer->profile;
    size_t n = (size_t)snprintf(writer->comment, COMMENT_BYTES, "command:");
    for (size_t i = 0; i < profile->info.n_command && n < COMMENT_BYTES; i++) {
        const char *argument = mt_profile_text(profile, profile->info.command[i]);
        n += (size_t)snprintf(writer->comment + n, COMMENT_BYTES - n, " %s", argument);
    }
}

static void find_process_labels(struct writer *writer) {
    const struct mt_pprof_metadata *metadata = &writer->metadata;
    for (size_t i = 0; i < metadata->n; i++)
        if (metadata->items[i].is_label)
            add_text_label(writer->process_label, &writer->n_process_labels,
                           extra_string(writer, metadata->items[i].key),
                           extra_string(writer, metadata->items[i].value));
}

static int write_head(struct writer *writer) {
    const struct mt_profile_info *info = &writer->profile->info;
    format_comment(writer);
    find_process_labels(writer);
    int status = write_sample_types(writer);
    if (status == 0)
        status = mt_pprof_fields_number(writer->out, MT_PPROF_TIME_NANOS, info->start_time_ns);
    if (status == 0)
        status = mt_pprof_fields_number(writer->out, MT_PPROF_DURATION_NANOS, info->duration_ns);
    if (status == 0 && writer->drop_frames)
        status = mt_pprof_fields_number(writer->out, MT_PPROF_DROP_FRAMES,
                                        (uint64_t)extra_string(writer, writer->drop_frames));
    if (status == 0 && info->n_command)
        status = mt_pprof_fields_number(writer->out, MT_PPROF_COMMENT,
                                        (uint64_t)extra_string(writer, writer->comment));
    for (size_t i = 0; status == 0 && i < writer->metadata.n; i++)
        status = mt_pprof_fields_number(
            writer->out, MT_PPROF_COMMENT,
            (uint64_t)extra_string(writer, writer->metadata.items[i].comment));
    if (status == 0)
        status = write_strings(writer);
    if (status == 0 && (info->is_memtrack || info->tool))
        status = mt_pprof_info_write(writer->profile, write_message, writer);
    return status;
}

/* ---- model ----------------------------------------------------------------------------------- */

static int write_mappings(struct writer *writer) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < writer->profile->n_mappings; i++) {
        const struct mt_mapping *mapping = &writer->profile->mappings[i];
        Pprof__Mapping message = PPROF__MAPPING__INIT;
        message.id = i + 1;
        message.memory_start = mapping->start;
        message.memory_limit = mapping->limit;
        message.file_offset = mapping->offset;
        message.filename = mapping->path;
        message.build_id = mapping->build_id;
        message.has_functions = mapping->has_functions;
        message.has_filenames = mapping->has_filenames;
        message.has_line_numbers = mapping->has_line_numbers;
        message.has_inline_frames = mapping->has_inline_frames;
        status = write_message(writer, MT_PPROF_MAPPING, &message.base);
    }
    return status;
}

static int write_functions(struct writer *writer) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < writer->profile->n_functions; i++) {
        const struct mt_function *function = &writer->profile->functions[i];
        if (!mt_used_has(writer->used.functions, i))
            continue;
        Pprof__Function message = PPROF__FUNCTION__INIT;
        message.id = i + 1;
        message.name = function->name;
        message.system_name = function->system_name;
        message.filename = function->file;
        message.start_line = function->start_line;
        status = write_message(writer, MT_PPROF_FUNCTION, &message.base);
    }
    if (status == 0 && writer->has_lossy) {
        Pprof__Function message = PPROF__FUNCTION__INIT;
        message.id = writer->profile->n_functions + 1;
        message.name = message.system_name = extra_string(writer, MT_PPROF_LOSSY_FRAME);
        status = write_message(writer, MT_PPROF_FUNCTION, &message.base);
    }
    return status;
}

static int write_location(struct writer *writer, Pprof__Location *message,
                          const struct mt_line *lines, size_t n) {
    Pprof__Line few[16], *room = few, *few_pointers[16], **pointers = few_pointers;
    if (n > sizeof few / sizeof *few) {
        room = calloc(n, sizeof *room);
        pointers = calloc(n, sizeof(Pprof__Line *));
    }
    int status = -MEMTRACK_ENOMEM;
    if (room && pointers) {
        for (size_t i = 0; i < n; i++) {
            pprof__line__init(&room[i]);
            room[i].function_id = (uint64_t)lines[i].function + 1;
            room[i].line = lines[i].line;
            pointers[i] = &room[i];
        }
        message->n_line = n;
        message->line = pointers;
        status = write_message(writer, MT_PPROF_LOCATION, &message->base);
        message->n_line = 0;
        message->line = NULL;
    }
    if (room != few) {
        free(room);
        free(pointers);
    }
    return status;
}

static int write_locations(struct writer *writer) {
    const struct mt_profile *profile = writer->profile;
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_locations; i++) {
        const struct mt_location *location = &profile->locations[i];
        if (!mt_used_has(writer->used.locations, i))
            continue;
        Pprof__Location message = PPROF__LOCATION__INIT;
        message.id = i + 1;
        message.mapping_id = location->mapping;
        message.address =
            location->exact || location->address == 0 ? location->address : location->address - 1;
        message.is_folded = location->is_folded;
        if (location->n_lines > profile->n_lines ||
            location->first_line > profile->n_lines - location->n_lines)
            return -MEMTRACK_EUSAGE;
        status = write_location(writer, &message, profile->lines + location->first_line,
                                location->n_lines);
    }
    if (status == 0 && writer->has_lossy) {
        struct mt_line line = {.function = (uint32_t)profile->n_functions};
        Pprof__Location message = PPROF__LOCATION__INIT;
        message.id = profile->n_locations + 1;
        status = write_location(writer, &message, &line, 1);
    }
    return status;
}

/* Writes one Model message for the elements from begin to end of each array. room holds 5 *
 * MT_PPROF_CHUNK ids. */
static int write_model_chunk(struct writer *writer, size_t begin, size_t end, uint64_t *room) {
    const struct mt_profile *profile = writer->profile;
    Pprof__Model model = PPROF__MODEL__INIT;
    model.exact_location_id = room;
    model.mapping_id = room + MT_PPROF_CHUNK;
    model.mapping_bias = room + 2 * MT_PPROF_CHUNK;
    model.function_id = room + 3 * MT_PPROF_CHUNK;
    model.function_address = room + 4 * MT_PPROF_CHUNK;
    for (size_t i = begin; i < end && i < profile->n_locations; i++)
        if (mt_used_has(writer->used.locations, i) &&
            (profile->locations[i].exact || profile->locations[i].address == 0))
            model.exact_location_id[model.n_exact_location_id++] = i + 1;
    for (size_t i = begin; i < end && i < profile->n_mappings; i++) {
        model.mapping_id[model.n_mapping_id++] = i + 1;
        model.mapping_bias[model.n_mapping_bias++] = profile->mappings[i].bias;
    }
    for (size_t i = begin; i < end && i < profile->n_functions; i++) {
        if (profile->functions[i].address && mt_used_has(writer->used.functions, i)) {
            model.function_id[model.n_function_id++] = i + 1;
            model.function_address[model.n_function_address++] = profile->functions[i].address;
        }
    }
    if (begin == 0 && writer->has_lossy)
        model.lossy_location_id = profile->n_locations + 1;
    return write_message(writer, MT_PPROF_MODEL, &model.base);
}

static int write_model(struct writer *writer) {
    const struct mt_profile *profile = writer->profile;
    size_t n = profile->n_locations;
    n = profile->n_functions > n ? profile->n_functions : n;
    n = profile->n_mappings > n ? profile->n_mappings : n;
    uint64_t *room = malloc(5 * MT_PPROF_CHUNK * sizeof *room);
    int status = room ? 0 : -MEMTRACK_ENOMEM;
    for (size_t begin = 0; status == 0 && (begin < n || begin == 0); begin += MT_PPROF_CHUNK)
        status = write_model_chunk(writer, begin, begin + MT_PPROF_CHUNK, room);
    free(room);
    return status;
}

/* ---- samples --------------------------------------------------------------------------------- */

static size_t sample_labels(const struct writer *writer, const struct mt_sample *sample,
                            Pprof__Label *label) {
    size_t n = 0;
    if (sample->thread)
        add_text_label(label, &n, writer->key_thread, sample->thread);
    if (sample->process)
        add_text_label(label, &n, writer->key_process, sample->process);
    if (sample->scope)
        add_text_label(label, &n, writer->key_scope, sample->scope);
    if (sample->domain && sample->domain != writer->malloc_domain)
        add_text_label(label, &n, writer->key_domain, sample->domain);
    if (sample->lossy)
        add_text_label(label, &n, writer->key_stack, writer->lossy);
    if (sample->truncated)
        add_text_label(label, &n, writer->key_stack, writer->truncated);
    if (sample->n_missing) {
        pprof__label__init(&label[n]);
        label[n].key = writer->key_missing;
        label[n++].num = sample->n_missing;
    }
    if (sample->is_base)
        add_text_label(label, &n, writer->key_base, writer->base);
    if (sample->has_size_class) {
        pprof__label__init(&label[n]);
        label[n].key = writer->key_bytes;
        label[n].num =
            sample->size_class ? (int64_t)(UINT64_C(1) << ((sample->size_class - 1) & 63)) : 0;
        label[n].num_unit = writer->key_bytes; /* the unit is called as the key is */
        n++;
    }
    for (size_t i = 0; i < writer->n_process_labels; i++)
        label[n++] = writer->process_label[i];
    return n;
}

static int sample_ids(struct writer *writer, const struct mt_sample *sample,
                      Pprof__Sample *message) {
    const struct mt_profile *profile = writer->profile;
    if (sample->n_frames > profile->n_frames ||
        sample->first_frame > profile->n_frames - sample->n_frames)
        return -MEMTRACK_EUSAGE;
    if (!mt_array_reserve(&writer->ids, &writer->ids_capacity, sample->n_frames + (size_t)1,
                          sizeof *writer->ids))
        return -MEMTRACK_ENOMEM;
    message->location_id = writer->ids;
    const uint32_t *frames = profile->frames + sample->first_frame;
    for (size_t i = 0; i < sample->n_frames; i++)
        writer->ids[i] = (uint64_t)frames[i] + 1;
    message->n_location_id = sample->n_frames;
    if (sample->lossy) {
        writer->ids[0] = profile->n_locations + 1;
        message->n_location_id = 1;
    }
    return 0;
}

static int write_samples(struct writer *writer) {
    const struct mt_profile *profile = writer->profile;
    Pprof__Label label[MAX_LABELS], *labels[MAX_LABELS];
    int64_t value[MT_N_VALUES];
    for (size_t i = 0; i < MAX_LABELS; i++)
        labels[i] = &label[i];
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        Pprof__Sample message = PPROF__SAMPLE__INIT;
        message.label = labels;
        message.n_label = sample_labels(writer, sample, label);
        message.value = value;
        message.n_value = writer->n_columns;
        for (size_t c = 0; c < writer->n_columns; c++)
            value[c] = sample->value[writer->column[c]];
        status = sample_ids(writer, sample, &message);
        if (status == 0)
            status = write_message(writer, MT_PPROF_SAMPLE, &message.base);
    }
    return status;
}

/* ---- whole ----------------------------------------------------------------------------------- */

static void prepare(struct writer *writer) {
    const struct mt_profile *profile = writer->profile;
    for (int value = 0; value < MT_N_VALUES; value++)
        if (profile->has_value[value])
            writer->column[writer->n_columns++] = (enum mt_value)value;
    writer->period_type = extra_string(writer, "space");
    writer->period_unit = extra_string(writer, "bytes");
    writer->key_thread = extra_string(writer, MT_PPROF_KEY_THREAD);
    writer->key_process = extra_string(writer, MT_PPROF_KEY_PROCESS);
    writer->key_scope = extra_string(writer, MT_PPROF_KEY_SCOPE);
    writer->key_domain = extra_string(writer, MT_PPROF_KEY_DOMAIN);
    writer->key_bytes = extra_string(writer, MT_PPROF_KEY_BYTES);
    writer->key_stack = extra_string(writer, MT_PPROF_KEY_STACK);
    writer->truncated = extra_string(writer, MT_PPROF_TRUNCATED);
    writer->lossy = extra_string(writer, MT_PPROF_LOSSY);
    extra_string(writer, MT_PPROF_LOSSY_FRAME);
    bool has_base = false, has_missing = false;
    for (size_t i = 0; i < profile->n_samples; i++) {
        writer->has_lossy |= profile->samples[i].lossy;
        has_base |= profile->samples[i].is_base;
        has_missing |= profile->samples[i].n_missing != 0;
    }
    if (has_missing)
        writer->key_missing = extra_string(writer, MT_PPROF_KEY_MISSING);
    if (has_base) {
        writer->key_base = extra_string(writer, MT_PPROF_KEY_BASE);
        writer->base = extra_string(writer, MT_PPROF_BASE);
    }
    writer->malloc_domain = UINT32_MAX;
    for (uint32_t i = 0; i < mt_strings_count(profile->strings); i++)
        if (strcmp(mt_strings_text(profile->strings, i), MT_PPROF_MALLOC) == 0)
            writer->malloc_domain = i;
}

static int write_all(struct writer *writer) {
    int (*const parts[])(struct writer *) = {write_head,      write_mappings, write_functions,
                                             write_locations, write_model,    write_samples};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int status = parts[i](writer);
        if (status < 0)
            return status;
    }
    int status = mt_pprof_time_write(writer->profile, write_message, writer);
    if (status == 0)
        status = mt_pprof_scopes_write(writer->profile, write_message, writer);
    if (status == 0)
        status = mt_pprof_members_write(writer->profile, write_message, writer);
    if (status == 0)
        status = mt_pprof_lines_write(writer->profile, write_message, writer);
    return status < 0 ? status : mt_deflate_finish(writer->out);
}

/* Writes the file, and frees what is in the writer. */
static int write_with(struct writer *writer, struct mt_error *error) {
    int status = -MEMTRACK_ENOMEM;
    if (writer->out) {
        prepare(writer);
        status = mt_pprof_metadata_make(&writer->metadata, writer->profile);
        if (status == 0)
            status =
                writer->n_columns ? mt_used_find(&writer->used, writer->profile) : -MEMTRACK_EUSAGE;
        if (status == 0)
            status = write_all(writer);
    }
    int saved_errno = errno;
    mt_used_free(&writer->used);
    mt_pprof_metadata_free(&writer->metadata);
    mt_deflate_free(writer->out);
    free(writer->packed);
    free(writer->ids);
    switch (status) {
    case 0:
        return 0;
    case -MEMTRACK_EIO:
        return mt_error_set(error, MEMTRACK_EIO,
                            "Free some space, or write to another place with -o.",
                            "cannot write the profile: %s", strerror(saved_errno));
    case -MEMTRACK_EUSAGE:
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "cannot write the profile: %s",
                            writer->n_columns ? "an index in it is out of range"
                                              : "it has no columns");
    default:
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "cannot write the profile: out of memory");
    }
}

int mt_pprof_write(const struct mt_profile *profile, int fd, struct mt_error *error) {
    return mt_pprof_write_preferring(profile, MT_N_VALUES, "", fd, error);
}

int mt_pprof_write_dropping(const struct mt_profile *profile, const char *drop_frames, int fd,
                            struct mt_error *error) {
    return mt_pprof_write_preferring(profile, MT_N_VALUES, drop_frames, fd, error);
}

int mt_pprof_write_preferring(const struct mt_profile *profile, enum mt_value preferred,
                              const char *drop_frames, int fd, struct mt_error *error) {
    struct writer writer = {.profile = profile,
                            .preferred = preferred,
                            .drop_frames = *drop_frames ? drop_frames : NULL,
                            .out = mt_deflate_new(fd)};
    return write_with(&writer, error);
}
