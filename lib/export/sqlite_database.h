/* SPDX-License-Identifier: MIT */
/* A database in memory that is filled, and then written as the file that it would be. Private to
 * lib/export. */
#ifndef MT_EXPORT_SQLITE_DATABASE_H
#define MT_EXPORT_SQLITE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sqlite3;
struct sqlite3_stmt;

struct mt_sqlite_database {
    struct sqlite3 *connection;
    struct sqlite3_stmt *insert; /* into the table that is being filled */
    bool failed;                 /* once something did not work, nothing more is done */
};

void mt_sqlite_database_open(struct mt_sqlite_database *database);
void mt_sqlite_database_run(struct mt_sqlite_database *database, const char *sql);
/* Begins with a table, which has so many columns. */
void mt_sqlite_database_table(struct mt_sqlite_database *database, const char *name, int n_columns);
/* Sets a column of the row that is being made. Text is made printable (view/format/format.h). */
void mt_sqlite_database_number(struct mt_sqlite_database *database, int column, int64_t value);
void mt_sqlite_database_text(struct mt_sqlite_database *database, int column, const char *raw);
/* Inserts the row. Columns that were not set are NULL. */
void mt_sqlite_database_row(struct mt_sqlite_database *database);
/* Writes the file, or what went wrong first to message. Returns false when it failed. */
bool mt_sqlite_database_write(struct mt_sqlite_database *database, FILE *out, char *message,
                              size_t bytes);
void mt_sqlite_database_close(struct mt_sqlite_database *database);

#endif
