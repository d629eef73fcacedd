/* SPDX-License-Identifier: MIT */
/* What budgets have found, and the names that options, JSON and JUnit have for it. */
#include <stdlib.h>

#include "view/budget/budget-local.h"

void mt_finding_free(struct mt_finding *finding) {
    free(finding->scope);
    free(finding->why);
    free(finding->key);
    free(finding->function);
    free(finding->file);
}

void mt_finding_free_all(struct mt_findings *findings) {
    for (size_t i = 0; i < findings->n; i++)
        mt_finding_free(&findings->items[i]);
    for (size_t i = 0; i < findings->n_doubts; i++)
        free(findings->doubts[i]);
    free(findings->items);
    free(findings->doubts);
    *findings = (struct mt_findings){0};
}

bool mt_finding_fails(const struct mt_finding *finding) {
    return finding->outcome == MT_OUTCOME_BROKEN || finding->outcome == MT_OUTCOME_UNKNOWN;
}

size_t mt_finding_count_failed(const struct mt_findings *findings) {
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++)
        n += mt_finding_fails(&findings->items[i]);
    return n;
}

const char *mt_finding_name(const struct mt_finding *finding) {
    return finding->is_baseline ? mt_budget_words[finding->of].baseline
                                : mt_budget_words[finding->of].option;
}

const char *mt_finding_outcome_name(enum mt_outcome outcome) {
    static const char *const names[] = {"kept", "improved", "broken", "unknown"};
    return names[outcome];
}
