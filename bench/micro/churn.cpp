// SPDX-License-Identifier: MIT
//
// A server as Larson and Krishnan described it (1998): each thread owns an array of blocks,
// replaces random ones by new blocks of 8 to 1000 bytes, and after a number of steps hands the
// array to a successor and ends, so that blocks outlive the thread that made them and are freed by
// another. Runs for a given time and prints the replacements a second.
//
// usage: churn [THREADS [SECONDS]]   (SECONDS may be a fraction)
#include "micro.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr uint32_t n_blocks = 5000;
constexpr int steps_per_life = 100 * n_blocks;
constexpr uint32_t least_size = 8, most_size = 1000;

std::atomic<bool> stop{false};
std::atomic<long> living{0};
std::atomic<uint64_t> total{0};

struct session {
    std::vector<char *> blocks;
    uint64_t state;
};

NOINLINE char *make_block(uint64_t &state) {
    uint32_t size = least_size + random_below(&state, most_size - least_size + 1);
    char *block = new char[size];
    block[0] = 'a';
    block[size - 1] = 'z';
    return block;
}

NOINLINE uint64_t replace_blocks(session &s) {
    uint64_t done = 0;
    for (; done < steps_per_life && !stop.load(std::memory_order_relaxed); done++) {
        char *&block = s.blocks[random_below(&s.state, n_blocks)];
        delete[] block;
        block = make_block(s.state);
    }
    return done;
}

void live(session *s) {
    total += replace_blocks(*s);
    if (!stop.load()) {
        std::thread(live, s).detach();
    } else {
        living--;
    }
}

} // namespace

int main(int argc, char **argv) {
    long threads = argument(argc, argv, 1, 1, 1, 256);
    double seconds = argc > 2 ? std::atof(argv[2]) : 2;
    std::vector<session> sessions(static_cast<size_t>(threads));
    for (size_t i = 0; i < sessions.size(); i++) {
        sessions[i].state = random_seed(4141 + i);
        for (uint32_t k = 0; k < n_blocks; k++)
            sessions[i].blocks.push_back(make_block(sessions[i].state));
    }
    living = threads;
    double begin = now_s();
    for (session &s : sessions)
        std::thread(live, &s).detach();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    double elapsed = now_s() - begin;
    while (living > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    print_throughput(static_cast<double>(total), elapsed);
    for (session &s : sessions)
        for (char *block : s.blocks)
            delete[] block;
}
