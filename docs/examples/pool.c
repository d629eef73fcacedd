/* SPDX-License-Identifier: MIT */
/*
 * pool: requests of two steps over a pool of four threads; the second step may run in another
 * thread than the first. The scope of a request goes along: whoever takes it attaches it. The
 * example of docs/scopes.md.
 */
#include <memtrack.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, REQUESTS = 100 };

struct request {
    memtrack_scope scope;
    int number, step;
    char *body;
    struct request *next;
};

static struct request *queue;
static int n_left = REQUESTS;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void put(struct request *request) {
    pthread_mutex_lock(&lock);
    request->next = queue;
    queue = request;
    pthread_mutex_unlock(&lock);
}

/* False when all is done; *request is NULL when others still work on the rest. */
static bool get(struct request **request) {
    pthread_mutex_lock(&lock);
    *request = queue;
    if (queue)
        queue = queue->next;
    bool more = n_left > 0;
    pthread_mutex_unlock(&lock);
    return more;
}

static void receive(struct request *request) {
    request->body = malloc(10000 + request->number * 100);
    memset(request->body, 'x', 10000);
    request->step = 1;
    memtrack_scope_detach(&request->scope);
    put(request);
}

static void answer(struct request *request) {
    memtrack_scope_attach(&request->scope);
    char *copy = malloc(50000);
    memcpy(copy, request->body, 10000);
    free(copy);
    free(request->body);
    memtrack_end(&request->scope, NULL);
    pthread_mutex_lock(&lock);
    n_left--;
    pthread_mutex_unlock(&lock);
}

static void *work(void *unused) {
    struct request *request;
    while (get(&request)) {
        if (!request)
            continue;
        if (request->step == 0) {
            memtrack_begin(&request->scope, "request");
            receive(request);
        } else {
            answer(request);
        }
    }
    return unused;
}

int main(void) {
    static struct request requests[REQUESTS];
    pthread_t threads[THREADS];
    for (int i = 0; i < REQUESTS; i++) {
        requests[i].number = i;
        put(&requests[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d requests\n", REQUESTS);
    return 0;
}
