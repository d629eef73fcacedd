# SPDX-License-Identifier: MIT
# timeout: 120
"""`memtrack tree` and `memtrack report` say the same of a real run: the outermost branches add up to
the totals, a name's outermost nodes to its row of --cumulative, and the roots of the inverted tree
are the rows."""
import collections
import os

from support import case, harness

COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks"]


def outermost(children, sums, above=()):
    """Adds each node to the sums of its key, unless it is below one of the same key."""
    for node in children:
        if node["key"] not in above:
            for column in COLUMNS:
                sums[node["key"]][column] += node[column]
        outermost(node["children"], sums, (*above, node["key"]))


class Tree(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profiles = []
        for name, *command in (("tree", harness.program("tree")), ("leaks", harness.program("leaks")),
                               ("bash", "bash", "-c", "f() { (($1)) && f $(($1 - 1)); }; f 30; "
                                "for i in {1..200}; do a[i]=$i$i; done; exit 0")):
            path = cls.path(name + ".pb.gz")
            result = harness.run([harness.MEMTRACK, "run", "-q", "-o", path, "--", *command],
                                 cwd=cls.dir)
            assert os.path.exists(path), result
            cls.profiles.append(path)

    def figures(self, row):
        return {column: row[column] for column in COLUMNS}

    def test_totals_and_cumulative_rows(self):
        for path in self.profiles:
            for by in ("line", "function", "file", "module"):
                with self.subTest(path, by=by):
                    tree = harness.ask("tree", "--full-stacks", "--by", by, path)
                    for column in COLUMNS:
                        self.assertEqual(tree["totals"][column],
                                         sum(node[column] for node in tree["children"]))
                    sums = collections.defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
                    outermost(tree["children"], sums)
                    rows = harness.ask("report", "--cumulative", "--by", by, path)["rows"]
                    self.assertGreater(len(rows), by in ("line", "function"))
                    names = collections.Counter(row["function"] for row in rows)
                    for row in rows:
                        if by == "function" and names[row["function"]] > 1:
                            continue  # its key names the file as well
                        self.assertEqual(self.figures(row), sums[row["key"]], row["key"])

    def test_roots_of_the_inverted_tree_are_the_rows(self):
        for path in self.profiles:
            for options in ([], ["--exclude", "main"], ["--keep-wrappers"]):
                with self.subTest(path, options=options):
                    tree = harness.ask("tree", "--inverted", *options, path)
                    rows = harness.ask("report", *options, path)["rows"]
                    self.assertEqual({row["key"]: self.figures(row) for row in rows},
                                     {node["key"]: self.figures(node)
                                      for node in tree["children"]})


if __name__ == "__main__":
    harness.main()
