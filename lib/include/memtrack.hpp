/* SPDX-License-Identifier: MIT */
/* memtrack::scope: memtrack_begin and memtrack_end as a C++ object. See memtrack.h. C++11. */
#ifndef MEMTRACK_HPP
#define MEMTRACK_HPP

#include <memtrack.h>

namespace memtrack {

class scope {
  public:
    explicit scope(const char *name) {
        memtrack_begin(&scope_, name);
    }
    ~scope() {
        if (open_)
            memtrack_end(&scope_, nullptr);
    }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

    /* End it now; the result is zero in an untracked process, and for a scope that has been ended. */
    memtrack_delta end() {
        memtrack_delta delta = {};
        if (open_)
            memtrack_end(&scope_, &delta);
        open_ = false;
        return delta;
    }
    int set(const char *key, const char *value) {
        return memtrack_scope_set(&scope_, key, value);
    }
    int detach() {
        return memtrack_scope_detach(&scope_);
    }
    int attach() {
        return memtrack_scope_attach(&scope_);
    }

  protected:
    struct unbegun {};
    explicit scope(unbegun) {}
    memtrack_scope scope_;

  private:
    bool open_ = true;
};

/* All threads of the process. */
class process_scope : public scope {
  public:
    explicit process_scope(const char *name) : scope(unbegun{}) {
        memtrack_begin_process(&scope_, name);
    }
};

} // namespace memtrack

#endif
