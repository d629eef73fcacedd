/* SPDX-License-Identifier: MIT */
/*
 * A file or a piece of memory, packed with gzip or zstd or plain, as a stream of bytes; private to
 * lib/profile. Not thread-safe.
 */
#ifndef MT_PROFILE_INFLATE_H
#define MT_PROFILE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mt_inflate;

/* The stream may yield 16 MiB + this many times the size of what is read, whatever the compression
 * claims. */
enum { MT_INFLATE_RATIO = 256, MT_INFLATE_ALLOWANCE = 16 << 20 };
/* A line may have at most so many bytes. */
enum { MT_INFLATE_LINE = 1 << 20 };

/*
 * Opens a stream. name is for messages and must outlive the stream. fd stays the caller's and is
 * read from its position; with fd -1 the data is read instead, which must outlive the stream too.
 * Returns NULL when out of memory.
 */
struct mt_inflate *mt_inflate_new(int fd, const void *data, size_t bytes, const char *name,
                                  struct mt_error *error);
void mt_inflate_free(struct mt_inflate *in); /* NULL is fine */

/* Takes the next bytes, which are contiguous. Returns 0, and *out is valid until the next call;
 * or -MEMTRACK_EFORMAT (the stream ends before), -MEMTRACK_EIO, -MEMTRACK_ENOMEM or
 * -MEMTRACK_ELIMIT, and the error is filled. Memory grows with what arrives, not with what is
 * asked for. */
int mt_inflate_take(struct mt_inflate *in, size_t bytes, const uint8_t **out);
/* Looks at what comes next, without taking it. *bytes is less than wanted only at the end of the
 * stream. */
int mt_inflate_peek(struct mt_inflate *in, size_t wanted, const uint8_t **out, size_t *bytes);
/* Takes the next line. Returns 1 and the line without its end, which is not NUL-terminated and
 * valid until the next call; 0 at the end of the stream; or an error as above (-MEMTRACK_EFORMAT
 * for a line beyond MT_INFLATE_LINE). */
int mt_inflate_line(struct mt_inflate *in, const char **line, size_t *bytes);
/* Returns whether the bytes were packed, once something has been taken or peeked at. */
bool mt_inflate_is_packed(const struct mt_inflate *in);
/* These return the bytes read so far, and those that they have yielded. */
uint64_t mt_inflate_total_in(const struct mt_inflate *in);
uint64_t mt_inflate_total_out(const struct mt_inflate *in);
/* Returns how many of the latter have been taken. */
uint64_t mt_inflate_taken(const struct mt_inflate *in);
/* Returns whether what was taken stays valid: plain data in memory, where they are. */
bool mt_inflate_is_in_place(const struct mt_inflate *in);
/* Returns how many bytes can be taken without reading: of plain data in memory, all that are left. */
size_t mt_inflate_ready(const struct mt_inflate *in);
int mt_inflate_skip(struct mt_inflate *in, uint64_t bytes);

/* Takes the next base-128 number. Returns 1 and the number, 0 at the clean end of the stream, 2
 * when it is longer than a number of 64 bits, or an error as above. */
int mt_inflate_varint(struct mt_inflate *in, uint64_t *value);

#endif
