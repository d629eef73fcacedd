# SPDX-License-Identifier: MIT
"""
`cmake -B build` works with what scripts/deps calls "build" alone, and says which tests it leaves
out for want of what. Other programs are hidden in a mount namespace, where there may be one.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
HIDDEN = ("g++", "c++", "clang++", "python3", "ninja", "ninja-build")
UNSHARE = ["unshare", "--map-root-user", "--mount"] if os.getuid() else ["unshare", "--mount"]


class Bare(unittest.TestCase):
    def setUp(self):
        if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
            self.skipTest("no mount namespace for this user")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name) / "a build"
        self.empty = pathlib.Path(folder.name) / "empty"
        self.empty.touch()

    def hidden(self):
        """The files behind these names, wherever PATH has them, and what tells of cmocka."""
        folders = ["/usr/bin", "/usr/local/bin", *os.environ["PATH"].split(":")]
        programs = [shutil.which(name, path=folder) for name in HIDDEN for folder in folders]
        packages = subprocess.run(["pkg-config", "--variable=pcfiledir", "cmocka"],
                                  capture_output=True, text=True)
        if packages.returncode == 0:
            programs.append(f"{packages.stdout.strip()}/cmocka.pc")
        return sorted({os.path.realpath(path) for path in programs if path})

    def run_bare(self, *commands):
        hide = [
            f"mount --bind {shlex.quote(str(self.empty))} {shlex.quote(path)}"
            for path in self.hidden()]
        return subprocess.run(
            [*UNSHARE, "sh", "-ec", "\n".join([*hide, *map(shlex.join, commands)])], text=True,
            env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_build_dependencies_alone(self):
        build = str(self.build)
        done = self.run_bare(["cmake", "-S", str(SOURCE), "-B", build],
                             ["cmake", "--build", build, "--target", "program_tree"],
                             ["ctest", "--test-dir", build, "-N"])
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertTrue((self.build / "tests/programs/tree").exists())
        for line in (r"unit/ \(\d+ tests\): no cmocka \(libcmocka-dev\)",
                     r"programs in C\+\+: no C\+\+ compiler \(g\+\+\)",
                     r"all but unit/ and fuzz/ \(\d+ scripts\): no python3"):
            self.assertRegex(done.stdout, line)
        self.assertIn("fuzz/fuzz_pprof", done.stdout)
        self.assertIsNone(re.search(r"Test +#\d+: (unit|cli)/", done.stdout))


if __name__ == "__main__":
    unittest.main(verbosity=2)
