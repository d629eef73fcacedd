/* SPDX-License-Identifier: MIT */
/* Every text of a profile, replaced by another one. */
#ifndef MT_PROFILE_TEXTS_H
#define MT_PROFILE_TEXTS_H

#include "profile/profile.h"

/* What a text is: the same text can be two things. */
enum mt_texts_role {
    MT_TEXTS_FUNCTION, /* a name, as people read it or as in the symbol table */
    MT_TEXTS_FILE,     /* of source */
    MT_TEXTS_MODULE,   /* a program or library: mappings, the executable, the allocator */
    MT_TEXTS_FOLDER,   /* the current directory of the process */
    MT_TEXTS_WORD,     /* of the command line */
    MT_TEXTS_PROCESS,  /* "1234 cc1 … a.c" */
    MT_TEXTS_PATTERN,  /* of wrappers */
    MT_TEXTS_LABEL, /* names that the program gave: of threads, scopes, domains, counters, keys */
    MT_TEXTS_VALUE, /* what the program said about a scope, or itself */
    MT_TEXTS_SENTENCE, /* notes and marks */
    MT_TEXTS_PLAIN,    /* build ids, the name of a tool, the allocator's kind and figures */
    MT_TEXTS_N_ROLES
};

/* Returns what the text is replaced by, valid until the next call, or NULL when out of memory. It
 * is asked once for each text and role, and never for "", which stays. */
typedef const char *mt_texts_rename(void *context, enum mt_texts_role role, const char *text);

/*
 * Replaces all texts. None of the former ones stays in the profile, whether or not something
 * referred to it, and pointers to them are not valid any more; indexes of texts are new, those of
 * everything else stay. Not of a part of a recording (profile->whole). Returns 0, or
 * -MEMTRACK_ENOMEM, after which the profile can only be freed.
 */
int mt_texts_replace(struct mt_profile *profile, mt_texts_rename *rename, void *context);

#endif
