# SPDX-License-Identifier: MIT
# timeout: 3600
# cost: 27
# serial
"""What is read from a running process is one instant of it: sums, totals and the order of events
all agree.

threads_balance.c says what its heap consists of at every instant, threads_churn.c makes every kind
of event. Nothing of what is read here may be marked approximate, whatever state the process is in.
"""
import os
import signal
import unittest

from support import harness, live

SNAPSHOTS = int(os.environ.get("MEMTRACK_SOAK_ROUNDS", "0")) or (2000
                                                                 if os.environ.get("MEMTRACK_SOAK")
                                                                 else 20)
THREADS, KEPT, SWELL_MOST = 8, 16, 4000
COLUMNS = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks")
RISING = ("total_bytes", "total_blocks", "freed_bytes", "freed_blocks", "temporary_blocks")
PEAK_BOUND = 64 * 1024  # of what is documented for several threads
# function: least and most live blocks, bytes of each block
BALANCE = {"exchange": (THREADS * KEPT, THREADS * (KEPT + 1), 512),
           "hand_over": (0, 2 * THREADS, 128), "swell": (0, SWELL_MOST, 1000)}


class Cut(unittest.TestCase):
    def check_sums(self, report, exact=True):
        totals = report["totals"]
        for column in COLUMNS:
            self.assertEqual(totals[column], sum(row[column] for row in report["rows"]), column)
        for row in report["rows"]:
            self.assertGreaterEqual(min(row[column] for column in COLUMNS), 0, row)
        self.assertEqual(totals["live_bytes"], totals["total_bytes"] - totals["freed_bytes"])
        self.assertEqual(totals["live_blocks"], totals["total_blocks"] - totals["freed_blocks"])
        self.assertGreaterEqual(totals["peak_bytes"], totals["live_bytes"])
        # A lock whose holder has lost its processor for long is given up: that is counted, and must
        # stay rare.
        self.assertLessEqual(report["coverage"]["dropped_events"], 1 + totals["total_blocks"] //
                             1000000)
        if exact:
            self.assertFalse(report["recording"]["approximate"], report["coverage"]["notes"])

    def check_balance(self, report):
        rows = {row["function"]: row for row in report["rows"]}
        dropped = report["coverage"]["dropped_events"]  # allocations that count as freed at once
        for function, (least, most, size) in BALANCE.items():
            blocks = rows[function]["live_blocks"]
            self.assertTrue(least - dropped <= blocks <= most, "%s has %d live blocks" %
                            (function, blocks))
            self.assertEqual(blocks * size, rows[function]["live_bytes"], function)
        tokens = sum(rows[name]["live_blocks"] for name in ("first_token", "pass_token")
                     if name in rows)
        self.assertTrue(1 - dropped <= tokens <= 2, "%d tokens" % tokens)
        self.assertLessEqual(rows["resize"]["live_blocks"], THREADS)

    def check_threads(self, process):
        report = process.report("--by", "thread", "--include", "exchange")
        rows = [row["live_blocks"] for row in report["rows"] if row["total_blocks"]]
        dropped = report["coverage"]["dropped_events"]
        self.assertEqual(THREADS, len(rows))
        for blocks in rows:
            self.assertTrue(KEPT - dropped <= blocks <= KEPT + 1, rows)

    def check_rising(self, reports):
        for earlier, later in zip(reports, reports[1:]):
            for column in RISING:
                self.assertLessEqual(earlier["totals"][column], later["totals"][column], column)
            self.assertLessEqual(earlier["totals"]["peak_bytes"], later["totals"]["peak_bytes"] +
                                 PEAK_BOUND)
        self.assertLess(reports[0]["totals"]["total_blocks"], reports[-1]["totals"]["total_blocks"],
                        "nothing happened")

    def take(self, process, n):
        """n snapshots as fast as they come, as reports; every tenth through a file."""
        reports = []
        for i in range(n):
            path = None
            if i % 10 == 9:
                path = os.path.join(process.directory, "snapshot.pb.gz")
                taken = process.memtrack("snapshot", process.pid, "-o", path, "--force")
                self.assertEqual(0, taken.code, "%r" % taken)
            reports.append(process.report("--by", "function", subject=path))
            self.check_sums(reports[-1])
        return reports

    def test_balance(self):
        for allocator in harness.ALLOCATORS:
            with self.subTest(allocator), live.process([harness.program("threads_balance"),
                                                        str(THREADS)],
                                                       allocator=allocator) as process:
                process.wait_for("ready")
                reports = self.take(process, SNAPSHOTS)
                for report in reports:
                    self.check_balance(report)
                self.check_rising(reports)
                self.check_threads(process)
                self.assertIsNone(process.child.poll(), "it has ended")

    def test_churn(self):
        """Every entry point, blocks that die in another thread, some hundred sites."""
        with live.process([harness.program("threads_churn"), str(THREADS), "100000000"]) as process:
            while process.memtrack("report", "--json", process.pid).code:
                self.assertIsNone(process.child.poll())
            self.check_rising(self.take(process, SNAPSHOTS))

    def test_series(self):
        """One reader that takes snapshot after snapshot."""
        with live.process([harness.program("threads_balance"), str(THREADS)]) as process:
            process.wait_for("ready")
            pattern = os.path.join(process.directory, "series.%n.pb.gz")
            taken = process.memtrack("snapshot", process.pid, "-o", pattern, "--every", "20ms",
                                     "--count", SNAPSHOTS, timeout=harness.WATCHDOG_SECONDS +
                                     SNAPSHOTS)
            self.assertEqual(0, taken.code, "%r" % taken)
            paths = [os.path.join(process.directory, name) for name in os.listdir(process.directory)
                     if name.startswith("series.")]
            self.assertEqual(SNAPSHOTS, len(paths))
            reports = sorted((process.report("--by", "function", subject=path) for path in paths),
                             key=lambda report: report["totals"]["total_blocks"])
            for report in reports:
                self.check_sums(report)
                self.check_balance(report)
            self.check_rising(reports)

    def check_at_rest(self, process, exact=True):
        """Twice the same: nothing changes any more, and looking changes nothing."""
        reports = [process.report("--by", "function") for _ in range(2)]
        self.assertEqual(reports[0]["totals"], reports[1]["totals"])
        self.check_sums(reports[0], exact)
        return reports[0]

    def test_stopped(self):
        """SIGSTOP comes between any two instructions: inside an event as well, and then the record
        may say so."""
        with live.process([harness.program("threads_balance"), str(THREADS)]) as process:
            process.wait_for("ready")
            before = process.report("--by", "function")
            for _ in range(5):
                process.signal(signal.SIGSTOP)
                process.wait_for_state("T")
                stopped = self.check_at_rest(process, exact=False)
                process.signal(signal.SIGCONT)
                after = self.take(process, 1)[0]
                self.check_balance(after)
                self.check_rising([before, stopped, after])
                before = after

    def test_deadlocked(self):
        with live.process([harness.program("threads_balance"), str(THREADS), "5000"]) as process:
            process.wait_for("ready")
            process.wait_for("stuck")
            self.check_balance(self.check_at_rest(process))

    def test_dead(self):
        """A zombie, and when its parent has waited for it as well: the ledger is still there."""
        with live.process([harness.program("threads_balance"), str(THREADS)]) as process:
            process.wait_for("ready")
            before = process.report("--by", "function")
            process.signal(signal.SIGKILL)
            process.wait_for_state("Z")
            zombie = self.check_at_rest(process, exact=False)
            process.child.wait()
            self.assertEqual(zombie["totals"], self.check_at_rest(process, exact=False)["totals"])
            self.check_rising([before, zombie])
            self.assertEqual(zombie["totals"],
                             process.report(subject=process.ledgers()[0])["totals"])

    def test_ended(self):
        """Nothing was under way when the process ended by itself: its record is exact."""
        with live.process([harness.program("ending"), "_exit"]) as process:
            process.wait_for_state("Z")
            self.assertEqual(100000, self.check_at_rest(process)["totals"]["total_blocks"])


if __name__ == "__main__":
    harness.main()
