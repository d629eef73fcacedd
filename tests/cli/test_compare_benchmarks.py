# SPDX-License-Identifier: MIT
# timeout: 120
"""`memtrack compare OLD.json NEW.json`: benchmarks of two files, by name. Differences and their
intervals are those of all pairs of samples; verdicts follow from them; files of three kinds are
read, and what is no file of benchmarks is refused with what it is."""
import json
import random
import statistics

from support import harness, profiles
from support.differences import by_all_differences
from support.output import validate


def own(*benchmarks):
    """A file of memtrack/benchmark.h; each benchmark is (name, samples) or has (blocks, bytes,
    peak) as well."""
    rows = []
    for name, samples, *memory in benchmarks:
        rows.append({"name": name, "samples_ns": samples, "memory": memory and dict(zip(
            ("allocated_blocks", "allocated_bytes", "peak_bytes"), memory[0])) or None})
    return json.dumps({"schema": "memtrack-benchmark/1", "benchmarks": rows})


def google(*entries):
    return json.dumps({"context": {"num_cpus": 2}, "benchmarks": [
        {"name": name, "run_name": name, "run_type": "iteration", "iterations": 9,
         "real_time": time, "cpu_time": time, "time_unit": unit, **more}
        for name, time, unit, more in entries]})


def aggregates(name, median):
    """A run of Google's that reports aggregates alone."""
    return google(*((name + "_" + which, value, "ns", {
        "run_name": name, "run_type": "aggregate", "aggregate_name": which})
        for which, value in (("mean", median + 1), ("median", median), ("stddev", 2))))


def bencher(name, mean):
    return json.dumps({name: {"latency": {"value": mean}}})


def shifted(samples, by):
    return [value + by for value in samples]


EIGHT = [100.0, 101, 102.5, 103, 104, 105.25, 106, 190]


class Case(profiles.Trials):
    COMMAND = "compare"

    def rows(self, old, new, *options, **how):
        self.write("old.json", old)
        self.write("new.json", new)
        told = self.json("old.json", "new.json", *options, **how)
        validate(told, "memtrack-benchmark-compare-1")
        self.assertEqual(("old.json", "new.json"), (told["old"], told["new"]))
        return {row["name"]: row for row in told["benchmarks"]}


class Times(Case):
    def check_row(self, row, one, other, of="samples"):
        time, old = row["time"], row["old"]
        estimate, low, high, confidence = by_all_differences(one, other)
        self.assertEqual(of, time["of"])
        for expected, actual in ((estimate, time["estimate_ns"]), (low, time["low_ns"]),
                                 (high, time["high_ns"]),
                                 (100 * confidence, time["confidence_percent"]),
                                 (100 * estimate / old["median_ns"], time["percent"]),
                                 (100 * low / old["median_ns"], time["low_percent"]),
                                 (100 * high / old["median_ns"], time["high_percent"])):
            self.assertAlmostEqual(expected, actual, places=9)

    def test_of_samples(self):
        source = random.Random(7)
        series = {}
        for n, m, by in ((4, 4, 9), (5, 6, -9), (6, 5, 0), (7, 7, 2)):
            series["%d %d" % (n, m)] = [
                [round(source.uniform(10, 20) + shift, 3) for _ in range(count)]
                for count, shift in ((n, 0), (m, by))]
        rows = self.rows(own(*((name, pair[0]) for name, pair in series.items())),
                         own(*((name, pair[1]) for name, pair in series.items())))
        self.assertEqual(list(series), list(rows))
        for name, (one, other) in series.items():
            with self.subTest(name):
                self.check_row(rows[name], one, other)
                for side, values in (("old", one), ("new", other)):
                    told = rows[name][side]
                    self.assertEqual((1, len(values), min(values)),
                                     (told["runs"], told["samples"], told["min_ns"]))
                    self.assertAlmostEqual(statistics.fmean(values), told["mean_ns"], places=9)
                    self.assertAlmostEqual(statistics.stdev(values), told["stddev_ns"], places=9)
                    self.assertAlmostEqual(statistics.median(values), told["median_ns"], places=9)
        self.assertEqual(["slower", "faster"], [rows[name]["verdict"] for name in ("4 4", "5 6")])

    def test_published_critical_value(self):
        """Ten and ten: U must be 23 or less (Mann and Whitney's table, two-sided 5 %). So the
        interval begins at the 24th difference of -59 to -41, which is -53, and ends at -47."""
        old, new = ([start + i for i in range(10)] for start in (100, 50))
        time = self.rows(own(("a", old)), own(("a", new)))["a"]["time"]
        self.assertEqual((-53, -50, -47), (time["low_ns"], time["estimate_ns"], time["high_ns"]))

    def test_of_runs(self):
        """Four runs on each side are compared by their medians: samples that agree within each run
        say nothing then."""
        source = random.Random(11)
        sides = [[shifted([source.uniform(0, 0.1) for _ in range(9)], at) for at in middles]
                 for middles in ((10, 14, 11, 13, 12), (11.5, 13.5, 10.5, 12.5))]
        texts = ["\n".join(own(("a", run)) for run in side) for side in sides]
        row = self.rows(*texts)["a"]
        medians = [[statistics.median(run) for run in side] for side in sides]
        self.check_row(row, *medians, of="runs")
        self.assertEqual("no_difference", row["verdict"])
        self.assertEqual((5, 45, 4, 36), tuple(row[side][key] for side in ("old", "new")
                                               for key in ("runs", "samples")))
        self.assertAlmostEqual(statistics.median(medians[0]), row["old"]["median_ns"])
        # One run of each seems to differ.
        row = self.rows(texts[0].splitlines()[0], texts[1].splitlines()[0])["a"]
        self.assertEqual(("slower", "samples"), (row["verdict"], row["time"]["of"]))
        self.assertNotIn("not from run to run", self.text("old.json", "new.json", "--json"))
        self.assertIn("not from run to run", " ".join(self.text("old.json", "new.json").split()))

    def test_of_runs_without_samples(self):
        """The time of such a run is its median, or else its mean."""
        sides = [1.0, 2, 4, 3, 9], [11.0, 12, 14, 13]
        for form in (aggregates, bencher):
            texts = ["\n".join(form("a", value) for value in side) for side in sides]
            with self.subTest(form.__name__):
                row = self.rows(*texts)["a"]
                self.check_row(row, *sides, of="runs")
                self.assertEqual(("slower", 5, 0, 3), (row["verdict"], *(row["old"][key] for key in (
                    "runs", "samples", "median_ns"))))
                self.assertAlmostEqual(3.8 + (form is aggregates), row["old"]["mean_ns"])
                row = self.rows(form("a", 1) + form("a", 2), form("a", 9))["a"]
                self.assertEqual(("too_few_samples", "means", 1.5, 9 - 1.5), (
                    row["verdict"], row["time"]["of"], row["old"]["median_ns"],
                    row["time"]["estimate_ns"]))
                self.assertEqual((None, None), (row["old"]["stddev_ns"], row["old"]["min_ns"]))

    def test_rows_that_some_runs_have(self):
        """A run ends the rows that it has, and no others."""
        rows = self.rows("".join(own(("a", [at] * 3), *((("b", [at]),) if at % 2 else ()))
                                 for at in range(1, 7)), own(("a", [1]), ("b", [1])))
        self.assertEqual([(6, 18, 3.5), (3, 3, 3)], [tuple(rows[name]["old"][key] for key in (
            "runs", "samples", "median_ns")) for name in "ab"])

    def test_verdicts(self):
        memory = (3, 100, 64)
        rows = self.rows(
            own(("slow", EIGHT), ("fast", EIGHT), ("same", EIGHT), ("few", [1, 1.5, 2]),
                ("one", [5]), ("apart", EIGHT, memory), ("gone", [1]), ("zero", [0] * 8)),
            own(("slow", shifted(EIGHT, 40)), ("fast", shifted(EIGHT, -40)), ("same", EIGHT),
                ("few", [7, 8, 9]), ("one", [9]), ("apart", shifted(EIGHT, 9)), ("new", [1]),
                ("zero", [1] * 8)))
        self.assertEqual({"slow": "slower", "fast": "faster", "same": "no_difference",
                          "few": "too_few_samples", "one": "too_few_samples",
                          "apart": "not_compared", "new": "new", "gone": "gone", "zero": "slower"},
                         {name: row["verdict"] for name, row in rows.items()})
        self.assertEqual(["new", "gone"], [list(rows)[6], list(rows)[8]])
        self.assertEqual((None, None), (rows["new"]["old"], rows["gone"]["new"]))
        self.assertEqual((4, None, 0), tuple(rows["one"]["time"][key] for key in (
            "estimate_ns", "low_ns", "confidence_percent")))
        self.assertEqual((1, None), (rows["zero"]["time"]["low_ns"],
                                     rows["zero"]["time"]["percent"]))


class Memory(Case):
    def test_is_exact(self):
        rows = self.rows(
            own(("a", EIGHT, (3, 100, 64)), ("b", EIGHT, (2.5, 8, 8)), ("c", EIGHT, (0, 0, 0))),
            own(("a", EIGHT, (3, 99, 128)), ("b", EIGHT, (2.5, 8, 8)), ("c", EIGHT, (1, 0, 0))))
        self.assertEqual([{"change": 0, "percent": 0}, {"change": -1, "percent": -1},
                          {"change": 64, "percent": 100}],
                         [rows["a"][key] for key in ("allocated_blocks", "allocated_bytes",
                                                     "peak_bytes")])
        self.assertEqual({"change": 1, "percent": None}, rows["c"]["allocated_blocks"])
        text = self.text("old.json", "new.json")
        lines = [line.split() for line in text.splitlines()]
        self.assertIn("100 B 99 B -1.0% less allocated".split(), lines)
        self.assertIn("64 B 128 B +100.0% more peak".split(), lines)
        self.assertIn("0 1 more allocations".split(), lines)
        self.assertIn("Of 3 with figures of memory, 2 use more.", text)

    def test_figures_of_any_magnitude(self):
        """What differs is not printed alike, and a change is neither cut nor without its sign."""
        old, new = (0.001, 0.4, 10), (0.004, 1.4, 1e300)
        rows = self.rows(own(("a", EIGHT, old), ("b", EIGHT, (0.5, 50, 1))),
                         own(("a", EIGHT, new), ("b", EIGHT, (499.5, 50050, 1002))))
        self.assertEqual(1e301, rows["a"]["peak_bytes"]["percent"])
        lines = [line.split() for line in self.text("old.json", "new.json").splitlines()]
        for line in ("0.001 0.004 +300.0% more allocations", "0.40 B 1.40 B +250.0% more allocated",
                     "10 B 4.0 EiB >99999% more peak", "0.50 500 +99800% more allocations",
                     "50 B 48.9 KiB >99999% more allocated", "1 B 1002 B >99999% more peak"):
            self.assertIn(line.split(), lines)

    def test_of_repetitions_the_highest(self):
        row = self.rows(own(("a", EIGHT, (3, 9, 64)), ("a", EIGHT, (4, 9, 60))),
                        own(("a", EIGHT, (3, 9, 64))))["a"]
        self.assertEqual((4, 9, 64, 16), tuple(row["old"][key] for key in (
            "allocated_blocks", "allocated_bytes", "peak_bytes", "samples")))


class Forms(Case):
    def test_google_benchmark(self):
        aggregate = {"run_type": "aggregate", "aggregate_unit": "time"}
        entries = [("BM_a", 1.5 + i, "us", {"repetition_index": i, "allocs_per_iter": 2.0,
                                            "max_bytes_used": 900 + i}) for i in range(5)]
        entries += [("BM_a_mean", 3.5, "us", {**aggregate, "run_name": "BM_a",
                                              "aggregate_name": "mean"}),
                    ("BM_a_cv", 0.4, "us", {**aggregate, "run_name": "BM_a",
                                            "aggregate_unit": "percentage",
                                            "aggregate_name": "cv"}),
                    ("BM_failed", 0, "ns", {"error_occurred": True}),
                    ("BM_once", 3, "ms", {})]
        entries += [("BM_means_" + name, value, "s", {**aggregate, "run_name": "BM_means",
                                                      "aggregate_name": name})
                    for name, value in (("mean", 2), ("median", 1.5), ("stddev", 0.25))]
        rows = self.rows(google(*entries), own(("BM_a", shifted([1500, 2500, 3500, 4500, 5500], 9e3),
                                                (2, 0, 904)), ("BM_means", [1e9])))
        self.assertEqual({"BM_a", "BM_once", "BM_means"}, set(rows))
        old = rows["BM_a"]["old"]
        self.assertEqual((5, 3500, 1500, 2, None, 904), tuple(old[key] for key in (
            "samples", "median_ns", "min_ns", "allocated_blocks", "allocated_bytes", "peak_bytes")))
        self.assertEqual("slower", rows["BM_a"]["verdict"])
        self.assertEqual((1, 3e6), (rows["BM_once"]["old"]["samples"],
                                    rows["BM_once"]["old"]["median_ns"]))
        self.assertEqual((0, 2e9, 1.5e9, 0.25e9), tuple(rows["BM_means"]["old"][key] for key in (
            "samples", "mean_ns", "median_ns", "stddev_ns")))
        self.assertEqual(("too_few_samples", "means", -0.5e9), (
            rows["BM_means"]["verdict"], rows["BM_means"]["time"]["of"],
            rows["BM_means"]["time"]["estimate_ns"]))

    def test_bencher(self):
        old, new = ({"a": {"latency": {"value": value, "lower_value": 1, "upper_value": 900},
                           "allocations": {"value": 4}, "peak-bytes": {"value": 64}}}
                    for value in (200, 250.5))
        row = self.rows(json.dumps(old), json.dumps(new))["a"]
        self.assertEqual(("too_few_samples", 50.5, 25.25, None),
                         (row["verdict"], row["time"]["estimate_ns"], row["time"]["percent"],
                          row["time"]["confidence_percent"]))
        self.assertEqual((4, None, 64), tuple(row["new"][key] for key in (
            "allocated_blocks", "allocated_bytes", "peak_bytes")))

    def test_standard_input(self):
        self.write("new.json", own(("a", shifted(EIGHT, 40))))
        told = self.json("-", "new.json", stdin=own(("a", EIGHT)).encode())
        self.assertEqual("slower", told["benchmarks"][0]["verdict"])


class Output(Case):
    def test_text(self):
        hostile = "e\x1b[31m|`n"
        self.write("old.json", own(("slow", EIGHT), ("alike", EIGHT), (hostile, EIGHT)))
        self.write("new.json", own(("slow", shifted(EIGHT, 40)), ("alike", EIGHT),
                                   (hostile, shifted(EIGHT, -40)), ("few", [1])))
        text = self.text("old.json", "new.json")
        self.assertNotIn("\x1b", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertIn(self.expected("slow"), [line.split() for line in text.splitlines()])
        self.assertIn("1 faster, 1 slower, 1 without a difference, 1 new.", " ".join(text.split()))
        markdown = self.text("old.json", "new.json", "--markdown")
        self.assertTrue(markdown.startswith("### memtrack compare: 1 faster, 1 slower"), markdown)
        rows = [line for line in markdown.splitlines() if line.startswith("|")]
        self.assertEqual({7}, {row.replace("\\|", "").count("|") for row in rows}, markdown)
        self.assertIn("**slower**", markdown)
        self.assertNotIn("\x1b", markdown)

    def expected(self, name):
        """The line of a benchmark, from the JSON."""
        row = {row["name"]: row for row in self.json("old.json", "new.json")["benchmarks"]}[name]
        time = row["time"]
        return ["%.0f" % row["old"]["median_ns"], "ns", "%.0f" % row["new"]["median_ns"], "ns",
                "%+.1f%%" % time["percent"], "%+.1f%%" % time["low_percent"], "to",
                "%+.1f%%" % time["high_percent"], row["verdict"], name]

    def test_fail_above(self):
        self.write("old.json", own(("a", EIGHT, (4, 64, 64)), ("b", EIGHT, (0, 0, 0))))
        self.write("new.json", own(("a", shifted(EIGHT, 40), (5, 64, 64)),
                                   ("b", shifted(EIGHT, -40), (0, 0, 0))))
        low = self.json("old.json", "new.json")["benchmarks"][0]["time"]["low_percent"]
        for limit, status, said in (("0", 1, 2), ("24%", 1, 2), ("25", 1, 1), (str(low + 1), 0, 0),
                                    (str(low - 1), 1, 1)):
            result = self.call("old.json", "new.json", "--fail-above", limit, status=status)
            self.assertEqual(said, result.stderr.count(b"more than --fail-above"), result)
            self.assertIn(b"BENCHMARK", result.stdout)
        self.call("new.json", "new.json", "--fail-above", "0")
        # No part of nothing is "at least".
        self.write("nothing.json", own(("a", [0] * 8)))
        self.write("some.json", own(("a", [5] * 8)))
        result = self.call("nothing.json", "some.json", "--fail-above", "5", status=1)
        self.assertEqual(b"memtrack compare: a: time 0.00 ns -> 5.00 ns: more than "
                         b"--fail-above 5%\n", result.stderr)
        # What cannot be judged does not fail.
        self.write("few.json", own(("a", [900], (4, 64, 64))))
        self.call("old.json", "few.json", "--fail-above", "0")

    def test_disk_is_full(self):
        self.write("old.json", own(("a", EIGHT)))
        self.disk_is_full("old.json", "old.json")
        self.disk_is_full("--markdown", "old.json", "old.json")


class Errors(Case):
    def test_files(self):
        profiles.make("plain", self.dir)
        self.write("good.json", own(("a", EIGHT)))
        github = json.dumps([{"name": "a", "unit": "ns/iteration", "value": 1}])
        for text, contains in (("", "it is empty"), ("{", "line 1"), ("[]", "of another kind"),
                               ("{}", "of another kind"), (github, "github-action-benchmark"),
                               (own(), "its list is empty"), (own(("a", [])), "has no samples_ns"),
                               (own(("a", [1, -1])), "no times of 0 or more"),
                               (own(("a", [1, "2"])), "no times of 0 or more"),
                               ('{"a":\n x}', "bad.json has no results of benchmarks: line 2"),
                               ('{"\u00e9": {"latency": {"value": 1}}}x',
                                "run 2 of bad.json has no results of benchmarks: line 1, column 33"),
                               (own(("a", [1])) + "\n\n" + own(("a", [1])) + "\n{[}",
                                "run 3 of bad.json has no results of benchmarks: line 4, column 2"),
                               (own(("a", [1])) + "[]", "run 2 of bad.json has no results"),
                               (own(("a", [1])).replace('"name"', '"n"'), "benchmark 1 has no name"),
                               (google(("a", 1, "min", {})), "known time_unit"),
                               (aggregates("a", -5), "no times of 0 or more"),
                               (aggregates("a", 1e305).replace('"ns"', '"s"'),
                                "no times of 0 or more"),
                               ('{"a": {"latency": {"value": -1}}}', "no latency"),
                               ("[" * 100000, "maximum parsing depth")):
            with self.subTest(text[:40]):
                self.write("bad.json", text)
                self.problem("good.json", "bad.json", status=3, contains=contains)
        self.write("bad.json", own(("a", [1]))[:-1] + ', "pad": "%s"}x' % ("x" * (40 << 20)))
        self.problem("good.json", "bad.json", status=3, contains="run 2 of bad.json")
        self.problem("plain.pb.gz", "good.json", status=3, contains="compressed, as profiles are")
        for file, contains in (("missing.json", "cannot open missing.json: No such file"),
                               (".", "Is a directory\n  Give files that a benchmark has written")):
            self.problem(file, "good.json", status=3, contains=contains)

    def test_wrong_usage(self):
        self.write("a.json", own(("a", EIGHT)))
        for arguments in (["a.json"], ["a.json"] * 3, ["-r", "3", "a.json", "a.json"], ["-", "-"],
                          ["--markdown", "--json", "a.json", "a.json"],
                          ["--fail-above", "x", "a.json", "a.json"],
                          ["--fail-above", "-1", "a.json", "a.json"],
                          ["--fail-above", "5", "--", "true", "--", "true"]):
            with self.subTest(arguments):
                self.problem(*arguments, status=2, contains="")


if __name__ == "__main__":
    harness.main()
