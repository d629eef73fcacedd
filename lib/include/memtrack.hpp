/* SPDX-License-Identifier: MIT */
/*
 * memtrack::scope: memtrack_begin and memtrack_end as a C++ object. C++11 or later; neither
 * exceptions nor RTTI nor the standard library is needed. What a scope measures and which errors
 * there are: memtrack.h. Tasks that change threads, and coroutines: memtrack/tasks.hpp.
 *
 *     memtrack::scope scope("load");
 *     load(file);
 *     memtrack_delta delta = scope.end();
 *
 * A name is a C string or anything with data() and size(): std::string, std::string_view. A scope
 * that is not ended by hand ends with the object. When an exception does that, the scope counts as
 * an error (memtrack_scope_fail); its text is what fail() was given before, or says just this. It
 * knows where in the sources it began; the two parameters for that are left out in a call.
 */
#ifndef MEMTRACK_HPP
#define MEMTRACK_HPP

#include <memtrack.h>
#ifdef __cpp_exceptions
#include <exception>
#endif

#if __cplusplus >= 202002L
#define MEMTRACK_NODISCARD_ [[nodiscard("a scope without a name ends at once")]]
#else
#define MEMTRACK_NODISCARD_
#endif

namespace memtrack {

/* Files with and without timers (memtrack/timers.h) may be linked together: their objects are of
 * different types, so that each has the functions that it was compiled with. */
#ifdef MEMTRACK_TIMERS
inline namespace timers {
#endif

namespace detail {

/* This makes a C string of a text that need not end with a zero: as much of it as is kept in a
 * recording. */
class c_string {
  public:
    MEMTRACK_UNSEEN_ c_string(const char *text, size_t bytes) noexcept {
        bytes = bytes < sizeof text_ ? bytes : sizeof text_ - 1;
        if (bytes != 0)
            memcpy(text_, text, bytes);
        text_[bytes] = 0;
    }
    MEMTRACK_UNSEEN_ const char *get() const noexcept {
        return text_;
    }

  private:
    char text_[256];
};

/* This is int where Text has data() of characters and size(), for the choice of a constructor. */
template <typename Text>
using if_text = decltype(static_cast<const char *>(static_cast<const Text *>(nullptr)->data()),
                         static_cast<size_t>(static_cast<const Text *>(nullptr)->size()), 0);

/* Where the program has begun something, for functions whose callers say it by a default. */
struct place {
    const char *file;
    uint32_t line;
};

/* Tells whether somebody measures: the same test of one address that the functions of memtrack.h
 * begin with. What is done only then is no part of what a scope costs in an untracked process. */
MEMTRACK_UNSEEN_ inline bool is_measured() noexcept {
#if defined(MEMTRACK_REQUIRED) || defined(MEMTRACK_TIMERS)
    return true;
#elif defined(MEMTRACK_FIND_)
    const void *begin;
    MEMTRACK_FIND_("memtrack_begin", begin);
    return begin != nullptr;
#else
    return memtrack_real_begin != nullptr;
#endif
}

/* Returns how many exceptions are on their way in this thread; before C++17 whether there is one. */
MEMTRACK_UNSEEN_ inline int exceptions() noexcept {
#if !defined(__cpp_exceptions)
    return 0;
#elif defined(__cpp_lib_uncaught_exceptions)
    return std::uncaught_exceptions();
#else
    return std::uncaught_exception();
#endif
}

} // namespace detail

class scope {
  public:
    /* This is no scope: nothing is measured until a scope is moved here. */
    MEMTRACK_UNSEEN_ scope() noexcept : open_(false) {}
    MEMTRACK_NODISCARD_ MEMTRACK_UNSEEN_ explicit scope(const char *name,
                                                        const char *file = __builtin_FILE(),
                                                        uint32_t line = __builtin_LINE()) noexcept {
        if (detail::is_measured())
            begin(name, file, line);
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_NODISCARD_ MEMTRACK_UNSEEN_ explicit scope(const Text &name,
                                                        const char *file = __builtin_FILE(),
                                                        uint32_t line = __builtin_LINE()) noexcept
        : scope(detail::c_string(name.data(), name.size()).get(), file, line) {}
    MEMTRACK_UNSEEN_ ~scope() {
        if (open_ && detail::is_measured())
            leave();
    }

    /*
     * A scope can be handed on: out of a function, or into a container. It goes on measuring in the
     * thread that moves it, which has to be its own (unless the scope is detached). It should be
     * the thread's innermost scope. Other scopes stay where they are among the thread's scopes, and
     * count as lost when the variable that they began in goes out of use.
     */
    MEMTRACK_UNSEEN_ scope(scope &&other) noexcept : open_(false) {
        take(other);
    }
    MEMTRACK_UNSEEN_ scope &operator=(scope &&other) noexcept {
        if (this != &other) {
            int detached = other.open_ ? memtrack_scope_detach(&other.scope_) : -1;
            end();
            take(other, detached);
        }
        return *this;
    }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

    /* Ends it now. The result is zero in an untracked process, and for a scope that has been
     * ended. */
    MEMTRACK_UNSEEN_ memtrack_delta end() noexcept {
        memtrack_delta delta = {};
        if (open_)
            memtrack_end(&scope_, &delta);
        open_ = false;
        return delta;
    }
    /* Returns whether it has neither been ended nor moved away. */
    MEMTRACK_UNSEEN_ explicit operator bool() const noexcept {
        return open_;
    }

    MEMTRACK_UNSEEN_ int set(const char *key, const char *value) noexcept {
        return open_ ? memtrack_scope_set(&scope_, key, value) : -MEMTRACK_EENDED;
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_UNSEEN_ int set(const char *key, const Text &value) noexcept {
        return set(key, detail::c_string(value.data(), value.size()).get());
    }
    /* Lets it count as an error when it ends. */
    MEMTRACK_UNSEEN_ int fail(const char *why) noexcept {
        has_failed_ = true;
        return open_ ? memtrack_scope_fail(&scope_, why) : -MEMTRACK_EENDED;
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_UNSEEN_ int fail(const Text &why) noexcept {
        return fail(detail::c_string(why.data(), why.size()).get());
    }
    MEMTRACK_UNSEEN_ int detach() noexcept {
        return open_ ? memtrack_scope_detach(&scope_) : -MEMTRACK_EENDED;
    }
    MEMTRACK_UNSEEN_ int attach() noexcept {
        if (open_ && detail::is_measured())
            exceptions_ = detail::exceptions();
        return open_ ? memtrack_scope_attach(&scope_) : -MEMTRACK_EENDED;
    }

  protected:
    struct unbegun {};
    MEMTRACK_UNSEEN_ explicit scope(unbegun) noexcept {
        if (detail::is_measured())
            exceptions_ = detail::exceptions();
    }
    memtrack_scope scope_;

  private:
    MEMTRACK_UNSEEN_ __attribute__((noinline)) void begin(const char *name, const char *file,
                                                          uint32_t line) noexcept {
        exceptions_ = detail::exceptions();
        memtrack_begin_at(&scope_, name, file, line);
    }
    MEMTRACK_UNSEEN_ __attribute__((noinline)) void leave() noexcept {
        if (!has_failed_ && detail::exceptions() > exceptions_)
            memtrack_scope_fail(&scope_, "left by an exception");
        memtrack_end(&scope_, nullptr);
    }
    MEMTRACK_UNSEEN_ void take(scope &other) noexcept {
        take(other, other.open_ ? memtrack_scope_detach(&other.scope_) : -1);
    }
    /* A scope that could not be detached is detached already, is the process's, or has others
     * inside of it. */
    MEMTRACK_UNSEEN_ void take(scope &other, int detached) noexcept {
        open_ = other.open_;
        other.open_ = false;
        if (open_) {
            memcpy(&scope_, &other.scope_, sizeof scope_);
            exceptions_ = other.exceptions_;
            has_failed_ = other.has_failed_;
        }
        if (detached == 0)
            memtrack_scope_attach(&scope_);
    }

    bool open_ = true, has_failed_ = false;
    int exceptions_ = 0; /* that were on their way when it began */
};

/* This measures all threads of the process. */
class process_scope : public scope {
  public:
    MEMTRACK_UNSEEN_ process_scope() noexcept = default;
    MEMTRACK_UNSEEN_ process_scope(process_scope &&) noexcept = default;
    MEMTRACK_UNSEEN_ process_scope &operator=(process_scope &&) noexcept = default;
    MEMTRACK_UNSEEN_ ~process_scope() = default;
    MEMTRACK_NODISCARD_
    MEMTRACK_UNSEEN_ explicit process_scope(const char *name, const char *file = __builtin_FILE(),
                                            uint32_t line = __builtin_LINE()) noexcept
        : scope(unbegun{}) {
        memtrack_begin_process_at(&scope_, name, file, line);
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_NODISCARD_
        MEMTRACK_UNSEEN_ explicit process_scope(const Text &name,
                                                const char *file = __builtin_FILE(),
                                                uint32_t line = __builtin_LINE()) noexcept
        : process_scope(detail::c_string(name.data(), name.size()).get(), file, line) {}
};

#ifdef MEMTRACK_TIMERS
} // namespace timers
#endif

} // namespace memtrack

#undef MEMTRACK_NODISCARD_

#endif
