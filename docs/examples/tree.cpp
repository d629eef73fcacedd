// SPDX-License-Identifier: MIT
//
// tree: scopes as objects. One of them says what it worked on. The example of docs/scopes.md.
#include <memtrack.hpp>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

static std::map<std::string, std::vector<int>> index_numbers(int n) {
    memtrack::scope scope("index");
    scope.set("numbers", std::to_string(n).c_str());
    std::map<std::string, std::vector<int>> index;
    for (int i = 0; i < n; i++)
        index[std::to_string(i % 100)].push_back(i);
    return index;
}

int main() {
    for (int n : {1000, 10000, 100000}) {
        auto index = index_numbers(n);
        memtrack::scope scope("copy");
        auto copy = index;
        memtrack_delta delta = scope.end();
        std::printf("a copy of %d numbers: %lld bytes in %lld blocks\n", n,
                    static_cast<long long>(delta.net_bytes),
                    static_cast<long long>(delta.net_blocks));
    }
}
