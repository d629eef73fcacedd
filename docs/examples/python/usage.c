/* SPDX-License-Identifier: MIT */
/* usage: what the system says of this process, and of a function. For docs/coming-from-python.md.
 */
#include <memtrack/usage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void work(void *bytes) {
    char *block = malloc(*(size_t *)bytes);
    memset(block, 1, *(size_t *)bytes);
    free(block);
}

int main(void) {
    size_t bytes = 50 << 20;
    memtrack_usage now;
    memtrack_peak peak;
    if (memtrack_memory_usage(&now) == 0)
        printf("rss %s 0, pss %s rss\n", now.rss_bytes > 0 ? ">" : "=",
               now.pss_bytes <= now.rss_bytes ? "<=" : ">");
    if (memtrack_usage_peak(work, &bytes, 0, &peak) == 0)
        printf("work: peak RSS %llu MiB above what there was, exact: %d\n",
               (unsigned long long)((peak.peak_rss_bytes - peak.before.rss_bytes) >> 20),
               peak.is_exact);
    return 0;
}
