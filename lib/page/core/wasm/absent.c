/* SPDX-License-Identifier: MIT */
/*
 * What the command looks up on the machine, a page cannot: sources, programs, packed files. What is
 * packed, or in another page, the script takes out before the core sees it.
 */
#include <string.h>

#include "profile/page.h"
#include "profile/pprof/pprof-local.h"
#include "profile/pprof/reader.h"
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

size_t mt_profile_page_path(const char *path, enum mt_profile_page_part *part) {
    *part = MT_PAGE_ONLY;
    return strlen(path);
}

bool mt_profile_page_is_html(const uint8_t *head, size_t bytes) {
    (void)head, (void)bytes;
    return false;
}

int mt_profile_page_take(struct mt_inflate *in, const char *name, enum mt_profile_page_part part,
                         struct mt_profile_page *page, struct mt_error *error) {
    (void)in, (void)name, (void)part, (void)page;
    return mt_error_set(error, MEMTRACK_EFORMAT, "", "a page");
}

int mt_profile_page_add_lines(const struct mt_profile_page *page, const char *name,
                              enum mt_profile_page_part part, struct mt_profile *profile,
                              struct mt_error *error) {
    (void)page, (void)name, (void)part, (void)profile, (void)error;
    return 0;
}

const ProtobufCMessageDescriptor *mt_pprof_lines_descriptor(void) {
    return NULL;
}

int mt_pprof_lines_read(struct mt_pprof_reader *reader, const ProtobufCMessage *message) {
    (void)reader, (void)message;
    return 0;
}
