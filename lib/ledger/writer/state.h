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
    struct mt_writer_room
        reserve; /* a whole segment that has been set aside for when the file cannot grow */
    struct mt_writer_room own; /* of the process's own memory, when the file is full */
    uint64_t file_bytes;       /* set aside so far */
    uint64_t max_bytes; /* beyond which there is no room for detail; 0: there is no bound. Outlives
                           forks */
    uint64_t sparse_bytes; /* size of the file, the rest of which is a hole; 0: it ends where
                              file_bytes says */
    uint64_t device,
        inode; /* to recognise our file when it is opened again for growth; 0: not known */
    struct mt_directory *directory;
    struct mt_ledger_header *family; /* the first page once more: of this ledger, or in a fork
                                        without one its parent's */
    bool is_in_forks; /* they cannot be told by their memory, and have this mapped as well. Outlives
                         forks */
    bool exhausted;   /* a segment could not be had; stays so */
    bool was_left;    /* by longjmp: an extent can be published, and nobody know of it. See
                         table.c */
    bool is_copy;     /* of the parent's, in a fork: the file is not ours. See copy.h */
    char path[MT_PATH_MAX_BYTES];
};

#endif
