# SPDX-License-Identifier: MIT
"""Under seccomp a system call that the program would not have made is its end. Whatever the way
under a filter, the program does what it does natively; totals are exact; what could not be recorded
in detail is counted.
"""
import os
import unittest

from support import compiler, harness, oracle

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
    def confined(self, program, arguments, directory, env=None):
        command, how = [harness.program(program), *arguments], arguments
        loads = program == "confined_raw" and arguments
        tracked = oracle.as_without(self, command, directory, env=env)
        self.assertEqual(0, tracked.code)
        own = sizes()
        totals, coverage = tracked.profile.totals, tracked.profile.coverage
        # by dlopen, for its tables
        kept = totals["live_blocks"] - BLOCKS // 2, totals["live_bytes"] - sum(own[1::2])
        freed = totals["freed_blocks"] - BLOCKS // 2 - 1, totals["freed_bytes"] - sum(own[::2]) - 1
        most = (50, 50000) if loads else (0, 0)
        self.assertTrue((0, 0) <= kept <= most and (0, 0) <= freed <= most, "%s: %r" %
                        (how, tracked.profile))
        self.assertEqual((BLOCKS + 1 + kept[0] + freed[0], sum(own) + 1 + kept[1] + freed[1],
                          sum(own) + kept[1]), (totals["total_blocks"], totals["total_bytes"],
                                                totals["peak_bytes"]))
        self.assertEqual(0, coverage["dropped_events"])
        self.assertLessEqual(coverage["truncated_stacks"], 1,
                             "after the first walk the stack is known")
        self.assertNotIn("another build", " ".join(coverage["notes"]))
        rows = tracked.profile.rows("function")
        self.assertEqual(totals["total_blocks"], sum(row["total_blocks"] for row in rows))
        return tracked.profile

    def test_nothing_is_lost_where_the_ledger_can_grow(self):
        for how in ("none", "container", "refused"):
            with self.subTest(how), harness.workdir() as directory:
                coverage = self.confined("confined_self", [how], directory).coverage
                self.assertEqual(0, coverage["lossy_blocks"])
                self.assertNotRegex(" ".join(coverage["notes"]), "seccomp|could not")

    def test_detail_is_lost_where_it_cannot(self):
        """In strict mode, and under a filter of which the recorder has not seen the text, not one
        call is left."""
        for how in ("strict", "filter", "raw_strict", "raw_filter"):
            with self.subTest(how), harness.workdir() as directory:
                profile = self.confined("confined_self", [how], directory)
                self.assertLess(profile.coverage["lossy_blocks"], BLOCKS // 2,
                                "nothing was set aside")
                if profile.coverage["lossy_blocks"]:
                    self.assertRegex(profile.notes, "seccomp")

    def test_unseen_by_a_wrapper(self):
        """The number of the call is told to the function that makes it: in a large program, in a
        library that is there from the start, and in one that is loaded later."""
        library = compiler.shared_object("raw_call.c")
        before = harness.plain_environment(LD_PRELOAD=library)
        for where, argument, env in (("program", [], None), ("library", [library], before),
                                     ("loaded", [library], None)):
            with self.subTest(where), harness.workdir() as directory:
                self.confined("confined_raw", argument, directory, env=env)

    def test_filter_from_before(self):
        """tree's blocks are known from its source; many_paths' ledger has to grow."""
        for how in ("kill", "container"):
            for program, blocks in ((["tree"], 3951), (["many_paths", "20000", "1000"], 20001)):
                with self.subTest(how, program=program), harness.workdir() as directory:
                    command = [harness.program(program[0]), *program[1:]]
                    wrapped = [harness.program("confined_exec"), how, *command]
                    tracked = oracle.as_without(self, wrapped, directory)
                    mine = [p for p in tracked.profiles if p.totals["total_blocks"] == blocks]
                    self.assertEqual(1, len(mine), "%r" % tracked.profiles)
                    self.assertEqual((0, 0), (mine[0].coverage["lossy_blocks"],
                                              mine[0].coverage["dropped_events"]))
                    self.assertEqual(command, mine[0].process["command"])
                    self.assertEqual(command[0], mine[0].process["exe"])
                    self.assertLessEqual(mine[0].coverage["truncated_stacks"], 1,
                                         "after the first walk the stack is known")

    def test_filter_from_before_and_another_unseen(self):
        """Nobody may be asked whether it is a fork, so nothing is recorded, and each event counts
        as such."""
        with harness.workdir() as directory:
            wrapped = [harness.program("confined_exec"), "kill", harness.program("confined_self"),
                       "none"]
            tracked = oracle.as_without(self, wrapped, directory)
            profile, = (p for p in tracked.profiles if p.process["exe"].endswith("confined_self"))
            self.assertEqual(0, profile.totals["total_blocks"])
            self.assertRegex(profile.notes, r"60,\d\d\d events are not counted.*fork.*unseen")

    def forks(self, directory, wrapped):
        """tests/programs/fork_ways.c: what the parent did, and nothing of what its children did, in
        its ledger."""
        tracked = oracle.as_without(self, wrapped, directory)
        if b"Operation not permitted" in tracked.stderr:
            self.skipTest("no filter is to be had")
        mine = [p for p in tracked.profiles if p.process["exe"].endswith("fork_ways")]
        parent, = (p for p in mine if p.totals["total_blocks"] == 140)
        self.assertEqual((220000, 140, 0, 0), (parent.totals["total_bytes"],
                                               parent.totals["freed_blocks"],
                                               parent.totals["live_bytes"],
                                               parent.coverage["unknown_frees"]), "%r" % parent)
        self.assertEqual(220000, parent.totals["peak_bytes"])
        return parent, [p for p in mine if p is not parent]

    def test_forks_of_the_confined(self):
        """However they are made, and whether it is known what the filter says."""
        for how in ("fork", "madvise"):
            with self.subTest(how), harness.workdir() as directory:
                parent, forks = self.forks(directory, [harness.program("confined_exec"), how,
                                                       harness.program("fork_ways")])
                self.assertEqual([], forks)
                notes = parent.notes
                self.assertRegex(notes, r"3 forked processes are not recorded.*madvise")
                self.assertEqual(0, parent.coverage["dropped_events"])

    def test_forks_where_nothing_is_refused(self):
        with harness.workdir() as directory:
            parent, forks = self.forks(directory, [harness.program("fork_ways")])
            self.assertEqual([(500, 2500000)] * 3, [(p.totals["total_blocks"],
                                                     p.totals["total_bytes"]) for p in forks])
            self.assertNotRegex(parent.notes, "forked process")

    def test_forks_in_a_container_without_madvise(self):
        """Its filter is the container's, so that all calls are made, and getpid tells."""
        with harness.workdir() as directory:
            inner = [harness.MEMTRACK, "run", "-q", "-o", os.path.join(directory, "%e.%p.pb.gz"),
                     "--", harness.program("fork_ways")]
            outer = ["unshare", "-pf", "--mount-proc", harness.program("confined_exec"), "madvise",
                     "/bin/sh", "-c", '"$@"; exit $?', "sh", *inner]
            result = harness.run(outer)
            if b"Operation not permitted" in result.stderr:
                self.skipTest("needs a pid namespace")
            self.assertEqual((0, b"done\n"), (result.code, result.stdout), "%r" % result)
            profile, = (harness.Profile(os.path.join(directory, name))
                        for name in os.listdir(directory))
            self.assertEqual((140, 220000, 140), (profile.totals["total_blocks"],
                                                  profile.totals["total_bytes"],
                                                  profile.totals["freed_blocks"]))
            self.assertRegex(profile.notes, "3 forked processes")

    def test_container(self):
        """The filters of the container's first process are the container's: all calls are made,
        some fail."""
        with harness.workdir() as directory:
            tree = harness.program("tree")
            inner = [harness.MEMTRACK, "run", "-q", "-o", os.path.join(directory, "inner.pb.gz"),
                     "--", "sh", "-c", 'cd / && "$0"; exit $?', tree]
            outer = ["unshare", "-pf", "--mount-proc", harness.program("confined_exec"),
                     "container", "/bin/sh", "-c", '"$@"; exit $?', "sh", *inner]
            result = harness.run(outer)
            if b"Operation not permitted" in result.stderr:
                self.skipTest("needs a pid namespace")
            self.assertEqual(0, result.code, "%r" % result)
            profiles = [harness.Profile(os.path.join(directory, name))
                        for name in os.listdir(directory)]
            mine = [p for p in profiles if p.process["exe"] == tree]
            self.assertEqual(1, len(mine))
            self.assertEqual(3951, mine[0].totals["total_blocks"])
            threads = [row["key"] for row in mine[0].rows("thread")]
            self.assertRegex(threads[0], r"^[1-9][0-9]* tree", "its number was not asked for")


if __name__ == "__main__":
    harness.main()
