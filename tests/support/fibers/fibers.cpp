/* SPDX-License-Identifier: MIT */
/* boost.context's fibers, on stacks with a guard page and without, that allocate at every frame:
 * 1000 of them, each resumed twice. Their first frame is assembly without unwind tables. */
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace context = boost::context;

static long done;

__attribute__((noinline)) static void climb(int n, context::fiber &sink) {
    void *block = std::malloc(static_cast<std::size_t>(100 + n));
    asm volatile("" : "+r"(block));
    if (n > 0)
        climb(n - 1, sink);
    else
        sink = std::move(sink).resume();
    std::free(block);
}

template <class Stack> static void run() {
    for (int i = 0; i < 25; i++) {
        std::vector<context::fiber> fibers;
        for (int k = 0; k < 20; k++)
            fibers.emplace_back(std::allocator_arg, Stack(), [k](context::fiber &&sink) {
                climb(k * 5, sink);
                done++;
                return std::move(sink);
            });
        for (int twice = 0; twice < 2; twice++)
            for (context::fiber &fiber : fibers)
                fiber = std::move(fiber).resume();
    }
}

int main() {
    run<context::protected_fixedsize_stack>();
    run<context::fixedsize_stack>();
    std::printf("%ld\n", done);
}
