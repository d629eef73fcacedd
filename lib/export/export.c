/* SPDX-License-Identifier: MIT */
/*
 * Each kind of thing with the formats that it has, and who writes it in each. What is not in the
 * table does not exist: a command that offers a format finds it here, and help and completion offer
 * what commands do.
 */
#include "export/export.h"

#include "export/export-local.h"
#include "export/profile_format.h"

#define WRITER(name, format, writer, ...) [format] = writer,

static mt_export_write *const writers[MT_N_EXPORTS][MT_N_EXPORT_FORMATS] = {
    [MT_EXPORT_REPORT] = {[MT_EXPORT_JSON] = mt_json_report, [MT_EXPORT_CSV] = mt_csv_report},
    [MT_EXPORT_TREE] = {[MT_EXPORT_JSON] = mt_json_tree},
    [MT_EXPORT_ANNOTATE] = {[MT_EXPORT_JSON] = mt_json_annotate},
    [MT_EXPORT_DIFF] = {[MT_EXPORT_JSON] = mt_json_diff,
                        [MT_EXPORT_CSV] = mt_csv_diff,
                        [MT_EXPORT_MARKDOWN] = mt_markdown_diff},
    [MT_EXPORT_COMPARISON] = {[MT_EXPORT_JSON] = mt_json_comparison},
    [MT_EXPORT_BENCHMARKS] =
        {[MT_EXPORT_JSON] = mt_json_benchmarks, [MT_EXPORT_MARKDOWN] = mt_markdown_benchmarks},
    [MT_EXPORT_CHECK] = {[MT_EXPORT_JSON] = mt_json_check,
                         [MT_EXPORT_JUNIT] = mt_junit_check,
                         [MT_EXPORT_MARKDOWN] = mt_markdown_check,
                         [MT_EXPORT_GITHUB] = mt_github_check},
    [MT_EXPORT_LIST] = {[MT_EXPORT_JSON] = mt_json_list},
    [MT_EXPORT_INDEX] = {[MT_EXPORT_JSON] = mt_json_index},
    [MT_EXPORT_VERIFY] = {[MT_EXPORT_JSON] = mt_json_verify},
    [MT_EXPORT_SNAPSHOT] = {[MT_EXPORT_JSON] = mt_json_snapshot},
    [MT_EXPORT_WHOIS] = {[MT_EXPORT_JSON] = mt_json_whois},
    [MT_EXPORT_SWITCH] = {[MT_EXPORT_JSON] = mt_json_switch},
    [MT_EXPORT_TOP] = {[MT_EXPORT_JSON] = mt_json_top},
    [MT_EXPORT_SCOPES] = {[MT_EXPORT_JSON] = mt_json_scopes, [MT_EXPORT_CSV] = mt_csv_scopes},
    [MT_EXPORT_CALLS] =
        {[MT_EXPORT_CALLGRIND] = mt_callgrind_calls, [MT_EXPORT_PPROF] = mt_pprof_calls},
    [MT_EXPORT_EVENTS] = {[MT_EXPORT_JSON] = mt_json_events,
                          [MT_EXPORT_CSV] = mt_csv_events,
                          [MT_EXPORT_TRACE] = mt_trace_events},
    [MT_EXPORT_TIMELINE] = {[MT_EXPORT_JSON] = mt_json_timeline,
                            [MT_EXPORT_CSV] = mt_csv_timeline,
                            [MT_EXPORT_SVG] = mt_svg_timeline},
    [MT_EXPORT_PROFILE] = {MT_PROFILE_FORMATS(WRITER)},
    [MT_EXPORT_TIMELINE_EVENTS] =
        {[MT_EXPORT_CSV] = mt_csv_events_of_timeline, [MT_EXPORT_TRACE] = mt_trace_timeline},
    [MT_EXPORT_LINES] = {[MT_EXPORT_JSON] = mt_json_lines},
    [MT_EXPORT_SERVED] = {[MT_EXPORT_JSON] = mt_json_served},
    [MT_EXPORT_SERVED_MARKS] = {[MT_EXPORT_JSON] = mt_json_served_marks},
};

const char *mt_export_format_name(enum mt_export_format format) {
    static const char *const names[MT_N_EXPORT_FORMATS] = {
        [MT_EXPORT_TRACE] = "trace",
        [MT_EXPORT_JUNIT] = "junit",
        [MT_EXPORT_GITHUB] = "github",
        [MT_EXPORT_MARKDOWN] = "markdown",
    };
    const char *name = mt_profile_format_name(format);
    return name ? name : names[format];
}

bool mt_export_has(enum mt_export_what what, enum mt_export_format format) {
    return writers[what][format] != NULL;
}

int mt_export(FILE *stream, const struct mt_export *thing, enum mt_export_format format,
              struct mt_error *error) {
    mt_export_write *write = writers[thing->what][format];
    return write ? write(stream, thing, error)
                 : mt_error_set(error, MEMTRACK_EUSAGE, "Choose another format.",
                                "this cannot be written as %s", mt_export_format_name(format));
}

int mt_export_out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing the export");
}

int mt_export_finish(FILE *stream, bool done, struct mt_error *error) {
    if (!done)
        return mt_export_out_of_memory(error);
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the export: %m")
                          : 0;
}
