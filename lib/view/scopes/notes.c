/* SPDX-License-Identifier: MIT */
/* A profile has its notes as sentences alone, so one is known by its words, which stay the same when
 * the notes of several processes are put together. */
#include "view/scopes/notes.h"

#include <string.h>

#include "profile/profile.h"

bool mt_scopes_notes_has(const char *note) {
    return strstr(note, MT_NOTE_SCOPES_LACK) != NULL || strstr(note, MT_NOTE_OWN_LACK) != NULL;
}
