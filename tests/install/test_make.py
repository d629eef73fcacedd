# SPDX-License-Identifier: MIT
"""
`make install` and `make uninstall`, with spaces in PREFIX and in DESTDIR: what is said comes before
sudo, what works from there is what was built, and what is removed is what was installed. Where what
is installed does not matter, a program in the place of cmake lays out two files.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])
NOBODY = 65534
CMAKE = """#!/bin/sh
[ "$1 $3" = "--install --prefix" ] || exit 1
mkdir -p "$DESTDIR$4/bin" && cd "$DESTDIR$4/bin" && touch memtrack "$FILE"
"""
SUDO = """#!/bin/sh
echo "SUDO $*"
exit 9
"""


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.prefix = self.folder / "a prefix" / "of two"

    def make(self, target, **variables):
        words = [f"{name}={value}" for name, value in variables.items()]
        return subprocess.run(
            ["make", "-C", SOURCE, "-s", "-o", "build", target, f"BUILD={BUILD}", *words],
            check=True, capture_output=True, text=True).stdout


class Whole(Case):
    def test_install_use_remove(self):
        said = self.make("install", PREFIX=self.prefix)
        self.assertIn(f"memtrack goes to {self.prefix}", said)
        self.assertRegex(said, r"(?m)^  bin +memtrack$")
        environment = {
            "PATH": f"{self.prefix}/bin:/usr/bin:/bin", "LC_ALL": "C", "TMPDIR": str(self.folder)}
        profile = self.folder / "profile.pb.gz"
        subprocess.run(
            ["memtrack", "run", "-q", "-o", profile, "--", BUILD / "tests/programs/tree"],
            check=True, env=environment, stdout=subprocess.DEVNULL)
        report = subprocess.run(["memtrack", "report", "--csv", profile], check=True,
                                env=environment, capture_output=True, text=True).stdout
        self.assertIn("tree.c", report)
        self.make("uninstall", PREFIX=self.prefix)
        self.assertEqual(["profile.pb.gz"], everything_in(self.folder))

    def test_destdir(self):
        stage = self.folder / "a stage"
        said = self.make("install", PREFIX="/opt/our tools", DESTDIR=stage)
        self.assertIn(f"memtrack goes to {stage}/opt/our tools", said)
        self.assertTrue((stage / "opt/our tools/bin/memtrack").is_file())
        for text in (stage / "opt/our tools").rglob("*.pc"):
            self.assertNotIn(str(stage), text.read_text())
        self.make("uninstall", PREFIX="/opt/our tools", DESTDIR=stage)
        self.assertEqual([], everything_in(self.folder))


class Parts(Case):
    """scripts/install alone, with another cmake, and for another user where root runs the tests."""

    def setUp(self):
        super().setUp()
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        for name, text in (("cmake", CMAKE), ("sudo", SUDO),
                           ("install", (SOURCE / "scripts/install").read_text())):
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)
        self.folder.chmod(0o755)
        self.place = self.folder / "place"
        self.place.mkdir()

    def run_script(self, *arguments, user=None, file="first", **variables):
        environment = {
            "PATH": f"{self.tools}:/usr/bin:/bin", "FILE": file, "PREFIX": str(self.place),
            **variables}
        return subprocess.run([self.tools / "install", *arguments], env=environment, text=True,
                              user=user, group=user, extra_groups=[] if user else None, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_what_was_there_stays(self):
        (self.place / "bin").mkdir()
        (self.place / "bin/mine").touch()
        self.run_script("build").check_returncode()
        (self.place / "lib/memtrack/mine").touch()
        self.run_script("--remove").check_returncode()
        self.assertEqual(["bin", "bin/mine", "lib", "lib/memtrack", "lib/memtrack/mine"],
                         everything_in(self.place))

    def test_what_a_later_version_lacks_is_removed(self):
        self.run_script("build", file="old name").check_returncode()
        self.run_script("build", file="new name").check_returncode()
        self.assertEqual(["memtrack", "new name"], everything_in(self.place / "bin"))
        self.run_script("--remove").check_returncode()
        self.assertEqual([], everything_in(self.place))

    def test_list_leads_nowhere_else(self):
        self.run_script("build").check_returncode()
        outside = self.folder / "outside"
        outside.touch()
        with open(self.place / "lib/memtrack/installed.txt", "a") as file:
            file.write(f"../outside\n{outside}\nbin/../../outside\n")
        self.run_script("--remove").check_returncode()
        self.assertTrue(outside.exists())
        self.assertEqual([], everything_in(self.place))

    def test_sudo_after_the_list(self):
        if os.getuid() == 0:
            user = NOBODY
        else:
            user = None
            self.place.chmod(0o555)
            self.addCleanup(self.place.chmod, 0o755)
        done = self.run_script("build", user=user)
        self.assertNotEqual(0, done.returncode)
        lines = done.stdout.splitlines()
        self.assertEqual(f"memtrack goes to {self.place} (3 files):", lines[0])
        self.assertIn(f"{self.place} is not yours to write: sudo copies them", lines)
        self.assertGreater(next(i for i, line in enumerate(lines) if line.startswith("SUDO")), 2)
        self.assertEqual([], everything_in(self.place))
        (self.tools / "sudo").unlink()
        (self.tools / "sudo").symlink_to("/nonexistent")
        staged = self.run_script("build", user=user, DESTDIR=str(self.place), PREFIX="/usr")
        self.assertEqual(1, staged.returncode)
        self.assertIn("choose another DESTDIR", staged.stdout)

    def test_no_sudo_where_it_can_be_written(self):
        done = self.run_script("build")
        self.assertNotIn("SUDO", done.stdout)
        self.assertEqual(0, done.returncode, done.stdout)

    def test_errors(self):
        for what, arguments, variables in (
                ("not an absolute path", ["build"], {"PREFIX": "here"}),
                ("nothing is installed in", ["--remove"], {}),
                ("usage: scripts/install", [], {})):
            done = self.run_script(*arguments, **variables)
            self.assertEqual(1, done.returncode)
            self.assertIn(what, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
