/* SPDX-License-Identifier: MIT */
/*
 * memtrack diff: read two profiles, name their addresses, group both, put the groups beside each
 * other (view/diff.h), print. A side is whatever report takes, each with a moment of its own: two
 * moments of one recording are two sides.
 *
 * --fail-above looks at the sum of what passed the filters, in the column that the rows are sorted
 * by: one number, that the table shows, so that a script that fails can be understood by looking at
 * what it printed.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/help.h"
#include "command/html.h"
#include "command/sides.h"
#include "command/view_options.h"
#include "export/export.h"
#include "text/diff_table.h"
#include "text/pager.h"
#include "view/compare/diff.h"
#include "view/format/format.h"

enum option_key { KEY_FAIL_ABOVE = MT_KEY_OWN, KEY_MARKDOWN };

static const struct argp_option options[] = {
    {"sort", MT_KEY_SORT, "COLUMN", MT_HELP_COMMON,
     "Print the largest change first, up or down: live (default), peak, total, blocks, "
     "temporary, max, waste, live-blocks or peak-blocks. Where live is the same on both sides "
     "and no --fail-above is given, the default is peak, or else total",
     MT_HELP_ROWS},
    {"markdown", KEY_MARKDOWN, NULL, 0, "Print tables in Markdown, for a comment on a change",
     MT_HELP_PRINTED},
    MT_HTML_OPTIONS(MT_HELP_PRINTED),
    {NULL, 0, NULL, 0, "Exit status:", MT_HELP_NAMES + 1},
    {"fail-above", KEY_FAIL_ABOVE, "SIZE", MT_HELP_COMMON,
     "Exit with 1 when memory grew by more than SIZE, such as 64K. That is the sum of all "
     "changes in the column that rows are sorted by; blocks when it counts blocks",
     0},
    {0},
};

struct request {
    const char *arguments[MT_N_SIDES];
    size_t n_arguments;
    struct mt_view_request view;
    bool fail_above_given, markdown;
    struct mt_html html;
    uint64_t fail_above;
};

/* ---- options --------------------------------------------------------------------------------- */

static void check_arguments(struct argp_state *state, const struct request *r) {
    if (r->markdown && (r->view.shared.json || r->view.shared.csv))
        argp_error(state, "--markdown and --%s exclude each other",
                   r->view.shared.json ? "json" : "csv");
    mt_html_check(state, &r->html, r->view.shared.force);
    if (r->html.file && (r->markdown || r->view.shared.json || r->view.shared.csv))
        argp_error(state, "--html goes with no other output");
    if (r->n_arguments < MT_N_SIDES)
        argp_error(state, "give two profiles, OLD and NEW");
    if (strcmp(r->arguments[MT_OLD], "-") == 0 && strcmp(r->arguments[MT_NEW], "-") == 0)
        argp_error(state, "give a file for one side: both are standard input");
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_FAIL_ABOVE:
        r->fail_above = mt_options_size(state, "--fail-above", text, "64K");
        r->fail_above_given = true;
        return 0;
    case KEY_MARKDOWN:
        r->markdown = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->n_arguments == MT_N_SIDES)
            argp_error(state, "give two profiles (got a third, %s)", text);
        r->arguments[r->n_arguments++] = text;
        return 0;
    case ARGP_KEY_END:
        check_arguments(state, r);
        return 0;
    default:
        return mt_html_parse(key, text, &r->html)
                   ? 0
                   : mt_view_options_parse(key, text, state, &r->view);
    }
}

static const struct argp_child children[] = {{&mt_view_options_argp, 0, NULL, 0}, {0}};

const struct argp mt_diff_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "OLD NEW",
    .doc = "Show what changed from one profile to another.\vExample: memtrack diff --by "
           "function old.pb.gz new.pb.gz\n\nOLD and NEW are profiles, PIDs or directories "
           "(their newest profile), as for memtrack report. FILE@MOMENT is a moment of a "
           "recording: memtrack diff p.pb.gz@00:10 p.pb.gz@02:00.\n\nRows with equal "
           "changes come in the order of their new size. Then the change in their other "
           "unit (blocks or bytes) counts, then the names. Rows of the new side only are "
           "marked new, and those of the old side only gone.\n\nWhen a program was built "
           "again, its lines are paired within each function. The old number of a line that "
           "has moved stands behind the new one. A function under another name is another "
           "function.\n\nExit status: 0, 1 more than --fail-above, 2 wrong usage, 3 a "
           "profile cannot be read.",
};

/* ---- printing -------------------------------------------------------------------------------- */

static int print_text(const struct request *r, const struct mt_diff *diff,
                      const char *const names[MT_N_SIDES]) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, r->view.shared.color);
    struct mt_table_options table = {.n = r->view.shared.n,
                                     .exact_bytes = r->view.shared.exact_bytes,
                                     .full = r->view.shared.full_names,
                                     .full_stacks = r->view.shared.full_stacks,
                                     .verbose = r->view.shared.verbose};
    if (!r->view.shared.no_pager)
        mt_pager_start();
    mt_diff_table_print(&terminal, diff, names, &table);
    return 0;
}

static int print(const struct request *r, const struct mt_diff *diff,
                 const char *const names[MT_N_SIDES], struct mt_error *error) {
    const struct mt_export thing = {
        .what = MT_EXPORT_DIFF,
        .diff = {diff, names, r->view.shared.n},
    };
    if (r->view.shared.json || r->view.shared.csv)
        return mt_export(stdout, &thing, r->view.shared.json ? MT_EXPORT_JSON : MT_EXPORT_CSV,
                         error);
    if (r->markdown)
        return mt_export(stdout, &thing, MT_EXPORT_MARKDOWN, error);
    return print_text(r, diff, names);
}

/* ---- the exit status ------------------------------------------------------------------------- */

/* What a column counts, in words. */
static const char *noun(enum mt_value value) {
    static const char *const nouns[MT_N_VALUES] = {
        [MT_VALUE_TOTAL_BLOCKS] = "total blocks",         [MT_VALUE_TOTAL_BYTES] = "total bytes",
        [MT_VALUE_LIVE_BLOCKS] = "live blocks",           [MT_VALUE_LIVE_BYTES] = "live bytes",
        [MT_VALUE_PEAK_BLOCKS] = "blocks at the peak",    [MT_VALUE_PEAK_BYTES] = "peak bytes",
        [MT_VALUE_TEMPORARY_BLOCKS] = "temporary blocks", [MT_VALUE_MAX_BYTES] = "max bytes",
        [MT_VALUE_WASTE_BYTES] = "wasted bytes",
    };
    return nouns[value];
}

static void warn_of_sort(const struct request *r, const struct mt_diff *diff) {
    enum mt_value sort = mt_diff_sort(diff);
    if (!mt_diff_has(diff, sort))
        mt_terminal_print_problem(r->view.shared.program, NULL,
                                  "no comparison by %s: one side has none", noun(sort));
    else if (!r->view.sort_given && sort != MT_VALUE_LIVE_BYTES)
        mt_terminal_print_problem(r->view.shared.program, NULL, "sorted by %s: %s", noun(sort),
                                  mt_diff_has(diff, MT_VALUE_LIVE_BYTES)
                                      ? "both sides have the same live bytes"
                                      : "one side has no live bytes");
}

static char *amount(char buffer[MT_FORMAT_BYTES], enum mt_value value, int64_t number, bool exact) {
    return mt_sort_is_bytes(value) ? mt_format_size(buffer, number, exact)
                                   : mt_format_count(buffer, number);
}

/* Says so on stderr when the sum of the changes exceeds the limit. A column that cannot be compared
 * is no success. */
static bool exceeds(const struct request *r, const struct mt_diff *diff) {
    enum mt_value sort = mt_diff_sort(diff);
    const struct mt_diff_row *sum = mt_diff_passed(diff);
    int64_t change = sum->diff[sort];
    if (!r->fail_above_given)
        return false;
    if (!mt_diff_has(diff, sort)) {
        mt_terminal_print_problem(r->view.shared.program,
                                  "Give --sort a column that both sides have.",
                                  "--fail-above fails: one side has no %s", noun(sort));
        return true;
    }
    if (change <= 0 || (uint64_t)change <= r->fail_above)
        return false;
    char grown[MT_FORMAT_BYTES], old[MT_FORMAT_BYTES], new[MT_FORMAT_BYTES], limit[MT_FORMAT_BYTES];
    int64_t above = r->fail_above > INT64_MAX ? INT64_MAX : (int64_t)r->fail_above;
    bool exact = r->view.shared.exact_bytes;
    mt_terminal_print_problem(
        r->view.shared.program, NULL, "%s grew by %s, from %s to %s: more than --fail-above %s",
        noun(sort), amount(grown, sort, change, exact),
        amount(old, sort, sum->value[MT_OLD][sort], exact),
        amount(new, sort, sum->value[MT_NEW][sort], exact), amount(limit, sort, above, exact));
    return true;
}

/* 0 or a negative error. *diff is the caller's to free. */
static int compare(struct request *r, struct mt_sides *sides, struct mt_diff **diff,
                   struct mt_error *error) {
    int status = mt_sides_compare(&r->view, sides, diff, error);
    if (status != 0)
        return status;
    warn_of_sort(r, *diff);
    return r->html.file ? mt_sides_write_page(&r->view, &r->html, sides, diff, error)
                        : print(r, *diff, sides->name, error);
}

static int finish(const struct request *r, int status, const struct mt_diff *diff,
                  const struct mt_error *error) {
    if (status == 0 && exceeds(r, diff))
        status = MT_EXIT_FINDING;
    return mt_command_end(r->view.shared.program, status, error);
}

int mt_diff_command(int argc, char **argv) {
    struct request r = {.view.shared.program = argv[0]};
    struct mt_sides sides = {0};
    struct mt_diff *diff = NULL;
    struct mt_error error = {0};
    int result = MT_EXIT_OK;
    mt_help_parse(&mt_diff_argp, argc, argv, 0, &r);
    sides.keep_live = r.fail_above_given;
    sides.for_page = r.html.file != NULL;
    if (mt_sides_find(&r.view, r.arguments, &sides, &result)) {
        int status = compare(&r, &sides, &diff, &error);
        result = finish(&r, status, diff, &error);
    }
    mt_diff_free(diff);
    mt_sides_free(&sides);
    mt_view_options_free(&r.view);
    return result;
}
