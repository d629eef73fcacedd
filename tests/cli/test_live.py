# SPDX-License-Identifier: MIT
# timeout: 240
"""Looking into running processes: snapshot, report PID, list, whois, attach and detach, upon real
ones."""
import contextlib
import datetime
import fcntl
import glob
import json
import mmap
import os
import re
import signal
import subprocess
import time
import unittest

from support import harness, live
from support.output import validate

KNOWN = harness.program("known_blocks")
BALANCE = harness.program("threads_balance")
LABELS = {"scoped": "loading", "pooled": "filling"}  # scopes of blocks of KNOWN
FINDING, USAGE, UNREADABLE = 1, 2, 3


class Case(unittest.TestCase):
    def expect(self, result, status, *patterns):
        self.assertEqual(status, result.code, "%r" % result)
        for pattern in patterns:
            self.assertRegex((result.stdout + result.stderr).decode(), pattern)
        return result

    def snapshot(self, process, *arguments, status=0, cwd=None):
        return self.expect(process.memtrack("snapshot", *arguments, process.pid, cwd=cwd
                                            or process.directory), status)

    def profiles(self, process):
        return sorted(os.path.basename(path) for path in glob.glob(os.path.join(process.directory,
                                                                                "*.pb.gz")))

    @contextlib.contextmanager
    def balance(self, *arguments, **how):
        with live.process([BALANCE, *(arguments or ("4",))], **how) as process:
            process.wait_for("ready")
            yield process


def parse(text, name):
    """JSON that is what docs/schema says."""
    return validate(json.loads(text), "memtrack-%s-1" % name)


class Beginning(Case):
    """A process that has a ledger of which nothing is written yet; and one that will never write
    any."""

    def test_list(self):
        with harness.workdir() as directory, open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rsplit(b")", 1)[1].split()[19])
            path = os.path.join(directory, "%d.%d.0.ledger" % (os.getpid(), ticks))
            with open(path, "w+b") as ledger:
                ledger.truncate(1 << 20)
                with mmap.mmap(ledger.fileno(), 1 << 20):
                    for written, state, why in ((None, "beginning", "is being created"),
                                                (1000, "unreadable", "an empty ledger")):
                        os.utime(path, None if written is None else (written, written))
                        mine, = (p for p in harness.ask("list")["processes"] if p["file"] == path)
                        self.assertEqual(state, mine["state"])
                        self.assertIn(why, harness.memtrack("list").stdout.decode())


class Snapshot(Case):
    def test_default_name(self):
        """It names program and process, and a second one takes nothing away from the first."""
        with self.balance() as process:
            name = "memtrack.threads_balance.%d" % process.pid
            text = self.snapshot(process).stdout.decode()
            self.assertRegex(text, r"(?m)^ live +\S+ [KM]iB in [\d,]+ blocks when this was read$")
            self.assertRegex(text, r"(?m)^ peak ")
            self.assertIn("running", text)
            self.assertIn("exchange", text)
            self.assertTrue(text.endswith("memtrack report %s.pb.gz\n" % name))
            self.snapshot(process)
            self.assertEqual([name + ".2.pb.gz", name + ".pb.gz"], self.profiles(process))
            report = process.report("--by", "function",
                                    subject=os.path.join(process.directory, name + ".pb.gz"))
            self.assertFalse(report["recording"]["approximate"])
            self.assertEqual({"code": None, "signal": None}, report["process"]["exit"])
            self.assertGreater(report["process"]["duration_ns"], 0)

    def test_output(self):
        with self.balance() as process:
            path = os.path.join(process.directory, "x.pb.gz")
            result = self.snapshot(process, "-q", "-o", path)
            self.assertEqual((b"", b""), (result.stdout, result.stderr))
            before = os.stat(path).st_ino
            refused = self.snapshot(process, "-o", path, status=USAGE)
            self.assertIn(b"the file exists", refused.stderr)
            self.assertEqual(before, os.stat(path).st_ino)
            self.snapshot(process, "-q", "--force", "-o", path)
            self.assertNotEqual(before, os.stat(path).st_ino)
            self.snapshot(process, "-q", "-o", os.path.join(process.directory, "%e-%p.pb.gz"))
            self.assertIn("threads_balance-%d.pb.gz" % process.pid, self.profiles(process))
            self.assertIn(b"not a placeholder", self.snapshot(process, "-o", "%z",
                                                           status=USAGE).stderr)

    def test_series(self):
        with self.balance() as process:
            begin = time.monotonic()
            lines = self.snapshot(process, "--json", "-o", "s.pb.gz", "--every", "100ms", "--count",
                                  "10").stdout
            self.assertGreater(time.monotonic() - begin, 0.9)
            snapshots = [parse(line, "snapshot") for line in lines.splitlines()]
            self.assertEqual(["s.%02d.pb.gz" % n for n in range(1, 11)], self.profiles(process))
            self.assertEqual(self.profiles(process), [s["file"] for s in snapshots])
            totals = [s["totals"]["total_blocks"] for s in snapshots]
            self.assertEqual(sorted(totals), totals)
            for snapshot in snapshots:
                self.assertEqual("memtrack-snapshot/1", snapshot["schema"])
                self.assertTrue(snapshot["running"])
                self.assertEqual(snapshot["totals"], {key: value for key,
                                                      value in process.report(subject=os.path.join(
                                                          process.directory,
                                                          snapshot["file"]))["totals"].items()
                                                      if key in snapshot["totals"]})

    def series(self, process, every, pattern):
        """Snapshots of it, of which the first has been taken."""
        command = [harness.MEMTRACK, "snapshot", str(process.pid), "--json", "--every", every, "-o",
                   pattern]
        reader = self.enterContext(live.Child(command, cwd=process.directory,
                                              env=process.environment_of_reader()))
        reader.stdout.readline()
        return reader

    def test_series_ends_with_the_process(self):
        with self.balance() as process:
            reader = self.series(process, "50ms", "e.%n.pb.gz")
            process.child.kill()
            process.child.wait()
            stdout, stderr = reader.communicate(timeout=harness.WATCHDOG_SECONDS)
            self.assertEqual((0, b""), (reader.returncode, stderr))
            self.assertFalse(json.loads(stdout.splitlines()[-1])["running"],
                             "what it has left is taken")

    def test_series_ends_with_a_signal(self):
        with self.balance() as process:
            reader = self.series(process, "10s", "i.%n.pb.gz")
            reader.send_signal(signal.SIGINT)
            self.assertEqual((b"", b""), reader.communicate(timeout=harness.WATCHDOG_SECONDS))
            self.assertEqual(0, reader.returncode)
            self.assertEqual(["i.1.pb.gz"], self.profiles(process))

    def test_diff(self):
        """Of a snapshot and the process now."""
        with self.balance() as process:
            path = os.path.join(process.directory, "old.pb.gz")
            self.snapshot(process, "-q", "-o", path)
            diff = process.ask("diff", path, process.pid)
            self.assertGreater(diff["new"]["total_blocks"], diff["old"]["total_blocks"])

    def test_usage(self):
        for arguments, pattern in (([], "give a pid"), (["word"], "word is not a pid"),
                                   (["0"], "0 is not a pid"), (["1", "2"], "give one process"),
                                   (["1", "--count", "2"], "needs --every"),
                                   (["1", "--every", "0"], "--every 0"),
                                   (["1", "--every", "1s", "--count", "0"], "--count"),
                                   (["99999999999"], "is not a pid")):
            self.expect(harness.run([harness.MEMTRACK, "snapshot", *arguments]), USAGE, pattern)


class Report(Case):
    def test_of_a_process(self):
        with live.process([KNOWN]) as process:
            while process.child.stdout.readline().strip() != b"ready":
                pass
            first, second = process.report(), process.report(subject=process.ledgers()[0])
            self.assertEqual(first["rows"], second["rows"])
            self.assertFalse(first["recording"]["approximate"])
            text = self.expect(process.memtrack("report", process.pid), 0, "known_blocks",
                               "when this was read").stdout
            self.assertIn(b"every allocation was recorded", text)

    def test_of_none(self):
        with harness.workdir() as directory:
            env = harness.plain_environment(MEMTRACK_DIR=directory)
            with live.Child(["sleep", "60"]) as sleeper:
                self.expect(harness.run([harness.MEMTRACK, "report", str(sleeper.pid)], env=env),
                            UNREADABLE, "process %d is not tracked" % sleeper.pid, "memtrack run")
            self.expect(harness.run([harness.MEMTRACK, "report", str(sleeper.pid)], env=env),
                        UNREADABLE, "no such process")

    def test_a_file_of_that_name_wins(self):
        with live.process([KNOWN]) as process:
            name = str(process.pid)
            with open(os.path.join(process.directory, name), "w") as file:
                file.write("no profile")
            result = process.memtrack("report", name, cwd=process.directory)
            self.assertEqual(UNREADABLE, result.code, "%r" % result)

    def test_removed_ledger(self):
        with self.balance() as process:
            os.unlink(process.ledgers()[0])
            result = process.memtrack("report", "--json", process.pid)
            if os.geteuid() == 0:
                self.assertGreater(json.loads(self.expect(result,
                                                          0).stdout)["totals"]["total_blocks"], 0)
            else:
                self.expect(result, UNREADABLE, "removed")


class List(Case):
    def listed(self, process, kind):
        return parse(process.memtrack("list", "--json", cwd=process.directory).stdout, "list")[kind]

    def test_running(self):
        with self.balance() as process:
            (own,) = [item for item in self.listed(process, "processes") if item["pid"] ==
                      process.pid]
            self.assertEqual("recording", own["state"])
            self.assertEqual([BALANCE, "4"], own["command"])
            self.assertEqual(process.ledgers()[0], own["file"])
            self.assertGreater(own["live_bytes"], 0)
            self.assertGreaterEqual(own["peak_bytes"], own["live_bytes"])
            self.assertTrue(0 < own["age_ns"] < 60e9)
            process.memtrack("detach", process.pid)
            (own,) = [item for item in self.listed(process, "processes") if item["pid"] ==
                      process.pid]
            self.assertEqual("off", own["state"])
            text = process.memtrack("list").stdout.decode()
            self.assertRegex(text, r"(?m)^ +%d +off +\S+ m?s +\S+ [KM]?i?B +\S+ [KM]?i?B +\S" %
                             process.pid)

    def test_profiles(self):
        with self.balance() as process:
            self.snapshot(process, "-q", "-o", "a.pb.gz")
            with open(os.path.join(process.directory, "b.pb.gz"), "w") as file:
                file.write("nonsense")
            items = {item["file"]: item for item in self.listed(process, "profiles")}
            self.assertEqual({"a.pb.gz", "b.pb.gz"}, set(items))
            self.assertEqual(("profile", process.pid),
                             (items["a.pb.gz"]["state"], items["a.pb.gz"]["pid"]))
            self.assertEqual("unreadable", items["b.pb.gz"]["state"])
            self.assertTrue(items["b.pb.gz"]["problem"])

    def assert_ended_within(self, left, begin, end):
        seen = datetime.datetime.fromisoformat(left["last_seen"].replace("Z", "+00:00")).timestamp()
        self.assertLessEqual(begin - 0.1, seen)
        self.assertLessEqual(seen, end)

    def test_a_place_that_takes_nothing(self):
        with self.balance() as process, harness.workdir() as other:
            env = dict(process.environment_of_reader(), TMPDIR=other)
            result = harness.memtrack("snapshot", process.pid, "-q", "-o", "/dev/full", "--force",
                                      env=env)
            self.assertIn(b"No space left on device", result.stderr)
            self.assertIn(os.path.join(other, "full").encode(), result.stderr)

    def test_when_it_ended(self):
        """Of a process that ends by itself it is known, whether or not it has allocated lately."""
        with harness.workdir() as directory:
            env = harness.preloaded(directory)
            began = time.time()
            subprocess.check_call(["sleep", "1"], env=env)
            end = time.time()
            env.pop("LD_PRELOAD")
            left, = harness.ask("list", env=env)["left"]
            self.assert_ended_within(left, began + 1, end)

    def test_left_and_clean(self):
        began = time.time()
        with self.balance() as running, live.process([BALANCE, "2"]) as ended:
            ended.wait_for("ready")
            ended.child.kill()
            ended.child.wait()
            (left,) = self.listed(ended, "left")
            self.assertEqual(("ended", ended.pid, ended.ledgers()[0]),
                             (left["state"], left["pid"], left["file"]))
            self.assert_ended_within(left, began, time.time())
            self.assertRegex(ended.memtrack("list").stdout.decode(),
                             r"(?m)ENDED AGO.*\n +%d +ended +~\d+ s " % ended.pid)
            self.assertEqual(ended.report()["rows"], ended.report(subject=left["file"])["rows"])
            self.expect(ended.memtrack("list", "--clean"), 0, re.escape("removed " + left["file"]))
            self.assertEqual([], ended.ledgers())
            self.expect(ended.memtrack("list", "--clean"), 0, "nothing to remove")
            self.expect(running.memtrack("list", "--clean"), 0, "nothing to remove")
            self.assertEqual(1, len(running.ledgers()), "that of a running process stays")

    def test_clean_leaves_what_somebody_uses(self):
        """Where the process cannot be seen (in another pid namespace), what is open tells; and who
        attends the directory."""
        with live.process([BALANCE, "2"]) as ended:
            ended.wait_for("ready")
            ended.child.kill()
            ended.child.wait()
            (path,) = ended.ledgers()
            with open(path, "rb"):
                self.expect(ended.memtrack("list", "--clean"), 0, "nothing to remove")
            directory = os.open(os.path.dirname(path), os.O_RDONLY)
            fcntl.flock(directory, fcntl.LOCK_SH)
            self.expect(ended.memtrack("list", "--clean"), 0, "nothing to remove")
            os.close(directory)
            self.assertEqual([path], ended.ledgers())
            self.expect(ended.memtrack("list", "--clean"), 0, re.escape("removed " + path))

    def test_clean_removes_abandoned_sessions(self):
        """memtrack run was killed, then the program: nobody will make a profile. While it works
        nothing goes."""
        with harness.workdir() as directory:
            env = harness.plain_environment(MEMTRACK_DIR=directory)
            script = "%s & wait" % BALANCE
            run = live.Child([harness.MEMTRACK, "run", "-q", "-o", "/dev/null", "--force", "--",
                              "sh", "-c", script], "ready", env=env, stderr=subprocess.DEVNULL)
            items = harness.ask("list", env=env)["processes"]
            ours = [item for item in items if item["file"].startswith(directory)]
            self.assertEqual(2, len(ours), items)
            for item in ours:
                self.assertTrue(item["attended"])
            balance = [item["pid"] for item in ours if item["exe"] == BALANCE]
            os.kill(balance[0], signal.SIGSTOP)
            self.assertIn(b"nothing to remove", harness.memtrack("list", "--clean", env=env).stdout)
            run.kill()
            run.wait()
            for item in ours:
                os.kill(item["pid"], signal.SIGKILL)
            deadline = time.monotonic() + harness.WATCHDOG_SECONDS
            while glob.glob(os.path.join(directory,
                                         "memtrack-run-*")) and time.monotonic() < deadline:
                harness.memtrack("list", "--clean", env=env)
            self.assertEqual([], os.listdir(directory))
            run.stop()

    def test_hostile_names(self):
        """Control bytes of a command line do not reach the terminal."""
        with live.process(["sh", "-c", "exec -a \"$(printf 'a\\033]0;x\\007b')\" %s 2" %
                           BALANCE]) as process:
            process.child.stdout.readline()
            result = process.memtrack("list")
            self.assertNotIn(b"\x1b", result.stdout)

    def test_usage(self):
        self.expect(harness.run([harness.MEMTRACK, "list", "word"]), USAGE, "needs --clean or --verify")


class Whois(Case):
    @contextlib.contextmanager
    def known(self):
        with live.process([KNOWN]) as process:
            blocks = []
            for line in iter(process.child.stdout.readline, b"ready\n"):
                kind, address, size = line.decode().split()
                blocks.append((kind, int(address, 16), int(size)))
            yield process, blocks

    def ask(self, process, addresses, status, subject=None):
        result = process.memtrack("whois", "--json", subject or process.pid, *addresses)
        self.assertEqual(status, result.code, "%r" % result)
        answers = parse(result.stdout, "whois")["addresses"]
        self.assertEqual(len(addresses), len(answers))
        return answers

    def check_blocks(self, process, blocks, subject=None):
        live_blocks = [block for block in blocks if block[0] != "freed"]
        addresses = [hex(address + inside) for _, address, size in live_blocks
                     for inside in {0, size // 2, max(size - 1, 0)}]
        holders = [block for block in live_blocks for _ in {0, block[2] // 2, max(block[2] - 1, 0)}]
        for answer, asked, (kind, address, size) in zip(self.ask(process, addresses, 0, subject),
                                                        addresses, holders):
            self.assertEqual({"address": hex(address), "bytes": size}, answer["block"], asked)
            self.assertEqual(int(asked, 16) - address, answer["offset"])
            self.assertEqual(kind, answer["stack"][0]["function"])
            self.assertEqual("main", answer["stack"][1]["function"])
            self.assertTrue(answer["thread"].endswith("known_blocks"))
            self.assertEqual(("pool" if kind == "pooled" else "malloc", LABELS.get(kind, "")),
                             (answer["domain"], answer["scope"]))

    def test_every_kind(self):
        with self.known() as (process, blocks):
            self.check_blocks(process, blocks)
            process.child.kill()
            process.child.wait()
            self.check_blocks(process, blocks)
            self.check_blocks(process, blocks, subject=process.ledgers()[0])

    def test_not_live(self):
        with self.known() as (process, blocks):
            freed = [address for kind, address, _ in blocks if kind == "freed"][0]
            answers = self.ask(process, [freed, freed + 1000, 8, 0, 2**64 - 1], FINDING)
            for answer in answers:
                self.assertEqual((False, None, []), (answer["live"], answer["block"],
                                                     answer["stack"]))
                self.assertEqual((0, ""), (answer["offset"], answer["thread"]))
            self.assertTrue(answers[0]["before"] or answers[0]["after"], "its neighbours are known")
            self.expect(process.memtrack("whois", process.pid, freed), FINDING, "is not live",
                        "before|after")
            _, address, size = blocks[3]
            self.assertEqual(FINDING, process.memtrack("whois", process.pid, address + size).code,
                             "just behind it")

    def test_text(self):
        with self.known() as (process, blocks):
            _, address, size = blocks[3]
            self.expect(process.memtrack("whois", process.pid, hex(address + 5)), 0,
                        "offset 5 in a block of 4,000 bytes at " + hex(address), r"(?m)^ age ",
                        r"(?m)^ thread +%d" % process.pid,
                        r"(?m)^ stack +\S*known_blocks\.c:\d+  small$",
                        r"(?m)^ +\S*known_blocks\.c:\d+  main\n\Z")
            self.assertEqual(4000, size)
            pooled = [address for kind, address, _ in blocks if kind == "pooled"][0]
            self.expect(process.memtrack("whois", process.pid, hex(pooled + 1)), 0,
                        r"(?m)^ domain +pool$", r"(?m)^ scope +filling$",
                        r"(?m)^ stack +\S*known_blocks\.c:\d+  pooled$")

    def test_age(self):
        """A reader that looks tells the process the time: what is allocated afterwards is known to
        be younger."""
        with self.known() as (process, blocks):
            time.sleep(0.1)
            address = blocks[0][1]
            self.ask(process, [address], 0)
            time.sleep(0.2)
            (answer,) = self.ask(process, [address], 0)
            self.assertGreaterEqual(answer["age_min_ns"], 150e6)
            self.assertLess(answer["age_min_ns"], answer["age_max_ns"])
            self.assertLess(answer["age_max_ns"], 60e9)

    def test_under_load(self):
        """Addresses of a table that changes meanwhile: any answer is right, but there is one."""
        with self.balance("8") as process:
            for number in range(20):
                result = process.memtrack("whois", process.pid,
                                          *(0x1000 * number + n for n in range(50)))
                self.assertEqual(FINDING, result.code, "%r" % result)

    def test_dormant(self):
        with live.process([KNOWN], MEMTRACK_ACTIVE=0) as process:
            first = process.child.stdout.readline().split()
            self.expect(process.memtrack("whois", process.pid, first[1].decode()), FINDING,
                        "Not all allocations")

    def test_usage(self):
        for arguments in ([], ["1"], ["1", "7f00"], ["1", "0x"], ["1", "-5"],
                          ["1", "0x10000000000000000"], ["word", "1"]):
            self.assertEqual(USAGE, harness.run([harness.MEMTRACK, "whois", *arguments]).code,
                             arguments)


class Switch(Case):
    def test_idempotent(self):
        with self.balance() as process:
            self.expect(process.memtrack("attach", process.pid), 0, "on already")
            self.expect(process.memtrack("detach", process.pid), 0, "recording is off")
            self.expect(process.memtrack("detach", process.pid), 0, "off already")
            said = json.loads(self.expect(process.memtrack("attach", "--json", process.pid),
                                          0).stdout)
            self.assertEqual((False, True, process.pid),
                             (said["was_recording"], said["recording"], said["pid"]))
            self.assertEqual(b"", self.expect(process.memtrack("detach", "-q", process.pid),
                                              0).stdout)

    def test_of_others(self):
        with self.balance() as process:
            process.child.kill()
            process.child.wait()
            for command in ("attach", "detach"):
                self.expect(process.memtrack(command, process.pid), UNREADABLE, "has ended")
                self.expect(process.memtrack(command, os.getpid()), UNREADABLE, "is not tracked",
                            "memtrack run")
                self.expect(process.memtrack(command), USAGE)

    def test_dormant_report(self):
        with live.process([KNOWN], MEMTRACK_ACTIVE=0) as process:
            process.child.stdout.readline()
            report = process.report()
            self.assertEqual(0, report["totals"]["total_blocks"])
            self.assertTrue(any("recording was never on" in note
                                for note in report["coverage"]["notes"]), report["coverage"])
            (own,) = [item for item in process.ask("list")["processes"]
                      if item["pid"] == process.pid]
            self.assertEqual("dormant", own["state"])


if __name__ == "__main__":
    harness.main()
