/* SPDX-License-Identifier: MIT */
/*
 * Fills struct mt_error. Messages are cut, never overrun; a cut in the middle of a UTF-8 sequence
 * is harmless because whoever prints escapes what is not text. errno is left alone so that a caller
 * may still look at it.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int mt_error_set(struct mt_error *error, int code, const char *hint, const char *format, ...) {
    if (error) {
        int saved_errno = errno;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        snprintf(error->hint, sizeof error->hint, "%s", hint ? hint : "");
        errno = saved_errno;
    }
    return -code;
}
