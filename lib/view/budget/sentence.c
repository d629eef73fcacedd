/* SPDX-License-Identifier: MIT */
/*
 * The same words serve all formats, because whoever reads the one has usually come from another.
 * What was measured comes first, then how far that is from the limit; where it is from and what to
 * do next are texts of their own, so that each stands on a line that can be copied.
 */
#include "view/budget/sentence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/budget/budget-local.h"
#include "view/format/format.h"
#include "view/worktree.h"

struct text { /* that is being written */
    char *bytes;
    size_t n;
    FILE *out;
};

static FILE *begin(struct text *text) {
    *text = (struct text){.bytes = NULL};
    return text->out = open_memstream(&text->bytes, &text->n);
}

static char *end(struct text *text) {
    if (text->out && fclose(text->out) == 0)
        return text->bytes;
    free(text->bytes);
    return NULL;
}

/* ---- figures --------------------------------------------------------------------------------- */

static bool counts_blocks(const struct mt_finding *finding) {
    return finding->of == MT_BUDGET_TOTAL_BLOCKS || finding->of == MT_BUDGET_LEAKS;
}

static bool is_of_times(const struct mt_finding *finding) {
    return finding->of >= MT_BUDGET_DURATION && finding->of <= MT_BUDGET_CPU;
}

static char *count_of(char text[MT_FORMAT_BYTES], uint64_t value, const char *one,
                      const char *many) {
    size_t n = strlen(mt_format_count(text, mt_saturate_signed(value)));
    snprintf(text + n, MT_FORMAT_BYTES - n, " %s", value == 1 ? one : many);
    return text;
}

/* Writes "1.23 ms"; in ns when the unit would hide a difference. */
static char *time_of(char text[MT_FORMAT_BYTES], uint64_t value, uint64_t near) {
    char other[MT_FORMAT_BYTES];
    mt_format_duration(text, value);
    if (value != near && strcmp(text, mt_format_duration(other, near)) == 0)
        count_of(text, value, "ns", "ns");
    return text;
}

/* Writes "1,234 blocks", "1.23 ms" or "45.2 MiB"; in bytes when the unit would hide a difference. near is
 * what the figure is held against. */
static char *amount(char text[MT_FORMAT_BYTES], const struct mt_finding *finding, uint64_t value,
                    uint64_t near) {
    char other[MT_FORMAT_BYTES];
    if (counts_blocks(finding))
        return count_of(text, value, "block", "blocks");
    if (finding->of == MT_BUDGET_ERRORS)
        return count_of(text, value, "scope", "scopes");
    if (is_of_times(finding))
        return time_of(text, value, near);
    mt_format_size(text, mt_saturate_signed(value), false);
    if (value != near &&
        strcmp(text, mt_format_size(other, mt_saturate_signed(near), false)) == 0) {
        size_t n = strlen(mt_format_size(text, mt_saturate_signed(value), true));
        snprintf(text + n, MT_FORMAT_BYTES - n, " B");
    }
    return text;
}

/* Writes a share with no more digits than help: "0.4%", "41%", "237%", and above 10 times "48x". */
static char *share(char text[MT_FORMAT_BYTES], uint64_t part, uint64_t whole) {
    double percent = 100.0 * (double)part / (double)whole;
    if (part > 0 && percent < 9.95)
        return mt_format_percent(text, mt_saturate_signed(part), mt_saturate_signed(whole));
    if (percent < 1000)
        snprintf(text, MT_FORMAT_BYTES, "%.0f%%", percent);
    else {
        size_t n =
            strlen(mt_format_count(text, percent < 1e18 ? (int64_t)(percent / 100) : INT64_MAX));
        snprintf(text + n, MT_FORMAT_BYTES - n, "x");
    }
    return text;
}

static uint64_t against_of(const struct mt_finding *finding) {
    return finding->is_baseline ? finding->baseline : finding->limit;
}

/* "201 blocks (9.0 KiB)" */
static void put_blocks(FILE *out, const struct mt_finding *finding, uint64_t blocks,
                       uint64_t bytes) {
    char count[MT_FORMAT_BYTES], size[MT_FORMAT_BYTES];
    fprintf(out, "%s (%s)", amount(count, finding, blocks, 0),
            mt_format_size(size, mt_saturate_signed(bytes), false));
}

char *mt_sentence_measured(const struct mt_finding *finding) {
    struct text text;
    char figure[MT_FORMAT_BYTES];
    FILE *out = begin(&text);
    if (out && finding->outcome == MT_OUTCOME_UNKNOWN)
        fputs("unknown", out);
    else if (out && finding->of == MT_BUDGET_RECORDING)
        fprintf(out, "%s", finding->actual ? "in doubt" : "complete");
    else if (out && finding->of == MT_BUDGET_LEAKS && finding->actual)
        put_blocks(out, finding, finding->actual, finding->leaked_bytes);
    else if (out)
        fputs(amount(figure, finding, finding->actual, against_of(finding)), out);
    if (out && finding->margin && finding->outcome != MT_OUTCOME_UNKNOWN)
        fprintf(out, " (+-%s)", amount(figure, finding, finding->margin, 0));
    return end(&text);
}

char *mt_sentence_limit(const struct mt_finding *finding) {
    struct text text;
    char figure[MT_FORMAT_BYTES];
    FILE *out = begin(&text);
    if (out && finding->of != MT_BUDGET_RECORDING &&
        !(finding->is_baseline && finding->outcome == MT_OUTCOME_UNKNOWN))
        fputs(amount(figure, finding, against_of(finding), finding->actual), out);
    if (out && finding->is_baseline && finding->outcome != MT_OUTCOME_UNKNOWN)
        fprintf(out, " + %g%%", finding->tolerance_percent);
    return end(&text);
}

/* ---- the sentence ---------------------------------------------------------------------------- */

/* "the budget of 32.0 MiB", "the baseline of 30.0 MiB (tolerance 5%)" */
static void put_limit(FILE *out, const struct mt_finding *finding) {
    char text[MT_FORMAT_BYTES];
    fprintf(out, "the %s of %s", finding->is_baseline ? "baseline" : "budget",
            amount(text, finding, against_of(finding), finding->actual));
    if (finding->is_baseline && finding->outcome != MT_OUTCOME_IMPROVED)
        fprintf(out, " (tolerance %g%%)", finding->tolerance_percent);
}

/* Over a baseline, the difference to the baseline itself is what matters. */
static void put_distance(FILE *out, const struct mt_finding *finding) {
    char text[MT_FORMAT_BYTES], part[MT_FORMAT_BYTES];
    uint64_t against = against_of(finding), actual = finding->actual;
    fprintf(out, " %s, ", amount(text, finding, actual, against));
    if (finding->outcome == MT_OUTCOME_BROKEN) {
        fputs(amount(text, finding, actual - against, actual - against), out);
        if (against)
            fprintf(out, " (%s)", share(part, actual - against, against));
        fputs(" over ", out);
    } else if (finding->outcome == MT_OUTCOME_IMPROVED)
        fprintf(out, "%s under ", share(part, against - actual, against));
    else if (against)
        fprintf(out, "%s of ", share(part, actual, against));
    else
        fputs("within ", out);
    put_limit(out, finding);
}

static void put_leaks(FILE *out, const struct mt_finding *finding) {
    if (finding->actual) {
        put_blocks(out, finding, finding->actual, finding->leaked_bytes);
        fprintf(out, " %s never freed", finding->actual == 1 ? "was" : "were");
        return;
    }
    fputs("everything was freed", out);
    if (finding->kept_blocks) {
        fputs(", but for ", out);
        put_blocks(out, finding, finding->kept_blocks, finding->kept_bytes);
        fputs(" that the language's runtime keeps", out);
    }
}

static const char *noun_of(const struct mt_finding *finding) {
    if (finding->scope[0])
        return mt_budget_words[finding->of].scope_noun;
    if (finding->of == MT_BUDGET_LIVE && finding->is_of_snapshot)
        return "live";
    return mt_budget_words[finding->of].noun;
}

static void put_unknown(FILE *out, const struct mt_finding *finding) {
    bool is_total = !finding->scope[0] &&
                    (finding->of == MT_BUDGET_TOTAL || finding->of == MT_BUDGET_TOTAL_BLOCKS);
    fprintf(out, "%s%s%s unknown: %s", noun_of(finding), is_total ? " " : "",
            is_total ? mt_budget_unit(finding->of) : "", finding->why);
}

static void put_measured(FILE *out, const struct mt_finding *finding) {
    char measured[MT_FORMAT_BYTES], all[MT_FORMAT_BYTES];
    fprintf(out, "; an estimate from %s of %s scopes",
            mt_format_count(measured, mt_saturate_signed(finding->measured_scopes)),
            mt_format_count(all, mt_saturate_signed(finding->all_scopes)));
}

static void put_known(FILE *out, const struct mt_finding *finding) {
    char margin[MT_FORMAT_BYTES];
    if (finding->of == MT_BUDGET_LEAKS)
        put_leaks(out, finding);
    else
        fputs(noun_of(finding), out);
    if (finding->of == MT_BUDGET_RECORDING)
        fprintf(out, " %s%s", finding->actual ? "in doubt: " : "complete", finding->why);
    else if (finding->of != MT_BUDGET_LEAKS)
        put_distance(out, finding);
    if (finding->margin)
        fprintf(out, "; an estimate, +-%s", amount(margin, finding, finding->margin, 0));
    if (finding->all_scopes)
        put_measured(out, finding);
}

static void put_claim(FILE *out, const struct mt_finding *finding) {
    if (finding->scope[0])
        fprintf(out, "scope %s: ", finding->scope);
    if (finding->outcome == MT_OUTCOME_UNKNOWN)
        put_unknown(out, finding);
    else
        put_known(out, finding);
}

char *mt_sentence_claim(const struct mt_finding *finding) {
    struct text text;
    FILE *out = begin(&text);
    if (out)
        put_claim(out, finding);
    return end(&text);
}

/* "src/a.c:12 parse", or what names the line when there is no file. */
static void put_place(FILE *out, const struct mt_finding *finding, const char *root) {
    const char *name = "";
    size_t n = mt_format_qualified_name(finding->function, &name);
    if (!finding->file[0] || finding->line <= 0) {
        fputs(finding->key, out);
        return;
    }
    char *file = mt_worktree_relative(root, finding->file);
    fprintf(out, "%s:%lld", file ? file : finding->file, (long long)finding->line);
    if (n > 0)
        fprintf(out, " %.*s", (int)n, name);
    free(file);
}

static void put_where(FILE *out, const struct mt_finding *finding, const char *root) {
    char text[MT_FORMAT_BYTES], part[MT_FORMAT_BYTES];
    bool of_leaks = finding->of == MT_BUDGET_LEAKS;
    bool is_total = finding->of == MT_BUDGET_TOTAL || finding->of == MT_BUDGET_TOTAL_BLOCKS;
    struct mt_finding unit = {.of = of_leaks ? MT_BUDGET_LIVE : finding->of};
    uint64_t whole = of_leaks ? finding->leaked_bytes : finding->actual,
             own = (uint64_t)finding->line_amount;
    put_place(out, finding, root);
    fprintf(out, " %s %s (%s)", is_total ? "allocated" : "holds", amount(text, &unit, own, 0),
            share(part, own, whole ? whole : own));
}

char *mt_sentence_where(const struct mt_finding *finding, const char *root) {
    struct text text;
    FILE *out = begin(&text);
    if (out && finding->key[0])
        put_where(out, finding, root);
    return end(&text);
}

char *mt_sentence_whole(const struct mt_finding *finding, const char *root) {
    struct text text;
    FILE *out = begin(&text);
    if (out)
        put_claim(out, finding);
    if (out && finding->key[0]) {
        fputs("; ", out);
        put_where(out, finding, root);
    }
    return end(&text);
}

char *mt_sentence_count(size_t n_profiles, size_t n, size_t n_exceeded, size_t n_unknown) {
    char *text = NULL, where[48] = "", unknown[48] = "";
    size_t n_failed = n_exceeded ? n_exceeded : n_unknown;
    const char *budgets = n == 1 ? "budget" : "budgets";
    int length;
    if (n_profiles > 1)
        snprintf(where, sizeof where, " in %zu profiles", n_profiles);
    if (n_exceeded && n_unknown)
        snprintf(unknown, sizeof unknown, ", %zu unknown", n_unknown);
    if (n_failed)
        length = asprintf(&text, "%zu of %zu %s %s%s%s", n_failed, n, budgets,
                          n_exceeded ? "exceeded" : "unknown", where, unknown);
    else
        length = asprintf(&text, "%zu %s kept%s", n, budgets, where);
    return length < 0 ? NULL : text;
}

/* ---- the next command ------------------------------------------------------------------------ */

/* All statistics of the scope: in a terminal, the table of them has no room for most. Names are
 * patterns there. */
static void put_scope(FILE *out, const char *name) {
    fputs("memtrack scopes --details ", out);
    if (!strpbrk(name, "*?[\\")) {
        fputs("--include ", out);
        mt_format_word_put(out, name, SIZE_MAX, "");
        fputc(' ', out);
    }
}

char *mt_sentence_next(const struct mt_finding *finding, const char *path) {
    struct text text;
    FILE *out = begin(&text);
    bool shown = finding->outcome == MT_OUTCOME_BROKEN && finding->of != MT_BUDGET_RECORDING;
    if (out && shown) {
        if (finding->scope[0])
            put_scope(out, finding->scope);
        else
            fprintf(out, "memtrack report --by stack --sort %s ",
                    mt_budget_words[finding->of].sort);
        mt_format_word_put(out, path, SIZE_MAX, "");
    }
    return end(&text);
}
