# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 10
"""Mappings, under --mmap: equal to what programs know of their own, to what was passed on to the
kernel, and to /proc/self/maps; and nothing of them where nobody asked."""
import json
import os
import random
import re
import shutil
import unittest

from support import case, harness, live, mapcalls

PAGE = 4096
ALLOCATORS = ("glibc", "jemalloc", "tcmalloc", "mimalloc")
MALLOC_ONLY = ("containers", "aligned", "peak_middle", "threads_churn", "growth")
REAL = {
    "python3": (["-c", "import mmap\nx = [str(i) for i in range(50000)]\nm = mmap.mmap(-1, 1 << "
                       "20)\nm.resize(1 << 21)\n"
                       "n = mmap.mmap(-1, 123456)\nn.close()\ndel x\n"], b""),
    "sqlite3": (["file.db"], b"pragma mmap_size=268435456; create table t(a,b); with recursive "
                             b"c(i) as (select 1 union all "
                b"select i+1 from c where i<5000) insert into t select i,hex(randomblob(50)) from "
                b"c; "
                b"select sum(length(b)) from t where a%7=0; delete from t where a%3=0; vacuum;"),
    "git": (["-C", "repository", "log", "--stat"], b""),
}


class Case(case.Case):
    def setUp(self):
        super().setUp()
        self.runs = 0

    def track(self, command, *options, code=0, **more):
        self.runs += 1
        result = harness.track(command, self.dir, ["--mmap", *options], name="p%d" % self.runs,
                               **more)
        self.assertEqual(code, result.code, result)
        return result

    def case(self, name, *options, **more):
        return self.track([harness.program("mapping_cases"), name], *options, **more)

    def mapped(self, profile):
        """Of both domains, since the oracles do not tell files from other mappings."""
        rows = [row for row in profile.rows("domain") if row["key"] in ("mmap", "mmap-file")]
        if not rows:
            return None
        return {key: sum(row[key] for row in rows) for key, value in rows[0].items()
                if isinstance(value, int)}

    def figures(self, row):
        """live blocks and pages, total blocks and pages"""
        return tuple(row[name] // size for name, size in (("live_blocks", 1), ("live_bytes", PAGE),
                                                          ("total_blocks", 1),
                                                          ("total_bytes", PAGE)))


class Books(Case):
    """The program of its own pages, after every call; the kernel, every 64."""

    def play(self, seed, threads, steps, *options, **more):
        result = self.track([harness.program("mappings"), str(seed), str(threads), str(steps)],
                            *options, **more)
        expected = json.loads(result.stdout)
        row = self.mapped(result.profile)
        names = ["total_blocks", "total_bytes", "live_blocks",
                 "live_bytes"] + ["peak_bytes"] * (threads == 1)
        self.assertEqual({name: expected[name] for name in names},
                         {name: row[name] for name in names})
        self.assertEqual(0, result.profile.coverage["dropped_events"])
        self.assertGreater(expected["total_blocks"], steps // 8)  # it was no idle play

    def test_one_thread(self):
        seeds = [1, 2, 3, 4, random.randrange(1 << 30)]
        for seed in seeds:
            with self.subTest(seed):
                self.play(seed, 1, 1500)

    def test_four_threads(self):
        seeds = [1, 2, random.randrange(1 << 30)]
        for seed in seeds:
            with self.subTest(seed):
                self.play(seed, 4, 500, "--exact-peak")

    def test_bare_preload(self):
        libraries = ":".join((harness.LIBRARY, harness.second_object("mmap")))
        env = harness.plain_environment(LD_PRELOAD=libraries, MEMTRACK_DIR=self.dir)
        harness.check([harness.program("mappings"), "7", "1", "500"], env=env)
        self.assertEqual(1, len([name for name in os.listdir(self.dir)
                                 if name.endswith(".ledger")]))


    def test_failure_halfway(self):
        """What a call has unmapped before it failed is gone."""
        env = harness.plain_environment(LD_PRELOAD=mapcalls.shim(), MAPCALLS_FAIL="1",
                                        MAPCALLS_DIR=self.dir)
        self.play(3, 1, 1000, env=env)


class Calls(Case):
    """Real programs: the calls that reached the object below are played again."""

    def compare(self, name):
        arguments, stdin = REAL[name]
        calls = os.path.join(self.dir, "calls")
        os.makedirs(calls)
        env = harness.plain_environment(LD_PRELOAD=mapcalls.shim(), MAPCALLS_DIR=calls)
        result = self.track([harness.tool(name), *arguments], env=env, stdin=stdin, cwd=self.dir)
        books = mapcalls.read(calls)
        self.assertTrue(any(b.total_blocks for b in books.values()), "%s maps nothing" % name)
        for profile in result.profiles:
            row, own = self.mapped(profile), books.get(profile.process["pid"])
            expected = own.figures() if own else {}
            self.assertEqual(expected if expected.get("total_blocks") else {},
                             {key: row[key] for key in expected} if row else {}, profile)

    def test_python(self):
        self.compare("python3")

    def test_sqlite(self):
        self.compare("sqlite3")

    def test_git(self):
        """It maps its packs and their indexes."""
        repository = os.path.join(self.dir, "repository")
        git = [harness.tool("git"), "-c", "user.name=A", "-c", "user.email=a@example.org", "-C",
               repository]
        os.mkdir(repository)
        harness.check([*git, "init", "-q"])
        for i in range(5):
            with open(os.path.join(repository, "file"), "w") as file:
                file.write("".join("%d\n" % (i * k) for k in range(2000)))
            harness.check([*git, "add", "file"])
            harness.check([*git, "commit", "-q", "-m", str(i)])
        harness.check([*git, "repack", "-adq"])
        self.compare("git")


class Cases(Case):
    def test_exact(self):
        """Results and errno of calls that succeed and fail."""
        native = harness.check([harness.program("mapping_cases"), "exact"]).stdout
        self.assertEqual(native, self.case("exact").stdout)
        self.assertIn(b"failed", native)

    def test_pieces(self):
        profile = self.case("pieces").profile
        self.assertEqual((3, 8, 4, 18), self.figures(profile.row("function", "map_pages",
                                                                 "--include", "domain:mmap")))
        self.assertEqual((1, 9, 1, 9), self.figures(profile.row("function", "pieces", "--include",
                                                                "domain:mmap")))
        totals = profile.totals
        for unit in ("bytes", "blocks"):
            self.assertEqual(totals["live_" + unit], totals["total_" + unit] -
                             totals["freed_" + unit])
        stacks = profile.rows("stack", "--include", "domain:mmap")
        cut = [row for row in stacks if row["stack"][1]["function"] == "map_cut"]
        self.assertEqual([(2, 7, 2, 10)], [self.figures(row) for row in cut])

    def test_reserve(self):
        """64 GiB of address space that nobody can touch are no memory."""
        row = self.mapped(self.case("reserve").profile)
        self.assertEqual((4, 18, 4, 22), self.figures(row))
        self.assertEqual(18 * PAGE, row["peak_bytes"])

    def test_files(self):
        """What is mapped of a file stays one, in whatever pieces and places, and is told apart from
        memory."""
        rows = {row["key"]: row for row in self.case("files").profile.rows("domain")}
        # a piece, a move and a change of access each
        self.assertEqual((1, 1, 4, 5), self.figures(rows["mmap-file"]))
        self.assertEqual((2, 2, 2, 3), self.figures(rows["mmap"]))

    def test_huge(self):
        """2 MiB and a byte, in pages of the usual size and in those of 2 MiB."""
        with open("/proc/meminfo") as file:
            usual = 1024 * int(re.search(r"Hugepagesize: *(\d+) kB", file.read()).group(1))
        pages = (-(-((2 << 20) + 1) // usual) * usual + (4 << 20)) // PAGE
        self.assertEqual((2, pages, 2, pages), self.figures(self.mapped(self.case("huge").profile)))

    def test_fork(self):
        """A child knows its own, as of malloc's blocks; the parent is not told what the child has
        unmapped."""
        result = self.case("fork")
        found = sorted(self.figures(self.mapped(profile)) for profile in result.profiles)
        self.assertEqual([(2, 7, 2, 8), (3, 11, 3, 12)], found)

    def test_kill(self):
        self.assertEqual((1, 5, 1, 7), self.figures(self.mapped(self.case("kill",
                                                                          code=137).profile)))

    def test_signals(self):
        """A handler that interrupts the recorder is not recorded, and counted; it neither hangs nor
        harms."""
        profile = self.case("signals").profile
        row = self.mapped(profile)
        self.assertEqual((0, 0), self.figures(row)[:2])
        self.assertGreater(row["total_blocks"], 400)

    def test_churn(self):
        profile = self.case("churn").profile
        self.assertEqual((200, 200, 100200), self.figures(self.mapped(profile))[:3])
        self.assertLess(profile.report()["self"]["ledger_bytes"], 2 << 20)

    def test_scope(self):
        result = self.case("scope")
        self.assertEqual([4 * PAGE, 10 * PAGE, 10 * PAGE, 6 * PAGE],
                         [int(word) for word in result.stdout.split()])
        row = result.profile.row("scope", "loading")
        self.assertEqual(4 * PAGE, row["live_bytes"])

    def test_cleared(self):
        """Mappings of before are followed and not counted; what is mapped while recording is off is
        unknown."""
        profile = self.case("cleared").profile
        self.assertEqual((1, 3, 1, 4), self.figures(self.mapped(profile)))
        self.assertEqual((3 * PAGE, 0, 0), (profile.totals["live_bytes"],
                                            profile.coverage["unknown_frees"],
                                            profile.coverage["dropped_events"]))

    def test_reuse(self):
        """An address that another thread is given before its unmapping is told of."""
        result = self.case("reuse")
        self.assertEqual(int(result.stdout) * PAGE, self.mapped(result.profile)["live_bytes"])
        self.assertEqual(0, result.profile.coverage["dropped_events"])

    def test_temporary(self):
        self.assertEqual(10, self.mapped(self.case("pairs").profile)["temporary_blocks"])

    def test_sampled(self):
        """Totals are estimates then, but what is gone is gone, and nothing is below zero."""
        row = self.mapped(self.case("churn", "--sample", "64K").profile)
        self.assertGreater(row["total_bytes"], 700e6)
        self.assertLess(row["total_bytes"], 940e6)
        self.assertLess(row["live_bytes"], 200 * PAGE * 4)
        self.assertGreaterEqual(row["live_bytes"], 0)


class Nobody(Case):
    def test_allocators(self):
        """What an allocator maps is no mapping of the program's."""
        for allocator in ALLOCATORS:
            for name in MALLOC_ONLY:
                with self.subTest(allocator=allocator, program=name):
                    try:
                        profile = self.track([harness.program(name)], "--allocator",
                                             allocator).profile
                    except AssertionError as problem:
                        if "is not installed" in str(problem):
                            self.skipTest(allocator)
                        raise
                    self.assertIsNone(self.mapped(profile))
                    self.assertGreater(profile.totals["total_blocks"], 0)

    def test_own_beside_allocator(self):
        for allocator in ALLOCATORS[1:]:
            with self.subTest(allocator):
                result = self.track([harness.program("mappings"), "5", "1", "300"], "--allocator",
                                    allocator)
                expected, row = json.loads(result.stdout), self.mapped(result.profile)
                self.assertEqual(expected["live_bytes"], row["live_bytes"])

    def test_not_asked(self):
        result = harness.track([harness.program("mapping_cases"), "pieces"], self.dir)
        self.assertEqual([], [row["key"] for row in result.profile.rows("domain") if row["key"] !=
                              "malloc"])
        maps = harness.track(["/bin/cat", "/proc/self/maps"], self.dir, name="maps").stdout
        self.assertIn(b"libmemtrack.so", maps)
        self.assertNotIn(b"libmemtrack-mmap", maps)


class Whois(unittest.TestCase):
    def test_interior(self):
        with live.process([harness.program("mapping_cases"), "held"], second=["mmap"]) as process:
            process.wait_for("ready")
            begin, block = (int(word, 16) for word in process.child.stdout.readline().split())
            asked = [begin + 5, begin + PAGE + 5, begin + 2 * PAGE, begin + 4 * PAGE - 1, block +
                     100, block + 1050, block + (24 << 20) + 10]
            result = process.memtrack("whois", process.pid, *map(hex, asked), "--json")
            self.assertEqual(1, result.code, result)  # the hole is in no block
            first, hole, second, last, malloced, pooled, around = json.loads(result.stdout)[
                "addresses"]
            self.assertEqual((hex(begin), PAGE, "mmap", 5),
                             (first["block"]["address"], first["block"]["bytes"], first["domain"],
                              first["offset"]))
            self.assertFalse(hole["live"])
            for answer in (second, last):
                self.assertEqual((hex(begin + 2 * PAGE), 2 * PAGE, "mmap"),
                                 (answer["block"]["address"], answer["block"]["bytes"],
                                  answer["domain"]))
            self.assertEqual(["map_pages", "held"], [frame["function"]
                                                     for frame in second["stack"]][:2])
            self.assertEqual([("malloc", 24 << 20, 100), ("pool", 100, 50),
                              ("zones", (24 << 20) + 128, (24 << 20) + 74)],
                             [(answer["domain"], answer["block"]["bytes"], answer["offset"])
                              for answer in (malloced, pooled, around)])
            text = process.memtrack("whois", process.pid, hex(begin)).stdout.decode()
            self.assertRegex(text, r"domain +mmap")


class Options(Case):
    def test_check(self):
        command = [harness.program("mapping_cases"), "reserve"]
        for options, code in ((["--mmap", "--max-peak", "40K"], 1),
                              (["--mmap", "--max-peak", "72K"], 0), (["--max-peak", "40K"], 0)):
            with self.subTest(options):
                result = harness.run([harness.MEMTRACK, "check", "--run", *options, "--", *command],
                                     cwd=self.dir, env=harness.plain_environment(TMPDIR=self.dir))
                self.assertEqual(code, result.code, result)
        result = harness.run([harness.MEMTRACK, "check", "--mmap", "--max-peak", "1M", "x.pb.gz"])
        self.assertEqual(2, result.code)
        self.assertIn(b"--mmap needs --run", result.stderr)

    def test_not_installed(self):
        """The object is missing: said before the program runs."""
        for name in ("memtrack", "libmemtrack.so"):
            shutil.copy(os.path.join(os.path.dirname(harness.LIBRARY), name), self.dir)
        memtrack = os.path.join(self.dir, "memtrack")
        result = harness.run([memtrack, "run", "--mmap", "--", "/bin/echo", "ran"], cwd=self.dir)
        self.assertEqual((125, b""), (result.code, result.stdout), result)
        self.assertRegex(result.stderr,
                         b"--mmap: libmemtrack-mmap.so is not beside .*\n  Install memtrack again.")
        result = harness.run([memtrack, "run", "-q", "--", "/bin/echo", "ran"], cwd=self.dir)
        self.assertEqual((0, b"ran\n"), (result.code, result.stdout), result)

    def test_compare(self):
        command = [harness.program("mapping_cases"), "reserve"]
        result = harness.memtrack("compare", "--json", "--mmap", "-r", "2", "--", *command, "--",
                                  *command)
        self.assertIn(str(18 * PAGE), result.stdout.decode())


if __name__ == "__main__":
    harness.main()
