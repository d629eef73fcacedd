/* SPDX-License-Identifier: MIT */
/*
 * Tasks of C++ programs that run in other threads, and coroutines, as scopes: nobody detaches and
 * attaches by hand.
 *
 *     #include <memtrack/tasks.hpp>
 *
 *     std::thread thread(memtrack::task("load", load), path);
 *     auto result = std::async(std::launch::async, memtrack::task("parse", parse), text);
 *     pool.submit(memtrack::task("request " + number, [socket = std::move(socket)] { ... }));
 *
 * memtrack::task(name, function) is a function object that calls the function in a scope of that
 * name, in the thread and at the time at which it is called, with the arguments and the result of
 * the function. It can be copied if the function can, and moved if that can. A name that is a
 * const char * has to stay until the task has run; any other text is copied.
 *
 * A task that is left by an exception counts as an error, with the exception's type and what(). To
 * read them, the exception is caught and thrown again, but only where somebody measures. One that
 * nobody catches ends the program as before, though its core then shows the second throw.
 *
 * What the function object itself holds is allocated where it is made, and freed where it ends,
 * which is outside of the scope. C++11 or later, gcc or clang. Coroutines: memtrack/coroutine.hpp,
 * which this includes where the compiler has them; handlers of Asio: memtrack/asio.hpp; tasks that
 * go through several callbacks: memtrack/task.h.
 */
#ifndef MEMTRACK_TASKS_HPP
#define MEMTRACK_TASKS_HPP

#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

#include "../memtrack.hpp"

namespace memtrack {

namespace detail {

/* Writes the name of a type, out of its mangled one, without allocating: what the scope measures
 * stays the program's. Names of plain types and of classes in namespaces are known. Others are
 * written as they are mangled. */
class type_text {
  public:
    MEMTRACK_UNSEEN_ explicit type_text(const std::type_info *type) noexcept {
        const char *mangled = type ? type->name() : "";
        if (!read(mangled)) {
            n_ = 0;
            add(mangled, strlen(mangled));
        }
        text_[n_] = 0;
    }
    MEMTRACK_UNSEEN_ const char *get() const noexcept {
        return text_;
    }
    MEMTRACK_UNSEEN_ void append(const char *text) noexcept {
        add(text, strlen(text));
        text_[n_] = 0;
    }

  private:
    MEMTRACK_UNSEEN_ void add(const char *text, size_t bytes) noexcept {
        size_t room = sizeof text_ - 1 - n_;
        bytes = bytes < room ? bytes : room;
        memcpy(text_ + n_, text, bytes);
        n_ += bytes;
    }
    MEMTRACK_UNSEEN_ bool read(const char *m) noexcept {
        static const char *const plain[] = {"iint",  "junsigned int", "llong",  "munsigned long",
                                            "cchar", "bbool",         "ddouble"};
        for (const char *known : plain)
            if (m[0] == known[0] && m[1] == 0) {
                append(known + 1);
                return true;
            }
        bool is_nested = *m == 'N';
        for (m += is_nested; *m != 0 && !(is_nested && *m == 'E' && m[1] == 0);)
            if ((m = read_part(m)) == nullptr)
                return false;
        return n_ != 0;
    }
    /* Reads St, LENGTH NAME or B LENGTH TAG. Returns what follows, or nullptr when it is something
     * else. */
    MEMTRACK_UNSEEN_ const char *read_part(const char *m) noexcept {
        if (m[0] == 'S' && m[1] == 't' && n_ == 0) {
            add("std", 3);
            return m + 2;
        }
        bool is_tag = *m == 'B';
        size_t length = 0;
        for (m += is_tag; *m >= '0' && *m <= '9' && length < sizeof text_; m++)
            length = 10 * length + static_cast<size_t>(*m - '0');
        if (length == 0 || strnlen(m, length) < length)
            return nullptr;
        if (!is_tag) {
            add("::", n_ != 0 ? 2 : 0);
            add(m, length);
        }
        return m + length;
    }

    char text_[256];
    size_t n_ = 0;
};

/* Is for a catch block: lets the scope fail with the type of the exception, and what it says. */
MEMTRACK_UNSEEN_ inline void fail_with(scope &scope, const char *what) noexcept {
    type_text text(abi::__cxa_current_exception_type());
    if (what != nullptr) {
        text.append(": ");
        text.append(what);
    }
    scope.fail(text.get());
}

/* Calls a function, or a member of its first argument. */
template <typename Function, typename... Arguments>
MEMTRACK_UNSEEN_ auto call(std::false_type /* a member */, Function &&function,
                           Arguments &&...arguments)
    -> decltype(std::forward<Function>(function)(std::forward<Arguments>(arguments)...)) {
    return std::forward<Function>(function)(std::forward<Arguments>(arguments)...);
}
template <typename Function, typename... Arguments>
MEMTRACK_UNSEEN_ auto call(std::true_type, Function &&function, Arguments &&...arguments)
    -> decltype(std::mem_fn(function)(std::forward<Arguments>(arguments)...)) {
    return std::mem_fn(function)(std::forward<Arguments>(arguments)...);
}
template <typename Function>
using is_member = typename std::is_member_pointer<typename std::decay<Function>::type>::type;

template <typename Function, typename... Arguments>
using result =
    decltype(call(is_member<Function>(), std::declval<Function>(), std::declval<Arguments>()...));

/* Calls it in a scope. */
template <typename Name, typename Function, typename... Arguments>
MEMTRACK_UNSEEN_ result<Function, Arguments...>
call_in(const Name &name, const place &place, Function &&function, Arguments &&...arguments) {
    if (!is_measured())
        return call(is_member<Function>(), std::forward<Function>(function),
                    std::forward<Arguments>(arguments)...);
    scope scope(name, place.file, place.line);
#ifdef __cpp_exceptions
    try {
        return call(is_member<Function>(), std::forward<Function>(function),
                    std::forward<Arguments>(arguments)...);
    }
#ifdef _CXXABI_FORCED_H
    catch (abi::__forced_unwind &) { /* pthread_exit: not an error, and not to be kept */
        scope.end();
        throw;
    }
#endif
    catch (const std::exception &e) {
        fail_with(scope, e.what());
        throw;
    } catch (const char *text) {
        scope.fail(text);
        throw;
    } catch (...) {
        fail_with(scope, nullptr);
        throw;
    }
#else
    return call(is_member<Function>(), std::forward<Function>(function),
                std::forward<Arguments>(arguments)...);
#endif
}

MEMTRACK_UNSEEN_ inline const char *kept(const char *name) noexcept {
    return name;
}
template <typename Text, if_text<Text> = 0> MEMTRACK_UNSEEN_ std::string kept(const Text &name) {
    return std::string(name.data(), name.size());
}

} // namespace detail

/* Is what memtrack::task returns. */
template <typename Name, typename Function> class task_function {
  public:
    template <typename Callable>
    MEMTRACK_UNSEEN_ task_function(Name name, Callable &&function, const detail::place &place)
        : name_(std::move(name)), place_(place), function_(std::forward<Callable>(function)) {}
    MEMTRACK_UNSEEN_MEMBERS_(task_function)

    template <typename... Arguments>
    MEMTRACK_UNSEEN_ detail::result<Function &, Arguments...>
    operator()(Arguments &&...arguments) & {
        return detail::call_in(name_, place_, function_, std::forward<Arguments>(arguments)...);
    }
    template <typename... Arguments>
    MEMTRACK_UNSEEN_ detail::result<const Function &, Arguments...>
    operator()(Arguments &&...arguments) const & {
        return detail::call_in(name_, place_, function_, std::forward<Arguments>(arguments)...);
    }
    template <typename... Arguments>
    MEMTRACK_UNSEEN_ detail::result<Function, Arguments...>
    operator()(Arguments &&...arguments) && {
        return detail::call_in(name_, place_, std::move(function_),
                               std::forward<Arguments>(arguments)...);
    }

    /* The function itself. */
    MEMTRACK_UNSEEN_ Function &get() noexcept {
        return function_;
    }
    MEMTRACK_UNSEEN_ const Function &get() const noexcept {
        return function_;
    }

  private:
    Name name_;
    detail::place place_;
    Function function_;
};

template <typename Name, typename Function>
MEMTRACK_UNSEEN_ task_function<decltype(detail::kept(std::declval<const Name &>())),
                               typename std::decay<Function>::type>
task(const Name &name, Function &&function,
     detail::place place = {__builtin_FILE(), __builtin_LINE()}) {
    return {detail::kept(name), std::forward<Function>(function), place};
}

} // namespace memtrack

#if defined(__cpp_impl_coroutine) && defined(__has_include)
#if __has_include(<coroutine>)
#include "../memtrack/coroutine.hpp"
#endif
#endif

#endif
