/* SPDX-License-Identifier: MIT */
/* What every part of the reader needs of its state: messages that name the file, arrays that grow,
 * strings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/pprof/reader.h"

int mt_pprof_reader_damaged(struct mt_pprof_reader *reader, const char *format, ...) {
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    /* A file that did not begin as a profile is none. What it is is not known, and it may be
     * sound. */
    if (reader->n_strings == 0 && reader->n_columns == 0 && reader->profile->n_samples == 0)
        return mt_error_set(
            reader->error, MEMTRACK_EFORMAT,
            "Give one that memtrack run wrote, or a heap profile in pprof's format.",
            "%s is not a memtrack or pprof profile", reader->name);
    return mt_error_set(reader->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged at byte %llu%s: %s", reader->name,
                        (unsigned long long)mt_inflate_taken(reader->in),
                        mt_inflate_is_packed(reader->in) ? " (unpacked)" : "", what);
}

static int no_memory(struct mt_pprof_reader *reader) {
    return mt_error_set(reader->error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                        reader->name);
}

int mt_pprof_reader_status(struct mt_pprof_reader *reader, int64_t status) {
    switch (status) {
    case -MEMTRACK_ENOMEM:
        return no_memory(reader);
    case -MEMTRACK_ELIMIT:
        return mt_error_set(reader->error, MEMTRACK_ELIMIT, "",
                            "%s: too large: more than 4 billion frames or samples", reader->name);
    default:
        return status < 0 ? (int)status : 0;
    }
}

int mt_pprof_reader_reserve(struct mt_pprof_reader *reader, void *array, size_t *capacity, size_t n,
                            size_t element_bytes) {
    return mt_array_reserve(array, capacity, n, element_bytes) ? 0 : no_memory(reader);
}

int mt_pprof_reader_string(struct mt_pprof_reader *reader, uint64_t file_index, mt_string *string) {
    *string = 0;
    if (file_index >= reader->n_strings) {
        if (file_index == 0)
            return 0;
        return mt_pprof_reader_damaged(reader, "it refers to string %llu of %zu",
                                       (unsigned long long)file_index, reader->n_strings);
    }
    *string = reader->strings[file_index];
    return 0;
}
