/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -std=c++17 -fno-builtin -faligned-new
/* All 8 forms of operator new with all 12 of operator delete, called by name: one block of every
 * size that is left over says which form went wrong. Every form runs N times. */
#include "target.h"
#include <new>

namespace {

constexpr int N = 50;
using std::align_val_t;
constexpr align_val_t wide{64};

template <typename Make, typename Drop> void times(Make make, Drop drop) {
    for (int i = 0; i < N; i++)
        drop(need(make()));
}

void plain() {
    times([] { return ::operator new(101); }, [](void *p) { ::operator delete(p); });
    times([] { return ::operator new(102); }, [](void *p) { ::operator delete(p, 102); });
    times([] { return ::operator new(103, std::nothrow); },
          [](void *p) { ::operator delete(p, std::nothrow); });
    times([] { return ::operator new[](104); }, [](void *p) { ::operator delete[](p); });
    times([] { return ::operator new[](105); }, [](void *p) { ::operator delete[](p, 105); });
    times([] { return ::operator new[](106, std::nothrow); },
          [](void *p) { ::operator delete[](p, std::nothrow); });
}

void aligned() {
    times([] { return ::operator new(201, wide); }, [](void *p) { ::operator delete(p, wide); });
    times([] { return ::operator new(202, wide); },
          [](void *p) { ::operator delete(p, 202, wide); });
    times([] { return ::operator new(203, wide, std::nothrow); },
          [](void *p) { ::operator delete(p, wide, std::nothrow); });
    times([] { return ::operator new[](204, wide); },
          [](void *p) { ::operator delete[](p, wide); });
    times([] { return ::operator new[](205, wide); },
          [](void *p) { ::operator delete[](p, 205, wide); });
    times([] { return ::operator new[](206, wide, std::nothrow); },
          [](void *p) { ::operator delete[](p, wide, std::nothrow); });
}

void failing() {
    for (int i = 0; i < N; i++) {
        try {
            keep(::operator new(SIZE_MAX / 4));
        } catch (const std::bad_alloc &) {
        }
        if (keep(::operator new[](SIZE_MAX / 4, std::nothrow)))
            die("impossible");
    }
}

} // namespace

int main(int argc, char **) {
    plain();
    aligned();
    if (argc > 1) /* exceptions: valgrind and libstdc++ differ in what they allocate for them */
        failing();
    keep(need(::operator new(1)));
    keep(need(::operator new[](2, wide)));
    ::operator delete(nullptr);
    printf("%d\n", N * 12);
    return 0;
}
