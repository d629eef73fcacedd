/* SPDX-License-Identifier: MIT */
/*
 * Findings in words, for a terminal, a test report, an annotation and a table. Texts are malloc'ed;
 * NULL: out of memory. Names of the profile are in them as they are there.
 */
#ifndef MT_VIEW_BUDGET_SENTENCE_H
#define MT_VIEW_BUDGET_SENTENCE_H

#include "view/budget/budget.h"

/* "peak 45.2 MiB, 13.2 MiB (41%) over the budget of 32.0 MiB", without a full stop. */
char *mt_sentence_claim(const struct mt_finding *finding);
/* The line that holds most of a broken budget: "src/a.c:12 parse holds 20.1 MiB (44%)"; "" when
 * there is none. root: of the working tree, whose files are named from there; NULL: none. */
char *mt_sentence_where(const struct mt_finding *finding, const char *root);
/* Both, with "; " between them. */
char *mt_sentence_whole(const struct mt_finding *finding, const char *root);

/* The figure and what it is held against, alone: "45.2 MiB", "201 blocks (9.0 KiB)"; "32.0 MiB",
 * "30.0 MiB + 5%"; "" when there is none. */
char *mt_sentence_measured(const struct mt_finding *finding);
char *mt_sentence_limit(const struct mt_finding *finding);

/* The command that shows more of it: "memtrack report --by stack --sort peak 'my file.pb.gz'"; ""
 * when there is none. */
char *mt_sentence_next(const struct mt_finding *finding, const char *path);

/* "1 of 3 budgets exceeded", "2 budgets kept in 2 profiles": n budgets of n_profiles, of which
 * n_unknown have no figure. */
char *mt_sentence_count(size_t n_profiles, size_t n, size_t n_exceeded, size_t n_unknown);

#endif
