/* SPDX-License-Identifier: MIT */
/* What a worker is given is done one after the other, and collected by who gave it. */
#include "serve/worker.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <semaphore.h>

#include <cmocka.h>

struct one {
    struct mt_work work;
    struct mt_worker *worker;
    int number, *order, *n; /* not atomic: a work is one thread's at a time */
    int runs_left;
    sem_t *begun, *may_end; /* or NULL */
};

static void note(struct mt_work *work) {
    struct one *one = (struct one *)work;
    if (one->begun)
        sem_post(one->begun);
    if (one->may_end)
        sem_wait(one->may_end);
    one->order[(*one->n)++] = one->number;
}

static void again(struct mt_work *work) {
    struct one *one = (struct one *)work;
    if (one->runs_left-- > 0)
        mt_worker_add_next(one->worker, work);
}

static void collect(struct mt_worker *worker, int n) {
    while (n > 0) {
        struct pollfd file = {.fd = mt_worker_fd(worker), .events = POLLIN};
        assert_int_equal(1, poll(&file, 1, 60000));
        n -= mt_worker_collect(worker);
    }
}

static void one_after_the_other(void **state) {
    enum { N = 50 };
    static struct one ones[N];
    static int order[2 * N], n;
    struct mt_worker *worker;
    (void)state;
    assert_int_equal(0, mt_worker_new(&worker, NULL));
    assert_false(mt_worker_collect(worker));
    for (int i = 0; i < N; i++) {
        ones[i] =
            (struct one){{note, again, NULL}, worker, i, order, &n, i == 7 ? 2 : 0, NULL, NULL};
        mt_worker_add(worker, &ones[i].work);
    }
    collect(worker, N + 2);
    assert_int_equal(N + 2, n);
    for (int i = 0; i < N + 2; i++)
        assert_int_equal(i < 8 ? i : i < 10 ? 7 : i - 2, order[i]);
    assert_false(mt_worker_collect(worker));
    assert_true(mt_worker_free(worker));
    assert_true(mt_worker_free(NULL));
}

static void one_that_is_busy_is_left_alone(void **state) {
    static sem_t begun, may_end;
    static int order[1], n;
    static struct one one;
    struct mt_worker *worker;
    (void)state;
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    assert_int_equal(0, mt_worker_new(&worker, NULL));
    one = (struct one){{note, again, NULL}, worker, 1, order, &n, 0, &begun, &may_end};
    mt_worker_add(worker, &one.work);
    sem_wait(&begun);
    assert_false(mt_worker_collect(worker));
    assert_false(mt_worker_free(worker)); /* without waiting for it */
    sem_post(&may_end);
    collect(worker, 1);
    assert_int_equal(1, n);
    assert_true(mt_worker_free(worker));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(one_that_is_busy_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
