# SPDX-License-Identifier: MIT
# cost: 6
"""Where patterns of wrappers come from: the command line of every command that shows lines,
MEMTRACK_WRAPPERS, the project's .memtrack, and the profile. Whoever recorded with one has told all
later views; a .memtrack that is damaged or another's does no harm and is named."""
import contextlib
import json
import os
import shutil
import unittest

from support import case, harness, live, pprof

MEMTRACK = harness.MEMTRACK
PROGRAM = harness.program("own_wrapper")
CHARGED = {"make_words": 30000, "make_lines": 20000}
PLAIN = {"get_block": 50000}
LINE = 13  # of get_block


def rows_of(answer, column="total_bytes"):
    """Which function has how much, without those of the C library."""
    return {row["function"]: row[column] for row in answer["rows"] if row[column] >= 20000}


class Case(case.Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("project", "deep", "down"))
        os.makedirs(self.path("elsewhere"))

    def environment(self, wrappers=None):
        return harness.plain_environment(MEMTRACK_WRAPPERS=wrappers, TMPDIR=self.dir,
                                         MEMTRACK_DIR=self.dir)

    def project(self, text, mode=0o644):
        return self.write("project/.memtrack", text, mode)

    def run_in(self, where, *arguments, wrappers=None, status=0):
        return harness.run([MEMTRACK, *arguments], cwd=self.path(where),
                           env=self.environment(wrappers))

    def record(self, where="elsewhere", *options, wrappers=None, name="p.pb.gz"):
        """Path of a profile that was made in this directory; what memtrack run said."""
        result = self.run_in(where, "run", *options, "--force", "-o", self.path(name), "--",
                             PROGRAM, wrappers=wrappers)
        self.assertEqual(0, result.code, result)
        return self.path(name), result.stderr.decode()

    def ask(self, path, *options, where="elsewhere", wrappers=None, command="report"):
        result = self.run_in(where, command, "--json", "--by", "function", *options, path,
                             wrappers=wrappers)
        self.assertEqual((0, b""), (result.code, result.stderr), result)
        return rows_of(json.loads(result.stdout))


class Sources(Case):
    def test_views(self):
        path, said = self.record()
        self.assertIn("get_block", said)
        self.assertEqual(PLAIN, self.ask(path))
        self.assertEqual(CHARGED, self.ask(path, "--wrapper", "get_*"))
        self.assertEqual(CHARGED, self.ask(path, wrappers="nothing, get_block ,,"))
        self.assertEqual({"main": 50000}, self.ask(path, "--wrapper", "make_*",
                                                   wrappers="get_block"))
        self.project("wrapper get_block\n")
        self.assertEqual(CHARGED, self.ask(path, where="project/deep/down"))
        self.assertEqual(PLAIN, self.ask(path, where="elsewhere"))
        self.assertEqual(PLAIN, self.ask(path, "--keep-wrappers", where="project"))

    def test_the_nearest_file_counts(self):
        path, _ = self.record()
        self.project("wrapper get_block\n")
        self.write("project/deep/.memtrack", "wrapper make_*\n")
        self.assertEqual(CHARGED, self.ask(path, where="project"))
        self.assertEqual(PLAIN, self.ask(path, where="project/deep/down"))

    def test_a_profile_tells_all_later_views(self):
        self.project("wrapper get_block\n")
        for where, options, wrappers in (("project/deep", (), None), ("elsewhere", (), "get_block"),
                                         ("elsewhere", ("--wrapper", "get_b*"), None)):
            with self.subTest(where=where, options=options, wrappers=wrappers):
                path, said = self.record(where, *options, wrappers=wrappers)
                self.assertIn("make_words", said)
                self.assertNotIn("own_wrapper.c:%d" % LINE, said)
                moved = shutil.move(path, self.path("elsewhere", "moved.pb.gz"))
                self.assertEqual(CHARGED, self.ask(moved))
                self.assertEqual({"main": 50000}, self.ask(moved, "--wrapper", "make_*"))
                self.assertEqual(PLAIN, self.ask(moved, "--keep-wrappers"))

    def test_what_is_not_stored(self):
        path, said = self.record("elsewhere", "--keep-wrappers", "--wrapper", "get_block")
        self.assertIn("get_block", said)
        self.assertEqual(CHARGED, self.ask(path))

    def test_diff_has_the_patterns_of_both(self):
        old, _ = self.record(name="old.pb.gz")
        new, _ = self.record("elsewhere", "--wrapper", "get_block", name="new.pb.gz")
        for one, other in ((old, new), (new, old)):
            result = self.run_in("elsewhere", "diff", "--json", "--by", "function", one, other)
            answer = json.loads(result.stdout)
            for side in ("old", "new"):
                self.assertEqual(CHARGED, rows_of(answer, side + "_total_bytes"), result)

    def test_other_readers(self):
        """They are in memtrack's own message: what other tools read is as it was."""
        plain, _ = self.record(name="plain.pb.gz")
        told, _ = self.record("elsewhere", "--wrapper", "get_block", name="told.pb.gz")
        one, other = pprof.File(plain), pprof.File(told)
        self.assertEqual(one.types, other.types)
        self.assertEqual(sorted(v for _, v in one.samples), sorted(v for _, v in other.samples))

    def test_json_of_run(self):
        result = self.run_in("elsewhere", "run", "--json", "--wrapper", "get_block", "--", PROGRAM)
        self.assertLess({"make_words", "make_lines"},
                        {row["function"] for row in json.loads(result.stderr)["rows"]} | {""})

    def test_check(self):
        path, _ = self.record()
        for options in ((path,), ("--run", "--", PROGRAM)):
            for given, function in ((), "get_block"), (("--wrapper=get_*",), "make_words"):
                with self.subTest(options=options, given=given):
                    result = self.run_in("elsewhere", "check", "--json", "--max-peak", "1K", *given,
                                         *options)
                    answer = json.loads(result.stderr if "--run" in options else result.stdout)
                    where = answer["files"][0]["budgets"][0]["where"]
                    self.assertEqual(function, where["function"])

    def test_profiles_of_a_checked_run(self):
        os.mkdir(self.path("kept"))
        self.run_in("elsewhere", "check", "--run", "--strict", "--wrapper", "get_block",
                    "--profiles", self.path("kept"), "--", PROGRAM)
        self.assertEqual(CHARGED, self.ask(self.path("kept", "own_wrapper.pb.gz")))

    def test_timeline_and_triggers(self):
        path = self.path("p.pb.gz")
        self.run_in("elsewhere", "run", "-o", path, "--interval", "1ms", "--when", "live>45K",
                    "--do", "snapshot", "--do", "signal:TERM", "--wrapper", "get_block", "--",
                    PROGRAM, "wait")
        self.assertEqual(CHARGED, self.ask(self.path("p.1.pb.gz")), "what a trigger has written")
        for options, names in ((), ("make_words", "make_lines")), (("--keep-wrappers",),
                                                                   ("get_block",)):
            result = self.run_in("elsewhere", "timeline", "--composition", "3", "--by", "function",
                                 "--csv", *options, path)
            head = result.stdout.decode().splitlines()[0]
            for name in names:
                self.assertIn(name, head, result)

    def test_a_running_process(self):
        with live.process([PROGRAM, "wait"]) as process:
            address = process.child.stdout.readline().decode().strip()
            snapshot = self.path("s.pb.gz")
            for options, words in ((), "get_block"), (("--wrapper", "get_block"), "make_words"):
                with self.subTest(options=options):
                    stack, = process.ask("whois", *options, process.pid, address)["addresses"]
                    self.assertEqual(words, stack["stack"][0]["function"])
                    table = process.ask("top", "--once", "--by", "function", *options, process.pid)
                    self.assertEqual(words, table["rows"][0]["function"])
                    said = process.memtrack("snapshot", "--force", "-o", snapshot, *options,
                                            process.pid)
                    self.assertIn(words, said.stdout.decode(), said)
            self.assertEqual(CHARGED, self.ask(snapshot))


class Damaged(Case):
    def complaint(self, status=0):
        """What report says of the project, and what it charges all the same."""
        path = self.path("elsewhere", "p.pb.gz")
        if not os.path.exists(path):
            shutil.move(self.record()[0], path)
        result = self.run_in("project", "report", "--json", "--by", "function", path)
        self.assertEqual(status, result.code, result)
        return result.stderr.decode(), rows_of(json.loads(result.stdout))

    def test_bad_lines(self):
        self.project("\ufeff# comment\r\n\r\nwraper a\r\nwrapper\r\n  wrapper\tget_block  # ours\r\n"
                     "wrapper 'make_*'\r\nwrapper \u00e9t\u00e9::*\r\nsort peak\x1b[31m")
        said, rows = self.complaint()
        self.assertEqual(CHARGED, rows)
        for line in (3, 4, 6, 8):
            self.assertIn("project/.memtrack:%d: " % line, said)
        for line in (1, 2, 5, 7):
            self.assertNotIn(".memtrack:%d: " % line, said)
        self.assertNotIn("\x1b", said)

    def test_many_bad_lines(self):
        self.project("x\n" * 1000 + "wrapper get_block")
        said, rows = self.complaint()
        self.assertEqual(CHARGED, rows)
        self.assertIn("995 more lines", said)
        self.assertLess(len(said.splitlines()), 15)

    def test_zero_bytes(self):
        self.project(b"\0\0\n\0wrapper get_block\nwrapper get_\xff\nwrapper get_b*")
        said, rows = self.complaint()
        self.assertEqual(CHARGED, rows)
        self.assertIn(".memtrack:2: ", said)

    def test_bounds(self):
        self.project("".join("wrapper a%d\n" % i for i in range(200)) + "wrapper " + "x" * 300)
        said, rows = self.complaint()
        self.assertEqual(PLAIN, rows)
        self.assertIn("73 wrapper patterns of .memtrack left out: at most 128", said)

    def test_refused_files(self):
        def make_pipe():
            os.mkfifo(self.path("project", ".memtrack"))

        cases = {
            "directory": lambda: os.mkdir(self.path("project", ".memtrack")),
            "64 KiB": lambda: self.project("wrapper get_block\n" + "#" * 70000),
            "everybody may write": lambda: self.project("wrapper get_block\n", 0o666),
            "not a file": make_pipe,
            "No such file": lambda: os.symlink("nowhere", self.path("project", ".memtrack")),
        }
        if os.geteuid() != 0:
            cases["Permission denied"] = lambda: self.project("wrapper get_block\n", 0)
        else:
            cases["another user's"] = lambda: os.chown(self.project("wrapper get_block\n"), 12345,
                                                       12345)
        self.complaint()
        self.write(".memtrack", "wrapper get_block\n")  # which is hidden
        for why, make in cases.items():
            with self.subTest(why):
                make()
                said, rows = self.complaint()
                self.assertEqual(PLAIN, rows)
                self.assertIn("project/.memtrack is not read: ", said)
                self.assertIn(why, said)
                path = self.path("project", ".memtrack")
                with contextlib.suppress(IsADirectoryError):
                    os.unlink(path)
                if os.path.isdir(path):
                    os.rmdir(path)

    @unittest.skipUnless(os.geteuid() == 0, "needs to be root")
    def test_the_files_of_who_called_sudo(self):
        os.chown(self.project("wrapper get_block\n"), 12345, 12345)
        path, _ = self.record()
        for caller, rows in (("12345", CHARGED), ("12346", PLAIN), ("", PLAIN)):
            result = harness.run([MEMTRACK, "report", "--json", "--by", "function", path],
                                 cwd=self.path("project"),
                                 env={**self.environment(), "SUDO_UID": caller})
            self.assertEqual(rows, rows_of(json.loads(result.stdout)), result)
            self.assertEqual(rows == PLAIN, b"another user's" in result.stderr, result)

    def test_another_file_system_is_the_end(self):
        if harness.run(["unshare", "-m", "true"]).code != 0:
            self.skipTest("no mount namespaces here")
        self.project("wrapper get_block\n")
        path, _ = self.record()
        script = 'mount -t tmpfs none deep && mkdir -p deep/down && cd deep/down && exec "$@"'
        result = harness.run(["unshare", "-m", "sh", "-c", script, "sh", MEMTRACK, "report",
                              "--json", "--by", "function", path], cwd=self.path("project"),
                             env=self.environment())
        self.assertEqual((0, b""), (result.code, result.stderr), result)
        self.assertEqual(PLAIN, rows_of(json.loads(result.stdout)))

    def test_said_once(self):
        self.project("nonsense\n")
        result = self.run_in("project", "check", "--run", "--strict", "--", PROGRAM)
        self.assertEqual(1, result.stderr.decode().count(".memtrack:1"), result)

    def test_no_directory(self):
        os.mkdir(self.path("gone"))
        path, _ = self.record()
        result = harness.run(["sh", "-c", 'rmdir "$PWD"; exec "$0" report --json "$1"', MEMTRACK,
                              path], cwd=self.path("gone"), env=self.environment())
        self.assertEqual((0, b""), (result.code, result.stderr), result)

    def test_usage(self):
        for options in (["--wrapper", ""], ["--wrapper", "x" * 300], ["--wrapper=x"] * 129):
            result = self.run_in("elsewhere", "report", *options, "nothing.pb.gz")
            self.assertEqual(2, result.code, result)


if __name__ == "__main__":
    harness.main()
