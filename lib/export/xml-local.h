/* SPDX-License-Identifier: MIT */
/* Shared by the files of this directory that write XML. Private to them. */
#ifndef MT_EXPORT_XML_LOCAL_H
#define MT_EXPORT_XML_LOCAL_H

#include <stdbool.h>
#include <stdio.h>

/* For content and attributes: valid UTF-8, what XML cannot hold even escaped made visible (\x1b),
 * the rest marked up. False: out of memory. */
bool mt_xml_put(FILE *stream, const char *raw);

/* The same, malloc'ed; the second is at most so many columns wide, and loses its beginning. NULL:
 * out of memory. */
char *mt_xml_escape(const char *raw);
char *mt_xml_escape_shortened(const char *raw, size_t columns);

#endif
