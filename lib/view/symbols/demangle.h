/* SPDX-License-Identifier: MIT */
/* Readable names of C++ and Rust symbols. Thread-safe; not async-signal-safe. */
#ifndef MT_VIEW_SYMBOLS_DEMANGLE_H
#define MT_VIEW_SYMBOLS_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

enum { MT_DEMANGLE_MAX_BYTES = 1 << 15 }; /* of a result, with its NUL */

/*
 * Writes the readable form of a symbol, NUL-terminated, and returns true. Returns false (out is
 * then unspecified) when the name is not mangled, is malformed, or would not fit: then the name
 * itself is the best there is.
 */
bool mt_demangle(const char *symbol, char *out, size_t out_bytes);

#endif
