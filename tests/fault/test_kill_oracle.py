# SPDX-License-Identifier: MIT
# timeout: 3600
"""SIGKILL at random instants, by the program's own account: the ledger is readable and agrees,
whenever that was.

own_oracle.c writes into a file of its own what each thread is about to do and has done. A thread is
inside at most one event when it dies; of that event memtrack may have each store or not. Everything
else must be there to the byte.
"""
import json
import os
import random
import signal
import struct
import time
import unittest

from support import harness, live, oracle

ROUNDS = int(os.environ.get("MEMTRACK_SOAK_ROUNDS", "0")) or (1000
                                                              if os.environ.get("MEMTRACK_SOAK")
                                                              else 40)
PAGE, THREADS, LARGEST = 4096, 16, 2008
ALLOCATES, FREES, RESIZES = 1, 2, 3
EVENTS = ("event_allocate", "event_resize")
COLUMNS = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks")


def account(path):
    """For each thread: allocated blocks and bytes, freed blocks and bytes; what was under way, old
    and new bytes."""
    with open(path, "rb") as file:
        data = file.read()
    pages = []
    for i in range(THREADS):
        valid, = struct.unpack_from("<Q", data, i * PAGE)
        pages.append(struct.unpack_from("<7Q", data, i * PAGE + 64 * (1 + valid)))
    return pages


def possible(pages):
    """For each figure, every value that a record made at this instant may hold."""
    figures = {"total_blocks": {0}, "total_bytes": {0}, "live_blocks": {0}, "live_bytes": {0}}
    for blocks, size, freed, freed_size, kind, old, new in pages:
        more = {"total_blocks": {0}, "total_bytes": {0}, "live_blocks": {0}, "live_bytes": {0}}
        if kind in (ALLOCATES, RESIZES):
            for name, step in (("blocks", 1), ("bytes", new)):
                more["total_" + name].add(step)
                more["live_" + name].add(step)
        if kind in (FREES, RESIZES):
            for name, step in (("blocks", 1), ("bytes", old)):
                more["live_" + name] |= {value - step for value in more["live_" + name]}
        done = {"total_blocks": blocks, "total_bytes": size, "live_blocks": blocks - freed,
                "live_bytes": size - freed_size}
        for name in figures:
            figures[name] = {value + done[name] + step for value in figures[name]
                             for step in more[name]}
    return figures


class KillOracle(unittest.TestCase):
    def start(self, directory, threads):
        shared = os.path.join(directory, "shared")
        with open(shared, "wb") as file:
            file.write(bytes(PAGE * THREADS))
        process = live.Child([harness.program("own_oracle"), shared, str(threads)],
                             env=harness.preloaded(directory))
        return process, shared

    def events(self, shared):
        return sum(page[0] + page[2] for page in account(shared))

    def killed(self, directory, threads, when):
        """Start, kill when when(process, events so far) is true, and give the account."""
        process, shared = self.start(directory, threads)
        with process:
            deadline = time.monotonic() + harness.WATCHDOG_SECONDS
            while not when(lambda: self.events(shared)):
                self.assertIsNone(process.poll(), process.returncode)
                self.assertLess(time.monotonic(), deadline, "the program makes no progress")
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=harness.WATCHDOG_SECONDS)
        self.assertEqual(-signal.SIGKILL, process.returncode)
        return account(shared)

    def ledger(self, directory):
        found = harness.ledgers(directory)
        self.assertLessEqual(len(found), 1, found)
        return found[0] if found else None

    def check(self, directory, pages):
        done = sum(page[0] for page in pages)
        path = self.ledger(directory)
        if not path:
            self.assertEqual(0, done, "the ledger is gone")
            return False
        result = harness.run([harness.MEMTRACK, "report", "--json", "--by", "function", path])
        if done == 0 and result.code == 3:
            return False  # killed before the first event: the ledger had only been begun
        self.assertEqual(0, result.code, "%r" % result)
        report = json.loads(result.stdout)
        rows = [row for row in report["rows"] if row["function"] in EVENTS]
        dropped, unknown = report["coverage"]["dropped_events"], report["coverage"]["unknown_frees"]
        # On a busy machine a lock whose holder has no processor is given up: counted, and its block
        # counts as freed.
        self.assertLessEqual(dropped, done // 1000000 + (done > 1000))
        self.assertLessEqual(unknown, dropped)
        for name, values in possible(pages).items():
            seen = sum(row[name] for row in rows)
            if dropped and name.startswith("live"):
                slack = dropped * (LARGEST if name == "live_bytes" else 1)
                self.assertTrue(min(values) - slack <= seen <= max(values), (name, seen, values))
            else:
                self.assertIn(seen, values, name)
        oracle.adds_up(self, report, COLUMNS)
        return True

    def kill_and_check(self, threads, when):
        with harness.workdir() as directory:
            return self.check(directory, self.killed(directory, threads, when))

    def test_after_random_numbers_of_events(self):
        rng = random.Random(3)
        for number in range(ROUNDS * 3 // 4):
            threads, wanted = rng.choice((1, 1, 2, 4, 8)), int(10 ** rng.uniform(0, 6))
            with self.subTest(number, threads=threads, events=wanted):
                self.assertTrue(self.kill_and_check(threads, lambda events, n=wanted: events() >=
                                                    n))

    def test_at_random_times(self):
        """From the first moment on: loading, the constructor, the first events."""
        rng, readable = random.Random(4), 0
        for number in range(ROUNDS - ROUNDS * 3 // 4):
            delay = rng.uniform(0, 0.04)
            with self.subTest(number, delay=delay):
                end = time.monotonic() + delay
                readable += self.kill_and_check(2, lambda events, end=end: time.monotonic() >= end)
        self.assertGreater(readable, 0, "none was killed at work")


if __name__ == "__main__":
    harness.main()
