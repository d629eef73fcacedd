# SPDX-License-Identifier: MIT
# cost: 6
"""`memtrack export --format openmetrics|prometheus` is read by the parsers of Prometheus's client
for Python, by promtool, and by the database of a Prometheus, and says what `report --json` says."""
import math
import os
import re
import unittest

from support import harness, profiles

try:
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as strict
except ImportError:
    strict = None

TOTALS = {"memtrack_live_bytes": "live_bytes", "memtrack_live_blocks": "live_blocks",
          "memtrack_peak_bytes": "peak_bytes", "memtrack_peak_blocks": "peak_blocks",
          "memtrack_allocated_bytes_total": "total_bytes",
          "memtrack_allocated_blocks_total": "total_blocks",
          "memtrack_freed_bytes_total": "freed_bytes",
          "memtrack_freed_blocks_total": "freed_blocks",
          "memtrack_temporary_blocks_total": "temporary_blocks",
          "memtrack_failed_allocations_total": "failed_allocations"}
COVERAGE = {"memtrack_unknown_frees_total": "unknown_frees",
            "memtrack_dropped_events_total": "dropped_events",
            "memtrack_lossy_blocks_total": "lossy_blocks",
            "memtrack_truncated_stacks_total": "truncated_stacks"}
ROWS = {"memtrack_row_live_bytes": "live_bytes", "memtrack_row_live_blocks": "live_blocks",
        "memtrack_row_peak_bytes": "peak_bytes",
        "memtrack_row_allocated_bytes_total": "total_bytes",
        "memtrack_row_allocated_blocks_total": "total_blocks",
        "memtrack_row_temporary_blocks_total": "temporary_blocks"}
QUANTILES = {"0.5": "p50", "0.95": "p95", "1.0": "max"}
SUMMARIES = {"memtrack_scope_duration_seconds": "duration_ns",
             "memtrack_scope_peak_bytes": "peak_bytes",
             "memtrack_scope_allocated_bytes": "allocated_bytes",
             "memtrack_scope_allocated_blocks": "allocated_blocks",
             "memtrack_scope_freed_bytes": "freed_bytes"}


def parse(text, is_strict=True):
    """The samples of an exposition: {name: {labels: value}}. A series occurs once."""
    if strict is None:
        raise unittest.SkipTest("python3-prometheus-client is not installed")
    read = strict.text_string_to_metric_families if is_strict else \
        parser.text_string_to_metric_families
    found = {}
    for family in read(text):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in series, (sample.name, labels)
            series[labels] = float(sample.value)
    return found


def of_key(series, name="key"):
    return {dict(labels)[name]: value for labels, value in series.items()}


class Case(profiles.Command):
    COMMAND = "export"
    KINDS = ("plain", "hostile", "sampled", "freed", "empty", "many", "deep", "other", "change")

    def export(self, name, *options, form="openmetrics"):
        return self.text("--format", form, "-q", *options, name)

    def report(self, name, *options):
        return harness.ask("report", "-n", "0", *options, name, cwd=self.dir)


class Figures(Case):
    def test_totals_are_those_of_the_report(self):
        for kind in self.KINDS:
            name = kind + ".pb.gz"
            for form in ("openmetrics", "prometheus"):
                found = parse(self.export(name, form=form), form == "openmetrics")
                report = self.report(name)
                for metric, ours in TOTALS.items():
                    if metric in found:
                        self.assertEqual({(): float(report["totals"][ours])}, found[metric],
                                         (kind, metric))
                for metric, ours in COVERAGE.items():
                    if metric in found:
                        self.assertEqual({(): report["coverage"][ours]}, found[metric])
            if kind in ("plain", "many"):
                self.assertLessEqual(set(TOTALS) | set(COVERAGE), set(found), kind)

    def test_rows_add_up_and_are_those_of_the_report(self):
        for kind in ("plain", "many", "hostile", "deep"):
            for options in ([], ["--by", "function", "-n", "3"], ["-n", "0", "--sort", "total"],
                            ["--exclude", "*main*"]):
                self.check_rows(kind + ".pb.gz", options)

    def check_rows(self, name, options):
        found = parse(self.export(name, *options))
        counted = [o for o in options if o not in ("-n", "0", "3")]
        report = self.report(name, *counted)
        rows = {row["key"]: row for row in report["rows"]}
        for metric, column in ROWS.items():
            if "hostile" in name and metric not in found:
                continue  # a column with a negative figure in it
            series = of_key(found[metric])
            self.assertEqual(float(report["totals"][column]), sum(series.values()), (name, metric))
            series.pop("[other]")
            limit = 0 if "0" in options else 3 if "3" in options else 20
            self.assertEqual(min(limit or len(rows), len(rows)), len(series))
            if "hostile" not in name:
                self.assertEqual({key: rows[key][column] for key in series}, series)

    def test_a_difference_of_two_has_no_negative_counter(self):
        text = self.export("change.pb.gz")
        for name, series in parse(text).items():
            if name.endswith("_total"):
                self.assertTrue(all(value >= 0 for value in series.values()), name)
        self.assertIn("memtrack_row_live_bytes", text)

    def test_names_that_are_cut_are_told_apart(self):
        """Two functions that differ behind the first 300 columns of their names."""
        found = parse(self.export("hostile.pb.gz", "-n", "0", "--by", "function"))
        keys = of_key(found["memtrack_row_live_bytes"])
        self.assertTrue(all(len(key) <= 310 for key in keys), keys)

    def test_scopes_and_counters(self):
        profile = harness.track([harness.program("scope_nested")], self.dir, name="scopes").profile
        found = parse(self.export(profile.path))
        rows = {row["name"]: row for row in harness.ask("scopes", profile.path)["rows"]}
        self.assertGreater(len(rows), 0)
        for metric, column in SUMMARIES.items():
            unit = 1e9 if column.endswith("_ns") else 1
            for row in rows.values():
                labels = (("of", "thread"), ("scope", row["name"]))
                if row["process"]:
                    continue
                for quantile, ours in QUANTILES.items():
                    value = found[metric][tuple(sorted((*labels, ("quantile", quantile))))]
                    self.assertTrue(math.isclose(row[column][ours] / unit, value), (metric, row))
                self.assertTrue(math.isclose(row[column]["sum"] / unit,
                                             found[metric + "_sum"][labels]))
                self.assertEqual(row["count"] - row["recursive"], found[metric + "_count"][labels])
                self.assertEqual(row["net_bytes"]["sum"],
                                 found["memtrack_scope_net_bytes"][labels])


class Tools(Case):
    def test_promtool_finds_nothing_to_say(self):
        promtool = harness.tool("promtool")
        for kind in self.KINDS:
            text = self.export(kind + ".pb.gz", form="prometheus")
            result = harness.run([promtool, "check", "metrics"], stdin=text.encode())
            self.assertEqual((0, b"", b""), (result.code, result.stdout, result.stderr), kind)

    def test_a_prometheus_takes_all_of_it(self):
        """Its own parser of OpenMetrics reads them into a database; for that each sample needs a
        time."""
        promtool = harness.tool("promtool")
        for kind in ("plain", "hostile", "many"):
            text = self.export(kind + ".pb.gz")
            lines = [line if line.startswith("#") else line + " 1700000000"
                     for line in text.rstrip("\n").split("\n")]
            path = self.write(kind + ".om", "\n".join(lines) + "\n")
            base = self.path(kind + ".tsdb")
            harness.check([promtool, "tsdb", "create-blocks-from", "openmetrics", path, base])
            os.makedirs(os.path.join(base, "wal"), exist_ok=True)
            dump = harness.check([promtool, "tsdb", "dump", base]).stdout.decode()
            samples = [line for line in lines if not line.startswith("#")]
            self.assertEqual(len(samples), dump.count("\n{") + 1, kind)
            live = re.search(r'\{__name__="memtrack_live_bytes"\} (\S+)', dump)
            self.assertEqual(float(self.report(kind + ".pb.gz")["totals"]["live_bytes"]),
                             float(live[1]))

    def test_it_ends(self):
        text = self.export("plain.pb.gz")
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertNotIn("\n\n", text)


if __name__ == "__main__":
    harness.main()
