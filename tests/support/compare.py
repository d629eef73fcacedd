# SPDX-License-Identifier: MIT
"""Figures side by side."""
from support import harness


def is_empty_class(row):
    """A row of `report --by size` for blocks of 0 bytes: blocks, but not a byte."""
    return row["total_blocks"] > 0 and row["total_bytes"] == 0


def table(workload, expected, actual, fields):
    return "%-18s " % workload + "  ".join("%s %d %s %d" % (field, expected[field],
                                                           "=" if expected[field] == actual[field] else "!=", actual[field])
                                           for field in fields)


def same(test, workload, expected, actual, fields):
    line = table(workload, expected, actual, fields)
    print(line)
    test.assertEqual({f: expected[f] for f in fields}, {f: actual[f] for f in fields}, line)


def whole(test, profile):
    """Nothing was missed: no unknown free, nothing dropped, nothing lossy."""
    coverage = profile.coverage
    test.assertEqual((0, 0, 0), (coverage["unknown_frees"], coverage["dropped_events"], coverage["lossy_blocks"]),
                     "%r" % profile)


def same_totals(test, workload, directory, native, expected, fields, adjust=None):
    """Track the workload and compare its totals with what an oracle found in a run of its own."""
    tracked = harness.track(workload.command, directory, env=workload.environment(), cwd=workload.cwd,
                            stdin=workload.stdin)
    test.assertEqual((native.code, native.stdout), (tracked.code, tracked.stdout), "%r" % tracked)
    totals = dict(tracked.profile.totals)
    whole(test, tracked.profile)
    if adjust:
        adjust(tracked.profile, totals)
    same(test, workload, expected, totals, fields)
