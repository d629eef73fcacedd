// SPDX-License-Identifier: MIT
// Coroutines whose scopes are followed: over a pool of threads, through coroutines that await each
// other, exceptions, generators, and those that are destroyed while they are suspended. C++20.
// Frames and queues lie in memory that malloc does not know, so that all that is allocated is known
// here.
#include <memtrack/tasks.hpp>

#ifndef MEMTRACK_COROUTINE_HPP
int main() {
    return 77; /* this compiler has no coroutines */
}
#else
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "counted.h"

namespace {

/* ---- frames ---- */

std::mutex arena_lock;
alignas(64) std::byte arena[1 << 24];
size_t arena_used;

void *arena_new(size_t bytes) {
    std::lock_guard<std::mutex> guard(arena_lock);
    size_t at = arena_used;
    arena_used += (bytes + 63) / 64 * 64;
    if (arena_used > sizeof arena)
        std::terminate();
    return arena + at;
}

struct in_arena {
    static void *operator new(size_t bytes) {
        return arena_new(bytes);
    }
    static void operator delete(void *) {}
};

/* ---- a pool of threads that resumes what waits for it ---- */

struct waiting {
    std::coroutine_handle<> handle;
    waiting *next = nullptr;
};

std::mutex pool_lock;
std::condition_variable pool_changed;
waiting *pool_first, **pool_last = &pool_first;
int n_left; /* tasks that have not ended */

void pool_put(waiting *w) {
    std::lock_guard<std::mutex> guard(pool_lock);
    w->next = nullptr;
    *pool_last = w;
    pool_last = &w->next;
    pool_changed.notify_one();
}

waiting *pool_get() {
    std::unique_lock<std::mutex> guard(pool_lock);
    pool_changed.wait(guard, [] { return pool_first || n_left == 0; });
    waiting *w = pool_first;
    if (w && !(pool_first = w->next))
        pool_last = &pool_first;
    return w;
}

void pool_work() {
    memtrack::scope scope("worker");
    counted("worker");
    inexact();
    while (waiting *w = pool_get())
        w->handle.resume();
}

void pool_ended() {
    std::lock_guard<std::mutex> guard(pool_lock);
    if (--n_left == 0)
        pool_changed.notify_all();
}

/* Goes on in another thread, usually. */
struct elsewhere : waiting {
    bool await_ready() const noexcept {
        return false;
    }
    void await_suspend(std::coroutine_handle<> h) noexcept {
        handle = h;
        pool_put(this);
    }
    void await_resume() const noexcept {}
};

/* Is not suspended after all, or refuses. */
struct at_once {
    bool is_refused = false;
    bool await_ready() const noexcept {
        return false;
    }
    bool await_suspend(std::coroutine_handle<>) const {
        if (is_refused)
            throw 5;
        return false;
    }
    int await_resume() const noexcept {
        return 42;
    }
};

/* Has its awaiter by an operator. */
struct by_operator {
    at_once operator co_await() const noexcept {
        return {};
    }
};

/* ---- coroutines ---- */

struct by_itself { /* begins at once, and frees itself */
    std::suspend_never initial_suspend() noexcept {
        return {};
    }
    std::suspend_never final_suspend() noexcept {
        return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {
        expect(false, "an exception left a task");
    }
};

struct fire {
    struct promise_type : memtrack::coroutine_promise, in_arena, by_itself {
        fire get_return_object() noexcept {
            return {};
        }
    };
};

template <typename Promise> struct owner { /* of a coroutine, which goes with it */
    std::coroutine_handle<Promise> handle;
    owner(std::coroutine_handle<Promise> h) noexcept : handle(h) {}
    owner(owner &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    ~owner() {
        if (handle)
            handle.destroy();
    }
};

struct lazy;

struct lazy_promise : memtrack::coroutine_promise, in_arena {
    std::coroutine_handle<> continuation;
    std::exception_ptr exception;
    size_t result = 0;
    lazy get_return_object() noexcept;
    std::suspend_always initial_suspend() noexcept {
        return {};
    }
    auto final_suspend() noexcept {
        struct ending : std::suspend_always {
            std::coroutine_handle<> await_suspend(std::coroutine_handle<lazy_promise> h) noexcept {
                return h.promise().continuation;
            }
        };
        return ending();
    }
    void return_value(size_t value) noexcept {
        result = value;
    }
    void unhandled_exception() noexcept {
        exception = std::current_exception();
    }
};

struct lazy : owner<lazy_promise> { /* begins when it is awaited */
    using promise_type = lazy_promise;
    using owner::owner;

    bool await_ready() const noexcept {
        return false;
    }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        handle.promise().continuation = caller;
        handle.promise().called_by(caller);
        return handle;
    }
    size_t await_resume() {
        if (handle.promise().exception)
            std::rethrow_exception(handle.promise().exception);
        return handle.promise().result;
    }
};

lazy lazy_promise::get_return_object() noexcept {
    return {std::coroutine_handle<lazy_promise>::from_promise(*this)};
}

/* One in five fails. */
const char *request_name(size_t i) {
    return i % 5 ? "request" : "request with a failure";
}
const char *inner_name(size_t i) {
    return i % 5 ? "inner" : "failing inner";
}

/* What is done here is also the request's. */
lazy inner(size_t i) {
    const char *name = inner_name(i);
    auto scope = co_await memtrack::follow(name);
    counted_within(name, request_name(i));
    size_t bytes = allocate(100 + i);
    co_await elsewhere();
    go_on_within(name, request_name(i));
    bytes += allocate(10);
    if (i % 5 == 0) {
        fails();
        inexact();
        throw std::string("a fifth");
    }
    scope.end();
    co_await elsewhere();
    co_return bytes;
}

/* Has no scope itself. */
lazy between(size_t i) {
    co_await elsewhere();
    size_t bytes = 0;
    try {
        bytes = co_await inner(i);
    } catch (const std::string &) {
        expect(i % 5 == 0, "an exception");
    }
    go_on(request_name(i));
    allocate(7);
    co_return bytes;
}

fire request(size_t i) {
    const char *name = request_name(i);
    {
        auto scope = co_await memtrack::follow(std::string(name, strlen(name)));
        counted(name);
        if (i % 5 == 0)
            inexact();
        {
            auto step = co_await memtrack::follow("step");
            counted_within("step", name);
            allocate(1000 + i);
            co_await elsewhere();
            go_on_within("step", name);
            allocate(1);
            expect(co_await at_once() == 42 && co_await by_operator() == 42, "at once");
            co_await std::suspend_never();
            allocate(2);
        }
        size_t bytes = co_await between(i);
        expect(i % 5 == 0 ? bytes == 0 : bytes == 110 + i, "the result of a coroutine");
        auto tail = co_await memtrack::follow("tail");
        counted_within("tail", name);
        allocate(3);
    }
    co_await elsewhere();
    pool_ended();
}

/* The scope goes on when await_suspend throws; the exception is made while it is suspended. */
fire refused() {
    auto scope = co_await memtrack::follow("refused");
    counted("refused");
    try {
        co_await at_once{true};
        expect(false, "a refusal");
    } catch (int) {
    }
    allocate(17);
}

/* One scope across an await, in a coroutine that knows nothing of it. */
struct plain {
    struct promise_type : in_arena, by_itself {
        plain get_return_object() noexcept {
            return {};
        }
    };
};

plain across(size_t i) {
    {
        memtrack::scope scope("across");
        counted("across");
        allocate(i);
        co_await memtrack::across(scope, elsewhere());
        go_on("across");
        allocate(i);
        expect(co_await memtrack::across(scope, by_operator()) == 42, "at once");
        allocate(i);
    }
    co_await elsewhere();
    pool_ended();
}

/* ---- in one thread ---- */

struct generator;

struct generator_promise : memtrack::coroutine_promise, in_arena {
    size_t value = 0;
    generator get_return_object() noexcept;
    std::suspend_always initial_suspend() noexcept {
        return {};
    }
    std::suspend_always final_suspend() noexcept {
        return {};
    }
    auto yield_value(size_t next) noexcept {
        value = next;
        return follow(std::suspend_always());
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {}
};

struct generator : owner<generator_promise> {
    using promise_type = generator_promise;
    using owner::owner;
};

generator generator_promise::get_return_object() noexcept {
    return {std::coroutine_handle<generator_promise>::from_promise(*this)};
}

generator sizes(size_t n, const char *name) {
    auto scope = co_await memtrack::follow(name);
    counted(name);
    for (size_t i = 1; i <= n; i++) {
        go_on(name);
        co_yield allocate(i);
    }
}

/* Two of them in turn, one of which is not run to its end: it is destroyed while suspended. */
void generate() {
    memtrack::scope scope("consumer");
    counted("consumer");
    inexact();
    generator all = sizes(10, "generator"), some = sizes(10, "left early");
    for (size_t i = 1; i <= 10; i++) {
        all.handle.resume();
        expect(all.handle.promise().value == i, "a generator");
        go_on("consumer");
        allocate(5000);
        if (i < 4)
            some.handle.resume();
    }
    all.handle.resume();
    expect(all.handle.done() && !some.handle.done(), "the end of a generator");
}

} // namespace

int main() {
    enum { TASKS = 300, THREADS = 4 };
    n_left = 2 * TASKS;
    for (size_t i = 0; i < TASKS; i++) {
        request(i);
        across(i);
    }
    std::thread threads[THREADS];
    for (std::thread &thread : threads)
        thread = std::thread(pool_work);
    for (std::thread &thread : threads)
        thread.join();
    refused();
    generate();
    return finish();
}
#endif
