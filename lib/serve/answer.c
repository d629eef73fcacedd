/* SPDX-License-Identifier: MIT */
/*
 * What each path is answered with. Paths are compared whole: there are no files behind them, so that
 * nothing of the kind of "../" leads anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "export/export.h"
#include "serve/server-local.h"

enum { MOST_DIFFERENCES = 8, MOST_SECONDS = 3600, MOST_TICKS = 1000 };

/* A page restricts itself further, by hashes of its own scripts. Framing can be forbidden by a header
 * alone. */
#define PAGE_POLICY                                                                                \
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'; connect-src 'self'; "            \
    "object-src 'none'"

struct question {
    struct mt_server *server;
    struct mt_asked *asked;
    struct MHD_Connection *connection;
};

static const char *argument(const struct question *q, const char *name) {
    return mt_microhttpd.lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *header(const struct question *q, const char *name) {
    return mt_microhttpd.lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_error(const struct question *q, const struct mt_error *error) {
    char text[sizeof error->message + sizeof error->hint + 8];
    snprintf(text, sizeof text, "%s. %s", error->message, error->hint);
    return mt_reply_problem(q->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, text);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static enum MHD_Result wait_until(const struct question *q, uint64_t again_ns) {
    q->asked->again_ns = again_ns;
    q->asked->is_waiting = true;
    q->asked->next = q->server->waiting;
    q->server->waiting = q->asked;
    mt_microhttpd.suspend_connection(q->connection);
    return MHD_YES;
}

/* Finds a snapshot of now, and keeps to it: the next one may be there before all forms are. Returns
 * NULL when the question waits, or an error was answered, as *result says. */
static struct mt_snapshot *now(const struct question *q, uint64_t not_before_ns,
                               enum MHD_Result *result) {
    struct mt_snapshot *snapshot;
    struct mt_error error = {{0}, {0}};
    uint64_t again_ns;
    if (q->asked->snapshot)
        return q->asked->snapshot;
    int rc = mt_served_snapshot(q->server->served, not_before_ns, &snapshot, &again_ns, &error);
    if (rc != 0)
        *result = answer_error(q, &error);
    else if (!snapshot)
        *result = wait_until(q, again_ns);
    if (rc == 0 && snapshot)
        q->asked->snapshot = mt_snapshot_hold(snapshot);
    return rc == 0 ? snapshot : NULL;
}

static struct mt_worker *worker(const struct question *q) {
    return mt_served_worker(q->server->served);
}

/* Whether one of the tags in the header, "a", W/"b", is this one. */
static bool knows(const char *header_text, const char *tag) {
    return header_text && (strcmp(header_text, "*") == 0 || strstr(header_text, tag));
}

static enum MHD_Result answer_form(const struct question *q, enum mt_snapshot_form form,
                                   const struct mt_reply *reply) {
    enum MHD_Result result = MHD_NO;
    const struct mt_body *bytes;
    struct mt_error error = {{0}, {0}};
    struct mt_reply own = *reply;
    struct mt_snapshot *snapshot = now(q, q->asked->asked_ns, &result);
    if (!snapshot)
        return result;
    own.tag = reply->tag ? snapshot->tag : NULL;
    if (own.tag && knows(header(q, "If-None-Match"), own.tag)) {
        own.status = MHD_HTTP_NOT_MODIFIED;
        own.file = NULL;
        return mt_reply_text(q->connection, &own, "");
    }
    if (mt_snapshot_form(snapshot, form, worker(q), q->asked->asked_ns, &bytes, &error) != 0)
        return answer_error(q, &error);
    if (!bytes)
        return wait_until(q, UINT64_MAX);
    return mt_reply_snapshot(q->connection, &own, snapshot, bytes);
}

static enum MHD_Result answer_profile(const struct question *q) {
    const struct mt_reply reply = {.status = MHD_HTTP_OK,
                                   .type = "application/octet-stream",
                                   .tag = "",
                                   .file = "profile.pb.gz"};
    return answer_form(q, MT_SNAPSHOT_PROFILE, &reply);
}

/* It has what is seen without scripts; the rest it fetches. */
static enum MHD_Result answer_page(const struct question *q) {
    static const struct mt_reply reply = {.status = MHD_HTTP_OK,
                                          .type = "text/html; charset=utf-8",
                                          .policy = PAGE_POLICY,
                                          .tag = ""};
    return answer_form(q, MT_SNAPSHOT_PAGE, &reply);
}

/* ---- pprof ----------------------------------------------------------------------------------- */

/* Reads ?seconds=N. Returns false when it is no number that is waited for. */
static bool read_seconds(const char *text, unsigned *seconds) {
    *seconds = 0;
    if (!text)
        return true;
    if (!*text || strlen(text) > 4 || strspn(text, "0123456789") != strlen(text))
        return false;
    *seconds = (unsigned)strtoul(text, NULL, 10);
    return *seconds >= 1 && *seconds <= MOST_SECONDS;
}

static enum MHD_Result begin_difference(const struct question *q, unsigned seconds) {
    enum MHD_Result result = MHD_NO;
    if (q->server->n_differences == MOST_DIFFERENCES) {
        const struct mt_reply busy = {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                      .type = "text/plain; charset=utf-8",
                                      .retry_s = seconds};
        return mt_reply_text(q->connection, &busy,
                             "8 requests wait for a change already. Ask again later.\n");
    }
    struct mt_snapshot *snapshot = now(q, q->asked->asked_ns, &result);
    if (!snapshot)
        return result;
    q->asked->from = snapshot; /* as it is held */
    q->asked->snapshot = NULL;
    q->asked->until_ns = mt_clock_now_ns() + seconds * MT_NS_PER_S;
    q->server->n_differences++;
    return wait_until(q, q->asked->until_ns);
}

static enum MHD_Result end_difference(const struct question *q, bool of_allocations,
                                      const struct mt_reply *reply) {
    enum MHD_Result result = MHD_NO;
    struct mt_error error = {{0}, {0}};
    struct mt_body bytes;
    struct mt_asked *asked = q->asked;
    struct mt_snapshot *snapshot = now(q, asked->until_ns, &result);
    if (!snapshot)
        return result;
    if (!asked->difference)
        asked->difference = mt_difference_new(asked->from, snapshot, of_allocations, worker(q));
    if (!asked->difference)
        return MHD_NO;
    if (mt_difference_take(asked->difference, &bytes, &error) != 0)
        return answer_error(q, &error);
    return bytes.data ? mt_reply_taken(q->connection, reply, &bytes) : wait_until(q, UINT64_MAX);
}

static enum MHD_Result answer_pprof(const struct question *q, bool of_allocations) {
    const struct mt_reply reply = {.status = MHD_HTTP_OK,
                                   .type = "application/octet-stream",
                                   .file = of_allocations ? "allocs" : "heap"};
    static const struct mt_reply text = {.status = MHD_HTTP_OK,
                                         .type = "text/plain; charset=utf-8"};
    const char *debug = argument(q, "debug");
    bool is_text = debug && strcmp(debug, "0") != 0;
    unsigned seconds;
    if (q->asked->until_ns)
        return end_difference(q, of_allocations, &reply);
    if (!read_seconds(argument(q, "seconds"), &seconds))
        return mt_reply_problem(q->connection, MHD_HTTP_BAD_REQUEST,
                                "seconds is a number from 1 to 3600.");
    if (seconds && is_text)
        return mt_reply_problem(q->connection, MHD_HTTP_BAD_REQUEST,
                                "seconds and debug exclude each other.");
    if (seconds)
        return begin_difference(q, seconds);
    if (is_text)
        return answer_form(q, MT_SNAPSHOT_TEXT, &text);
    return answer_form(q, of_allocations ? MT_SNAPSHOT_ALLOCATIONS : MT_SNAPSHOT_HEAP, &reply);
}

static enum MHD_Result answer_heap(const struct question *q) {
    return answer_pprof(q, false);
}

static enum MHD_Result answer_allocs(const struct question *q) {
    return answer_pprof(q, true);
}

/* ---- metrics --------------------------------------------------------------------------------- */

static enum MHD_Result answer_metrics(const struct question *q) {
    static const struct mt_reply openmetrics = {
        .status = MHD_HTTP_OK,
        .type = "application/openmetrics-text; version=1.0.0; charset=utf-8"};
    static const struct mt_reply prometheus = {.status = MHD_HTTP_OK,
                                               .type = "text/plain; version=0.0.4; charset=utf-8"};
    const char *accepts = header(q, "Accept");
    bool is_open = accepts && strstr(accepts, "application/openmetrics-text");
    return is_open ? answer_form(q, MT_SNAPSHOT_OPENMETRICS, &openmetrics)
                   : answer_form(q, MT_SNAPSHOT_PROMETHEUS, &prometheus);
}

/* ---- state and marks ------------------------------------------------------------------------- */

static enum MHD_Result answer_json(const struct question *q, const struct mt_export_served *state,
                                   enum mt_export_what what) {
    static const struct mt_reply reply = {.status = MHD_HTTP_OK, .type = "application/json"};
    const struct mt_export thing = {.what = what, .served = state};
    struct mt_body bytes = {0};
    struct mt_error error = {{0}, {0}};
    FILE *stream = open_memstream(&bytes.data, &bytes.n);
    int rc = stream ? mt_export(stream, &thing, MT_EXPORT_JSON, &error) : -MEMTRACK_ENOMEM;
    if (stream && fclose(stream) != 0)
        rc = -MEMTRACK_ENOMEM;
    if (rc == 0)
        return mt_reply_taken(q->connection, &reply, &bytes);
    free(bytes.data);
    return answer_error(q, &error);
}

/* Leaves the ticks after ?since=NS, the latest MOST_TICKS of them; without it the last one. */
static void choose_ticks(const struct question *q, struct mt_export_served *state) {
    const char *text = argument(q, "since");
    uint64_t since = text ? strtoull(text, NULL, 10) : 0;
    size_t first = state->n_ticks, most = text ? MOST_TICKS : 1;
    while (first > 0 && state->n_ticks - first < most && state->ticks[first - 1].time_ns > since)
        first--;
    state->ticks += first;
    state->n_ticks -= first;
}

static enum MHD_Result answer_state(const struct question *q) {
    struct mt_export_served state;
    mt_served_state(q->server->served, &state);
    choose_ticks(q, &state);
    return answer_json(q, &state, MT_EXPORT_SERVED);
}

static enum MHD_Result answer_marks(const struct question *q) {
    struct mt_export_served state;
    mt_served_state(q->server->served, &state);
    return answer_json(q, &state, MT_EXPORT_SERVED_MARKS);
}

static enum MHD_Result make_mark(const struct question *q) {
    const char *name = argument(q, "name");
    struct mt_error error = {{0}, {0}};
    q->asked->body[q->asked->n_body] = '\0';
    q->asked->body[strcspn(q->asked->body, "\r\n")] = '\0';
    if (mt_served_mark(q->server->served, name && *name ? name : q->asked->body, &error) != 0)
        return mt_reply_problem(q->connection, MHD_HTTP_CONFLICT, error.message);
    return answer_marks(q);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static enum MHD_Result answer_index(const struct question *q);

static const struct path {
    const char *path, *what;
    enum MHD_Result (*answer)(const struct question *q);
    bool is_post;
} paths[] = {
    {"/", "the page", answer_page, false},
    {"/profile.pb.gz", "a profile of now", answer_profile, false},
    {"/debug/pprof/", "this list", answer_index, false},
    {"/debug/pprof/heap",
     "the same for go tool pprof; ?seconds=N: what changes in N seconds; "
     "?debug=1: as text",
     answer_heap, false},
    {"/debug/pprof/allocs", "the same, which opens on what was allocated", answer_allocs, false},
    {"/metrics", "OpenMetrics, for Prometheus", answer_metrics, false},
    {"/state", "JSON: whether it runs, and its figures", answer_state, false},
    {"/marks", "JSON: the marks that were made here", answer_marks, false},
    {"/mark", "makes a mark (POST), whose name is the body or ?name=", make_mark, true},
};
enum { N_PATHS = sizeof paths / sizeof *paths };

static enum MHD_Result list(const struct question *q, unsigned status, const char *head) {
    const struct mt_reply reply = {.status = status, .type = "text/plain; charset=utf-8"};
    struct mt_body bytes = {0};
    FILE *stream = open_memstream(&bytes.data, &bytes.n);
    if (!stream)
        return MHD_NO;
    fprintf(stream, "%s\n", head);
    for (size_t i = 0; i < N_PATHS; i++)
        fprintf(stream, "%-20s %s\n", paths[i].path, paths[i].what);
    if (fclose(stream) != 0) {
        free(bytes.data);
        return MHD_NO;
    }
    return mt_reply_taken(q->connection, &reply, &bytes);
}

static enum MHD_Result answer_index(const struct question *q) {
    return list(q, MHD_HTTP_OK, mt_served_name(q->server->served));
}

static enum MHD_Result refuse_method(const struct question *q, const struct path *path) {
    const struct mt_reply reply = {.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                   .type = "text/plain; charset=utf-8",
                                   .allow = path->is_post ? "POST" : "GET, HEAD"};
    return mt_reply_text(q->connection, &reply,
                         path->is_post ? "This is for POST.\n" : "This is for GET and HEAD.\n");
}

enum MHD_Result mt_answer(struct mt_server *server, struct mt_asked *asked, const char *path,
                          const char *method) {
    const struct question q = {server, asked, asked->connection};
    bool is_post = strcmp(method, "POST") == 0;
    for (size_t i = 0; i < N_PATHS; i++)
        if (strcmp(path, paths[i].path) == 0)
            return is_post == paths[i].is_post ? paths[i].answer(&q) : refuse_method(&q, &paths[i]);
    return list(&q, MHD_HTTP_NOT_FOUND, "There is nothing of this name here. There is:");
}
