/* SPDX-License-Identifier: MIT */
/*
 * A program that frees everything still ends with live blocks: printf has a buffer, a thread that was joined has left
 * its table of thread-local storage in the C library's cache. A test that counts them can never pass, and a test that
 * tolerates "a few" passes with real leaks. So a block is the runtime's own when its call path says so:
 *
 *   no frame of the path is the program's              start-up of libstdc++, of the dynamic linker
 *   the innermost frame is in the dynamic linker       thread-local storage, loaded libraries
 *   the runtime was entered by a function of the list  it keeps a result for the next call and never frees it
 *
 * A path that is missing or cut says nothing: its blocks count. Rejected: reachability from the data of the process
 * (it is gone when a profile is read, and memory that is merely reachable is what most growing programs lose).
 */
#include "view/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "view/wrappers.h"

/* What the runtime is entered by, or what it calls for nothing else, where the memory is kept for the process. The C
 * library knows its functions by further names, which differ at the beginning: underscores and GI. */
static const char *const keepers[] = {
    "IO_file_doallocate",
    "IO_wfile_doallocate",
    "setlocale",
    "textdomain",
    "bindtextdomain",
    "bind_textdomain_codeset",
    "gettext",
    "dgettext",
    "dcgettext",
    "ngettext",
    "tzset",
    "tz_convert",
    "ctime",
    "ctime_r",
    "gmtime",
    "localtime",
    "localtime_r",
    "mktime",
    "strftime",
    "getpwnam",
    "getpwuid",
    "getgrnam",
    "getgrgid",
    "atexit",
    "on_exit",
    "cxa_atexit",
    "cxa_thread_atexit_impl",
    "setenv",
    "add_to_environ",
    "putenv",
    "openlog",
    "syslog",
};

static bool is_dynamic_linker(const char *module) {
    const char *name = basename(module);
    return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld-2.", 5) == 0 || strncmp(name, "ld64.so", 7) == 0 ||
           strcmp(name, "ld.so.1") == 0;
}

static bool is_keeper(const char *function) {
    if (strncmp(function, "__GI_", 5) == 0)
        function += 5;
    function += strspn(function, "_");
    for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++)
        if (strcmp(function, keepers[i]) == 0)
            return true;
    return false;
}

static const char *module_of(const struct mt_profile *profile, const struct mt_location *location) {
    return location->mapping && location->mapping <= profile->n_mappings
               ? mt_profile_text(profile, profile->mappings[location->mapping - 1].path)
               : "";
}

/* Anything in the location, inlined calls included, that is the program's; *keeper: and the runtime's that keeps. */
static bool has_user_frame(const struct mt_profile *profile, const struct mt_location *location, bool *keeper) {
    static const struct mt_wrapper_options plain;
    struct mt_frame_text frame = {"", "", "", module_of(profile, location)};
    if (location->n_lines == 0)
        return mt_wrappers_classify(&frame, &plain) == MT_FRAME_USER;
    for (uint32_t i = 0; i < location->n_lines; i++) {
        const struct mt_function *function = &profile->functions[profile->lines[location->first_line + i].function];
        frame.function = mt_profile_text(profile, function->name);
        frame.system_name = mt_profile_text(profile, function->system_name);
        frame.file = mt_profile_text(profile, function->file);
        if (mt_wrappers_classify(&frame, &plain) == MT_FRAME_USER)
            return true;
        *keeper |= is_keeper(frame.function) || is_keeper(frame.system_name);
    }
    return false;
}

static bool is_of_runtime(const struct mt_profile *profile, const struct mt_sample *sample) {
    const uint32_t *frames = profile->frames + sample->first_frame;
    bool keeper = false;
    if (sample->n_frames == 0 || sample->lossy)
        return false;
    if (is_dynamic_linker(module_of(profile, &profile->locations[frames[0]])))
        return true;
    for (uint32_t i = 0; i < sample->n_frames; i++)
        if (has_user_frame(profile, &profile->locations[frames[i]], &keeper))
            return keeper;
    return keeper || !sample->truncated;
}

int mt_leaks_mark(const struct mt_profile *profile, uint32_t **out, struct mt_error *error) {
    uint32_t *marks = calloc(profile->n_samples + 1, sizeof *marks);
    if (!marks)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        marks[i] = sample->value[MT_VALUE_LIVE_BLOCKS] > 0 && !is_of_runtime(profile, sample);
    }
    *out = marks;
    return 0;
}
