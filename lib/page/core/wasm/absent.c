/* SPDX-License-Identifier: MIT */
/*
 * What the command looks up on the machine, a page cannot: sources, programs, packed files. What is
 * packed, the browser unpacks before the core sees it.
 */
#include "view/source.h"

struct mt_source *mt_source_new(const char *folder) {
    (void)folder;
    return NULL;
}

void mt_source_free(struct mt_source *source) {
    (void)source;
}

char *mt_source_line(struct mt_source *source, const char *file, int64_t line) {
    (void)source, (void)file, (void)line;
    return NULL;
}

uint64_t mt_source_built_ns(uint64_t start_time_ns, const char *module) {
    (void)start_time_ns, (void)module;
    return 0;
}

bool mt_source_is_newer(struct mt_source *source, const char *file, uint64_t time_ns) {
    (void)source, (void)file, (void)time_ns;
    return false;
}
