/* SPDX-License-Identifier: MIT */
/* The options of triggers (watch/trigger.h), which run and snapshot have, and what is printed of
 * them. */
#ifndef MT_CLI_RUN_TRIGGERS_H
#define MT_CLI_RUN_TRIGGERS_H

#include <argp.h>
#include <stdbool.h>

#include "view/symbols/symbols.h"
#include "watch/trigger.h"

/* The options --when, --do and --again, as an argp child whose input is the triggers. A mistake in
 * them ends the process with argp_err_exit_status. */
extern const struct argp mt_run_triggers_argp;

/* How snapshots are written, and what is said on standard error. */
struct mt_run_triggers_output {
    const char *program; /* for messages: "memtrack run" */
    const char
        *pattern; /* of names, see profile/pprof/output.h; a number is put before the suffix */
    bool force, quiet;
    struct mt_symbols_options symbols;  /* where snapshots get their names from */
    struct mt_wrapper_options wrappers; /* whose patterns snapshots store */
};

/* Sets where the output goes, which must outlive the triggers. */
void mt_run_triggers_set_output(struct mt_triggers *triggers,
                                struct mt_run_triggers_output *output);

#endif
