/* SPDX-License-Identifier: MIT */
/*
 * Findings in words: the names that options, JSON and JUnit have for them, and the sentence that a
 * person reads. One sentence serves the terminal and the test report, because whoever reads the one
 * has usually come from the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/budget/budget-local.h"
#include "view/format/format.h"

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

/* ---- sentences ------------------------------------------------------------------------------- */

/* Writes "1,234 blocks" or "45.2 MiB"; in bytes when the unit would hide a difference. near is
 * what the figure is held against. */
static char *amount(char text[MT_FORMAT_BYTES], const struct mt_finding *finding, uint64_t value,
                    uint64_t near) {
    char other[MT_FORMAT_BYTES];
    if (finding->of == MT_BUDGET_TOTAL_BLOCKS || finding->of == MT_BUDGET_LEAKS) {
        size_t n = strlen(mt_format_count(text, mt_saturate_signed(value)));
        snprintf(text + n, MT_FORMAT_BYTES - n, value == 1 ? " block" : " blocks");
        return text;
    }
    mt_format_size(text, mt_saturate_signed(value), false);
    if (value != near &&
        strcmp(text, mt_format_size(other, mt_saturate_signed(near), false)) == 0) {
        size_t n = strlen(mt_format_size(text, mt_saturate_signed(value), true));
        snprintf(text + n, MT_FORMAT_BYTES - n, " B");
    }
    return text;
}

static void say_where(FILE *out, const struct mt_finding *finding) {
    char text[MT_FORMAT_BYTES], share[MT_FORMAT_BYTES];
    if (!finding->key[0])
        return;
    bool of_leaks = finding->of == MT_BUDGET_LEAKS;
    struct mt_finding unit = {.of = of_leaks ? MT_BUDGET_LIVE : finding->of};
    uint64_t whole = of_leaks ? finding->leaked_bytes : finding->actual;
    bool named = finding->function[0] && !strstr(finding->key, finding->function);
    fprintf(out, "; %s%s%s%s %s most of it, %s (%s)", finding->key, named ? " (" : "",
            named ? finding->function : "", named ? ")" : "",
            finding->of == MT_BUDGET_TOTAL_BLOCKS ? "made" : "holds",
            amount(text, &unit, (uint64_t)finding->line_amount, 0),
            mt_format_percent(share, finding->line_amount, mt_saturate_signed(whole)));
}

/* Says what the limit is: "the budget of 32.0 MiB", "the baseline's 30.0 MiB with 5% of
 * tolerance". */
static void say_limit(FILE *out, const struct mt_finding *finding, bool with_tolerance) {
    char text[MT_FORMAT_BYTES];
    if (!finding->is_baseline) {
        fprintf(out, "the budget of %s", amount(text, finding, finding->limit, finding->actual));
        return;
    }
    fprintf(out, "the baseline's %s", amount(text, finding, finding->baseline, finding->actual));
    if (with_tolerance)
        fprintf(out, ", where %g%% are tolerated", finding->tolerance_percent);
}

/* Above a baseline, the difference to the baseline itself is what matters. */
static void say_broken(FILE *out, const struct mt_finding *finding) {
    char actual[MT_FORMAT_BYTES], excess[MT_FORMAT_BYTES], percent[MT_FORMAT_BYTES];
    uint64_t against = finding->is_baseline ? finding->baseline : finding->limit,
             over = finding->actual - against;
    fprintf(out, "%s %s, %s", finding->of == MT_BUDGET_TOTAL_BLOCKS ? "comes to" : "is",
            amount(actual, finding, finding->actual, against), amount(excess, finding, over, over));
    if (against)
        fprintf(out, " (%s)",
                mt_format_percent(percent, mt_saturate_signed(over), mt_saturate_signed(against)));
    fputs(" above ", out);
    say_limit(out, finding, true);
    say_where(out, finding);
}

static void say_leaks(FILE *out, const struct mt_finding *finding) {
    char blocks[MT_FORMAT_BYTES], bytes[MT_FORMAT_BYTES];
    if (finding->actual == 0)
        fputs(" is nothing", out);
    else {
        fprintf(out, " is %s of %s", amount(blocks, finding, finding->actual, 0),
                mt_format_size(bytes, mt_saturate_signed(finding->leaked_bytes), false));
        say_where(out, finding);
    }
    if (finding->kept_blocks && finding->actual == 0)
        fprintf(out, "; not counted: %s of %s that the language's runtime keeps until the end",
                amount(blocks, finding, finding->kept_blocks, 0),
                mt_format_size(bytes, mt_saturate_signed(finding->kept_bytes), false));
}

static void say_kept(FILE *out, const struct mt_finding *finding) {
    char actual[MT_FORMAT_BYTES], share[MT_FORMAT_BYTES];
    uint64_t against = finding->is_baseline ? finding->baseline : finding->limit;
    fprintf(out, " %s %s", finding->of == MT_BUDGET_TOTAL_BLOCKS ? "comes to" : "is",
            amount(actual, finding, finding->actual, against));
    if (finding->outcome == MT_OUTCOME_IMPROVED)
        fprintf(out, ", %s below ",
                mt_format_percent(share, mt_saturate_signed(against - finding->actual),
                                  mt_saturate_signed(against)));
    else
        fprintf(out, ", %s of ",
                mt_format_percent(share, mt_saturate_signed(finding->actual),
                                  mt_saturate_signed(against)));
    say_limit(out, finding, finding->outcome != MT_OUTCOME_IMPROVED);
}

static void say_margin(FILE *out, const struct mt_finding *finding) {
    char margin[MT_FORMAT_BYTES];
    if (finding->margin && finding->outcome != MT_OUTCOME_UNKNOWN)
        fprintf(out, "; estimated to +-%s", amount(margin, finding, finding->margin, 0));
}

static void say(FILE *out, const struct mt_finding *finding) {
    bool scoped = finding->scope[0] != 0;
    if (scoped)
        fprintf(out, "scope %s: ", finding->scope);
    fputs(scoped ? mt_budget_words[finding->of].scope_noun : mt_budget_words[finding->of].noun,
          out);
    if (finding->outcome == MT_OUTCOME_UNKNOWN)
        fprintf(out, " is not known: %s", finding->why);
    else if (finding->of == MT_BUDGET_RECORDING)
        fprintf(out, " is in %s%s", finding->actual ? "doubt: " : "no doubt", finding->why);
    else if (finding->of == MT_BUDGET_LEAKS)
        say_leaks(out, finding);
    else if (finding->outcome == MT_OUTCOME_BROKEN) {
        fputc(' ', out);
        say_broken(out, finding);
    } else
        say_kept(out, finding);
    say_margin(out, finding);
}

char *mt_finding_message(const struct mt_finding *finding) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    say(out, finding);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- the next command ------------------------------------------------------------------------ */

/* Writes the text so that a shell reads it back. */
static void put_word(FILE *out, const char *word) {
    static const char safe[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
    if (*word && strspn(word, safe) == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++)
        *word == '\'' ? (void)fputs("'\\''", out) : (void)fputc(*word, out);
    fputc('\'', out);
}

char *mt_finding_next(const struct mt_finding *finding, const char *path) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    bool shown = finding->outcome == MT_OUTCOME_BROKEN && finding->of != MT_BUDGET_RECORDING;
    if (shown) {
        if (finding->scope[0])
            fputs("memtrack scopes ", out);
        else
            fprintf(out, "memtrack report --by stack --sort %s ",
                    mt_budget_words[finding->of].sort);
        put_word(out, path);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
