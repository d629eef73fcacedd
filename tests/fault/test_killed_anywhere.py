# SPDX-License-Identifier: MIT
# timeout: 7200
# cost: 45
"""
Killed at every instruction of an event (a sample of them here, all with MEMTRACK_SOAK=1): what is
left is sound. And left by siglongjmp at the same places: what comes afterwards is recorded.
"""
import json
import os

from support import case, harness

MMAP = os.path.join(harness.BUILD, "libmemtrack-mmap.so")
SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
# How many children are killed in each: the longer an event, the more signals it takes to get there.
CHILDREN = {"start": 1, "malloc": 80, "free": 80, "realloc": 60, "fill": 4, "drain": 8,
            "replace": 20, "big": 3, "drain_big": 20, "first_scopes": 4, "scopes": 12,
            "first_figures": 6, "figures": 30, "clear": 60, "last_clears": 4, "mmap": 4,
            "munmap": 20, "munmap_all": 30}
LEFT = {"malloc": 10, "free": 10, "realloc": 10, "replace": 10, "clear": 40, "last_clears": 4,
        "scopes": 10, "figures": 10}
AFTERWARDS = 10  # blocks that each thread of a child has in the end which left the event


class KilledAnywhere(case.Case):
    def kill_in(self, event, wanted, seed, *how):
        """Verifies what is left of children that were killed in the event, or left it."""
        with harness.workdir() as directory:
            os.chmod(directory, 0o700)
            env = harness.preloaded(directory, MMAP)
            if SOAK:
                wanted = 0 if wanted >= 20 else 100
            result = harness.run([harness.program("killed_anywhere"), event, str(seed), str(wanted),
                                  *how], env=env, timeout=3000)
            what = " ".join((event, *how))
            self.assertEqual(0, result.code, "%s: %r" % (what, result))
            instructions, killed = map(int, result.stdout.split())
            self.assertGreaterEqual(killed, (wanted or instructions) * 3 // 4, what)
            ledgers = harness.ledgers(directory)
            self.verify(ledgers, what)
            if "leave" in how:
                self.verify_afterwards(ledgers, killed, what)
            print("%s: %d instructions, killed or left %d times" % (what, instructions, killed))

    def verify(self, ledgers, what):
        env = harness.plain_environment()
        for i in range(0, len(ledgers), 500):
            result = harness.run([harness.MEMTRACK, "list", "--verify", *ledgers[i:i + 500]],
                                 env=env, timeout=300)
            faults = [line for line in result.stdout.decode().splitlines() if "  sound  " not in line]
            self.assertEqual((0, []), (result.code, faults), "%s: %s" % (what, result.stderr))

    def verify_afterwards(self, ledgers, left, what):
        functions = ["step_or_leave", "other"] if "threads" in what else ["step_or_leave"]
        seen = 0
        for ledger in ledgers:
            result = harness.run([harness.MEMTRACK, "report", "--json", "--by", "function", ledger],
                                 env=harness.plain_environment())
            report = json.loads(result.stdout)
            live = {row["function"]: row["live_blocks"] for row in report["rows"]}
            if "step_or_leave" not in live:
                continue  # of the parent, or of the child that came to the end
            seen += 1
            self.assertEqual([AFTERWARDS] * len(functions), [live.get(f) for f in functions],
                             "%s: %s" % (what, ledger))
            said = any("memtrack_clear_traces" in note for note in report["coverage"]["notes"])
            self.assertTrue(said or "clear" not in what or live.get("do_fill"), ledger)
        self.assertEqual(left, seen, what)

    def test_one_thread(self):
        for event, children in CHILDREN.items():
            self.kill_in(event, children, 1)

    def test_threads(self):
        for event, children in CHILDREN.items():
            if event != "start":
                self.kill_in(event, children, 2, "threads")

    def test_left(self):
        for event, children in LEFT.items():
            self.kill_in(event, children, 3, "leave")
            self.kill_in(event, children, 4, "threads", "leave")


if __name__ == "__main__":
    harness.main()
