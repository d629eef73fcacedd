/* SPDX-License-Identifier: MIT */
/*
 * How long does this piece of code take, and what does it allocate? What timeit is for Python.
 *
 *     #include <memtrack/benchmark.h>
 *
 *     MEMTRACK_BENCHMARK("parse", 1000) {
 *         parse(text);
 *     }
 *     memtrack_benchmark("free", 1000, fn, arg);          calls fn(arg)
 *
 * The code runs 1000 times while it is measured, after a tenth of that (at least once) to warm up.
 * With 0 it runs as often as fits into a fifth of a second, and at least ten times. When the
 * program ends, a table of all benchmarks is on standard output; or, with
 * MEMTRACK_BENCHMARK_FORMAT=json (bencher, github) in the environment, what a machine reads; and
 * MEMTRACK_BENCHMARK_OUT names a file for it (memtrack/benchmark_write.h).
 *
 * A SAMPLE is as many iterations in a row as take 5 us, so that reading the clock (about 25 ns) does
 * not show; but there are at least 20 samples when there are 20 iterations. Times are those of an
 * iteration, and they are what the clock shows: under memtrack run they include what recording
 * costs, so compare times of the same kind alone. An OUTLIER is a sample that lies more than one
 * and a half times the distance of the quartiles outside of them (Tukey 1977); it is counted, never
 * left out.
 *
 * MEMORY is measured where the process is recorded (memtrack run), after the times and apart from
 * them: up to 64 more iterations, each of which is a scope with the name of the benchmark. What the
 * calling thread allocates counts.
 *
 * The compiler may see that nobody uses a result, and drop the code: MEMTRACK_KEEP(result) uses it.
 * A block may hold break, return and exceptions; one that is left has no result, and says so.
 *
 * C99 or C++11, gcc or clang; nothing has to be linked. Nothing here allocates by malloc. Any
 * thread may run benchmarks, but two at the same time disturb each other.
 */
#ifndef MEMTRACK_BENCHMARK_H
#define MEMTRACK_BENCHMARK_H

#include <stdio.h>
#include <stdlib.h>

#include "../memtrack.h"
#include "../memtrack/statistics.h"
#include "../memtrack/system.h"

typedef struct memtrack_benchmark_result {
    const char *name;
    uint64_t iterations, warm_up; /* that were measured, and that were not */
    /* Nanoseconds of an iteration, a value for each sample, in the order of time. */
    const double *samples_ns;
    uint64_t n_samples, iterations_per_sample; /* or one more */
    double mean_ns, stddev_ns, min_ns, lower_quartile_ns, median_ns, upper_quartile_ns, max_ns;
    uint64_t low_outliers, high_outliers;
    uint64_t far_outliers; /* of these, more than three times the distance outside */
    /* Of an iteration, on the average of memory_iterations; 0: nothing was recorded. */
    uint64_t memory_iterations;
    double allocated_blocks, allocated_bytes, net_bytes;
    int64_t peak_bytes; /* the highest of any iteration */
} memtrack_benchmark_result;

/* By how much the second of two is slower: an interval that needs no assumption about how the
 * times are distributed (memtrack/statistics.h). Negative: it is faster. */
typedef struct memtrack_benchmark_difference {
    double median_ns, low_ns, high_ns;   /* of the differences between their samples */
    double ratio, low_ratio, high_ratio; /* the same as a part of the first one's median */
    double confidence;                   /* 0..1 */
    int verdict; /* -1: faster, 1: slower, by more than chance explains; 0: neither is shown */
} memtrack_benchmark_difference;

/* Uses a value, so that the compiler has to compute it, and to have written all memory by then. */
#define MEMTRACK_KEEP(value)                                                                       \
    do {                                                                                           \
        __typeof__(value) memtrack_kept_ = (value);                                                \
        __asm__ volatile("" : : "r"(&memtrack_kept_) : "memory");                                  \
    } while (0)

#define MEMTRACK_BENCHMARK(name, n) MEMTRACK_BENCHMARK_(name, n, __COUNTER__)
#define MEMTRACK_BENCHMARK_(name, n, number)                                                       \
    MEMTRACK_BENCHMARK_AS_(MEMTRACK_JOIN_(memtrack_benchmark_once_, number),                       \
                           MEMTRACK_JOIN_(memtrack_benchmark_run_, number), name, n)
#define MEMTRACK_BENCHMARK_AS_(once, run, name, n)                                                 \
    for (int once = 1; once; once = 0)                                                             \
        for (struct memtrack_benchmark_run_ run                                                    \
             __attribute__((cleanup(memtrack_benchmark_left_)));                                   \
             once ? (once = 0, memtrack_benchmark_begin_(&run, (name), (n)) == 0 &&                \
                                   memtrack_benchmark_next_(&run))                                 \
                  : memtrack_benchmark_next_(&run);)

enum {
    MEMTRACK_BENCHMARK_SAMPLE_NS_ = 5000,
    MEMTRACK_BENCHMARK_MIN_SAMPLES_ = 20,
    MEMTRACK_BENCHMARK_MAX_SAMPLES_ = 100000,
    MEMTRACK_BENCHMARK_MEMORY_ = 64,
    MEMTRACK_BENCHMARK_AUTO_NS_ = 200000000
};
enum {
    MEMTRACK_BENCHMARK_WARM_UP_,
    MEMTRACK_BENCHMARK_TIMES_,
    MEMTRACK_BENCHMARK_SCOPES_,
    MEMTRACK_BENCHMARK_DONE_
};

/* A result in the list of all of them; its name and its samples lie behind it. */
struct memtrack_benchmark_node_ {
    struct memtrack_benchmark_node_ *next;
    size_t bytes; /* of pages */
    int is_written;
    memtrack_benchmark_result result;
};

struct memtrack_benchmark_run_ {
    uint64_t left; /* iterations until the next step */
    uint64_t n, warm_up, batch, iterations, begin_ns;
    int phase, is_auto;
    const char *name;
    struct memtrack_benchmark_node_ *node;
    memtrack_scope scope;
};

/* All objects of a program share one list. */
struct memtrack_benchmark_list_ {
    struct memtrack_benchmark_node_ *first;
    long pid; /* that writes it at the end; 0: nobody does */
    int lock;
};
#ifdef __cplusplus
extern "C" {
#endif
extern struct memtrack_benchmark_list_ memtrack_benchmark_list_
    __attribute__((weak, visibility("default")));
struct memtrack_benchmark_list_ memtrack_benchmark_list_ = {NULL, 0, 0};
#ifdef __cplusplus
}
#endif

#include "../memtrack/benchmark_write.h"

/* ---- results --------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ double *
memtrack_benchmark_samples_(struct memtrack_benchmark_node_ *node) {
    return (double *)(void *)(node + 1);
}

/* Makes a result with room for n samples and what sorting them takes. NULL: no memory. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_node_ *memtrack_benchmark_new_(const char *name,
                                                                                   uint64_t n) {
    size_t length = strlen(name);
    size_t bytes =
        sizeof(struct memtrack_benchmark_node_) + (size_t)n * 2 * sizeof(double) + length + 1;
    struct memtrack_benchmark_node_ *node =
        (struct memtrack_benchmark_node_ *)memtrack_system_pages_(bytes);
    char *text;
    if (!node)
        return NULL;
    text = (char *)(memtrack_benchmark_samples_(node) + n * 2);
    memcpy(text, name, length + 1);
    node->bytes = bytes;
    node->result.name = text;
    node->result.samples_ns = memtrack_benchmark_samples_(node);
    return node;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_judge_(memtrack_benchmark_result *r,
                                                         double *sorted) {
    size_t n = (size_t)r->n_samples;
    double reach;
    memcpy(sorted, r->samples_ns, n * sizeof *sorted);
    memtrack_statistics_sort(sorted, n);
    r->mean_ns = memtrack_statistics_mean(r->samples_ns, n);
    r->stddev_ns = memtrack_statistics_deviation(r->samples_ns, n, r->mean_ns);
    r->min_ns = sorted[0];
    r->max_ns = sorted[n - 1];
    r->median_ns = memtrack_statistics_median(sorted, n);
    r->lower_quartile_ns = memtrack_statistics_quantile(sorted, n, 0.25);
    r->upper_quartile_ns = memtrack_statistics_quantile(sorted, n, 0.75);
    reach = 1.5 * (r->upper_quartile_ns - r->lower_quartile_ns);
    for (size_t i = 0; i < n; i++) {
        double below = r->lower_quartile_ns - sorted[i], above = sorted[i] - r->upper_quartile_ns;
        r->low_outliers += below > reach;
        r->high_outliers += above > reach;
        r->far_outliers += below > 2 * reach || above > 2 * reach;
    }
}

/* Puts a whole result into the list. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_keep_(struct memtrack_benchmark_node_ *node) {
    struct memtrack_benchmark_list_ *list = &memtrack_benchmark_list_;
    struct memtrack_benchmark_node_ **end;
    memtrack_benchmark_judge_(&node->result,
                              memtrack_benchmark_samples_(node) + node->result.n_samples);
    memtrack_benchmark_lock_();
    for (end = &list->first; *end;)
        end = &(*end)->next;
    *end = node;
    if (list->pid !=
        (long)getpid()) { /* of a forked child: the parent's results are the parent's */
        if (list->pid)
            for (struct memtrack_benchmark_node_ *old = list->first; old != node; old = old->next)
                old->is_written = 1;
        else
            atexit(memtrack_benchmark_at_exit_);
        list->pid = (long)getpid();
    }
    memtrack_benchmark_unlock_();
}

/* Returns the latest result with this name, or NULL. It stays where it is until
 * memtrack_benchmark_clear. */
MEMTRACK_SYSTEM_FUNCTION_ const memtrack_benchmark_result *
memtrack_benchmark_find(const char *name) {
    const memtrack_benchmark_result *found = NULL;
    memtrack_benchmark_lock_();
    for (struct memtrack_benchmark_node_ *node = memtrack_benchmark_list_.first; node;
         node = node->next)
        if (strcmp(node->result.name, name) == 0)
            found = &node->result;
    memtrack_benchmark_unlock_();
    return found;
}

/* Forgets all results. No other thread may use one. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_clear(void) {
    struct memtrack_benchmark_node_ *node;
    memtrack_benchmark_lock_();
    node = memtrack_benchmark_list_.first;
    memtrack_benchmark_list_.first = NULL;
    memtrack_benchmark_unlock_();
    while (node) {
        struct memtrack_benchmark_node_ *next = node->next;
        memtrack_system_free_(node, node->bytes);
        node = next;
    }
}

/* Adds a result from n > 0 times that were measured elsewhere, each of as many iterations. Returns
 * 0, -MEMTRACK_EUSAGE or -MEMTRACK_ENOMEM. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_add(const char *name, const double *samples_ns,
                                                     size_t n, uint64_t iterations_per_sample) {
    struct memtrack_benchmark_node_ *node;
    if (!name || !samples_ns || n == 0 || iterations_per_sample == 0)
        return -MEMTRACK_EUSAGE;
    if (!(node = memtrack_benchmark_new_(name, n)))
        return -MEMTRACK_ENOMEM;
    memcpy(memtrack_benchmark_samples_(node), samples_ns, n * sizeof *samples_ns);
    node->result.n_samples = n;
    node->result.iterations_per_sample = iterations_per_sample;
    node->result.iterations = iterations_per_sample * n;
    memtrack_benchmark_keep_(node);
    return 0;
}

/* Compares two results; the second is compared to the first. Returns 0 or -MEMTRACK_EUSAGE. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_compare(const memtrack_benchmark_result *first,
                                                         const memtrack_benchmark_result *second,
                                                         memtrack_benchmark_difference *out) {
    memtrack_shift shift;
    if (!out)
        return -MEMTRACK_EUSAGE;
    memset(out, 0, sizeof *out);
    if (!first || !second)
        return -MEMTRACK_EUSAGE;
    /* the sorted samples lie behind the samples */
    shift =
        memtrack_shift_between(first->samples_ns + first->n_samples, (size_t)first->n_samples,
                               second->samples_ns + second->n_samples, (size_t)second->n_samples);
    out->median_ns = shift.estimate;
    out->low_ns = shift.low;
    out->high_ns = shift.high;
    out->confidence = shift.confidence;
    out->ratio = first->median_ns > 0 ? shift.estimate / first->median_ns : 0;
    out->low_ratio = first->median_ns > 0 ? shift.low / first->median_ns : 0;
    out->high_ratio = first->median_ns > 0 ? shift.high / first->median_ns : 0;
    out->verdict = shift.low > 0 ? 1 : shift.high < 0 ? -1 : 0;
    return 0;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_percent_(struct memtrack_benchmark_text_ *t,
                                                           double ratio) {
    uint64_t tenths = (uint64_t)((ratio < 0 ? -ratio : ratio) * 1000 + 0.5);
    char text[32];
    snprintf(text, sizeof text, "%c%llu.%llu%%", ratio < 0 ? '-' : '+',
             (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10));
    memtrack_benchmark_say_(t, text);
}

/* Writes a line that says how the second result differs from the first:
 *
 *     sort -> sort, in place: median 3.12 us -> 2.80 us, -10.3% (-11.0% to -9.5% with 95%
 *     confidence): faster
 *
 * Returns 0, -MEMTRACK_EUSAGE or -MEMTRACK_EIO. */
MEMTRACK_SYSTEM_FUNCTION_ int
memtrack_benchmark_write_difference(int fd, const memtrack_benchmark_result *first,
                                    const memtrack_benchmark_result *second) {
    static const char *const verdicts[] = {"faster", "no difference shown", "slower"};
    struct memtrack_benchmark_text_ t;
    memtrack_benchmark_difference d;
    char confidence[48];
    int rc = memtrack_benchmark_compare(first, second, &d);
    if (rc)
        return rc;
    t.fd = fd;
    t.failed = 0;
    t.used = 0;
    memtrack_benchmark_name_(&t, first->name);
    memtrack_benchmark_say_(&t, " -> ");
    memtrack_benchmark_name_(&t, second->name);
    memtrack_benchmark_say_(&t, ": median ");
    memtrack_benchmark_say_(&t, memtrack_benchmark_time_(first->median_ns).text);
    memtrack_benchmark_say_(&t, " -> ");
    memtrack_benchmark_say_(&t, memtrack_benchmark_time_(second->median_ns).text);
    memtrack_benchmark_say_(&t, ", ");
    memtrack_benchmark_percent_(&t, d.ratio);
    memtrack_benchmark_say_(&t, " (");
    memtrack_benchmark_percent_(&t, d.low_ratio);
    memtrack_benchmark_say_(&t, " to ");
    memtrack_benchmark_percent_(&t, d.high_ratio);
    snprintf(confidence, sizeof confidence, " with %d%% confidence): ", (int)(d.confidence * 100));
    memtrack_benchmark_say_(&t, confidence);
    memtrack_benchmark_say_(&t, verdicts[d.verdict + 1]);
    memtrack_benchmark_say_(&t, "\n");
    memtrack_benchmark_flush_(&t);
    return t.failed ? -MEMTRACK_EIO : 0;
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* Chooses how many iterations a sample has, and how many samples there are, by the time that
 * iterations of the warm-up took. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_plan_(struct memtrack_benchmark_run_ *run,
                                                       double iteration_ns) {
    uint64_t samples;
    double batch;
    if (iteration_ns < 1)
        iteration_ns = 1;
    if (run->is_auto) {
        run->n = (uint64_t)((double)MEMTRACK_BENCHMARK_AUTO_NS_ / iteration_ns);
        if (run->n < 10)
            run->n = 10;
    }
    batch = (double)MEMTRACK_BENCHMARK_SAMPLE_NS_ / iteration_ns;
    samples = batch < 1 ? run->n : (uint64_t)((double)run->n / batch);
    if (samples > MEMTRACK_BENCHMARK_MAX_SAMPLES_)
        samples = MEMTRACK_BENCHMARK_MAX_SAMPLES_;
    if (samples < MEMTRACK_BENCHMARK_MIN_SAMPLES_)
        samples = MEMTRACK_BENCHMARK_MIN_SAMPLES_;
    if (samples > run->n)
        samples = run->n;
    if (!(run->node = memtrack_benchmark_new_(run->name, samples)))
        return 0;
    run->node->result.iterations_per_sample = run->n / samples;
    run->node->result.iterations = run->n;
    run->node->result.warm_up = run->warm_up;
    run->node->result.n_samples = samples;
    return 1;
}

/* Begins the sample with this number: the n iterations are dealt out evenly. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_sample_(struct memtrack_benchmark_run_ *run,
                                                          uint64_t number) {
    uint64_t samples = run->node->result.n_samples;
    run->batch = run->n / samples + (number < run->n % samples);
    run->left = run->batch - 1;
    run->iterations = number;
    run->begin_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
}

/* Begins an iteration whose memory is measured, or the end. Returns whether there is one. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_scope_(struct memtrack_benchmark_run_ *run) {
    memtrack_benchmark_result *r = &run->node->result;
    uint64_t most = MEMTRACK_BENCHMARK_MEMORY_;
    if (run->phase == MEMTRACK_BENCHMARK_TIMES_ && !memtrack_is_tracing())
        most = 0;
    if (most > run->n)
        most = run->n;
    run->phase = MEMTRACK_BENCHMARK_SCOPES_;
    if (r->memory_iterations < most && memtrack_begin(&run->scope, run->name) == 0)
        return 1;
    if (r->memory_iterations) {
        r->allocated_blocks /= (double)r->memory_iterations;
        r->allocated_bytes /= (double)r->memory_iterations;
        r->net_bytes /= (double)r->memory_iterations;
    }
    run->phase = MEMTRACK_BENCHMARK_DONE_;
    memtrack_benchmark_keep_(run->node);
    return 0;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_end_scope_(struct memtrack_benchmark_run_ *run) {
    memtrack_benchmark_result *r = &run->node->result;
    memtrack_delta delta;
    memtrack_end(&run->scope, &delta);
    r->memory_iterations++;
    r->allocated_blocks += (double)delta.allocated_blocks;
    r->allocated_bytes += (double)delta.allocated_bytes;
    r->net_bytes += (double)delta.net_bytes;
    if (delta.peak_bytes > r->peak_bytes)
        r->peak_bytes = delta.peak_bytes;
}

/* Ends a stretch of the warm-up, and begins one of twice its length, or the samples. Without a
 * number of iterations, it lasts until a stretch takes a millisecond. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_warm_(struct memtrack_benchmark_run_ *run,
                                                       uint64_t now_ns) {
    uint64_t wanted = run->n / 10 ? run->n / 10 : 1;
    double iteration_ns = run->batch ? (double)(now_ns - run->begin_ns) / (double)run->batch : 0;
    int is_warm =
        run->is_auto ? run->batch && now_ns - run->begin_ns >= 1000000 : run->warm_up >= wanted;
    if (is_warm) {
        run->phase = MEMTRACK_BENCHMARK_TIMES_;
        if (!memtrack_benchmark_plan_(run, iteration_ns)) {
            run->phase = MEMTRACK_BENCHMARK_DONE_;
            return 0;
        }
        memtrack_benchmark_sample_(run, 0);
        return 1;
    }
    run->batch = run->batch ? run->batch * 2 : 1;
    if (!run->is_auto && run->batch > wanted - run->warm_up)
        run->batch = wanted - run->warm_up;
    run->warm_up += run->batch;
    run->left = run->batch - 1;
    run->begin_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    return 1;
}

/* Takes what lies between two stretches of iterations. Returns whether there are more. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_step_(struct memtrack_benchmark_run_ *run) {
    uint64_t now_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    if (run->phase == MEMTRACK_BENCHMARK_WARM_UP_)
        return memtrack_benchmark_warm_(run, now_ns);
    if (run->phase == MEMTRACK_BENCHMARK_TIMES_) {
        memtrack_benchmark_samples_(run->node)[run->iterations] =
            (double)(now_ns - run->begin_ns) / (double)run->batch;
        if (run->iterations + 1 == run->node->result.n_samples)
            return memtrack_benchmark_scope_(run);
        memtrack_benchmark_sample_(run, run->iterations + 1);
        return 1;
    }
    if (run->phase == MEMTRACK_BENCHMARK_DONE_)
        return 0;
    memtrack_benchmark_end_scope_(run);
    return memtrack_benchmark_scope_(run);
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_begin_(struct memtrack_benchmark_run_ *run,
                                                        const char *name, uint64_t n) {
    run->left = run->warm_up = run->batch = run->iterations = run->begin_ns = 0;
    run->n = n;
    run->is_auto = n == 0;
    run->name = name;
    run->node = NULL;
    run->phase = name ? MEMTRACK_BENCHMARK_WARM_UP_ : MEMTRACK_BENCHMARK_DONE_;
    return name ? 0 : -MEMTRACK_EUSAGE;
}

/* Returns whether there is another iteration. */
__attribute__((always_inline)) MEMTRACK_SYSTEM_FUNCTION_ int
memtrack_benchmark_next_(struct memtrack_benchmark_run_ *run) {
    if (run->left) {
        run->left--;
        return 1;
    }
    return memtrack_benchmark_step_(run);
}

/* Is what is left to be done when a block has been left, in whatever way. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_left_(struct memtrack_benchmark_run_ *run) {
    if (run->phase == MEMTRACK_BENCHMARK_DONE_)
        return;
    if (run->phase == MEMTRACK_BENCHMARK_SCOPES_)
        memtrack_end(&run->scope, NULL);
    if (run->node)
        memtrack_system_free_(run->node, run->node->bytes);
    run->phase = MEMTRACK_BENCHMARK_DONE_;
    fprintf(stderr,
            "memtrack: benchmark \"%.200s\" has no result: its block was left before the last "
            "iteration\n",
            run->name);
}

/* Calls fn(arg) n times while it is measured, as the block does with its content. Returns 0,
 * -MEMTRACK_EUSAGE, or -MEMTRACK_ENOMEM for want of room for the samples. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark(const char *name, uint64_t n, void (*fn)(void *),
                                                 void *arg) {
    struct memtrack_benchmark_run_ run;
    if (!fn || memtrack_benchmark_begin_(&run, name, n) != 0)
        return -MEMTRACK_EUSAGE;
    while (memtrack_benchmark_next_(&run))
        fn(arg);
    return run.node ? 0 : -MEMTRACK_ENOMEM;
}

#endif
