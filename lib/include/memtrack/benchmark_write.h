/* SPDX-License-Identifier: MIT */
/*
 * The results of memtrack/benchmark.h as a table, and as what machines read. That header includes
 * this one.
 *
 *     memtrack_benchmark_write(1, MEMTRACK_BENCHMARK_TABLE);
 *
 *         N     MEAN   STDDEV   MEDIAN      MIN      MAX    OUT  ALLOCS       PEAK  BENCHMARK
 *     1,000  51.2 ns  0.79 ns  51.2 ns  50.3 ns  53.7 ns      2    1.00     1000 B  parse
 *
 * What has not been written when the program ends is written then, in the format that
 * MEMTRACK_BENCHMARK_FORMAT names (table, json, bencher, github), to the file that
 * MEMTRACK_BENCHMARK_OUT names, or to standard output.
 *
 *     json      everything, with all samples: docs/schema/memtrack-benchmark-1.json
 *     bencher   Bencher Metric Format, for bencher run --adapter json: latency is the mean, between
 *               one standard deviation less and one more, as for the tools that Bencher knows
 *     github    github-action-benchmark with tool: customSmallerIsBetter
 *
 * A number is written with 17 digits, so that a reader gets the very same one, and with a point
 * whatever the locale.
 */
#ifndef MEMTRACK_BENCHMARK_WRITE_H
#define MEMTRACK_BENCHMARK_WRITE_H

#include <fcntl.h>
#include <sched.h>

enum memtrack_benchmark_format {
    MEMTRACK_BENCHMARK_TABLE,
    MEMTRACK_BENCHMARK_JSON,
    MEMTRACK_BENCHMARK_BENCHER,
    MEMTRACK_BENCHMARK_GITHUB
};

/* What is to be written, and where. */
struct memtrack_benchmark_text_ {
    int fd, failed;
    size_t used;
    char text[4096];
};

/* ---- the list -------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_lock_(void) {
    while (__atomic_exchange_n(&memtrack_benchmark_list_.lock, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_unlock_(void) {
    __atomic_store_n(&memtrack_benchmark_list_.lock, 0, __ATOMIC_RELEASE);
}

/* ---- texts and numbers ----------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_flush_(struct memtrack_benchmark_text_ *t) {
    if (memtrack_system_write_(t->fd, t->text, t->used) != 0)
        t->failed = 1;
    t->used = 0;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_add_(struct memtrack_benchmark_text_ *t,
                                                       const char *text, size_t bytes) {
    while (bytes) {
        size_t part = sizeof t->text - t->used;
        part = part < bytes ? part : bytes;
        memcpy(t->text + t->used, text, part);
        t->used += part;
        text += part;
        bytes -= part;
        if (t->used == sizeof t->text)
            memtrack_benchmark_flush_(t);
    }
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_say_(struct memtrack_benchmark_text_ *t,
                                                       const char *text) {
    memtrack_benchmark_add_(t, text, strlen(text));
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_number_(struct memtrack_benchmark_text_ *t,
                                                          double value) {
    char digits[40];
    int n = snprintf(digits, sizeof digits, "%.17g", value);
    for (int i = 0; i < n; i++) /* the locale's point may be several bytes */
        if (strchr("+-0123456789e", digits[i]))
            memtrack_benchmark_add_(t, &digits[i], 1);
        else if (i == 0 || strchr("+-0123456789e", digits[i - 1]))
            memtrack_benchmark_say_(t, ".");
}

/* Returns how many bytes of a text, from 1 on, are a character of UTF-8; 0: none are. */
MEMTRACK_SYSTEM_FUNCTION_ size_t memtrack_benchmark_character_(const unsigned char *text) {
    size_t n = text[0] < 0x80                      ? 1
               : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
               : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
               : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                   : 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90))
        return 0;
    return n;
}

/* Adds a text and its end as they stand inside of quotation marks. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_escape_(struct memtrack_benchmark_text_ *t,
                                                          const char *text) {
    while (*text) {
        char code[8];
        size_t n = memtrack_benchmark_character_((const unsigned char *)text);
        if (n == 0 || (unsigned char)*text < 0x20) {
            snprintf(code, sizeof code, "\\u%04x", n ? (unsigned)(unsigned char)*text : 0xfffdu);
            memtrack_benchmark_say_(t, code);
            n = 1;
        } else {
            if (*text == '"' || *text == '\\')
                memtrack_benchmark_say_(t, "\\");
            memtrack_benchmark_add_(t, text, n);
        }
        text += n;
    }
}

/* Adds "NAME":NUMBER after before. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_member_(struct memtrack_benchmark_text_ *t,
                                                          const char *before, const char *name,
                                                          double value) {
    memtrack_benchmark_say_(t, before);
    memtrack_benchmark_say_(t, "\"");
    memtrack_benchmark_say_(t, name);
    memtrack_benchmark_say_(t, "\":");
    memtrack_benchmark_number_(t, value);
}

/* ---- the table ------------------------------------------------------------------------------- */

struct memtrack_benchmark_cell_ {
    char text[48];
};

/* Returns three digits of a value below 1000, or all of its whole ones: "1.23", "12.3", "123". */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_cell_
memtrack_benchmark_digits_(double value, const char *unit) {
    struct memtrack_benchmark_cell_ cell;
    uint64_t whole = (uint64_t)value, places = value < 9.995 ? 100 : value < 99.95 ? 10 : 1;
    uint64_t scaled = (uint64_t)(value * (double)places + 0.5);
    whole = scaled / places;
    if (places == 1)
        snprintf(cell.text, sizeof cell.text, "%llu%s", (unsigned long long)whole, unit);
    else
        snprintf(cell.text, sizeof cell.text, "%llu.%0*llu%s", (unsigned long long)whole,
                 places == 100 ? 2 : 1, (unsigned long long)(scaled % places), unit);
    return cell;
}

/* Returns "1.23 ns", "45.6 us". */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_cell_ memtrack_benchmark_time_(double ns) {
    static const char *const units[] = {" ns", " us", " ms", " s"};
    int unit = 0;
    for (; unit < 3 && ns >= 999.5; unit++)
        ns /= 1000;
    return memtrack_benchmark_digits_(ns, units[unit]);
}

/* Returns "512 B", "1.5 KiB". */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_cell_ memtrack_benchmark_size_(double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct memtrack_benchmark_cell_ cell;
    int unit = 0;
    uint64_t tenths;
    for (; unit < 6 && bytes >= (unit ? 1023.95 : 1024); unit++)
        bytes /= 1024;
    tenths = (uint64_t)(bytes * 10 + 0.5);
    if (unit == 0)
        snprintf(cell.text, sizeof cell.text, "%llu B", (unsigned long long)(bytes + 0.5));
    else
        snprintf(cell.text, sizeof cell.text, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                 (unsigned long long)(tenths % 10), units[unit]);
    return cell;
}

/* Returns "12,345". */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_cell_
memtrack_benchmark_count_(uint64_t count) {
    struct memtrack_benchmark_cell_ cell;
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count), used = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            cell.text[used++] = ',';
        cell.text[used++] = digits[i];
    }
    cell.text[used] = 0;
    return cell;
}

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_benchmark_cell_
memtrack_benchmark_blocks_(double blocks) {
    return blocks < 99.95 ? memtrack_benchmark_digits_(blocks, "")
                          : memtrack_benchmark_count_((uint64_t)(blocks + 0.5));
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_column_(struct memtrack_benchmark_text_ *t,
                                                          int width, const char *text) {
    for (size_t length = strlen(text); (size_t)width > length; length++)
        memtrack_benchmark_say_(t, " ");
    memtrack_benchmark_say_(t, text);
}

/* Says what a program has given: what would move the cursor is not passed on. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_name_(struct memtrack_benchmark_text_ *t,
                                                        const char *name) {
    for (; *name; name++)
        memtrack_benchmark_add_(t, (unsigned char)*name < 0x20 || *name == 0x7f ? "?" : name, 1);
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_row_(struct memtrack_benchmark_text_ *t,
                                                       const memtrack_benchmark_result *r,
                                                       int width, int has_memory) {
    double times[5];
    times[0] = r->mean_ns;
    times[1] = r->stddev_ns;
    times[2] = r->median_ns;
    times[3] = r->min_ns;
    times[4] = r->max_ns;
    memtrack_benchmark_column_(t, width, memtrack_benchmark_count_(r->iterations).text);
    for (int i = 0; i < 5; i++)
        memtrack_benchmark_column_(t, 9, memtrack_benchmark_time_(times[i]).text);
    memtrack_benchmark_column_(t, 7,
                               memtrack_benchmark_count_(r->low_outliers + r->high_outliers).text);
    if (has_memory) {
        const char *none = "";
        int known = r->memory_iterations != 0;
        memtrack_benchmark_column_(
            t, 8, known ? memtrack_benchmark_blocks_(r->allocated_blocks).text : none);
        memtrack_benchmark_column_(
            t, 11, known ? memtrack_benchmark_size_((double)r->peak_bytes).text : none);
    }
    memtrack_benchmark_say_(t, "  ");
    memtrack_benchmark_name_(t, r->name);
    memtrack_benchmark_say_(t, "\n");
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_table_(struct memtrack_benchmark_text_ *t,
                                                         int whole) {
    int has_memory = 0, width = 9; /* what is run as often as fits has eleven characters */
    struct memtrack_benchmark_node_ *node;
    for (node = memtrack_benchmark_list_.first; node; node = node->next) {
        int length = (int)strlen(memtrack_benchmark_count_(node->result.iterations).text);
        if (!whole && node->is_written)
            continue;
        has_memory |= node->result.memory_iterations != 0;
        width = length > width ? length : width;
    }
    memtrack_benchmark_column_(t, width, "N");
    memtrack_benchmark_say_(t, "     MEAN   STDDEV   MEDIAN      MIN      MAX    OUT");
    memtrack_benchmark_say_(t, has_memory ? "  ALLOCS       PEAK  BENCHMARK\n" : "  BENCHMARK\n");
    for (node = memtrack_benchmark_list_.first; node; node = node->next)
        if (whole || !node->is_written)
            memtrack_benchmark_row_(t, &node->result, width, has_memory);
}

/* ---- for machines ---------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_object_(struct memtrack_benchmark_text_ *t,
                                                          const memtrack_benchmark_result *r) {
    memtrack_benchmark_say_(t, "{\"name\":\"");
    memtrack_benchmark_escape_(t, r->name);
    memtrack_benchmark_member_(t, "\",", "iterations", (double)r->iterations);
    memtrack_benchmark_member_(t, ",", "warm_up_iterations", (double)r->warm_up);
    memtrack_benchmark_member_(t, ",", "iterations_per_sample", (double)r->iterations_per_sample);
    memtrack_benchmark_member_(t, ",", "mean_ns", r->mean_ns);
    memtrack_benchmark_member_(t, ",", "stddev_ns", r->stddev_ns);
    memtrack_benchmark_member_(t, ",", "min_ns", r->min_ns);
    memtrack_benchmark_member_(t, ",", "lower_quartile_ns", r->lower_quartile_ns);
    memtrack_benchmark_member_(t, ",", "median_ns", r->median_ns);
    memtrack_benchmark_member_(t, ",", "upper_quartile_ns", r->upper_quartile_ns);
    memtrack_benchmark_member_(t, ",", "max_ns", r->max_ns);
    memtrack_benchmark_member_(t, ",\"outliers\":{", "low", (double)r->low_outliers);
    memtrack_benchmark_member_(t, ",", "high", (double)r->high_outliers);
    memtrack_benchmark_member_(t, ",", "far", (double)r->far_outliers);
    if (r->memory_iterations) {
        memtrack_benchmark_member_(t, "},\"memory\":{", "iterations", (double)r->memory_iterations);
        memtrack_benchmark_member_(t, ",", "allocated_blocks", r->allocated_blocks);
        memtrack_benchmark_member_(t, ",", "allocated_bytes", r->allocated_bytes);
        memtrack_benchmark_member_(t, ",", "net_bytes", r->net_bytes);
        memtrack_benchmark_member_(t, ",", "peak_bytes", (double)r->peak_bytes);
        memtrack_benchmark_say_(t, "}");
    } else {
        memtrack_benchmark_say_(t, "},\"memory\":null");
    }
    memtrack_benchmark_say_(t, ",\"samples_ns\":[");
    for (uint64_t i = 0; i < r->n_samples; i++) {
        memtrack_benchmark_say_(t, i ? "," : "");
        memtrack_benchmark_number_(t, r->samples_ns[i]);
    }
    memtrack_benchmark_say_(t, "]}");
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_bencher_(struct memtrack_benchmark_text_ *t,
                                                           const memtrack_benchmark_result *r) {
    double low = r->mean_ns - r->stddev_ns;
    memtrack_benchmark_say_(t, "\"");
    memtrack_benchmark_escape_(t, r->name);
    memtrack_benchmark_member_(t, "\":{\"latency\":{", "value", r->mean_ns);
    memtrack_benchmark_member_(t, ",", "lower_value", low > 0 ? low : 0);
    memtrack_benchmark_member_(t, ",", "upper_value", r->mean_ns + r->stddev_ns);
    memtrack_benchmark_say_(t, "}");
    if (r->memory_iterations) {
        memtrack_benchmark_member_(t, ",\"allocations\":{", "value", r->allocated_blocks);
        memtrack_benchmark_member_(t, "},\"allocated-bytes\":{", "value", r->allocated_bytes);
        memtrack_benchmark_member_(t, "},\"peak-bytes\":{", "value", (double)r->peak_bytes);
        memtrack_benchmark_say_(t, "}");
    }
    memtrack_benchmark_say_(t, "}");
}

/* Adds an entry of github-action-benchmark; of is "" or begins with a blank. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_entry_(struct memtrack_benchmark_text_ *t,
                                                         const memtrack_benchmark_result *r,
                                                         const char *of, const char *unit,
                                                         double value) {
    memtrack_benchmark_say_(t, "{\"name\":\"");
    memtrack_benchmark_escape_(t, r->name);
    memtrack_benchmark_say_(t, of);
    memtrack_benchmark_say_(t, "\",\"unit\":\"");
    memtrack_benchmark_say_(t, unit);
    memtrack_benchmark_member_(t, "\",", "value", value);
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_github_(struct memtrack_benchmark_text_ *t,
                                                          const memtrack_benchmark_result *r) {
    memtrack_benchmark_entry_(t, r, "", "ns/iteration", r->mean_ns);
    memtrack_benchmark_say_(t, ",\"range\":\"\xc2\xb1 ");
    memtrack_benchmark_say_(t, memtrack_benchmark_digits_(r->stddev_ns, "").text);
    memtrack_benchmark_say_(t, "\",\"extra\":\"");
    memtrack_benchmark_say_(t, memtrack_benchmark_count_(r->iterations).text);
    memtrack_benchmark_say_(t, " iterations\\nmedian ");
    memtrack_benchmark_say_(t, memtrack_benchmark_time_(r->median_ns).text);
    memtrack_benchmark_say_(t, "\\nlowest ");
    memtrack_benchmark_say_(t, memtrack_benchmark_time_(r->min_ns).text);
    memtrack_benchmark_say_(t, "\\nhighest ");
    memtrack_benchmark_say_(t, memtrack_benchmark_time_(r->max_ns).text);
    memtrack_benchmark_say_(t, "\"}");
    if (r->memory_iterations) {
        memtrack_benchmark_say_(t, ",");
        memtrack_benchmark_entry_(t, r, " allocations", "blocks/iteration", r->allocated_blocks);
        memtrack_benchmark_say_(t, "},");
        memtrack_benchmark_entry_(t, r, " peak", "bytes", (double)r->peak_bytes);
        memtrack_benchmark_say_(t, "}");
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_all_(struct memtrack_benchmark_text_ *t,
                                                       enum memtrack_benchmark_format format,
                                                       int whole) {
    static const char *const begin[] = {"", "{\"schema\":\"memtrack-benchmark/1\",\"benchmarks\":[",
                                        "{", "["};
    static const char *const end[] = {"", "]}\n", "}\n", "]\n"};
    const char *comma = "\n";
    memtrack_benchmark_say_(t, begin[format]);
    if (format == MEMTRACK_BENCHMARK_TABLE)
        memtrack_benchmark_table_(t, whole);
    for (struct memtrack_benchmark_node_ *node = memtrack_benchmark_list_.first; node;
         node = node->next) {
        if (format == MEMTRACK_BENCHMARK_TABLE || !(whole || !node->is_written))
            continue;
        memtrack_benchmark_say_(t, comma);
        comma = ",\n";
        if (format == MEMTRACK_BENCHMARK_JSON)
            memtrack_benchmark_object_(t, &node->result);
        else if (format == MEMTRACK_BENCHMARK_BENCHER)
            memtrack_benchmark_bencher_(t, &node->result);
        else
            memtrack_benchmark_github_(t, &node->result);
    }
    memtrack_benchmark_say_(t, end[format]);
    memtrack_benchmark_flush_(t);
    for (struct memtrack_benchmark_node_ *node = memtrack_benchmark_list_.first; node;
         node = node->next)
        node->is_written |= !t->failed;
}

/* Writes all results to a file descriptor. Returns 0, -MEMTRACK_EUSAGE or -MEMTRACK_EIO. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_benchmark_write(int fd,
                                                       enum memtrack_benchmark_format format) {
    struct memtrack_benchmark_text_ text;
    if ((unsigned)format > MEMTRACK_BENCHMARK_GITHUB)
        return -MEMTRACK_EUSAGE;
    text.fd = fd;
    text.failed = 0;
    text.used = 0;
    memtrack_benchmark_lock_();
    memtrack_benchmark_all_(&text, format, 1);
    memtrack_benchmark_unlock_();
    return text.failed ? -MEMTRACK_EIO : 0;
}

/* Returns the format that the environment names. */
MEMTRACK_SYSTEM_FUNCTION_ enum memtrack_benchmark_format memtrack_benchmark_wanted_(void) {
    static const char *const names[] = {"table", "json", "bencher", "github"};
    const char *name = getenv("MEMTRACK_BENCHMARK_FORMAT");
    for (int i = 0; name && *name && i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum memtrack_benchmark_format)i;
    if (name && *name)
        fprintf(stderr,
                "memtrack: MEMTRACK_BENCHMARK_FORMAT=%.40s: there is no such format; use table, "
                "json, bencher or github\n",
                name);
    return MEMTRACK_BENCHMARK_TABLE;
}

/* Writes what has not been written, when the program ends. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_benchmark_at_exit_(void) {
    struct memtrack_benchmark_text_ text;
    const char *path = getenv("MEMTRACK_BENCHMARK_OUT");
    int left = 0;
    if (memtrack_benchmark_list_.pid != (long)getpid())
        return;
    memtrack_benchmark_list_.pid = 0;
    for (struct memtrack_benchmark_node_ *node = memtrack_benchmark_list_.first; node;
         node = node->next)
        left |= !node->is_written;
    if (!left)
        return;
    fflush(stdout);
    text.fd = path && *path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : 1;
    text.failed = text.fd < 0;
    text.used = 0;
    if (!text.failed)
        memtrack_benchmark_all_(&text, memtrack_benchmark_wanted_(), 0);
    if (text.failed)
        fprintf(stderr, "memtrack: %.200s: the benchmarks could not be written: %s\n",
                path && *path ? path : "standard output", strerror(errno));
    if (text.fd > 1)
        close(text.fd);
}

#endif
