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
/* A line may take so many bytes. */
enum { MT_INFLATE_LINE = 1 << 20 };

/*
 * name is for messages and must outlive the stream. fd stays the caller's and is read from its
 * position; fd -1 reads the data instead, which must outlive the stream too. NULL when out of
 * memory.
 */
struct mt_inflate *mt_inflate_new(int fd, const void *data, size_t bytes, const char *name,
                                  struct mt_error *error);
void mt_inflate_free(struct mt_inflate *in); /* NULL is fine */

/* The next bytes, contiguous: 0 and *out valid until the next call, or -MEMTRACK_EFORMAT (the
 * stream ends before), -MEMTRACK_EIO, -MEMTRACK_ENOMEM, -MEMTRACK_ELIMIT; the error is filled.
 * Memory grows with what arrives, not with what is asked for. */
int mt_inflate_take(struct mt_inflate *in, size_t bytes, const uint8_t **out);
/* What comes next is looked at, not taken: *bytes is less than wanted only at the end of the
 * stream. */
int mt_inflate_peek(struct mt_inflate *in, size_t wanted, const uint8_t **out, size_t *bytes);
/* 1 and the next line without its end, not NUL-terminated, valid until the next call; 0 at the end
 * of the stream, or an error as above (-MEMTRACK_EFORMAT for a line beyond MT_INFLATE_LINE). */
int mt_inflate_line(struct mt_inflate *in, const char **line, size_t *bytes);
/* Once something has been taken or peeked at: were the bytes packed? */
bool mt_inflate_is_packed(const struct mt_inflate *in);
/* Bytes read so far, and what they have yielded. */
uint64_t mt_inflate_total_in(const struct mt_inflate *in);
uint64_t mt_inflate_total_out(const struct mt_inflate *in);
int mt_inflate_skip(struct mt_inflate *in, uint64_t bytes);

/* 1 and the next base-128 number, 0 at the clean end of the stream, 2 when it is longer than a
 * number of 64 bits, or an error as above. */
int mt_inflate_varint(struct mt_inflate *in, uint64_t *value);

#endif
