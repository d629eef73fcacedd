// SPDX-License-Identifier: MIT
// Functions as tasks: in threads, futures and a pool of threads, with move-only captures, results,
// exceptions. C++11.
#include <memtrack/tasks.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "counted.h"

namespace {

struct queue {
    std::mutex lock;
    std::condition_variable changed;
    std::deque<std::packaged_task<size_t()>> tasks;
    bool is_closed = false;

    void put(std::packaged_task<size_t()> task) {
        std::lock_guard<std::mutex> guard(lock);
        tasks.push_back(std::move(task));
        changed.notify_one();
    }
    void close() {
        std::lock_guard<std::mutex> guard(lock);
        is_closed = true;
        changed.notify_all();
    }
    void work() {
        for (;;) {
            std::unique_lock<std::mutex> guard(lock);
            changed.wait(guard, [this] { return is_closed || !tasks.empty(); });
            if (tasks.empty())
                return;
            std::packaged_task<size_t()> task = std::move(tasks.front());
            tasks.pop_front();
            guard.unlock();
            task();
        }
    }
};

/* Of a pool: what the tasks allocate is also the worker's, around them. */
void work(queue &queue) {
    counted("worker");
    inexact();
    queue.work();
}

size_t in_pool(size_t i) {
    bool is_thrown = i % 7 == 3;
    counted(is_thrown ? "thrown" : i % 2 ? "odd" : "even");
    size_t bytes = allocate(1000 + i);
    if (is_thrown) {
        inexact();
        fails();
        throw std::runtime_error("the seventh");
    }
    return bytes;
}

std::string name_of(size_t i) {
    return i % 7 == 3 ? "thrown" : i % 2 ? "odd" : "even";
}

void on_a_pool() {
    queue queue;
    std::vector<std::thread> threads;
    std::vector<std::future<size_t>> results;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(memtrack::task("worker", work), std::ref(queue));
    for (size_t i = 0; i < 200; i++) {
        std::packaged_task<size_t()> task(memtrack::task(name_of(i), [i] { return in_pool(i); }));
        results.push_back(task.get_future());
        queue.put(std::move(task));
    }
    for (size_t i = 0; i < results.size(); i++)
        try {
            expect(results[i].get() == 1000 + i && i % 7 != 3, "the result of a task");
        } catch (const std::runtime_error &) {
            expect(i % 7 == 3, "the exception of a task");
        }
    queue.close();
    for (std::thread &thread : threads)
        thread.join();
}

struct loader {
    size_t bytes;
    size_t load(size_t more) const {
        counted("member");
        return allocate(bytes + more);
    }
};

size_t by_reference(size_t &total, std::unique_ptr<int> number) {
    counted("async");
    return total += allocate(static_cast<size_t>(*number));
}

/* Can be called once, and moved only. */
struct once {
    std::unique_ptr<int> number;
    void operator()() && {
        counted("moved");
        allocate(static_cast<size_t>(*number));
    }
};

size_t copied(size_t bytes) {
    counted("copied");
    return allocate(bytes);
}

void as_values() {
    size_t total = 1;
    auto future = std::async(std::launch::async, memtrack::task("async", by_reference),
                             std::ref(total), std::unique_ptr<int>(new int(4000)));
    expect(future.get() == 4001 && total == 4001, "async");
    const loader loader = {500};
    auto member = memtrack::task("member", &loader::load);
    expect(member(loader, 55) == 555 && member(&loader, 0) == 500, "a member of a class");
    std::thread thread(memtrack::task("moved", once{std::unique_ptr<int>(new int(123))}));
    thread.join();
    std::function<size_t(size_t)> function = memtrack::task("copied", copied);
    auto again = function;
    expect(function(77) + again(78) == 155, "std::function");
}

namespace inner {
struct failure {};
} // namespace inner

template <typename Exception> void throw_in(const char *name, Exception exception) {
    try {
        memtrack::task(name, [&exception, name] {
            counted(name);
            inexact();
            fails();
            throw exception;
        })();
    } catch (Exception &) {
        return;
    }
    expect(false, "the exception did not arrive");
}

/* A scope that begins because of an exception is not left by it. */
struct cleaning {
    ~cleaning() {
        memtrack::scope scope("cleaning");
        counted("cleaning");
        allocate(31);
    }
};

void around_cleaning() {
    memtrack::scope scope("around cleaning");
    counted("around cleaning");
    inexact();
    fails();
    cleaning here;
    throw 1;
}

void said_by_hand() {
    memtrack::scope scope("said by hand");
    counted("said by hand");
    inexact();
    fails();
    scope.fail(std::string("in words"));
    throw 1;
}

void with_exceptions() {
    throw_in("throws logic_error", std::logic_error("what was wrong"));
    throw_in("throws text", static_cast<const char *>("only a text"));
    throw_in("throws int", 7);
    throw_in("throws a class", inner::failure());
    throw_in("throws a vector", std::vector<int>());
    for (void (*function)() : {around_cleaning, said_by_hand})
        try {
            function();
        } catch (int) {
        }
}

/* pthread_exit unwinds the stack as an exception does, and is none. */
void *ends_its_thread(void *) {
    memtrack::task("exits", [] {
        counted("exits");
        inexact();
        pthread_exit(nullptr);
    })();
    return nullptr;
}

} // namespace

int main() {
    pthread_t thread;
    on_a_pool();
    as_values();
    with_exceptions();
    expect(pthread_create(&thread, nullptr, ends_its_thread, nullptr) == 0, "a thread");
    pthread_join(thread, nullptr);
    return finish();
}
