/* SPDX-License-Identifier: MIT */
/*
 * Three forms, told apart by what only one of them has:
 *
 *   {"schema": "memtrack-benchmark/1", "benchmarks": [{"name", "samples_ns", "memory", ...}]}
 *   {"context": {...}, "benchmarks": [{"name", "run_type", "real_time", "time_unit", ...}]}
 *   {"NAME": {"latency": {"value", ...}, "allocations": {"value"}, ...}}
 *
 * A repetition of Google's is a sample, as it is one mean: without --benchmark_repetitions there is
 * one. Its aggregates are left out where there are repetitions, and are else all there is. Bencher's
 * form has no samples: the means of one run can be put side by side, and no more.
 *
 * Several runs are several values of JSON, as `for i in 1 2 3 4 5; do ./bench; done >old.json` or
 * cat makes them. Each has a time of its own, the median of its samples, and without samples the
 * median that it states, or else the mean: of runs enough these are compared whatever the form.
 *
 * The file is read as a tree. It may be a stranger's, so its size is bounded, and a value of another
 * type than it should have is damage.
 */
#include "view/benchmarks/results.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/hash.h"
#include "memtrack/statistics.h"

enum { MOST_BYTES = 64 << 20 };

struct reader {
    const char *path;
    struct mt_results *results;
    struct mt_error *error;
    const char *text; /* of n bytes and a NUL */
    size_t n, at;     /* where the run begins that is read */
    size_t run;       /* its number, from 1 */
};

static int out_of_memory(const struct reader *reader) {
    return mt_error_set(reader->error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading",
                        reader->path);
}

static int damaged(const struct reader *reader, const char *name, const char *what) {
    return mt_error_set(reader->error, MEMTRACK_EFORMAT, "Write it again.",
                        "%s: benchmark \"%.100s\" has no %s", reader->path, name, what);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static uint64_t hash_of(const char *name) {
    uint64_t hash = 0;
    for (; *name; name++)
        hash = mt_hash_mix(hash, (unsigned char)*name);
    return hash;
}

/* Returns where in the index the name is, or would be: the number of its row and 1 more, or 0. */
static size_t *place_of(const struct mt_results *results, const char *name) {
    size_t at = hash_of(name) & (results->n_index - 1);
    while (results->index[at] && strcmp(results->rows[results->index[at] - 1].name, name) != 0)
        at = (at + 1) & (results->n_index - 1);
    return &results->index[at];
}

/* Keeps at least half of the index empty. False: out of memory. */
static bool grow_index(struct mt_results *results) {
    size_t n_index = results->n_index ? 2 * results->n_index : 64;
    if (2 * (results->n + 1) <= results->n_index)
        return true;
    size_t *index = calloc(n_index, sizeof *index);
    if (!index)
        return false;
    free(results->index);
    results->index = index;
    results->n_index = n_index;
    for (size_t i = 0; i < results->n; i++)
        *place_of(results, results->rows[i].name) = i + 1;
    return true;
}

const struct mt_results_row *mt_results_find(const struct mt_results *results, const char *name) {
    size_t number = results->n_index ? *place_of(results, name) : 0;
    return number ? &results->rows[number - 1] : NULL;
}

static struct mt_results_row *add_row(struct mt_results *results, const char *name) {
    if (!mt_array_reserve(&results->rows, &results->capacity, results->n + 1,
                          sizeof *results->rows))
        return NULL;
    struct mt_results_row *row = &results->rows[results->n];
    *row = (struct mt_results_row){
        .name = strdup(name), .mean_ns = NAN, .median_ns = NAN, .stddev_ns = NAN, .min_ns = NAN};
    if (!row->name)
        return NULL;
    results->n++;
    return row;
}

/* Returns the row of this name, made if there is none, and notes that this run has it; NULL: out of
 * memory. */
static struct mt_results_row *row_of(struct mt_results *results, const char *name) {
    if (!grow_index(results))
        return NULL;
    size_t *place = place_of(results, name);
    struct mt_results_row *row = *place ? &results->rows[*place - 1] : add_row(results, name);
    if (!row || row->is_in_run)
        return row;
    *place = (size_t)(row - results->rows) + 1;
    row->is_in_run = true;
    row->said = (struct mt_results_said){NAN, NAN, NAN};
    row->next_in_run = results->first_in_run;
    results->first_in_run = *place;
    return row;
}

/* A time that a benchmark can take. */
static bool is_time(double ns) {
    return isfinite(ns) && ns >= 0;
}

static int add_sample(const struct reader *reader, struct mt_results_row *row, double ns) {
    if (!is_time(ns))
        return damaged(reader, row->name, "times of 0 or more");
    if (!mt_array_reserve(&row->samples_ns, &row->capacity, row->n_samples + 1,
                          sizeof *row->samples_ns))
        return out_of_memory(reader);
    row->samples_ns[row->n_samples++] = ns;
    return 0;
}

/* Takes a figure of an iteration, if it is there. Of a benchmark that was repeated the highest
 * stays: a repetition that allocated more is not hidden. */
static void add_figure(struct mt_results_row *row, enum mt_results_figure which,
                       const json_t *value) {
    double figure = json_number_value(value);
    if (!json_is_number(value) || !isfinite(figure) || figure < 0)
        return;
    if (!row->is_known[which] || figure > row->figure[which])
        row->figure[which] = figure;
    row->is_known[which] = true;
}

/* Returns the time of this run, NAN: it has none. Samples of one run stay together, and sorted. */
static double time_of_run(struct mt_results_row *row) {
    size_t n = row->n_samples - row->n_before;
    if (n == 0)
        return isnan(row->said.median_ns) ? row->said.mean_ns : row->said.median_ns;
    memtrack_statistics_sort(row->samples_ns + row->n_before, n);
    row->n_before = row->n_samples;
    return memtrack_statistics_median(row->samples_ns + row->n_before - n, n);
}

/* Of the figures that runs state themselves, only means can be put together. */
static void add_said(struct mt_results_row *row) {
    const struct mt_results_said *said = &row->said;
    bool is_first = row->n_runs == 1;
    row->mean_ns = is_first ? said->mean_ns
                            : row->mean_ns + (said->mean_ns - row->mean_ns) / (double)row->n_runs;
    row->median_ns = is_first ? said->median_ns : NAN;
    row->stddev_ns = is_first ? said->stddev_ns : NAN;
}

static int end_row(const struct reader *reader, struct mt_results_row *row) {
    double time_ns = time_of_run(row);
    if (isnan(time_ns))
        return 0;
    if (!mt_array_reserve(&row->runs_ns, &row->runs_capacity, row->n_runs + 1,
                          sizeof *row->runs_ns))
        return out_of_memory(reader);
    row->runs_ns[row->n_runs++] = time_ns;
    add_said(row);
    return 0;
}

/* Only rows that the run has: there may be many of both. */
static int end_run(const struct reader *reader) {
    struct mt_results *results = reader->results;
    int rc = 0;
    while (results->first_in_run && rc == 0) {
        struct mt_results_row *row = &results->rows[results->first_in_run - 1];
        results->first_in_run = row->next_in_run;
        row->is_in_run = false;
        rc = end_row(reader, row);
    }
    return rc;
}

static void judge_samples(struct mt_results_row *row) {
    size_t n = row->n_samples;
    memtrack_statistics_sort(row->samples_ns, n);
    row->mean_ns = memtrack_statistics_mean(row->samples_ns, n);
    row->median_ns = memtrack_statistics_median(row->samples_ns, n);
    row->min_ns = row->samples_ns[0];
    row->stddev_ns = n > 1 ? memtrack_statistics_deviation(row->samples_ns, n, row->mean_ns) : NAN;
}

static void judge(struct mt_results_row *row) {
    size_t enough = row->n_samples ? MT_RESULTS_ENOUGH_RUNS : 2;
    memtrack_statistics_sort(row->runs_ns, row->n_runs);
    if (row->n_samples)
        judge_samples(row);
    if (row->n_runs >= enough)
        row->median_ns = memtrack_statistics_median(row->runs_ns, row->n_runs);
}

/* ---- our own form ---------------------------------------------------------------------------- */

static int read_own(const struct reader *reader, const json_t *entry, const char *name) {
    struct mt_results_row *row = row_of(reader->results, name);
    const json_t *samples = json_object_get(entry, "samples_ns"), *sample,
                 *memory = json_object_get(entry, "memory");
    size_t i;
    int rc = 0;
    if (!row)
        return out_of_memory(reader);
    if (json_array_size(samples) == 0)
        return damaged(reader, name, "samples_ns");
    json_array_foreach(samples, i, sample) {
        if (rc == 0)
            rc = add_sample(reader, row, json_is_number(sample) ? json_number_value(sample) : -1);
    }
    if (rc == 0) {
        add_figure(row, MT_RESULTS_BLOCKS, json_object_get(memory, "allocated_blocks"));
        add_figure(row, MT_RESULTS_BYTES, json_object_get(memory, "allocated_bytes"));
        add_figure(row, MT_RESULTS_PEAK, json_object_get(memory, "peak_bytes"));
    }
    return rc;
}

/* ---- Google Benchmark ------------------------------------------------------------------------ */

/* Returns the nanoseconds of a unit, 0: there is no such unit. Without one it is ns. */
static double unit_ns(const json_t *unit) {
    static const char *const names[] = {"ns", "us", "ms", "s"};
    static const double ns[] = {1, 1e3, 1e6, 1e9};
    const char *name = json_string_value(unit);
    if (!unit)
        return 1;
    for (size_t i = 0; name && i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return ns[i];
    return 0;
}

static bool is_text(const json_t *value, const char *text) {
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* One of the figures over all repetitions, which go by the names of run_name. */
static int take_aggregate(const struct reader *reader, struct mt_results_row *row,
                          const json_t *which, double ns) {
    double *figure = is_text(which, "mean")     ? &row->said.mean_ns
                     : is_text(which, "median") ? &row->said.median_ns
                     : is_text(which, "stddev") ? &row->said.stddev_ns
                                                : NULL;
    if (figure && !is_time(ns))
        return damaged(reader, row->name, "times of 0 or more");
    if (figure)
        *figure = ns;
    return 0;
}

static int read_google(const struct reader *reader, const json_t *entry, const char *name) {
    const json_t *time = json_object_get(entry, "real_time"),
                 *run_name = json_object_get(entry, "run_name");
    bool is_aggregate = is_text(json_object_get(entry, "run_type"), "aggregate");
    double unit = unit_ns(json_object_get(entry, "time_unit"));
    if (json_is_true(json_object_get(entry, "error_occurred")) ||
        json_is_true(json_object_get(entry, "skipped")))
        return 0; /* it has measured nothing */
    if (is_aggregate && (is_text(json_object_get(entry, "aggregate_unit"), "percentage") || !time))
        return 0; /* coefficients: of variation, of a complexity */
    if (!json_is_number(time) || unit == 0)
        return damaged(reader, name, "real_time with a known time_unit");
    struct mt_results_row *row =
        row_of(reader->results, json_is_string(run_name) ? json_string_value(run_name) : name);
    if (!row)
        return out_of_memory(reader);
    double ns = json_number_value(time) * unit;
    if (is_aggregate)
        return take_aggregate(reader, row, json_object_get(entry, "aggregate_name"), ns);
    add_figure(row, MT_RESULTS_BLOCKS, json_object_get(entry, "allocs_per_iter"));
    add_figure(row, MT_RESULTS_PEAK, json_object_get(entry, "max_bytes_used"));
    return add_sample(reader, row, ns);
}

/* ---- Bencher --------------------------------------------------------------------------------- */

static int read_bencher(const struct reader *reader, const json_t *entry, const char *name) {
    static const char *const measures[] = {"allocations", "allocated-bytes", "peak-bytes"};
    const json_t *latency = json_object_get(json_object_get(entry, "latency"), "value");
    if (!json_is_number(latency) || !is_time(json_number_value(latency)))
        return damaged(reader, name, "latency");
    struct mt_results_row *row = row_of(reader->results, name);
    if (!row)
        return out_of_memory(reader);
    row->said.mean_ns = json_number_value(latency);
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++)
        add_figure(row, i, json_object_get(json_object_get(entry, measures[i]), "value"));
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

typedef int read_entry(const struct reader *reader, const json_t *entry, const char *name);

static int read_list(const struct reader *reader, const json_t *list, read_entry *read) {
    const json_t *entry;
    size_t i;
    int rc = 0;
    json_array_foreach(list, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        if (rc == 0)
            rc = name ? read(reader, entry, name)
                      : mt_error_set(reader->error, MEMTRACK_EFORMAT, "Write it again.",
                                     "%s: benchmark %zu has no name", reader->path, i + 1);
    }
    return rc;
}

static int read_members(const struct reader *reader, json_t *root) {
    const char *name;
    json_t *entry;
    int rc = 0;
    json_object_foreach(root, name, entry) {
        if (rc == 0)
            rc = read_bencher(reader, entry, name);
    }
    return rc;
}

static int unknown(const struct reader *reader, const char *what) {
    char run[32] = "";
    if (reader->run > 1) /* those before it have some */
        snprintf(run, sizeof run, "run %zu of ", reader->run);
    return mt_error_set(reader->error, MEMTRACK_EFORMAT,
                        "MEMTRACK_BENCHMARK_FORMAT=json MEMTRACK_BENCHMARK_OUT=FILE writes results "
                        "of benchmarks; memtrack diff compares profiles.",
                        "%s%s has no results of benchmarks: %s", run, reader->path, what);
}

/* Is each member an object that has a latency? */
static bool is_bencher(json_t *root) {
    const char *name;
    json_t *entry;
    json_object_foreach(root, name, entry) {
        if (!json_object_get(entry, "latency"))
            return false;
    }
    return json_object_size(root) > 0;
}

static int read_root(const struct reader *reader, json_t *root) {
    const json_t *list = json_object_get(root, "benchmarks"),
                 *first = json_array_size(root) ? json_array_get(root, 0) : NULL;
    if (is_text(json_object_get(root, "schema"), "memtrack-benchmark/1"))
        return read_list(reader, list, read_own);
    if (json_is_array(list) && json_object_get(root, "context")) {
        reader->results->form = MT_RESULTS_GOOGLE;
        return read_list(reader, list, read_google);
    }
    if (is_bencher(root)) {
        reader->results->form = MT_RESULTS_BENCHER;
        return read_members(reader, root);
    }
    return unknown(reader, json_object_get(first, "unit")
                               ? "it is for github-action-benchmark, and has means alone"
                               : "it is JSON of another kind");
}

/* Makes a place in the run, which counts from 1, one in the file. */
static void place_in_file(const struct reader *reader, json_error_t *where) {
    int lines = 0, column = 0;
    for (size_t i = 0; i < reader->at; i++) {
        column += ((unsigned char)reader->text[i] & 0xc0) != 0x80; /* characters of UTF-8 */
        if (reader->text[i] == '\n') {
            lines++;
            column = 0;
        }
    }
    where->column += where->line == 1 ? column : 0;
    where->line += lines;
}

static int not_json(const struct reader *reader, json_error_t *where) {
    char what[256];
    if ((unsigned char)reader->text[reader->at] == 0x1f)
        return unknown(reader, "it is compressed, as profiles are");
    place_in_file(reader, where);
    snprintf(what, sizeof what, "line %d, column %d: %.150s", where->line, where->column,
             where->text);
    return unknown(reader, what);
}

/* Reads one run, and goes to where the next one begins. */
static int read_run(struct reader *reader) {
    json_error_t where;
    json_t *root = json_loadb(reader->text + reader->at, reader->n - reader->at,
                              JSON_DISABLE_EOF_CHECK, &where);
    if (!root)
        return not_json(reader, &where);
    int rc = read_root(reader, root);
    json_decref(root);
    if (rc == 0)
        rc = end_run(reader);
    reader->at += (size_t)where.position;
    reader->at += strspn(reader->text + reader->at, " \n\r\t");
    return rc;
}

static int read_text(struct reader *reader) {
    int rc = reader->n == 0 ? unknown(reader, "it is empty") : 0;
    while (rc == 0 && reader->at < reader->n) {
        reader->run++;
        rc = read_run(reader);
    }
    for (size_t i = 0; i < reader->results->n; i++)
        judge(&reader->results->rows[i]);
    reader->run = 0;
    return rc == 0 && reader->results->n == 0 ? unknown(reader, "its list is empty") : rc;
}

/* Reads what the file has, up to one byte more than is taken. *text is malloc'ed, with a NUL. */
static int read_file(const struct reader *reader, int fd, char **text, size_t *n) {
    size_t capacity = 0;
    ssize_t got = 1;
    while (got > 0 && *n <= MOST_BYTES) {
        if (!mt_array_reserve(text, &capacity, *n + (1 << 16), 1))
            return out_of_memory(reader);
        got = read(fd, *text + *n, capacity - *n - 1);
        *n += got > 0 ? (size_t)got : 0;
        (*text)[*n] = '\0';
    }
    if (got < 0)
        return mt_error_set(reader->error, MEMTRACK_EIO,
                            "Give files that a benchmark has written, or - for standard input.",
                            "cannot read %s: %m", reader->path);
    return *n <= MOST_BYTES
               ? 0
               : mt_error_set(reader->error, MEMTRACK_ELIMIT, "Compare fewer benchmarks at once.",
                              "%s is refused: it has more than %d MiB", reader->path,
                              MOST_BYTES >> 20);
}

int mt_results_load(const char *path, struct mt_results *results, struct mt_error *error) {
    struct reader reader = {.path = path, .results = results, .error = error};
    *results = (struct mt_results){.form = MT_RESULTS_MEMTRACK};
    char *text = NULL;
    size_t n = 0;
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO,
                            errno == ENOENT ? "Give files that a benchmark has written."
                                            : "Check permissions.",
                            "cannot open %s: %m", path);
    int rc = read_file(&reader, fd, &text, &n);
    if (!is_input)
        close(fd);
    reader.text = text;
    reader.n = n;
    if (rc == 0)
        rc = read_text(&reader);
    free(text);
    return rc;
}

void mt_results_free(struct mt_results *results) {
    for (size_t i = 0; i < results->n; i++) {
        free(results->rows[i].name);
        free(results->rows[i].samples_ns);
        free(results->rows[i].runs_ns);
    }
    free(results->rows);
    free(results->index);
    *results = (struct mt_results){0};
}
