# SPDX-License-Identifier: MIT
# timeout: 120
"""`memtrack tree`: what it prints of known profiles (golden/tree-*.txt), its JSON, and its
options."""
from support import golden, harness, profiles


def walk(children, depth=1):
    for node in children:
        yield depth, node
        yield from walk(node["children"], depth + 1)


class Case(profiles.Command):
    COMMAND = "tree"
    KINDS = ("plain", "hostile", "sampled", "change", "freed", "empty", "many", "deep")


class Golden(Case):
    def test_trees(self):
        golden.check_files(self, "tree", self.dir)


class Json(Case):
    def test_it_is_what_the_schema_says(self):
        for kind in sorted({*self.KINDS} - {"change", "hostile"}):  # which have less than nothing
            for options in ([], ["--inverted", "--by", "function"], ["--by", "module"]):
                tree = self.valid(*options, kind + ".pb.gz")
                self.assertEqual("--inverted" in options, tree["inverted"])
                for column in ("live_bytes", "peak_bytes", "total_bytes", "total_blocks"):
                    self.assertEqual(tree["totals"][column],
                                     sum(node[column] for node in tree["children"]))

    def test_limits(self):
        whole = self.json("deep.pb.gz")
        self.assertEqual(2, max(depth for depth, node in
                                walk(self.json("--depth", "2", "deep.pb.gz")["children"])))
        total = whole["totals"]["peak_bytes"]
        large = list(walk(self.json("--min", "10%", "deep.pb.gz")["children"]))
        self.assertEqual([node["key"] for _, node in walk(whole["children"])
                          if node["peak_bytes"] * 10 >= total], [node["key"] for _, node in large])
        self.assertEqual(3, sum(1 for _ in walk(self.json("-n", "3", "deep.pb.gz")["children"])))

    def test_filters(self):
        tree = self.json("--include", "io/reader.c:64", "deep.pb.gz")
        self.assertTrue(all(node["peak_bytes"] == tree["children"][0]["peak_bytes"]
                            for _, node in walk(tree["children"])))
        at = self.json("--sort", "live", "plain.pb.gz@1s")
        self.assertEqual(3000, at["totals"]["live_bytes"])


class Mistakes(Case):
    def test_messages(self):
        self.problem("--by", "thread", "plain.pb.gz", status=2, contains="line|function|file|module")
        self.problem("--min", "101", "plain.pb.gz", status=2, contains="needs a percentage")
        self.problem("--min", "x", "plain.pb.gz", status=2, contains="needs a percentage")
        self.problem("--depth", "0", "plain.pb.gz", status=2, contains="--depth 0")
        self.problem("plain.pb.gz", "many.pb.gz", status=2, contains="one profile")
        self.problem("nothing.pb.gz", status=3, contains="nothing.pb.gz")
        self.disk_is_full("--json", "plain.pb.gz")


if __name__ == "__main__":
    harness.main()
