/* SPDX-License-Identifier: MIT */
/* Fields of a protobuf message into a gzip stream; private to lib/profile. They return 0,
 * -MEMTRACK_EIO or -MEMTRACK_ENOMEM. */
#ifndef MT_PROFILE_PPROF_FIELDS_H
#define MT_PROFILE_PPROF_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/pprof/deflate.h"

/* Returns how many bytes it took, at most 10. */
size_t mt_pprof_fields_varint(uint8_t *to, uint64_t value);
/* A number that is 0 is left out, as proto3 has it. */
int mt_pprof_fields_number(struct mt_deflate *out, unsigned field, uint64_t value);
int mt_pprof_fields_bytes(struct mt_deflate *out, unsigned field, const void *data, size_t bytes);
/* Writes the next string of the string table. */
int mt_pprof_fields_string(struct mt_deflate *out, const char *text);

#endif
