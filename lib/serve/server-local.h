/* SPDX-License-Identifier: MIT */
/* Shared by server.c (life and the loop), clients.c (connections), answer.c (what is asked for) and
 * reply.c (what is sent). Private to them. */
#ifndef MT_SERVE_SERVER_LOCAL_H
#define MT_SERVE_SERVER_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/difference.h"
#include "serve/guard.h"
#include "serve/microhttpd.h"
#include "serve/server.h"

#define MT_NS_PER_S UINT64_C(1000000000)

enum { MT_SERVER_BODY = 4096 };

/* A connection. */
struct mt_client {
    struct mt_client *next, *previous;
    int fd;
    uint64_t since_ns; /* when it came, or its last answer was sent */
    bool is_asking;    /* a whole request is here, and not answered yet */
    bool is_trusted;   /* it may see what this process sees */
};

/* A request, as long as it takes. */
struct mt_asked {
    struct mt_client *client;
    struct MHD_Connection *connection;
    uint64_t asked_ns; /* when it was here as a whole; 0: not yet */
    bool is_waiting; /* suspended until again_ns; UINT64_MAX: until the worker has done something */
    uint64_t again_ns;
    struct mt_asked *next;            /* of those that wait */
    struct mt_snapshot *snapshot;     /* of which a form is wanted, held */
    struct mt_snapshot *from;         /* of a difference: the earlier one, held */
    uint64_t until_ns;                /* and when the later one is due */
    struct mt_difference *difference; /* once both are there */
    char body[MT_SERVER_BODY + 1];
    size_t n_body;
};

struct mt_server {
    struct mt_served *served;
    struct mt_guard guard;
    struct mt_listen *listen;
    struct MHD_Daemon *daemons[MT_LISTEN_SOCKETS];
    size_t n_daemons;
    struct mt_client *clients;
    size_t n_clients;
    struct mt_asked *waiting;
    size_t n_differences; /* requests for one, under way */
    const struct mt_server_options *options;
    bool has_ended; /* and that was told */
};

/* ---- clients.c ------------------------------------------------------------------------------- */

/* Takes note of connections that come and go: MHD's MHD_NotifyConnectionCallback. */
void mt_clients_notify(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_ConnectionNotificationCode what);
/* Shuts those down that have sent no whole request for too long, or have taken too long to take the
 * answer. Returns when to look again (CLOCK_MONOTONIC). */
uint64_t mt_clients_look(struct mt_server *server, uint64_t now_ns);

/* ---- answer.c -------------------------------------------------------------------------------- */

/* Answers a request that is here as a whole, or has it wait. */
enum MHD_Result mt_answer(struct mt_server *server, struct mt_asked *asked, const char *path,
                          const char *method);

/* ---- reply.c --------------------------------------------------------------------------------- */

struct mt_reply {
    unsigned status;    /* of HTTP */
    const char *type;   /* media type */
    const char *policy; /* Content-Security-Policy; NULL: nothing is allowed */
    const char *tag;    /* ETag, or NULL */
    const char *file;   /* how a browser names it when it is saved, or NULL */
    const char *allow;  /* of 405, or NULL */
    unsigned retry_s;   /* Retry-After; 0: none */
};

/* Each queues an answer; data is copied, or belongs to the snapshot, which is held until it has been
 * sent, or is the caller's for good (constant), or is taken (malloc'ed, freed in the end). */
enum MHD_Result mt_reply_text(struct MHD_Connection *connection, const struct mt_reply *reply,
                              const char *text);
enum MHD_Result mt_reply_snapshot(struct MHD_Connection *connection, const struct mt_reply *reply,
                                  struct mt_snapshot *snapshot, const struct mt_body *bytes);
enum MHD_Result mt_reply_constant(struct MHD_Connection *connection, const struct mt_reply *reply,
                                  const struct mt_body *bytes);
enum MHD_Result mt_reply_taken(struct MHD_Connection *connection, const struct mt_reply *reply,
                               struct mt_body *bytes);
/* A sentence for people. */
enum MHD_Result mt_reply_problem(struct MHD_Connection *connection, unsigned status,
                                 const char *sentence);

#endif
