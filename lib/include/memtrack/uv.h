/* SPDX-License-Identifier: MIT */
/*
 * Tasks of a program that is built upon libuv, followed through its callbacks: in the loop's thread
 * and in libuv's pool of threads.
 *
 *     #include <uv.h>
 *     #include <memtrack/uv.h>
 *
 *     struct request {
 *         memtrack_task task;
 *         memtrack_uv_fs file;                   a uv_fs_t, and what is to be kept beside it
 *         memtrack_uv_work work;
 *     };
 *
 *     memtrack_task_begin(&request->task, "request");
 *     uv_fs_open(loop, &request->file.request, path, O_RDONLY, 0,
 *                memtrack_uv_fs_cb(&request->file, &request->task, on_open));
 *     ...
 *     uv_queue_work(loop, &request->work.request,
 *                   memtrack_uv_work_cb(&request->work, &request->task, parse),
 *                   memtrack_uv_after_work_cb(&request->work, &request->task, on_parsed));
 *     ...
 *     memtrack_task_end(&request->task, NULL);   in the last callback, say
 *
 * A callback is replaced by memtrack_uv_KIND_cb(what, task, callback), which keeps it and returns
 * one that enters the task, calls it and leaves the task. What libuv hands to the callback is the
 * request or the handle, which is the first member of what it lies in: its data is the program's
 * own, and a cast or container_of finds the rest. A callback that is NULL stays NULL where libuv
 * allows that. The callback may free what it is called for, and end the task.
 *
 *     memtrack_uv_work         .request   work, after_work
 *     memtrack_uv_fs           .request   fs
 *     memtrack_uv_getaddrinfo  .request   getaddrinfo
 *     memtrack_uv_connect      .request   connect
 *     memtrack_uv_write        .request   write
 *     memtrack_uv_shutdown     .request   shutdown
 *     memtrack_uv_udp_send     .request   udp_send
 *     memtrack_uv_timer        .handle    timer; close, as memtrack_uv_timer_close_cb
 *     memtrack_uv_async        .handle    async; close, as memtrack_uv_async_close_cb
 *     memtrack_uv_stream       .handle, which is also .tcp, .pipe and .tty
 *                                         alloc, read, connection; memtrack_uv_stream_close_cb
 *
 * What libuv itself allocates while it starts or ends a request counts for whoever calls it, which
 * is the task when that is its callback. memtrack/task.h says what happens when two callbacks of a
 * task run at the same time.
 */
#ifndef MEMTRACK_UV_H
#define MEMTRACK_UV_H

#include <uv.h>

#include "../memtrack/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct memtrack_uv_work {
    uv_work_t request;
    memtrack_task *task;
    uv_work_cb work;
    uv_after_work_cb after_work;
} memtrack_uv_work;

typedef struct memtrack_uv_fs {
    uv_fs_t request;
    memtrack_task *task;
    uv_fs_cb fs;
} memtrack_uv_fs;

typedef struct memtrack_uv_getaddrinfo {
    uv_getaddrinfo_t request;
    memtrack_task *task;
    uv_getaddrinfo_cb getaddrinfo;
} memtrack_uv_getaddrinfo;

typedef struct memtrack_uv_connect {
    uv_connect_t request;
    memtrack_task *task;
    uv_connect_cb connect;
} memtrack_uv_connect;

typedef struct memtrack_uv_write {
    uv_write_t request;
    memtrack_task *task;
    uv_write_cb write;
} memtrack_uv_write;

typedef struct memtrack_uv_shutdown {
    uv_shutdown_t request;
    memtrack_task *task;
    uv_shutdown_cb shutdown;
} memtrack_uv_shutdown;

typedef struct memtrack_uv_udp_send {
    uv_udp_send_t request;
    memtrack_task *task;
    uv_udp_send_cb udp_send;
} memtrack_uv_udp_send;

typedef struct memtrack_uv_timer {
    uv_timer_t handle;
    memtrack_task *task;
    uv_timer_cb timer;
    uv_close_cb close;
} memtrack_uv_timer;

typedef struct memtrack_uv_async {
    uv_async_t handle;
    memtrack_task *task;
    uv_async_cb async;
    uv_close_cb close;
} memtrack_uv_async;

typedef struct memtrack_uv_stream {
    union {
        uv_stream_t handle;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
        uv_tty_t tty;
    };
    memtrack_task *task;
    uv_alloc_cb alloc;
    uv_read_cb read;
    uv_connection_cb connection;
    uv_close_cb close;
} memtrack_uv_stream;

/* Makes memtrack_uv_NAME_cb, which keeps a callback as member of the type; libuv calls it with
 * `from`, the first member of such a struct. */
#define MEMTRACK_UV_(type, name, member, callback_type, parameters, arguments)                     \
    MEMTRACK_TASK_ void memtrack_uv_##name##_in_task_ parameters {                                 \
        struct memtrack_uv_##type *what_ = (struct memtrack_uv_##type *)(void *)from;              \
        memtrack_turn turn_;                                                                       \
        memtrack_task_enter(what_->task, &turn_);                                                  \
        what_->member arguments;                                                                   \
        memtrack_task_leave(&turn_);                                                               \
    }                                                                                              \
    MEMTRACK_TASK_ callback_type memtrack_uv_##name##_cb(                                          \
        struct memtrack_uv_##type *what, memtrack_task *task, callback_type callback) {            \
        what->task = task;                                                                         \
        what->member = callback;                                                                   \
        return callback ? memtrack_uv_##name##_in_task_ : NULL;                                    \
    }

MEMTRACK_UV_(work, work, work, uv_work_cb, (uv_work_t * from), (from))
MEMTRACK_UV_(work, after_work, after_work, uv_after_work_cb, (uv_work_t * from, int status),
             (from, status))
MEMTRACK_UV_(fs, fs, fs, uv_fs_cb, (uv_fs_t * from), (from))
MEMTRACK_UV_(getaddrinfo, getaddrinfo, getaddrinfo, uv_getaddrinfo_cb,
             (uv_getaddrinfo_t * from, int status, struct addrinfo *found), (from, status, found))
MEMTRACK_UV_(connect, connect, connect, uv_connect_cb, (uv_connect_t * from, int status),
             (from, status))
MEMTRACK_UV_(write, write, write, uv_write_cb, (uv_write_t * from, int status), (from, status))
MEMTRACK_UV_(shutdown, shutdown, shutdown, uv_shutdown_cb, (uv_shutdown_t * from, int status),
             (from, status))
MEMTRACK_UV_(udp_send, udp_send, udp_send, uv_udp_send_cb, (uv_udp_send_t * from, int status),
             (from, status))
MEMTRACK_UV_(timer, timer, timer, uv_timer_cb, (uv_timer_t * from), (from))
MEMTRACK_UV_(timer, timer_close, close, uv_close_cb, (uv_handle_t * from), (from))
MEMTRACK_UV_(async, async, async, uv_async_cb, (uv_async_t * from), (from))
MEMTRACK_UV_(async, async_close, close, uv_close_cb, (uv_handle_t * from), (from))
MEMTRACK_UV_(stream, alloc, alloc, uv_alloc_cb, (uv_handle_t * from, size_t n, uv_buf_t *buffer),
             (from, n, buffer))
MEMTRACK_UV_(stream, read, read, uv_read_cb,
             (uv_stream_t * from, ssize_t n, const uv_buf_t *buffer), (from, n, buffer))
MEMTRACK_UV_(stream, connection, connection, uv_connection_cb, (uv_stream_t * from, int status),
             (from, status))
MEMTRACK_UV_(stream, stream_close, close, uv_close_cb, (uv_handle_t * from), (from))

#undef MEMTRACK_UV_

#ifdef __cplusplus
}
#endif

#endif
