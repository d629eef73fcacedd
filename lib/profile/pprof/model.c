/* SPDX-License-Identifier: MIT */
/*
 * Mappings, locations and functions of a pprof file, with their references checked. See
 * reader.h for what is provisional until the end.
 */
#include "profile/pprof/reader.h"

/* ---- placeholders ---------------------------------------------------------------------------- */

int64_t mt_pprof_model_location(struct mt_pprof_reader *reader, uint64_t id) {
    int64_t index = mt_ids_find(&reader->location_ids, id);
    if (index >= 0)
        return index;
    if (id == 0)
        return mt_pprof_reader_damaged(reader, "a location has the id 0");
    index = mt_profile_add_location(reader->profile, &(struct mt_location){0});
    if (index < 0)
        return mt_pprof_reader_status(reader, index);
    int status = mt_pprof_reader_reserve(reader, &reader->location_defined,
                                         &reader->location_defined_capacity, (size_t)index + 1, 1);
    if (status == 0) {
        reader->location_defined[index] = 0;
        status =
            mt_pprof_reader_status(reader, mt_ids_add(&reader->location_ids, id, (uint32_t)index));
    }
    return status < 0 ? status : index;
}

static int64_t mapping_index(struct mt_pprof_reader *reader, uint64_t id) {
    int64_t index = mt_ids_find(&reader->mapping_ids, id);
    if (index >= 0)
        return index;
    if (id == 0)
        return mt_pprof_reader_damaged(reader, "a mapping has the id 0");
    index = mt_profile_add_mapping(reader->profile, &(struct mt_mapping){0});
    if (index < 0)
        return mt_pprof_reader_status(reader, index);
    int status = mt_pprof_reader_reserve(reader, &reader->mapping_defined,
                                         &reader->mapping_defined_capacity, (size_t)index + 1, 1);
    if (status == 0) {
        reader->mapping_defined[index] = 0;
        status =
            mt_pprof_reader_status(reader, mt_ids_add(&reader->mapping_ids, id, (uint32_t)index));
    }
    return status < 0 ? status : index;
}

static int64_t function_index(struct mt_pprof_reader *reader, uint64_t id) {
    int64_t index = mt_ids_find(&reader->function_ids, id);
    if (index >= 0)
        return index;
    if (id == 0)
        return mt_pprof_reader_damaged(reader, "a function has the id 0");
    size_t n = reader->n_functions, defined_capacity = reader->function_capacity;
    int status = mt_pprof_reader_reserve(reader, &reader->functions, &reader->function_capacity,
                                         n + 1, sizeof *reader->functions);
    if (status == 0)
        status =
            mt_pprof_reader_reserve(reader, &reader->function_defined, &defined_capacity, n + 1, 1);
    if (status < 0)
        return status;
    reader->functions[n] = (struct mt_function){0};
    reader->function_defined[n] = 0;
    status = mt_pprof_reader_status(reader, mt_ids_add(&reader->function_ids, id, (uint32_t)n));
    reader->n_functions++;
    return status < 0 ? status : (int64_t)n;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Takes a file's string index that fits; whether there is such a string is known at the end. */
static int file_string(struct mt_pprof_reader *reader, int64_t index, mt_string *string) {
    if (index < 0 || index >= UINT32_MAX)
        return mt_pprof_reader_damaged(reader, "a string index is out of range");
    *string = (mt_string)index;
    return 0;
}

int mt_pprof_model_read_mapping(struct mt_pprof_reader *reader, const Pprof__Mapping *message) {
    int64_t index = mapping_index(reader, message->id);
    if (index < 0)
        return (int)index;
    if (reader->mapping_defined[index] & MT_PPROF_DEFINED)
        return mt_pprof_reader_damaged(reader, "two mappings have the id %llu",
                                       (unsigned long long)message->id);
    reader->mapping_defined[index] |= MT_PPROF_DEFINED;
    struct mt_mapping *mapping = &reader->profile->mappings[index];
    mapping->start = message->memory_start;
    mapping->limit = message->memory_limit;
    mapping->offset = message->file_offset;
    mapping->has_functions = message->has_functions;
    mapping->has_filenames = message->has_filenames;
    mapping->has_line_numbers = message->has_line_numbers;
    mapping->has_inline_frames = message->has_inline_frames;
    if (!(reader->mapping_defined[index] & MT_PPROF_HAS_BIAS))
        mapping->bias = mapping->start - mapping->offset;
    int status = file_string(reader, message->filename, &mapping->path);
    return status < 0 ? status : file_string(reader, message->build_id, &mapping->build_id);
}

static int take_lines(struct mt_pprof_reader *reader, const Pprof__Location *message,
                      struct mt_location *location) {
    struct mt_profile *profile = reader->profile;
    location->first_line = (uint32_t)profile->n_lines;
    location->n_lines = 0;
    for (size_t i = 0; i < message->n_line; i++) {
        if (message->line[i]->function_id == 0) /* other readers allow a line of no function */
            continue;
        int64_t index = function_index(reader, message->line[i]->function_id);
        if (index < 0)
            return (int)index;
        struct mt_line line = {.function = (uint32_t)index, .line = message->line[i]->line};
        int status = mt_pprof_reader_status(reader, mt_profile_add_lines(profile, &line, 1));
        if (status < 0)
            return status;
        location->n_lines++;
    }
    return 0;
}

int mt_pprof_model_read_location(struct mt_pprof_reader *reader, const Pprof__Location *message) {
    int64_t index = mt_pprof_model_location(reader, message->id);
    if (index < 0)
        return (int)index;
    if (reader->location_defined[index])
        return mt_pprof_reader_damaged(reader, "two locations have the id %llu",
                                       (unsigned long long)message->id);
    reader->location_defined[index] = MT_PPROF_DEFINED;
    struct mt_location *location = &reader->profile->locations[index];
    location->address = message->address;
    location->is_folded = message->is_folded;
    if (message->mapping_id) {
        int64_t mapping = mapping_index(reader, message->mapping_id);
        if (mapping < 0)
            return (int)mapping;
        location->mapping = (uint32_t)mapping + 1;
    }
    return take_lines(reader, message, location);
}

int mt_pprof_model_read_function(struct mt_pprof_reader *reader, const Pprof__Function *message) {
    int64_t index = function_index(reader, message->id);
    if (index < 0)
        return (int)index;
    if (reader->function_defined[index])
        return mt_pprof_reader_damaged(reader, "two functions have the id %llu",
                                       (unsigned long long)message->id);
    reader->function_defined[index] = MT_PPROF_DEFINED;
    struct mt_function *function = &reader->functions[index];
    function->start_line = message->start_line;
    int status = file_string(reader, message->name, &function->name);
    if (status == 0)
        status = file_string(reader, message->system_name, &function->system_name);
    return status < 0 ? status : file_string(reader, message->filename, &function->file);
}

int mt_pprof_model_read(struct mt_pprof_reader *reader, const Pprof__Model *message) {
    if (message->n_mapping_id != message->n_mapping_bias ||
        message->n_function_id != message->n_function_address)
        return mt_pprof_reader_damaged(reader, "columns of the model differ in length");
    reader->has_model = true;
    for (size_t i = 0; i < message->n_exact_location_id; i++) {
        int64_t index = mt_pprof_model_location(reader, message->exact_location_id[i]);
        if (index < 0)
            return (int)index;
        reader->profile->locations[index].exact = true;
    }
    for (size_t i = 0; i < message->n_mapping_id; i++) {
        int64_t index = mapping_index(reader, message->mapping_id[i]);
        if (index < 0)
            return (int)index;
        reader->profile->mappings[index].bias = message->mapping_bias[i];
        reader->mapping_defined[index] |= MT_PPROF_HAS_BIAS;
    }
    for (size_t i = 0; i < message->n_function_id; i++) {
        int64_t index = function_index(reader, message->function_id[i]);
        if (index < 0)
            return (int)index;
        reader->functions[index].address = message->function_address[i];
    }
    if (message->lossy_location_id)
        reader->lossy_location_id = message->lossy_location_id;
    return 0;
}

/* ---- end ------------------------------------------------------------------------------------- */

/* Takes away the location that a file has for lossy samples, which have no frames in a profile.
 * Does so only if it is the last one, as this project writes it: then nothing else can refer to
 * it or its line. */
static void drop_lossy_location(struct mt_pprof_reader *reader) {
    struct mt_profile *profile = reader->profile;
    int64_t index = mt_ids_find(&reader->location_ids, reader->lossy_location_id);
    if (!reader->lossy_location_id || index < 0 || (size_t)index + 1 != profile->n_locations)
        return;
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        for (uint32_t f = 0; f < sample->n_frames; f++)
            if (profile->frames[sample->first_frame + f] == (uint32_t)index)
                return;
    }
    const struct mt_location *location = &profile->locations[index];
    if (location->n_lines == 1 && (size_t)location->first_line + 1 == profile->n_lines)
        profile->n_lines--;
    profile->n_locations--;
}

static int finish_mappings(struct mt_pprof_reader *reader) {
    for (size_t i = 0; i < reader->profile->n_mappings; i++) {
        struct mt_mapping *mapping = &reader->profile->mappings[i];
        if (!(reader->mapping_defined[i] & MT_PPROF_DEFINED))
            return mt_pprof_reader_damaged(reader,
                                           "a location refers to a mapping that is missing");
        int status = mt_pprof_reader_string(reader, mapping->path, &mapping->path);
        if (status == 0)
            status = mt_pprof_reader_string(reader, mapping->build_id, &mapping->build_id);
        if (status < 0)
            return status;
    }
    return 0;
}

static int finish_function(struct mt_pprof_reader *reader, struct mt_function *function) {
    int status = mt_pprof_reader_string(reader, function->name, &function->name);
    if (status == 0)
        status = mt_pprof_reader_string(reader, function->system_name, &function->system_name);
    return status < 0 ? status : mt_pprof_reader_string(reader, function->file, &function->file);
}

/* Makes the functions that lines refer to the profile's; equal ones become one. */
static int finish_lines(struct mt_pprof_reader *reader) {
    struct mt_profile *profile = reader->profile;
    for (size_t i = 0; i < profile->n_lines; i++) {
        uint32_t index = profile->lines[i].function;
        if (!reader->function_defined[index])
            return mt_pprof_reader_damaged(reader, "a line refers to a function that is missing");
        struct mt_function function = reader->functions[index];
        int status = finish_function(reader, &function);
        int64_t added = status < 0 ? status : mt_profile_add_function(profile, &function);
        if (added < 0)
            return mt_pprof_reader_status(reader, added);
        profile->lines[i].function = (uint32_t)added;
    }
    return 0;
}

static int finish_locations(struct mt_pprof_reader *reader) {
    for (size_t i = 0; i < reader->profile->n_locations; i++) {
        struct mt_location *location = &reader->profile->locations[i];
        if (!reader->location_defined[i])
            return mt_pprof_reader_damaged(reader, "a sample refers to a location that is missing");
        if (!reader->has_model)
            location->exact = true;
        else if (!location->exact)
            location->address++;
    }
    return 0;
}

int mt_pprof_model_finish(struct mt_pprof_reader *reader) {
    drop_lossy_location(reader);
    int status = finish_mappings(reader);
    if (status == 0)
        status = finish_locations(reader);
    return status < 0 ? status : finish_lines(reader);
}
