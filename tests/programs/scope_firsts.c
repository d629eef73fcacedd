/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * After each of several ways to forget what scopes have come to, begins three of one name and three
 * of one group, the last of them inside of each other, and prints what is known of them after each:
 * "NAME COUNT UNMEASURED".
 */
#include <inttypes.h>
#include <stdio.h>

#include "memtrack/timers.h"

enum { ROUNDS = 12, MOST_ROWS = 4 };

static void print(uint32_t group) {
    memtrack_scope_row rows[MOST_ROWS];
    int n = memtrack_group_read(group, rows, MOST_ROWS);
    for (int i = 0; i < n && i < MOST_ROWS; i++)
        printf("%s %" PRIu64 " %" PRIu64 "\n", rows[i].name, rows[i].count, rows[i].unmeasured);
}

static void run(uint32_t group, const char *name) {
    memtrack_scope first, outer, inner;
    memtrack_group_begin_at(group, &first, name, NULL, 0);
    memtrack_end(&first, NULL);
    print(group);
    memtrack_group_begin_at(group, &outer, name, NULL, 0);
    memtrack_group_begin_at(group, &inner, name, NULL, 0);
    memtrack_end(&inner, NULL);
    print(group);
    memtrack_end(&outer, NULL);
    print(group);
}

int main(void) {
    uint32_t group = memtrack_group("group");
    for (int i = 0; i < ROUNDS; i++) {
        run(0, "alone");
        run(group, "grouped");
        if (i % 3 == 0 || (i % 3 == 1 && !memtrack_is_tracing())) {
            memtrack_scopes_reset();
            memtrack_group_reset(group);
        } else if (i % 3 == 1) {
            memtrack_clear_traces();
        } else { /* each by itself, between the other's scopes */
            memtrack_group_reset(group);
            run(group, "grouped");
            memtrack_group_reset(group);
            memtrack_scopes_reset();
        }
    }
    return 0;
}
