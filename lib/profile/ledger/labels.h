/* SPDX-License-Identifier: MIT */
/*
 * Private to lib/profile: names that the program gave (scopes, domains, marks, counters, keys,
 * values), as strings of the profile. A name of a ledger never changes once it is there, so each is
 * read when it is first asked for.
 */
#ifndef MT_PROFILE_LEDGER_LABELS_H
#define MT_PROFILE_LEDGER_LABELS_H

#include "profile/ledger/paths.h"

struct mt_ledger_labels { /* paths is the caller's, loaded before; the rest begins zeroed */
    struct mt_ledger_paths *paths;
    mt_string *texts; /* private: by id, UINT32_MAX: not yet read */
    size_t n;
};

/*
 * Returns the text of a name; 0 for 0 and for a name that the ledger does not have; UINT32_MAX when
 * out of memory. A function gets its address for a name, and an entry in info.scopes.functions, so
 * that it can be called by its own name when its location has lines.
 */
mt_string mt_ledger_labels_text(struct mt_ledger_labels *names, mt_name_id id);
void mt_ledger_labels_free(struct mt_ledger_labels *names);

/* Writes scope and domain of the sites with this node into *sample; the domain is "malloc" when
 * it has none. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_labels_of(struct mt_ledger_labels *names, mt_node_id node, struct mt_sample *sample);

#endif
