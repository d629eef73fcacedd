/* SPDX-License-Identifier: MIT */
/* The functions of libraries that the command loads when it uses them: see MemtrackLoaded.cmake. */
#ifdef MT_LOADS_SQLITE
#include "export/sqlite_library.h"
#endif
#ifdef MT_LOADS_MICROHTTPD
#include "serve/microhttpd.h"
#endif

#define SQLITE(name)     (void *)sqlite3_##name,
#define MICROHTTPD(name) (void *)MHD_##name,

extern void *const memtrack_loaded[];
void *const memtrack_loaded[] = {
#ifdef MT_LOADS_SQLITE
    MT_SQLITE_LIBRARY(SQLITE)
#endif
#ifdef MT_LOADS_MICROHTTPD
        MT_MICROHTTPD(MICROHTTPD)
#endif
};
