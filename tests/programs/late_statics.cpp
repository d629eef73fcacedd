/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -std=c++17
/* Static and thread-local objects that free and allocate while the program ends, in the order in
 * which they are destroyed. */
#include "target.h"
#include <map>
#include <string>
#include <thread>

namespace {

struct registry {
    std::map<int, std::string> entries;
    explicit registry(int n) {
        for (int i = 0; i < n; i++)
            entries[i] = std::string(100, 'r');
    }
    ~registry() {
        entries[-1] = "made while dying, long enough for the heap to be needed";
        free(need(malloc(19)));
    }
};

registry global(50);
thread_local registry local(20);

registry &lazily() {
    static registry instance(30);
    return instance;
}

} // namespace

int main() {
    size_t sum = global.entries.size() + lazily().entries.size() + local.entries.size();
    std::thread other([&sum] { sum += local.entries.size(); });
    other.join();
    printf("%zu\n", sum);
    return 0;
}
