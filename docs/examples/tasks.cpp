// SPDX-License-Identifier: MIT
// Functions that other threads run, as tasks of memtrack/tasks.hpp. An example of docs/tasks.md.
#include <memtrack/tasks.hpp>

#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

static size_t squeeze(const std::string &text) {
    std::string squeezed;
    for (char c : text)
        if (c != ' ')
            squeezed += c;
    if (squeezed.empty())
        throw std::invalid_argument("nothing but blanks");
    return squeezed.size();
}

int main() {
    std::vector<std::future<size_t>> results;
    for (int i = 0; i < 20; i++) {
        std::string text(1000 * i, i % 10 ? 'x' : ' ');
        results.push_back(std::async(std::launch::async, memtrack::task("squeeze", squeeze), text));
    }
    size_t sum = 0;
    for (auto &result : results)
        try {
            sum += result.get();
        } catch (const std::invalid_argument &) {
        }
    std::cout << sum << " characters\n";
}
