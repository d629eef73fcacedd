/* SPDX-License-Identifier: MIT */
/*
 * Profiles as files: gzip'd pprof protobufs (profile.proto) with what pprof has no field for in
 * extension messages. Other tools read them as ordinary heap profiles, and heap profiles of other
 * tools (Go, tcmalloc, converters from jemalloc) can be read here.
 */
#ifndef MT_PROFILE_PPROF_H
#define MT_PROFILE_PPROF_H

#include <stddef.h>

#include "base/error.h"
#include "profile/profile.h"

/*
 * Writes the profile to fd from its current position; fd stays open. Samples keep their order,
 * locations, functions and mappings get the ids index + 1. Only columns with has_value are written.
 * A part of a profile takes what its samples refer to, and no more: its ids have gaps.
 * Text that is not UTF-8 is mended in the string table, since strict protobuf readers refuse a file
 * for a single such string. -MEMTRACK_ENOMEM, -MEMTRACK_EIO, -MEMTRACK_EUSAGE (no column, or an
 * index out of range).
 */
int mt_pprof_write(const struct mt_profile *profile, int fd, struct mt_error *error);
/* The same; drop_frames is the field of that name: a regular expression (RE2) of functions that go
 * pprof leaves out with all that they call, "" for none. */
int mt_pprof_write_dropping(const struct mt_profile *profile, const char *drop_frames, int fd,
                            struct mt_error *error);
/* The same. Viewers open the file on this column, if the profile has it. MT_N_VALUES: on the one
 * that has most to show. */
int mt_pprof_write_preferring(const struct mt_profile *profile, enum mt_value preferred,
                              const char *drop_frames, int fd, struct mt_error *error);

/*
 * Reads a heap profile, packed with gzip or zstd or plain, into *out (the caller's to free); on an
 * error *out is NULL. The text formats of gperftools, jemalloc and Go, DHAT's and massif's files and
 * folded stacks are read as well. A profile that is not memtrack's has info.is_memtrack false,
 * totals that are the sums of its columns, and exact locations.
 *
 * Nothing in the file is trusted. It may inflate to 16 MiB + 256 times its size, take 128 MiB + 64
 * times its size in memory beside its call paths, and have the frames that limits.c says
 * (-MEMTRACK_ELIMIT beyond); one sub-message may take 16 MiB. -MEMTRACK_EIO (cannot be opened or
 * read), -MEMTRACK_EFORMAT (not a regular file, not a profile, damaged, no memory columns),
 * -MEMTRACK_EVERSION, -MEMTRACK_ENOMEM.
 */
int mt_pprof_read(const char *path, struct mt_profile **out, struct mt_error *error);
int mt_pprof_read_memory(const void *data, size_t bytes, struct mt_profile **out,
                         struct mt_error *error);
/* name is what messages call it. */
int mt_pprof_read_named(const char *name, const void *data, size_t bytes, struct mt_profile **out,
                        struct mt_error *error);

#endif
