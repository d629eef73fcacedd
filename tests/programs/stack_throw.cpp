/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -std=c++17
/* 100,000 exceptions through frames that own memory, thrown from different depths, some rethrown,
 * some caught on the way, with an allocation before, between and after: `stack_throw [N]`. */
#include "target.h"
#include <memory>
#include <stdexcept>
#include <string>

namespace {

struct owner {
    std::unique_ptr<char[]> memory{new char[50]};
    ~owner() {
        free(need(malloc(3)));
    }
};

__attribute__((noinline)) int dive(int depth, int goal) {
    owner local;
    keep(local.memory.get());
    if (depth == goal)
        throw std::runtime_error(std::string(60, 'e'));
    if (depth % 7 == 6) {
        try {
            return dive(depth + 1, goal) + 1;
        } catch (const std::runtime_error &) {
            free(need(malloc(5)));
            throw;
        }
    }
    return dive(depth + 1, goal) + 1;
}

} // namespace

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 100000, caught = 0;
    for (int i = 0; i < n; i++) {
        try {
            dive(0, i % 13);
        } catch (const std::exception &error) {
            caught += error.what()[0] == 'e';
            free(need(malloc(7)));
        }
    }
    printf("%d\n", caught);
    return caught != n;
}
