/* SPDX-License-Identifier: MIT */
/*
 * The processes of one run, as its index tells of them: who they were, what they held, how they
 * ended, and which file has the rest. A process that executes another program is an entry for each
 * program (an image), since each has figures of its own.
 */
#ifndef MT_VIEW_PROCESSES_H
#define MT_VIEW_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

#define MT_PROCESS_LEFT_OUT "not recorded: --only" /* why the program itself has no profile */

struct mt_process {
    uint32_t pid, parent_pid;
    uint32_t image;      /* rises when the process executes another program */
    bool is_last_image;  /* it did not go on as another program */
    bool is_main;        /* the last image of the process that was started */
    char *program, *exe; /* program: as a person would call it */
    char **command;      /* and its n_words words */
    size_t n_words;
    uint64_t start_time_ns; /* since the epoch */
    uint64_t duration_ns;
    uint64_t peak_bytes, live_bytes, live_blocks, total_bytes, total_blocks;
    uint64_t anonymous_bytes; /* the most anonymous memory that was seen; 0: none */
    bool exit_known;
    int exit_code, exit_signal; /* exit_code -1: by a signal */
    char
        *file; /* of its profile; NULL: none. Relative to the directory of the run, if it has one */
    bool is_blind;       /* another malloc came before the recorder's: not in the index, see why */
    bool is_unexplained; /* the recording explains little of its memory: not in the index */
    bool is_late;        /* it began when recording was over: not in the index, see why */
    char *why;           /* why there is no profile; NULL: there is one */
};

/* The highest sum of the live bytes within a part of the run. */
struct mt_process_point {
    uint64_t time_ns; /* since the start of the run */
    uint64_t bytes;
};

struct mt_processes {
    struct mt_process *items; /* by start */
    size_t n;
    uint64_t start_time_ns, duration_ns; /* of the run */
    bool is_complete;                    /* the index was written at the end of the run */
    bool is_running;                     /* that end has not come, and memtrack waits for it */
    bool is_live;                        /* they were read while they ran: no run that has ended */
    bool peak_known;
    /* The most that was live in all processes at the same time, as the ticks saw it. */
    uint64_t peak_bytes, peak_ns, tick_ns;
    uint32_t n_at_peak; /* processes that ran at that time */
    struct mt_process_point *points;
    size_t n_points;
    size_t n_unreadable;     /* files that are of no process because they could not be read */
    char *unreadable_reason; /* of the first; NULL: none */
};

void mt_processes_forget(struct mt_process *process);   /* frees what it owns */
void mt_processes_free(struct mt_processes *processes); /* and leaves it empty */

/* Appends a zeroed entry; NULL: out of memory. */
struct mt_process *mt_processes_add(struct mt_processes *processes);
/* Sets the words of a command: so many bytes of text, each word ended by a NUL, except perhaps the
 * last. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_processes_set_command(struct mt_process *process, const char *words, size_t bytes);
/* Appends the entry of a profile that is in this file. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_processes_add_profile(struct mt_processes *processes, const struct mt_profile *profile,
                             const char *file);

/* Keeps of the processes, which are sorted, those of the run of the newest one: its oldest ancestor
 * that is there, and all that descend from that one. The others may be of years. */
void mt_processes_keep_newest(struct mt_processes *processes);

/* Sorts by start, the program itself first among equals. */
void mt_processes_sort(struct mt_processes *processes);
/* Returns the program itself, NULL when its end was not seen. */
const struct mt_process *mt_processes_main(const struct mt_processes *processes);
/* Returns the program itself when it was not to be recorded, NULL when it was. */
const struct mt_process *mt_processes_left_out(const struct mt_processes *processes);
/* Returns how many processes were to be recorded, each counted once however many programs it
 * executed. */
size_t mt_processes_count(const struct mt_processes *processes);
/* Finds the entry of the parent: the image that ran when the child began. SIZE_MAX: none of them.
 * Needs them sorted. */
size_t mt_processes_parent(const struct mt_processes *processes, size_t child);

#endif
