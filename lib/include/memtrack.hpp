/* SPDX-License-Identifier: MIT */
/*
 * memtrack::scope: memtrack_begin and memtrack_end as a C++ object. C++11 or later; neither
 * exceptions nor RTTI nor the standard library is needed. What a scope measures and which errors
 * there are: memtrack.h.
 *
 *     memtrack::scope scope("load");
 *     load(file);
 *     memtrack_delta delta = scope.end();
 *
 * A name is a C string or anything with data() and size(): std::string, std::string_view. A scope
 * that is not ended by hand ends with the object, so with what is left by an exception, too.
 */
#ifndef MEMTRACK_HPP
#define MEMTRACK_HPP

#include <memtrack.h>

#if __cplusplus >= 202002L
#define MEMTRACK_NODISCARD_ [[nodiscard("a scope without a name ends at once")]]
#else
#define MEMTRACK_NODISCARD_
#endif

namespace memtrack {

namespace detail {

/* This makes a C string of a text that need not end with a zero: as much of it as is kept in a
 * recording. */
class c_string {
  public:
    c_string(const char *text, size_t bytes) noexcept {
        bytes = bytes < sizeof text_ ? bytes : sizeof text_ - 1;
        if (bytes != 0)
            memcpy(text_, text, bytes);
        text_[bytes] = 0;
    }
    const char *get() const noexcept {
        return text_;
    }

  private:
    char text_[256];
};

/* This is int where Text has data() of characters and size(), for the choice of a constructor. */
template <typename Text>
using if_text = decltype(static_cast<const char *>(static_cast<const Text *>(nullptr)->data()),
                         static_cast<size_t>(static_cast<const Text *>(nullptr)->size()), 0);

} // namespace detail

class scope {
  public:
    /* This is no scope: nothing is measured until a scope is moved here. */
    scope() noexcept : open_(false) {}
    MEMTRACK_NODISCARD_ explicit scope(const char *name) noexcept {
        memtrack_begin(&scope_, name);
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_NODISCARD_ explicit scope(const Text &name) noexcept
        : scope(detail::c_string(name.data(), name.size()).get()) {}
    ~scope() {
        if (open_)
            memtrack_end(&scope_, nullptr);
    }

    /*
     * A scope can be handed on: out of a function, or into a container. It goes on measuring in the
     * thread that moves it, which has to be its own (unless the scope is detached). It should be
     * the thread's innermost scope. Other scopes stay where they are among the thread's scopes, and
     * count as lost when the variable that they began in goes out of use.
     */
    scope(scope &&other) noexcept : open_(false) {
        take(other);
    }
    scope &operator=(scope &&other) noexcept {
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
    memtrack_delta end() noexcept {
        memtrack_delta delta = {};
        if (open_)
            memtrack_end(&scope_, &delta);
        open_ = false;
        return delta;
    }
    /* Returns whether it has neither been ended nor moved away. */
    explicit operator bool() const noexcept {
        return open_;
    }

    int set(const char *key, const char *value) noexcept {
        return open_ ? memtrack_scope_set(&scope_, key, value) : -MEMTRACK_EENDED;
    }
    template <typename Text, detail::if_text<Text> = 0>
    int set(const char *key, const Text &value) noexcept {
        return set(key, detail::c_string(value.data(), value.size()).get());
    }
    int detach() noexcept {
        return open_ ? memtrack_scope_detach(&scope_) : -MEMTRACK_EENDED;
    }
    int attach() noexcept {
        return open_ ? memtrack_scope_attach(&scope_) : -MEMTRACK_EENDED;
    }

  protected:
    struct unbegun {};
    explicit scope(unbegun) noexcept {}
    memtrack_scope scope_;

  private:
    void take(scope &other) noexcept {
        take(other, other.open_ ? memtrack_scope_detach(&other.scope_) : -1);
    }
    /* A scope that could not be detached is detached already, is the process's, or has others
     * inside of it. */
    void take(scope &other, int detached) noexcept {
        open_ = other.open_;
        other.open_ = false;
        if (open_)
            memcpy(&scope_, &other.scope_, sizeof scope_);
        if (detached == 0)
            memtrack_scope_attach(&scope_);
    }

    bool open_ = true;
};

/* This measures all threads of the process. */
class process_scope : public scope {
  public:
    process_scope() noexcept = default;
    MEMTRACK_NODISCARD_ explicit process_scope(const char *name) noexcept : scope(unbegun{}) {
        memtrack_begin_process(&scope_, name);
    }
    template <typename Text, detail::if_text<Text> = 0>
    MEMTRACK_NODISCARD_ explicit process_scope(const Text &name) noexcept
        : process_scope(detail::c_string(name.data(), name.size()).get()) {}
};

} // namespace memtrack

#undef MEMTRACK_NODISCARD_

#endif
