/* SPDX-License-Identifier: MIT */
/* dist/viewer.html, in pieces between the places where a page has something of its own. */
#ifndef MT_PAGE_VIEWER_H
#define MT_PAGE_VIEWER_H

#include <stddef.h>
#include <stdio.h>

/* The places in their order. */
enum mt_viewer_place {
    MT_VIEWER_CONNECT, /* in the policy: where requests may go to */
    MT_VIEWER_TITLE,
    MT_VIEWER_STATIC, /* what is shown without scripts */
    MT_VIEWER_DATA,
    MT_VIEWER_END
};

/* Writes the piece that ends at a place. The first call is for the first place. */
void mt_viewer_put_until(FILE *stream, enum mt_viewer_place place);

#endif
