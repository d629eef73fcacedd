/* SPDX-License-Identifier: MIT */
/* What `memtrack list` knows: tracked processes, ledgers that ended ones have left, profiles. */
#ifndef MT_CLI_LIST_ENTRIES_H
#define MT_CLI_LIST_ENTRIES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "export/export.h"
#include "ledger/find.h"

struct mt_list_entry {
    struct mt_listed listed; /* its texts are the ones below */
    char *path, *exe, *words;
    const char **command;
    struct mt_error problem;
    bool is_beginning; /* its ledger is being created */
};

struct mt_list_entries {
    struct mt_list_entry *items;
    size_t n;
    size_t n_more; /* how many there are beyond those that were to be read */
};

/* Gives an entry for each ledger of a running process. One that cannot be read has the state
 * "unreadable" and says why; or "beginning", when its process has not brought it so far yet.
 * Returns 0 or -MEMTRACK_ENOMEM, as the next two do. */
int mt_list_entries_running(struct mt_list_entries *out);
/* Gives the ledgers that ended processes have left. At most most of them are read (0: all), those
 * of the highest start times. */
int mt_list_entries_left(struct mt_list_entries *out, size_t most);
/* Gives the profiles (*.pb.gz), and the directories of runs, of the current directory, newest first; at most most of them are
 * read (0: all). */
int mt_list_entries_profiles(struct mt_list_entries *out, size_t most);
void mt_list_entries_free(struct mt_list_entries *entries);

#endif
