/* SPDX-License-Identifier: MIT */
/* What is called of SQLite, which is loaded when a database is written. Private to lib/export. */
#ifndef MT_EXPORT_SQLITE_LIBRARY_H
#define MT_EXPORT_SQLITE_LIBRARY_H

#include <sqlite3.h>

#include "base/error.h"

/* sqlite3_NAME is the member NAME. */
#define MT_SQLITE_LIBRARY(X)                                                                       \
    X(bind_int64)                                                                                  \
    X(bind_text)                                                                                   \
    X(clear_bindings)                                                                              \
    X(close)                                                                                       \
    X(errmsg)                                                                                      \
    X(exec)                                                                                        \
    X(finalize)                                                                                    \
    X(free)                                                                                        \
    X(open_v2)                                                                                     \
    X(prepare_v2)                                                                                  \
    X(reset)                                                                                       \
    X(serialize)                                                                                   \
    X(step)

#define MT_SQLITE_LIBRARY_MEMBER(name) __typeof__(sqlite3_##name) *name;
struct mt_sqlite_library {
    MT_SQLITE_LIBRARY(MT_SQLITE_LIBRARY_MEMBER)
};

extern struct mt_sqlite_library mt_sqlite_library; /* NULLs before it was loaded */

/* Returns 0 or -MEMTRACK_EIO, as mt_library_load. */
int mt_sqlite_library_load(struct mt_error *error);

#endif
