/* SPDX-License-Identifier: MIT */
/*
 * The reading side of a ledger: totals of a running process, and private copies of what it holds.
 *
 * Everything is copied out with pread: a file that shrinks under the reader gives short reads,
 * never a SIGBUS. The contents come from another process and are believed in nothing. What cannot
 * be read (a missing chunk, an address outside the segments) reads as zeros and is counted as
 * damage; only a file that is no ledger at all is an error.
 *
 * A struct mt_ledger may be used by one thread at a time. Functions return 0 or -MEMTRACK_E…
 * (base/error.h); every struct mt_error pointer may be NULL.
 */
#ifndef MT_LEDGER_LEDGER_H
#define MT_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/layout.h"

struct mt_ledger;

/* This is the small part of the header, as of the last open or refresh. */
struct mt_ledger_info {
    uint32_t flags; /* enum mt_flag */
    uint32_t pid, ppid;
    uint32_t allocator;                             /* enum mt_allocator, any value */
    uint64_t start_realtime_ns, start_monotonic_ns; /* by the clocks of this process, the reader */
    uint64_t start_own_ns;                          /* CLOCK_MONOTONIC as the process has it */
    uint64_t sample_bytes;
    uint32_t max_frames;
    uint32_t lossy_errno;
    uint64_t
        file_bytes; /* cost of the ledger: what the writer says, and at most the size of the file */
    uint64_t allocator_path;
    struct mt_control control;
    /* counts as the file claims them, cut to what it can hold; n_events, n_open: places for
     * events and open scopes */
    size_t n_nodes, n_sites, n_banks, n_modules, n_names, n_scopes, n_events, n_open, n_threads,
        n_codes, n_tallies, n_metadata, n_lines, n_calls;
    uint32_t python_version, python_state; /* as in the header */
    uint64_t events_seen;        /* events that have been; the latest n_events of them are there */
    uint64_t cleared_events;     /* those of scopes up to this number have been cleared */
    uint64_t scopes_clear_epoch; /* see struct mt_scope_totals */
    uint32_t event_sample;       /* one scope in so many is an event */
    uint64_t dropped_scopes;     /* scopes that found no room, or parts of them */
    uint64_t dropped_own;   /* changes of the program's own figures and keys that found no room */
    uint64_t dropped_lines; /* events of lines that found no room */
    uint64_t max_bytes;     /* bytes that call paths may take; 0: no bound */
    uint64_t private_bytes; /* bytes of the table of live blocks that are not in the ledger */
    uint32_t unrecorded_forks,
        unrecorded_errno;    /* children without a ledger, and why the last has none */
    uint64_t unrecorded;     /* events that no figure contains */
    struct mt_bounds bounds; /* until_ns by the clock of start_own_ns */
};

struct mt_ledger_totals {
    int64_t live_bytes; /* sum over the banks, which may be off by the events under way */
    uint64_t allocated_blocks;
    int64_t current_bytes, peak_bytes; /* what is published, see struct mt_control */
    uint64_t epoch;                    /* changes whenever the peak rises */
    uint64_t failed, unknown_frees, dropped, interrupted, lossy_blocks, unread_code,
        unwind_mismatches, allocated_usable_bytes;
    uint64_t file_bytes;
    uint32_t flags;
    size_t n_sites;
};

/*
 * Opens the ledger at path. Follows no symbolic link but /proc/PID/map_files/BEGIN-END, and never
 * blocks on a FIFO. The file must be regular and belong to this user (root may read any). *out is
 * closed with mt_ledger_close. Errors: EIO (open or read failed), ENOTFOUND, EFORMAT (no ledger, or
 * its header is damaged or not yet written), EVERSION, ENOMEM.
 */
int mt_ledger_open(const char *path, struct mt_ledger **out, struct mt_error *error);
/* Does the same for a file descriptor, which the ledger owns from then on, also when this fails. */
int mt_ledger_open_fd(int fd, const char *path, struct mt_ledger **out, struct mt_error *error);
void mt_ledger_close(struct mt_ledger *ledger); /* NULL is fine */

/* Returns true when the file begins as a ledger does. For telling kinds of files apart: never
 * blocks, never reports. */
bool mt_ledger_is_one(const char *path);

/* Reads header, segments and extents again when the writer has grown. Errors: EIO, EFORMAT,
 * ENOMEM. */
int mt_ledger_refresh(struct mt_ledger *ledger, struct mt_error *error);
const struct mt_ledger_info *mt_ledger_info(const struct mt_ledger *ledger);
const char *mt_ledger_path(const struct mt_ledger *ledger);

/* Returns the pid of the writer as this process sees it. That is what the ledger says, unless
 * the caller, who found the process, has set it: seen from another pid namespace it is another
 * number. */
uint32_t mt_ledger_process(const struct mt_ledger *ledger);
void mt_ledger_set_process(struct mt_ledger *ledger, uint32_t pid);

/* Returns how many pieces could not be read so far. Anything above 0 makes what was read
 * approximate. */
uint64_t mt_ledger_damage(const struct mt_ledger *ledger);

/* Refreshes, then adds up the banks. With few threads this is two small reads, so it is fit for
 * every tick. */
int mt_ledger_totals(struct mt_ledger *ledger, struct mt_ledger_totals *out);

/* Reads the whole header, as it is stored. Its texts may lack a NUL, and its counts and
 * addresses may lie. Returns 0 or -MEMTRACK_EIO. */
int mt_ledger_read_header(struct mt_ledger *ledger, struct mt_ledger_header *out,
                          struct mt_error *error);

/*
 * Copies items [first, first + n) of an array (any kind but regions and big blocks; items as in
 * layout.h) to out, which holds n items. Items that the ledger does not have are zeroed. Returns
 * how many of them are below the ledger's count. While a cut is open (cut.h), sites and banks are
 * what they were then.
 */
size_t mt_ledger_read_items(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t first,
                            size_t n, void *out);

/* Returns a copy of the whole array in one malloc'd block, or NULL when out of memory. *n is the
 * number of its items; with 0 it is not NULL. */
void *mt_ledger_load_items(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t *n);

/* Copies bytes at an address of the target. What is outside the ledger is zeroed. Returns the
 * bytes that were there. */
size_t mt_ledger_read_address(struct mt_ledger *ledger, uint64_t address, void *out, size_t bytes);

/* Returns true while the process (mt_ledger_process) still maps this very file. */
bool mt_ledger_is_live(const struct mt_ledger *ledger);

#endif
