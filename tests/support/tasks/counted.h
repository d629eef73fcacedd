/* SPDX-License-Identifier: MIT */
/*
 * What the programs of this folder know of their tasks: a task begins with counted(), and what its
 * thread allocates afterwards, with allocate(), is of that name. finish() prints it by name, as
 * `NAME<tab>COUNT<tab>BYTES<tab>BLOCKS<tab>ERRORS`. Bytes are -1 where others allocate as well, such
 * as the C++ library for an exception.
 */
#ifndef TESTS_SUPPORT_TASKS_COUNTED_H
#define TESTS_SUPPORT_TASKS_COUNTED_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct count {
    char name[64];
    unsigned long count, bytes, blocks, errors;
    int is_inexact;
};

enum { MOST_NAMES = 64 };
static struct count counts[MOST_NAMES];
static __thread struct count *current, *around; /* around: NULL: nothing that counts it, too */
static pthread_mutex_t counts_lock = PTHREAD_MUTEX_INITIALIZER;
static int is_wrong;

static inline void expect(int is_right, const char *what) {
    if (is_right)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    is_wrong = 1;
}

static inline struct count *count_of(const char *name) {
    struct count *c = counts;
    pthread_mutex_lock(&counts_lock);
    while (c->name[0] && strcmp(c->name, name) != 0)
        c++;
    strcpy(c->name, name);
    pthread_mutex_unlock(&counts_lock);
    return c;
}

/* What this thread does from here on is of this name. */
static inline void go_on(const char *name) {
    current = count_of(name);
    around = NULL;
}

/* The same, within a task of another name. */
static inline void go_on_within(const char *name, const char *outer) {
    go_on(name);
    around = count_of(outer);
}

static inline void counted(const char *name) {
    go_on(name);
    __atomic_add_fetch(&current->count, 1, __ATOMIC_RELAXED);
}

static inline void counted_within(const char *name, const char *outer) {
    counted(name);
    around = count_of(outer);
}

/* Somebody else allocates in it, too. */
static inline void inexact(void) {
    current->is_inexact = 1;
}

static inline void fails(void) {
    __atomic_add_fetch(&current->errors, 1, __ATOMIC_RELAXED);
}

/* Allocates and frees. Returns bytes. */
static inline size_t allocate(size_t bytes) {
    static void *(*volatile real)(size_t) = malloc; /* not to be optimised away */
    struct count *of[2] = {current, around}, **c;
    for (c = of; c < of + 2 && *c; c++) {
        __atomic_add_fetch(&(*c)->bytes, bytes, __ATOMIC_RELAXED);
        __atomic_add_fetch(&(*c)->blocks, 1, __ATOMIC_RELAXED);
    }
    free(real(bytes));
    return bytes;
}

static inline int finish(void) {
    struct count *c;
    for (c = counts; c->name[0]; c++)
        printf("%s\t%lu\t%ld\t%lu\t%lu\n", c->name, c->count, c->is_inexact ? -1L : (long)c->bytes,
               c->blocks, c->errors);
    return is_wrong;
}

#endif
