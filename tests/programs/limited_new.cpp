/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than
/* Each form of operator new is refused under a limit (limited_new BYTES: more than there is room
 * for), and says so in its way; a new_handler that makes room lets it succeed. */
#include <cstdio>
#include <cstdlib>
#include <new>

static std::size_t much;
static int failed;

template <class Call> static void fail(Call call) {
    void *volatile block = nullptr;
    try {
        block = call();
    } catch (const std::bad_alloc &) {
    }
    if (block)
        std::abort();
    failed++;
}

static void each() {
    fail([] { return operator new(much); });
    fail([] { return operator new[](much); });
    fail([] { return operator new(much, std::align_val_t(64)); });
    fail([] { return operator new[](much, std::align_val_t(64)); });
    fail([] { return operator new(much, std::nothrow); });
    fail([] { return operator new[](much, std::nothrow); });
    fail([] { return operator new(much, std::align_val_t(64), std::nothrow); });
    fail([] { return operator new[](much, std::align_val_t(64), std::nothrow); });
}

static void *spare;
static void make_room() {
    operator delete(spare);
    spare = nullptr;
    std::set_new_handler(nullptr);
}

int main(int argc, char **argv) {
    static char buffer[BUFSIZ];
    std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    much = argc == 2 ? std::strtoull(argv[1], nullptr, 0) : 0;
    each();
    spare = operator new(much / 2);
    std::set_new_handler(make_room);
    void *block = operator new(much / 4 * 3);
    if (spare != nullptr || block == nullptr)
        std::abort();
    operator delete(block);
    std::printf("%d refused\n", failed);
    return 0;
}
