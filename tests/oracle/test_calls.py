# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 6
"""Functions of a program built with -finstrument-functions know who called them and what the calls
allocated, with and without what they called: as the program counts itself, under recursion of all
kinds, in eight threads, with paths longer than are kept; and go's pprof and callgrind_annotate see
the same in what is exported.

MEMTRACK_SEED is the first seed."""
import os
import random
import re
import unittest

from support import case, go, harness

SOAK = os.environ.get("MEMTRACK_SOAK")
SEED = int(os.environ.get("MEMTRACK_SEED", "0")) or (random.getrandbits(30) if SOAK else 1)
FIGURES = ("count", "outermost", "allocated_bytes", "allocated_blocks", "own_allocated_bytes",
           "own_allocated_blocks")
NOBODY = "-"


def counted(stdout):
    """What the program says: {(caller, callee): {figure: number}}."""
    arcs = {}
    for line in stdout.decode().splitlines():
        caller, callee, *numbers = line.split()
        arcs[caller, callee] = dict(zip(FIGURES, map(int, numbers), strict=True))
    return arcs


def by_callee(arcs):
    sums = {}
    for (_, callee), figures in arcs.items():
        row = sums.setdefault(callee, dict.fromkeys(FIGURES, 0))
        for figure, number in figures.items():
            row[figure] += number
    return sums


class Calls(case.Case):
    def record(self, *arguments):
        self.profile = self.path("p.pb.gz")
        result = harness.record(self.profile, [harness.program("call_tree"),
                                               *map(str, arguments)])
        self.assertEqual(0, result.code, "%r" % result)
        return counted(result.stdout)

    def shown(self, side):
        """The arcs that the command shows, in the program's form."""
        arcs = {}
        for row in harness.ask("scopes", self.profile, "--" + side)["rows"]:
            for arc in row[side]:
                pair = ((arc["name"] or NOBODY, row["name"])
                        if side == "callers" else (row["name"], arc["name"]))
                self.assertNotIn(pair, arcs)
                arcs[pair] = {figure: arc[figure] for figure in FIGURES}
                self.assertLessEqual(arc["own_duration_ns"], max(arc["duration_ns"], 0) if
                                     arc["outermost"] == arc["count"] else 1 << 62)
        return arcs

    def compare(self, expected):
        self.assertTrue(expected)
        self.assertEqual(expected, self.shown("callers"))
        self.assertEqual({pair: arc for pair, arc in expected.items() if pair[0] != NOBODY},
                         self.shown("callees"))

    def test_at_random(self):
        for seed in range(SEED, SEED + (20 if SOAK else 3)):
            self.compare(self.record(seed, 1, 3000, 10))

    def test_in_eight_threads(self):
        self.compare(self.record(SEED, 8, 1000, 20))

    def test_longer_than_paths_are_kept(self):
        """Who called whom is exact all the same."""
        self.compare(self.record(SEED, 2, 4000, 1000))

    def test_pprof_adds_up_what_functions_took(self):
        expected = by_callee(self.record(SEED, 4, 1000, 15))
        file = self.path("calls.pb.gz")
        harness.check([harness.MEMTRACK, "scopes", "--pprof", file, "-n", "1", self.profile])
        for sample, flat, cumulative in (("alloc_space", "own_allocated_bytes", "allocated_bytes"),
                                         ("alloc_objects", "own_allocated_blocks",
                                          "allocated_blocks")):
            text = go.pprof("-top", "-unit=B", "-nodefraction=0", "-sample_index=" + sample, file)
            rows = {name: (int(own), int(whole)) for own, whole, name in re.findall(
                r"^ *(\d+)B? +[\d.]+% +[\d.]+% +(\d+)B? +[\d.]+%  (\w+)$", text, flags=re.M)}
            self.assertEqual({name: (row[flat], row[cumulative])
                              for name, row in expected.items()}, rows, text)
        self.assertEqual(sum(row["count"] for row in expected.values()), go.sums(file)["calls"])

    def test_callgrind_shows_functions_and_lines(self):
        arcs = self.record(SEED, 4, 1000, 15)
        file = self.path("callgrind.out")
        harness.check([harness.MEMTRACK, "scopes", "--callgrind", file, "-n", "1", self.profile])
        text = harness.check([harness.tool("callgrind_annotate"), "--auto=no", "--threshold=100",
                              "--show-percs=no", "--sort=Allocated_bytes",
                              "--show=Allocated_bytes,Allocated_blocks", "--tree=caller",
                              file]).stdout.decode()
        rows = {name: (int(size.replace(",", "")), int(blocks.replace(",", "")))
                for size, blocks, name in re.findall(
                    r"^ *([\d,]+) +([\d,]+)  \* +\S*call_tree\.c:(\w+)", text, flags=re.M)}
        expected = {name: (row["own_allocated_bytes"], row["own_allocated_blocks"])
                    for name, row in by_callee(arcs).items()}
        self.assertEqual(expected, rows, text)
        calls = {}
        for caller, times in re.findall(r"< .*?call_tree\.c:(\w+) \(([\d,]+)x\)", text):
            calls[caller] = calls.get(caller, 0) + int(times.replace(",", ""))
        self.assertEqual({caller: sum(arc["count"] for pair, arc in arcs.items()
                                      if pair[0] == caller)
                          for caller, _ in arcs if caller != NOBODY}, calls, text)

    def test_messages(self):
        """A program without hooks has no calls, and is told how to get them."""
        self.profile = self.path("p.pb.gz")
        harness.record(self.profile, ["/bin/true"])
        for option in ("--callers", "--callees", "--pprof=-", "--callgrind=-"):
            result = harness.run([harness.MEMTRACK, "scopes", option, self.profile])
            self.assertEqual(2, result.code, option)
            self.assertIn(b"-finstrument-functions", result.stderr)


if __name__ == "__main__":
    unittest.main()
