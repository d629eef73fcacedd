# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 12
"""However a profile is grouped, each column of the rows adds up to the process's total, to the
block and byte.

Also: a filter and its opposite together give everything, sorting changes only the order, and what
the totals say among themselves is consistent.
"""
import collections

from support import harness, oracle, workloads

GROUPS = ("line", "function", "file", "module", "stack", "thread", "scope", "size", "domain")
COLUMNS = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks")


class Invariants(oracle.Programs):
    PROGRAMS = {**dict.fromkeys(workloads.COMMON + workloads.OWN, []), "recursion": ["20000"],
                "threads_churn": ["8", "3000"], "threads_pipeline": [], "threads_short": ["200"],
                "threads_destructors": [], "threads_tiny": [], "threads_cancel": [],
                "late_statics": [], "ending": [], "stack_throw": ["2000"]}

    def check_sums(self, profile):
        for group in GROUPS:
            report = profile.report("--by", group)
            oracle.adds_up(self, report, COLUMNS, "--by %s" % group)
            keys = [row["key"] for row in report["rows"]]
            if group != "stack":
                self.assertEqual(len(keys), len(set(keys)), "--by %s shows a key twice" % group)

    def check_totals(self, profile):
        t = profile.totals
        self.assertEqual(t["total_bytes"] - t["freed_bytes"], t["live_bytes"])
        self.assertEqual(t["total_blocks"] - t["freed_blocks"], t["live_blocks"])
        self.assertGreaterEqual(t["peak_bytes"], t["live_bytes"])
        self.assertGreaterEqual(t["total_bytes"], t["peak_bytes"])
        self.assertGreaterEqual(t["freed_blocks"], t["temporary_blocks"])
        for row in profile.rows("stack"):
            self.assertGreaterEqual(row["max_bytes"], max(row["live_bytes"], row["peak_bytes"]),
                                    row)

    def check_sorting(self, profile):
        rows = profile.rows("function")
        for column in ("live", "peak", "total", "blocks", "temporary", "max", "waste"):
            name = {"blocks": "total_blocks", "temporary": "temporary_blocks"}.get(column, column +
                                                                                   "_bytes")
            sorted_rows = profile.rows("function", "--sort", column)
            values = [row[name] for row in sorted_rows]
            self.assertEqual(sorted(values, reverse=True), values, "--sort %s" % column)
            self.assertEqual(sorted(str(row) for row in rows),
                             sorted(str(row) for row in sorted_rows))

    def check_filters(self, profile):
        rows = profile.rows("function")
        for function in [row["function"] for row in rows if row["function"]][:3]:
            pattern = "".join("[%s]" % c if c in "[*?" else c for c in function)
            inside = profile.report("--include", pattern)["rows"]
            outside = profile.report("--exclude", pattern)["rows"]
            for column in COLUMNS:
                self.assertEqual(profile.totals[column], sum(r[column] for r in inside + outside),
                                 (function, column))

    def equal(self, workload):
        with harness.workdir() as directory:
            tracked = workload.track(directory)
            self.assertTrue(tracked.profiles, "%r" % tracked)
            for profile in tracked.profiles:
                self.check_sums(profile)
                self.check_totals(profile)

    def test_sorting_and_filters(self):
        for name in ("peak_sites", "containers", "threads_pipeline"):
            with self.subTest(name), harness.workdir() as directory:
                tracked = harness.track([harness.program(name)], directory)
                self.check_sorting(tracked.profile)
                self.check_filters(tracked.profile)

    def test_peak_composition(self):
        """peak_sites.c says in its source what the heap consists of at its highest moment."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("peak_sites")], directory)
            rows = {row["function"]: (row["peak_blocks"], row["peak_bytes"])
                    for row in tracked.profile.rows("function")}
            self.assertEqual({"base": (10, 7000), "rising": (60, 6000), "other": (5, 320),
                              "falling": (0, 0)}, rows)

    def test_a_peak_that_no_thread_has_seen(self):
        """The bound of what threads keep to themselves is one for all of them together."""
        with harness.workdir() as directory:
            for options, bound in (([], 64 << 10), (["--exact-peak"], 0)):
                tracked = harness.track([harness.program("threads_shy")], directory, options,
                                        name=str(bound))
                self.assertEqual(0, tracked.code, "%r" % tracked)
                profile = tracked.profile
                rows = {row["function"]: row for row in profile.rows("function")}
                self.assertEqual((240000 + 1600, 0), (rows["run"]["total_bytes"],
                                                      rows["run"]["live_bytes"]))
                self.assertLessEqual(240000 - bound, profile.totals["peak_bytes"])
                if not bound:
                    self.assertEqual(240000, rows["run"]["peak_bytes"])

    def test_many_big_blocks(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("many_big")], directory)
            totals, coverage = tracked.profile.totals, tracked.profile.coverage
            self.assertEqual((450, 450, 300 * (17 << 20)), tuple(
                totals[name] for name in ("total_blocks", "freed_blocks", "peak_bytes")))
            self.assertEqual((0, 0), (coverage["unknown_frees"], coverage["dropped_events"]))

    def test_estimates(self):
        """sampled.c: no estimate is further off than six deviations of what a sample of its size
        has."""
        counts = {"small": 300000 * 100 // 16384, "middle": 4000 * 5000 // 16384}
        with harness.workdir() as directory:
            profile = harness.track([harness.program("sampled")], directory,
                                    ["--sample", "16K"]).profile
            report = profile.report("--by", "function")
        rows = {row["function"]: row for row in report["rows"]}
        self.assertEqual(("sampled", 16384), (report["recording"]["mode"],
                                              report["recording"]["sample_bytes"]))
        for function, column, exact in (("small", "total_bytes", 30000000),
                                        ("small", "total_blocks", 300000),
                                        ("small", "live_bytes", 15000000),
                                        ("small", "peak_bytes", 30000000),
                                        ("middle", "total_bytes", 20000000),
                                        ("middle", "temporary_blocks", 4000)):
            allowed = exact * 6 / (counts[function] / 2) ** 0.5
            self.assertLessEqual(abs(rows[function][column] - exact), allowed, (function, column))
            # 1.96 deviations, which are exceeded in one case of twenty
            margin = rows[function]["margin"][column]
            self.assertLessEqual(abs(rows[function][column] - exact), 3.2 * margin,
                                 (function, column, margin))
            self.assertLess(margin, exact / 2)
        self.assertEqual((20 << 20, 0, 0), tuple(rows["large"][c]
                                                 for c in ("total_bytes", "peak_bytes",
                                                           "live_bytes")))
        self.assertEqual(0, report["coverage"]["unknown_frees"])

    def test_usable_sizes(self):
        for allocator in ("glibc", "jemalloc"):
            with self.subTest(allocator), harness.workdir() as directory:
                options = ["--usable"] + ([] if allocator == "glibc"
                                          else ["--allocator", allocator])
                tracked = harness.track([harness.program("wasteful")], directory, options)
                waste, usable = map(int, tracked.stdout.split())
                self.assertGreater(waste, 0)
                rows = tracked.profile.rows("function")
                # libstdc++, which jemalloc comes with
                others = [row for row in rows if row["function"] != "allocate"]
                self.assertEqual([waste], [row["waste_bytes"] for row in rows if row["function"] ==
                                           "allocate"])
                if not others:
                    self.assertEqual(usable, tracked.profile.totals["total_usable_bytes"])
                self.assertEqual(allocator == "glibc", not others)

    def innermost(self, profile, n):
        """How many blocks of `touch` each call path has, by its n innermost frames."""
        blocks = collections.Counter()
        for row in profile.rows("stack", "--keep-wrappers"):  # touch is called from everywhere
            # the C library's qsort has some
            path = [(frame["function"], frame["line"]) for frame in row["stack"]
                    if frame["function"] != "[truncated]" and not frame["inlined"]]
            if path[0][0] == "touch":
                blocks[tuple(path[:n])] += row["total_blocks"]
        return blocks

    def test_frames_limit_keeps_the_innermost(self):
        """Also where a deeper stack was walked before, of which this one is a part."""
        with harness.workdir() as directory:
            command = [harness.program("stack_frames_O0")]
            full = harness.track(command, directory, name="full").profile
            for frames in (1, 3, 10):
                short = harness.track(command, directory, ["--frames", str(frames)], name="f%d" %
                                      frames).profile
                self.assertEqual(56700, sum(self.innermost(full, frames).values()))
                self.assertEqual(self.innermost(full, frames), self.innermost(short, 1000),
                                 "--frames %d" % frames)

    def test_frames_limit_changes_no_total(self):
        with harness.workdir() as directory:
            command = [harness.program("stack_frames_O0")]
            full = harness.track(command, directory, name="full").profile.totals
            for frames in ("1", "3"):
                short = harness.track(command, directory, ["--frames", frames], name="f" +
                                      frames).profile.totals
                self.assertEqual(full, short, "--frames %s" % frames)


if __name__ == "__main__":
    harness.main()
