/* SPDX-License-Identifier: MIT */
/*
 * Errors of the library: 0 or a negative MEMTRACK_E…. Code that can say more fills a struct
 * mt_error for the person in front of the terminal: what failed, why, and what to do next. Nothing
 * below cli/ prints or exits.
 */
#ifndef MT_BASE_ERROR_H
#define MT_BASE_ERROR_H

#include "memtrack/error.h"

struct mt_error {
    char message[512]; /* "what: why" */
    char hint[256];    /* next step, "" if there is none to give */
};

/* Fills error (when it is not NULL) and returns -code. hint may be NULL. Texts that are too long
 * are cut; errno is kept. */
__attribute__((format(printf, 4, 5))) int mt_error_set(struct mt_error *error, int code,
                                                       const char *hint, const char *format, ...);

#endif
