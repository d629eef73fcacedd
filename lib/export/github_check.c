/* SPDX-License-Identifier: MIT */
/*
 * A check as commands of a GitHub workflow, which become annotations of a commit:
 *
 *     ::error file=src/a.c,line=12,title=...::message
 *
 * GitHub keeps ten annotations of a kind from one step, those that come first. So the ten worst
 * are written, and how many more there are as one of another kind. A line's file counts only if it
 * is one of the repository. "%" and ends of lines are escaped everywhere, ":" and "," in properties
 * (actions/toolkit, packages/core/src/command.ts); other control characters are made visible. The
 * runner cuts messages at 4096 characters, and the API titles at 255.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/check.h"
#include "export/export-local.h"
#include "view/budget/sentence.h"
#include "view/format/format.h"
#include "view/worktree.h"

enum { MOST_ANNOTATIONS = 10, MOST_PIECE = 1200, MOST_TITLE = 200 };

static const char *escape_of(char c, bool in_property) {
    switch (c) {
    case '%':
        return "%25";
    case '\r':
        return "%0D";
    case '\n':
        return "%0A";
    case ':':
        return in_property ? "%3A" : NULL;
    case ',':
        return in_property ? "%2C" : NULL;
    default:
        return NULL;
    }
}

/* Writes a text of unknown origin, at most so many columns of it. */
static bool put(FILE *out, const char *raw, bool in_property, size_t columns) {
    char *visible = mt_format_visible(raw, true),
         *text = visible ? mt_format_shorten_end(visible, columns, "…") : NULL;
    for (const char *c = text; c && *c; c++) {
        const char *escape = escape_of(*c, in_property);
        if (escape)
            fputs(escape, out);
        else
            fputc(*c, out);
    }
    free(visible);
    free(text);
    return text != NULL;
}

static bool put_title(FILE *out, const char *title) {
    fputs("title=", out);
    bool done = put(out, title, true, MOST_TITLE);
    fputs("::", out);
    return done;
}

static bool put_place(FILE *out, const struct mt_finding *finding, const char *root) {
    bool known = finding->file[0] && finding->line > 0, done = true;
    char *file = known ? mt_worktree_relative(root, finding->file) : NULL;
    if (file) {
        fputs("file=", out);
        done = put(out, file, true, MOST_PIECE);
        fprintf(out, ",line=%" PRId64 ",", finding->line);
    }
    free(file);
    return done;
}

/* Takes the text over. */
static bool put_line(FILE *out, char *text, bool is_first) {
    bool done = text != NULL;
    if (text && *text) {
        if (!is_first)
            fputs("%0A", out);
        done = put(out, text, false, MOST_PIECE);
    }
    free(text);
    return done;
}

static bool put_finding(FILE *out, const struct mt_check_item *item, const char *root) {
    const struct mt_finding *finding = item->finding;
    char *title = NULL;
    fputs("::error ", out);
    bool done = put_place(out, finding, root) &&
                asprintf(&title, "memtrack check: %s %s",
                         *item->checked->program ? item->checked->program : item->checked->path,
                         mt_finding_name(finding)) >= 0 &&
                put_title(out, title) && put_line(out, mt_sentence_claim(finding), true) &&
                put_line(out, mt_sentence_where(finding, root), false) &&
                put_line(out, mt_sentence_next(finding, item->checked->path), false);
    fputc('\n', out);
    if (done)
        free(title);
    return done;
}

static bool put_problem(FILE *out, const char *what, const char *problem) {
    fputs("::error ", out);
    bool done = put_title(out, "memtrack check");
    if (done && *what) {
        done = put(out, what, false, MOST_PIECE);
        fputs(": ", out);
    }
    done = done && put(out, problem, false, MOST_PIECE);
    fputc('\n', out);
    return done;
}

static bool put_item(FILE *out, const struct mt_check_item *item, const char *root) {
    return item->finding ? put_finding(out, item, root)
                         : put_problem(out, item->checked->path, item->checked->problem);
}

/* Returns whether the run itself takes one of the places. */
static bool put_run(FILE *out, const struct mt_check_run *run, bool *done) {
    char *message = run ? mt_export_check_run_message(run) : NULL;
    bool failed = message && *message;
    *done = !run || message;
    if (failed)
        *done = put_problem(out, "", message);
    free(message);
    return failed;
}

int mt_github_check(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct mt_check_item *items;
    size_t n, n_failed, i = 0;
    bool done =
        mt_export_check_items(thing->check.checked, thing->check.n, &items, &n, &n_failed) == 0;
    if (done) {
        size_t room = MOST_ANNOTATIONS - (put_run(stream, thing->check.run, &done) ? 1 : 0);
        for (; i < n_failed && i < room && done; i++)
            done = put_item(stream, &items[i], thing->check.root);
        if (done && i < n_failed)
            fprintf(stream, "::notice title=memtrack check::%zu more budget%s not kept\n",
                    n_failed - i, n_failed - i == 1 ? " is" : "s are");
    }
    free(items);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing annotations");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write annotations: %m")
                          : 0;
}
