/* SPDX-License-Identifier: MIT */
/*
 * Memory in Google Benchmark's reports: a MemoryManager that is fed by memtrack.
 *
 *     #include <benchmark/benchmark.h>
 *     #include <memtrack/google_benchmark.hpp>
 *
 *     MEMTRACK_GOOGLE_BENCHMARK();          once, in one file; or memtrack::memory_manager of yours
 *     BENCHMARK_MAIN();
 *
 *     $ memtrack run -q -- ./bench --benchmark_format=json
 *
 * The library measures memory in a run of its own, of up to 16 iterations, after those that it
 * times. It reports allocs_per_iter and max_bytes_used: the peak above what was live before. What
 * all threads allocate counts. A process that is not recorded has no MemoryManager, rather than one
 * that reports zeros.
 *
 * C++11; any version of the library from 1.5.0 on.
 */
#ifndef MEMTRACK_GOOGLE_BENCHMARK_HPP
#define MEMTRACK_GOOGLE_BENCHMARK_HPP

#include <benchmark/benchmark.h>

#include "../memtrack.h"

namespace memtrack {

class memory_manager : public benchmark::MemoryManager {
  public:
    /* What the library registers stays registered: the object has to outlive all benchmarks. */
    MEMTRACK_UNSEEN_ memory_manager() : scope_(), is_registered_(memtrack_is_tracing() != 0) {
        if (is_registered_)
            benchmark::RegisterMemoryManager(this);
    }
    memory_manager(const memory_manager &) = delete;
    memory_manager &operator=(const memory_manager &) = delete;
    MEMTRACK_UNSEEN_ ~memory_manager() {
        if (is_registered_)
            benchmark::RegisterMemoryManager(nullptr);
    }

    MEMTRACK_UNSEEN_ void Start() {
        memtrack_begin_process_at(&scope_, "benchmark", nullptr, 0); // its place is not here
    }
    /* Versions differ in which of the two is there to be overridden. */
    MEMTRACK_UNSEEN_ void Stop(Result &result) {
        memtrack_delta delta;
        memtrack_end(&scope_, &delta);
        result.num_allocs = static_cast<int64_t>(delta.allocated_blocks);
        result.max_bytes_used = delta.peak_bytes;
        set_total(&result, static_cast<int64_t>(delta.allocated_bytes), 0);
        set_growth(&result, delta.net_bytes, 0);
    }
    MEMTRACK_UNSEEN_ void Stop(Result *result) {
        Stop(*result);
    }

  private:
    /* Earlier versions have no such members. */
    template <typename R>
    MEMTRACK_UNSEEN_ static auto set_total(R *result, int64_t bytes, int)
        -> decltype(static_cast<void>(result->total_allocated_bytes)) {
        result->total_allocated_bytes = bytes;
    }
    template <typename R> MEMTRACK_UNSEEN_ static void set_total(R *, int64_t, long) {}
    template <typename R>
    MEMTRACK_UNSEEN_ static auto set_growth(R *result, int64_t bytes, int)
        -> decltype(static_cast<void>(result->net_heap_growth)) {
        result->net_heap_growth = bytes;
    }
    template <typename R> MEMTRACK_UNSEEN_ static void set_growth(R *, int64_t, long) {}

    memtrack_scope scope_;
    bool is_registered_;
};

} // namespace memtrack

#define MEMTRACK_GOOGLE_BENCHMARK() static memtrack::memory_manager memtrack_memory_manager_

#endif
