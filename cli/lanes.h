/* SPDX-License-Identifier: MIT */
/* Below a chart of memory over time: when the program's scopes ran, and its counters. */
#ifndef MT_CLI_LANES_H
#define MT_CLI_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "terminal.h"

struct mt_lanes_place {
    size_t label_width, columns; /* columns begin two behind the label */
    uint64_t start_ns;           /* of the process, on the clock of the chart */
    uint64_t to_ns;              /* where the columns end; they begin at 0 */
    const char *const *steps;    /* n_steps + 1 glyphs of rising height, the first is blank */
    size_t n_steps;
};

/* A row for each of the names whose scopes took longest, and for each counter, a few of both; nothing when there are
 * none. Of scopes those that are kept one by one. -1 when out of memory. */
int mt_lanes_print(const struct mt_terminal *terminal, const struct mt_profile *profile,
                   const struct mt_lanes_place *place);

#endif
