/* SPDX-License-Identifier: MIT */
/*
 * Budgets: what a program may need, against what a profile says it needed. A budget is an upper
 * bound, inclusive, that was given as a number or derived from an earlier profile (the baseline). A
 * figure that the profile does not have keeps no budget: it is unknown, which is not a pass.
 */
#ifndef MT_VIEW_BUDGET_H
#define MT_VIEW_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/wrappers.h"

enum mt_budget_of {
    MT_BUDGET_PEAK,
    MT_BUDGET_LIVE,
    MT_BUDGET_TOTAL,
    MT_BUDGET_TOTAL_BLOCKS,
    MT_BUDGET_LEAKS,     /* live blocks that the program should have freed, see leaks.h */
    MT_BUDGET_RECORDING, /* things that the recording is in doubt about */
    /* Of scopes alone: times in ns, over all of a name but for the first and CPU, which are of every
     * one; and how many the program has said have failed. */
    MT_BUDGET_DURATION,
    MT_BUDGET_MEAN,
    MT_BUDGET_P50,
    MT_BUDGET_P95,
    MT_BUDGET_CPU,
    MT_BUDGET_ERRORS,
    MT_N_BUDGETS
};

struct mt_budget {
    enum mt_budget_of of;
    uint64_t limit;    /* bytes, blocks, ns or errors */
    const char *scope; /* the figure is that of each region of that name; NULL: of the process */
};

struct mt_budgets {
    const struct mt_budget *items;
    size_t n;
    /* Peak, live and total blocks are held against this profile; NULL: none. */
    const struct mt_profile *baseline;
    /* How far above it they may be; a figure that is so far below is an improvement. */
    double tolerance_percent;
    /* For leaks: what was allocated by way of a matching function, file or module. */
    const char *const *ignored;
    size_t n_ignored; /* (patterns as in filter.h) is none */
    /* For leaks: what the C, C++ and Rust runtimes keep until the end counts, too. */
    bool count_runtime;
    struct mt_wrapper_options wrappers; /* who is charged with what breaks a budget */
    bool is_strict; /* a doubt about the recording breaks a budget of its own kind */
};

enum mt_outcome { MT_OUTCOME_KEPT, MT_OUTCOME_IMPROVED, MT_OUTCOME_BROKEN, MT_OUTCOME_UNKNOWN };

struct mt_finding {
    enum mt_budget_of of;
    enum mt_outcome outcome;
    bool is_baseline;
    bool is_of_snapshot;    /* the process had not ended */
    uint64_t limit, actual; /* in the unit of the budget; actual means nothing when unknown */
    uint64_t
        margin; /* how far actual may be off (95 %) when the recording is sampled; 0: it is exact */
    /* Of a scope of which some were only counted: how many actual is estimated from, and how many
     * there are; 0 and 0: it is exact. */
    uint64_t measured_scopes, all_scopes;
    uint64_t leaked_bytes; /* MT_BUDGET_LEAKS */
    /* For leaks: what the language's runtime keeps on purpose, which is not part of actual. */
    uint64_t kept_blocks, kept_bytes;
    uint64_t baseline; /* when is_baseline */
    double tolerance_percent;
    char *scope, *why; /* "" unless it is of a scope; the reason, when it is unknown */
    /* The line that holds most of it when it is broken, "" when not known; and its function. */
    char *key, *function;
    char *file;                /* figure of that line */
    int64_t line, line_amount; /* in the unit of the budget; for leaks in bytes */
};

struct mt_findings {
    struct mt_finding *items;
    size_t n;
    char **doubts; /* about the recording, whole sentences: sampled, approximate, ... */
    size_t n_doubts;
};

/* Holds a profile, which must be symbolized, against the budgets. Returns 0 or -MEMTRACK_ENOMEM.
 * findings is filled anew; free it either way. */
int mt_budget_check_all(const struct mt_profile *profile, const struct mt_budgets *budgets,
                        struct mt_findings *findings, struct mt_error *error);
void mt_finding_free_all(struct mt_findings *findings);
void mt_finding_free(struct mt_finding *finding); /* what it points to */

/* Returns whether it is broken or unknown. */
bool mt_finding_fails(const struct mt_finding *finding);
size_t mt_finding_count_failed(const struct mt_findings *findings);

/* Returns what the option is called: "max-peak", "no-leaks", "baseline-live", "strict", ... */
const char *mt_finding_name(const struct mt_finding *finding);
/* Returns the statistic, as in report --json: "peak_bytes", "total_blocks", ...; that of leaks
 * is "leaked_blocks". */
const char *mt_budget_statistic(enum mt_budget_of of);
/* "bytes", "blocks", "doubts", "ns" or "errors". */
const char *mt_budget_unit(enum mt_budget_of of);
/* kept, improved, broken, unknown */
const char *mt_finding_outcome_name(enum mt_outcome outcome);

/* Reads "parse:peak=10M,net=0", the budgets of a scope, and appends them to *items, which is
 * grown by realloc. The scope's name is malloc'ed, and shared by those that are added. Returns
 * 0, -MEMTRACK_EUSAGE, whose message says what was expected, or -MEMTRACK_ENOMEM. */
int mt_budget_parse_scope(const char *text, struct mt_budget **items, size_t *n,
                          struct mt_error *error);

#endif
