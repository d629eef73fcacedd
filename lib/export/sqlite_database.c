/* SPDX-License-Identifier: MIT */
/*
 * The database is made in memory, in one transaction and without a journal, and written when it is
 * complete: an export goes to a stream, which may be a pipe. Its pages are what the file holds, so
 * it is in memory twice for a moment.
 */
#include "export/sqlite_database.h"

#include <stdlib.h>

#include "export/sqlite_library.h"
#include "view/format/format.h"

void mt_sqlite_database_open(struct mt_sqlite_database *d) {
    d->failed = mt_sqlite_library.open_v2(":memory:", &d->connection,
                                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                              SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                                          NULL) != SQLITE_OK;
    mt_sqlite_database_run(d, "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; BEGIN;");
}

void mt_sqlite_database_run(struct mt_sqlite_database *d, const char *sql) {
    if (!d->failed)
        d->failed = mt_sqlite_library.exec(d->connection, sql, NULL, NULL, NULL) != SQLITE_OK;
}

void mt_sqlite_database_table(struct mt_sqlite_database *d, const char *name, int n_columns) {
    char sql[160];
    int n = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?", name);
    for (int i = 1; i < n_columns; i++)
        n += snprintf(sql + n, sizeof sql - (size_t)n, ",?");
    snprintf(sql + n, sizeof sql - (size_t)n, ")");
    mt_sqlite_library.finalize(d->insert);
    d->insert = NULL;
    if (!d->failed)
        d->failed =
            mt_sqlite_library.prepare_v2(d->connection, sql, -1, &d->insert, NULL) != SQLITE_OK;
}

void mt_sqlite_database_number(struct mt_sqlite_database *d, int column, int64_t value) {
    if (!d->failed)
        d->failed = mt_sqlite_library.bind_int64(d->insert, column + 1, value) != SQLITE_OK;
}

/* Most text is, and need not be copied to be made so. */
static bool is_printable(const char *text) {
    while (*text >= ' ' && *text <= '~')
        text++;
    return !*text;
}

void mt_sqlite_database_text(struct mt_sqlite_database *d, int column, const char *raw) {
    if (!d->failed && is_printable(raw)) {
        d->failed = mt_sqlite_library.bind_text(d->insert, column + 1, raw, -1, SQLITE_TRANSIENT) !=
                    SQLITE_OK;
        return;
    }
    char *text = d->failed ? NULL : mt_format_visible(raw, true);
    if (!text || mt_sqlite_library.bind_text(d->insert, column + 1, text, -1, free) != SQLITE_OK)
        d->failed = true;
}

void mt_sqlite_database_row(struct mt_sqlite_database *d) {
    if (d->failed)
        return;
    d->failed = mt_sqlite_library.step(d->insert) != SQLITE_DONE;
    mt_sqlite_library.reset(d->insert);
    mt_sqlite_library.clear_bindings(d->insert);
}

bool mt_sqlite_database_write(struct mt_sqlite_database *d, FILE *out, char *message,
                              size_t bytes) {
    sqlite3_int64 n = 0;
    mt_sqlite_library.finalize(d->insert);
    d->insert = NULL;
    mt_sqlite_database_run(d, "COMMIT; PRAGMA optimize;");
    unsigned char *file =
        d->failed ? NULL : mt_sqlite_library.serialize(d->connection, "main", &n, 0);
    if (file)
        fwrite(file, 1, (size_t)n, out);
    else
        snprintf(message, bytes, "%s", mt_sqlite_library.errmsg(d->connection));
    mt_sqlite_library.free(file);
    return file != NULL;
}

void mt_sqlite_database_close(struct mt_sqlite_database *d) {
    mt_sqlite_library.finalize(d->insert);
    mt_sqlite_library.close(d->connection);
}
