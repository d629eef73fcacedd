/* SPDX-License-Identifier: MIT */
/*
 * Tasks upon libuv: each waits for a timer, reads a file, works in the pool of threads, and ends in
 * the loop; and one that has two callbacks in the pool at the same time. libuv is given an allocator
 * of its own, so that all that malloc hands out is known here.
 */
#include <uv.h>

#include <memtrack/uv.h>

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "counted.h"

enum { TASKS = 100 };

struct request {
    memtrack_task task;
    memtrack_uv_timer timer;
    memtrack_uv_fs file;
    memtrack_uv_work work;
    size_t i, n_read;
    char text[64];
};

static struct request requests[TASKS];
static uv_loop_t *loop;
static uv_file file;

/* ---- what libuv allocates: never malloc's, and never reused ---- */

static char arena[1 << 22];
static size_t arena_used;

static void *arena_malloc(size_t bytes) {
    size_t *block =
        (size_t *)(void *)(arena + __atomic_fetch_add(&arena_used,
                                                      (bytes + 2 * sizeof *block) / 16 * 16 + 16,
                                                      __ATOMIC_RELAXED));
    block[0] = bytes;
    return block + 2;
}

static void *arena_realloc(void *old, size_t bytes) {
    void *block = arena_malloc(bytes);
    if (old) {
        size_t had = ((size_t *)old)[-2];
        memcpy(block, old, had < bytes ? had : bytes);
    }
    return block;
}

static void *arena_calloc(size_t n, size_t bytes) {
    return arena_malloc(n * bytes);
}

static void arena_free(void *block) {
    (void)block;
}

/* ---- a task of four callbacks ---- */

static void on_closed(uv_handle_t *handle) {
    struct request *r =
        (struct request *)(void *)((char *)handle - offsetof(struct request, timer));
    go_on("request");
    allocate(4);
    expect(memtrack_task_end(&r->task, NULL) == 0, "end in a callback");
    memset(r, 0xff, sizeof *r); /* nobody may look at it any more */
}

static void after_work(uv_work_t *work, int status) {
    struct request *r = work->data;
    expect(status == 0, "work");
    go_on("request");
    allocate(3);
    uv_close((uv_handle_t *)&r->timer.handle,
             memtrack_uv_timer_close_cb(&r->timer, &r->task, on_closed));
}

static void in_pool(uv_work_t *work) {
    struct request *r = work->data;
    memtrack_scope scope;
    memtrack_begin(&scope, "parse");
    counted_within("parse", "request");
    allocate(2000 + r->i);
    memtrack_end(&scope, NULL);
    if (r->i % 10 == 0) {
        go_on("request");
        fails();
        memtrack_task_fail(&r->task, "the tenth");
    }
}

static void on_read(uv_fs_t *fs) {
    struct request *r = fs->data;
    expect(fs->result == 5 && memcmp(r->text, "known", 5) == 0, "what was read");
    uv_fs_req_cleanup(fs);
    go_on("request");
    allocate(2);
    r->work.request.data = r;
    expect(uv_queue_work(loop, &r->work.request, memtrack_uv_work_cb(&r->work, &r->task, in_pool),
                         memtrack_uv_after_work_cb(&r->work, &r->task, after_work)) == 0,
           "uv_queue_work");
}

static void on_timer(uv_timer_t *timer) {
    struct request *r = timer->data;
    uv_buf_t buffer = uv_buf_init(r->text, sizeof r->text);
    go_on("request");
    allocate(1);
    r->file.request.data = r;
    expect(uv_fs_read(loop, &r->file.request, file, &buffer, 1, 0,
                      memtrack_uv_fs_cb(&r->file, &r->task, on_read)) == 0,
           "uv_fs_read");
}

static void begin(struct request *r, size_t i) {
    counted("request");
    r->i = i;
    expect(memtrack_task_begin(&r->task, "request") == 0, "begin");
    uv_timer_init(loop, &r->timer.handle);
    r->timer.handle.data = r;
    uv_timer_start(&r->timer.handle, memtrack_uv_timer_cb(&r->timer, &r->task, on_timer), i % 3, 0);
}

/* ---- two at the same time ---- */

static memtrack_task both;
static memtrack_uv_work one, other;
static uv_barrier_t meeting, parting;
static int n_left = 2;

static void meets(uv_work_t *work) {
    memtrack_turn inner;
    (void)work;
    uv_barrier_wait(&meeting);
    go_on("both");
    allocate(500);
    memtrack_task_enter(&both, &inner); /* is in the task already */
    allocate(30);
    memtrack_task_leave(&inner);
    uv_barrier_wait(&parting);
}

static void after_meeting(uv_work_t *work, int status) {
    (void)work, (void)status;
    go_on("both");
    allocate(50);
    if (--n_left == 0)
        memtrack_task_end(&both, NULL);
}

static void begin_both(void) {
    counted("both");
    uv_barrier_init(&meeting, 2);
    uv_barrier_init(&parting, 2);
    memtrack_task_begin(&both, "both");
    uv_queue_work(loop, &one.request, memtrack_uv_work_cb(&one, &both, meets),
                  memtrack_uv_after_work_cb(&one, &both, after_meeting));
    uv_queue_work(loop, &other.request, memtrack_uv_work_cb(&other, &both, meets),
                  memtrack_uv_after_work_cb(&other, &both, after_meeting));
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "/dev/null";
    uv_replace_allocator(arena_malloc, arena_realloc, arena_calloc, arena_free);
    loop = uv_default_loop();
    file = open(path, O_RDONLY | O_CLOEXEC);
    begin_both();
    uv_run(loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < TASKS; i++)
        begin(&requests[i], i);
    uv_run(loop, UV_RUN_DEFAULT);
    close(file);
    return finish();
}
