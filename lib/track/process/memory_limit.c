/* SPDX-License-Identifier: MIT */
/*
 * /proc/self/cgroup names the group in each hierarchy (Linux,
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst). A group's limit holds for
 * those within it, so the way up is gone to the end. In a container the name can be that of the
 * host, and what is mounted is the container's own group: then only the end of the way is there.
 */
#include "track/process/memory_limit.h"

#include "base/text.h"

enum { LIST_BYTES = 4096, PATH_BYTES = 1024 };
#define V1_UNLIMITED (UINT64_C(1) << 62) /* the largest number of pages, in bytes */

static char list[LIST_BYTES], path[PATH_BYTES];

static void lower(uint64_t *limit, long found) {
    if (found > 0 && (uint64_t)found < V1_UNLIMITED && (*limit == 0 || (uint64_t)found < *limit))
        *limit = (uint64_t)found;
}

/* Looks at a group and those around it. A group is "/a/b", with more text behind its length. "max"
 * in a file is no number, and so no limit. */
static void look_at_group(uint64_t *limit, const char *mount, const char *group, size_t length,
                          const char *file) {
    const char *end = path + sizeof path - 1;
    for (;;) {
        char *p = mt_text_put(path, end, mount);
        for (size_t i = 0; i < length && p < end; i++)
            *p++ = group[i];
        *p = 0;
        if (mt_text_put(p, end, file) < end)
            lower(limit, mt_os_number_in(path, "", 0));
        if (length == 0)
            return;
        do
            length--;
        while (length > 0 && group[length] != '/');
    }
}

/* Looks at a line ID:CONTROLLERS:GROUP, which ends with a NUL. The controllers are separated by
 * commas; in version 2 there are none. */
static void look_at_line(uint64_t *limit, const char *line, size_t length) {
    size_t at = 0, group;
    bool has_memory = false;
    while (at < length && line[at] != ':')
        at++;
    for (group = at + 1; group < length && line[group] != ':'; group++)
        ;
    if (group >= length)
        return;
    for (size_t i = at; i < group; i++)
        has_memory |= (line[i] == ':' || line[i] == ',') && mt_text_begins(line + i + 1, "memory");
    size_t bytes = length - group - 1 == 1 ? 0 : length - group - 1; /* "/" is the top itself */
    if (group == at + 1)
        look_at_group(limit, "/sys/fs/cgroup", line + group + 1, bytes, "/memory.max");
    else if (has_memory)
        look_at_group(limit, "/sys/fs/cgroup/memory", line + group + 1, bytes,
                      "/memory.limit_in_bytes");
}

uint64_t mt_memory_limit(void) {
    uint64_t limit = 0;
    long n = mt_os_read_file("/proc/self/cgroup", list, LIST_BYTES);
    for (long begin = 0, i = 0; i < n; i++)
        if (list[i] == '\n') {
            list[i] = 0;
            look_at_line(&limit, list + begin, (size_t)(i - begin));
            begin = i + 1;
        }
    return limit;
}
