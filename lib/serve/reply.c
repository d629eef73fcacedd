/* SPDX-License-Identifier: MIT */
/*
 * Whatever is sent says how little may be done with it: no other site may read, frame or embed it, no
 * type is guessed, and nothing that is no page may load or run anything. There are no CORS headers, so
 * that a page of another origin cannot read what it asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/server-local.h"

#define NOTHING "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

static void add(struct MHD_Response *response, const char *name, const char *value) {
    if (value)
        mt_microhttpd.add_response_header(response, name,
                                          value); /* a header that is missing harms nobody */
}

static void add_headers(struct MHD_Response *response, const struct mt_reply *reply) {
    char number[16], file[512];
    add(response, "Content-Type", reply->type);
    add(response, "Content-Security-Policy", reply->policy ? reply->policy : NOTHING);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "X-Frame-Options", "DENY");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cache-Control", reply->tag ? "no-cache" : "no-store");
    add(response, "ETag", reply->tag);
    add(response, "Allow", reply->allow);
    snprintf(number, sizeof number, "%u", reply->retry_s);
    add(response, "Retry-After", reply->retry_s ? number : NULL);
    snprintf(file, sizeof file, "attachment; filename=\"%s\"", reply->file ? reply->file : "");
    add(response, "Content-Disposition", reply->file ? file : NULL);
}

/* Queues the response and lets go of it; NULL: out of memory, and the connection is closed. */
static enum MHD_Result queue(struct MHD_Connection *connection, const struct mt_reply *reply,
                             struct MHD_Response *response) {
    if (!response)
        return MHD_NO;
    add_headers(response, reply);
    enum MHD_Result result = mt_microhttpd.queue_response(connection, reply->status, response);
    mt_microhttpd.destroy_response(response);
    return result;
}

enum MHD_Result mt_reply_text(struct MHD_Connection *connection, const struct mt_reply *reply,
                              const char *text) {
    struct mt_body copy = {strdup(text), strlen(text)};
    return copy.data ? mt_reply_taken(connection, reply, &copy) : MHD_NO;
}

static void release(void *snapshot) {
    mt_snapshot_release(snapshot);
}

enum MHD_Result mt_reply_snapshot(struct MHD_Connection *connection, const struct mt_reply *reply,
                                  struct mt_snapshot *snapshot, const struct mt_body *bytes) {
    struct MHD_Response *response =
        mt_microhttpd.create_response_from_buffer_with_free_callback_cls(bytes->n, bytes->data,
                                                                         release, snapshot);
    if (response)
        mt_snapshot_hold(snapshot);
    return queue(connection, reply, response);
}

enum MHD_Result mt_reply_constant(struct MHD_Connection *connection, const struct mt_reply *reply,
                                  const struct mt_body *bytes) {
    return queue(
        connection, reply,
        mt_microhttpd.create_response_from_buffer(bytes->n, bytes->data, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result mt_reply_taken(struct MHD_Connection *connection, const struct mt_reply *reply,
                               struct mt_body *bytes) {
    struct MHD_Response *response =
        mt_microhttpd.create_response_from_buffer(bytes->n, bytes->data, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(bytes->data);
    *bytes = (struct mt_body){0};
    return queue(connection, reply, response);
}

enum MHD_Result mt_reply_problem(struct MHD_Connection *connection, unsigned status,
                                 const char *sentence) {
    const struct mt_reply reply = {.status = status, .type = "text/plain; charset=utf-8"};
    char text[1024];
    snprintf(text, sizeof text, "%s\n", sentence);
    return mt_reply_text(connection, &reply, text);
}
