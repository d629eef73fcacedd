# SPDX-License-Identifier: MIT
"""The live blocks of a process, one by one: their sizes, ages, threads and call paths are those that
its profile sums up, and those that memtrack whois tells."""
import os
import unittest

from support import case, harness, live

BLOCKS = os.path.join(harness.BUILD, "tests", "analyze", "blocks")


def rows_of(result):
    return [line.split("\t") for line in result.stdout.decode().splitlines()]


class Blocks(case.Case):
    def test_sums_are_those_of_the_profile(self):
        env = harness.preloaded(self.dir)
        harness.run([harness.program("leaks")], env=env)
        ledger, = harness.ledgers(self.dir)
        report = harness.Profile(ledger).report("--by", "stack", "--wrapper", "none-of-these")
        rows = rows_of(harness.check([BLOCKS, ledger]))
        self.assertEqual(report["totals"]["live_blocks"], len(rows))
        self.assertEqual(report["totals"]["live_bytes"], sum(int(row[1]) for row in rows))
        addresses = [int(row[0]) for row in rows]
        self.assertEqual(sorted(set(addresses)), addresses, "each once, by address")
        for row in rows[:3]:
            told, = harness.ask("whois", ledger, row[0])["addresses"]
            self.assertEqual((int(row[0]), int(row[1])),
                             (int(told["block"]["address"], 0), told["block"]["bytes"]))
            self.assertEqual([frame["function"] for frame in told["stack"]], row[6].split(","))
            found, = rows_of(harness.check([BLOCKS, ledger, str(int(row[0]) + int(row[1]) - 1)]))
            self.assertEqual(row, found)

    def test_a_running_process(self):
        with live.process(["sh", "-c", "echo ready; kill -STOP $$"]) as running:
            running.wait_for("ready")
            running.wait_for_state("T")
            result = harness.check([BLOCKS, str(running.pid)], env=running.environment_of_reader())
            rows = rows_of(result)
            self.assertEqual(running.report()["totals"]["live_bytes"],
                             sum(int(row[1]) for row in rows))
            self.assertTrue(all(0 <= int(row[2]) <= int(row[3]) and int(row[3]) > 0 for row in rows))

    def test_itself(self):
        tracked = harness.track([BLOCKS, "self"], self.dir)
        rows = rows_of(tracked)
        self.assertEqual((0, ["1000", "100000", "10000000"]),
                         (tracked.code, [row[1] for row in rows]), "%r" % tracked)
        self.assertTrue(all(row[6].startswith("keep,look_at_itself,main") for row in rows), rows)

    def test_what_is_no_ledger(self):
        for what in ("1", self.write("text", "no ledger"), self.path("missing")):
            result = harness.run([BLOCKS, what])
            self.assertEqual(3, result.code, "%r" % result)


if __name__ == "__main__":
    harness.main()
