/* SPDX-License-Identifier: MIT */
/*
 * memtrack report: read a profile, name its addresses, group, print. Most options are those of
 * command/view_options.h; everything that they choose is in struct request, and each step below
 * takes what it needs of it.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/help.h"
#include "command/html_profile.h"
#include "command/input.h"
#include "command/view_options.h"
#include "export/export.h"
#include "run/processes.h"
#include "text/lines.h"
#include "text/pager.h"
#include "text/table.h"
#include "view/format/format.h"
#include "view/refused.h"

static const struct argp_option options[] = {
    {"sort", MT_KEY_SORT, "COLUMN", MT_HELP_COMMON,
     "Print the largest first: peak (default), live, total, blocks, temporary, max, waste, "
     "live-blocks or peak-blocks",
     MT_HELP_ROWS},
    MT_HTML_OPTIONS(MT_HELP_PRINTED),
    {0},
};

struct request {
    const char *file;
    struct mt_view_request view;
    struct mt_html html;
    struct mt_processes processes; /* of a run of several; n 0: it is a profile of one */
};

static void check_html(struct argp_state *state, const struct request *r) {
    mt_html_check(state, &r->html, r->view.shared.force);
    if (r->html.file && (r->view.shared.json || r->view.shared.csv))
        argp_error(state, "--html and --%s exclude each other",
                   r->view.shared.json ? "json" : "csv");
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        mt_options_profile(state, text, &r->file);
        return 0;
    case ARGP_KEY_END:
        check_html(state, r);
        return 0;
    default:
        return mt_html_parse(key, text, &r->html)
                   ? 0
                   : mt_view_options_parse(key, text, state, &r->view);
    }
}

static const struct argp_child children[] = {{&mt_view_options_argp, 0, NULL, 0}, {0}};

const struct argp mt_report_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "[FILE|PID|DIR]",
    .doc = "Show where the memory of a recorded or running process went.\vExample: memtrack "
           "report --by function --sort total app.pb.gz\n\nFILE is a profile of memtrack "
           "run, or what another tool wrote: a heap profile in pprof's format or in text "
           "(jemalloc, gperftools, Go), a file of DHAT or massif, or folded stacks. PID is a "
           "tracked process, which is read at one instant while it runs. DIR stands for the newest "
           "profile in it. "
           "Without an argument, the current directory is taken. FILE@MOMENT is the same as "
           "FILE with --at MOMENT.\n\nLive was not freed. Peak was live when the process "
           "had most. Total is all that was allocated, freed or not. Temporary blocks were "
           "freed by the next allocator call of their thread. Max is a row's own highest "
           "live bytes. Waste is added by rounding up.\n\nExit status: 0, 2 wrong usage, 3 "
           "the profile cannot be read.",
};

/* ---- printing -------------------------------------------------------------------------------- */

static void print_process(const struct mt_terminal *terminal, const struct request *r,
                          const struct mt_rows *rows) {
    struct mt_summary_format format =
        mt_lines_format(terminal, r->view.shared.exact_bytes, r->view.shared.verbose);
    struct mt_summary lines = {0};
    mt_summary_head(rows, &format, &lines);
    mt_lines_print(terminal, &lines);
}

/* Of a run: what all processes held together, and that the rows are something else. */
static void print_run(const struct mt_terminal *terminal, const struct request *r,
                      const struct mt_rows *rows) {
    struct mt_summary_format format =
        mt_lines_format(terminal, r->view.shared.exact_bytes, r->view.shared.verbose);
    struct mt_summary lines = {0};
    char size[MT_FORMAT_BYTES];
    const struct mt_process *program = mt_processes_main(&r->processes);
    static char *const none[] = {NULL};
    mt_run_processes_print_head(terminal, &r->processes, program ? program->command : none);
    mt_summary_add(
        &lines, "rows", false, "%s of peaks: each process at its own, not at the same time",
        mt_format_size(size, mt_rows_total(rows, MT_VALUE_PEAK_BYTES), r->view.shared.exact_bytes));
    mt_summary_coverage(rows, &format, &lines);
    mt_lines_print(terminal, &lines);
}

static void print_head(const struct mt_terminal *terminal, const struct request *r,
                       const struct mt_rows *rows) {
    if (r->processes.n)
        print_run(terminal, r, rows);
    else
        print_process(terminal, r, rows);
    fputc('\n', terminal->stream);
}

static int print_text(const struct request *r, const struct mt_rows *rows) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, r->view.shared.color);
    struct mt_table_options table = {.n = r->view.shared.n,
                                     .exact_bytes = r->view.shared.exact_bytes,
                                     .full = r->view.shared.full_names,
                                     .full_stacks = r->view.shared.full_stacks};
    if (!r->view.shared.no_pager)
        mt_pager_start();
    print_head(&terminal, r, rows);
    mt_table_print(&terminal, rows, &table);
    return 0;
}

static int print(const struct request *r, const struct mt_rows *rows, struct mt_error *error) {
    const struct mt_export thing = {
        .what = MT_EXPORT_REPORT,
        .report = {.rows = rows,
                   .n = r->view.shared.n,
                   .processes = r->processes.n ? &r->processes : NULL},
    };
    if (r->view.shared.json || r->view.shared.csv)
        return mt_export(stdout, &thing, r->view.shared.json ? MT_EXPORT_JSON : MT_EXPORT_CSV,
                         error);
    return print_text(r, rows);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int print_rows(struct request *r, const struct mt_profile *profile, struct mt_error *error) {
    struct mt_rows *rows = NULL;
    r->view.view.n_named = r->view.shared.n;
    int status = mt_rows_build(profile, &r->view.view, &rows, error);
    if (status == 0) {
        mt_view_options_check_sort(&r->view, rows);
        status = print(r, rows, error);
    }
    mt_rows_free(rows);
    return status;
}

static int report(struct request *r, const char *path, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    struct mt_input_wanted wanted = mt_view_options_wanted(&r->view);
    if (r->html.file)
        wanted.keep = mt_html_keep;
    int status = mt_input_read_run(path, &wanted, &r->processes, &profile, error);
    struct mt_html_side side = {.name = r->file ? r->file : path, .path = path};
    if (status == 0)
        side.n_read = mt_html_weigh(profile);
    if (status == 0)
        status = mt_symbols_resolve(profile, &r->view.shared.symbols, error);
    if (status == 0)
        status = mt_refused_note(profile);
    if (status == 0) {
        mt_view_options_choose_sort(&r->view, profile);
        status = r->html.file ? mt_html_profile_write(&r->view, &r->html, &side, &r->processes,
                                                      profile, error)
                              : print_rows(r, profile, error);
    }
    mt_html_free(&side);
    mt_profile_free(profile);
    return status;
}

int mt_report_command(int argc, char **argv) {
    struct request r = {.view.shared.program = argv[0]};
    struct mt_error error = {0};
    int result = MT_EXIT_OK;
    mt_help_parse(&mt_report_argp, argc, argv, 0, &r);
    char *path = NULL;
    if (r.html.file && mt_html_profile_is_none(r.file))
        result = mt_command_end(r.view.shared.program,
                                mt_html_profile_write_none(&r.view, &r.html, &error), &error);
    else
        path = mt_view_options_choose_input(&r.view, r.file, &result);
    if (path) {
        result = mt_command_end(r.view.shared.program, report(&r, path, &error), &error);
        free(path);
    }
    mt_processes_free(&r.processes);
    mt_view_options_free(&r.view);
    return result;
}
