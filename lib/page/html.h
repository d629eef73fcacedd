/* SPDX-License-Identifier: MIT */
/* Text and bytes inside of HTML. Private to lib/page. */
#ifndef MT_PAGE_HTML_H
#define MT_PAGE_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Writes text that may be anything, for between tags and for attributes in double quotes. */
void mt_html_put_text(FILE *stream, const char *raw);
/* Writes JSON for inside a script element, which nothing in it can end. */
void mt_html_put_json(FILE *stream, const char *json);
void mt_html_put_base64(FILE *stream, const void *bytes, size_t n);

#endif
