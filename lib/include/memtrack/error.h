/* SPDX-License-Identifier: MIT */
/* What functions of memtrack return when they fail: the negative of one of these. Success is 0 or a
 * positive number. */
#ifndef MEMTRACK_ERROR_H
#define MEMTRACK_ERROR_H

enum {
    MEMTRACK_ENOMEM = 1,   /* out of memory */
    MEMTRACK_EIO = 2,      /* a system call failed: see errno in the message */
    MEMTRACK_EFORMAT = 3,  /* not a profile or ledger, or a damaged one */
    MEMTRACK_EVERSION = 4, /* written by a newer version */
    MEMTRACK_ELIMIT = 5,   /* larger than a sane file can be */
    MEMTRACK_EUSAGE = 6,   /* arguments that make no sense together */
    MEMTRACK_ENOTFOUND = 7,
    MEMTRACK_EORDER = 8,     /* scopes inside of this one had not been ended */
    MEMTRACK_ETHREAD = 9,    /* belongs to another thread */
    MEMTRACK_EENDED = 10,    /* is not open: has been ended, or was never begun */
    MEMTRACK_EFORKED = 11,   /* belongs to the parent process */
    MEMTRACK_EBUSY = 12,     /* in a signal handler that interrupted the recorder */
    MEMTRACK_EUNTRACKED = 13 /* there is no recorder in this process */
};

#endif
