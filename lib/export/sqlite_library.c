/* SPDX-License-Identifier: MIT */
/* The names and the members come from one list, so they are in the same order. */
#include "export/sqlite_library.h"

#include "base/library.h"

struct mt_sqlite_library mt_sqlite_library;

#define NAME(name) "sqlite3_" #name,
static const char *const names[] = {MT_SQLITE_LIBRARY(NAME)};
enum { N = sizeof names / sizeof *names };
_Static_assert(sizeof mt_sqlite_library == N * sizeof(void *), "one pointer for each name");

int mt_sqlite_library_load(struct mt_error *error) {
    static const struct mt_library library = {
        .soname = MT_SQLITE_SONAME,
        .package = MT_SQLITE_PACKAGE,
        .names = names,
        .n = N,
        .functions = &mt_sqlite_library,
    };
    return mt_library_load(&library, error);
}
