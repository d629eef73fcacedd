/* SPDX-License-Identifier: MIT */
/* What budgets are called, shared by the files of this folder. Private to them. */
#ifndef MT_VIEW_BUDGET_LOCAL_H
#define MT_VIEW_BUDGET_LOCAL_H

#include "view/budget/budget.h"

struct mt_budget_words {
    const char *option, *baseline, *statistic, *unit, *noun, *scope_noun, *scope_key, *sort;
};
extern const struct mt_budget_words mt_budget_words[MT_N_BUDGETS];

#endif
