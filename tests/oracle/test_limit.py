# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 20
"""Under --limit-peak no process holds more than the limit, by the program's own account and by the
recorded peak; what fits is given to the last byte; and a program that stays below sees nothing of
it."""
import os
import re

from support import case, harness

LIMIT = 4 << 20


def on(allocator):
    """Options of run; where it is not installed, the test is skipped."""
    library = harness.ALLOCATORS[allocator]
    return ["--allocator", allocator] if library and harness.find_library(library) else []


class Limit(case.Case):
    def run_limited(self, command, limit, *options, status=0, env=None):
        """(the Result, the profile of the process)"""
        output = self.path("limited.pb.gz")
        result = harness.run([harness.MEMTRACK, "run", "--force", "-o", output,
                              "--limit-peak", str(limit), *options, "--", *command],
                             env=env or harness.plain_environment())
        self.assertEqual(status, result.status, "%r" % result)
        return result, harness.Profile(output)

    def limited(self, way, *options, limit=LIMIT, **how):
        command = [harness.program("limited"), str(limit), way]
        result, profile = self.run_limited(command, limit, *options, **how)
        # With several threads, the sum of what each call path had at the peak can contain a block
        # more of each: the program looks at the peak itself.
        self.assertLessEqual(profile.totals["peak_bytes"],
                             limit + (8 * 32000 if way == "threads" else 0))
        refused = re.search(rb"(\d+) refused", result.stdout)
        return result, profile, int(refused.group(1)) if refused else 0

    def test_last_byte(self):
        for allocator in harness.ALLOCATORS:
            with self.subTest(allocator):
                _, profile, refused = self.limited("exact", *on(allocator))
                # posix_memalign returns its error, and is not among those that the program counts
                self.assertEqual(6, refused)
                self.assertEqual(LIMIT, profile.totals["peak_bytes"])

    def test_cleared(self):
        self.assertEqual(2, self.limited("cleared")[2])

    def test_tracked(self):
        _, profile, refused = self.limited("tracked")
        self.assertEqual((1, LIMIT), (refused, profile.totals["peak_bytes"]))

    def test_threads(self):
        for limit in (2 << 20, 1 << 20):
            with self.subTest(limit):
                _, profile, refused = self.limited("threads", limit=limit)
                self.assertLess(0, refused)
                self.assertEqual(refused, profile.totals["failed_allocations"])

    def test_handlers(self):
        self.limited("handlers")

    def test_mappings(self):
        _, profile, refused = self.limited("mappings", "--mmap", limit=16 << 20)
        self.assertEqual(2, refused)
        self.assertLess((16 << 20) - 4096, profile.totals["peak_bytes"])

    def test_operators(self):
        """mimalloc's, which is in C, does not throw: it ends the program."""
        for allocator in set(harness.ALLOCATORS) - {"mimalloc"}:
            with self.subTest(allocator):
                result, profile = self.run_limited(
                    [harness.program("limited_new"), str(LIMIT)], LIMIT, *on(allocator))
                self.assertEqual(b"8 refused\n", result.stdout)
                self.assertLessEqual(profile.totals["peak_bytes"], LIMIT)

    def test_who_stays_below_sees_nothing(self):
        for name in ("list", "growth", "peak_middle", "fork_ways"):
            with self.subTest(name):
                command = [harness.program(name)]
                native = harness.run(command)
                tracked, profile = self.run_limited(command, 1 << 30)
                self.assertEqual((native.code, native.stdout), (tracked.code, tracked.stdout))
                self.assertFalse([n for n in profile.report()["coverage"]["notes"] if "limit" in n])

    def test_refusals_are_told(self):
        result, profile, _ = self.limited("steps")
        first = 1 + int(re.search(rb"(\d+) steps", result.stdout).group(1))
        blocks = profile.totals["total_blocks"]
        self.assertLessEqual(first, blocks + 1)
        note, = [n for n in profile.report()["coverage"]["notes"] if "limit" in n]
        line = line_of(b"malloc(STEP)")
        self.assertRegex(note, r"^The limit of 4\.0 MiB refused 1 allocation: in one_step "
                               r"\(limited\.c:%d\)\. It asked for 65,536 bytes when [\d,]+ were "
                               r"live\. The way to it: one_step \(limited\.c:%d\) < steps "
                               r"\(limited\.c:\d+\) < main \(limited\.c:\d+\)\.$" % (line, line))

    def test_abort(self):
        result, profile = self.run_limited([harness.program("limited"), str(LIMIT), "steps"],
                                           "%d:abort" % LIMIT, status=134)
        self.assertRegex(result.stderr.decode(),
                         r"memtrack: an allocation of 65536 bytes with \d+ bytes live would exceed "
                         r"the limit of 4194304 bytes: aborted")
        self.assertRegex(result.stderr.decode(),
                         r"ended by --limit-peak: 64\.0 KiB more than the 4\.0 MiB live would "
                         r"exceed 4\.0 MiB\n  one_step \(limited\.c:\d+\)\n  steps "
                         r"\(limited\.c:\d+\)\n  main \(limited\.c:\d+\)\n")
        self.assertEqual({"code": None, "signal": 6}, profile.report()["process"]["exit"])

    def test_bare_preload_and_children(self):
        """Each process has the limit for itself, and an exec does not lift it."""
        env = harness.preloaded(self.dir, MEMTRACK_OPTIONS="limit_peak=%d" % LIMIT)
        script = "%s %d steps; exec %s %d steps" % ((harness.program("limited"), LIMIT) * 2)
        result = harness.check(["/bin/sh", "-c", script], env=env)
        steps = [int(n) for n in re.findall(rb"(\d+) steps", result.stdout)]
        self.assertEqual([LIMIT // (64 << 10)] * 2, steps)
        peaks = [harness.Profile(p).totals["peak_bytes"] for p in harness.ledgers(self.dir)]
        self.assertLessEqual(max(peaks), LIMIT)

    def test_wrong_words(self):
        for words, reason in ((["--limit-peak", "much"], "64M"), (["--limit-peak", "1M:stop"], "1M:stop: needs one of fail|abort"),
                              (["--limit-peak", "0"], "no allocation"),
                              (["--limit-peak", "1M", "--sample", "64K"], "--sample")):
            result = harness.run([harness.MEMTRACK, "run", *words, "--", "true"])
            self.assertEqual(125, result.code, "%r" % result)
            self.assertIn(reason, result.stderr.decode())


def line_of(text):
    with open(os.path.join(harness.SOURCE, "tests", "programs", "limited.c"), "rb") as file:
        return 1 + next(i for i, line in enumerate(file) if text in line)


if __name__ == "__main__":
    harness.main()
