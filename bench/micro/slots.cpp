// SPDX-License-Identifier: MIT
//
// Fills and empties 262,144 slots at random with arrays from operator new: about half of the slots
// are in use at any time, most blocks are small, a few reach 1 KiB, and each is written when it is
// made and read when it goes. Few call paths, a heap of 10 MB with no locality: what is measured is
// the table of live blocks.
//
// usage: slots [STEPS]
#include "micro.h"

#include <cstring>

namespace {

constexpr uint32_t n_slots = 1u << 18;

struct slot {
    unsigned char *data = nullptr;
    uint32_t size = 0;
};

// Each size class is half as likely as the one below it: 1, 2-3, 4-7, ... 512-1023 bytes.
uint32_t random_size(uint64_t &state) {
    uint32_t bits = next_random(&state), order = 0;
    while (order < 9 && (bits >> order & 1))
        order++;
    return (1u << order) + random_below(&state, 1u << order);
}

NOINLINE void fill(slot &s, uint32_t size) {
    s.data = new unsigned char[size];
    s.size = size;
    std::memset(s.data, static_cast<int>(size & 0xFF), size);
}

NOINLINE uint64_t empty(slot &s) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s.size; i++)
        sum += s.data[i];
    delete[] s.data;
    s.data = nullptr;
    return sum;
}

uint64_t exercise(slot *slots, long steps) {
    uint64_t state = random_seed(41), sum = 0;
    for (long i = 0; i < steps; i++) {
        slot &s = slots[random_below(&state, n_slots)];
        if (s.data)
            sum += empty(s);
        else
            fill(s, random_size(state));
    }
    return sum;
}

} // namespace

int main(int argc, char **argv) {
    long steps = argument(argc, argv, 1, 10000000, 1, 1000000000000);
    slot *slots = new slot[n_slots];
    uint64_t sum = exercise(slots, steps);
    for (uint32_t i = 0; i < n_slots; i++)
        if (slots[i].data)
            sum += empty(slots[i]);
    delete[] slots;
    printf("%ld steps, checksum %llu\n", steps, static_cast<unsigned long long>(sum));
}
