# SPDX-License-Identifier: MIT
"""The last test (support/remains.py) sees what a test leaves of each kind, and accuses nobody
else of it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(os.environ["MEMTRACK_SOURCE"]) / "tests/support/remains.py"
# Other runs of tests, and what they leave, are not what is tested here.
ALONE = (
    "import os, sys; sys.path.insert(0, sys.argv.pop(1)); import remains; "
    "remains.PATIENCE_SECONDS = 0.5; "
    "remains.is_another_run = lambda: os.environ['ANOTHER'] == '1'; own = remains.places; "
    "remains.places = lambda: [place for place in own() if place.startswith(os.environ['HOME'])]; "
    "sys.exit(remains.after() if sys.argv[1] == 'after' else remains.before())")


class Remains(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(os.path.realpath(folder.name)) / "home"
        for name in ("build", "temporary", ".cache", "runtime/memtrack-%d" % os.getuid()):
            (self.home / name).mkdir(parents=True)
        (self.home / "temporary/memtrack-old").touch()

    def run_script(self, when, another=False):
        environment = {
            "HOME": str(self.home), "TMPDIR": str(self.home / "temporary"), "ANOTHER":
            str(int(another)), "XDG_RUNTIME_DIR": str(self.home / "runtime"), "MEMTRACK_SOURCE":
            str(self.home / "source"), "MEMTRACK_BUILD": str(self.home / "build"), "PATH":
            os.environ["PATH"]}
        done = subprocess.run([sys.executable, "-c", ALONE, SCRIPT.parent, when], env=environment,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def test_nothing(self):
        self.assertEqual((0, ""), self.run_script("before"))
        (self.home / "temporary/of-another-program").touch()
        (self.home / ".cache/other").touch()
        self.assertEqual((0, "0 files and 0 processes are left\n"), self.run_script("after"))

    def test_each_kind_of_file(self):
        for name in ("temporary/memtrack-test-x", ".cache/memtrack", "runtime/memtrack-run-x",
                     "build/core.4711", "runtime/memtrack-%d/1.2.0.ledger" % os.getuid(),
                     "build/memtrack.true.1.pb.gz"):
            with self.subTest(name):
                self.run_script("before")
                (self.home / name).touch()
                status, said = self.run_script("after")
                self.assertEqual((1, f"left behind: {self.home / name}"),
                                 (status, said.splitlines()[0]))
                status, said = self.run_script("after", another=True)
                self.assertEqual(0, status, said)
                self.assertIn("may be theirs", said)

    def test_process(self):
        shutil.copy(shutil.which("sleep"), self.home / "build/sleeper")
        self.run_script("before")
        with subprocess.Popen([self.home / "build/sleeper", "60"]) as process:
            status, said = self.run_script("after", another=True)
            self.assertEqual(
                (1, f"still running: process {process.pid}: {self.home}/build/sleeper 60"),
                (status, said.splitlines()[0]))
            self.run_script("before")
            self.assertEqual(0, self.run_script("after")[0], "it ran before")
            process.kill()
        self.assertEqual(0, self.run_script("after")[0], "it has ended")


if __name__ == "__main__":
    unittest.main(verbosity=2)
