/* SPDX-License-Identifier: MIT */
/* What the writer knows of its ledger: the file, and what is left of it to hand out. One in a
 * process; threads as in writer.h. */
#ifndef MT_LEDGER_WRITER_STATE_H
#define MT_LEDGER_WRITER_STATE_H

#include "base/os.h"
#include "ledger/layout.h"

struct mt_writer_room {
    char *begin, *end; /* NULL: none */
};

struct mt_writer {
    struct mt_ledger_header *header; /* NULL: no ledger */
    struct mt_writer_room free;      /* what is left of the newest segment */
    /* A whole segment that has been set aside for the time when the file cannot grow. */
    struct mt_writer_room reserve;
    struct mt_writer_room own; /* memory of the process's own, for when the file is full */
    uint64_t file_bytes;       /* set aside so far */
    /* Size beyond which there is no room for detail; 0: there is no bound. Outlives forks. */
    uint64_t max_bytes;
    /* Size of the file when the rest of it is a hole; 0: it ends where file_bytes says. */
    uint64_t sparse_bytes;
    /* By these our file is recognised when it is opened again for growth; 0: not known. */
    uint64_t device, inode;
    struct mt_directory *directory;
    /* The first page once more: that of this ledger, or in a fork without a ledger that of its
     * parent's. */
    struct mt_ledger_header *family;
    /* Forks cannot be told by their memory, and have this mapped as well. Outlives forks. */
    bool is_in_forks;
    bool exhausted; /* a segment could not be had; stays so */
    /* An event was left by longjmp, so an extent can be published that nobody knows of. See
     * writer_table.c. */
    bool was_left;
    /* This is a copy of the parent's, in a fork: the file is not ours. See writer_copy.h. */
    bool is_copy;
    char path[MT_PATH_MAX_BYTES];
};

#endif
