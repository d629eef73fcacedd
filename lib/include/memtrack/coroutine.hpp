/* SPDX-License-Identifier: MIT */
/*
 * Scopes of C++20 coroutines: they measure while the coroutine runs, in whichever thread it goes
 * on, and not while it is suspended. Their time goes on.
 *
 *     struct promise_type : memtrack::coroutine_promise { ... };
 *
 *     task handle(request request) {
 *         auto scope = co_await memtrack::follow("request");
 *         auto text = co_await read(request);    suspended: what the thread does meanwhile is
 *         ...                                    not the request's
 *     }
 *
 * memtrack::coroutine_promise has an await_transform, which wraps whatever is awaited. Where a
 * promise has one of its own, that may end in `return follow(what is awaited)`. co_yield does not
 * ask await_transform, so the yield_value of a generator returns follow(std::suspend_always()).
 *
 * A coroutine that awaits another one usually means to measure what that does as well. For this,
 * the await_suspend that starts the other one tells it, beside the line in which it keeps whom to
 * resume at its end:
 *
 *     template <typename Promise> auto await_suspend(std::coroutine_handle<Promise> caller) {
 *         callee.promise().continuation = caller;
 *         callee.promise().called_by(caller);    callee has not begun; it begins here and now
 *         return callee;
 *     }
 *
 * Then the scopes of all callers are suspended and go on with the innermost coroutine. Its end has
 * to resume its caller in the same thread, as `return continuation` in final_suspend does.
 *
 * In coroutines of other people's types, such as a library's, one scope can be led across an await:
 *
 *     memtrack::scope scope("request");
 *     auto text = co_await memtrack::across(scope, read(request));
 *
 * A coroutine that is destroyed while it is suspended ends its scopes without an error; what its
 * frame frees then counts for whoever destroys it. A scope that an exception leaves is an error.
 * Scopes of a coroutine are its innermost: a memtrack::scope that is open across an await is not
 * followed, nor is what lies outside of it.
 *
 * gcc 11 or clang 15 and later, with -std=c++20; clang 14 with -fcoroutines-ts
 * -D__cpp_impl_coroutine=201902L beside it.
 */
#ifndef MEMTRACK_COROUTINE_HPP
#define MEMTRACK_COROUTINE_HPP

#include <coroutine>
#include <type_traits>
#include <utility>

#include "../memtrack.hpp"

namespace memtrack {

class coroutine_promise;

/* Is what `co_await memtrack::follow("name")` returns: a scope that is a local variable of a
 * coroutine. */
class coroutine_scope {
  public:
    coroutine_scope(const coroutine_scope &) = delete;
    coroutine_scope &operator=(const coroutine_scope &) = delete;
    MEMTRACK_UNSEEN_ inline ~coroutine_scope();

    MEMTRACK_UNSEEN_ inline memtrack_delta end() noexcept;
    template <typename Text> MEMTRACK_UNSEEN_ int set(const char *key, const Text &value) noexcept {
        return scope_.set(key, value);
    }
    template <typename Text> MEMTRACK_UNSEEN_ int fail(const Text &why) noexcept {
        return scope_.fail(why);
    }

  private:
    friend class coroutine_promise;
    template <typename Name>
    MEMTRACK_UNSEEN_ coroutine_scope(coroutine_promise &promise, const Name &name,
                                     const detail::place &place) noexcept;
    MEMTRACK_UNSEEN_ inline void forget() noexcept;

    coroutine_promise &promise_;
    coroutine_scope *outer_;
    scope scope_;
};

namespace detail {

template <typename Name> struct follow_name {
    const Name &name; /* lives as long as the whole co_await */
    place where;
};

/* Returns what co_await would ask for an awaitable: the result of its operator, or itself. */
template <typename Awaitable> MEMTRACK_UNSEEN_ decltype(auto) awaiter_of(Awaitable &&awaitable) {
    if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); })
        return std::forward<Awaitable>(awaitable).operator co_await();
    else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); })
        return operator co_await(std::forward<Awaitable>(awaitable));
    else
        return static_cast<Awaitable &&>(awaitable);
}

/* Awaits what Awaitable does, and tells its follower before the coroutine can be resumed and as
 * soon as it is. */
template <typename Follower, typename Awaitable> class followed {
  public:
    MEMTRACK_UNSEEN_ followed(Follower follower, Awaitable &&awaitable)
        : follower_(follower), awaiter_(awaiter_of(std::forward<Awaitable>(awaitable))) {}
    followed(const followed &) = delete;
    followed &operator=(const followed &) = delete;
    MEMTRACK_UNSEEN_ ~followed() = default;

    MEMTRACK_UNSEEN_ bool await_ready() {
        return static_cast<bool>(awaiter_.await_ready());
    }
    /* The scopes are suspended before the coroutine is: afterwards another thread may have resumed
     * it, and this may be gone. */
    template <typename Promise>
    MEMTRACK_UNSEEN_ auto await_suspend(std::coroutine_handle<Promise> handle) {
        using result = decltype(awaiter_.await_suspend(handle));
        follower_.suspend();
        resuming unless{follower_};
        if constexpr (std::is_void_v<result>) {
            awaiter_.await_suspend(handle);
            unless.is_wanted = false;
        } else if constexpr (std::is_same_v<result, bool>) {
            unless.is_wanted = !awaiter_.await_suspend(handle);
            return !unless.is_wanted;
        } else {
            result next = awaiter_.await_suspend(handle);
            unless.is_wanted = false;
            return next;
        }
    }
    MEMTRACK_UNSEEN_ decltype(auto) await_resume() {
        follower_.resume();
        return awaiter_.await_resume();
    }

  private:
    /* Is for a coroutine that is not suspended after all, since await_suspend says so or throws. */
    struct resuming {
        Follower follower;
        bool is_wanted = true;
        MEMTRACK_UNSEEN_ ~resuming() {
            if (is_wanted)
                follower.resume();
        }
    };

    Follower follower_;
    decltype(awaiter_of(std::declval<Awaitable>())) awaiter_;
};

struct scope_follower {
    scope *followed;
    MEMTRACK_UNSEEN_ void suspend() noexcept {
        followed->detach();
    }
    MEMTRACK_UNSEEN_ void resume() noexcept {
        followed->attach(); /* is refused, without harm, if it has not been suspended */
    }
};

struct promise_follower {
    coroutine_promise *promise;
    MEMTRACK_UNSEEN_ inline void suspend() noexcept;
    MEMTRACK_UNSEEN_ inline void resume() noexcept;
};

} // namespace detail

/* To be awaited: the scope, which is this thread's innermost, does not measure while the coroutine
 * is suspended. */
template <typename Awaitable>
MEMTRACK_UNSEEN_ detail::followed<detail::scope_follower, Awaitable> across(scope &scope,
                                                                            Awaitable &&awaitable) {
    return {detail::scope_follower{&scope}, std::forward<Awaitable>(awaitable)};
}

/* To be awaited in a coroutine whose promise is a coroutine_promise: begins a scope, and returns
 * it. The name is a C string, a std::string or a std::string_view. */
template <typename Name>
MEMTRACK_UNSEEN_ detail::follow_name<Name>
follow(const Name &name, detail::place place = {__builtin_FILE(), __builtin_LINE()}) {
    return {name, place};
}

/* Is a base of the promise of coroutines whose scopes are to be followed. */
class coroutine_promise {
  public:
    MEMTRACK_UNSEEN_ coroutine_promise() = default;
    template <typename Name>
    MEMTRACK_UNSEEN_ auto await_transform(detail::follow_name<Name> wanted) noexcept {
        struct beginning : std::suspend_never {
            coroutine_promise *promise;
            detail::follow_name<Name> wanted;
            MEMTRACK_UNSEEN_ coroutine_scope await_resume() const noexcept {
                return coroutine_scope(*promise, wanted.name, wanted.where);
            }
        };
        return beginning{{}, this, wanted};
    }
    template <typename Awaitable> MEMTRACK_UNSEEN_ auto await_transform(Awaitable &&awaitable) {
        return follow(std::forward<Awaitable>(awaitable));
    }
    template <typename Awaitable>
    MEMTRACK_UNSEEN_ detail::followed<detail::promise_follower, Awaitable>
    follow(Awaitable &&awaitable) {
        return {detail::promise_follower{this}, std::forward<Awaitable>(awaitable)};
    }

    /* Is told by the coroutine that awaits this one, which has not begun and begins in this thread
     * as soon as the caller's await_suspend returns. Callers of other types are left out. */
    template <typename Promise>
    MEMTRACK_UNSEEN_ void called_by(std::coroutine_handle<Promise> caller) noexcept {
        if constexpr (std::is_base_of_v<coroutine_promise, Promise>) {
            coroutine_promise &promise = caller.promise();
            caller_ = promise.innermost_ ? &promise : promise.caller_;
            if (caller_)
                caller_->resume();
        }
    }

  private:
    friend class coroutine_scope;
    friend struct detail::promise_follower;

    /* Innermost first, as scopes are left. */
    MEMTRACK_UNSEEN_ void suspend() noexcept {
        for (coroutine_promise *p = this; p && p->is_running_; p = p->caller_) {
            for (coroutine_scope *s = p->innermost_; s; s = s->outer_)
                s->scope_.detach();
            p->is_running_ = false;
        }
    }
    /* Outermost first. */
    MEMTRACK_UNSEEN_ void resume() noexcept {
        if (is_running_)
            return;
        if (caller_)
            caller_->resume();
        attach(innermost_);
        is_running_ = true;
    }
    MEMTRACK_UNSEEN_ static void attach(coroutine_scope *s) noexcept {
        if (!s)
            return;
        attach(s->outer_);
        s->scope_.attach();
    }

    coroutine_scope *innermost_ = nullptr;
    coroutine_promise *caller_ = nullptr; /* the next one further out that has scopes */
    bool is_running_ = true;              /* its scopes are those of a thread */
};

template <typename Name>
coroutine_scope::coroutine_scope(coroutine_promise &promise, const Name &name,
                                 const detail::place &place) noexcept
    : promise_(promise), outer_(promise.innermost_), scope_(name, place.file, place.line) {
    promise.innermost_ = this;
}

coroutine_scope::~coroutine_scope() {
    forget();
}

memtrack_delta coroutine_scope::end() noexcept {
    forget();
    return scope_.end();
}

void coroutine_scope::forget() noexcept {
    for (coroutine_scope **s = &promise_.innermost_; *s; s = &(*s)->outer_)
        if (*s == this) {
            *s = outer_;
            return;
        }
}

void detail::promise_follower::suspend() noexcept {
    promise->suspend();
}

void detail::promise_follower::resume() noexcept {
    promise->resume();
}

} // namespace memtrack

#endif
