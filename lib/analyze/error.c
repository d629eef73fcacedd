/* SPDX-License-Identifier: MIT */
/*
 * Messages are kept per thread, as errno is: two threads that analyse two profiles must not read
 * each other's, and a message in the handle has no place to be when the handle could not be made.
 */
#include <stdlib.h>

#include "analyze/analyze-local.h"

static _Thread_local struct mt_error latest;

struct mt_error *mt_analyze_error(void) {
    latest.message[0] = latest.hint[0] = '\0';
    return &latest;
}

int mt_analyze_error_no_memory(void) {
    return mt_error_set(&latest, MEMTRACK_ENOMEM, "Free memory, or raise the limit of the process.",
                        "out of memory");
}

int mt_analyze_error_null(const char *function) {
    return mt_error_set(
        mt_analyze_error(), MEMTRACK_EUSAGE, "See what the call that was to make it has returned.",
        "%s: NULL instead of an object, a text or a place for the result", function);
}

int mt_analyze_error_no_item(const char *what, size_t i, size_t n) {
    return mt_error_set(&latest, MEMTRACK_ENOTFOUND, "Count first.",
                        "there is no %s %zu: there are %zu", what, i, n);
}

const char *memtrack_analyze_error(void) {
    MT_ANALYZE_PAUSED; /* the first use of a thread's own variables may allocate them */
    return latest.message;
}

const char *memtrack_analyze_hint(void) {
    MT_ANALYZE_PAUSED;
    return latest.hint;
}

const char *memtrack_analyze_version(void) {
    return MEMTRACK_VERSION;
}

void memtrack_text_free(char *text) {
    MT_ANALYZE_PAUSED;
    free(text);
}
