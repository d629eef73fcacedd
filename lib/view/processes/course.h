/* SPDX-License-Identifier: MIT */
/* The heap of all processes of a run together, over time, from what was seen of each. */
#ifndef MT_VIEW_PROCESSES_COURSE_H
#define MT_VIEW_PROCESSES_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "view/processes/processes.h"

enum { MT_PROCESSES_POINTS = 120 }; /* of the course that is kept */

struct mt_processes_step; /* private */
struct mt_processes_course {
    struct mt_processes_step *steps;
    size_t n, capacity;
};

/* What is known of one process beside its ticks. Times since the start of its recording. */
struct mt_processes_life {
    uint64_t start_ns; /* on the clock of all */
    uint64_t peak_bytes;
    uint64_t peak_ns;
    bool peak_time_known;
};

/* Adds a process with the n ticks at which it was seen running. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_processes_course_add(struct mt_processes_course *course,
                            const struct mt_processes_life *life, const struct mt_tick *ticks,
                            size_t n);
/* Adds all up: the peak and the points of *processes, times since origin_ns. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_processes_course_finish(struct mt_processes_course *course, uint64_t origin_ns,
                               struct mt_processes *processes);
void mt_processes_course_free(struct mt_processes_course *course);

#endif
