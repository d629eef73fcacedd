// SPDX-License-Identifier: MIT
// flags: -pthread
//
// Hooks of scopes, and what may go wrong in them. Each part checks itself: the status is the number
// of the first one that fails, 0 when none does.
//
// Part 4 removes a hook while eight threads begin scopes: after memtrack_hook_remove has returned 0,
// no thread calls it, or is inside of it.
#include <atomic>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memtrack.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct calls {
    int begun = 0, ended = 0;
    std::string names;
};

void note_begin(memtrack_scope *scope, const char *name, void *arg) {
    auto *c = static_cast<calls *>(arg);
    c->begun++;
    c->names += name; // allocates
    memtrack_scope_set(scope, "request", "42");
    memtrack_counter_add("begun", 1);
}

void note_end(memtrack_scope *scope, const char *name, void *arg) {
    auto *c = static_cast<calls *>(arg);
    c->ended++;
    c->names += name;
    memtrack_scope_set(scope, "gpu", "123");
}

void run(const char *name) {
    memtrack_scope scope;
    memtrack_begin(&scope, name);
    memtrack_end(&scope, nullptr);
}

bool are_called() {
    calls c;
    const memtrack_hook_t hook = {note_begin, note_end, &c}, only_end = {nullptr, note_end, &c};
    if (memtrack_hook_remove(&hook) != -MEMTRACK_ENOTFOUND || memtrack_hook_add(&hook) != 0)
        return false;
    run("outer");
    memtrack_scope process;
    memtrack_begin_process(&process, "all");
    memtrack_end(&process, nullptr);
    memtrack_end(&process, nullptr); // it has ended: no hook
    if (memtrack_hook_add(&only_end) != 0)
        return false;
    run("x");
    bool removed = memtrack_hook_remove(&hook) == 0 && memtrack_hook_remove(&only_end) == 0;
    run("unseen");
    return removed && c.begun == 3 && c.ended == 4 && c.names == "outerouterallallxxx";
}

// ---- a hook that begins scopes

void begin_more(memtrack_scope *, const char *, void *arg) {
    ++*static_cast<int *>(arg);
    run("inside of a hook");
    MEMTRACK_SCOPE("and another") {
        free(malloc(100));
    }
}

bool do_not_call_themselves() {
    int n = 0;
    const memtrack_hook_t hook = {begin_more, begin_more, &n};
    memtrack_hook_add(&hook);
    run("outer");
    run("outer");
    return memtrack_hook_remove(&hook) == 0 && n == 4;
}

// ---- hooks that do not come back

void throw_it(memtrack_scope *, const char *name, void *arg) {
    ++*static_cast<int *>(arg);
    if (strcmp(name, "thrown") == 0)
        throw std::runtime_error(name);
}

jmp_buf jump;

void jump_away(memtrack_scope *, const char *name, void *arg) {
    ++*static_cast<int *>(arg);
    if (strcmp(name, "jumped") == 0)
        longjmp(jump, 1);
}

// From deeper down than the call that was left.
__attribute__((noinline)) void run_deeper(const char *name, int depth) {
    char room[256];
    memset(room, depth, sizeof room);
    asm volatile("" : : "r"(room) : "memory");
    if (depth > 0)
        run_deeper(name, depth - 1);
    else
        run(name);
    asm volatile("" : : "r"(room) : "memory");
}

bool may_throw() {
    int n = 0;
    const memtrack_hook_t hook = {throw_it, nullptr, &n};
    memtrack_hook_add(&hook);
    for (int i = 0; i < 3; i++) {
        memtrack_scope scope;
        try {
            memtrack_begin(&scope, "thrown");
            return false;
        } catch (const std::runtime_error &) {
        }
        memtrack_end(&scope, nullptr); // it is open
        if (i == 1)
            run_deeper("after", 5);
        if (i == 2)
            run("after");
    }
    bool removed = memtrack_hook_remove(&hook) == 0;
    return removed && n == 5;
}

bool may_jump() {
    int n = 0;
    const memtrack_hook_t hook = {jump_away, nullptr, &n};
    memtrack_hook_add(&hook);
    memtrack_scope scope;
    if (setjmp(jump) == 0)
        memtrack_begin(&scope, "jumped");
    else
        memtrack_end(&scope, nullptr);
    if (memtrack_hook_remove(&hook) != 0 && memtrack_hook_remove(&hook) != -MEMTRACK_EBUSY)
        return false;
    run_deeper("after", 3);
    int rc = memtrack_hook_remove(&hook);
    return (rc == 0 || rc == -MEMTRACK_ENOTFOUND) && n >= 1;
}

// ---- removal

std::atomic<int> inside, wrong, seen;
std::atomic<bool> is_gone, is_over;

void count_inside(memtrack_scope *, const char *, void *) {
    inside++;
    seen++;
    if (is_gone)
        wrong++;
    free(malloc(10));
    if (is_gone)
        wrong++;
    inside--;
}

void *begin_many(void *) {
    while (!is_over)
        run("many");
    return nullptr;
}

bool are_removed_while_they_run() {
    const memtrack_hook_t hook = {count_inside, count_inside, nullptr};
    std::vector<pthread_t> threads(8);
    for (auto &thread : threads)
        if (pthread_create(&thread, nullptr, begin_many, nullptr) != 0)
            return false;
    for (int i = 0; i < 20; i++) {
        int before = seen;
        is_gone = false;
        if (memtrack_hook_add(&hook) != 0)
            wrong++;
        while (seen == before)
            sched_yield();
        int rc;
        while ((rc = memtrack_hook_remove(&hook)) == -MEMTRACK_EBUSY)
            sched_yield();
        is_gone = true;
        if (inside != 0 || rc != 0)
            wrong++;
        if (memtrack_hook_remove(&hook) != -MEMTRACK_ENOTFOUND)
            wrong++;
    }
    is_over = true;
    for (auto thread : threads)
        pthread_join(thread, nullptr);
    return wrong == 0;
}

// ---- too many

void nothing(memtrack_scope *, const char *, void *) {}

bool are_bounded() {
    int arg[17];
    for (int i = 0; i < 17; i++) {
        const memtrack_hook_t hook = {nothing, nullptr, &arg[i]};
        if (memtrack_hook_add(&hook) != (i < 16 ? 0 : -MEMTRACK_ELIMIT))
            return false;
    }
    for (int i = 0; i < 17; i++) {
        const memtrack_hook_t hook = {nothing, nullptr, &arg[i]};
        if (memtrack_hook_remove(&hook) != (i < 16 ? 0 : -MEMTRACK_ENOTFOUND))
            return false;
    }
    return memtrack_hook_add(nullptr) == -MEMTRACK_EUSAGE;
}

} // namespace

int main() {
    bool (*const parts[])() = {are_called, do_not_call_themselves,     may_throw,
                               may_jump,   are_removed_while_they_run, are_bounded};
    int n = 0;
    for (auto *part : parts) {
        n++;
        if (!part()) {
            fprintf(stderr, "part %d\n", n);
            return n;
        }
    }
    return 0;
}
