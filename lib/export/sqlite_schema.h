/* SPDX-License-Identifier: MIT */
/* The tables and views of an exported database; docs/sqlite.md is their documentation. Private to
 * lib/export. */
#ifndef MT_EXPORT_SQLITE_SCHEMA_H
#define MT_EXPORT_SQLITE_SCHEMA_H

extern const char mt_sqlite_schema_tables[]; /* before anything is inserted */
extern const char mt_sqlite_schema_views[];  /* indexes and views, when everything is */

#endif
