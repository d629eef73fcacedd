/* SPDX-License-Identifier: MIT */
/*
 * The MAPPED_LIBRARIES section of a heap profile in text: lines of /proc/PID/maps,
 *
 *   55d0c0a00000-55d0c0a10000 r-xp 00001000 08:01 1234   /opt/server/bin/server
 *
 * of which those with code of a file are mappings. There are no build ids in it: whether the file
 * that is there today is the one that ran cannot be told, and a note says so (text.c).
 */
#include "profile/heap/maps.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/search.h"

/* Returns the next word, up to a blank. */
static struct mt_scan next_word(struct mt_scan *line) {
    mt_scan_blanks(line);
    struct mt_scan word = {line->at, line->at};
    while (line->at < line->end && *line->at != ' ' && *line->at != '\t')
        line->at++;
    word.end = line->at;
    return word;
}

static bool is_executable(struct mt_scan permissions) {
    return permissions.end - permissions.at >= 3 && permissions.at[2] == 'x';
}

int mt_heap_maps_line(struct mt_profile *profile, struct mt_scan line) {
    struct mt_mapping mapping = {0};
    mt_scan_blanks(&line);
    if (!mt_scan_hex(&line, &mapping.start) || !mt_scan_text(&line, "-") ||
        !mt_scan_hex(&line, &mapping.limit))
        return 0;
    struct mt_scan permissions = next_word(&line), offset = next_word(&line);
    next_word(&line); /* device */
    next_word(&line); /* inode */
    mt_scan_blanks(&line);
    if (!is_executable(permissions) || !mt_scan_hex(&offset, &mapping.offset) ||
        mapping.start >= mapping.limit || line.at == line.end || *line.at != '/')
        return 0;
    mapping.path = mt_profile_intern_n(profile, line.at, (size_t)(line.end - line.at));
    if (mapping.path == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    mapping.bias = mapping.start - mapping.offset;
    int64_t index = mt_profile_add_mapping(profile, &mapping);
    return index < 0 ? (int)index : 1;
}

/* ---- which mapping holds an address ---------------------------------------------------------- */

struct range {
    uint64_t start, limit;
    uint32_t mapping; /* index + 1 */
};

static int compare_ranges(const void *left, const void *right) {
    const struct range *x = left, *y = right;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Returns the last range that begins at or below the address, if it holds the address. */
static uint32_t find(const struct range *ranges, size_t n, uint64_t address) {
    size_t low = MT_PARTITION_POINT(i, n, ranges[i].start <= address);
    return low && address < ranges[low - 1].limit ? ranges[low - 1].mapping : 0;
}

int mt_heap_maps_assign(struct mt_profile *profile) {
    size_t n = profile->n_mappings;
    struct range *ranges = malloc((n + 1) * sizeof *ranges);
    if (!ranges)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++)
        ranges[i] =
            (struct range){profile->mappings[i].start, profile->mappings[i].limit, (uint32_t)i + 1};
    qsort(ranges, n, sizeof *ranges, compare_ranges);
    for (size_t i = 0; i < profile->n_locations; i++)
        profile->locations[i].mapping = find(ranges, n, profile->locations[i].address);
    free(ranges);
    return 0;
}
