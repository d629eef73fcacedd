/* SPDX-License-Identifier: MIT */
/*
 * A page is the viewer with data in it. Profiles are written as they are: they can be taken out
 * again, and need not be understood twice.
 */
#include "page/page.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "export/export.h"
#include "page/html.h"
#include "page/static.h"
#include "page/viewer.h"
#include "profile/line_texts.h"
#include "view/compare/diff.h"
#include "view/format/format.h"
#include "view/sources/sources.h"
#include "view/summary/summary.h"

enum { GZIP_WINDOW_BITS = 15 + 16, MEMORY_LEVEL = 9 };

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing the page");
}

static json_t *text(const char *raw) {
    char *utf8 = mt_format_utf8(raw);
    json_t *value = utf8 ? json_string(utf8) : NULL;
    free(utf8);
    return value;
}

/* Writes and releases it. */
static bool put_json_block(FILE *stream, const char *id, json_t *value) {
    char *dumped = value ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(value);
    if (!dumped)
        return false;
    fprintf(stream, "<script id=\"%s\" type=\"application/json\">", id);
    mt_html_put_json(stream, dumped);
    fputs("</script>\n", stream);
    free(dumped);
    return true;
}

/* ---- how the command was asked --------------------------------------------------------------- */

static json_t *array_of(const char *const *words, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, text(words[i]));
    return array;
}

static json_t *moment(const struct mt_at *at) {
    char buffer[48];
    if (at->kind != MT_AT_TIME)
        return json_string(at->kind == MT_AT_PEAK ? "peak" : "");
    snprintf(buffer, sizeof buffer, "%llu.%09llus", (unsigned long long)(at->time_ns / 1000000000),
             (unsigned long long)(at->time_ns % 1000000000));
    return json_string(buffer);
}

static void set_view(json_t *page, const struct mt_page_data *of) {
    const struct mt_view_options *view = of->view;
    json_object_set_new(page, "by", json_string(mt_group_by_name(view->by)));
    if (of->sort_given)
        json_object_set_new(page, "sort", json_string(mt_sort_name(view->sort)));
    json_object_set_new(page, "at", moment(&view->at));
    json_object_set_new(page, "include", array_of(view->filter.include, view->filter.n_include));
    json_object_set_new(page, "exclude", array_of(view->filter.exclude, view->filter.n_exclude));
    json_object_set_new(page, "wrapper",
                        array_of(view->wrappers.patterns, view->wrappers.n_patterns));
    json_object_set_new(page, "allFrames", json_boolean(view->filter.all_frames));
    json_object_set_new(page, "cumulative", json_boolean(view->cumulative));
    json_object_set_new(page, "keepStd", json_boolean(view->wrappers.keep_libraries));
    json_object_set_new(page, "keepWrappers", json_boolean(view->wrappers.keep_all));
}

static json_t *head_of(const struct mt_rows *rows) {
    const struct mt_summary_format format = {
        .utf8 = true, .verbose = true, .columns = SIZE_MAX / 2};
    struct mt_summary lines = {0};
    json_t *array = json_array();
    mt_summary_head(rows, &format, &lines);
    for (size_t i = 0; i < lines.n; i++)
        json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "label", lines.items[i].label,
                                               "text", text(lines.items[i].text), "warning",
                                               (int)lines.items[i].is_warning));
    mt_summary_free(&lines);
    return array;
}

static json_t *about(const struct mt_page_data *of) {
    json_t *page = json_pack("{s:s, s:b}", "version", MEMTRACK_VERSION, "live", (int)of->is_live);
    json_t *names = json_array();
    for (size_t i = 0; i < of->n_profiles; i++)
        json_array_append_new(names, text(of->profiles[i].name));
    json_object_set_new(page, "names", names);
    if (of->view)
        set_view(page, of);
    if (of->rows)
        json_object_set_new(page, "head", head_of(of->rows));
    return page;
}

/* ---- data ------------------------------------------------------------------------------------ */

static void put_profile(FILE *stream, const struct mt_page_profile *profile, size_t i) {
    const char *slash = strrchr(profile->name, '/');
    fprintf(stream,
            "<script id=\"memtrack-profile%s\" type=\"text/plain\" data-encoding=\"base64\" "
            "data-name=\"",
            i ? "-2" : "");
    mt_html_put_text(stream, slash ? slash + 1 : profile->name);
    fputs("\">", stream);
    mt_html_put_base64(stream, profile->bytes, profile->n_bytes);
    fputs("</script>\n", stream);
}

/* The text of sources packs to a fifth. */
static bool put_packed(FILE *stream, const char *id, const char *bytes, size_t n) {
    z_stream z = {0};
    if (n > UINT32_MAX || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
                                       MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t most = deflateBound(&z, (uLong)n);
    uint8_t *out = malloc(most);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)most;
    bool done = out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    if (done) {
        fprintf(stream, "<script id=\"%s\" type=\"text/plain\">", id);
        mt_html_put_base64(stream, out, z.total_out);
        fputs("</script>\n", stream);
    }
    deflateEnd(&z);
    free(out);
    return done;
}

static bool put_sources(FILE *stream, const struct mt_sources *sources) {
    json_t *files = json_object();
    for (size_t i = 0; i < sources->n && files; i++) {
        char *path = mt_format_utf8(sources->items[i].path);
        if (path)
            json_object_set_new(files, path, text(sources->items[i].text));
        free(path);
    }
    char *dumped = files ? json_dumps(files, JSON_COMPACT) : NULL;
    bool done = dumped && put_packed(stream, "memtrack-sources", dumped, strlen(dumped));
    json_decref(files);
    free(dumped);
    return done;
}

/* Without what the lines say they would be paired in another way. */
static bool put_line_texts(FILE *stream, const struct mt_diff *diff) {
    const struct mt_profile *const profiles[] = {mt_rows_profile(mt_diff_rows(diff, MT_OLD)),
                                                 mt_rows_profile(mt_diff_rows(diff, MT_NEW))};
    char *block = NULL;
    size_t bytes;
    bool done = mt_line_texts_write(profiles, &block, &bytes) == 0 &&
                put_packed(stream, "memtrack-lines", block, bytes);
    free(block);
    return done;
}

static bool put_processes(FILE *stream, const struct mt_processes *processes,
                          struct mt_error *error) {
    const struct mt_export index = {.what = MT_EXPORT_INDEX, .processes = processes};
    char *json = NULL;
    size_t bytes;
    FILE *memory = open_memstream(&json, &bytes);
    bool done = memory && mt_export(memory, &index, MT_EXPORT_JSON, error) == 0;
    done = memory && fclose(memory) == 0 && done;
    if (done) {
        fputs("<script id=\"memtrack-index\" type=\"application/json\">", stream);
        mt_html_put_json(stream, json);
        fputs("</script>\n", stream);
    }
    free(json);
    return done;
}

static bool put_data(FILE *stream, const struct mt_page_data *page, struct mt_error *error) {
    bool done = put_json_block(stream, "memtrack-page", about(page));
    for (size_t i = 0; i < page->n_profiles; i++)
        put_profile(stream, &page->profiles[i], i);
    if (page->sources && page->sources->n)
        done = done && put_sources(stream, page->sources);
    if (page->diff)
        done = done && put_line_texts(stream, page->diff);
    if (page->processes)
        done = done && put_processes(stream, page->processes, error);
    return done;
}

int mt_page_write(FILE *stream, const struct mt_page_data *page, struct mt_error *error) {
    mt_viewer_put_until(stream, MT_VIEWER_CONNECT);
    fputs(page->is_live ? "'self'" : "'none'", stream);
    mt_viewer_put_until(stream, MT_VIEWER_TITLE);
    mt_static_put_title(stream, page);
    mt_viewer_put_until(stream, MT_VIEWER_STATIC);
    if (mt_static_put(stream, page) < 0)
        return out_of_memory(error);
    mt_viewer_put_until(stream, MT_VIEWER_DATA);
    if (!put_data(stream, page, error))
        return out_of_memory(error);
    mt_viewer_put_until(stream, MT_VIEWER_END);
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the page: %m") : 0;
}
