/* SPDX-License-Identifier: MIT */
/*
 * memtrack report: read a profile, name its addresses, group, print. Options are argp's; everything that they choose
 * is in struct request, and each step below takes what it needs of it.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "export/csv.h"
#include "export/json.h"
#include "facts.h"
#include "pick.h"
#include "table.h"
#include "view/symbols.h"

enum { DEFAULT_ROWS = 20 };

enum option_key {
    KEY_BY = 256,
    KEY_SORT,
    KEY_INCLUDE,
    KEY_EXCLUDE,
    KEY_ALL_FRAMES,
    KEY_CUMULATIVE,
    KEY_AT,
    KEY_WRAPPER,
    KEY_KEEP_STD,
    KEY_KEEP_WRAPPERS,
    KEY_JSON,
    KEY_CSV,
    KEY_HTML,
    KEY_BYTES,
    KEY_FULL_NAMES,
    KEY_COLOR,
    KEY_NO_PAGER,
    KEY_DEBUGINFOD,
    KEY_DEBUG_PATH,
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "What is counted:", 1},
    {"by", KEY_BY, "GROUP", 0, "A row per line (default), function, file, module, stack, thread, scope, size or domain",
     0},
    {"cumulative", KEY_CUMULATIVE, NULL, 0,
     "Charge every frame of a call path, not only the one that allocated; once each, however often it recurs. With "
     "--by line, function, file or module",
     0},
    {"at", KEY_AT, "MOMENT", 0,
     "What \"live\" means: not freed at the end (default), at the peak, or at a time after the start such as 1.5s. "
     "Rows are then sorted by live",
     0},
    {NULL, 0, NULL, 0, "Which rows:", 2},
    {"sort", KEY_SORT, "COLUMN", 0,
     "Largest first: peak (default), live, total, blocks, temporary, max or waste; also live-blocks and peak-blocks",
     0},
    {NULL, 'n', "N", 0, "Rows to print, 0 for all (default: 20; all of them with --json and --csv)", 0},
    {"include", KEY_INCLUDE, "PATTERN", 0,
     "Only what was allocated in a matching file, function or module (shell wildcards); PATTERN:LINE is a line of a "
     "file. May be repeated: one has to match",
     0},
    {"exclude", KEY_EXCLUDE, "PATTERN", 0, "The opposite. May be repeated: none may match", 0},
    {"all-frames", KEY_ALL_FRAMES, NULL, 0, "Patterns may match any frame of the call path", 0},
    {NULL, 0, NULL, 0,
     "Who is charged (by default the innermost frame outside of allocators and standard libraries):", 3},
    {"wrapper", KEY_WRAPPER, "PATTERN", 0, "Charge the caller of matching functions, files or modules. May be repeated",
     0},
    {"keep-std", KEY_KEEP_STD, NULL, 0, "Charge lines inside the C, C++ and Rust standard libraries", 0},
    {"keep-wrappers", KEY_KEEP_WRAPPERS, NULL, 0, "Charge the innermost frame, even operator new", 0},
    {NULL, 0, NULL, 0, "How it is printed:", 4},
    {"json", KEY_JSON, NULL, 0, "As JSON", 0},
    {"csv", KEY_CSV, NULL, 0, "The rows as CSV", 0},
    {"html", KEY_HTML, "FILE", OPTION_HIDDEN, NULL, 0},
    {"bytes", KEY_BYTES, NULL, 0, "Exact bytes instead of KiB and MiB", 0},
    {"full-names", KEY_FULL_NAMES, NULL, 0, "Do not shorten names, paths and call paths", 0},
    {"color", KEY_COLOR, "WHEN", 0, "auto (default), always or never", 0},
    {"no-pager", KEY_NO_PAGER, NULL, 0, "Do not start MEMTRACK_PAGER, PAGER or less", 0},
    {NULL, 0, NULL, 0, "Where names come from:", 5},
    {"debug-path", KEY_DEBUG_PATH, "DIR[:DIR...]", 0, "Look for separate debug files here as well", 0},
    {"debuginfod", KEY_DEBUGINFOD, NULL, 0, "Fetch missing debug files from the servers in DEBUGINFOD_URLS", 0},
    {0},
};

struct request {
    const char *program, *file;
    struct mt_view_options view;
    struct mt_symbols_options symbols;
    const char **patterns[3]; /* include, exclude, wrapper */
    size_t n_patterns[3];
    bool sort_given, n_given, json, csv, exact_bytes, full, no_pager;
    size_t n;
    enum mt_color color;
};
enum { INCLUDE, EXCLUDE, WRAPPER };

/* ---- options --------------------------------------------------------------------------------------------------- */

static void add_pattern(struct argp_state *state, struct request *r, size_t list, const char *pattern) {
    const char **grown = realloc(r->patterns[list], (r->n_patterns[list] + 1) * sizeof *grown);
    if (!grown) {
        argp_failure(state, MT_EXIT_USAGE, 0, "out of memory");
        return;
    }
    r->patterns[list] = grown;
    grown[r->n_patterns[list]++] = pattern;
}

static size_t parse_rows(struct argp_state *state, const char *text) {
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || n > INT_MAX)
        argp_error(state, "-n %s: not a number of rows", text);
    return n;
}

static void parse_view_option(int key, const char *text, struct argp_state *state, struct request *r) {
    if (key == KEY_BY && !mt_group_by_parse(text, &r->view.by))
        argp_error(state, "--by %s: choose one of %s", text, mt_group_by_list);
    if (key == KEY_SORT && !mt_sort_parse(text, &r->view.sort))
        argp_error(state, "--sort %s: choose one of %s", text, mt_sort_list);
    if (key == KEY_AT && !mt_moment_parse(text, &r->view.at))
        argp_error(state, "--at %s: give end, peak, or a time after the start such as 1.5s or 300ms", text);
    if (key == KEY_COLOR && !mt_color_parse(text, &r->color))
        argp_error(state, "--color %s: choose auto, always or never", text);
    r->sort_given |= key == KEY_SORT;
}

/* Options without an argument. */
static bool set_flag(int key, struct request *r) {
    const struct {
        int key;
        bool *flag;
    } flags[] = {
        {KEY_ALL_FRAMES, &r->view.filter.all_frames},
        {KEY_CUMULATIVE, &r->view.cumulative},
        {KEY_KEEP_STD, &r->view.wrappers.keep_libraries},
        {KEY_KEEP_WRAPPERS, &r->view.wrappers.keep_all},
        {KEY_JSON, &r->json},
        {KEY_CSV, &r->csv},
        {KEY_BYTES, &r->exact_bytes},
        {KEY_FULL_NAMES, &r->full},
        {KEY_NO_PAGER, &r->no_pager},
        {KEY_DEBUGINFOD, &r->symbols.debuginfod},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].key == key)
            return *flags[i].flag = true;
    return false;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_BY:
    case KEY_SORT:
    case KEY_AT:
    case KEY_COLOR:
        parse_view_option(key, text, state, r);
        return 0;
    case 'n':
        r->n = parse_rows(state, text);
        r->n_given = true;
        return 0;
    case KEY_INCLUDE:
    case KEY_EXCLUDE:
        add_pattern(state, r, key == KEY_INCLUDE ? INCLUDE : EXCLUDE, text);
        return 0;
    case KEY_WRAPPER:
        add_pattern(state, r, WRAPPER, text);
        return 0;
    case KEY_DEBUG_PATH:
        r->symbols.debug_path = text;
        return 0;
    case KEY_HTML:
        argp_failure(state, MT_EXIT_USAGE, 0, "--html is not available in this version; use --json or --csv");
        return 0;
    case ARGP_KEY_ARG:
        if (r->file)
            argp_error(state, "one profile at a time: %s and %s are too many", r->file, text);
        r->file = text;
        return 0;
    case ARGP_KEY_END:
        if (r->json && r->csv)
            argp_error(state, "--json and --csv exclude each other");
        return 0;
    default:
        return set_flag(key, r) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[FILE|DIR]",
    .doc =
        "Show where the memory of a recorded process went."
        "\vFILE is a profile that memtrack run wrote, or a heap profile in pprof's format of any other tool; of a DIR, "
        "and of the current directory when neither is given, the newest profile is taken."
        "\n\nLive is what was not freed, peak what was live when the process had most, total everything allocated, "
        "temporary the blocks freed by the next allocator call of their thread, max a row's own highest live bytes, "
        "waste what rounding up added."
        "\n\nExit status: 0, 2 wrong usage, 3 the profile cannot be read.",
};

static void read_options(int argc, char **argv, struct request *r) {
    argp_parse(&parser, argc, argv, 0, NULL, r);
    r->view.filter.include = r->patterns[INCLUDE];
    r->view.filter.n_include = r->n_patterns[INCLUDE];
    r->view.filter.exclude = r->patterns[EXCLUDE];
    r->view.filter.n_exclude = r->n_patterns[EXCLUDE];
    r->view.wrappers.patterns = r->patterns[WRAPPER];
    r->view.wrappers.n_patterns = r->n_patterns[WRAPPER];
    if (!r->n_given)
        r->n = r->json || r->csv ? 0 : DEFAULT_ROWS;
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

static void print_head(const struct mt_terminal *terminal, const struct request *r, const struct mt_rows *rows) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    struct mt_facts_options facts_options = {.exact_bytes = r->exact_bytes, .utf8 = terminal->utf8};
    struct mt_facts facts = {0};
    mt_summary_process(profile, &facts);
    mt_summary_totals(rows, &facts_options, &facts);
    mt_summary_allocator(profile, &facts_options, &facts);
    mt_summary_coverage(rows, &facts);
    mt_summary_self(profile, &facts_options, &facts);
    mt_facts_print(terminal, &facts);
    fputc('\n', terminal->stream);
}

static int print_text(const struct request *r, const struct mt_rows *rows) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, r->color);
    struct mt_table_options table = {.n = r->n, .exact_bytes = r->exact_bytes, .full = r->full};
    if (!r->no_pager)
        mt_pager_start();
    print_head(&terminal, r, rows);
    mt_table_print(&terminal, rows, &table);
    return 0;
}

static int print(const struct request *r, const struct mt_rows *rows, struct mt_error *error) {
    if (r->json)
        return mt_export_json(stdout, rows, r->n, error);
    return r->csv ? mt_export_csv(stdout, rows, r->n, error) : print_text(r, rows);
}

static int exit_status(int status) {
    if (status == 0)
        return MT_EXIT_OK;
    return status == -MEMTRACK_EUSAGE ? MT_EXIT_USAGE : MT_EXIT_UNREADABLE;
}

/* A profile of another tool may lack the default column. */
static void choose_sort(struct request *r, const struct mt_profile *profile) {
    if (r->sort_given)
        return;
    bool by_peak = r->view.at.kind == MT_AT_END && profile->has_value[MT_VALUE_PEAK_BYTES];
    r->view.sort = by_peak ? MT_VALUE_PEAK_BYTES : MT_VALUE_LIVE_BYTES;
}

static void warn_of_sort(const struct request *r, const struct mt_rows *rows) {
    if (mt_rows_has(rows, r->view.sort))
        return;
    const char *hint = r->view.sort == MT_VALUE_WASTE_BYTES && r->view.at.kind == MT_AT_END
                           ? "memtrack run --usable measures it."
                           : NULL;
    mt_print_problem(r->program, hint, "the profile has no %s%s to sort by: the rows come by live bytes",
                     mt_sort_name(r->view.sort), r->view.at.kind == MT_AT_END ? "" : " of that moment");
}

static int report(struct request *r, const char *path, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    struct mt_rows *rows = NULL;
    int status = mt_pick_read(path, &profile, error);
    if (status == 0)
        status = mt_symbols_resolve(profile, &r->symbols, error);
    if (status == 0) {
        choose_sort(r, profile);
        r->view.n_named = r->n;
        status = mt_rows_build(profile, &r->view, &rows, error);
    }
    if (status == 0) {
        warn_of_sort(r, rows);
        status = print(r, rows, error);
    }
    mt_rows_free(rows);
    mt_profile_free(profile);
    return status;
}

int mt_cmd_report(int argc, char **argv) {
    struct request r = {.program = argv[0], .view = {.by = MT_BY_LINE}};
    struct mt_error error = {0};
    int result = MT_EXIT_OK;
    read_options(argc, argv, &r);
    char *path = mt_pick_profile(r.program, r.file, &result);
    if (path) {
        int status = report(&r, path, &error);
        bool written = mt_output_finish(r.program);
        if (status < 0 && written) /* else the reason is said already */
            mt_print_error(r.program, &error);
        result = written ? exit_status(status) : MT_EXIT_UNREADABLE;
        free(path);
    }
    for (size_t i = 0; i < sizeof r.patterns / sizeof *r.patterns; i++)
        free(r.patterns[i]);
    return result;
}
