# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 12
"""memtrack/benchmark.h: its figures are those that Python's statistics make of its samples, its
interval is that of all differences, and each of its forms is read by somebody else. Times are never
held against a clock here."""
import json
import os
import random
import re
import statistics
import unittest

from support import case, compiler, harness
from support.differences import by_all_differences

WARNINGS = ("-pedantic -Wall -Wextra -Wconversion -Wshadow -Wundef -Wcast-qual -Wwrite-strings "
            "-Wredundant-decls -Wunused -Werror").split()
STANDARDS = (("gcc", "c99"), ("gcc", "gnu17"), ("clang", "c11"), ("g++", "c++11"),
             ("g++", "c++20"), ("clang++", "c++17"))

# Times that were measured elsewhere: NAME VALUE... of each, then how the second differs.
GIVEN = """
#include <memtrack/benchmark.h>
int main(int argc, char **argv) {
    static double values[100000];
    memtrack_benchmark_difference d;
    const char *per = getenv("ITERATIONS_PER_SAMPLE");
    const char *first = NULL, *last = NULL;
    for (int i = 1; i < argc;) {
        size_t n = 0;
        last = argv[i++];
        first = first ? first : last;
        while (i < argc && strspn(argv[i], "0123456789") != 0)
            values[n++] = strtod(argv[i++], NULL);
        if (memtrack_benchmark_add(last, values, n, per ? strtoull(per, NULL, 10) : 3) != 0)
            return 1;
    }
    if (memtrack_benchmark_compare(memtrack_benchmark_find(first), memtrack_benchmark_find(last), &d))
        return 2;
    fprintf(stderr, "%.17g %.17g %.17g %.17g %.17g %d\\n", d.median_ns, d.low_ns, d.high_ns,
            d.ratio, d.confidence, d.verdict);
    memtrack_benchmark_write_difference(2, memtrack_benchmark_find(first),
                                        memtrack_benchmark_find(last));
    return 0;
}
"""

RUN = """
#include <memtrack/benchmark.h>
static unsigned calls, block;
static void work(void *arg) {
    void *one = malloc(*(size_t *)arg), *two = malloc(24);
    MEMTRACK_KEEP(one);
    MEMTRACK_KEEP(two);
    free(two);
    free(one);
    calls++;
}
static int leaves(void) {
    int n = 0;
    MEMTRACK_BENCHMARK("left by return", 100) {
        if (++n == 7)
            return 1;
    }
    return 0;
}
int main(void) {
    size_t bytes = 1000;
    int rc = memtrack_benchmark("function", 200, work, &bytes);
    fprintf(stderr, "%d calls\\n", (int)calls);
    MEMTRACK_BENCHMARK("block", 5) MEMTRACK_BENCHMARK("inner", 1) block++;
    rc |= memtrack_benchmark("bad", 1, NULL, NULL) != -MEMTRACK_EUSAGE;
    rc |= memtrack_benchmark_add("bad", NULL, 1, 1) != -MEMTRACK_EUSAGE;
    rc |= memtrack_benchmark_write(-1, MEMTRACK_BENCHMARK_TABLE) != -MEMTRACK_EIO;
    rc |= memtrack_benchmark_compare(NULL, NULL, NULL) != -MEMTRACK_EUSAGE;
    MEMTRACK_BENCHMARK("as many as fit", 0) {
        void *kept = malloc(100);
        MEMTRACK_KEEP(kept);
        free(kept);
    }
    return rc || !leaves() || memtrack_benchmark_find("left by return");
}
"""

GOOGLE = """
#include <benchmark/benchmark.h>
#include <memtrack/google_benchmark.hpp>
#include <cstdlib>
#include <thread>
static void blocks(benchmark::State &state) {
    for (auto _ : state) {
        void *block[100];
        for (void *&one : block)
            benchmark::DoNotOptimize(one = malloc(1000));
        for (void *&one : block)
            free(one);
    }
}
BENCHMARK(blocks)->Iterations(64);
MEMTRACK_GOOGLE_BENCHMARK();
BENCHMARK_MAIN();
"""


class Benchmark(case.Case):
    def given(self, *series, form="json", **env):
        program = self.path("given")
        if not os.path.exists(program):
            self.build("given", GIVEN, compiler.INCLUDE, "-O1", *WARNINGS, "-std=c99",
                       compiler="gcc")
        words = [word for name, values in series for word in (name, *map(repr, values))]
        return harness.check([program, *words], env=harness.plain_environment(
            MEMTRACK_BENCHMARK_FORMAT=form, **env))

    def check_statistics(self, row):
        samples = row["samples_ns"]
        mean = statistics.fmean(samples)
        quartiles = (statistics.quantiles(samples, n=4, method="inclusive")
                     if len(samples) > 1 else samples * 3)
        expected = {"mean_ns": mean, "stddev_ns": statistics.stdev(samples) if samples[1:] else 0,
                    "min_ns": min(samples), "max_ns": max(samples),
                    "median_ns": statistics.median(samples), "lower_quartile_ns": quartiles[0],
                    "upper_quartile_ns": quartiles[2]}
        for key, value in expected.items():
            self.assertAlmostEqual(value, row[key], delta=1e-9 * max(samples), msg=key)
        reach = quartiles[2] - quartiles[0]
        outside = [max(quartiles[0] - s, s - quartiles[2]) for s in samples]
        sides = {"low": sum(quartiles[0] - s > 1.5 * reach for s in samples),
                 "high": sum(s - quartiles[2] > 1.5 * reach for s in samples),
                 "far": sum(distance > 3 * reach for distance in outside)}
        self.assertEqual(sides, row["outliers"])

    def test_given_times(self):
        source = random.Random(7)
        series = [("x", [source.lognormvariate(5, 1) for _ in range(n)])
                  for n in (1, 2, 3, 4, 50, 999)] + [("flat", [5.5] * 10)]
        rows = json.loads(self.given(*series).stdout)["benchmarks"]
        self.assertEqual([values for _, values in series], [row["samples_ns"] for row in rows])
        for row in rows:
            self.check_statistics(row)
        self.assertGreater(sum(row["outliers"]["high"] for row in rows), 0)
        self.assertGreater(sum(row["outliers"]["far"] for row in rows), 0)

    def test_difference(self):
        source = random.Random(3)
        for n, m, shift in ((1, 1, 0), (3, 3, 1), (5, 4, 9), (6, 6, -9), (7, 5, 0)):
            with self.subTest(n=n, m=m):
                one = [round(source.uniform(10, 20), source.choice((0, 3))) for _ in range(n)]
                other = [round(source.uniform(10, 20) + shift, 2) for _ in range(m)]
                said = self.given(("a", one), ("b", other)).stderr.decode().split()
                estimate, low, high, confidence = by_all_differences(one, other)
                for expected, actual in zip((estimate, low, high,
                                             estimate / statistics.median(one), confidence), said):
                    self.assertAlmostEqual(expected, float(actual), places=9)
                self.assertEqual((low > 0) - (high < 0), int(said[5]))

    def test_many_samples(self):
        """Where all differences would be a billion."""
        source = random.Random(5)
        one = [round(source.lognormvariate(3, 0.2), 3) for _ in range(3000)]
        other = [value + 2 for value in one]
        median, low, high, _, confidence, verdict = map(
            float, self.given(("a", one), ("b", other)).stderr.decode().split()[:6])
        self.assertAlmostEqual(2, median, places=9)
        self.assertTrue(low < 2 < high < 3 and low > 1, (low, high))
        self.assertEqual((0.95, 1), (confidence, verdict))

    def test_difference_in_words(self):
        # The critical value of U for ten and ten is 23: the 24th of the differences -59 to -41 is
        # -53, and the 24th from above -47.
        said = [self.given(("old", [100.0 + i for i in range(10)]),
                           ("new", [by + i for i in range(10)])).stderr.decode().splitlines()[1]
                for by in (50.0, 400.0, 101.0)]
        self.assertEqual("old -> new: median 105 ns -> 54.5 ns, -47.8% (-50.7% to -45.0% with 95% "
                         "confidence): faster", said[0])
        self.assertTrue(said[1].endswith(": slower") and "+287.1%" in said[1], said[1])
        self.assertTrue(said[2].endswith(": no difference shown"), said[2])

    def test_forms(self):
        odd = 'a "b" \\ \u00e9\x01'
        series = ((odd, [1, 2, 6]), ("plain", [1500.5, 1499.5]))
        whole = json.loads(self.given(*series).stdout)
        try:
            import jsonschema
            with open(os.path.join(harness.SOURCE, "docs/schema/memtrack-benchmark-1.json"),
                      encoding="utf-8") as file:
                jsonschema.validate(whole, json.load(file))
        except ImportError:
            pass
        self.assertEqual([odd, "plain"], [row["name"] for row in whole["benchmarks"]])
        self.assertEqual([9, 6], [row["iterations"] for row in whole["benchmarks"]])
        bencher = json.loads(self.given(*series, form="bencher").stdout)
        self.assertEqual({odd, "plain"}, set(bencher))
        latency = bencher["plain"]["latency"]
        self.assertEqual({"value", "lower_value", "upper_value"}, set(latency))
        self.assertAlmostEqual(1500, latency["value"])
        self.assertAlmostEqual(1500 + 0.5 ** 0.5, latency["upper_value"], places=9)
        self.assertAlmostEqual(1500 - 0.5 ** 0.5, latency["lower_value"], places=9)
        github = json.loads(self.given(*series, form="github").stdout)
        self.assertEqual([(odd, "ns/iteration", 3), ("plain", "ns/iteration", 1500)],
                         [(row["name"], row["unit"], row["value"]) for row in github])
        self.assertEqual("\u00b1 0.71", github[1]["range"])
        self.assertTrue(all(isinstance(row["extra"], str) for row in github))

    def test_compare_reads_what_is_written(self):
        series = ("a", [100.0, 101.5, 103, 104, 109]), ("b", [7])
        for name, form, values in (("old", "json", series), ("new", "json", series),
                                   ("means", "bencher", series)):
            with open(self.path(name), "wb") as file:
                file.write(self.given(*values, form=form).stdout)
        told = harness.ask("compare", self.path("old"), self.path("new"))["benchmarks"]
        self.assertEqual([("a", "no_difference"), ("b", "too_few_samples")],
                         [(row["name"], row["verdict"]) for row in told])
        self.assertEqual([sorted(values)[0] for _, values in series],
                         [row["old"]["min_ns"] for row in told])
        told = harness.ask("compare", self.path("old"), self.path("means"))["benchmarks"]
        self.assertEqual([statistics.fmean(values) for _, values in series],
                         [row["new"]["mean_ns"] for row in told])

    def test_table(self):
        series = ("parse", [1234.5, 1200, 1300, 1250, 9e6]), ("write", [0.5, 0.25])
        table = self.given(*series, form="table").stdout.decode().splitlines()
        self.assertEqual([
            "        N     MEAN   STDDEV   MEDIAN      MIN      MAX    OUT  BENCHMARK",
            "       15  1.80 ms  4.02 ms  1.25 us  1.20 us  9.00 ms      1  parse",
            "        6  0.38 ns  0.18 ns  0.38 ns  0.25 ns  0.50 ns      0  write"], table)

    def test_columns_are_as_wide_as_the_figures(self):
        """A benchmark that is run as often as fits runs millions of times."""
        table = self.given(("short", [2.0, 3.0]), form="table",
                           ITERATIONS_PER_SAMPLE="54064856").stdout.decode().splitlines()
        self.assertTrue(table[1].startswith("108,129,712  2.50 ns"), table)
        for heading, value in zip(re.finditer(r"\S+", table[0]),
                                  re.finditer(r"\S+(?: ns)?", table[1]), strict=True):
            if heading.group() != "BENCHMARK":
                self.assertEqual(heading.end(), value.end(), table)

    def test_file_and_mistakes(self):
        out = self.path("out.json")
        self.assertEqual(b"", self.given(("a", [1]), MEMTRACK_BENCHMARK_OUT=out).stdout)
        self.assertEqual([1], json.loads(self.read("out.json"))["benchmarks"][0]["samples_ns"])
        result = self.given(("a", [1]), MEMTRACK_BENCHMARK_OUT=self.path("no/such"))
        self.assertIn(b"could not be written: No such file", result.stderr)
        result = self.given(("a", [1]), form="xml")
        self.assertIn(b"MEMTRACK_BENCHMARK_FORMAT=xml: there is no such format", result.stderr)
        self.assertIn(b"1.00 ns", result.stdout)

    def test_runs(self):
        for which, standard in STANDARDS:
            with self.subTest(compiler=which, standard=standard):
                program = self.build("run-" + standard, RUN, compiler.INCLUDE, "-O1", *WARNINGS,
                                     "-std=" + standard, compiler=which)
                result = harness.check([program], env=harness.plain_environment(
                    MEMTRACK_BENCHMARK_FORMAT="json"))
                rows = {row["name"]: row for row in json.loads(result.stdout)["benchmarks"]}
                self.assertEqual({"function", "block", "inner", "as many as fit"}, set(rows))
                self.assertIn(b"220 calls\n", result.stderr)
                self.assertIn(b'benchmark "left by return" has no result', result.stderr)
                self.assertEqual((200, 20, None), (rows["function"]["iterations"],
                                                   rows["function"]["warm_up_iterations"],
                                                   rows["function"]["memory"]))
                self.assertGreaterEqual(rows["as many as fit"]["iterations"], 10)
                for row in rows.values():
                    self.check_statistics(row)
                    n = len(row["samples_ns"])
                    self.assertLessEqual(n * row["iterations_per_sample"], row["iterations"])
                    self.assertGreater(n * (row["iterations_per_sample"] + 1), row["iterations"])
                    self.assertGreaterEqual(n, min(20, row["iterations"]))

    def test_memory(self):
        program = self.build("run", RUN, compiler.INCLUDE, "-O1", compiler="gcc")
        out = self.path("out.json")
        harness.record(self.path("p.pb.gz"), [program], env=harness.plain_environment(
            MEMTRACK_BENCHMARK_FORMAT="json", MEMTRACK_BENCHMARK_OUT=out))
        with open(out, encoding="utf-8") as file:
            rows = {row["name"]: row["memory"] for row in json.load(file)["benchmarks"]}
        self.assertEqual({"iterations": 64, "allocated_blocks": 2, "allocated_bytes": 1024,
                          "net_bytes": 0, "peak_bytes": 1024}, rows["function"])
        self.assertEqual((1, 100), (rows["as many as fit"]["allocated_blocks"],
                                    rows["as many as fit"]["peak_bytes"]))
        scopes = {row["name"]: row["count"]
                  for row in harness.ask("scopes", self.path("p.pb.gz"))["rows"]}
        self.assertEqual((64, 5), (scopes["function"], scopes["block"]))
        harness.record(self.path("p.pb.gz"), [program], env=harness.plain_environment(
            MEMTRACK_BENCHMARK_OUT=out))
        self.assertRegex(self.read("out.json").decode(), r" +2\.00 +1\.0 KiB  function\n")

    def test_forked_child_writes_its_own(self):
        program = self.build("fork", """
            #include <memtrack/benchmark.h>
            #include <sys/wait.h>
            int main(void) {
                double one = 1, two = 2;
                memtrack_benchmark_add("parent", &one, 1, 1);
                if (fork() == 0) {
                    memtrack_benchmark_add("child", &two, 1, 1);
                    exit(0);
                }
                if (fork() == 0)
                    exit(0);
                wait(NULL);
                wait(NULL);
                return 0;
            }""", compiler.INCLUDE, compiler="gcc")
        text = harness.check([program]).stdout.decode()
        self.assertEqual(["child", "parent"], re.findall("ns +0  (.*)", text), text)

    def test_google_benchmark(self):
        if not os.path.exists("/usr/include/benchmark/benchmark.h"):
            raise unittest.SkipTest("no Google Benchmark (libbenchmark-dev)")
        program = self.build("google", GOOGLE, compiler.INCLUDE, "-std=c++11", "-O1", "-Wall",
                             "-Wextra", "-Werror", compiler="g++", libs=["-lbenchmark", "-lpthread"])
        options = ["--benchmark_format=json"]
        result = harness.record(self.path("g.pb.gz"), [program, *options],
                                env=harness.plain_environment())
        row, = json.loads(result.stdout)["benchmarks"]
        # The library allocates something itself, once in all iterations.
        self.assertEqual(100, int(row["allocs_per_iter"]), row)
        self.assertTrue(100000 <= row["max_bytes_used"] < 110000, row)
        self.write("google.json", result.stdout.decode())
        told, = harness.ask("compare", self.path("google.json"),
                            self.path("google.json"))["benchmarks"]
        self.assertAlmostEqual(row["real_time"] * {"ns": 1, "us": 1e3}[row["time_unit"]],
                               told["old"]["mean_ns"], places=6)
        self.assertEqual((row["name"], 100, row["max_bytes_used"]), (
            told["name"], int(told["old"]["allocated_blocks"]), told["new"]["peak_bytes"]))
        row, = json.loads(harness.check([program, *options],
                                        env=harness.plain_environment()).stdout)["benchmarks"]
        self.assertNotIn("allocs_per_iter", row)


if __name__ == "__main__":
    harness.main()
