/* SPDX-License-Identifier: MIT */
/* What is called of libmicrohttpd, which is loaded when there is something to serve. Private to
 * lib/serve. */
#ifndef MT_SERVE_MICROHTTPD_H
#define MT_SERVE_MICROHTTPD_H

#include <microhttpd.h>

#include "base/error.h"

/* MHD_NAME is the member NAME. */
#define MT_MICROHTTPD(X)                                                                           \
    X(add_response_header)                                                                         \
    X(create_response_from_buffer)                                                                 \
    X(create_response_from_buffer_with_free_callback_cls)                                          \
    X(destroy_response)                                                                            \
    X(get_connection_info)                                                                         \
    X(get_daemon_info)                                                                             \
    X(get_timeout)                                                                                 \
    X(lookup_connection_value)                                                                     \
    X(queue_response)                                                                              \
    X(resume_connection)                                                                           \
    X(run)                                                                                         \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(suspend_connection)

#define MT_MICROHTTPD_MEMBER(name) __typeof__(MHD_##name) *name;
struct mt_microhttpd {
    MT_MICROHTTPD(MT_MICROHTTPD_MEMBER)
};

extern struct mt_microhttpd mt_microhttpd; /* NULLs before it was loaded */

/* Returns 0 or -MEMTRACK_EIO, as mt_library_load. */
int mt_microhttpd_load(struct mt_error *error);

#endif
