/* SPDX-License-Identifier: MIT */
/*
 * Libraries whose code is compiled into the program, so that no module's name tells them apart: what
 * the path of a source file says, and what a qualified name says where no file is known. Private to
 * lib/view.
 */
#ifndef MT_VIEW_ROWS_LIBRARY_H
#define MT_VIEW_ROWS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* A header of the C library with functions that are inlined: bits/stdio2.h of _FORTIFY_SOURCE. */
bool mt_library_is_libc_header(const char *file);

/* A file of Rust's toolchain, or of a crate of containers that the standard library is made of or
 * that stands in for it. */
bool mt_library_is_rust(const char *file);

/* A file of Boost's, Abseil's, Folly's or Qt's containers. */
bool mt_library_is_containers(const char *file);
/* The same, said by a qualified name. */
bool mt_library_has_containers(const char *name, size_t bytes);

/* A function of these that allocates for its caller and does nothing else, wherever it lies. */
bool mt_library_allocates(const char *name, size_t bytes);

#endif
