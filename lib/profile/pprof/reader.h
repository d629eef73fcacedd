/* SPDX-License-Identifier: MIT */
/*
 * The state of reading one pprof file (reader.c), shared by read.c (the outermost message),
 * sample.c (samples, labels, columns) and model.c (mappings, locations, functions). Private to
 * lib/profile.
 *
 * Fields of a Profile come in any order, so whatever is referred to before it is defined becomes a
 * placeholder with an index of its own; what is still a placeholder at the end is an error. Until
 * mt_pprof_model_finish, mt_string members of mappings and functions hold indexes of the file's
 * string table, and lines hold indexes of reader->functions.
 */
#ifndef MT_PROFILE_PPROF_READER_H
#define MT_PROFILE_PPROF_READER_H

#include "profile/ids.h"
#include "profile/inflate.h"
#include "profile/pprof/pprof-local.h"
#include "profile/strings.h"

enum { MT_PPROF_MAX_COLUMNS = 64, MT_PPROF_SCRATCH = 1 << 16, MT_PPROF_UNPACKED = 128 << 20 };

struct mt_raw_label {
    uint32_t sample;
    uint64_t key, text;
    int64_t number;
};

struct mt_pprof_reader {
    const char *name;
    struct mt_error *error;
    struct mt_inflate *in;
    struct mt_profile *profile;

    uint32_t *strings; /* file index to mt_string */
    size_t n_strings, string_capacity;

    /* columns */
    int64_t column_type[MT_PPROF_MAX_COLUMNS], column_unit[MT_PPROF_MAX_COLUMNS]; /* file strings */
    int column[MT_PPROF_MAX_COLUMNS]; /* mt_value or -1 */
    size_t n_columns;
    bool columns_known;
    int64_t period_type, period_unit, period;
    uint64_t time_nanos, duration_nanos;

    /* samples */
    const uint8_t *path; /* of the last sample, as it is in the file; NULL: not to compare with */
    size_t path_bytes;
    uint8_t *path_copy; /* where the file's bytes do not stay */
    size_t path_capacity;
    uint64_t sample_bytes; /* of all so far */
    int64_t *raw_values;   /* n_columns for each sample so far, while columns are not known */
    size_t raw_stride, raw_capacity;
    struct mt_raw_label *labels; /* those whose strings came too late */
    size_t n_labels, label_capacity;
    mt_string key_thread, key_process, key_scope, key_domain, key_bytes, key_stack, truncated,
        lossy, malloc_domain, key_base, base, key_missing;

    /* model */
    struct mt_ids location_ids, function_ids, mapping_ids;
    uint8_t *location_defined; /* by index; room for what profile->locations has room for */
    size_t location_defined_capacity;
    struct mt_function *functions;
    uint8_t *function_defined;
    size_t n_functions, function_capacity;
    uint8_t *mapping_defined; /* MT_PPROF_DEFINED, MT_PPROF_HAS_BIAS */
    size_t mapping_defined_capacity;
    bool has_model;
    uint64_t lossy_location_id;

    /* protobuf-c allocates here while a message is being unpacked */
    ProtobufCAllocator allocator;
    size_t scratch_used, unpacked_bytes;
    _Alignas(16) uint8_t scratch[MT_PPROF_SCRATCH];
};

enum { MT_PPROF_DEFINED = 1, MT_PPROF_HAS_BIAS = 2 };

/* Fills reader->error with "NAME is damaged at byte N: WHAT", or says that it is no profile when it
 * did not begin as one, and returns -MEMTRACK_EFORMAT. */
__attribute__((format(printf, 2, 3))) int mt_pprof_reader_damaged(struct mt_pprof_reader *reader,
                                                                  const char *format, ...);
/* Turns -MEMTRACK_ENOMEM and -MEMTRACK_ELIMIT of mt_profile_add_* into an error with a message;
 * passes others on. */
int mt_pprof_reader_status(struct mt_pprof_reader *reader, int64_t status);

/* Grows *array, of *capacity elements, to hold n. */
int mt_pprof_reader_reserve(struct mt_pprof_reader *reader, void *array, size_t *capacity, size_t n,
                            size_t element_bytes);

/* Returns the string of this file index, which must be in range. */
int mt_pprof_reader_string(struct mt_pprof_reader *reader, uint64_t file_index, mt_string *string);

/* Each of these reads one sub-message at data. They return 0, or an error that is filled. */
int mt_pprof_sample_read(struct mt_pprof_reader *reader, const uint8_t *data, size_t bytes);
int mt_pprof_model_read_mapping(struct mt_pprof_reader *reader, const Pprof__Mapping *message);
int mt_pprof_model_read_location(struct mt_pprof_reader *reader, const Pprof__Location *message);
int mt_pprof_model_read_function(struct mt_pprof_reader *reader, const Pprof__Function *message);
int mt_pprof_model_read(struct mt_pprof_reader *reader, const Pprof__Model *message);

/* Returns the index of the location with this id, which is made when it is new. */
int64_t mt_pprof_model_location(struct mt_pprof_reader *reader, uint64_t id);

/* Returns 0, or -MEMTRACK_ELIMIT with a message when what was read so far costs more than a file
 * of this size may. Frames are counted when the model is finished. */
int mt_pprof_limits_memory(struct mt_pprof_reader *reader);
int mt_pprof_limits_frames(struct mt_pprof_reader *reader);

/* To be called when every field has been read. Samples come first, because the model drops what
 * stands for lossy samples. */
int mt_pprof_sample_finish(struct mt_pprof_reader *reader);
int mt_pprof_model_finish(struct mt_pprof_reader *reader);

/* lines.c, which a page is built without. The first returns NULL where lines are not read. */
const ProtobufCMessageDescriptor *mt_pprof_lines_descriptor(void);
int mt_pprof_lines_read(struct mt_pprof_reader *reader, const ProtobufCMessage *message);

#endif
