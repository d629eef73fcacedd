# SPDX-License-Identifier: MIT
# timeout: 1700
"""
A handler that has interrupted the recorder forks, and returns in the child, too: the child goes on
with an event in its parent's ledger, which forks do not inherit, and must end as it does without
the tracker. At random, and after every instruction of an event (a sample of them here, all with
MEMTRACK_SOAK=1).
"""
import os
import re
import unittest

from support import compiler, harness

SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
FORKS = {"fork": 100, "_Fork": 40, "syscall": 40, "within": 40}
STEPS = {"malloc": 19, "free": 11, "realloc": 31, "thread": 4001}


class ForkInHandler(unittest.TestCase):
    def storm(self, arguments, *options):
        with harness.workdir() as directory:
            os.mkdir(os.path.join(directory, "ledgers"), 0o700)
            ledgers = os.path.join(directory, "ledgers")
            env = harness.preloaded(ledgers, compiler.shared_object("bump.c"))
            result = harness.run([harness.program("fork_in_handler"), *arguments], env=env,
                                 timeout=1600 if SOAK else 120)
            self.assertEqual((0, b""), (result.code, result.stderr), "%s: %r" % (arguments, result))
            verified = harness.run([harness.MEMTRACK, "list", "--verify",
                                    *harness.ledgers(ledgers)])
            self.assertEqual(0, verified.code, "%s: %r" % (arguments, verified))
            forks = int(result.stdout.split()[0])
            print("%s: %d forks" % (" ".join(arguments), forks))
            return forks

    def test_at_random(self):
        for how, forks in FORKS.items():
            forks *= 20 if SOAK else 1
            self.assertEqual(forks, self.storm([how, "storm", str(forks)]))

    def test_with_threads(self):
        forks = 3000 if SOAK else 40
        self.assertEqual(forks, self.storm(["fork", "storm", str(forks), "threads"]))

    def test_after_each_instruction(self):
        for event, step in STEPS.items():
            self.assertGreater(self.storm(["fork", event,
                                           str(1 if SOAK and event != "thread" else step)]), 4,
                               event)

    def recorded(self, directory, *arguments):
        """How often it forked, and its tracked run."""
        tracked = harness.track([harness.program("fork_in_handler"), *arguments], directory,
                                ["--allocator", compiler.shared_object("bump.c")])
        self.assertEqual(0, tracked.code, "%r" % tracked)
        return int(tracked.stdout.split()[0]), tracked

    def test_what_children_have(self):
        """A ledger of their own, with what they have allocated since the handler returned."""
        with harness.workdir() as directory:
            forks, tracked = self.recorded(directory, "fork", "malloc", "17")
            self.assertEqual(forks + 1, len(tracked.profiles))
            rows = [p.row("function", "live") for p in tracked.profiles if p.process["pid"] !=
                    tracked.profile.process["pid"]]
            self.assertEqual([(20, 20 * 7777, 10)] * forks,
                             [(r["total_blocks"], r["total_bytes"], r["live_blocks"])
                              for r in rows])

    def test_that_never_returns(self):
        """The handler ends its child: it has no ledger, and its parent says so."""
        with harness.workdir() as directory:
            forks, tracked = self.recorded(directory, "within", "malloc", "29")
            notes = tracked.profile.notes
            said = re.search(r"([\d,]+) forked processes are not recorded, without a ledger: a "
                             "signal handler had interrupted the recorder, forked, and did not "
                             "return\\.", notes)
            self.assertIsNotNone(said, notes)
            # of an event: in the first and last instructions of a hook
            outside = len(tracked.profiles) - 1
            self.assertEqual(forks, int(said[1].replace(",", "")) + outside)
            self.assertGreater(int(said[1].replace(",", "")), outside)


if __name__ == "__main__":
    harness.main()
