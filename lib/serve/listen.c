/* SPDX-License-Identifier: MIT */
/*
 * Who says nothing gets both loopback addresses on one port: "localhost" is 127.0.0.1 to one program
 * and ::1 to the next. A port that the kernel has chosen for the first address may be taken on the
 * second; then another one is tried. A machine without IPv6 has the first one alone.
 *
 * Rejected: one IPv6 socket for both, which cannot be bound to two loopback addresses; and names of
 * hosts, which may change what they mean between the look and the bind.
 */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 64, TRIES = 32 };

static const char hint[] = "Such as 127.0.0.1:8080 or [::1]:8080.";

bool mt_listen_is_address(const char *text, bool *is_loopback) {
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *is_loopback = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return false;
    *is_loopback =
        IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
    return true;
}

static bool is_any(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    return inet_pton(AF_INET, host, &v4) == 1
               ? v4.s_addr == INADDR_ANY
               : inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

static int refuse(const char *text, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EUSAGE, hint,
                        "--listen %s: needs an address in numbers and a port", text);
}

static bool parse_port(const char *text, uint16_t *port) {
    char *end;
    size_t n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
        return false;
    unsigned long number = strtoul(text, &end, 10);
    *port = (uint16_t)number;
    return number <= UINT16_MAX;
}

/* Splits "host:port"; a host with colons of its own is in brackets. Parts that are missing are
 * empty. Returns false when the text has another form. */
static bool split(const char *text, char host[MT_LISTEN_HOST], const char **port) {
    const char *begin = text, *end, *colon = strrchr(text, ':');
    *port = "";
    if (*text == '[') {
        begin = text + 1;
        end = strchr(begin, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        *port = end[1] ? end + 2 : "";
    } else if (colon && strchr(text, ':') == colon) {
        end = colon;
        *port = colon + 1;
    } else if (!colon && strspn(text, "0123456789") == strlen(text)) {
        end = text;
        *port = text;
    } else
        end = text + strlen(text);
    if (end - begin >= MT_LISTEN_HOST)
        return false;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    return true;
}

int mt_listen_parse(const char *text, struct mt_listen *listen, struct mt_error *error) {
    const char *port;
    *listen = (struct mt_listen){.is_both = true, .is_loopback = true, .host = "127.0.0.1"};
    if (!text)
        return 0;
    char host[MT_LISTEN_HOST];
    if (!*text || !split(text, host, &port) || (*port && !parse_port(port, &listen->port)))
        return refuse(text, error);
    if (!*host || strcmp(host, "localhost") == 0)
        return 0;
    if (!mt_listen_is_address(host, &listen->is_loopback))
        return refuse(text, error);
    snprintf(listen->host, sizeof listen->host, "%s", host);
    listen->is_both = false;
    listen->is_any = is_any(host);
    return 0;
}

/* ---- sockets --------------------------------------------------------------------------------- */

static socklen_t address_of(const char *host, uint16_t port, struct sockaddr_storage *out) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    inet_pton(AF_INET6, host, &v6.sin6_addr);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage address;
    struct sockaddr_in v4;
    socklen_t bytes = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        return 0;
    memcpy(&v4, &address, sizeof v4); /* the port of both families is at the same place */
    return ntohs(v4.sin_port);
}

/* Returns a listening socket, or -1 with errno. */
static int open_socket(const char *host, uint16_t port) {
    struct sockaddr_storage address;
    socklen_t bytes = address_of(host, port, &address);
    int one = 1;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* A server that ended a moment ago has connections left that would hold the port. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, bytes) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int failed(const struct mt_listen *listen, struct mt_error *error) {
    const char *next = errno == EADDRINUSE ? "Give another port with --listen, or 0 for a free one."
                       : errno == EACCES   ? "Ports below 1024 need more rights; give a higher one."
                       : errno == EADDRNOTAVAIL
                           ? "Give an address of this machine: ip address lists "
                             "them."
                           : "";
    bool is_v6 = strchr(listen->host, ':') != NULL;
    return mt_error_set(error, MEMTRACK_EIO, next, "cannot listen on %s%s%s:%u: %s",
                        is_v6 ? "[" : "", listen->host, is_v6 ? "]" : "", (unsigned)listen->port,
                        strerror(errno));
}

static void add(struct mt_listen *listen, int fd) {
    listen->socket[listen->n_sockets++] = fd;
}

/* Opens ::1 on the port of the first socket. Returns false when that port is taken there. */
static bool open_second(struct mt_listen *listen) {
    int fd = open_socket("::1", listen->port);
    if (fd >= 0)
        add(listen, fd);
    return fd >= 0 || errno != EADDRINUSE;
}

int mt_listen_open(struct mt_listen *listen, struct mt_error *error) {
    uint16_t wanted = listen->port;
    listen->n_sockets = 0;
    for (int i = 0; i < TRIES; i++) {
        int fd = open_socket(listen->host, wanted);
        if (fd < 0)
            return failed(listen, error);
        listen->port = port_of(fd);
        add(listen, fd);
        if (!listen->is_both || open_second(listen))
            return 0;
        mt_listen_close(listen);
        errno = EADDRINUSE;
        if (wanted)
            break;
    }
    return failed(listen, error);
}

void mt_listen_close(struct mt_listen *listen) {
    for (size_t i = 0; i < listen->n_sockets; i++)
        close(listen->socket[i]);
    listen->n_sockets = 0;
}

const char *mt_listen_url(const struct mt_listen *listen, char buffer[MT_LISTEN_URL]) {
    bool is_v6 = strchr(listen->host, ':') != NULL;
    const char *host = !listen->is_any ? listen->host : is_v6 ? "::1" : "127.0.0.1";
    snprintf(buffer, MT_LISTEN_URL, is_v6 ? "http://[%s]:%u/" : "http://%s:%u/", host,
             (unsigned)listen->port);
    return buffer;
}
