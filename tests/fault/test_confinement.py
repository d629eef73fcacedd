# SPDX-License-Identifier: MIT
"""Under seccomp a system call that the program would not have made is its end. Whatever the way under a filter, the program
does what it does natively; totals are exact; what could not be recorded in detail is counted.
"""
import os
import unittest

from support import harness

BLOCKS = 40000


def sizes():
    """Those of tests/programs/confined_self.c."""
    state, out = 7, []

    def random():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % 2**32

    for _ in range(BLOCKS):
        random()
        out.append(16 + random() % 100)
    return out


class Confinement(unittest.TestCase):
    def confined(self, how, directory, **options):
        command = [harness.program("confined_self"), how]
        native = harness.check(command)
        tracked = harness.track(command, directory, **options)
        self.assertEqual((native.code, native.stdout, native.stderr), (tracked.code, tracked.stdout, tracked.stderr),
                         "%s\n%r" % (how, tracked))
        own = sizes()
        totals, coverage = tracked.profile.totals, tracked.profile.coverage
        self.assertEqual({"total_blocks": BLOCKS + 1, "total_bytes": sum(own) + 1, "freed_blocks": BLOCKS // 2 + 1,
                          "live_bytes": sum(own[1::2]), "peak_bytes": sum(own)},
                         {key: totals[key] for key in ("total_blocks", "total_bytes", "freed_blocks", "live_bytes",
                                                       "peak_bytes")}, "%s: %r" % (how, tracked.profile))
        self.assertEqual(0, coverage["dropped_events"])
        self.assertLessEqual(coverage["truncated_stacks"], 1, "after the first walk the stack is known")
        self.assertNotIn("another build", " ".join(coverage["notes"]))
        rows = tracked.profile.report("--by", "function")["rows"]
        self.assertEqual(totals["total_blocks"], sum(row["total_blocks"] for row in rows))
        return tracked.profile

    def test_nothing_is_lost_where_the_ledger_can_grow(self):
        for how in ("none", "container", "refused"):
            with self.subTest(how), harness.workdir() as directory:
                coverage = self.confined(how, directory).coverage
                self.assertEqual(0, coverage["lossy_blocks"])
                self.assertNotRegex(" ".join(coverage["notes"]), "seccomp|could not")

    def test_detail_is_lost_where_it_cannot(self):
        """In strict mode, and under a filter of which the recorder has not seen the text, not one call is left."""
        for how in ("strict", "filter", "raw_strict", "raw_filter"):
            with self.subTest(how), harness.workdir() as directory:
                profile = self.confined(how, directory)
                self.assertLess(profile.coverage["lossy_blocks"], BLOCKS // 2, "nothing was set aside")
                if profile.coverage["lossy_blocks"]:
                    self.assertRegex(" ".join(profile.coverage["notes"]), "seccomp")

    def test_filter_from_before(self):
        """tree's blocks are known from its source; confined_self's ledger has to grow."""
        for how in ("kill", "container"):
            for program, blocks in ((["tree"], 3951), (["confined_self", "none"], BLOCKS + 1)):
                with self.subTest(how, program=program), harness.workdir() as directory:
                    command = [harness.program(program[0]), *program[1:]]
                    wrapped = [harness.program("confined_exec"), how, *command]
                    native = harness.run(wrapped)
                    if native.code == harness.SKIP:
                        self.skipTest("no filter is to be had")
                    tracked = harness.track(wrapped, directory)
                    self.assertEqual((native.code, native.stdout, native.stderr),
                                     (tracked.code, tracked.stdout, tracked.stderr), "%r" % tracked)
                    mine = [p for p in tracked.profiles if p.totals["total_blocks"] == blocks]
                    self.assertEqual(1, len(mine), "%r" % tracked.profiles)
                    self.assertEqual((0, 0), (mine[0].coverage["lossy_blocks"], mine[0].coverage["dropped_events"]))
                    self.assertEqual(command, mine[0].process["command"])
                    self.assertEqual(command[0], mine[0].process["exe"])
                    self.assertLessEqual(mine[0].coverage["truncated_stacks"], 1, "after the first walk the stack is known")

    def test_container(self):
        """The filters of the container's first process are the container's: all calls are made, some fail."""
        with harness.workdir() as directory:
            tree = harness.program("tree")
            inner = [harness.MEMTRACK, "run", "-q", "-o", os.path.join(directory, "inner.pb.gz"), "--", "sh", "-c",
                     'cd / && "$0"; exit $?', tree]
            outer = ["unshare", "-pf", "--mount-proc", harness.program("confined_exec"), "container", "/bin/sh", "-c",
                     '"$@"; exit $?', "sh", *inner]
            result = harness.run(outer)
            if b"Operation not permitted" in result.stderr:
                self.skipTest("needs a pid namespace")
            self.assertEqual(0, result.code, "%r" % result)
            profiles = [harness.Profile(os.path.join(directory, name)) for name in os.listdir(directory)]
            mine = [p for p in profiles if p.process["exe"] == tree]
            self.assertEqual(1, len(mine))
            self.assertEqual(3951, mine[0].totals["total_blocks"])
            threads = [row["key"] for row in mine[0].report("--by", "thread")["rows"]]
            self.assertRegex(threads[0], r"^[1-9][0-9]* tree", "its number was not asked for")


if __name__ == "__main__":
    harness.main()
