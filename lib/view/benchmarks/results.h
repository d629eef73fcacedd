/* SPDX-License-Identifier: MIT */
/*
 * What a file of benchmarks says: times of an iteration, and what an iteration allocates.
 */
#ifndef MT_VIEW_BENCHMARKS_RESULTS_H
#define MT_VIEW_BENCHMARKS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Of an iteration: on the average, but for the peak, which is the highest. */
enum mt_results_figure {
    MT_RESULTS_BLOCKS,
    MT_RESULTS_BYTES,
    MT_RESULTS_PEAK, /* bytes */
    MT_RESULTS_N_FIGURES
};

/* Runs that are enough to tell by them, and not by the samples, what varies. */
enum { MT_RESULTS_ENOUGH_RUNS = 4 };

/* Figures over a run that it states itself. NAN: it does not. */
struct mt_results_said {
    double mean_ns, median_ns, stddev_ns;
};

struct mt_results_row {
    char *name;
    double *samples_ns; /* sorted; n_samples 0: the file has none, only what follows */
    size_t n_samples;
    double *runs_ns; /* sorted; of each run the median: of its samples, or the one it states, or
                        else its mean */
    size_t n_runs;
    size_t n_before, capacity, runs_capacity; /* private: samples of earlier runs */
    struct mt_results_said said;              /* private: by the run that is read */
    bool is_in_run;                           /* private: the same run has it */
    size_t next_in_run;                       /* private: a row before, as in the index */
    /* median_ns is that of runs_ns when these are enough, or when there are several and no samples.
     * NAN: not known. */
    double mean_ns, median_ns, stddev_ns, min_ns;
    bool is_known[MT_RESULTS_N_FIGURES];
    double figure[MT_RESULTS_N_FIGURES];
};

enum mt_results_form {
    MT_RESULTS_MEMTRACK, /* MEMTRACK_BENCHMARK_FORMAT=json, memtrack-benchmark/1 */
    MT_RESULTS_GOOGLE,   /* Google Benchmark, --benchmark_format=json */
    MT_RESULTS_BENCHER,  /* Bencher's metric format */
};

struct mt_results {
    enum mt_results_form form;
    struct mt_results_row *rows; /* in the order of the file */
    size_t n, capacity;
    size_t *index, n_index; /* private: rows by their names; number and 1 more, or 0 */
    size_t first_in_run;    /* private: of the rows of the run that is read */
};

/*
 * Reads a file, which may hold what several runs have written, one after the other. Results of one
 * name are one row with the samples of all: these are a benchmark that was repeated. Returns 0,
 * -MEMTRACK_EIO, -MEMTRACK_EFORMAT (which says what the file is, where it is known),
 * -MEMTRACK_ELIMIT or -MEMTRACK_ENOMEM; to be freed in either case.
 */
int mt_results_load(const char *path, struct mt_results *results, struct mt_error *error);
void mt_results_free(struct mt_results *results);

/* Returns the row of this name, or NULL. */
const struct mt_results_row *mt_results_find(const struct mt_results *results, const char *name);

#endif
