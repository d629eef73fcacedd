# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 12
"""A tree of processes as one: each allocates what it is told, and the sum of all is what the test
has told them, whether they run or have ended; by process it is what each of them was told."""
import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import threading
import time
import unittest

from support import case, harness, live

MEMTRACK = harness.MEMTRACK
BLOCK = 1000


class Tree:
    """The program relatives under memtrack run, or preloaded alone."""

    def __init__(self, directory, *command, **setting):
        self.environment = harness.plain_environment(MEMTRACK_DIR=directory, LC_ALL="C.UTF-8",
                                                     COLUMNS="80")
        self.child = live.Child([*command, harness.program("relatives")], cwd=directory,
                                env={**self.environment, **setting})
        self.pid = self.reply()

    def reply(self):
        line = self.child.stdout.readline().decode()
        word, _, pid = line.partition(" ")
        if word != "ok":
            raise AssertionError("got %r; %r" % (line, self.child.stderr.read()))
        return int(pid)

    def tell(self, order):
        """Returns the pid of who obeyed."""
        self.child.stdin.write(order.encode() + b"\n")
        self.child.stdin.flush()
        return self.reply()

    def ask(self, command, *arguments):
        return harness.ask(command, *arguments, env=self.environment)

    def text(self, command, *arguments, code=0):
        result = harness.run([MEMTRACK, command, *map(str, arguments)], env=self.environment)
        if result.code != code:
            raise AssertionError(repr(result))
        return (result.stdout + result.stderr).decode()


@contextlib.contextmanager
def tree(directory, *command, **setting):
    running = Tree(directory, *command, **setting)
    try:
        yield running
    finally:
        running.child.stdin.close()
        running.child.wait(harness.WATCHDOG_SECONDS)
        running.child.stop()


def await_end(pid):
    """Until it has ended: nobody waits for it, so that it is a zombie."""
    process = os.pidfd_open(pid)
    try:
        if not select.select([process], [], [], harness.WATCHDOG_SECONDS)[0]:
            raise harness.Hang("process %d has not ended" % pid)
    finally:
        os.close(process)


def grown(report, column="live_bytes"):
    return sum(row[column] for row in report["rows"] if row["function"] == "grow")


def by_process(report):
    """What each process has, by pid."""
    return {int(row["key"].split()[0]): row["live_bytes"] for row in report["rows"]}


class Live(case.Case):
    def preloaded(self):
        return tree(self.dir, LD_PRELOAD=harness.LIBRARY)

    def test_all_that_descends_is_added_up(self):
        with self.preloaded() as t:
            t.tell("a 5")
            child = t.tell("f")
            t.tell("0 a 30")
            other = t.tell("F")
            t.tell("1 a 200")
            grandchild = t.tell("1 f")
            t.tell("1 0 a 1000")
            report = t.ask("report", "--tree", "--by", "function", t.pid)
            self.assertEqual(1235 * BLOCK, grown(report))
            self.assertEqual(sorted([t.pid, child, other, grandchild]),
                             sorted(p["pid"] for p in report["processes"]))
            self.assertEqual([t.pid], [p["pid"] for p in report["processes"] if p["is_main"]])
            # of a part of the tree, and of one
            self.assertEqual(1200 * BLOCK, grown(t.ask("report", "--tree", "--by", "function", other)))
            self.assertEqual(200 * BLOCK, grown(t.ask("report", "--by", "function", other)))
            # the sums are those of the single reports
            singles = [t.ask("report", pid) for pid in (t.pid, child, other, grandchild)]
            for name, total in report["totals"].items():
                self.assertEqual(sum(s["totals"][name] for s in singles), total, name)
            rows = by_process(t.ask("report", "--tree", "--by", "process", t.pid))
            self.assertEqual({s["process"]["pid"]: s["totals"]["live_bytes"] for s in singles}, rows)
            # what belongs to one can be filtered
            only = t.ask("report", "--tree", "--by", "function", "--include",
                         "process:%d" % grandchild, t.pid)
            self.assertEqual(1000 * BLOCK, grown(only))

    def test_every_view_takes_a_tree(self):
        with self.preloaded() as t:
            t.tell("f")
            t.tell("s 3")
            t.tell("0 s 40")
            before = self.path("before.pb.gz")
            t.text("export", "--tree", "--format", "pprof", "-o", before, t.pid)
            self.assertEqual(43 * BLOCK, grown(t.ask("report", "--by", "function", before)))
            scope, = t.ask("scopes", before)["rows"]
            self.assertEqual((2, 43 * BLOCK), (scope["count"], scope["allocated_bytes"]["sum"]))
            scope, = t.ask("scopes", "--tree", t.pid)["rows"]
            self.assertEqual((2, 43 * BLOCK), (scope["count"], scope["allocated_bytes"]["sum"]))
            apart = t.ask("scopes", "--tree", "--by", "process", t.pid)["rows"]
            self.assertEqual({3 * BLOCK, 40 * BLOCK}, {s["allocated_bytes"]["sum"] for s in apart})
            t.tell("0 a 7")
            diff = t.ask("diff", "--tree", "--by", "function", before, t.pid)
            row, = [row for row in diff["rows"] if row["diff_live_bytes"]]
            self.assertEqual(("grow", 7 * BLOCK), (row["function"], row["diff_live_bytes"]))
            calls = t.ask("tree", "--tree", "--by", "function", t.pid)
            self.assertIn("grow", json.dumps(calls))
            text = t.text("annotate", "--tree", t.pid, "relatives.c:grow")
            self.assertRegex(text, r"48\.8 KiB .*need\(malloc\(1000\)\)")

    def test_what_is_not_recorded_is_named(self):
        with self.preloaded() as t:
            t.tell("a 5")
            t.tell("u")
            t.tell("f")
            t.tell("1 a 1")
            report = t.ask("report", "--tree", "--by", "function", t.pid)
            self.assertEqual(6 * BLOCK, grown(report))
            note, = [n for n in report["coverage"]["notes"] if "not recorded" in n]
            self.assertRegex(note, r"^1 process of the tree is not recorded, and not in it: "
                                   r"cat \(\d+\)$")
            cat = int(re.search(r"\((\d+)\)", note)[1])
            entry, = [p for p in report["processes"] if p["pid"] == cat]
            self.assertEqual((None, "it is not recorded"), (entry["file"], entry["why"]))
            self.assertIn("is not tracked, nor is any of the 0 below it",
                          t.text("report", "--tree", cat, code=3))

    def test_who_has_lost_the_parent_is_found_by_its_ledger(self):
        with self.preloaded() as t:
            orphan = t.tell("o 9")
            try:
                report = t.ask("report", "--tree", "--by", "function", t.pid)
                self.assertEqual({t.pid, orphan}, {p["pid"] for p in report["processes"]})
                self.assertEqual(9 * BLOCK, grown(report))
            finally:
                os.kill(orphan, signal.SIGKILL)

    def test_a_process_that_has_ended(self):
        with self.preloaded() as t:
            gone = t.tell("F")
            t.tell("0 q")
            await_end(gone)
            report = t.ask("report", "--tree", t.pid)
            self.assertNotIn(gone, [p["pid"] for p in report["processes"]])
        self.assertIn("there is no process %d" % t.pid,
                      t.text("report", "--tree", t.pid, code=3))

    def test_a_zombie_is_no_process_of_the_tree(self):
        """It has no memory any more: it is not told of as one that is not recorded."""
        with self.preloaded() as t:
            t.tell("a 5")
            t.tell("u")
            child = t.tell("f")
            t.tell("1 a 30")
            pids = {p["pid"] for p in t.ask("report", "--tree", t.pid)["processes"]}
            self.assertEqual(3, len(pids))
            for pid in pids - {t.pid}:
                os.kill(pid, signal.SIGKILL)
                await_end(pid)
                with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
                    self.assertIn(") Z ", file.read())
            report = t.ask("report", "--tree", "--by", "function", t.pid)
            self.assertEqual([t.pid], [p["pid"] for p in report["processes"]])
            self.assertEqual(5 * BLOCK, grown(report), child)
            self.assertEqual([], [n for n in report["coverage"]["notes"] if "of the tree" in n])


class Top(case.Case):
    """The same, looked at again and again."""

    def once(self, t, *arguments):
        return t.ask("top", "--tree", "--once", "--delay", "10ms", *arguments, t.pid)

    @contextlib.contextmanager
    def watching(self, t, *arguments):
        """Its tables as they come; the next is that of a later moment."""
        command = [MEMTRACK, "top", "--tree", "--json", "--batch", "--delay", "10ms", *arguments,
                   str(t.pid)]
        top = live.Child(command, env=t.environment)
        try:
            yield top
        finally:
            top.stop()

    def until(self, top, is_wanted):
        """The first table that is, and what was allocated in all until then never becomes less."""
        deadline = time.monotonic() + harness.WATCHDOG_SECONDS
        total = 0
        while time.monotonic() < deadline:
            table = json.loads(top.stdout.readline())
            self.assertGreaterEqual(table["totals"]["total_bytes"], total)
            total = table["totals"]["total_bytes"]
            if is_wanted(table):
                return table
        raise AssertionError("never came: %r" % table)

    def test_sums_are_those_of_a_report(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            for order in ("a 5", "f", "0 a 30", "F", "1 a 200", "1 f", "1 0 a 1000", "0 d", "u"):
                t.tell(order)
            for by in ("function", "process", "line", "stack"):
                report = t.ask("report", "--tree", "--by", by, "-n", "0", t.pid)
                top = self.once(t, "--by", by)
                for name in ("live_bytes", "live_blocks", "total_bytes", "total_blocks"):
                    self.assertEqual(report["totals"][name], top["totals"][name], name)
                    self.assertEqual(sum(row[name] for row in top["rows"]), top["totals"][name])
                if by == "process":
                    self.assertEqual(by_process(report), by_process(top))
                elif by != "stack":
                    self.assertEqual({row["key"]: row["live_bytes"] for row in report["rows"]},
                                     {row["key"]: row["live_bytes"] for row in top["rows"]}, by)
            pids = {p["pid"] for p in report["processes"] if p["file"]}
            self.assertEqual(pids, {p["pid"] for p in top["tree"]["processes"]})
            self.assertEqual(4, len(pids))
            self.assertEqual(["cat"], [p["program"] for p in top["tree"]["not_recorded"]])
            text = t.text("top", "--tree", "--once", "--delay", "10ms", t.pid)
            self.assertRegex(text, r"pid %d and 3 more  running" % t.pid)
            self.assertRegex(text, r"1 not recorded:\s+cat\s+\(\d+\)")
            child = max(by_process(self.once(t, "--by", "process")))
            only = self.once(t, "--by", "function", "--include", "process:%d" % child)
            alone = t.ask("report", "--by", "function", child)
            self.assertEqual(grown(alone), grown(only))

    def test_who_comes_and_goes(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("a 5")
            with self.watching(t, "--by", "function") as top:
                table = self.until(top, lambda table: grown(table) == 5 * BLOCK)
                self.assertEqual(0, table["totals"]["diff_live_bytes"])
                t.tell("F")
                t.tell("0 a 30")
                table = self.until(top, lambda table: grown(table) == 35 * BLOCK)
                self.assertEqual(2, len(table["tree"]["processes"]))
                self.assertEqual(30 * BLOCK, grown(table, "diff_live_bytes"))
                t.tell("0 q")
                table = self.until(
                    top, lambda table: table["tree"]["ended"] and grown(table) == 5 * BLOCK)
                self.assertEqual((5 * BLOCK, 35 * BLOCK, 0),
                                 (grown(table), grown(table, "total_bytes"),
                                  grown(table, "diff_live_bytes")))
                self.assertEqual([t.pid], [p["pid"] for p in table["tree"]["processes"]])
                self.assertGreaterEqual(table["tree"]["ended_live_bytes"], 30 * BLOCK)
                t.tell("a 7")
                self.until(top, lambda table: grown(table) == 12 * BLOCK)
                t.child.stdin.close()
                t.child.wait(harness.WATCHDOG_SECONDS)
                table = self.until(top, lambda table: table["process"]["state"] == "ended")
                self.assertEqual(12 * BLOCK, grown(table))
                self.assertEqual(0, top.wait(harness.WATCHDOG_SECONDS))

    def test_of_many_that_end_the_sum_stays(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("a 5")
            orphans = []
            try:
                with self.watching(t, "--by", "function") as top:
                    orphans += [t.tell("o 1") for _ in range(70)]
                    table = self.until(top, lambda table: grown(table) == 75 * BLOCK)
                    total = table["totals"]["total_bytes"]
                    while orphans:
                        os.kill(orphans.pop(), signal.SIGKILL)
                    table = self.until(top, lambda table: grown(table) == 5 * BLOCK)
                    # those of them that ended first have no rows any more
                    self.assertLess(grown(table, "total_bytes"), 75 * BLOCK)
                    self.assertGreaterEqual(table["totals"]["total_bytes"], total)
                    self.assertGreaterEqual(table["tree"]["ended"], 70)
            finally:
                for orphan in orphans:
                    os.kill(orphan, signal.SIGKILL)

    def test_what_cannot_be_followed(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("u")
            table = self.once(t)
            cat = table["tree"]["not_recorded"][0]["pid"]
            self.assertIn("is not tracked, nor is any of the 0 below it",
                          t.text("top", "--tree", "--once", cat, code=3))
            for command in (("top", "--once"), ("report",)):
                self.assertIn("holds no profile that can be read",
                              t.text(*command, "--tree", self.dir, code=3))


class Run(case.Case):
    """Of what has ended there is a directory, with the time axis of each process."""

    def record(self):
        """Returns the directory of a run, and the processes in it that have a profile."""
        with tree(self.dir, MEMTRACK, "run", "-q", "--interval", "1ms", "-o", "out/", "--") as t:
            for order in ("a 5", "f", "0 a 30", "F", "1 a 200", "0 d", "1 s 3", "s 4"):
                t.tell(order)
            self.asker = t
        with open(self.path("out", "index.json")) as file:
            processes = json.load(file)["processes"]
        return self.path("out"), [p for p in processes if p["file"]]

    def at(self, where, time_ns):
        """What was live then, in all; nothing before the beginning and after the end."""
        return sum(row["live_blocks"] for row in
                   self.asker.ask("report", "--at", "%.9f" % (time_ns / 1e9), where)["rows"])

    def test_top(self):
        """The last picture of a run, and of each of its profiles, is what report says of it."""
        directory, processes = self.record()
        for options in ((), ("--tree",)):
            for by in ("process", "function"):
                table = self.asker.ask("top", "--once", "--by", by, *options, directory)
                report = self.asker.ask("report", "--by", by, *options, directory)
                self.assertEqual("ended", table["process"]["state"])
                for name in ("live_bytes", "live_blocks", "total_bytes", "total_blocks"):
                    self.assertEqual({row["key"]: row[name] for row in report["rows"]},
                                     {row["key"]: row[name] for row in table["rows"]}, (by, name))
                    self.assertEqual(report["totals"][name], table["totals"][name])
        self.assertGreater(len(processes), 2)
        for process in processes:
            table = self.asker.ask("top", "--once", os.path.join(directory, process["file"]))
            self.assertEqual(process["live_bytes"], table["totals"]["live_bytes"])
            self.assertEqual(process["total_bytes"], table["totals"]["total_bytes"])
        text = self.asker.text("top", "--once", directory)
        self.assertIn("pid %d and %d more  ended" % (self.asker.pid, len(processes) - 1), text)

    def test_past_moments_are_those_of_the_processes(self):
        directory, processes = self.record()
        self.assertEqual(3, len(processes))
        origin = min(p["start_time_ns"] for p in processes)
        end = max(p["start_time_ns"] + p["duration_ns"] for p in processes)
        for part in range(1, 12):
            time_ns = origin + (end - origin) * part // 12
            wanted = sum(self.at(self.path("out", p["file"]), time_ns - p["start_time_ns"])
                         for p in processes
                         if p["start_time_ns"] <= time_ns <= p["start_time_ns"] + p["duration_ns"])
            self.assertEqual(wanted, self.at(directory, time_ns - origin), part)
        report = self.asker.ask("report", "--by", "function", directory)
        self.assertEqual(242 * BLOCK, grown(report, "total_bytes"))

    def test_scopes_of_all(self):
        directory, _ = self.record()
        scope, = self.asker.ask("scopes", directory)["rows"]
        self.assertEqual((2, 7 * BLOCK), (scope["count"], scope["allocated_bytes"]["sum"]))
        apart = self.asker.ask("scopes", "--by", "process", directory)["rows"]
        self.assertEqual([4 * BLOCK, 3 * BLOCK], [s["allocated_bytes"]["sum"] for s in apart])

    def test_an_export_has_the_time_axis(self):
        directory, processes = self.record()
        out = self.path("sum.pb.gz")
        self.asker.text("export", "--format", "pprof", "-o", out, directory)
        origin = min(p["start_time_ns"] for p in processes)
        end = max(p["start_time_ns"] + p["duration_ns"] for p in processes)
        for part in (2, 5, 8):
            time_ns = (end - origin) * part // 10
            self.assertEqual(self.at(directory, time_ns), self.at(out, time_ns), part)

    def test_profiles_in_a_directory_without_an_index(self):
        directory, processes = self.record()
        os.unlink(self.path("out", "index.json"))
        with open(self.path("out", "zz.broken.1.pb.gz"), "wb") as file:
            file.write(b"no profile at all")
        os.rename(directory, self.path("kept"))
        report = self.asker.ask("report", "--tree", "--by", "function", self.path("kept"))
        self.assertEqual(242 * BLOCK, grown(report, "total_bytes"))
        self.assertEqual({p["pid"] for p in processes}, {p["pid"] for p in report["processes"]})
        note, = [n for n in report["coverage"]["notes"] if "could not be read" in n]
        self.assertIn("zz.broken.1.pb.gz", note)


class Past(case.Case):
    """Past moments of processes that run, which memtrack run has seen."""
    ORDERS = (("a 5", 5), ("f", 5), ("0 a 30", 35), ("F", 35), ("1 a 200", 235), ("0 d", 205),
              ("1 a 1000", 1205))

    def watched(self):
        return tree(self.dir, MEMTRACK, "run", "-q", "--interval", "1ms", "-o", "out/", "--")

    def grown_at(self, t, time_ns, subject):
        return grown(t.ask("report", "--tree", "--by", "function", "--at", "%.9f" % (time_ns / 1e9),
                           subject))

    def obeyed(self, t, blocks):
        """A moment at which the run has seen that so much is live, and some time behind the first
        of them: of a long run not every tick is kept. Nothing changes until the next order, so it
        is the same whenever that is."""
        deadline = time.monotonic() + harness.WATCHDOG_SECONDS
        while time.monotonic() < deadline:
            now = t.ask("report", t.pid)["process"]["duration_ns"]
            if self.grown_at(t, now, t.pid) == blocks * BLOCK:
                self.grown_at(t, now, t.pid)
                return t.ask("report", t.pid)["process"]["duration_ns"]
        raise AssertionError("the run never saw %d blocks" % blocks)

    def test_moments_between_known_orders(self):
        with self.watched() as t:
            moments = []
            for order, blocks in self.ORDERS:
                t.tell(order)
                moments.append((self.obeyed(t, blocks), blocks))
            snapshot = self.path("snapshot.pb.gz")
            t.text("snapshot", "-q", "-o", snapshot, t.pid)
            for moment, blocks in moments:
                self.assertEqual(blocks * BLOCK, self.grown_at(t, moment, t.pid), blocks)
            # of the process alone: it has kept its five all the time
            first, last = moments[0][0], moments[-1][0]
            for subject in (t.pid, snapshot):
                at = "%s@%.9f" % (subject, last / 1e9)
                self.assertEqual(5 * BLOCK, grown(t.ask("report", "--by", "function", at)))
                self.assertEqual([], [row for row in t.ask("diff", "--by", "function",
                                                           "%s@%.9f" % (subject, first / 1e9),
                                                           at)["rows"] if row["diff_live_bytes"]])
            # the tree grew by so much in between
            diff = t.ask("diff", "--tree", "--by", "function", "%d@%.9f" % (t.pid, first / 1e9), t.pid)
            row, = [row for row in diff["rows"] if row["function"] == "grow"]
            self.assertEqual(1200 * BLOCK, row["diff_live_bytes"])
            # ticks are there without waiting, and the peak is theirs
            timeline = t.ask("timeline", "--tree", t.pid)
            self.assertEqual(3, len(timeline["processes"]))
        # and the same when all have ended
        for moment, blocks in moments:
            self.assertEqual(blocks * BLOCK, self.grown_at(t, moment, self.path("out")), blocks)

    def test_nobody_has_watched(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("a 5")
            for options in ((), ("--tree",)):
                text = t.text("report", *options, "--at", "0.001", t.pid, code=2)
                self.assertIn("no time axis", text)
                self.assertIn("Nobody kept its past: memtrack run does", text)

    def test_an_answer_that_is_none(self):
        """The program could answer in the place of the run: whatever comes is no past."""
        header = struct.Struct("<QIIQQQ")
        magic, tick_bytes = 0x31747361706b746d, 56
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("a 5")
            place = os.stat(self.dir)
            name = "\0memtrack-past-%x-%x" % (place.st_dev, place.st_ino)
            for answer in (b"", b"x" * 100000, header.pack(magic, tick_bytes, 1 << 31, 0, 0, 0),
                           header.pack(magic, tick_bytes, 1, 0, 0, 0) + bytes(tick_bytes) +
                           struct.pack("<IIQ", 32, 1, 1 << 60)):
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(name)
                    server.listen()
                    served = threading.Thread(target=self.serve, args=(server, answer))
                    served.start()
                    text = t.text("report", "--at", "0.001", t.pid, code=2)
                    served.join()
                self.assertIn("no time axis", text)

    @staticmethod
    def serve(server, answer):
        connection, _ = server.accept()
        with connection:
            connection.recv(24)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(answer)


class Watching(case.Case):
    """A tree that nobody has watched is watched from now on."""

    def test_timeline_of_a_tree(self):
        with tree(self.dir, LD_PRELOAD=harness.LIBRARY) as t:
            t.tell("a 5")
            child = t.tell("f")
            t.tell("0 a 30")
            t.tell("u")
            both = [t.ask("report", pid)["totals"]["live_bytes"] for pid in (t.pid, child)]
            timeline = t.ask("timeline", "--tree", "--for", "60ms", "--interval", "10ms", t.pid)
            self.assertEqual(2, len(timeline["processes"]))
            self.assertIn(sum(both), [p["live_bytes"] for p in timeline["tree"]["ticks"]])


if __name__ == "__main__":
    unittest.main()
