# SPDX-License-Identifier: MIT
"""Called on a stack that is 8 bytes off, or any other number, the recorder does what the allocator
does there: its work."""
import unittest

from support import harness

# jemalloc does not survive it by itself
OPTIONS = ((), ("--usable",), ("--exact-peak", "--allocator-stats"), ("--sample", "2K"))


class Misaligned(unittest.TestCase):
    def test_every_entry_point(self):
        """In the process, in its fork, and in the slow paths of the first call and of what is
        rare."""
        for arguments in ((), ("odd",)):
            command = [harness.program("stack_misaligned"), *arguments]
            native = harness.check(command)
            for options in OPTIONS:
                with self.subTest(arguments=arguments,
                                  options=options), harness.workdir() as directory:
                    tracked = harness.track(command, directory, options)
                    self.assertTrue(native.same_as(tracked), "%r" % tracked)
                    if "--sample" not in options:
                        self.check_figures(int(native.stdout), tracked)

    def check_figures(self, n, tracked):
        self.assertEqual(2, len(tracked.profiles))
        for profile in tracked.profiles:
            totals, coverage = profile.totals, profile.coverage
            self.assertEqual((n, 0), (totals["total_blocks"], totals["live_blocks"]))
            self.assertEqual((0, 0), (coverage["truncated_stacks"], coverage["dropped_events"]),
                             coverage)
            self.assertEqual(n // 6, totals["failed_allocations"])

    def test_call_paths(self):
        with harness.workdir() as directory:
            env = harness.plain_environment(MEMTRACK_OPTIONS="check_unwind=1")
            for arguments in ((), ("odd",)):
                tracked = harness.track([harness.program("stack_misaligned"), *arguments],
                                        directory, (), env, "p" + "".join(arguments))
                self.assertIn("full unwind: 0 mismatches", tracked.profile.notes)
                inner = {row["stack"][-1]["function"] for row in tracked.profile.rows("stack")}
                self.assertIn("_start", inner)


if __name__ == "__main__":
    harness.main()
