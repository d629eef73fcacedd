/* SPDX-License-Identifier: MIT */
/*
 * A check as Markdown: a heading that says all, a table of budgets, of which those that are not
 * kept come first, what the recordings are in doubt about, and the commands to go on with.
 *
 * What summaries are shown in has a limit (1 MiB for a step of a GitHub workflow, beyond which nothing
 * at all is shown), so rows are written as long as they fit, and the others counted.
 */
#include <stdlib.h>
#include <string.h>

#include "export/check.h"
#include "export/export-local.h"
#include "export/markdown-local.h"
#include "view/budget/sentence.h"
#include "view/format/format.h"

enum { ROOM_AT_END = 256, MOST_COMMANDS = 10 };

struct page {
    FILE *out;
    size_t bytes, limit; /* written so far; 0: none */
    size_t n_left_out;
    bool failed; /* out of memory */
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Takes the text over. */
static bool put_own(FILE *out, char *text) {
    bool done = mt_markdown_put(out, text);
    free(text);
    return done;
}

/* Appends a piece that has been made in memory, if there is room for it. */
static void append(struct page *page, char *piece, bool is_row) {
    size_t n = piece ? strlen(piece) : 0;
    if (!piece)
        page->failed = true;
    else if (page->limit && page->bytes + n + (is_row ? ROOM_AT_END : 0) > page->limit)
        page->n_left_out += is_row;
    else {
        fwrite(piece, 1, n, page->out);
        page->bytes += n;
    }
    free(piece);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool put_verdict(FILE *out, const struct mt_finding *finding) {
    const char *name = finding ? mt_finding_outcome_name(finding->outcome) : "unreadable";
    bool fails = !finding || mt_finding_fails(finding);
    return fprintf(out, "| %s%s%s | ", fails ? "**" : "", name, fails ? "**" : "") > 0;
}

/* Writes what one reads in the last cell: the line, or why there is no figure. */
static bool put_cell_of_line(FILE *out, const struct mt_finding *finding, const char *root) {
    if (finding->why[0])
        return mt_markdown_put(out, finding->why);
    char *where = mt_sentence_where(finding, root);
    bool done = where && mt_markdown_put_code_cell(out, where);
    free(where);
    return done;
}

static bool put_row(FILE *out, const struct mt_check_item *item, const char *root) {
    const struct mt_finding *finding = item->finding;
    bool done = put_verdict(out, finding) && mt_markdown_put_code_cell(out, item->checked->path);
    fputs(" | ", out);
    if (!finding) {
        fputs("| | | ", out);
        done = done && mt_markdown_put(out, item->checked->problem);
    } else {
        fputs(mt_finding_name(finding), out);
        if (finding->scope[0]) {
            fputs(" of ", out);
            done = done && mt_markdown_put_code_cell(out, finding->scope);
        }
        fputs(" | ", out);
        done = done && put_own(out, mt_sentence_measured(finding));
        fputs(" | ", out);
        done = done && put_own(out, mt_sentence_limit(finding));
        fputs(" | ", out);
        done = done && put_cell_of_line(out, finding, root);
    }
    fputs(" |\n", out);
    return done;
}

/* Returns what put_row writes, NULL when out of memory. */
static char *row_of(const struct mt_check_item *item, const char *root) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    bool done = out && put_row(out, item, root);
    if (out && fclose(out) == 0 && done)
        return text;
    free(text);
    return NULL;
}

/* ---- the page -------------------------------------------------------------------------------- */

static char *heading_of(const struct mt_export *thing) {
    const struct mt_check_run *run = thing->check.run;
    char *count = mt_export_check_count(thing->check.checked, thing->check.n),
         *message = run ? mt_export_check_run_message(run) : strdup(""), *text = NULL;
    size_t bytes;
    FILE *out = count && message ? open_memstream(&text, &bytes) : NULL;
    bool done = out != NULL;
    if (out) {
        fprintf(out, "### memtrack check: %s\n\n", count);
        if (*message) {
            done = mt_markdown_put(out, message);
            fputs("\n\n", out);
        }
        done = fclose(out) == 0 && done;
    }
    free(count);
    free(message);
    if (done)
        return text;
    free(text);
    return NULL;
}

/* Returns "- `FILE`: the doubt", NULL when out of memory. */
static char *doubt_of(const struct mt_checked *checked, size_t i) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    bool done = out != NULL;
    if (out) {
        fputs("- ", out);
        done = mt_markdown_put_code(out, checked->path) && fputs(": ", out) != EOF &&
               mt_markdown_put(out, checked->findings.doubts[i]);
        fputc('\n', out);
        done = fclose(out) == 0 && done;
    }
    if (done)
        return text;
    free(text);
    return NULL;
}

static void put_doubts(struct page *page, const struct mt_checked *checked, bool *any) {
    for (size_t i = 0; i < checked->findings.n_doubts && !page->failed; i++) {
        if (!*any)
            append(page, strdup("\n"), false);
        *any = true;
        append(page, doubt_of(checked, i), false);
    }
}

/* Returns the command for an item, visible, and NULL when there is none to show. */
static char *command_of(const struct mt_check_item *item) {
    char *next = item->finding ? mt_sentence_next(item->finding, item->checked->path) : NULL;
    char *visible = next && *next && !strstr(next, "```") ? mt_format_visible(next, true) : NULL;
    free(next);
    return visible;
}

/* Keeps a command unless it is there already. */
static void collect(char *commands[MOST_COMMANDS], size_t *n, char *command) {
    for (size_t i = 0; command && i < *n; i++)
        if (strcmp(commands[i], command) == 0) {
            free(command);
            return;
        }
    if (command)
        commands[(*n)++] = command;
}

static void put_commands(struct page *page, const struct mt_check_item *items, size_t n_failed) {
    char *commands[MOST_COMMANDS], *text = NULL;
    size_t bytes, n = 0;
    for (size_t i = 0; i < n_failed && n < MOST_COMMANDS; i++)
        collect(commands, &n, command_of(&items[i]));
    FILE *out = n ? open_memstream(&text, &bytes) : NULL;
    if (out)
        fputs("\n```sh\n", out);
    for (size_t i = 0; i < n; i++) {
        if (out)
            fprintf(out, "%s\n", commands[i]);
        free(commands[i]);
    }
    if (out)
        fputs("```\n", out);
    if (n)
        append(page, out && fclose(out) == 0 ? text : NULL, false);
}

static void put_left_out(struct page *page) {
    char *text = NULL;
    if (page->n_left_out &&
        asprintf(&text, "\n%zu more row%s left out: there is no room for more.\n", page->n_left_out,
                 page->n_left_out == 1 ? "" : "s") >= 0)
        append(page, text, false);
}

static void put_page(struct page *page, const struct mt_export *thing,
                     const struct mt_check_item *items, size_t n, size_t n_failed) {
    bool any = false;
    append(page, heading_of(thing), false);
    if (n)
        append(page,
               strdup("| verdict | profile | budget | measured | limit | most of it |\n"
                      "| --- | --- | --- | ---: | ---: | --- |\n"),
               false);
    for (size_t i = 0; i < n && !page->failed; i++)
        append(page, row_of(&items[i], thing->check.root), true);
    put_left_out(page);
    for (size_t i = 0; i < thing->check.n; i++)
        put_doubts(page, &thing->check.checked[i], &any);
    put_commands(page, items, n_failed);
}

int mt_markdown_check(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct mt_check_item *items;
    size_t n, n_failed;
    struct page page = {.out = stream, .limit = thing->check.limit_bytes};
    if (mt_export_check_items(thing->check.checked, thing->check.n, &items, &n, &n_failed) == 0)
        put_page(&page, thing, items, n, n_failed);
    else
        page.failed = true;
    free(items);
    if (page.failed)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing Markdown");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write Markdown: %m") : 0;
}
