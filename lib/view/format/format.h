/* SPDX-License-Identifier: MIT */
/*
 * Numbers and names for people, and back. Sizes are powers of 1024. Buffers are the caller's.
 */
#ifndef MT_VIEW_FORMAT_H
#define MT_VIEW_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MT_FORMAT_BYTES = 40 }; /* large enough for every function with a buffer below */

/* Writes "0 B", "1023 B" or "45.2 MiB"; with exact, "47,395,635". All of these return buffer. */
char *mt_format_size(char buffer[MT_FORMAT_BYTES], int64_t bytes, bool exact);
char *mt_format_count(char buffer[MT_FORMAT_BYTES], int64_t count); /* "1,234,567" */
/* These write a sign as well: "+1.2 KiB", "-3 B", "0 B"; "+1,234", "0". */
char *mt_format_size_change(char buffer[MT_FORMAT_BYTES], int64_t bytes, bool exact);
char *mt_format_count_change(char buffer[MT_FORMAT_BYTES], int64_t count);
char *mt_format_percent(char buffer[MT_FORMAT_BYTES], int64_t part,
                        int64_t whole); /* "36.6%", "<0.1%", "-" */
char *mt_format_duration(char buffer[MT_FORMAT_BYTES],
                         uint64_t ns); /* "812 us", "1.83 s", "2 min 3 s" */
/* Writes a mean, or a part of a clock's tick: "0.38 ns", "11.8 ns", "1.25 us". */
char *mt_format_mean_time(char buffer[MT_FORMAT_BYTES], double ns);
/* Writes a part of 1, with its sign: "+12.3%", "-0.4%", "0.0%"; "<0.1%" of what is not 0, and
 * ">99999%" of what says no more than that nearly nothing was there before. */
char *mt_format_change(char buffer[MT_FORMAT_BYTES], double part);
char *mt_format_rfc3339(char buffer[MT_FORMAT_BYTES],
                        uint64_t epoch_ns); /* UTC: "2026-11-21T09:26:19.123456Z" */
char *mt_format_size_class(char buffer[MT_FORMAT_BYTES], uint8_t size_class);

/* These read "4K", "1.5M", "2GiB", "100" as bytes, and "10ms", "1.5s", "2m", "1h" as ns; a bare
 * number takes bare_ns each (0: it is refused). They return false for anything else, also for
 * negative values and those that overflow. */
bool mt_format_parse_size(const char *text, uint64_t *bytes);
bool mt_format_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ns);

/* Returns text from a profile that is safe for a terminal: control bytes, invalid UTF-8 and
 * characters that reorder text become \x1b, \u{202e}; unless utf8, every byte above 126 as well.
 * malloc'ed; NULL when out of memory. */
char *mt_format_visible(const char *text, bool utf8);
/* Returns the same text as valid UTF-8 with its control characters, for JSON. malloc'ed. */
char *mt_format_utf8(const char *text);
/* Returns the columns that visible text takes; a multibyte locale must have been set for other
 * than ASCII. */
size_t mt_format_width(const char *text);
/* Bytes of the longest beginning that is at most columns wide; more than 0 unless the text is
 * empty. */
size_t mt_format_width_fit(const char *text, size_t columns);

/* These return the text at most columns wide, malloc'ed; ellipsis is "…" or "...". A path keeps
 * its end, in whole folders as long as its last name fits. A function loses first its parameters, then the arguments of its
 * templates, then its middle. */
char *mt_format_shorten_path(const char *path, size_t columns, const char *ellipsis);
char *mt_format_shorten_function(const char *function, size_t columns, const char *ellipsis);
/* How narrow the function can get before its own name is cut. */
size_t mt_format_shorten_least(const char *function, const char *ellipsis);
char *mt_format_shorten_end(const char *text, size_t columns, const char *ellipsis);
/* For names that are no function's: both ends may be what tells them apart. */
char *mt_format_shorten_middle(const char *text, size_t columns, const char *ellipsis);

/* Returns the folder that most of these source files of one program lie in, without a slash at its
 * end; "" when there is none, or it is not worth naming. Files of installed libraries are not
 * asked. The order of paths is changed. malloc'ed; NULL: out of memory. */
char *mt_format_folder_common(const char **paths, size_t n);

/* Empties every outermost pair of brackets of the name: vector<int, allocator<int> > ->
 * vector<ellipsis>. "operator<" and its kin, and "(anonymous namespace)", stay. malloc'ed. */
char *mt_format_shorten_templates(const char *name, const char *ellipsis);

/* Writes a word of a command as a shell reads it: in quotes where it has to have them. Of a word
 * longer than room bytes the beginning, and the ellipsis behind it. */
void mt_format_word_put(FILE *stream, const char *word, size_t room, const char *ellipsis);

/* The qualified name inside a demangled C++ or Rust name: no return type, no parameters, no clone
 * suffix. *name points into demangled; the length is returned. */
size_t mt_format_qualified_name(const char *demangled, const char **name);

#endif
