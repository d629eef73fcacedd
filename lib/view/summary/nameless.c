/* SPDX-License-Identifier: MIT */
/*
 * Of a JavaScript or Java program everything is allocated by some function of the virtual machine,
 * and the frames that would say for whom are addresses. The machine can name them, if it is asked
 * to at its start, and hardly anybody knows the option.
 *
 * Which machine it is, is told by what only it has: a module for Java and .NET, functions for V8,
 * which is mostly linked into the program. V8 has interpreted functions run inside of one of its
 * own, so for V8 that one counts as generated code.
 */
#include "view/summary/nameless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { LEAST_PERCENT = 10 };

static const struct machine {
    const char *module;   /* beginning of the name of its file; NULL: */
    const char *function; /* beginning of the name of a function */
    const char *language, *advice;
} machines[] = {
    {"libjvm.so", NULL, "Java",
     "java -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit -XX:+PreserveFramePointer"},
    {"libcoreclr.so", NULL, ".NET", "DOTNET_PerfMapEnabled=1"},
    {NULL, "node::", "JavaScript", "node --perf-basic-prof --interpreted-frames-native-stack"},
    {NULL, "v8::internal::", "JavaScript",
     "--perf-basic-prof --interpreted-frames-native-stack of V8"},
};

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_module(const struct mt_profile *profile, const char *name) {
    for (size_t i = 0; i < profile->n_mappings; i++)
        if (begins(basename(mt_profile_text(profile, profile->mappings[i].path)), name))
            return true;
    return false;
}

static bool has_function(const struct mt_profile *profile, const char *name) {
    for (size_t i = 0; i < profile->n_functions; i++)
        if (begins(mt_profile_text(profile, profile->functions[i].name), name))
            return true;
    return false;
}

static const struct machine *machine_of(const struct mt_profile *profile) {
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        const struct machine *m = &machines[i];
        if (m->module ? has_module(profile, m->module) : has_function(profile, m->function))
            return m;
    }
    return NULL;
}

/* Code in no module, or that runs interpreted functions for V8. */
static bool is_nameless(const struct mt_profile *profile, const struct mt_location *location) {
    if (location->n_lines == 0)
        return location->mapping == 0 && location->address != 0;
    if (location->n_lines != 1 || location->first_line >= profile->n_lines)
        return false;
    uint32_t function = profile->lines[location->first_line].function;
    return function < profile->n_functions &&
           strcmp(mt_profile_text(profile, profile->functions[function].name),
                  "Builtins_InterpreterEntryTrampoline") == 0;
}

static bool is_generated(const struct mt_profile *profile, const struct mt_location *location) {
    return location->mapping && location->mapping <= profile->n_mappings &&
           strcmp(mt_profile_text(profile, profile->mappings[location->mapping - 1].path),
                  MT_PROFILE_JIT) == 0;
}

/* A path that has names as well is good enough: the rest of it may be stubs. */
static double percent_nameless(const struct mt_profile *profile) {
    double all = 0, nameless = 0;
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        bool has_nameless = false, has_named = false;
        for (uint32_t f = 0; f < sample->n_frames && !has_named; f++) {
            const struct mt_location *location =
                &profile->locations[profile->frames[sample->first_frame + f]];
            has_nameless |= is_nameless(profile, location);
            has_named = is_generated(profile, location);
        }
        double bytes = (double)sample->value[MT_VALUE_PEAK_BYTES];
        all += bytes;
        nameless += has_nameless && !has_named ? bytes : 0;
    }
    return all > 0 ? 100 * nameless / all : 0;
}

int mt_nameless_note(struct mt_profile *profile) {
    const struct machine *machine = machine_of(profile);
    char text[256];
    if (!machine)
        return 0;
    double percent = percent_nameless(profile);
    if (percent < LEAST_PERCENT)
        return 0;
    snprintf(text, sizeof text, "%.0f%% of the peak is of %s without names: %s.", percent,
             machine->language, machine->advice);
    return mt_profile_add_note(profile, text);
}
