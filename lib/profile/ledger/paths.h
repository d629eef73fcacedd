/* SPDX-License-Identifier: MIT */
/*
 * Private to lib/profile: call paths of a ledger as frames of a profile. The nodes of a ledger are
 * only ever added to, so what was loaded once stays valid and a later load takes what is new.
 */
#ifndef MT_PROFILE_LEDGER_PATHS_H
#define MT_PROFILE_LEDGER_PATHS_H

#include "ledger/ledger.h"
#include "profile/ids.h"
#include "profile/profile.h"

enum { MT_LEDGER_PATHS_MAX_FRAMES = 1 << 27 /* over all paths: 512 MiB */ };

struct mt_ledger_paths { /* ledger and profile are the caller's; the rest begins zeroed */
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    uint32_t *frames; /* of the last path asked for */
    /* private: */
    struct mt_node *nodes;
    struct mt_module *modules;
    size_t n_nodes, n_modules, node_capacity;
    uint32_t *depths;              /* of nodes */
    uint32_t *locations;           /* of nodes, UINT32_MAX: not yet made */
    uint32_t *mappings;            /* of modules: index + 1, 0: not yet made */
    uint32_t code_mapping;         /* of interpreted code, the same */
    struct mt_ids location_of_key; /* of nodes */
};

/* Takes the nodes and modules that the ledger has had since its last refresh. profile->info.exe
 * must be set. The first mapping will be the main program's. Returns 0 or -MEMTRACK_E…. */
int mt_ledger_paths_load(struct mt_ledger_paths *paths);
void mt_ledger_paths_free(struct mt_ledger_paths *paths);

/* Sets sample->lossy (there is no path to this node, whatever id it is), sample->truncated and
 * sample->n_missing. */
void mt_ledger_paths_classify(const struct mt_ledger_paths *paths, mt_node_id node,
                              struct mt_sample *sample);

/* Writes the path of a node that is not lossy into paths->frames, innermost first, and makes its
 * locations when they are new. Returns the number of frames, -MEMTRACK_ENOMEM, or
 * -MEMTRACK_ELIMIT beyond what a real ledger can hold. */
int64_t mt_ledger_paths_frames(struct mt_ledger_paths *paths, mt_node_id node);

/* Returns the location of an exact address in a module, or -MEMTRACK_ENOMEM. */
int64_t mt_ledger_paths_location(struct mt_ledger_paths *paths, uint64_t address,
                                 mt_module_id module);

/* Returns whether this node is no frame but a label (kind: MT_NODE_MODULE_SCOPE or
 * MT_NODE_MODULE_DOMAIN) of the path of *parent. */
bool mt_ledger_paths_label(const struct mt_ledger_paths *paths, mt_node_id node, uint32_t kind,
                           mt_name_id *name, mt_node_id *parent);
/* Returns the node without its labels: the scope's comes first, and the domain's is its parent. */
mt_node_id mt_ledger_paths_of(const struct mt_ledger_paths *paths, mt_node_id node);

#endif
