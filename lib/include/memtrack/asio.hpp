/* SPDX-License-Identifier: MIT */
/*
 * Tasks of a program that is built upon Asio, standalone or Boost's. Include it after Asio's
 * headers.
 *
 *     #include <asio.hpp>                     or <boost/asio.hpp>
 *     #include <memtrack/asio.hpp>
 *
 * ONE HANDLER: memtrack::task(name, handler) of memtrack/tasks.hpp is a handler, too. It keeps the
 * executor, the allocator and the cancellation slot that are associated with the handler:
 *
 *     asio::post(pool, memtrack::task("parse", [] { ... }));
 *     timer.async_wait(memtrack::task("tick", asio::bind_executor(strand, on_tick)));
 *
 * A TASK OF MANY HANDLERS: what runs by memtrack::follow(executor, name) is one scope, from this
 * call until the last copy of that executor is gone. Handlers that are bound to it, objects that
 * are made with it, and coroutines that are spawned upon it keep it, so the scope ends with the
 * last of them:
 *
 *     asio::co_spawn(memtrack::follow(pool.get_executor(), "request"), serve(std::move(socket)),
 *                    asio::detached);
 *     asio::post(memtrack::follow(asio::make_strand(pool), "request"), handler);
 *     socket.async_read_some(buffer, asio::bind_executor(executor, on_read));
 *
 * Each handler that runs by it is measured, in whichever thread; handlers may run at the same time
 * (memtrack/task.h says what becomes of their peaks). What Asio allocates for the operations that
 * a handler starts counts as the handler's. An exception that leaves a handler makes the task an
 * error; in a coroutine it does not leave the handler, but executor.fail(text) says it by hand.
 * The name is copied.
 *
 * C++11 or later; Asio 1.18 (Boost 1.74) and later.
 */
#ifndef MEMTRACK_ASIO_HPP
#define MEMTRACK_ASIO_HPP

#include <memory>

#include "../memtrack/task.h"
#include "../memtrack/tasks.hpp"

#ifdef ASIO_DETAIL_CONFIG_HPP
#include <asio/associated_allocator.hpp>
#include <asio/associated_executor.hpp>
#include <asio/execution.hpp>
#include <asio/version.hpp>
#endif
#ifdef BOOST_ASIO_DETAIL_CONFIG_HPP
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/version.hpp>
#endif
#if !defined(ASIO_VERSION) && !defined(BOOST_ASIO_VERSION)
#error "include headers of Asio, such as <asio.hpp>, before <memtrack/asio.hpp>"
#endif

namespace memtrack {

namespace detail {

/* A task that ends with its last owner. */
class shared_task {
  public:
    template <typename Text>
    MEMTRACK_UNSEEN_ shared_task(const Text &name, const place &place)
        : text_(kept(name)), name_(text_.c_str()) {
        memtrack_task_begin_at(&task_, name_, place.file, place.line);
    }
    shared_task(const shared_task &) = delete;
    shared_task &operator=(const shared_task &) = delete;
    MEMTRACK_UNSEEN_ ~shared_task() {
        memtrack_task_end(&task_, nullptr);
    }
    MEMTRACK_UNSEEN_ memtrack_task *get() noexcept {
        return &task_;
    }

  private:
    std::string text_;
    const char *name_;
    memtrack_task task_;
};

class turn {
  public:
    MEMTRACK_UNSEEN_ explicit turn(memtrack_task *task) noexcept
        : exceptions_(exceptions()), task_(task) {
        memtrack_task_enter(task, &turn_);
    }
    turn(const turn &) = delete;
    turn &operator=(const turn &) = delete;
    MEMTRACK_UNSEEN_ ~turn() {
        if (exceptions() > exceptions_)
            memtrack_task_fail(task_, "left by an exception");
        memtrack_task_leave(&turn_);
    }

  private:
    int exceptions_;
    memtrack_task *task_;
    memtrack_turn turn_;
};

/* Earlier versions have the member private, or only this function. */
template <typename Executor, typename Function>
MEMTRACK_UNSEEN_ auto execute_by(const Executor &executor, Function &&function, int)
    -> decltype(executor.execute(std::forward<Function>(function))) {
    executor.execute(std::forward<Function>(function));
}
#if defined(ASIO_VERSION) && ASIO_VERSION < 102400
template <typename Executor, typename Function>
MEMTRACK_UNSEEN_ auto execute_by(const Executor &executor, Function &&function, long)
    -> decltype(::asio::execution::execute(executor, std::forward<Function>(function))) {
    ::asio::execution::execute(executor, std::forward<Function>(function));
}
#endif
#if defined(BOOST_ASIO_VERSION) && BOOST_ASIO_VERSION < 102400
template <typename Executor, typename Function>
MEMTRACK_UNSEEN_ auto execute_by(const Executor &executor, Function &&function, long)
    -> decltype(::boost::asio::execution::execute(executor, std::forward<Function>(function))) {
    ::boost::asio::execution::execute(executor, std::forward<Function>(function));
}
#endif

/* What the executor is given to execute. It keeps the task. */
template <typename Function> class turn_function {
  public:
    template <typename Callable>
    MEMTRACK_UNSEEN_ turn_function(std::shared_ptr<shared_task> task, Callable &&function)
        : task_(std::move(task)), function_(std::forward<Callable>(function)) {}
    MEMTRACK_UNSEEN_MEMBERS_(turn_function)
    MEMTRACK_UNSEEN_ void operator()() {
        turn turn(task_->get());
        Function function(std::move(function_)); /* ends within the turn, as it does in Asio */
        function();
    }

  private:
    std::shared_ptr<shared_task> task_;
    Function function_;
};

} // namespace detail

/* The properties are the inner executor's, asked for as Asio itself does: members may be private. */
#define MEMTRACK_ASIO_PROPERTIES_(name)                                                            \
    template <typename Property>                                                                   \
    MEMTRACK_UNSEEN_ auto query(const Property &property) const noexcept->typename std::enable_if< \
        name::can_query<const Executor &, Property>::value,                                        \
        typename name::query_result<const Executor &, Property>::type>::type {                     \
        return name::query(executor_, property);                                                   \
    }                                                                                              \
    template <typename Property>                                                                   \
    MEMTRACK_UNSEEN_ auto require(const Property &property) const->typename std::enable_if<        \
        name::can_require<const Executor &, Property>::value,                                      \
        followed_executor<typename std::decay<                                                     \
            typename name::require_result<const Executor &, Property>::type>::type>>::type {       \
        return {task_, name::require(executor_, property)};                                        \
    }                                                                                              \
    template <typename Property>                                                                   \
    MEMTRACK_UNSEEN_ auto prefer(const Property &property) const->typename std::enable_if<         \
        name::can_prefer<const Executor &, Property>::value,                                       \
        followed_executor<typename std::decay<                                                     \
            typename name::prefer_result<const Executor &, Property>::type>::type>>::type {        \
        return {task_, name::prefer(executor_, property)};                                         \
    }

/* Is an executor that hands on to another one. */
template <typename Executor> class followed_executor {
  public:
    using inner_executor_type = Executor;

    MEMTRACK_UNSEEN_ followed_executor(std::shared_ptr<detail::shared_task> task,
                                       Executor executor) noexcept
        : task_(std::move(task)), executor_(std::move(executor)) {}
    MEMTRACK_UNSEEN_MEMBERS_(followed_executor)

    MEMTRACK_UNSEEN_ Executor get_inner_executor() const noexcept {
        return executor_;
    }
    /* Lets the task count as an error, with this text, when it ends. */
    MEMTRACK_UNSEEN_ void fail(const char *why) const noexcept {
        memtrack_task_fail(task_->get(), why);
    }

    MEMTRACK_UNSEEN_ bool operator==(const followed_executor &other) const noexcept {
        return task_ == other.task_ && executor_ == other.executor_;
    }
    MEMTRACK_UNSEEN_ bool operator!=(const followed_executor &other) const noexcept {
        return !(*this == other);
    }

    template <typename Function> MEMTRACK_UNSEEN_ void execute(Function &&function) const {
        using in_turn = detail::turn_function<typename std::decay<Function>::type>;
        detail::execute_by(executor_, in_turn(task_, std::forward<Function>(function)), 0);
    }

#ifdef ASIO_VERSION
    MEMTRACK_ASIO_PROPERTIES_(::asio)
#endif
#ifdef BOOST_ASIO_VERSION
    MEMTRACK_ASIO_PROPERTIES_(::boost::asio)
#endif

  private:
    std::shared_ptr<detail::shared_task> task_;
    Executor executor_;
};

template <typename Executor, typename Name>
MEMTRACK_UNSEEN_ followed_executor<Executor> follow(Executor executor, const Name &name,
                                                    detail::place place = {__builtin_FILE(),
                                                                           __builtin_LINE()}) {
    return {std::make_shared<detail::shared_task>(name, place), std::move(executor)};
}

} // namespace memtrack

/* What is associated with a handler is associated with the task that it is. */
#define MEMTRACK_ASIO_SAME_(associated, Candidate)                                                 \
    template <typename Name, typename Function, typename Candidate>                                \
    struct associated<memtrack::task_function<Name, Function>, Candidate> {                        \
        using type = typename associated<Function, Candidate>::type;                               \
        MEMTRACK_UNSEEN_ static type get(const memtrack::task_function<Name, Function> &task,      \
                                         const Candidate &candidate = Candidate()) noexcept {      \
            return associated<Function, Candidate>::get(task.get(), candidate);                    \
        }                                                                                          \
    };

#ifdef ASIO_VERSION
namespace asio {
MEMTRACK_ASIO_SAME_(associated_executor, Executor)
MEMTRACK_ASIO_SAME_(associated_allocator, Allocator)
#if ASIO_VERSION >= 102000
MEMTRACK_ASIO_SAME_(associated_cancellation_slot, Slot)
#endif
} // namespace asio
#endif
#ifdef BOOST_ASIO_VERSION
namespace boost {
namespace asio {
MEMTRACK_ASIO_SAME_(associated_executor, Executor)
MEMTRACK_ASIO_SAME_(associated_allocator, Allocator)
#if BOOST_ASIO_VERSION >= 102000
MEMTRACK_ASIO_SAME_(associated_cancellation_slot, Slot)
#endif
} // namespace asio
} // namespace boost
#endif
#undef MEMTRACK_ASIO_SAME_
#undef MEMTRACK_ASIO_PROPERTIES_

#endif
