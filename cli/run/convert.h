/* SPDX-License-Identifier: MIT */
/* From the ledger of a process that has ended to its profile file. */
#ifndef MT_CLI_RUN_CONVERT_H
#define MT_CLI_RUN_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/session.h"
#include "ledger/layout.h"
#include "profile/profile.h"
#include "run/directory.h"
#include "run/unrecorded.h"
#include "view/rows/wrappers.h"
#include "view/symbols/symbols.h"
#include "watch/ticker.h"

enum { MT_RESULT_PROGRAM_BYTES = 64, MT_RESULT_FILE_BYTES = 4096 };

/* Why nothing was seen of a process that has a ledger. */
enum mt_result_blank {
    MT_RESULT_RECORDED,
    MT_RESULT_LATE,   /* it began when the time of --for was over */
    MT_RESULT_DORMANT /* its recording was never switched on */
};

/* What is said about a process at the end. It has no pointers, as results come from worker
 * processes, too. */
struct mt_result {
    ino_t inode; /* of the ledger */
    uint32_t pid, parent_pid, image;
    bool is_main, is_last_image;
    bool is_written;
    bool is_empty; /* nothing was allocated, and it has no profile: its figures are all 0 */
    enum mt_result_blank blank;
    bool is_blind; /* another malloc came before the recorder's and passed nothing on */
    bool is_kept;  /* the ledger is still there, and its path is in file */
    uint64_t peak_bytes, live_bytes, live_blocks, total_bytes, total_blocks;
    uint64_t start_time_ns, duration_ns; /* since the epoch */
    uint64_t start_ns;                   /* CLOCK_MONOTONIC */
    uint64_t peak_ns;                    /* since the start of its recording */
    bool peak_time_known, exit_known;
    int exit_code, exit_signal;
    uint64_t anonymous_bytes;
    bool is_unexplained;    /* malloc explains little of them */
    uint32_t command_bytes; /* words, each ended by a NUL */
    char command[MT_COMMAND_MAX_BYTES];
    char exe[MT_RESULT_FILE_BYTES];
    char program[MT_RESULT_PROGRAM_BYTES];
    char file[MT_RESULT_FILE_BYTES];
    struct mt_error problem; /* its message is "" when there is none */
};

struct mt_convert {
    const struct mt_session *session;
    const char *pattern;                /* of names, see profile/pprof/output.h */
    struct mt_run_directory *directory; /* of several, where there is one */
    const char *program; /* as the user typed it: the name of the main process, without directories;
                          * "": the profile tells its name */
    bool force;
    uint64_t since_ns; /* start of the run, since the epoch */
    bool exit_known;   /* of the main process */
    int wait_status;
    struct mt_symbols_options
        symbols; /* has its cache: files are used by one profile after the other */
    struct mt_wrapper_options wrappers; /* whose patterns are stored */
    const char *const *lines;           /* patterns of --lines, which are stored too */
    size_t n_lines;
    uint64_t most_rss_bytes;          /* of the main process; 0: not known */
    struct mt_unrecorded *unrecorded; /* named in the profile of the main process; NULL: none */
    const struct mt_ticker *ticker;
};

/*
 * Converts the ledger of the track, writes the profile, and removes the ledger. is_newest says that
 * its process did not go on as another program. *profile (when profile is not NULL) becomes the
 * caller's; it is NULL if there is none. A ledger whose profile cannot be written stays where it
 * is, and the result says so; this does not fail.
 */
void mt_convert_track(const struct mt_convert *convert, struct mt_ticker_track *track,
                      bool is_newest, struct mt_result *result, struct mt_profile **profile);

#endif
