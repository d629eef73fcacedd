# SPDX-License-Identifier: MIT
# cost: 4
"""What a program says of itself: its counters, added to by eight threads, and the keys of its
process, are read as it has set them, and so they stand in every export."""
from support import case, go, harness


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
        metrics = harness.memtrack("export", "--format", "openmetrics", profile).stdout.decode()
        self.assertIn('memtrack_program_value{name="requests"} 80000\n', metrics)
        self.assertIn('memtrack_program_value{name="queue"} 2\n', metrics)


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
