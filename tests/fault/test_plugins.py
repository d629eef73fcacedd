# SPDX-License-Identifier: MIT
"""Loading and unloading code: the loader finds what it finds natively, and an address that is used again keeps the names of
whoever was there when the allocation was made.
"""
import os
import unittest

from support import harness


class Plugins(unittest.TestCase):
    def plugin(self, name, directory, *flags, output=None):
        return harness.compile_object("plugins/%s.c" % name, os.path.join(directory, output or "lib%s.so" % name), flags)

    def test_reused_address(self):
        with harness.workdir() as directory:
            # Both ask for the same address, so that the loader gives the one's to the other for certain.
            alpha, beta = (self.plugin(name, directory, "-Wl,-Ttext-segment=0x200000000000") for name in ("alpha", "beta"))
            command = [harness.program("plugins_reuse"), alpha, beta]
            native = harness.check(command)
            self.assertEqual(b"reused 20 of 20\n", native.stdout, "the loader did not reuse the address natively")
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"reused 20 of 20\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            rows = {row["function"]: row["live_bytes"] for row in tracked.profile.report("--by", "function")["rows"]}
            self.assertEqual((200 * 111, 100 * 222), (rows["alpha_only"], rows["beta_only"]))
            modules = {os.path.basename(row["module"]): row["live_blocks"]
                       for row in tracked.profile.report("--by", "module")["rows"]}
            self.assertEqual((200, 100), (modules["libalpha.so"], modules["libbeta.so"]))

    def test_deepbind(self):
        """A plugin that binds past every preload: nothing breaks, what was not seen is counted as unknown."""
        with harness.workdir() as directory:
            command = [harness.program("plugins_deepbind"), self.plugin("alpha", directory)]
            self.assertEqual(b"both ways\n", harness.check(command).stdout)
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"both ways\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            self.assertEqual(2000, tracked.profile.coverage["unknown_frees"])

    def test_runpath(self):
        """A library's own dlopen finds its neighbour by $ORIGIN: the loader must see the library as the caller."""
        with harness.workdir() as directory:
            self.plugin("beta", directory, output="libsecond.so")
            opener = self.plugin("opener", directory, "-Wl,--enable-new-dtags,-rpath,$ORIGIN")
            command = [harness.program("plugins_runpath"), opener]
            self.assertEqual(b"second 1\n", harness.check(command).stdout)
            tracked = harness.track(command, directory)
            self.assertEqual((0, b"second 1\n"), (tracked.code, tracked.stdout), "%r" % tracked)

    def test_preload_paths(self):
        """A second copy of the tracker and a preload that does not exist: defined, and harmless to the program."""
        with harness.workdir() as directory:
            env = harness.plain_environment(LD_PRELOAD=harness.LIBRARY)
            tracked = harness.track([harness.program("list")], directory, env=env)
            self.assertEqual((0, b"removed 334 first 998\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            self.assertEqual(1001, tracked.profile.totals["total_blocks"])


if __name__ == "__main__":
    harness.main()
