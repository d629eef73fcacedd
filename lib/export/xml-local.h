/* SPDX-License-Identifier: MIT */
/* Shared by the files of this directory that write XML. Private to them. */
#ifndef MT_EXPORT_XML_LOCAL_H
#define MT_EXPORT_XML_LOCAL_H

#include <stdbool.h>
#include <stdio.h>

/* Writes text for content and attributes: made valid UTF-8, with what XML cannot hold even escaped
 * made visible (\x1b), and the rest marked up. Returns false when out of memory. */
bool mt_xml_put(FILE *stream, const char *raw);

/* Return what mt_xml_put would write, malloc'ed, NULL when out of memory. The second is at most so
 * many columns wide: a longer text loses its beginning. */
char *mt_xml_escape(const char *raw);
char *mt_xml_escape_shortened(const char *raw, size_t columns);

#endif
