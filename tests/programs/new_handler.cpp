/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -std=c++17 -fno-builtin
/* operator new that fails and calls the program back: a handler that allocates 10 bytes and throws,
 * one that gives up after three tries, and constructors that throw. Afterwards ordinary blocks of
 * 50 bytes. 200 rounds. */
#include "target.h"
#include <new>

namespace {

int tries;

__attribute__((noinline)) void throwing_handler() {
    keep(need(malloc(10)));
    throw std::bad_alloc();
}

__attribute__((noinline)) void patient_handler() {
    keep(need(::operator new(20)));
    if (++tries % 3 == 0)
        std::set_new_handler(nullptr);
}

struct fragile {
    char body[30];
    __attribute__((noinline)) fragile() {
        free(need(malloc(40)));
        throw 1;
    }
};

__attribute__((noinline)) void ordinary() {
    keep(new char[50]);
}

template <typename Work> int caught(Work work) {
    try {
        work();
    } catch (const std::bad_alloc &) {
        return 1;
    } catch (int) {
        return 1;
    }
    return 0;
}

} // namespace

int main() {
    int sum = 0;
    volatile size_t huge = SIZE_MAX / 4;
    for (int i = 0; i < 200; i++) {
        std::set_new_handler(throwing_handler);
        sum += caught([&] { keep(::operator new(huge)); });
        sum += caught([&] { keep(::operator new[](huge, std::align_val_t{64})); });
        std::set_new_handler(patient_handler);
        sum += caught([&] { keep(::operator new(huge)); });
        std::set_new_handler(nullptr);
        sum += caught([] { keep(new fragile); });
        ordinary();
    }
    printf("%d caught, %d tries\n", sum, tries);
    return 0;
}
