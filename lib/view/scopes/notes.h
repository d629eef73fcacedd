/* SPDX-License-Identifier: MIT */
/* Which notes of a profile say that figures of scopes, or of the program's own, are not whole. */
#ifndef MT_VIEW_SCOPES_NOTES_H
#define MT_VIEW_SCOPES_NOTES_H

#include <stdbool.h>

bool mt_scopes_notes_has(const char *note);

#endif
