/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than
/* Each form of operator new fails and says so in its way, with and without a new_handler that
 * throws what it likes. A block is allocated and freed in between. Prints how many have failed. */
#include <new>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 10 };
static const volatile size_t huge = PTRDIFF_MAX - 4096;
static int failed;
struct own_exception {};

template <class Call> static void fail(Call call) {
    void *volatile block = nullptr;
    try {
        block = call();
    } catch (const std::bad_alloc &) {
    } catch (const own_exception &) {
    }
    if (block)
        abort();
    failed++;
    block = operator new(100);
    operator delete(block);
}

static void each() {
    fail([] { return operator new(huge); });
    fail([] { return operator new[](huge); });
    fail([] { return operator new(huge, std::align_val_t(64)); });
    fail([] { return operator new[](huge, std::align_val_t(64)); });
    fail([] { return operator new(huge, std::nothrow); });
    fail([] { return operator new[](huge, std::nothrow); });
    fail([] { return operator new(huge, std::align_val_t(64), std::nothrow); });
}

int main() {
    for (int i = 0; i < ROUNDS; i++)
        each();
    std::set_new_handler([] { throw own_exception(); });
    for (int i = 0; i < ROUNDS; i++) {
        fail([] { return operator new(huge); });
        fail([] { return operator new[](huge); });
    }
    printf("failed %d\n", failed);
    return 0;
}
