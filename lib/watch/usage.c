/* SPDX-License-Identifier: MIT */
/*
 * RSS comes from statm, which is a few counters; PSS and swap from smaps_rollup, which walks the
 * page tables and takes milliseconds in big processes. It is read at most twice a second, and at
 * most for one part in 200 of the time.
 */
#include "watch/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

enum { COST_FACTOR = 200 };
#define LEAST_GAP_NS UINT64_C(500000000)

int mt_usage_open(uint32_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/statm", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* The third figure is the pages of files and of shared memory: the ledger, which is one, is no
 * anonymous memory. */
bool mt_usage_read(int statm_fd, uint64_t *rss_bytes, uint64_t *anon_bytes) {
    char text[128];
    unsigned long long size, resident, shared, page = (unsigned long long)sysconf(_SC_PAGESIZE);
    ssize_t n = pread(statm_fd, text, sizeof text - 1, 0);
    *rss_bytes = *anon_bytes = 0;
    if (n <= 0)
        return false;
    text[n] = 0;
    if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3)
        return false;
    *rss_bytes = resident * page;
    *anon_bytes =
        resident > shared ? (resident - shared) * page : 0; /* the kernel counts in batches */
    return resident != 0;
}

uint64_t mt_usage_rss(int statm_fd) {
    uint64_t rss_bytes, anon_bytes;
    return mt_usage_read(statm_fd, &rss_bytes, &anon_bytes) ? rss_bytes : 0;
}

static uint64_t kilobytes_after(const char *text, const char *label) {
    const char *at = strstr(text, label);
    return at ? strtoull(at + strlen(label), NULL, 10) * 1024 : 0;
}

static uint64_t kilobytes_of(const char *line, const char *label) {
    size_t bytes = strlen(label);
    return strncmp(line, label, bytes) == 0 ? strtoull(line + bytes, NULL, 10) * 1024 : 0;
}

/* Of smaps the lines of all mappings are added up. */
bool mt_usage_pages(uint32_t pid, bool is_old, struct mt_usage *usage) {
    char path[64], line[512];
    struct mt_usage sum = {.peak_rss_bytes = usage->peak_rss_bytes};
    bool any = false;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/%s", pid, is_old ? "smaps" : "smaps_rollup");
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        any = true;
        sum.rss_bytes += kilobytes_of(line, "Rss:");
        sum.pss_bytes += kilobytes_of(line, "Pss:");
        sum.uss_bytes += kilobytes_of(line, "Private_Clean:") +
                         kilobytes_of(line, "Private_Dirty:") +
                         kilobytes_of(line, "Private_Hugetlb:");
        sum.swap_bytes += kilobytes_of(line, "Swap:");
    }
    if (file)
        fclose(file);
    if (any)
        *usage = sum;
    return any;
}

bool mt_usage_status(uint32_t pid, struct mt_usage *usage) {
    char path[64], line[512];
    struct mt_usage read = *usage;
    bool any = false;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        uint64_t peak_bytes = kilobytes_of(line, "VmHWM:");
        if (strncmp(line, "VmRSS:", 6) == 0) {
            read.rss_bytes = kilobytes_of(line, "VmRSS:");
            any = true;
        } else if (strncmp(line, "VmSwap:", 7) == 0)
            read.swap_bytes = kilobytes_of(line, "VmSwap:");
        if (peak_bytes)
            read.peak_rss_bytes = peak_bytes;
    }
    if (file)
        fclose(file);
    if (any)
        *usage = read;
    return any;
}

bool mt_usage_pss(uint32_t pid, uint64_t *pss_bytes, uint64_t *swap_bytes) {
    char text[2048];
    if (mt_process_read(pid, "smaps_rollup", text, sizeof text) <= 0)
        return false;
    *pss_bytes = kilobytes_after(text, "\nPss:");
    *swap_bytes = kilobytes_after(text, "\nSwap:");
    return true;
}

uint64_t mt_usage_pss_next(uint64_t began_ns, uint64_t ended_ns) {
    uint64_t gap = (ended_ns - began_ns) * COST_FACTOR;
    return ended_ns + (gap > LEAST_GAP_NS ? gap : LEAST_GAP_NS);
}
