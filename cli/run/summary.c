/* SPDX-License-Identifier: MIT */
/*
 * The end of `memtrack run`: short enough to stay on the screen, with the command for more as its
 * last line. It is made of the same parts as the report, so the two cannot disagree.
 */
#include "run/summary.h"

#include "export/export.h"
#include "text/lines.h"
#include "text/table.h"

enum { DEFAULT_LINES = 5 };

static void print_facts(const struct mt_terminal *terminal, const struct mt_rows *rows,
                        const struct mt_run_summary_options *options) {
    struct mt_summary_format format =
        mt_lines_format(terminal, options->exact_bytes, options->verbose);
    struct mt_summary lines = {0};
    mt_summary_head(rows, &format, &lines);
    mt_lines_print(terminal, &lines);
}

static void print_rows(const struct mt_terminal *terminal, const struct mt_rows *rows,
                       const struct mt_run_summary_options *options) {
    struct mt_table_options table = {.n = options->n_lines ? options->n_lines : DEFAULT_LINES,
                                     .exact_bytes = options->exact_bytes,
                                     .is_brief = true,
                                     .n_columns = 1};
    if (mt_rows_all(rows)->value[MT_VALUE_PEAK_BYTES] == 0)
        return;
    fputc('\n', terminal->stream);
    mt_table_print(terminal, rows, &table);
}

void mt_run_summary_print(FILE *stream, const struct mt_profile *profile,
                          const struct mt_run_summary_options *options) {
    struct mt_view_options view = {.by = MT_BY_LINE,
                                   .sort =
                                       options->by_live ? MT_VALUE_LIVE_BYTES : MT_VALUE_PEAK_BYTES,
                                   .wrappers = options->wrappers};
    struct mt_terminal terminal;
    struct mt_rows *rows;
    struct mt_error error = {0};
    mt_terminal_init(&terminal, stream, options->color);
    if (mt_rows_build(profile, &view, &rows, &error) < 0) {
        mt_terminal_put(&terminal, MT_STYLE_WARN, error.message);
        fputc('\n', stream);
        return;
    }
    print_facts(&terminal, rows, options);
    print_rows(&terminal, rows, options);
    if (options->profile_path) {
        struct mt_summary next = {0};
        fputc('\n', stream);
        mt_summary_add(&next, "next", false, "memtrack report %s", options->profile_path);
        mt_lines_print_styled(&terminal, &next, MT_STYLE_BOLD);
    }
    mt_rows_free(rows);
}

int mt_run_summary_print_json(FILE *stream, const struct mt_profile *profile,
                              const struct mt_wrapper_options *wrappers, size_t n,
                              struct mt_error *error) {
    struct mt_view_options view = {
        .by = MT_BY_LINE, .sort = MT_VALUE_PEAK_BYTES, .wrappers = *wrappers};
    struct mt_rows *rows;
    int status = mt_rows_build(profile, &view, &rows, error);
    const struct mt_export thing = {.what = MT_EXPORT_REPORT, .report = {rows, n}};
    if (status == 0)
        status = mt_export(stream, &thing, MT_EXPORT_JSON, error);
    mt_rows_free(rows);
    return status;
}
