# SPDX-License-Identifier: MIT
"""What tests against other tools have in common: a program runs under the oracle and under
memtrack, figures are put side by side, and each difference is printed.

A test says what differs, in a class derived from Oracle: which figures (FIELDS) of which programs
(PROGRAMS), what the oracle found (expected), and what memtrack's own figures are called or have to
be corrected by (actual). Oracles that watch the same run as memtrack does override observe.
"""
import unittest

from support import harness, workloads


# ---- figures side by side ------------------------------------------------------------------------

def table(workload, expected, actual, fields):
    """One line: each figure of both, with = or != between them."""
    return "%-18s " % workload + "  ".join("%s %d %s %d" %
                                           (field, expected[field], "=" if expected[field] ==
                                            actual[field] else "!=", actual[field])
                                           for field in fields)


def same(test, workload, expected, actual, fields):
    """Print the figures, and fail unless all of them are equal."""
    line = table(workload, expected, actual, fields)
    print(line)
    test.assertEqual({f: expected[f] for f in fields}, {f: actual[f] for f in fields}, line)


def whole(test, profile):
    """Nothing was missed: no unknown free, nothing dropped, nothing lossy."""
    coverage = profile.coverage
    test.assertEqual((0, 0, 0), (coverage["unknown_frees"], coverage["dropped_events"],
                                 coverage["lossy_blocks"]), "%r" % profile)


def adds_up(test, report, columns, what=None):
    """The rows of a report add up to its totals, and no row has less than nothing."""
    rows = report["rows"]
    for column in columns:
        test.assertEqual(report["totals"][column], sum(row[column] for row in rows), (what, column))
        test.assertGreaterEqual(min((row[column] for row in rows), default=0), 0, (what, column))


def as_without(test, command, directory, options=(), env=None, name="p", **more):
    """Run the program alone and under memtrack: output and status are the same. Returns the tracked
    run."""
    native = harness.run(command, env=env, **more)
    harness.skip_if_told(native, command)
    tracked = harness.track(command, directory, options, env, name, **more)
    test.assertEqual((native.status, native.stdout, native.stderr),
                     (tracked.code, tracked.stdout, tracked.stderr), "%s %s" % (command, options))
    return tracked


def counted(stdout):
    """What a program that counts for itself has written: a word and a number, in turns."""
    words = stdout.decode().split()
    return {key: int(value) for key, value in zip(words[::2], words[1::2])}


# ---- the form ------------------------------------------------------------------------------------

class Programs(unittest.TestCase):
    """Each program in turn: the test says what equal(workload) is."""

    PROGRAMS = workloads.COMMON  # names, or {name: arguments}
    SCALE = 20  # by how much the inputs of real programs are shorter
    LEAST_REAL = 0

    def equal(self, workload):
        raise NotImplementedError

    def each(self, some):
        for workload in some:
            with self.subTest(workload):
                self.equal(workload)

    def test_programs(self):
        self.each(workloads.programs(self.PROGRAMS))

    def test_real_programs(self):
        real = workloads.real(self.SCALE)
        self.assertGreaterEqual(len(real), self.LEAST_REAL,
                                "too few real programs are installed: %s" % real)
        self.each(real)


class Oracle(Programs):
    """Totals, which are equal to the block and byte."""

    FIELDS = ()
    LEAST_REAL = 6

    def expected(self, workload, directory):
        """Run it under the oracle: its Result, and what the oracle found by FIELDS."""
        raise NotImplementedError

    def actual(self, workload, profile):
        """memtrack's figures by FIELDS."""
        return profile.totals

    def observe(self, workload, directory):
        """Both runs, which must have done the same: what the oracle found, and the tracked run."""
        native, expected = self.expected(workload, directory)
        tracked = workload.track(directory)
        self.assertEqual((native.code, native.stdout), (tracked.code, tracked.stdout), "%r" %
                         tracked)
        return expected, tracked

    def equal(self, workload):
        with harness.workdir() as directory:
            expected, tracked = self.observe(workload, directory)
            whole(self, tracked.profile)
            same(self, workload, expected, self.actual(workload, tracked.profile), self.FIELDS)
