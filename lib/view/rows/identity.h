/* SPDX-License-Identifier: MIT */
/*
 * Numbering things that are equal: the tables behind grouping. Private to lib/view.
 */
#ifndef MT_VIEW_ROWS_IDENTITY_H
#define MT_VIEW_ROWS_IDENTITY_H

#include "view/rows/frames.h"
#include "view/rows/group_by.h"

enum mt_identity_tag {
    MT_ID_LINE = 1, /* a: file, b: line */
    MT_ID_SYMBOL,   /* a: name, b: offset, c: module */
    MT_ID_ADDRESS,  /* a: module, b: address in the module, c: name */
    MT_ID_FUNCTION, /* a: name, b: file, c: module when there is no file */
    MT_ID_FILE,     /* a: file */
    MT_ID_MODULE,   /* a: module */
    MT_ID_LABEL,    /* a: thread, scope, domain or size class */
    MT_ID_FRAME,    /* a: function, file; b: line; c: module: equal on the page */
    MT_ID_PAIR,     /* a, b: ids */
    MT_ID_NAME,     /* a: name */
    MT_ID_UNKNOWN,
    MT_ID_LOSSY,
};
struct mt_identity {
    uint64_t a, b, c;
    enum mt_identity_tag tag;
};

/* Ids go from 0 on in the order of first appearance. All zeros is an empty table. */
struct mt_identities {
    struct mt_identity *items;
    size_t n, capacity;
    uint32_t *slots; /* id + 1, 0: empty */
    size_t mask;
};
int64_t mt_identity_id(struct mt_identities *ids,
                       struct mt_identity identity); /* or -MEMTRACK_ENOMEM */
void mt_identity_free(struct mt_identities *ids);

/* Returns what a frame is grouped under. */
struct mt_identity mt_identity_of_entry(const struct mt_frames *frames, uint32_t entry,
                                        enum mt_group_by by);
struct mt_identity mt_identity_of_label(const struct mt_sample *sample, enum mt_group_by by);
struct mt_identity mt_identity_of_nothing(const struct mt_sample *sample); /* no frame to charge */
/* A module by its text, 0: not known. */
struct mt_identity mt_identity_of_module(uint32_t module);
/* A frame of a call path: equal ones look the same on the page. */
struct mt_identity mt_identity_of_frame(const struct mt_frames *frames, uint32_t entry);

#endif
