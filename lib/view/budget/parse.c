/* SPDX-License-Identifier: MIT */
/* The language in which the budgets of a scope are given. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/budget/budget-local.h"
#include "view/format/format.h"

static int bad_scope(struct mt_error *error, const char *text) {
    return mt_error_set(error, MEMTRACK_EUSAGE,
                        "Give NAME:STATISTIC=LIMIT, such as parse:peak=10M,p95=20ms. Statistics: "
                        "peak, net, allocated, blocks, duration, mean, p50, p95, cpu, errors.",
                        "%s: not the budget of a scope", text);
}

static bool is_time(enum mt_budget_of of) {
    return of >= MT_BUDGET_DURATION && of <= MT_BUDGET_CPU;
}

/* "peak=10M", "p95=20ms" */
static bool parse_limit(const char *text, struct mt_budget *budget) {
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    for (enum mt_budget_of of = 0; equals && length && of < MT_N_BUDGETS; of++) {
        if (strlen(mt_budget_words[of].scope_key) != length ||
            strncmp(mt_budget_words[of].scope_key, text, length) != 0)
            continue;
        budget->of = of;
        return is_time(of) ? mt_format_parse_duration(equals + 1, 0, &budget->limit)
                           : mt_format_parse_size(equals + 1, &budget->limit);
    }
    return false;
}

/* A name may hold colons: the last one ends it. */
int mt_budget_parse_scope(const char *text, struct mt_budget **items, size_t *n,
                          struct mt_error *error) {
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || !colon[1])
        return bad_scope(error, text);
    char *name = strndup(text, (size_t)(colon - text)), *list = strdup(colon + 1), *state = NULL;
    int rc = name && list ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    bool used = false;
    for (char *part = rc == 0 ? strtok_r(list, ",", &state) : NULL; part && rc == 0;
         part = strtok_r(NULL, ",", &state)) {
        struct mt_budget budget = {.scope = name};
        if (!mt_array_grow(items, *n, sizeof **items))
            rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
        else if (!parse_limit(part, &budget))
            rc = bad_scope(error, text);
        else {
            (*items)[(*n)++] = budget;
            used = true;
        }
    }
    free(list);
    if (!used) {
        free(name);
        if (rc == 0)
            rc = bad_scope(error, text);
    }
    return rc;
}
