/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: bytes are read as a file of benchmarks, of which there may be several runs; what is
 * accepted is compared with itself.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_results
 */
#include <math.h>
#include <stdio.h>

#include "fuzz-check.h"
#include "view/benchmarks/cells.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct mt_results_row *row) {
    double time = mt_pairs_time(row);
    require(row->n_runs ? isfinite(time) && time >= 0 : isnan(time) && row->n_samples == 0);
    for (size_t i = 0; i < row->n_samples; i++)
        require(row->samples_ns[i] >= (i ? row->samples_ns[i - 1] : 0));
    for (size_t i = 0; i < row->n_runs; i++)
        require(row->runs_ns[i] >= (i ? row->runs_ns[i - 1] : 0));
}

static void check_pairs(const struct mt_results *results) {
    struct mt_pairs pairs;
    struct mt_error error;
    struct mt_cells cells;
    require(mt_pairs_build(results, results, &pairs, &error) == 0);
    require(pairs.n == results->n && pairs.n_of[MT_PAIRS_NEW] + pairs.n_of[MT_PAIRS_GONE] == 0);
    for (size_t i = 0; i < pairs.n; i++) {
        mt_cells_of_time(&pairs.rows[i], &cells);
        require(strcmp(cells.old, cells.new) == 0);
        for (enum mt_results_figure f = 0; f < MT_RESULTS_N_FIGURES; f++)
            if (mt_pairs_has(&pairs.rows[i], f))
                mt_cells_of_figure(&pairs.rows[i], f, &cells);
    }
    mt_pairs_free(&pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mt_results results;
    struct mt_error error = {{0}, {0}};
    char path[32];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (mt_results_load(path, &results, &error) < 0) {
        require(error.message[0] != '\0');
    } else {
        require(results.n > 0);
        for (size_t i = 0; i < results.n; i++)
            check_row(&results.rows[i]);
        check_pairs(&results);
    }
    mt_results_free(&results);
    close(fd);
    return 0;
}
