/* SPDX-License-Identifier: MIT */
/*
 * Three attacks on a server of one's own machine, and what stops each:
 *
 *   DNS rebinding     the name of a foreign site is made to lead here, so that its page may read what
 *                     is answered. The browser still sends that name as Host: only names and
 *                     addresses by which this server goes are answered. An address in numbers
 *                     cannot be rebound.
 *   cross-site POST   a form or script of a foreign page makes marks. The browser sends Origin with
 *                     it, which has to be this server. What is no browser sends none, and has to say
 *                     so by a header of its own, which no page can add without asking first.
 *   cross-site GET    a page cannot read the answer (there is no CORS), but could make us work. The
 *                     browser says that it is cross-site; following a link is fine.
 */
#include "serve/guard.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_HOST = 256 };

/* Copies the host of "host:port" or "[v6]:port". Returns false when it has another form. */
static bool host_of(const char *text, char host[MOST_HOST]) {
    bool is_bracketed = *text == '[';
    const char *begin = text + is_bracketed;
    size_t n = strcspn(begin, is_bracketed ? "]" : ":");
    const char *rest = begin + n + is_bracketed;
    if (n == 0 || n >= MOST_HOST || (is_bracketed && begin[n] != ']') || (*rest && *rest != ':') ||
        (*rest && rest[1 + strspn(rest + 1, "0123456789")]))
        return false;
    memcpy(host, begin, n);
    host[n] = '\0';
    return true;
}

static bool is_own_name(const char *host) {
    char name[MOST_HOST] = "";
    return gethostname(name, sizeof name - 1) == 0 && *name && strcasecmp(host, name) == 0;
}

static bool is_ours(const struct mt_guard *guard, const char *header) {
    char host[MOST_HOST];
    bool is_loopback;
    if (!host_of(header, host))
        return false;
    for (size_t i = 0; i < guard->n_names; i++)
        if (strcasecmp(host, guard->names[i]) == 0)
            return true;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (mt_listen_is_address(host, &is_loopback))
        return is_loopback || !guard->listen->is_loopback;
    return !guard->listen->is_loopback && is_own_name(host);
}

/* Pages are served by http alone, and a proxy before this server may add the s. */
static bool is_same_origin(const char *origin, const char *host) {
    size_t n = strncmp(origin, "http://", 7) == 0 ? 7 : strncmp(origin, "https://", 8) == 0 ? 8 : 0;
    return n && strcasecmp(origin + n, host) == 0;
}

static bool is_foreign_fetch(const struct mt_guard_request *request) {
    return request->fetch_site && strcmp(request->fetch_site, "cross-site") == 0 &&
           !(request->fetch_mode && strcmp(request->fetch_mode, "navigate") == 0);
}

const char *mt_guard_refuses(const struct mt_guard *guard, const struct mt_guard_request *request) {
    if (!request->host || !is_ours(guard, request->host))
        return "This server does not go by the name in the Host header. Ask it by its address in "
               "numbers, or start it with --host NAME.";
    if (request->is_post && request->origin && !is_same_origin(request->origin, request->host))
        return "A POST from a page of another origin is refused.";
    if (request->is_post && !request->origin && !request->token)
        return "A POST that comes from no page of this server needs the header X-Memtrack: 1.";
    if (is_foreign_fetch(request))
        return "A request by a page of another site is refused.";
    return NULL;
}
