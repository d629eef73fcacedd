# SPDX-License-Identifier: MIT
"""Loading and unloading code: the loader finds what it finds natively, and an address that is used
again keeps the names of whoever was there when the allocation was made.
"""
import os
import unittest

from support import compiler, harness, live

SOAK = os.environ.get("MEMTRACK_SOAK") == "1"
SWAPS = {"one": (111, 16), "two": (222, 48), "three": (333, 512), "four": (444, 1024)}


class Plugins(unittest.TestCase):
    def plugin(self, name, directory, *flags, output=None):
        return compiler.shared_object("plugins/%s.c" % name,
                                      os.path.join(directory, output or "lib%s.so" % name), flags)

    def test_reused_address(self):
        with harness.workdir() as directory:
            # Both ask for the same address, so that the loader gives the one's to the other for
            # certain.
            alpha, beta = (self.plugin(name, directory, "-Wl,-Ttext-segment=0x200000000000")
                           for name in ("alpha", "beta"))
            command = [harness.program("plugins_reuse"), alpha, beta]
            native = harness.check(command)
            self.assertEqual(b"reused 20 of 20\n", native.stdout,
                             "the loader did not reuse the address natively")
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"reused 20 of 20\n"), (tracked.code, tracked.stdout), "%r" %
                             tracked)
            rows = {row["function"]: row["live_bytes"] for row in tracked.profile.rows("function")}
            self.assertEqual((200 * 111, 100 * 222), (rows["alpha_only"], rows["beta_only"]))
            modules = {os.path.basename(row["module"]): row["live_blocks"]
                       for row in tracked.profile.rows("module")}
            self.assertEqual((200, 100), (modules["libalpha.so"], modules["libbeta.so"]))

    def swapping(self, directory, *flags):
        """Four plugins of the same size, each with one function that allocates."""
        return compiler.plugins(directory, SWAPS, *flags)

    def test_window(self):
        """Other code is loaded and called where code was before the dlclose has returned that
        unloaded it."""
        with harness.workdir() as directory:
            alpha, beta = (self.plugin(name, directory, "-Wl,-Ttext-segment=0x200000000000")
                           for name in ("alpha", "beta"))
            env = harness.plain_environment(LD_PRELOAD=compiler.shared_object("after_dlclose.c"))
            tracked = harness.track([harness.program("plugins_window"), alpha, beta], directory,
                                    env=env)
            self.assertEqual((0, b"reused 20 of 20\n"), (tracked.code, tracked.stdout), "%r" %
                             tracked)
            rows = {row["function"]: row["live_bytes"] for row in tracked.profile.rows("function")}
            self.assertEqual((200 * 111, 100 * 222), (rows["alpha_only"], rows["beta_only"]))

    def test_swapping(self):
        """Threads that load and unload plugins at each other's addresses: every block is its own
        plugin's, to the byte."""
        rounds = 20000 if SOAK else 250
        with harness.workdir() as directory:
            command = [harness.program("plugins_swap"), str(rounds), *self.swapping(directory)]
            env = harness.plain_environment(MEMTRACK_OPTIONS="check_unwind=1")
            tracked = harness.track(command, directory, env=env)
            self.assertEqual((0, b"done\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            rows = {row["function"]: row for row in tracked.profile.rows("function")}
            found = {name: (rows[name + "_only"]["total_blocks"],
                            rows[name + "_only"]["total_bytes"]) for name in SWAPS}
            self.assertEqual({name: (3 * rounds, 3 * rounds * size) for name,
                              (size, _) in SWAPS.items()}, found)
            self.assertIn("against a full unwind: 0 mismatches", tracked.profile.notes)

    def test_reloading(self):
        """One plugin, again and again, with a build id and without: its record is found again, and
        so nothing grows."""
        for flags in ((), ("-Wl,--build-id=none",)):
            with self.subTest(flags), harness.workdir() as directory:
                plugin, sizes = self.swapping(directory, *flags)[0], {}
                for rounds in (100, 40000 if SOAK else 1500):
                    tracked = harness.track([harness.program("plugins_swap"), str(rounds), plugin],
                                            directory, name=str(rounds))
                    self.assertEqual((0, b"done\n"), (tracked.code, tracked.stdout), "%r" % tracked)
                    row = tracked.profile.row("function", "one_only.*")
                    self.assertEqual(3 * rounds, row["total_blocks"])
                    sizes[rounds] = tracked.profile.report()["self"]["ledger_bytes"]
                self.assertLessEqual(max(sizes.values()) - min(sizes.values()), 128 << 10, sizes)

    def test_readers(self):
        """Snapshots and reports of a process that loads and unloads all the time: each is whole,
        and names are true."""
        with harness.workdir() as directory:
            command = [harness.program("plugins_swap"), "0", *self.swapping(directory)]
            with live.process(command) as process:
                process.wait_for("ready")
                seen = {}
                for _ in range(200 if SOAK else 8):
                    report = process.report("--by", "function")
                    self.assertEqual(report["totals"]["live_bytes"],
                                     sum(row["live_bytes"] for row in report["rows"]))
                    seen = {row["function"]: row for row in report["rows"]}
                    for name, (size, _) in SWAPS.items():
                        row = seen.get(name + "_only", {"total_bytes": 0, "total_blocks": 0})
                        self.assertEqual(row["total_blocks"] * size, row["total_bytes"], row)
                self.assertLessEqual({name + "_only" for name in SWAPS}, set(seen))

    def test_namespace(self):
        """Code of another link namespace (dlmopen) is its own module's, not the program's, with a
        build id and without."""
        for flags in ((), ("-Wl,--build-id=none",)):
            with self.subTest(flags), harness.workdir() as directory:
                plugin = self.plugin("namespace", directory, *flags)
                tracked = harness.track([harness.program("plugins_namespace"), plugin], directory)
                self.assertEqual((0, b"1\n"), (tracked.code, tracked.stdout), "%r" % tracked)
                rows = [row for row in tracked.profile.rows("stack") if row["live_bytes"] == 200 *
                        512]
                self.assertEqual(1, len(rows), rows)
                path = [(frame["function"], os.path.basename(frame["module"]))
                        for frame in rows[0]["stack"][:3]]
                self.assertEqual([("provide", "plugins_namespace"),
                                  ("make_things", "libnamespace.so"),
                                  ("main", "plugins_namespace")], path)

    def test_deepbind(self):
        """A plugin that binds past every preload: nothing breaks, what was not seen is counted as
        unknown."""
        with harness.workdir() as directory:
            command = [harness.program("plugins_deepbind"), self.plugin("alpha", directory)]
            self.assertEqual(b"both ways\n", harness.check(command).stdout)
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"both ways\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            self.assertEqual(2000, tracked.profile.coverage["unknown_frees"])

    def test_runpath(self):
        """A library's own dlopen finds its neighbour by $ORIGIN: the loader must see the library as
        the caller."""
        with harness.workdir() as directory:
            self.plugin("beta", directory, output="libsecond.so")
            opener = self.plugin("opener", directory, "-Wl,--enable-new-dtags,-rpath,$ORIGIN")
            command = [harness.program("plugins_runpath"), opener]
            self.assertEqual(b"second 1\n", harness.check(command).stdout)
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"second 1\n"), (tracked.code, tracked.stdout), "%r" % tracked)

    def test_preload_paths(self):
        """A second copy of the tracker and a preload that does not exist: defined, and harmless to
        the program."""
        with harness.workdir() as directory:
            env = harness.plain_environment(LD_PRELOAD=harness.LIBRARY, MEMTRACK_DIR=directory)
            tracked = harness.track([harness.program("list")], directory, env=env)
            self.assertEqual((0, b"removed 334 first 998\n"), (tracked.code, tracked.stdout), "%r" %
                             tracked)
            self.assertEqual(1001, tracked.profile.totals["total_blocks"])


if __name__ == "__main__":
    harness.main()
