// SPDX-License-Identifier: MIT
// Uses what the public headers have for C++, each with figures of its own.
#include <memtrack.hpp>
#include <memtrack/benchmark.h>
#include <memtrack/expect.h>
#include <memtrack/tasks.hpp>
#include <string>
#include <thread>

static void *volatile kept;
static void *take(size_t bytes) {
    kept = malloc(bytes);
    return kept;
}
static int hold(int bytes) {
    take(static_cast<size_t>(bytes));
    return bytes;
}

#ifdef __cpp_impl_coroutine
struct job {
    struct promise_type : memtrack::coroutine_promise {
        job get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept {
            return {};
        }
        std::suspend_always final_suspend() noexcept {
            return {};
        }
        void return_void() {}
        void unhandled_exception() {}
    };
    std::coroutine_handle<promise_type> handle;
};
static job steps() {
    auto scope = co_await memtrack::follow("coroutine");
    take(400);
    co_await std::suspend_always();
    take(401);
}
static void coroutine() {
    job job = steps();
    job.handle.resume();
    take(402);
    job.handle.resume();
    job.handle.destroy();
}
#else
static void coroutine() {}
#endif

static void objects() {
    {
        memtrack::scope scope("object");
        take(100);
    }
    memtrack::scope moved;
    {
        memtrack::scope scope(std::string("moved"));
        take(101);
        moved = std::move(scope);
    }
    take(102);
    moved.end();
    memtrack::process_scope process("process");
    memtrack::process_scope other(std::move(process));
    take(103);
}

int main() {
    objects();
    auto task = memtrack::task(std::string("task"), hold);
    auto copy = task;
    copy(200);
    std::thread(std::move(task), 201).join();
    std::thread(memtrack::task("lambda", [text = std::string("x")] { take(202); })).join();
    coroutine();
    MEMTRACK_EXPECT_MAX(1000) {
        take(500);
    }
    MEMTRACK_EXPECT_NO_LEAKS {
        free(take(501));
    }
    MEMTRACK_BENCHMARK("benchmark", 20) {
        MEMTRACK_KEEP(kept);
        free(take(600));
    }
}
