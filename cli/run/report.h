/* SPDX-License-Identifier: MIT */
/* What `memtrack run` says at the end, and why nothing was recorded when that is so. */
#ifndef MT_CLI_RUN_REPORT_H
#define MT_CLI_RUN_REPORT_H

#include <stddef.h>

#include "launch/launch.h"
#include "launch/session.h"
#include "launch/target.h"
#include "profile/profile.h"
#include "run/finish.h"
#include "run/request.h"

/* Prints what is said after the run, as the options ask for it. profile is that of the main
 * process, or NULL. */
void mt_run_report(const struct mt_run_request *options, const struct mt_target *target,
                   const struct mt_launched *child, const struct mt_session *session,
                   const struct mt_finish *finish, size_t n_running,
                   const struct mt_profile *profile);

#endif
