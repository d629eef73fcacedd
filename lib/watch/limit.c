/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/cgroup says where the process is in each hierarchy, as seen from our own cgroup
 * namespace; mountinfo says where the hierarchies are mounted and which part of each:
 *
 *   0::/system.slice/redis.service                    v2
 *   9:memory:/docker/0123                             v1
 *   36 25 0:32 /docker/0123 /sys/fs/cgroup/memory ro,nosuid … - cgroup cgroup rw,memory
 *
 * A limit applies to everything below it, so the smallest on the way up to the mount point is the
 * one that will kill. A path outside of our namespace begins with /..; then the mount point is what
 * can be seen.
 */
#include "watch/limit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without a limit, v1 says LONG_MAX rounded down to pages. */
#define MOST_BYTES (UINT64_C(1) << 60)

enum { PATH_BYTES = 2048, LINE_BYTES = 4096 };

struct hierarchy {
    bool is_v2;
    char path[PATH_BYTES]; /* of the process */
    char mount_point[PATH_BYTES], mount_root[PATH_BYTES];
    bool is_mounted;
};

/* Returns false for "max" and for what is no number: there is no limit. */
static bool read_number(const char *path, uint64_t *bytes) {
    char text[64] = "", *end;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    *bytes = strtoull(text, &end, 10);
    return end != text && *bytes < MOST_BYTES;
}

static bool has_controller(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* Reads one line of /proc/PID/cgroup; the v1 hierarchy of memory beats v2, where both exist. */
static void take_cgroup(char *line, struct hierarchy *h, bool *found) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':'),
         *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return;
    *path++ = '\0';
    controllers++;
    bool is_v2 = strncmp(line, "0:", 2) == 0 && !*controllers;
    bool is_v1 = has_controller(controllers, "memory");
    if ((!is_v1 && !(is_v2 && !*found)) || strlen(path) >= sizeof h->path)
        return;
    h->is_v2 = !is_v1;
    memcpy(h->path, path, strlen(path) + 1);
    *found = true;
}

/* Reads a line such as "36 25 0:32 ROOT MOUNT_POINT OPTIONS … - TYPE SOURCE SUPER_OPTIONS". */
static void take_mount(const char *line, struct hierarchy *h) {
    char root[PATH_BYTES], point[PATH_BYTES], type[32], super[PATH_BYTES];
    const char *tail = strstr(line, " - ");
    if (h->is_mounted || !tail || sscanf(line, "%*s %*s %*s %2047s %2047s", root, point) != 2 ||
        sscanf(tail, " - %31s %*s %2047s", type, super) != 2)
        return;
    if (strcmp(type, h->is_v2 ? "cgroup2" : "cgroup") != 0 ||
        (!h->is_v2 && !has_controller(super, "memory")))
        return;
    memcpy(h->mount_point, point, sizeof h->mount_point);
    memcpy(h->mount_root, root, sizeof h->mount_root);
    if (strcmp(root, "/") == 0)
        h->mount_root[0] = '\0';
    h->is_mounted = true;
}

static bool find_hierarchy(const char *root, pid_t pid, struct hierarchy *h) {
    char path[PATH_BYTES], line[LINE_BYTES];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/%d/cgroup", root, (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        take_cgroup(line, h, &found);
    fclose(file);
    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    file = found ? fopen(path, "re") : NULL;
    while (file && fgets(line, sizeof line, file))
        take_mount(line, h);
    if (file)
        fclose(file);
    return h->is_mounted;
}

/* Returns the process's path below the mount point: "" or "/a/b". */
static const char *path_below(const struct hierarchy *h) {
    size_t length = strlen(h->mount_root);
    if (strcmp(h->path, "/") == 0 || strstr(h->path, "/.."))
        return "";
    if (length && strncmp(h->path, h->mount_root, length) == 0 &&
        (h->path[length] == '/' || !h->path[length]))
        return h->path + length;
    return length ? "" : h->path;
}

static void look_upwards(const char *root, const struct hierarchy *h, struct mt_limit *limit) {
    char directory[2 * PATH_BYTES], file[3 * PATH_BYTES];
    const char *name = h->is_v2 ? "memory.max" : "memory.limit_in_bytes";
    size_t mount = (size_t)snprintf(directory, sizeof directory, "%s%s", root, h->mount_point);
    snprintf(directory + mount, sizeof directory - mount, "%s", path_below(h));
    for (;;) {
        uint64_t bytes;
        snprintf(file, sizeof file, "%s/%s", directory, name);
        if (read_number(file, &bytes) && bytes && (!limit->bytes || bytes < limit->bytes)) {
            limit->bytes = bytes;
            snprintf(limit->source, sizeof limit->source, "%s", file + strlen(root));
        }
        char *slash = strrchr(directory + mount, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

static void take_machine(const char *root, struct mt_limit *limit) {
    char path[PATH_BYTES], line[LINE_BYTES];
    uint64_t kilobytes = 0;
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file) &&
           sscanf(line, "MemTotal: %" SCNu64, &kilobytes) != 1)
        ;
    if (file)
        fclose(file);
    if (!kilobytes || kilobytes > MOST_BYTES / 1024 ||
        (limit->bytes && limit->bytes <= kilobytes * 1024))
        return;
    limit->bytes = kilobytes * 1024;
    snprintf(limit->source, sizeof limit->source, "the machine's memory");
}

void mt_limit_of(const char *root, pid_t pid, struct mt_limit *limit) {
    struct hierarchy *h = calloc(1, sizeof *h);
    *limit = (struct mt_limit){0};
    if (h && find_hierarchy(root, pid, h))
        look_upwards(root, h, limit);
    free(h);
    take_machine(root, limit);
}
