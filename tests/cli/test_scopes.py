# SPDX-License-Identifier: MIT
"""`memtrack scopes`: what it prints of a known profile (golden/scopes-*.txt,
golden/timeline-*.txt), and what must hold of each of its outputs: JSON follows its schema, CSV says
the same, a trace is one that viewers accept, nothing in a profile reaches the terminal, errors have
their status."""
import json
import os

from support import golden, harness, output, profiles
from support.output import validate
from support.trace import check_trace

VALUES = ["net_bytes", "peak_bytes", "allocated_bytes", "allocated_blocks", "freed_bytes",
          "duration_ns", "cpu_ns"]
SORTS = {"peak": lambda r: -r["peak_bytes"]["max"], "net": lambda r: -r["net_bytes"]["sum"],
         "allocated": lambda r: -r["allocated_bytes"]["sum"],
         "blocks": lambda r: -r["allocated_blocks"]["sum"],
         "freed": lambda r: -r["freed_bytes"]["sum"], "self": lambda r: -r["own_allocated_bytes"],
         "time": lambda r: -r["duration_ns"]["sum"], "self-time": lambda r: -r["own_duration_ns"],
         "cpu": lambda r: -r["cpu_ns"]["sum"], "count": lambda r: -r["count"],
         "errors": lambda r: -r["errors"], "misuses": lambda r: -r["misuses"]}


class Case(profiles.Command):
    COMMAND = "scopes"
    KINDS = ("scopes", "plain", "other")

    def json(self, *arguments):
        return super().json("scopes.pb.gz", *arguments)


class Golden(Case):
    def test_outputs(self):
        golden.check_files(self, "scopes", self.dir)


class Timeline(Case):
    """Scopes and counters below the chart of memory over time, and in its JSON."""

    def timeline(self, *arguments, **env):
        return harness.memtrack("timeline", "scopes.pb.gz", *arguments, cwd=self.dir,
                                env=self.environment(**env)).stdout

    def test_charts(self):
        golden.check_files(self, "timeline", self.dir)

    def test_json(self):
        report = json.loads(self.timeline("--json"))
        process = report["processes"][0]
        self.assertEqual([scope["name"] for scope in process["scopes"]],
                         ["parse", "request", "task", "request"])
        self.assertEqual(process["scopes"][0]["time_ns"], 10000000)
        self.assertEqual(process["counters"], [{"time_ns": 30000000, "name": "cache",
                                                "value": -1234567}])
        self.assertEqual([mark["name"] for mark in process["marks"]], ["warm\nup", "live>1G"])
        validate(report, "memtrack-timeline-1")


class Outputs(Case):
    def test_schemas(self):
        for name, arguments in (("scopes", []), ("scope-events", ["--events"])):
            validator = output.validator("memtrack-%s-1" % name)
            for profile in self.KINDS:
                validator.validate(profiles.Command.json(self, profile + ".pb.gz", *arguments))

    def test_order(self):
        for sort, key in SORTS.items():
            report = self.json("--sort", sort)
            self.assertEqual(report["sort"], sort)
            self.assertEqual([key(row) for row in report["rows"]],
                             sorted(key(row) for row in report["rows"]), sort)
        names = [(row["name"], row["process"]) for row in self.json("--sort", "name")["rows"]]
        self.assertEqual(names, sorted(names))
        self.assertEqual(len(self.json("-n", "2")["rows"]), 2)

    def test_filters(self):
        def names(*arguments):
            return [row["name"] for row in self.json("--sort", "name", *arguments)["rows"]]
        every = names()
        self.assertEqual(names("--include", "p*", "--include", "request"),
                         ["parse", "phase", "request"])
        self.assertEqual(names("--include", "p*", "--exclude", "*ase"), ["parse"])
        self.assertEqual(names("--exclude", "p*"),
                         [name for name in every if not name.startswith("p")])
        self.assertEqual(names("--include", "std::vector<*"),
                         [name for name in every if name.startswith("std")])
        self.assertEqual(names("--include", "req"), [])
        self.assertIn("no scope of these names has ended",
                      self.text("scopes.pb.gz", "--include", "req"))
        events = self.json("--events", "--include", "request")
        self.assertEqual([event["name"] for event in events["events"]], ["request", "request"])
        self.assertEqual((len(events["marks"]), len(events["counters"])), (2, 1))
        trace = json.loads(self.text("scopes.pb.gz", "--trace", "-", "--exclude", "request"))
        self.assertEqual([event["name"] for event in check_trace(trace)["X"]], ["parse", "task"])

    def test_open_scopes(self):
        self.assertEqual([scope["name"] for scope in self.json()["open"]],
                         ["start\033[0m", "serve"])
        self.assertEqual(self.json()["open"][1], {"name": "serve", "process": True,
                                                  "thread": "4242 parser", "time_ns": 5000000,
                                                  "net_bytes": -4096, "peak_bytes": 3 << 20,
                                                  "allocated_bytes": 5 << 20,
                                                  "allocated_blocks": 12})
        text = self.text("scopes.pb.gz")
        self.assertRegex(text, r"5 ms +3\.0 MiB +-4\.0 KiB +5\.0 MiB  start\\x1b\[0m\n")
        self.assertRegex(text, r"5\.0 MiB  serve \(process\)\n")
        self.assertEqual([scope["name"] for scope in self.json("--exclude", "start*")["open"]],
                         ["serve"])
        alone = self.text("scopes.pb.gz", "--include", "start*")
        self.assertIn("no scope of these names has ended", alone)
        self.assertRegex(alone, r"[^\n]\n\n +BEGAN AT ")
        self.assertIn("1 more\n", self.text("scopes.pb.gz", "-n", "1"))
        self.assertNotIn("NOT ENDED", self.text("plain.pb.gz"))

    def test_threads_are_added_up(self):
        row = next(row for row in self.json()["rows"] if row["name"] == "request")
        self.assertEqual((row["count"], row["threads"]), (1234, 2))
        self.assertEqual(row["net_bytes"]["sum"], 1000 * 4000 + 234 * 5000)
        self.assertEqual(row["net_bytes"]["max"], 10000)
        self.assertAlmostEqual(row["net_bytes"]["mean"], row["net_bytes"]["sum"] / 1234)
        self.assertAlmostEqual(row["duration_ns"]["p50"] / 1500000, 1, delta=0.03)

    def test_several_profiles_are_added_up(self):
        one = {row["name"]: row for row in self.json()["rows"]}
        two = {row["name"]: row for row in self.json("scopes.pb.gz")["rows"]}
        self.assertEqual(set(one), set(two))
        for name, row in two.items():
            self.assertEqual(2 * one[name]["count"], row["count"])
            self.assertEqual(2 * one[name]["errors"], row["errors"])
            for value in VALUES:
                self.assertEqual(2 * one[name][value]["sum"], row[value]["sum"])
                for part in ("min", "p50", "p95", "max"):
                    self.assertEqual(one[name][value][part], row[value][part], (name, value))
        self.problem("scopes.pb.gz", "missing.pb.gz", status=3, contains="missing.pb.gz")

    def test_csv_says_what_json_says(self):
        rows = self.csv("scopes.pb.gz")
        for found, wanted in zip(rows, self.json()["rows"], strict=True):
            for value in VALUES:
                for part in ("sum", "p50", "p95", "max"):
                    self.assertEqual(int(found["%s_%s" % (value, part)]), wanted[value][part])
                self.assertAlmostEqual(float(found[value + "_mean"]), wanted[value]["mean"],
                                       places=2)
                if value != "peak_bytes":
                    self.assertEqual(int(found["own_" + value]), wanted["own_" + value])
            self.assertEqual((int(found["count"]), int(found["errors"])),
                             (wanted["count"], wanted["errors"]))

    def test_events(self):
        events = self.json("--events")
        self.assertEqual([event["name"] for event in events["events"]],
                         ["parse", "request", "task", "request"])
        self.assertEqual(events["events"][1]["metadata"], {"url": "/index\033[2J"})
        self.assertEqual([mark["kind"] for mark in events["marks"]], ["program", "trigger"])
        self.assertEqual(events["counters"], [{"time_ns": 30000000, "name": "cache", "tid": 4242,
                                               "value": -1234567}])
        self.assertEqual(len(self.json("--events", "-n", "2")["events"]), 2)
        rows = self.csv("scopes.pb.gz", "--events")
        self.assertEqual([row["kind"] for row in rows], ["scope"] * 4 + ["mark"] * 2 + ["counter"])
        self.assertEqual(rows[2]["metadata"], 'url=/a,b "c"')

    def test_slow_and_large_ones_alone(self):
        def listed(*options):
            return [event["duration_ns"] for event in self.json(*options)["events"]]
        every = listed("--events")
        self.assertEqual([ns for ns in every if ns >= 1500000], listed("--slower", "1.5ms"))
        self.assertEqual([], listed("--slower", "1h"))
        self.assertEqual(every, listed("--larger", "64K"))
        self.assertEqual([], listed("--larger", "65537"))
        self.assertEqual([], listed("--larger", "64K", "--slower", "1h"))

    def test_details(self):
        """Each name has all its statistics, as the JSON rows do, and no line is too long."""
        text = self.text("scopes.pb.gz", "--details")
        rows = self.json()["rows"]
        self.assertEqual(len(rows), text.count(" MEAN "))
        self.assertIn(" parse\n   5,000 in ", text)
        self.assertIn("100 recursive, 3 not ended by memtrack_end\n", text)
        self.assertIn("begins   src/parse.c:42\n", text)
        self.assertIn(r"error    no such \x1b[31mfile" + "\n", text)
        self.assertRegex(text, r"\(group library\)\n")
        self.assertRegex(text, r"duration +1\.70 s +- +- ")  # an older recorder's
        for line in text.splitlines():
            self.assertLessEqual(len(line), 100, line)
        self.assertIn("1 more name", self.text("scopes.pb.gz", "--details", "-n",
                                               str(len(rows) - 1)))
        self.call("scopes.pb.gz", "--details", "--json", status=2)

    def test_csv_has_context(self):
        for found, wanted in zip(self.csv("scopes.pb.gz"), self.json()["rows"], strict=True):
            for value in VALUES:
                for part in ("min", "stddev"):
                    cell = found["%s_%s" % (value, part)]
                    self.assertEqual(cell == "", wanted[value][part] is None)
                    if cell:
                        self.assertAlmostEqual(float(cell), wanted[value][part], places=2)
            for key in ("group", "file", "line", "recursive", "misuses", "error",
                        "latest_before_bytes", "latest_after_bytes"):
                wanted_text = "" if wanted[key] is None else str(wanted[key])
                self.assertEqual(found[key].replace("\\x1b", "\x1b"), wanted_text, key)

    def test_trace(self):
        path = self.path("t.json")
        table = self.text("scopes.pb.gz", "--trace", path)
        self.assertIn("request", table)
        found = check_trace(json.loads(self.read("t.json")))
        self.assertEqual({name: len(found[name]) for name in ("X", "b", "e", "i")},
                         {"X": 3, "b": 1, "e": 1, "i": 2})
        self.assertEqual([event["name"] for event in found["b"]], ["task"])
        self.assertEqual(len([event for event in found["C"] if event["name"] == "heap"]), 3)
        request = next(event for event in found["X"] if event["name"] == "request"
                       and event["tid"] == 4242)
        self.assertEqual((request["ts"], request["dur"]), (9900.0, 1500.0))
        self.assertEqual(request["args"], {"url": "/index\033[2J", "net_bytes": -2048,
                                           "peak_bytes": 65536})
        self.assertIn("exists", self.call("scopes.pb.gz", "--trace", path,
                                          status=2).stderr.decode())
        self.call("scopes.pb.gz", "--trace", path, "--force")
        self.call("scopes.pb.gz", "--trace", os.path.join(self.dir, "absent/t.json"), status=3)

    def test_nothing_reaches_the_terminal(self):
        for arguments in ([], ["--details"], ["--events"], ["--csv"], ["--csv", "--events"], ["--json"],
                          ["--json", "--events"], ["--trace", "-"]):
            output.check_harmless(self, self.text("scopes.pb.gz", *arguments), arguments)

    def test_lines_fit(self):
        for columns in (60, 80, 100, 120, 200):
            for line in self.text("scopes.pb.gz", COLUMNS=str(columns)).splitlines():
                self.assertLessEqual(len(line), columns, line)

    def test_labels_group_and_filter(self):
        def report(*arguments):
            return harness.ask("report", "scopes.pb.gz", *arguments, cwd=self.dir)
        rows = {row["key"]: row["live_bytes"] for row in report("--by", "scope")["rows"]}
        self.assertEqual((rows["request"], rows["parse"]), (1 << 20, 12000))
        rows = {row["key"]: row["live_bytes"] for row in report("--by", "domain")["rows"]}
        self.assertEqual(rows["gpu"], 400)
        self.assertEqual(sum(row["live_bytes"] for row in report("--include", "scope:pa*")["rows"]),
                         12000)
        self.assertEqual([row["live_bytes"] for row in report("--include", "domain:gpu")["rows"]],
                         [400])


class Errors(Case):
    def test_usage(self):
        for arguments in (["--sort", "no"], ["-n", "x"], ["--json", "--csv"],
                          ["--events", "--sort", "net"], ["--trace", "-", "--json"],
                          ["--color", "x"], ["--force"], ["--include", ""], [""]):
            result = self.call(*arguments, status=2)
            self.assertEqual(result.stdout, b"", arguments)
            self.assertIn(b"memtrack scopes", result.stderr)
        self.assertIn(b"needs the name of a scope", self.call("--include", "", status=2).stderr)

    def test_unreadable(self):
        self.call("/nonexistent", status=3)
        self.call("/bin/true", status=3)
        self.call("scopes.pb.gz", "--trace", "/dev/full", "--force", status=3)

    def test_of_other_tools(self):
        self.assertIn("no scopes: another tool wrote the file", self.text("other.pb.gz"))
        self.assertEqual(json.loads(self.text("other.pb.gz", "--json"))["rows"], [])


if __name__ == "__main__":
    harness.main()
