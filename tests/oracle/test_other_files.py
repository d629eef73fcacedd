# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 20
"""Files of DHAT, massif and heaptrack (folded stacks) say in memtrack what their own tools say of
them: totals to the byte, moments of massif's, and line by line what memtrack's own recording of the
same program says.

DHAT charges what realloc returns to the line that first allocated the block, and memtrack to the
line that calls realloc; so the program whose lines are compared has none."""
import os
import re

from support import case, harness, heaptrack, valgrind, workloads

PROGRAM = """
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; char text[40]; };
static struct node *grow(struct node *list, int n) {
    for (int i = 0; i < n; i++) {
        struct node *node = malloc(sizeof *node);
        node->next = list;
        list = node;
    }
    return list;
}
static void *table(size_t n) {
    return calloc(n, 16);
}
int main(void) {
    char *big = malloc(200000);
    struct node *kept = grow(NULL, 300);
    void *rows = table(4000);
    memset(big, 1, 200000);
    free(big);
    struct node *more = grow(kept, 50);
    return !(more && rows);
}
"""


def dhat(workload, directory):
    """The file, and what DHAT prints of it."""
    out, log = os.path.join(directory, "dhat.out"), os.path.join(directory, "dhat.log")
    valgrind.run(workload, ["--tool=dhat", "--dhat-out-file=" + out], log)
    with open(log) as file:
        text = file.read()
    printed = {}
    for name, words in (("total", "Total:"), ("peak", "At t-gmax:"), ("live", "At t-end:")):
        found = re.search(words + r"\s+([\d,]+) bytes in ([\d,]+) blocks", text)
        printed[name + "_bytes"] = valgrind.number(found[1])
        printed[name + "_blocks"] = valgrind.number(found[2])
    return out, printed


def massif(workload, directory, *options):
    """The file, and the table that ms_print prints of it: (time, useful heap) by snapshot, and the
    snapshots that have call paths, of which one is the peak."""
    out = os.path.join(directory, "massif.out")
    valgrind.run(workload, ["--tool=massif", "--massif-out-file=" + out, *options],
                 os.path.join(directory, "massif.log"))
    text = harness.check([harness.tool("ms_print"), out]).stdout.decode()
    rows = re.findall(r"^ *(\d+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)$", text, re.M)
    table = {int(row[0]): (valgrind.number(row[1]), valgrind.number(row[3])) for row in rows}
    detailed = re.search(r"Detailed snapshots: \[(.*?)\]", text, re.S)[1]
    peak = re.search(r"(\d+) \(peak\)", detailed)
    return out, table, [int(n) for n in re.findall(r"\d+", detailed)], int(peak[1])


def totals(path, *options):
    return harness.ask("report", path, *options)["totals"]


class OtherFiles(case.Case):
    def own(self):
        return workloads.Workload("own", [self.build("own", PROGRAM, "-g", "-O0")])

    def some(self):
        """A program of our own, and real ones."""
        return [self.own(), *[w for w in workloads.real(40) if w.name in ("jq", "xmllint")]]

    def adds_up(self, path, columns, *options):
        report = harness.ask("report", path, *options)
        for column in columns:
            self.assertEqual(report["totals"][column], sum(row[column] for row in report["rows"]),
                             (path, column, options))

    def test_dhat(self):
        for workload in self.some():
            with self.subTest(workload):
                path, printed = dhat(workload, self.dir)
                found = totals(path)
                print(workload, printed)
                self.assertEqual(printed, {name: found[name] for name in printed})
                self.adds_up(path, printed)

    def test_massif(self):
        for workload in self.some():
            with self.subTest(workload):
                path, table, detailed, peak = massif(workload, self.dir, "--time-unit=B")
                found = totals(path)
                print(workload, len(table), "snapshots, peak", table[peak])
                self.assertEqual((table[peak][1], table[max(table)][1]),
                                 (found["peak_bytes"], found["live_bytes"]))
                self.adds_up(path, ("live_bytes", "peak_bytes"))
                ticks = harness.ask("timeline", path)["processes"][0]["ticks"]
                self.assertEqual(sorted(table.values()),
                                 sorted((tick["time_ns"], tick["live_bytes"]) for tick in ticks))
                times = [time for time, _ in table.values()]
                once = [n for n in detailed if times.count(table[n][0]) == 1]
                for n in once[:5]:  # a byte of massif's is a nanosecond here
                    self.assertEqual(table[n][1],
                                     totals(path, "--at", "%dns" % table[n][0])["live_bytes"], n)

    def test_folded_stacks(self):
        for workload in self.some():
            with self.subTest(workload):
                _, recording = heaptrack.record(workload, self.dir)
                for cost in ("peak", "allocations"):
                    expected = heaptrack.flame_sum(recording, cost, self.dir)
                    self.assertEqual(expected, totals(self.path("stacks"))["live_bytes"], cost)
                os.unlink(recording)

    def test_lines_are_memtracks(self):
        """A comparison of the same run in two tools' files: no line of the program differs."""
        workload = self.own()
        tracked = workload.track(self.dir)
        path, _ = dhat(workload, self.dir)
        rows = harness.ask("diff", path, tracked.profile.path, "--sort", "total")["rows"]
        lines = [row for row in rows if "own.c:" in row["key"]]
        self.assertEqual(3, len(lines), rows)
        for row in lines:
            for column in ("total_bytes", "total_blocks", "peak_bytes", "live_bytes"):
                self.assertEqual(row["old_" + column], row["new_" + column], (column, row))
        path, *_ = massif(workload, self.dir, "--threshold=0.0", "--peak-inaccuracy=0.0")
        rows = harness.ask("diff", path, tracked.profile.path, "--sort", "peak")["rows"]
        lines = [row for row in rows if "own.c:" in row["key"] and row["new_peak_bytes"]]
        self.assertEqual(3, len(lines), rows)
        for row in lines:
            self.assertEqual(row["old_peak_bytes"], row["new_peak_bytes"], row)

    def test_exports_are_read_again(self):
        """What export writes is read as what the format holds of it."""
        profile = self.own().track(self.dir).profile.path
        own = totals(profile)
        for sort in ("peak", "live", "total"):
            harness.memtrack("export", profile, "--format", "collapsed", "--sort", sort, "-q",
                             "--force", "-o", self.path("x"))
            self.assertEqual(own[sort + "_bytes"], totals(self.path("x"))["live_bytes"], sort)
        formats = harness.memtrack("--complete", "export", "--format", "").stdout.decode().split()
        columns = {"dhat": ("total_bytes", "total_blocks", "peak_bytes", "peak_blocks",
                            "live_bytes", "live_blocks"),
                   "massif": ("peak_bytes", "live_bytes"),
                   "pprof": ("total_bytes", "peak_bytes", "live_bytes", "live_blocks")}
        for name in columns:
            if name in formats:
                harness.memtrack("export", profile, "--format", name, "-q", "--force", "-o",
                                 self.path("x"))
                found = totals(self.path("x"))
                self.assertEqual({c: own[c] for c in columns[name]},
                                 {c: found[c] for c in columns[name]}, name)

    def test_a_page_is_its_profile(self):
        profile = self.own().track(self.dir).profile.path
        path, _ = dhat(self.own(), self.dir)
        harness.memtrack("report", "--html", self.path("one.html"), profile)
        harness.memtrack("diff", "--html", self.path("two.html"), path, profile)
        expected = harness.memtrack("report", "--json", profile).stdout
        self.assertEqual(expected, harness.memtrack("report", "--json",
                                                    self.path("one.html")).stdout)
        self.assertEqual(expected, harness.memtrack("report", "--json",
                                                    self.path("two.html#new")).stdout)
        old, found = harness.ask("report", path), harness.ask("report", self.path("two.html#old"))
        self.assertEqual(old, found)
        both = harness.memtrack("report", self.path("two.html"), status=3).stderr.decode()
        self.assertIn("compares two profiles", both)
        self.assertIn("#new", both)


if __name__ == "__main__":
    harness.main()
