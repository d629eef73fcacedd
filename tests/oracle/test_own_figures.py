# SPDX-License-Identifier: MIT
# cost: 4
"""What a program says of itself: its counters, added to by eight threads, and the keys of its
process, are read as it has set them, and so they stand in every export."""
import math
import statistics

from support import case, go, harness

try:
    from prometheus_client.openmetrics import parser
except ImportError:
    parser = None


class Recorded(case.Case):
    def record(self, *arguments):
        """The profiles of the program and of its forks, by what is in them."""
        track = harness.track([harness.program("own_figures"), *arguments], self.dir)
        self.assertEqual(0, track.code, "%r" % track)
        return track


class Counters(Recorded):
    def test_eight_threads_add(self):
        """The sum is exact, and it is the last point of the course, whichever of the 160,000
        changes became events."""
        profile = self.record("counters").profile.path
        events = harness.ask("scopes", profile, "--events")["counters"]
        courses = {}
        for event in events:
            courses.setdefault(event["name"], []).append((event["time_ns"], event["value"]))
        self.assertEqual(80000, courses["requests"][-1][1])
        self.assertLess(len(courses["requests"]), 4096)
        self.assertEqual(courses["requests"], sorted(courses["requests"], key=lambda at: at[0]))
        self.assertEqual([7, -3, 2], [value for _, value in courses["queue"]])
        self.assertEqual(4096, courses["pages"][-1][1])
        figures = {row["name"]: row for row in harness.ask("scopes", profile)["counters"]}
        self.assertEqual(["requests", "queue"], list(figures))
        self.assertEqual((80000, 160000),
                         (figures["requests"]["value"], figures["requests"]["changes"]))
        self.assertGreaterEqual(figures["requests"]["highest"], 80000)
        self.assertEqual({"name": "queue", "value": 2, "lowest": -3, "highest": 7, "changes": 3},
                         figures["queue"])
        metrics = harness.memtrack("export", "--format", "openmetrics", profile).stdout.decode()
        self.assertIn('memtrack_program_value{name="requests"} 80000\n', metrics)
        self.assertIn('memtrack_program_value{name="queue"} 2\n', metrics)


class Caches(Recorded):
    def check_times(self, times, found):
        self.assertEqual(sum(times), found["sum"])
        self.assertEqual((min(times), max(times)), (found["min"], found["max"]))
        self.assertAlmostEqual(statistics.fmean(times), found["mean"], places=3)
        self.assertAlmostEqual(statistics.pstdev(times) / found["stddev"], 1, places=9)
        for percent in (50, 95):
            exact = sorted(times)[math.ceil(len(times) * percent / 100) - 1]
            self.assertLessEqual(abs(found["p%d" % percent] - exact), exact * 0.03)

    def test_of_eight_threads(self):
        """Each answer that the program gives and prints, with a time that is made up."""
        track = self.record("caches")
        answers = [line.split() for line in track.stdout.decode().splitlines()]
        hits = [int(ns) for what, ns in answers if what == "hit"]
        misses = [int(ns) for what, ns in answers if what == "miss"]
        self.assertEqual(4000, len(hits) + len(misses))
        scopes = harness.ask("scopes", track.profile.path)
        self.assertEqual([], scopes["rows"])
        [cache] = scopes["caches"]
        self.assertEqual(("lru", len(hits), len(misses)),
                         (cache["name"], cache["hits"], cache["misses"]))
        self.assertAlmostEqual(len(hits) / 4000, cache["hit_rate"])
        self.assertEqual((1024, 4096), (cache["size_bytes"], cache["highest_bytes"]))
        self.check_times(hits, cache["hit_ns"])
        self.check_times(misses, cache["miss_ns"])
        table = harness.memtrack("scopes", track.profile.path).stdout.decode()
        self.assertRegex(table, r"(?m)^ *HITS  MISSES   RATE .* CACHE\n *{:,} .* lru$"
                         .format(len(hits)))
        self.check_metrics(track.profile.path, hits, misses)

    def check_metrics(self, profile, hits, misses):
        text = harness.memtrack("export", "--format", "openmetrics", profile).stdout.decode()
        if parser is None:
            self.skipTest("python3-prometheus-client is not installed")
        found = {}
        for family in parser.text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name, sample.labels.get("result"),
                      sample.labels.get("quantile")] = sample.value
        for result, times in (("hit", hits), ("miss", misses)):
            name = "memtrack_cache_request_duration_seconds"
            self.assertEqual(len(times), found["memtrack_cache_requests_total", result, None])
            self.assertEqual(len(times), found[name + "_count", result, None])
            self.assertAlmostEqual(sum(times) / 1e9, found[name + "_sum", result, None])
            self.assertAlmostEqual(max(times) / 1e9, found[name, result, "1.0"])
        self.assertEqual(1024, found["memtrack_cache_size_bytes", None, None])


class Hooks(case.Case):
    def test_what_may_go_wrong(self):
        """Hooks that allocate, begin scopes, throw, jump away, and are removed while eight threads
        call them: the program checks itself."""
        track = harness.track([harness.program("scope_hooks")], self.dir)
        self.assertEqual(0, track.code, "%r" % track)
        scopes = harness.ask("scopes", track.profile.path)
        begun = [row["value"] for row in scopes["counters"] if row["name"] == "begun"]
        self.assertEqual([3], begun)


class Metadata(Recorded):
    def test_before_main(self):
        profile = self.record("counters").profile.path
        report = harness.ask("report", profile)
        self.assertEqual({"version": "1.2.3"}, report["process"]["metadata"])
        self.assertIn(" metadata   version=1.2.3\n",
                      harness.memtrack("report", profile).stdout.decode())

    def test_a_fork_begins_with_those_of_its_parent(self):
        track = self.record("fork")
        found = [profile.process["metadata"] for profile in track.profiles]
        self.assertEqual(2, len(found))
        self.assertIn({"version": "1.2.3", "role": "parent"}, found)
        self.assertIn({"version": "1.2.3", "role": "child", "shard": "7"}, found)

    def test_a_thousand(self):
        profile = self.record("keys", "1000").profile.path
        metadata = harness.ask("report", profile)["process"]["metadata"]
        self.assertEqual(1001, len(metadata))
        for i in range(1000):
            self.assertEqual("value %d" % i, metadata["key %d" % i])
        lines = harness.memtrack("report", profile, "-v").stdout.decode().splitlines()
        self.assertIn("key 999=value 999", [line.strip() for line in lines])
        for line in harness.memtrack("report", profile).stdout.decode().splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_more_than_there_is_room_for(self):
        """Each key too many is refused, and the report says how many changes were lost."""
        result = harness.run([harness.MEMTRACK, "run", "-q", "-o", self.path("p.pb.gz"),
                              "--", harness.program("own_figures"), "keys", "5000"])
        self.assertEqual(1, result.code)
        report = harness.ask("report", self.path("p.pb.gz"))
        self.assertEqual(4095, len(report["process"]["metadata"]))
        self.assertTrue([note for note in report["coverage"]["notes"]
                         if note.startswith("1 change found no room")], report["coverage"])

    def test_pprof_has_them(self):
        profile = self.record("keys", "20").profile.path
        text = go.pprof("-comments", profile)
        self.assertIn("version=1.2.3", text)
        self.assertIn("key 14=value 14", text)
        tags = go.pprof("-tags", "-sample_index=alloc_space", profile)
        self.assertIn("version", tags)
        self.assertIn("1.2.3", tags)

    def test_while_dormant(self):
        """What is said before recording is switched on holds afterwards."""
        track = harness.track([harness.program("own_figures"), "start"], self.dir, ["--dormant"])
        self.assertEqual(0, track.code, "%r" % track)
        self.assertEqual({"version": "1.2.3"}, track.profile.process["metadata"])


if __name__ == "__main__":
    harness.main()
