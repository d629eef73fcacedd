/* SPDX-License-Identifier: MIT */
/* What rows are called. Keys are made on demand: a table prints twenty of the 300,000 paths that
 * were grouped. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/called.h"
#include "view/format/format.h"
#include "view/rows/rows-local.h"

__attribute__((format(printf, 1, 2))) static char *print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return n < 0 ? NULL : text;
}

char *mt_rows_key_of_frame(const struct mt_profile *profile, const struct mt_row_frame *frame) {
    const char *function = mt_profile_text(profile, frame->function);
    const char *module = basename(mt_profile_text(profile, frame->module));
    if (frame->file && frame->line)
        return print("%s:%" PRId64, mt_profile_text(profile, frame->file), frame->line);
    if (*function && strcmp(module, MT_PROFILE_JIT) == 0)
        return print("%s (%s)", function,
                     frame->file ? mt_profile_text(profile, frame->file) : module);
    if (*function && frame->function_offset != UINT64_MAX)
        return *module ? print("%s+0x%" PRIx64 " (%s)", function, frame->function_offset, module)
                       : print("%s+0x%" PRIx64, function, frame->function_offset);
    if (*function && !frame->address) /* text of another tool */
        return *module ? print("%s (%s)", function, module) : strdup(function);
    if (*function)
        return *module ? print("%s (%s+0x%" PRIx64 ")", function, module, frame->module_address)
                       : print("%s (0x%" PRIx64 ")", function, frame->module_address);
    if (*module && !frame->address)
        return print("[unknown] (%s)", module);
    if (*module)
        return print("0x%" PRIx64 " (%s)", frame->module_address, module);
    return frame->address ? print("0x%" PRIx64, frame->address) : strdup("[unknown]");
}

static char *stack_key(const struct mt_rows *rows, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated), bytes = 0;
    struct mt_row_frame *frames = calloc(n + 1, sizeof *frames);
    char *text = NULL;
    FILE *stream = frames ? open_memstream(&text, &bytes) : NULL;
    bool failed = !stream;
    mt_rows_stack(rows, row, frames, frames ? n : 0, &truncated);
    for (size_t i = 0; i < n && !failed; i++) {
        char *key = mt_rows_key_of_frame(rows->profile, &frames[i]);
        failed = !key || fprintf(stream, "%s%s", i ? ";" : "", key) < 0;
        free(key);
    }
    uint32_t missing = mt_rows_missing(rows, row);
    if (truncated && !failed)
        fputs(";[truncated]", stream);
    if (truncated && missing && !failed) /* equal frames of another depth are another row */
        fprintf(stream, " +%" PRIu32, missing);
    free(frames);
    failed |= stream && fclose(stream) != 0;
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}

static char *function_key(const struct mt_rows *rows, const struct mt_row *row) {
    const char *function = mt_profile_text(rows->profile, row->function);
    const char *file = mt_profile_text(rows->profile, row->file);
    const char *module = basename(mt_profile_text(rows->profile, row->module));
    const char *where = *file ? file : module;
    if (*function)
        return row->shares_name && *where ? print("%s (%s)", function, where) : strdup(function);
    return *module ? print("[unknown] (%s)", module) : strdup("[unknown]");
}

static char *file_key(const struct mt_rows *rows, const struct mt_row *row) {
    const char *module = basename(mt_profile_text(rows->profile, row->module));
    if (row->file)
        return strdup(mt_profile_text(rows->profile, row->file));
    return *module ? print("(%s)", module) : strdup("[unknown]");
}

/* The profile of one process need not say of each sample whose it is. */
static char *only_process(const struct mt_profile *profile) {
    if (!profile->info.is_memtrack)
        return strdup("[unknown]");
    return print("%" PRIu32 " %s", profile->info.pid, mt_called_name(profile));
}

static char *label_key(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    char size[MT_FORMAT_BYTES];
    switch (rows->options.by) {
    case MT_BY_THREAD:
        return strdup(sample->thread ? mt_profile_text(rows->profile, sample->thread)
                                     : "[unknown]");
    case MT_BY_SCOPE:
        return strdup(sample->scope ? mt_profile_text(rows->profile, sample->scope) : "[none]");
    case MT_BY_PROCESS:
        return sample->process ? strdup(mt_profile_text(rows->profile, sample->process))
                               : only_process(rows->profile);
    case MT_BY_SIZE:
        return strdup(sample->has_size_class ? mt_format_size_class(size, sample->size_class)
                                             : "[unknown]");
    default:
        return strdup(sample->domain ? mt_profile_text(rows->profile, sample->domain) : "malloc");
    }
}

char *mt_rows_key(const struct mt_rows *rows, const struct mt_row *row) {
    enum mt_group_by by = rows->options.by;
    if (row->sample == UINT32_MAX)
        return strdup("");
    if (!mt_group_by_is_frame(by) && by != MT_BY_STACK)
        return label_key(rows, row);
    if (row->entry == MT_NO_ENTRY)
        return strdup(rows->profile->samples[row->sample].lossy ? "[lossy]" : "[unknown]");
    switch (by) {
    case MT_BY_LINE: {
        struct mt_row_frame frame = {0};
        mt_rows_frame(rows, row, &frame);
        return mt_rows_key_of_frame(rows->profile, &frame);
    }
    case MT_BY_STACK:
        return stack_key(rows, row);
    case MT_BY_FUNCTION:
        return function_key(rows, row);
    case MT_BY_FILE:
        return file_key(rows, row);
    default:
        return strdup(row->module ? mt_profile_text(rows->profile, row->module) : "[unknown]");
    }
}
