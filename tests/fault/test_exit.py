# SPDX-License-Identifier: MIT
# timeout: 180
"""A program ends as it does without a tracker, whatever its threads hold, its heap looks like or
its handlers do. On its own account the recorder calls no allocator; who wants the allocator's
figures has a copy of the process asked, which may die."""
import os
import struct

from support import case, compiler, harness, oracle

RUNS = "200" if os.environ.get("MEMTRACK_SOAK") else "12"
SMASHED = range(5)
LINE = struct.Struct("=24sQ")


class Exit(case.Case):
    def setUp(self):
        super().setUp()
        self.n = 0

    def same(self, command, options=(), env=None, **more):
        """Output and status are those of the program alone. Returns the tracked run."""
        self.n += 1
        return oracle.as_without(self, command, self.dir, options, env, "p%d" % self.n, **more)

    def test_threads_that_are_stopped_for_good(self):
        for how in ("parked", "gone"):
            with self.subTest(how):
                self.same([harness.program("exit_parked"), RUNS, how], timeout=120)

    def test_heap_that_is_damaged(self):
        for how in SMASHED:
            for options in ((), ("--allocator-stats",)):
                with self.subTest(how, options=options):
                    self.same([harness.program("exit_smashed"), str(how)], options)

    def test_exit_in_a_handler_that_allocates(self):
        bump = compiler.shared_object("bump.c")
        for options in ((), ("--allocator-stats",)):
            with self.subTest(options):
                self.same([harness.program("exit_handler"), RUNS], ["--allocator", bump, *options])

    def figures(self, tracked):
        return "uordblks" in harness.memtrack("report", "-v", tracked.profile.path).stdout.decode()

    def reason(self, tracked):
        notes = [note for note in tracked.profile.coverage["notes"]
                 if "own figures are missing" in note]
        self.assertEqual(1, len(notes), tracked.profile.coverage)
        return notes[0]

    def test_figures_on_request_alone(self):
        command = [harness.program("tree")]
        self.assertFalse(self.figures(self.same(command)))
        self.assertTrue(self.figures(self.same(command, ["--allocator-stats"])))

    def test_nobody_sees_the_copy(self):
        self.assertTrue(self.figures(self.same([harness.program("exit_children")],
                                               ["--allocator-stats"])))

    def test_figures_that_cannot_be_had(self):
        tracked = self.same([harness.program("exit_smashed"), "1"], ["--allocator-stats"])
        self.assertRegex(self.reason(tracked), r"crashed when asked \(signal \d+, in a copy")
        harness.find_library("libmimalloc.so.2")
        tracked = self.same([harness.program("tree")],
                            ["--allocator-stats", "--allocator", "mimalloc"])
        self.assertRegex(self.reason(tracked), "only glibc, jemalloc and tcmalloc")
        tracked = self.same(["sh", "-c", "kill -9 $$"], ["--allocator-stats"])
        self.assertRegex(self.reason(tracked), "did not come")

    def test_allocator_that_does_not_answer(self):
        """The wait has an end, the program's status stays, and the copy is gone with it."""
        silent = compiler.shared_object("silent.c")
        env = harness.plain_environment(LD_PRELOAD=silent)
        tracked = self.same([harness.program("tree")], ["--allocator-stats"], env)
        self.assertRegex(self.reason(tracked), "no answer within 2 s")

    def witnessed(self, *preload):
        counts = os.path.join(self.dir, "counts.%d" % len(preload))
        env = harness.plain_environment(LD_PRELOAD=":".join(preload), WITNESS=counts,
                                        MEMTRACK_DIR=self.dir)
        harness.check([harness.program("ways")], env=env)
        with open(counts, "rb") as file:
            return {name.rstrip(b"\0").decode(): n for name, n in LINE.iter_unpack(file.read())}

    def test_nothing_is_called_on_its_own_account(self):
        """At start, fork, dlopen, dlclose, a thread's start and exit: what arrives at the allocator
        is what the program calls."""
        witness = compiler.shared_object("witness.c")
        native = self.witnessed(witness)
        self.assertGreater(native["malloc"], 40)
        self.assertGreater(native["dlclose"], 10)
        self.assertEqual(native, self.witnessed(harness.LIBRARY, witness))


if __name__ == "__main__":
    harness.main()
