/* SPDX-License-Identifier: MIT */
/*
 * memtrack annotate: source text beside what its lines hold. Options mean what they mean in report,
 * and figures are those of report --by line. Without a source it shows the lines that hold most,
 * with some others around them; of a source all lines that have figures; of a function all of it.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "command/command.h"
#include "command/help.h"
#include "command/input.h"
#include "command/view_options.h"
#include "export/export.h"
#include "text/annotate_table.h"
#include "text/lines.h"
#include "text/lines_table.h"
#include "text/pager.h"
#include "view/annotate/annotate.h"
#include "view/lines/lines.h"

enum option_key { KEY_CONTEXT = MT_KEY_OWN, KEY_SOURCE_PATH, KEY_LINES };
enum { DEFAULT_LINES = 10, DEFAULT_CONTEXT = 3, DEFAULT_PERCENT = 1, MOST_CONTEXT = 1 << 30 };

static const struct argp_option options[] = {
    {"cumulative", MT_KEY_CUMULATIVE, NULL, MT_HELP_COMMON,
     "Count for each line what was allocated by the functions that it called, too. A line that "
     "recurs on a call path is counted once",
     MT_HELP_COUNTED},
    {"at", MT_KEY_AT, "end|peak|TIME", MT_HELP_COMMON,
     "Count as live what was not freed at this moment (default: end). TIME is after the "
     "start, such as 1.5s or 02:00. Lines are then sorted by live",
     MT_HELP_COUNTED},
    MT_TREE_OPTION(MT_HELP_COUNTED),
    {"sort", MT_KEY_SORT, "COLUMN", MT_HELP_COMMON,
     "Show those lines that have most of this: peak (default), live, total, blocks, temporary, "
     "max, waste, live-blocks or peak-blocks",
     MT_HELP_ROWS},
    {NULL, MT_KEY_ROWS, "N", MT_HELP_COMMON,
     "Show the N lines that have most, 0 for all (default: 10 that hold 1% or more, and all of a "
     "SOURCE or with --json)",
     MT_HELP_ROWS},
    {"context", KEY_CONTEXT, "N|all", MT_HELP_COMMON,
     "Show N lines around each of them, or whole files (default: 3)", MT_HELP_ROWS},
    {"lines", KEY_LINES, "FUNCTION|FILE", MT_HELP_COMMON,
     "Show all lines of the functions that match (repeatable), with all that they call. Excludes "
     "SOURCE and the options for how lines are counted, chosen and charged (default without "
     "these: the functions of memtrack run --lines)",
     MT_HELP_ROWS},
    {NULL, 0, NULL, 0, "Output:", MT_HELP_PRINTED},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", MT_HELP_PRINTED},
    {"bytes", MT_KEY_BYTES, NULL, 0, "Print exact bytes instead of KiB and MiB", MT_HELP_PRINTED},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, MT_HELP_PRINTED},
    {"full-names", MT_KEY_FULL_NAMES, NULL, 0, "Do not shorten lines, names and paths",
     MT_HELP_PRINTED},
    {"verbose", MT_KEY_VERBOSE, NULL, 0, MT_HELP_VERBOSE, MT_HELP_PRINTED},
    {"no-pager", MT_KEY_NO_PAGER, NULL, 0, MT_HELP_NO_PAGER, MT_HELP_PRINTED},
    {"source-path", KEY_SOURCE_PATH, "DIR[:DIR...]", MT_HELP_COMMON,
     "Look for sources in DIR first, by the whole path of a file and by shorter and shorter ends "
     "of it (repeatable)",
     MT_HELP_NAMES},
    {0},
};

struct request {
    const char *file, *source;
    int64_t around;
    bool context_given;
    const char **places;
    size_t n_places;
    const char **lines; /* patterns of --lines */
    size_t n_lines;
    struct mt_view_request view;
};

/* ---- options --------------------------------------------------------------------------------- */

static void take_argument(const struct argp_state *state, const char *text, struct request *r) {
    if (!r->file)
        r->file = text;
    else if (!*text)
        argp_error(state, "the name of the source is empty");
    else if (!r->source)
        r->source = text;
    else
        argp_error(state, "one profile and one source are annotated, not also %s", text);
}

static void parse_context(const struct argp_state *state, const char *text, struct request *r) {
    r->around = strcmp(text, "all") == 0
                    ? INT64_MAX
                    : (int64_t)mt_options_number(state, "--context", text, 0, MOST_CONTEXT);
    r->context_given = true;
}

static void add_place(const struct argp_state *state, const char *text, struct request *r) {
    if (!mt_array_grow(&r->places, r->n_places, sizeof *r->places))
        argp_failure(state, MT_EXIT_UNREADABLE, 0, "out of memory");
    else
        r->places[r->n_places++] = text;
}

/* Tells by the ending, as no profile has such a name, whether a source was given alone. */
static bool names_source(const char *text) {
    static const char *const endings[] = {".c",   ".C",   ".cc",  ".cpp", ".cxx", ".c++",  ".h",
                                          ".hh",  ".hpp", ".hxx", ".rs",  ".inl", ".ipp",  ".tcc",
                                          ".py",  ".js",  ".ts",  ".mjs", ".go",  ".java", ".d",
                                          ".zig", ".nim", ".m",   ".mm",  ".f90", ".swift"};
    const char *slash = strrchr(text, '/'), *base = slash ? slash + 1 : text;
    size_t bytes = strcspn(base, ":");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (bytes > ending && strncmp(base + bytes - ending, endings[i], ending) == 0)
            return true;
    }
    return false;
}

/* Returns what was given that functions line by line do not heed: they are shown whole, and what
 * counts for a line is not what came from it. NULL for nothing. */
static const char *unheeded_by_lines(const struct request *r) {
    const struct mt_view_request *view = &r->view;
    const struct mt_filter *filter = &view->view.filter;
    const struct mt_charged *charged = &view->charged;
    const struct {
        bool is_given;
        const char *name;
    } all[] = {
        {r->source != NULL, "SOURCE"},
        {view->shared.n_given, "-n"},
        {view->sort_given, "--sort"},
        {r->context_given, "--context"},
        {view->view.cumulative, "--cumulative"},
        {view->at_given, "--at"},
        {filter->n_include != 0, "--include"},
        {filter->n_exclude != 0, "--exclude"},
        {filter->all_frames, "--all-frames"},
        {charged->n != charged->n_owned, "--wrapper"},
        {charged->keep_std, "--keep-std"},
        {charged->keep_wrappers, "--keep-wrappers"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_given)
            return all[i].name;
    return NULL;
}

static void finish(const struct argp_state *state, struct request *r) {
    struct mt_options_shared *shared = &r->view.shared;
    if (r->file && !r->source && names_source(r->file)) {
        r->source = r->file;
        r->file = NULL;
    }
    const char *unheeded = unheeded_by_lines(r);
    if (r->n_lines && unheeded)
        argp_error(state, "--lines excludes %s", unheeded);
    if (!shared->n_given)
        shared->n = shared->json || r->source ? 0 : DEFAULT_LINES;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_CONTEXT:
        parse_context(state, text, r);
        return 0;
    case KEY_SOURCE_PATH:
        add_place(state, text, r);
        return 0;
    case KEY_LINES:
        mt_options_pattern(state, "--lines", "a function or a file", text, &r->lines, &r->n_lines);
        return 0;
    case ARGP_KEY_ARG:
        take_argument(state, text, r);
        return 0;
    case ARGP_KEY_SUCCESS:
        finish(state, r);
        return 0;
    default:
        return mt_view_options_parse(key, text, state, &r->view);
    }
}

static const struct argp_child children[] = {{&mt_view_options_selected_argp, 0, NULL, 0}, {0}};

const struct argp mt_annotate_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "[FILE|PID|DIR] [SOURCE[:FUNCTION|:LINE]]",
    .doc = "Show source text beside what its lines hold.\vExample: memtrack annotate app.pb.gz "
           "reader.c:read_all\n\nFILE, PID and DIR are those of memtrack report, and the figures "
           "those of its rows by line. SOURCE is the name of a source file, or an end of its path; "
           "wildcards stand for several. Inlined functions count where their source is. Without "
           "SOURCE the lines that hold most are shown. SOURCE alone is of the newest profile "
           "here.\n\nExit status: 0, 2 wrong usage, 3 the "
           "profile cannot be read, or has no lines of source.",
};

/* ---- sources --------------------------------------------------------------------------------- */

static struct mt_source *open_source(const struct request *r, const struct mt_profile *profile) {
    struct mt_source *source = mt_source_new(mt_profile_text(profile, profile->info.cwd));
    int status = source ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < r->n_places && status == 0; i++)
        status = mt_source_add_places(source, r->places[i]);
    if (status == 0 && r->view.shared.symbols.sysroot)
        status = mt_source_add_place(source, r->view.shared.symbols.sysroot);
    if (status == 0)
        return source;
    mt_source_free(source);
    return NULL;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_text(const struct request *r, const struct mt_annotate *annotate,
                       struct mt_source *source) {
    const struct mt_options_shared *shared = &r->view.shared;
    struct mt_terminal terminal;
    struct mt_summary lines = {0};
    mt_terminal_init(&terminal, stdout, shared->color);
    const struct mt_annotate_table_options table = {.table = {.n = shared->n,
                                                              .exact_bytes = shared->exact_bytes,
                                                              .full = shared->full_names,
                                                              .n_columns = 3},
                                                    .around = r->around};
    struct mt_summary_format format =
        mt_lines_format(&terminal, shared->exact_bytes, shared->verbose);
    if (!shared->no_pager)
        mt_pager_start();
    mt_summary_head(annotate->rows, &format, &lines);
    mt_lines_print(&terminal, &lines);
    fputc('\n', terminal.stream);
    mt_annotate_table_print(&terminal, annotate, source, &table);
}

/* Nothing can be shown beside figures when no frame has a line. */
static int check_lines(const struct mt_annotate *annotate, const char *path,
                       struct mt_error *error) {
    size_t n = mt_rows_count(annotate->rows);
    if (n == 0 || annotate->n_without_line < n)
        return 0;
    return mt_error_set(error, MEMTRACK_ENOTFOUND,
                        mt_rows_profile(annotate->rows)->info.is_memtrack
                            ? "Build with -g, or say where the debug files are: --debug-path DIR, "
                              "--sysroot DIR. memtrack report shows the functions."
                            : "Another tool wrote it without lines. memtrack report shows what "
                              "there is.",
                        "%s: no line of source is known of what was allocated", path);
}

static int64_t count_lines(struct mt_source *source, const char *path) {
    size_t bytes;
    const char *text = mt_source_text(source, path, &bytes), *at = text;
    int64_t n = 0;
    for (; at && at < text + bytes; n++) {
        const char *newline = memchr(at, '\n', bytes - (size_t)(at - text));
        at = newline ? newline + 1 : text + bytes;
    }
    return n;
}

/* A line beyond the end is a slip, but for a source that is not here, or had more lines when it was
 * compiled, which have figures. */
static int check_asked_line(const struct mt_annotate *annotate, struct mt_source *source,
                            struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(annotate->rows);
    const char *path = "";
    int64_t n = 0;
    for (size_t i = 0; i < annotate->n_files; i++) {
        const struct mt_annotate_file *file = &annotate->files[i];
        path = mt_profile_text(profile, file->file);
        n = count_lines(source, path);
        if (n == 0 || n >= annotate->line || file->n_lines)
            return 0;
    }
    return mt_error_set(error, MEMTRACK_EUSAGE, "", "%s has %" PRId64 " line%s", path, n,
                        n == 1 ? "" : "s");
}

static int print(const struct request *r, const char *path, const struct mt_annotate *annotate,
                 struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(annotate->rows);
    struct mt_source *source = open_source(r, profile);
    int status = 0;
    if (!source)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while reading sources");
    const struct mt_export thing = {
        .what = MT_EXPORT_ANNOTATE,
        .annotate = {.annotate = annotate, .source = source, .asked = r->source}};
    if (annotate->line)
        status = check_asked_line(annotate, source, error);
    if (status == 0 && r->view.shared.json)
        status = mt_export(stdout, &thing, MT_EXPORT_JSON, error);
    else if (status == 0 && (status = check_lines(annotate, path, error)) == 0)
        print_text(r, annotate, source);
    mt_source_free(source);
    return status;
}

static int annotate_profile(struct request *r, const char *path, struct mt_profile *profile,
                            struct mt_error *error) {
    struct mt_annotate annotate;
    const struct mt_annotate_request request = {
        .source = r->source,
        .n = r->view.shared.n,
        .min_share = r->source || r->view.shared.n_given ? 0 : DEFAULT_PERCENT / 100.0};
    mt_view_options_choose_sort(&r->view, profile);
    int status = mt_annotate_build(profile, &r->view.view, &request, &annotate, error);
    if (status < 0)
        return status;
    mt_view_options_check_sort(&r->view, annotate.rows);
    status = print(r, path, &annotate, error);
    mt_annotate_free(&annotate);
    return status;
}

/* ---- line by line ---------------------------------------------------------------------------- */

/* Returns how many patterns there are, those given or those that the profile was recorded with; the
 * list is malloc'ed, NULL when out of memory. */
static size_t choose_lines(const struct request *r, const struct mt_profile *profile,
                           const char ***patterns) {
    const struct mt_line_changes *changes = &profile->info.lines;
    size_t n = r->n_lines ? r->n_lines : unheeded_by_lines(r) ? 0 : changes->n_patterns;
    *patterns = calloc(n + 1, sizeof **patterns);
    for (size_t i = 0; i < n && *patterns; i++)
        (*patterns)[i] = r->n_lines ? r->lines[i] : mt_profile_text(profile, changes->patterns[i]);
    return n;
}

static void print_lines_text(const struct request *r, const struct mt_lines *lines,
                             struct mt_source *source) {
    const struct mt_options_shared *shared = &r->view.shared;
    const struct mt_lines_table_options table = {.exact_bytes = shared->exact_bytes,
                                                 .full_names = shared->full_names};
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, shared->color);
    if (!shared->no_pager)
        mt_pager_start();
    mt_lines_table_print(&terminal, lines, source, &table);
}

static int print_lines(const struct request *r, const struct mt_lines *lines,
                       const char *const *patterns, size_t n, struct mt_error *error) {
    struct mt_source *source = open_source(r, lines->profile);
    int status = 0;
    if (!source)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while reading sources");
    const struct mt_export thing = {
        .what = MT_EXPORT_LINES,
        .lines = {.lines = lines, .source = source, .patterns = patterns, .n_patterns = n}};
    if (r->view.shared.json)
        status = mt_export(stdout, &thing, MT_EXPORT_JSON, error);
    else
        print_lines_text(r, lines, source);
    mt_source_free(source);
    return status;
}

/* Shows the chosen functions line by line. *n is how many patterns have chosen them: 0, and then
 * sources are annotated. */
static int show_lines(const struct request *r, const struct mt_profile *profile, size_t *n,
                      struct mt_error *error) {
    const char **patterns;
    struct mt_lines lines;
    *n = choose_lines(r, profile, &patterns);
    int status = patterns ? 0 : -MEMTRACK_ENOMEM;
    if (status == 0 && *n)
        status = mt_lines_build(profile, patterns, *n, &lines, error);
    if (status == 0 && *n) {
        status = print_lines(r, &lines, patterns, *n, error);
        mt_lines_free(&lines);
    }
    free(patterns);
    return status;
}

static int show(struct request *r, const char *path, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    const struct mt_input_wanted wanted = mt_view_options_wanted(&r->view);
    struct mt_processes processes;
    int status = mt_input_read_run(path, &wanted, &processes, &profile, error);
    mt_processes_free(&processes);
    if (status == 0)
        status = mt_symbols_resolve(profile, &r->view.shared.symbols, error);
    size_t n_lines = 0;
    if (status == 0)
        status = show_lines(r, profile, &n_lines, error);
    if (status == 0 && n_lines == 0)
        status = annotate_profile(r, path, profile, error);
    mt_profile_free(profile);
    return status;
}

int mt_annotate_command(int argc, char **argv) {
    struct request r = {.around = DEFAULT_CONTEXT, .view.shared.program = argv[0]};
    struct mt_error error = {0};
    int result = MT_EXIT_OK;
    mt_help_parse(&mt_annotate_argp, argc, argv, 0, &r);
    char *path = mt_view_options_choose_input(&r.view, r.file, &result);
    if (path) {
        result = mt_command_end(r.view.shared.program, show(&r, path, &error), &error);
        free(path);
    }
    free(r.places);
    free(r.lines);
    mt_view_options_free(&r.view);
    return result;
}
