/* SPDX-License-Identifier: MIT */
/*
 * Which requests are answered: those that are meant for this server, and come from where they may.
 * A page of another site that somebody has open can send requests to loopback addresses too; these
 * are told by what the browser says of them. Pure functions.
 */
#ifndef MT_SERVE_GUARD_H
#define MT_SERVE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "serve/listen.h"

/* A request's headers, as they were sent; NULL: it has none of the name. */
struct mt_guard_request {
    const char *host, *origin, *fetch_site, *fetch_mode, *token;
    bool is_post;
};

struct mt_guard {
    const struct mt_listen *listen;
    const char *const *names; /* of --host: more names that this server goes by */
    size_t n_names;
};

/* Returns NULL when the request may be answered; else why not, as a sentence for the body of the
 * answer, with the next step. */
const char *mt_guard_refuses(const struct mt_guard *guard, const struct mt_guard_request *request);

#endif
