# SPDX-License-Identifier: MIT
"""Profiles whose contents are known: what cli/make_profile.c and cli/make_timeline.c write, of each
kind that they know."""
import json
import os

from support import case, harness
from support.output import validate


def maker(name):
    return os.path.join(harness.BUILD, "tests", "cli", name)


def make(kind, directory, name=None):
    """A profile of this kind, called KIND.pb.gz unless it has another name: its path."""
    path = os.path.join(directory, name or kind + ".pb.gz")
    harness.check([maker("make_profile"), kind, path])
    return path


def make_timeline(kind, directory, name=None):
    """The same with a time axis."""
    path = os.path.join(directory, name or kind + ".pb.gz")
    harness.check([maker("make_timeline"), kind, path])
    return path


class Command(case.ClassCase):
    """A command of memtrack upon such profiles, in their directory. COMMAND is its name, KINDS are
    the profiles.

    Its output is that on a terminal of 80 columns which knows UTF-8; by keywords the environment is
    another."""

    COMMAND = None
    KINDS = ()
    ENVIRONMENT = {"LC_ALL": "C.UTF-8", "COLUMNS": "80"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind in cls.KINDS:
            make(kind, cls.dir)

    def environment(self, **extra):
        return harness.plain_environment(**{**self.ENVIRONMENT, **extra})

    def call(self, *arguments, status=0, cwd=None, stdin=b"", **env):
        """It ends with this status: its Result."""
        return harness.memtrack(self.COMMAND, *arguments, status=status, cwd=cwd or self.dir,
                                stdin=stdin, env=self.environment(**env))

    def text(self, *arguments, **options):
        return self.call(*arguments, **options).stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.call("--json", *arguments, **options).stdout)

    def valid(self, *arguments, **options):
        """The same, which is what docs/schema says of the command."""
        return validate(self.json(*arguments, **options), "memtrack-%s-1" % self.COMMAND)

    def csv(self, *arguments, **options):
        return harness.rows_of_csv(self.call("--csv", *arguments, **options).stdout)

    def problem(self, *arguments, status, contains, **options):
        """It prints nothing, and says who it is and what is wrong."""
        result = self.call(*arguments, status=status, **options)
        self.assertEqual(b"", result.stdout)
        error = result.stderr.decode()
        self.assertTrue(error.startswith("memtrack %s: " % self.COMMAND), error)
        self.assertIn(contains, error)

    def disk_is_full(self, *arguments):
        """Output that cannot be written is an error, said once."""
        with open("/dev/full", "w") as full:
            result = harness.run([harness.MEMTRACK, self.COMMAND, *arguments], cwd=self.dir,
                                 stdout=full)
        self.assertEqual(3, result.code)
        self.assertEqual(1, result.stderr.count(b"No space left"), result)


class Trials(Command):
    """A command that runs programs, whose own temporary places are here: nothing may be left in
    them. A directory for each test."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        case.Case.setUp(self)
        os.makedirs(self.path("tmp"))
        os.makedirs(self.path("sessions"))
        for kind in self.KINDS:
            make(kind, self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def environment(self, **extra):
        return harness.plain_environment(TMPDIR=self.path("tmp"),
                                         MEMTRACK_DIR=self.path("sessions"),
                                         **{"LC_ALL": "C.UTF-8", **extra})

    def leftovers(self):
        return os.listdir(self.path("tmp")) + os.listdir(self.path("sessions"))
