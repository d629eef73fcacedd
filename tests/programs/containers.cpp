/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -std=c++17
/* The standard containers as a program uses them: growth, nodes, rehash, moved and shared
 * ownership. */
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "target.h"

namespace {

size_t maps() {
    std::map<std::string, std::vector<int>> ordered;
    std::unordered_map<uint32_t, std::string> hashed;
    uint64_t random = 3;
    for (int i = 0; i < 1500; i++) {
        uint32_t key = next_random(&random) % 700;
        ordered["a key that does not fit inside the string " + std::to_string(key)].push_back(i);
        hashed[key] += "0123456789";
    }
    ordered.erase(ordered.begin(), std::next(ordered.begin(), 100));
    return ordered.size() + hashed.size();
}

size_t sequences() {
    std::deque<long> deque;
    std::list<std::shared_ptr<std::string>> list;
    std::vector<std::unique_ptr<int[]>> arrays;
    for (int i = 0; i < 800; i++) {
        deque.push_back(i);
        list.push_back(std::make_shared<std::string>(static_cast<size_t>(i % 90), 'x'));
        arrays.push_back(std::make_unique<int[]>(static_cast<size_t>(i % 17)));
        if (i % 3 == 0)
            deque.pop_front();
    }
    list.reverse();
    return deque.size() + list.size() + arrays.size();
}

} // namespace

int main() {
    static std::vector<std::function<size_t()>> work;
    char big[100] = {1};
    work.emplace_back(maps);
    work.emplace_back(sequences);
    work.emplace_back([big] { return static_cast<size_t>(big[0]); });
    size_t sum = 0;
    for (auto &job : work)
        sum += job();
    printf("%zu\n", sum);
    return 0;
}
