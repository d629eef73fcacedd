// SPDX-License-Identifier: MIT
// Tasks upon Asio, standalone or (BOOST) Boost's: single handlers, handlers in turn and at the same
// time on a pool of threads, timers, strands, and coroutines where there are some. Handlers have an
// allocator whose memory malloc does not know, so that all that is allocated in them is known here.
#include <utility> // Boost 1.74 uses it without saying so
#ifdef BOOST
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#if __cplusplus >= 202002L
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#endif
namespace asio = boost::asio;
using error_code = boost::system::error_code;
#else
#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#if __cplusplus >= 202002L
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#endif
using error_code = asio::error_code;
#endif
#include <memtrack/asio.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "counted.h"

namespace {

enum { TASKS = 120, STEPS = 5, THREADS = 4 };

alignas(64) char arena[1 << 23];
std::atomic<size_t> arena_used;

template <typename T> struct arena_allocator {
    using value_type = T;
    arena_allocator() = default;
    template <typename U> arena_allocator(const arena_allocator<U> &) noexcept {}
    T *allocate(size_t n) {
        size_t at = arena_used.fetch_add((n * sizeof(T) + 63) / 64 * 64);
        if (at + n * sizeof(T) > sizeof arena)
            throw std::bad_alloc();
        return reinterpret_cast<T *>(arena + at);
    }
    void deallocate(T *, size_t) noexcept {}
    template <typename U> bool operator==(const arena_allocator<U> &) const noexcept {
        return true;
    }
    template <typename U> bool operator!=(const arena_allocator<U> &) const noexcept {
        return false;
    }
};

/* A handler with that allocator. */
template <typename Function> struct handler {
    using allocator_type = arena_allocator<void>;
    Function function;
    allocator_type get_allocator() const noexcept {
        return {};
    }
    template <typename... Arguments> void operator()(Arguments &&...arguments) {
        function(std::forward<Arguments>(arguments)...);
    }
};
template <typename Function> handler<Function> in_arena(Function function) {
    return {std::move(function)};
}

/* ---- one handler ---- */

void single_handlers(asio::thread_pool &pool) {
    for (size_t i = 0; i < TASKS; i++) {
        asio::post(pool, memtrack::task("posted", in_arena([i] {
                                            counted("posted");
                                            allocate(100 + i);
                                        })));
    }
}

/* The task runs where its handler is bound to, and allocates with its allocator. */
void associated(asio::thread_pool &pool) {
    auto strand = asio::make_strand(pool);
    auto plain = in_arena([] { counted("bound"); });
    auto bound = asio::bind_executor(strand, [strand] {
        counted("bound");
        allocate(55);
        expect(strand.running_in_this_thread(), "the executor of the handler");
    });
    auto task = memtrack::task("bound", bound);
    expect(asio::get_associated_executor(task) == strand, "an associated executor");
    static_assert(
        std::is_same<asio::associated_allocator<decltype(memtrack::task("", plain))>::type,
                     arena_allocator<void>>::value,
        "an associated allocator");
    asio::post(memtrack::task("bound", in_arena(bound).function));
}

/* ---- a task of many ---- */

template <typename Executor> struct chain {
    Executor executor;
    const char *name;
    size_t i, step;
    using allocator_type = arena_allocator<void>;
    using executor_type = Executor;
    allocator_type get_allocator() const noexcept {
        return {};
    }
    executor_type get_executor() const noexcept {
        return executor;
    }
    void operator()(error_code = {}) {
        go_on(name);
        allocate(10 * step + i);
        {
            memtrack::scope scope("link");
            counted_within("link", name);
            allocate(1);
        }
        if (++step < STEPS)
            asio::post(executor, *this);
        else if (i % 10 == 0) {
            go_on(name);
            fails();
            executor.fail("the tenth");
        }
    }
};

template <typename Executor> void start_chain(Executor inner, const char *name, size_t i) {
    auto executor = memtrack::follow(inner, name);
    counted(name);
    asio::post(executor, chain<decltype(executor)>{executor, name, i, 0});
}

/* A strand allocates what it is told to run next, in whichever handler that happens. */
template <typename Executor> void start_on_strand(Executor inner, size_t i) {
    start_chain(asio::make_strand(inner), "strand", i);
    inexact();
}

/* Handlers of one task that run at the same time. */
template <typename Executor> void start_many(Executor executor) {
    counted("many");
    for (size_t i = 0; i < 200; i++)
        asio::post(executor, in_arena([i] {
                       go_on("many");
                       allocate(i + 1);
                   }));
}

/* An object that is made with the executor of a task. */
struct ticking {
    asio::steady_timer timer;
    int left;
};

void tick(std::shared_ptr<ticking> ticking) {
    ticking->timer.expires_after(std::chrono::microseconds(100));
    auto &timer = ticking->timer;
    timer.async_wait(in_arena([ticking](error_code) mutable {
        go_on("ticks");
        allocate(64);
        if (--ticking->left > 0)
            tick(std::move(ticking));
    }));
}

void start_ticking(asio::thread_pool &pool) {
    counted("ticks");
    inexact(); // an executor of any type allocates what it executes
    asio::any_io_executor executor = memtrack::follow(pool.get_executor(), std::string("ticks"));
    tick(std::make_shared<ticking>(ticking{asio::steady_timer(executor), 10}));
}

/* ---- an exception, in a loop of one thread ---- */

void throwing() {
    asio::io_context context;
    counted("throws");
    inexact();
    asio::post(memtrack::follow(context.get_executor(), "throws"), in_arena([] {
                   go_on("throws");
                   fails();
                   throw std::runtime_error("an exception of a handler");
               }));
    try {
        context.run();
        expect(false, "an exception of a handler");
    } catch (const std::runtime_error &) {
    }
}

/* dispatch runs a handler within another one of the same task. */
void nested() {
    asio::io_context context;
    auto executor = memtrack::follow(context.get_executor(), "nested");
    counted("nested");
    asio::post(executor, in_arena([executor] {
                   go_on("nested");
                   allocate(5);
                   asio::dispatch(executor, in_arena([] { allocate(6); }));
                   allocate(7);
               }));
    context.run();
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
asio::awaitable<void> serve(size_t i) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    for (int step = 0; step < 3; step++) {
        {
            memtrack::scope scope("step of a coroutine");
            counted("step of a coroutine");
            allocate(1000 + i);
        }
        timer.expires_after(std::chrono::microseconds(50));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

/* Asio allocates the frames in the scope. */
void coroutines(asio::thread_pool &pool) {
    for (size_t i = 0; i < TASKS; i++) {
        counted("coroutine");
        inexact();
        asio::co_spawn(memtrack::follow(pool.get_executor(), "coroutine"), serve(i),
                       asio::detached);
    }
}
#else
void coroutines(asio::thread_pool &) {}
#endif

} // namespace

int main() {
    asio::thread_pool pool(THREADS);
    single_handlers(pool);
    associated(pool);
    for (size_t i = 0; i < TASKS; i++)
        if (i % 2)
            start_chain(pool.get_executor(), "chain", i);
        else
            start_on_strand(pool.get_executor(), i);
    start_many(memtrack::follow(pool.get_executor(), "many"));
    start_ticking(pool);
    coroutines(pool);
    pool.join();
    throwing();
    nested();
    return finish();
}
