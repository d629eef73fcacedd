/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Everything that can be done wrong with a region returns its error, and the regions around and
 * after it still measure what they should. Ends with the number of mistakes that had another
 * result.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope_oracle.h"

static int mistakes;

static void expect(const char *what, int found, int wanted) {
    if (found == wanted)
        return;
    fprintf(stderr, "%s: %d instead of %d\n", what, found, wanted);
    mistakes++;
}

static void good(const char *when) {
    struct region region;
    begin(&region, "good");
    void *block = take(1000);
    give(take(500));
    end(&region);
    give(block);
    expect(when, n_wrong, 0);
}

static void twice(void) {
    memtrack_scope scope;
    memtrack_delta delta;
    expect("begin", memtrack_begin(&scope, "twice"), 0);
    expect("end", memtrack_end(&scope, &delta), 0);
    memset(&delta, 1, sizeof delta);
    expect("end again", memtrack_end(&scope, &delta), -MEMTRACK_EENDED);
    expect("its result is zero", delta.net_bytes != 0 || delta.duration_ns != 0, 0);
    expect("set after the end", memtrack_scope_set(&scope, "k", "v"), -MEMTRACK_EENDED);
    expect("detach after the end", memtrack_scope_detach(&scope), -MEMTRACK_EENDED);
    expect("attach after the end", memtrack_scope_attach(&scope), -MEMTRACK_EENDED);
    good("after twice");
}

static void never_begun(void) {
    memtrack_scope scope;
    memset(&scope, 0, sizeof scope);
    expect("zeros", memtrack_end(&scope, NULL), -MEMTRACK_EENDED);
    memset(&scope, 0xa5, sizeof scope);
    expect("garbage", memtrack_end(&scope, NULL), -MEMTRACK_EENDED);
    good("after never_begun");
}

static void no_pointers(void) {
    memtrack_scope scope;
    expect("begin without a name", memtrack_begin(&scope, NULL), -MEMTRACK_EUSAGE);
    expect("its end", memtrack_end(&scope, NULL), 0);
    expect("begin without a scope", memtrack_begin(NULL, "name"), -MEMTRACK_EUSAGE);
    expect("begin_process without a name", memtrack_begin_process(&scope, NULL), -MEMTRACK_EUSAGE);
    expect("end without a scope", memtrack_end(NULL, NULL), -MEMTRACK_EUSAGE);
    expect("detach without a scope", memtrack_scope_detach(NULL), -MEMTRACK_EUSAGE);
    expect("attach without a scope", memtrack_scope_attach(NULL), -MEMTRACK_EUSAGE);
    expect("begin", memtrack_begin(&scope, "has no key"), 0);
    expect("set without a key", memtrack_scope_set(&scope, NULL, "value"), -MEMTRACK_EUSAGE);
    expect("set without a value", memtrack_scope_set(&scope, "key", NULL), -MEMTRACK_EUSAGE);
    expect("end", memtrack_end(&scope, NULL), 0);
    expect("mark", memtrack_mark(NULL), -MEMTRACK_EUSAGE);
    expect("counter", memtrack_counter(NULL, 1), -MEMTRACK_EUSAGE);
    expect("domain", (int)memtrack_domain(NULL), 0);
    expect("whois", memtrack_whois(&scope, NULL), -MEMTRACK_EUSAGE);
    expect("snapshot", memtrack_snapshot(NULL), -MEMTRACK_EUSAGE);
    expect("too large", memtrack_track(memtrack_domain("huge"), &scope, SIZE_MAX),
           -MEMTRACK_EUSAGE);
    good("after no_pointers");
}

static void wrong_order(void) {
    memtrack_scope outer, inner;
    memtrack_delta delta;
    expect("outer", memtrack_begin(&outer, "outer"), 0);
    void *block = take(100);
    expect("inner", memtrack_begin(&inner, "inner"), 0);
    expect("detach the outer one", memtrack_scope_detach(&outer), -MEMTRACK_EORDER);
    give(take(300));
    expect("end the outer one first", memtrack_end(&outer, &delta), -MEMTRACK_EORDER);
    expect("it is right all the same", delta.net_bytes == 108 && delta.peak_bytes == 416, 1);
    expect("the inner one has ended", memtrack_end(&inner, NULL), -MEMTRACK_EENDED);
    give(block);
    good("after wrong_order");
}

static void *end_elsewhere(void *scope) {
    return (void *)(intptr_t)memtrack_end(scope, NULL);
}

static void wrong_thread(void) {
    memtrack_scope scope;
    pthread_t thread;
    void *result;
    expect("begin", memtrack_begin(&scope, "stays"), 0);
    pthread_create(&thread, NULL, end_elsewhere, &scope);
    pthread_join(thread, &result);
    expect("end in another thread", (int)(intptr_t)result, -MEMTRACK_ETHREAD);
    expect("end at home", memtrack_end(&scope, NULL), 0);
    good("after wrong_thread");
}

static void forked(void) {
    memtrack_scope scope;
    int status = 0;
    expect("begin", memtrack_begin(&scope, "parent"), 0);
    pid_t child = fork();
    if (child == 0) {
        memtrack_scope own;
        mistakes = 0;
        expect("end the parent's", memtrack_end(&scope, NULL), -MEMTRACK_EFORKED);
        expect("begin one's own", memtrack_begin(&own, "child"), 0);
        expect("end it", memtrack_end(&own, NULL), 0);
        _exit(mistakes);
    }
    waitpid(child, &status, 0);
    expect("the child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    expect("the parent's goes on", memtrack_end(&scope, NULL), 0);
    good("after forked");
}

static jmp_buf out;

__attribute__((noinline)) static void jump(int depth) {
    memtrack_scope scope;
    memtrack_begin(&scope, "jumped");
    if (depth == 0)
        longjmp(out, 1);
    jump(depth - 1);
    memtrack_end(&scope, NULL);
}

static void never_ended(void) {
    memtrack_scope around;
    expect("around", memtrack_begin(&around, "around"), 0);
    if (setjmp(out) == 0)
        jump(5);
    expect("ends those inside", memtrack_end(&around, NULL), -MEMTRACK_EORDER);
    good("after never_ended");
}

__attribute__((noinline)) static void leave_open(void) {
    memtrack_scope scope;
    expect("begin", memtrack_begin(&scope, "forgotten"), 0);
    give(take(100));
}

__attribute__((noinline)) static void far_below(void) {
    char room[1 << 16];
    memset(room, 1, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
    leave_open();
    __asm__ volatile("" : : "r"(room) : "memory"); /* no tail call */
}

/* Its variable lies where nothing is any more: the next region is not inside of it. */
static void forgotten(void) {
    far_below();
    good("after forgotten");
}

static void same_variable(void) {
    memtrack_scope scope;
    expect("begin", memtrack_begin(&scope, "replaced"), 0);
    expect("begin in the same variable", memtrack_begin(&scope, "replacing"), 0);
    give(take(200));
    expect("end", memtrack_end(&scope, NULL), 0);
    good("after same_variable");
}

/* Names are texts, not addresses. */
static void same_buffer(void) {
    static const char *const texts[] = {"written", "write", "written over", "written once"};
    char name[16];
    for (int i = 0; i < 4; i++) {
        memtrack_scope scope;
        strcpy(name, texts[i]);
        expect("begin", memtrack_begin(&scope, name), 0);
        give(take(10));
        expect("end", memtrack_end(&scope, NULL), 0);
    }
}

static void detached_twice(void) {
    memtrack_scope scope;
    memtrack_delta delta;
    expect("begin", memtrack_begin(&scope, "moves"), 0);
    void *block = take(92);
    expect("detach", memtrack_scope_detach(&scope), 0);
    expect("detach again", memtrack_scope_detach(&scope), -MEMTRACK_EENDED);
    expect("attach", memtrack_scope_attach(&scope), 0);
    expect("attach again", memtrack_scope_attach(&scope), -MEMTRACK_EUSAGE);
    give(block);
    expect("detach", memtrack_scope_detach(&scope), 0);
    expect("end while detached", memtrack_end(&scope, &delta), 0);
    expect("all of it",
           delta.net_bytes == 0 && delta.peak_bytes == 100 && delta.allocated_blocks == 1, 1);
    good("after detached_twice");
}

static void merged(void) {
    memtrack_scope scope, part, copy;
    memtrack_delta delta;
    expect("begin", memtrack_begin(&scope, "merges"), 0);
    give(take(92));
    expect("detach", memtrack_scope_detach(&scope), 0);
    expect("begin", memtrack_begin(&part, "is merged"), 0);
    give(take(192));
    give(take(2));
    expect("merge an open one", memtrack_scope_merge(&scope, &part), -MEMTRACK_EUSAGE);
    expect("merge into an open one", memtrack_scope_merge(&part, &scope), -MEMTRACK_EUSAGE);
    expect("detach", memtrack_scope_detach(&part), 0);
    copy = part;
    expect("merge with itself", memtrack_scope_merge(&scope, &scope), -MEMTRACK_EUSAGE);
    expect("merge nothing", memtrack_scope_merge(&scope, NULL), -MEMTRACK_EUSAGE);
    expect("merge", memtrack_scope_merge(&scope, &copy), 0);
    expect("merge again", memtrack_scope_merge(&scope, &copy), -MEMTRACK_EENDED);
    expect("end what was merged", memtrack_end(&copy, NULL), -MEMTRACK_EENDED);
    expect("end", memtrack_end(&scope, &delta), 0);
    expect("all of both",
           delta.net_bytes == 0 && delta.peak_bytes == 200 && delta.allocated_bytes == 310 &&
               delta.allocated_blocks == 3,
           1);
    good("after merged");
}

static void deep(void) {
    enum { DEEP = 20000 };
    static memtrack_scope scope[DEEP];
    int opened = 0;
    while (opened < DEEP && memtrack_begin(&scope[opened], "deep") == 0)
        opened++;
    expect("many are open at once", opened >= 1000, 1);
    for (int i = opened - 1; i >= 0; i--)
        expect("end", memtrack_end(&scope[i], NULL), 0);
    good("after deep");
}

static void handler(int signal) {
    struct region region;
    (void)signal;
    begin(&region, "handled");
    end(&region);
}

/* The handler's stack lies above what it interrupts, and is part of the same one. */
static __attribute__((noinline)) void interrupted(void) {
    struct region region;
    begin(&region, "interrupted");
    void *block = take(700);
    raise(SIGUSR1);
    end(&region);
    give(block);
}

static void stack_in_the_stack(void) {
    char stack[1 << 16];
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack}, before;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    expect("sigaltstack", sigaltstack(&own, &before), 0);
    expect("sigaction", sigaction(SIGUSR1, &action, NULL), 0);
    interrupted();
    expect("sigaltstack back", sigaltstack(&before, NULL), 0);
    good("after stack_in_the_stack");
}

int main(void) {
    twice();
    never_begun();
    no_pointers();
    wrong_order();
    wrong_thread();
    forked();
    never_ended();
    forgotten();
    same_variable();
    same_buffer();
    detached_twice();
    merged();
    deep();
    stack_in_the_stack();
    return finish() || mistakes;
}
