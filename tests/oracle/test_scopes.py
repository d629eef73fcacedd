# SPDX-License-Identifier: MIT
# timeout: 3600
"""Scopes equal what programs count themselves: nested, recursive, in eight threads, moved over a
thread pool and an event loop, misused, at random; and so does everything that is made of them:
rows, percentiles, labels, events, traces.

MEMTRACK_SEED is the first seed of what happens at random, MEMTRACK_SOAK_ROUNDS how many there
are."""
import json
import math
import os
import random
import statistics
import unittest

from support import case, go, harness, live
from support.trace import check_trace

SOAK = os.environ.get("MEMTRACK_SOAK")
ROUNDS = int(os.environ.get("MEMTRACK_SOAK_ROUNDS", "0")) or (300 if SOAK else 6)
SEED = int(os.environ.get("MEMTRACK_SEED", "0")) or (random.getrandbits(40) if SOAK else 1)

COLUMNS = ["net", "peak", "bytes", "blocks", "freed", "own_net", "own_bytes", "own_blocks",
           "duration", "own_duration", "kind", "marked", "recursive"]
UNKNOWN = -1
OF_THREAD, BY_ERROR, OF_PROCESS = range(3)
VALUES = {"net": "net_bytes", "peak": "peak_bytes", "bytes": "allocated_bytes",
          "blocks": "allocated_blocks", "freed": "freed_bytes", "duration": "duration_ns"}
OWN = {"own_net": "own_net_bytes", "own_bytes": "own_allocated_bytes",
       "own_blocks": "own_allocated_blocks", "own_duration": "own_duration_ns"}


def counted_in_order(stdout):
    """What the program says that it did: [(name, {column: number})]."""
    regions = []
    for line in stdout.decode().splitlines():
        name, *numbers = line.split()
        regions.append((name, dict(zip(COLUMNS, map(int, numbers), strict=True))))
    return regions


def counted(stdout, of_process=False):
    """The same by name, of regions of threads or of those of the process: {name: [{column:
    number}]}."""
    regions = {}
    for name, region in counted_in_order(stdout):
        if (region["kind"] == OF_PROCESS) == of_process:
            regions.setdefault(name, []).append(region)
    return regions


def percentile(values, percent):
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


class Recorded(case.Case):
    def setUp(self):
        super().setUp()
        self.profile = self.path("p.pb.gz")

    def record(self, name, *arguments, **env):
        result = harness.record(self.profile, [harness.program(name), *arguments],
                                env=harness.plain_environment(**env))
        self.assertEqual(0, result.code, "%r" % result)
        return counted(result.stdout)

    def scopes(self, *options):
        return harness.ask("scopes", self.profile, *options)

    def report(self, *options):
        return harness.ask("report", self.profile, *options)

    def rows(self):
        return {(row["name"], row["process"]): row for row in self.scopes()["rows"]}


class Oracle(Recorded):
    def assert_close(self, found, exact, what):
        self.assertLessEqual(abs(found - exact), 1e-9 * exact, (what, found, exact))

    def compare(self, regions, of_process=False):
        rows = self.rows()
        self.assertTrue(regions)
        for name, runs in regions.items():
            row = rows[name, of_process]
            self.assertEqual(row["count"], len(runs), name)
            self.assertEqual(row["recursive"], sum(run["recursive"] for run in runs), name)
            for column, key in VALUES.items():
                values = [run[column] for run in runs if not run["recursive"]]
                if UNKNOWN in values and column == "duration":
                    continue
                self.assertEqual(row[key]["sum"], sum(values), (name, key))
                self.assertEqual(row[key]["max"], max(values), (name, key))
                self.assertEqual(row[key]["min"], min(values), (name, key))
                self.assertAlmostEqual(row[key]["mean"], sum(values) / len(values), places=3)
                self.assert_close(row[key]["stddev"], statistics.pstdev(values), (name, key))
                for percent in (50, 95):
                    exact = percentile(values, percent)
                    self.assertLessEqual(abs(row[key]["p%d" % percent] - exact), abs(exact) * 0.03,
                                         (name, key, exact))
            for column, key in OWN.items():
                values = [run[column] for run in runs]
                if UNKNOWN not in values or column != "own_duration":
                    self.assertEqual(row[key], sum(values), (name, key))
        return rows

    def check_attribution(self, regions):
        """What was allocated in a scope and in none inside of it is what the report charges to its
        name."""
        report = self.report("--by", "scope", "--sort", "total")
        charged = {row["key"]: row for row in report["rows"]}
        for name, runs in regions.items():
            own = sum(run["own_bytes"] for run in runs)
            self.assertEqual(charged[name]["total_bytes"] if own else 0, own, name)
            inside = self.report("--include", "scope:" + name)["rows"]
            self.assertEqual(sum(row["total_bytes"] for row in inside), own, name)
        self.assertEqual(sum(row["total_bytes"] for row in report["rows"]),
                         report["totals"]["total_bytes"])

    def test_nested_and_recursive(self):
        regions = self.record("scope_nested")
        self.assertEqual(len(regions["recurse"]), 300)
        rows = self.compare(regions)
        self.check_attribution(regions)
        self.assertEqual(sum(row["errors"] + row["misuses"] for row in rows.values()), 0)
        self.assertEqual(rows["recurse", False]["recursive"], 299)

    def test_eight_threads(self):
        regions = self.record("scope_threads")
        rows = self.compare(regions)
        self.check_attribution(regions)
        self.assertEqual(rows["request", False]["threads"], 8)
        for name in ("phase", "half"):
            row = rows[name, True]
            self.assertEqual(row["net_bytes"]["sum"], sum(run["net"] for run in regions["request"]))
            self.assertEqual(row["allocated_bytes"]["sum"],
                             sum(run["bytes"] for run in regions["request"]))
            self.assertGreaterEqual(row["peak_bytes"]["max"], row["net_bytes"]["max"])

    def test_thread_pool(self):
        regions = self.record("scope_tasks", "4")
        self.assertEqual(len(regions["task"]), 200)
        self.compare(regions)
        self.check_attribution(regions)

    def test_event_loop(self):
        regions = self.record("scope_tasks", "1")
        rows = self.compare(regions)
        self.assertEqual(len(regions["loop"]), 1)
        self.assertGreater(rows["task", False]["duration_ns"]["sum"],
                           rows["loop", False]["duration_ns"]["sum"])

    def check_events(self, stdout):
        """Each region that ended is an event, and has the same figures."""
        regions = counted_in_order(stdout)
        events = [event for event in self.scopes("--events")["events"] if event["name"] != "alone"]
        program = {(name, region["net"], region["peak"], region["duration"], region["marked"])
                   for name, region in regions if region["duration"] != UNKNOWN}
        missing = program - {(e["name"], e["net_bytes"], e["peak_bytes"], e["duration_ns"],
                              int(e["metadata"] == {"marked": "yes"})) for e in events}
        self.assertFalse(missing)
        self.assertEqual(len(events), len(regions))

    def test_at_random(self):
        for seed in range(SEED, SEED + ROUNDS):
            with self.subTest(seed=seed):
                result = harness.record(self.profile, [harness.program("scope_storm"), str(seed)],
                                        ["--exact-peak"],
                                        env=harness.plain_environment(
                                            MEMTRACK_OPTIONS="events=20000"))
                self.assertEqual(0, result.code, "%r" % result)
                regions = counted(result.stdout)
                rows = self.compare(regions)
                self.check_attribution(regions)
                self.compare(counted(result.stdout, of_process=True), of_process=True)
                for name, runs in regions.items():
                    self.assertEqual(rows[name, False]["misuses"],
                                     sum(run["kind"] == BY_ERROR for run in runs), name)
                self.assertGreater(sum(row["misuses"] for row in rows.values()), 0)
                self.check_events(result.stdout)

    def test_misuse(self):
        regions = self.record("scope_misuse")
        self.assertEqual(len(regions["good"]), 13)
        rows = self.compare(regions)
        self.assertEqual({name: row["misuses"] for (name, _), row in rows.items() if row["misuses"]},
                         {"inner": 1, "jumped": 6, "forgotten": 1, "replaced": 1})
        allocated = {name: (row["count"], row["allocated_bytes"]["sum"]) for (name, _),
                     row in rows.items()}
        self.assertEqual([allocated[name] for name in ("forgotten", "replaced", "replacing")],
                         [(1, 108), (1, 0), (1, 208)])
        self.assertEqual([allocated[name] for name in ("written", "write", "written over",
                                                       "written once")], [(1, 18)] * 4)
        self.assertEqual(rows["deep", False]["count"], 16384)


class Functions(Recorded):
    """-finstrument-functions: each function is a scope, and has its own name."""

    def test_counts_and_bytes(self):
        self.record("scope_functions")
        rows = {name: row for (name, _), row in self.rows().items()}
        nodes = 3 * (2 ** 6 - 1)
        self.assertEqual({name: row["count"] for name, row in rows.items()},
                         {"main": 1, "grow": nodes, "cut": nodes + 3 * 2 ** 6, "list": 10,
                          "jumps": 4, "jump": 4})
        self.assertEqual({name: row["own_allocated_bytes"] for name, row in rows.items()
                          if row["own_allocated_bytes"]}, {"grow": nodes * 16, "list": 10 * 1000})
        self.assertEqual(rows["main"]["peak_bytes"]["max"], max(1000, (2 ** 6 - 1) * 16))
        self.assertEqual(rows["grow"]["net_bytes"]["max"], (2 ** 6 - 1) * 16)
        self.assertEqual({name: row["misuses"] for name, row in rows.items() if row["misuses"]},
                         {"jump": 4})
        charged = {row["key"]: row["total_bytes"] for row in self.report("--by", "scope")["rows"]}
        self.assertEqual((charged["grow"], charged["list"]), (nodes * 16, 10 * 1000))


RUNNING = """
import ctypes, sys
memtrack = ctypes.CDLL(None)
scope = (ctypes.c_uint64 * 32)()
blocks = []
for _ in range(5):
    memtrack.memtrack_begin(scope, b"ended")
    memtrack.malloc.restype = ctypes.c_void_p
    blocks.append(memtrack.malloc(12345))
    memtrack.memtrack_end(scope, None)
memtrack.memtrack_begin(scope, b"open")
print("ready", flush=True)
sys.stdin.readline()
"""


class Running(unittest.TestCase):
    def test_a_process_that_runs(self):
        with live.process(["/usr/bin/python3", "-c", RUNNING]) as process:
            process.wait_for("ready")
            report = harness.ask("scopes", process.pid, env=process.environment_of_reader())
        rows = {row["name"]: row for row in report["rows"]}
        self.assertEqual(list(rows), ["ended"])
        self.assertEqual(rows["ended"]["count"], 5)
        self.assertGreaterEqual(rows["ended"]["net_bytes"]["sum"], 5 * 12345)


class Made(Recorded):
    def test_processor_time_is_measured_when_asked_for(self):
        self.record("scope_nested", MEMTRACK_SCOPE_CPU="1")
        self.assertTrue(self.scopes()["cpu_measured"])
        for row in self.rows().values():
            self.assertGreater(row["cpu_ns"]["sum"], 0)
            self.assertLessEqual(row["cpu_ns"]["p50"], row["cpu_ns"]["max"])

    def test_one_event_in_so_many(self):
        """The sums know all of them, whatever is kept one by one."""
        regions = self.record("scope_nested", MEMTRACK_OPTIONS="event_sample=10,events=100000")
        n, scopes = sum(map(len, regions.values())), self.scopes()
        self.assertEqual(sum(row["count"] for row in scopes["rows"]), n)
        self.assertEqual((scopes["events"]["sample"], scopes["events"]["kept"],
                          scopes["events"]["seen"]), (10, math.ceil(n / 10), math.ceil(n / 10)))

    def test_several_processes_have_one_clock(self):
        script = '"$1"; "$1"; true'
        pattern = os.path.join(self.dir, "several.%e.%p.pb.gz")
        harness.memtrack("run", "-q", "-o", pattern, "--", "sh", "-c", script, "sh",
                         harness.program("scope_domains"), env=harness.plain_environment())
        document = harness.ask("timeline", "--tree", self.dir)
        processes = [process for process in document["processes"] if process["scopes"]]
        self.assertEqual([3, 3], [len(process["scopes"]) for process in processes])
        for process in processes:
            self.assertGreater(process["start_ns"], 0)
            for thing in process["scopes"] + process["counters"] + process["marks"]:
                self.assertTrue(process["start_ns"] <= thing["time_ns"] <= process["end_ns"],
                                (process["start_ns"], thing))

    def test_scopes_and_domains_are_left_out(self):
        self.record("scope_domains")
        def total(*options):
            return sum(row["total_bytes"] for row in self.report(*options)["rows"])
        for pattern in ("scope:fill", "scope:up*", "domain:device", "domain:malloc"):
            inside = total("--include", pattern)
            self.assertGreater(inside, 0, pattern)
            self.assertEqual(total() - inside, total("--exclude", pattern), pattern)

    def test_the_latest_events_are_kept(self):
        result = self.record("scope_nested", MEMTRACK_OPTIONS="events=50")
        events = self.scopes("--events")
        self.assertEqual((events["kept"]["kept"], events["kept"]["seen"]),
                         (50, sum(map(len, result.values()))))
        self.assertEqual([event["name"] for event in events["events"]], ["recurse"] * 50)
        lengths = [event["duration_ns"] for event in events["events"]]
        self.assertEqual(lengths, sorted(lengths))  # the outermost ends last

    def test_domains_and_events(self):
        self.record("scope_domains")
        rows = {row["key"]: row for row in self.report("--by", "domain")["rows"]}
        self.assertEqual((rows["pool"]["live_bytes"], rows["pool"]["total_bytes"]), (500, 1000))
        self.assertEqual((rows["device"]["live_blocks"], rows["device"]["peak_bytes"]),
                         (5, 6 << 20))
        self.assertEqual((rows["handles"]["live_bytes"], rows["handles"]["live_blocks"],
                          rows["handles"]["total_bytes"]), (300, 1, 400))
        self.assertEqual((rows["malloc"]["live_bytes"], rows["malloc"]["total_bytes"]),
                         (2 * 64, 1000 + 2 * 64))
        # a pool begins where its first object does
        self.assertEqual(self.report()["coverage"]["unknown_frees"], 0)
        device = self.report("--include", "domain:device", "--by", "scope")["rows"]
        self.assertEqual([row["key"] for row in device], ["upload"])
        lines = self.report("--include", "domain:device", "--by", "line")["rows"]
        self.assertEqual([os.path.basename(row["file"]) for row in lines], ["scope_domains.c"])
        events = self.scopes("--events")
        self.assertEqual([(event["name"], event["metadata"]) for event in events["events"]],
                         [("fill", {}), ("upload", {"size": "small", "queue": "copy"}),
                          ("upload", {"size": "large", "queue": "copy"})])
        self.assertEqual([mark["name"] for mark in events["marks"]], ["filling", "emptying"])
        self.assertEqual([counter["value"] for counter in events["counters"]], [10, 5])
        times = [mark["time_ns"] for mark in events["marks"]]
        for event in events["events"]:
            self.assertTrue(times[0] <= event["time_ns"] <= event["time_ns"] +
                            event["duration_ns"] <= times[1])

    OPEN = {"all": (1200, 51000, 51200, 3), "outer": (1200, 51000, 51200, 3),
            "inner": (200, 50000, 50200, 2)}

    def check_open(self, scopes):
        """What is left by threads that have ended counts as soon as another thread takes the
        place."""
        measured = {scope["name"]: tuple(scope[key]
                                         for key in ("net_bytes", "peak_bytes", "allocated_bytes",
                                                     "allocated_blocks"))
                    for scope in scopes["open"]}
        left = measured.pop("left", None)
        self.assertEqual(measured, self.OPEN)
        self.assertEqual(left, (300, 300, 300, 1))
        self.assertEqual([scope["name"] for scope in scopes["open"] if scope["process"]], ["all"])
        self.assertEqual([(row["name"], row["count"], row["misuses"]) for row in scopes["rows"]],
                         [("left", 1, 1)])

    def test_what_was_open_when_the_process_was_killed(self):
        harness.record(self.profile, [harness.program("scope_open"), "kill"])
        self.check_open(self.scopes())

    def test_what_is_open_now(self):
        command = [harness.MEMTRACK, "run", "-q", "-o", self.profile, "--",
                   harness.program("scope_open"), "wait"]
        run = self.enterContext(live.Child(command, "open"))
        with open("/proc/%d/task/%d/children" % (run.pid, run.pid), encoding="ascii") as children:
            pid = children.read().split()[0]
        now = harness.ask("scopes", pid)
        run.stdin.close()
        self.assertEqual(run.wait(timeout=60), 0)
        self.check_open(now)

    def test_exit_ends_what_is_open(self):
        """In the thread that calls it, and in the process: as main of a program that never returns
        from it."""
        self.record("scope_open", "exit")
        scopes = self.scopes()
        self.assertEqual([scope["name"] for scope in scopes["open"]], ["left"])
        rows = {row["name"]: row for row in scopes["rows"]}
        self.assertEqual({name: row["misuses"] for name, row in rows.items()},
                         {"all": 1, "outer": 1, "inner": 1, "left": 1})
        for name, (net, peak, allocated, blocks) in self.OPEN.items():
            self.assertEqual(tuple(rows[name][key]["sum"]
                                   for key in ("net_bytes", "peak_bytes", "allocated_bytes",
                                               "allocated_blocks")), (net, peak, allocated, blocks))

    def test_traces(self):
        for program, arguments in (("scope_nested", []), ("scope_threads", []),
                                   ("scope_tasks", ["4"])):
            self.record(program, *arguments)
            trace = json.loads(harness.memtrack("scopes", "--trace", "-", self.profile).stdout)
            found = check_trace(trace)
            self.assertEqual(len(found["X"]) + len(found["b"]), self.scopes()["events"]["kept"])
            self.assertEqual(bool(found["b"]), program != "scope_nested")

    def test_go_pprof_focuses_on_scopes(self):
        regions = self.record("scope_nested")
        own = sum(run["own_bytes"] for run in regions["parse"])
        text = go.pprof("-top", "-unit=B", "-sample_index=alloc_space", "-tagfocus=scope=^parse$",
                        self.profile)
        self.assertIn("%dB" % own, text)
        self.record("scope_domains")
        text = go.pprof("-top", "-unit=B", "-sample_index=inuse_space", "-tagfocus=domain=device",
                        self.profile)
        self.assertIn("%dB" % (5 << 20), text)


if __name__ == "__main__":
    harness.main()
