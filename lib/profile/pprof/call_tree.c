/* SPDX-License-Identifier: MIT */
/*
 * One string, one function and one location for each name that a call has; ids are those of the
 * order in which names are met. Like the profile itself (write.c) the message is never built: its
 * fields go into the gzip stream one by one.
 *
 *   sample types, strings, functions, locations │ samples …
 */
#include "profile/pprof/call_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/places.h"
#include "profile/pprof/fields.h"
#include "profile/pprof/pprof-local.h"
#include "profile/strings.h"

enum { N_TYPES = 1 + MT_N_CALL_VALUES };

static const struct {
    const char *type, *unit;
} types[N_TYPES] = {
    {"calls", "count"},
    [1 + MT_CALL_DURATION_NS] = {"time", "nanoseconds"},
    [1 + MT_CALL_NET_BYTES] = {"net_space", "bytes"},
    [1 + MT_CALL_ALLOCATED_BYTES] = {"alloc_space", "bytes"},
    [1 + MT_CALL_ALLOCATED_BLOCKS] = {"alloc_objects", "count"},
};

/* The string table: "", those of the types, "...", the program, then name and file of each
 * function, and what a comment says. */
enum { FIRST_TYPE = 1, CUT_STRING = FIRST_TYPE + 2 * N_TYPES, EXE_STRING, FIRST_NAME };

struct writer {
    const struct mt_profile *profile;
    struct mt_deflate *out;
    uint8_t *packed;
    size_t packed_capacity;
    uint64_t *id;     /* of each string of the profile that is a function's name; 0: none */
    mt_string *names; /* of each id */
    size_t n_names;
    struct mt_place *places;
    uint64_t *path;
    size_t path_capacity;
};

static int put(struct writer *w, unsigned field, const ProtobufCMessage *message) {
    size_t bytes = protobuf_c_message_get_packed_size(message);
    if (!mt_array_reserve(&w->packed, &w->packed_capacity, bytes + 1, 1))
        return -MEMTRACK_ENOMEM;
    protobuf_c_message_pack(message, w->packed);
    return mt_pprof_fields_bytes(w->out, field, w->packed, bytes);
}

static int name_functions(struct writer *w) {
    const struct mt_scopes *scopes = &w->profile->info.scopes;
    w->id = calloc(mt_strings_count(w->profile->strings) + 1, sizeof *w->id);
    w->names = calloc(scopes->n_calls + 1, sizeof *w->names);
    w->places = mt_places_new(w->profile);
    if (!w->id || !w->names || !w->places)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < scopes->n_calls; i++)
        if (w->id[scopes->calls[i].name] == 0) {
            w->names[w->n_names++] = scopes->calls[i].name;
            w->id[scopes->calls[i].name] = w->n_names;
        }
    return 0;
}

/* ---- head ------------------------------------------------------------------------------------ */

static int put_strings(struct writer *w) {
    int status = mt_pprof_fields_string(w->out, "");
    for (size_t i = 0; status == 0 && i < N_TYPES; i++) {
        status = mt_pprof_fields_string(w->out, types[i].type);
        if (status == 0)
            status = mt_pprof_fields_string(w->out, types[i].unit);
    }
    if (status == 0)
        status = mt_pprof_fields_string(w->out, "...");
    if (status == 0)
        status = mt_pprof_fields_string(w->out, mt_profile_text(w->profile, w->profile->info.exe));
    for (size_t i = 0; status == 0 && i < w->n_names; i++) {
        status = mt_pprof_fields_string(w->out, mt_profile_text(w->profile, w->names[i]));
        if (status == 0)
            status = mt_pprof_fields_string(
                w->out, mt_profile_text(w->profile, w->places[w->names[i]].file));
    }
    if (status == 0 && mt_profile_scopes_are_estimates(&w->profile->info.scopes))
        status = mt_pprof_fields_string(w->out, "estimates: " MT_SCOPES_ESTIMATED);
    return status;
}

static int put_types(struct writer *w) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < N_TYPES; i++) {
        Pprof__ValueType message = PPROF__VALUE_TYPE__INIT;
        message.type = (int64_t)(FIRST_TYPE + 2 * i);
        message.unit = message.type + 1;
        status = put(w, MT_PPROF_SAMPLE_TYPE, &message.base);
    }
    if (status == 0)
        status = mt_pprof_fields_number(w->out, MT_PPROF_DEFAULT_SAMPLE_TYPE,
                                        FIRST_TYPE + 2 * (1 + MT_CALL_DURATION_NS));
    if (status == 0)
        status =
            mt_pprof_fields_number(w->out, MT_PPROF_TIME_NANOS, w->profile->info.start_time_ns);
    return status != 0 ? status
                       : mt_pprof_fields_number(w->out, MT_PPROF_DURATION_NANOS,
                                                w->profile->info.duration_ns);
}

/* Writes function and location of this id; the one behind all names is that of cut paths. */
static int put_function(struct writer *w, uint64_t id) {
    bool is_cut = id > w->n_names;
    Pprof__Function function = PPROF__FUNCTION__INIT;
    Pprof__Location location = PPROF__LOCATION__INIT;
    Pprof__Line line = PPROF__LINE__INIT, *lines = &line;
    function.id = location.id = line.function_id = id;
    function.name = is_cut ? CUT_STRING : (int64_t)(FIRST_NAME + 2 * (id - 1));
    function.system_name = function.name;
    if (!is_cut) {
        function.filename = function.name + 1;
        function.start_line = line.line = w->places[w->names[id - 1]].line;
    }
    location.mapping_id = 1;
    location.n_line = 1;
    location.line = &lines;
    int status = put(w, MT_PPROF_FUNCTION, &function.base);
    return status != 0 ? status : put(w, MT_PPROF_LOCATION, &location.base);
}

static int put_head(struct writer *w) {
    Pprof__Mapping mapping = PPROF__MAPPING__INIT;
    mapping.id = 1;
    mapping.filename = EXE_STRING;
    mapping.has_functions = true;
    int status = put_types(w);
    if (status == 0)
        status = put_strings(w);
    if (status == 0 && mt_profile_scopes_are_estimates(&w->profile->info.scopes))
        status = mt_pprof_fields_number(w->out, MT_PPROF_COMMENT, FIRST_NAME + 2 * w->n_names);
    if (status == 0)
        status = put(w, MT_PPROF_MAPPING, &mapping.base);
    for (uint64_t id = 1; status == 0 && id <= w->n_names + 1; id++)
        status = put_function(w, id);
    return status;
}

/* ---- samples --------------------------------------------------------------------------------- */

static int put_sample(struct writer *w, const struct mt_scope_call *call) {
    const struct mt_scopes *scopes = &w->profile->info.scopes;
    Pprof__Sample sample = PPROF__SAMPLE__INIT;
    int64_t value[N_TYPES] = {call->count < INT64_MAX ? (int64_t)call->count : INT64_MAX};
    memcpy(value + 1, call->own, sizeof call->own);
    for (const struct mt_scope_call *c = call;; c = &scopes->calls[c->parent - 1]) {
        if (!mt_array_reserve(&w->path, &w->path_capacity, sample.n_location_id + 2,
                              sizeof *w->path))
            return -MEMTRACK_ENOMEM;
        w->path[sample.n_location_id++] = w->id[c->name];
        if (c->parent == 0) {
            if (c->is_cut)
                w->path[sample.n_location_id++] = w->n_names + 1;
            break;
        }
    }
    sample.location_id = w->path;
    sample.n_value = N_TYPES;
    sample.value = value;
    return put(w, MT_PPROF_SAMPLE, &sample.base);
}

int mt_pprof_call_tree_write(const struct mt_profile *profile, int fd, struct mt_error *error) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    struct writer w = {.profile = profile, .out = mt_deflate_new(fd)};
    int status = w.out ? name_functions(&w) : -MEMTRACK_ENOMEM;
    if (status == 0)
        status = put_head(&w);
    for (size_t i = 0; status == 0 && i < scopes->n_calls; i++)
        if (scopes->calls[i].count != 0)
            status = put_sample(&w, &scopes->calls[i]);
    if (status == 0)
        status = mt_deflate_finish(w.out);
    int saved_errno = errno;
    mt_deflate_free(w.out);
    free(w.packed);
    free(w.id);
    free(w.names);
    free(w.places);
    free(w.path);
    if (status == -MEMTRACK_EIO)
        return mt_error_set(error, MEMTRACK_EIO, "Free some space, or write to another place.",
                            "cannot write the calls: %s", strerror(saved_errno));
    return status == 0
               ? 0
               : mt_error_set(error, MEMTRACK_ENOMEM, "", "cannot write the calls: out of memory");
}
