# SPDX-License-Identifier: MIT
"""The programs of this folder count what their tasks allocate (counted.h): built, run, and compared
with what memtrack says of the scopes of the same names."""
import os
import unittest

from support import case, compiler, harness

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
BUILD_SECONDS = 240  # of templates, on a busy machine


class Tasks(case.Case):
    """With oracle(), which runs a program twice."""

    def build(self, source, *flags, which="g++", warnings=WARNINGS, libs=()):
        return compiler.build(self.path("program"), os.path.join(harness.SUPPORT, "tasks", source),
                              compiler.INCLUDE, *warnings, *flags, compiler=which,
                              libs=[*libs, "-lpthread"], timeout=BUILD_SECONDS)

    def needs_header(self, name, *flags):
        command = [harness.tool("g++"), *flags, "-E", "-include", name, "-x", "c++", "/dev/null"]
        if harness.run(command).code:
            raise unittest.SkipTest("%s is not installed" % name)

    def oracle(self, *command, env=None):
        """Untracked, it does the same. Returns the rows by name, which equal what it has counted:
        count, bytes and blocks allocated, errors."""
        untracked = harness.check(list(command), env=env).stdout
        self.profile = self.path("p.pb.gz")
        result = harness.record(self.profile, list(command), env=env)
        self.assertEqual((0, b"", sorted(untracked.splitlines())),
                         (result.code, result.stderr, sorted(result.stdout.splitlines())))
        rows = {row["name"]: row for row in harness.ask("scopes", self.profile)["rows"]}
        counted = [line.split("\t") for line in untracked.decode().splitlines()]
        self.assertTrue(counted)
        self.assertEqual({line[0] for line in counted}, set(rows))
        for name, *numbers in counted:
            self.compare_row(rows[name], *map(int, numbers))
            # begun by the program, as it wrote it: not in a header or a binding
            self.assertEqual((os.path.join(harness.SUPPORT, "tasks"), True),
                             (os.path.dirname(rows[name]["file"]), rows[name]["line"] > 0), name)
        return rows

    def compare_row(self, row, count, allocated, blocks, errors):
        name = row["name"]
        self.assertEqual((count, errors), (row["count"], row["errors"]), name)
        if allocated != -1:
            self.assertEqual((allocated, blocks), (row["allocated_bytes"]["sum"],
                                                   row["allocated_blocks"]["sum"]), name)

