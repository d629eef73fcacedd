/* SPDX-License-Identifier: MIT */
/* Functions that are scopes, by their names. */
#ifndef MT_VIEW_SYMBOLS_SCOPES_H
#define MT_VIEW_SYMBOLS_SCOPES_H

#include "profile/profile.h"

/* Gives every entry of info.scopes.functions whose location has lines the name of its function,
 * wherever the profile uses the name that stood for it. Entries that have no lines stay as they
 * are. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_symbols_scopes_resolve(struct mt_profile *profile);

#endif
