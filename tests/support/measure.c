/* SPDX-License-Identifier: MIT */
/* What a program sees of itself, in a line of figures that its source tells: a program of its own
 * or, with -DPLUGIN, the function plugin() of a shared object. Needs memtrack.h alone. */
#include <memtrack.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *(*volatile allocate)(size_t) = malloc; /* not to be optimised away */

static int measure(void) {
    memtrack_scope scope;
    memtrack_delta d;
    int rc = memtrack_begin(&scope, "measure");
    void *kept = allocate(1000), *gone = allocate(234);
    free(gone);
    rc |= memtrack_end(&scope, &d);
    free(kept);
    fprintf(stderr,
            "rc %d, tracing %d, net %lld in %lld, peak %lld, allocated %llu in %llu, freed %llu in "
            "%llu\n",
            rc, memtrack_is_tracing(), (long long)d.net_bytes, (long long)d.net_blocks,
            (long long)d.peak_bytes, (unsigned long long)d.allocated_bytes,
            (unsigned long long)d.allocated_blocks, (unsigned long long)d.freed_bytes,
            (unsigned long long)d.freed_blocks);
    return rc;
}

#ifdef PLUGIN
int plugin(void);
int plugin(void) {
    return measure();
}
#else
/* measure [PROGRAM ARGS...]: goes on as that program. */
int main(int argc, char **argv) {
    int rc = measure();
    if (argc > 1 && rc == 0) {
        execv(argv[1], argv + 1);
        rc = 127;
    }
    return rc;
}
#endif
