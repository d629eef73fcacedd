/* SPDX-License-Identifier: MIT */
/* What go pprof is to leave out, so that it charges who the report charges. For lib/serve too. */
#ifndef MT_EXPORT_PPROF_DROP_H
#define MT_EXPORT_PPROF_DROP_H

#include "export/profile.h"

/* Returns the field drop_frames of a pprof file with these samples: a regular expression, "" when
 * there is nothing to leave out. malloc'ed; NULL: out of memory. */
char *mt_pprof_drop_make(const struct mt_export_profile *profile);

#endif
