/* SPDX-License-Identifier: MIT */
/*
 * The directory of a run of several processes: index.json (schema memtrack-index/1, docs/formats.md)
 * and the profiles that it names.
 */
#ifndef MT_VIEW_PROCESSES_INDEX_H
#define MT_VIEW_PROCESSES_INDEX_H

#include <stdbool.h>

#include "base/error.h"
#include "view/processes/processes.h"

#define MT_INDEX_NAME   "index.json"
#define MT_INDEX_SCHEMA "memtrack-index/1"

/* Tells whether path is the directory of a run: it has an index, or it is called
 * memtrack.PROGRAM.PID as memtrack run calls it and has profiles in it. */
bool mt_index_is_run(const char *path);

/* Tells whether a memtrack run is still at work on the directory. */
bool mt_index_is_running(const char *path);

/*
 * Reads what the directory of a run says of its processes, sorted: by the index, and of profiles
 * that are not in it (memtrack was killed, or the index is gone) by the profiles themselves.
 * Returns 0, -MEMTRACK_ENOMEM, -MEMTRACK_EIO, or -MEMTRACK_EFORMAT when the index is damaged.
 */
int mt_index_read(const char *path, struct mt_processes *out, struct mt_error *error);

#endif
