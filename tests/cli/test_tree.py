# SPDX-License-Identifier: MIT
# timeout: 120
"""`memtrack tree`: what it prints of known profiles (golden/tree-*.txt), its JSON, and its
options."""
import re

from support import compiler, golden, harness, live, profiles, terminal


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


class Programs(Case):
    def recorded(self, name, text, *options):
        source = self.write(name + ".c", text)
        compiler.build(self.path(name), source, "-g", "-O0", "-fno-builtin",
                       "-fno-optimize-sibling-calls")
        harness.memtrack("run", "-q", *options, "-o", name + ".pb.gz", "--", self.path(name),
                         cwd=self.dir)
        return name + ".pb.gz"

    def test_functions_that_call_each_other_in_turn(self):
        profile = self.recorded("turns", """\
#include <stdlib.h>
static void *kept[2];
static int list(int n);
static int value(int n) {
    return n ? list(n - 1) + 1 : (kept[0] = malloc(5000)) == NULL;
}
static int list(int n) {
    return value(n) + 1;
}
static int walk(int n) {
    return n ? walk(n - 1) + 1 : (kept[1] = malloc(5000)) == NULL;
}
int main(void) {
    return value(200) + walk(100) == 0;
}
""")
        lines = [line.split("  ")[-2:] for line in
                 self.text("--by", "function", profile).splitlines() if "turns.c" in line]
        self.assertEqual(["main", "├ value ×200", "│ list ×200", "│ value", "└ walk ×101"],
                         [line[0] for line in lines])
        self.assertEqual(503, self.text("--by", "function", "--full-names", profile)
                         .count("turns.c"))

    def test_truncated_recursion(self):
        """What is missing stands below the repeated frames, whichever of them is the outermost."""
        profile = self.recorded("cut", """\
#include <stdlib.h>
static void *kept[2];
static int again(int n) {
    return n ? again(n - 1) + 1 : (kept[0] = malloc(5000)) == NULL;
}
static int list(int n);
static int value(int n) {
    return n ? list(n - 1) + 1 : (kept[1] = malloc(5000)) == NULL;
}
static int list(int n) {
    return value(n) + 1;
}
int main(void) {
    return again(15) + value(10) == 0;
}
""", "--frames", "6")
        names = r"(?:value|list|again)(?: ×\d+)?|\[truncated\].*"
        for how, expected in (((), ["list ×3", "value ×3"]), (("--inverted",), ["value ×3", "list ×3"])):
            text = self.text("--by", "function", *how, profile)
            missing = re.findall(r"\[truncated\].*", text)
            self.assertEqual(2, len(missing), text)
            shown = re.findall(names, text)
            at = shown.index("again ×6")
            self.assertRegex(shown[at + 1], r"\[truncated\] … \d+ more frames")
            at = shown.index(expected[0])
            self.assertEqual(expected, shown[at:at + 2])
            self.assertRegex(shown[at + 2], r"\[truncated\] … \d+ more frames")

    def test_a_running_process_and_a_run(self):
        with live.process([harness.program("known_blocks")]) as process:
            while process.child.stdout.readline().strip() != b"ready":
                pass
            tree = process.ask("tree", process.pid)
            self.assertEqual(process.report()["totals"], tree["totals"])
            self.assertIn(b"CALL TREE", process.memtrack("tree", process.pid).stdout)
        harness.memtrack("run", "-q", "-o", "run/", "--", "sh", "-c",
                         '"$0"; "$0"; true', harness.program("leaks"), cwd=self.dir)
        self.assertIn("leaks.c", self.text("run"))
        self.assertEqual(harness.ask("report", "run", cwd=self.dir)["totals"],
                         self.json("run")["totals"])

    def test_widths(self):
        for kind in ("plain", "hostile", "deep", "many", "change"):
            for columns in (60, 99, 140, 250):
                text = terminal.plain(terminal.output_of(
                    [harness.MEMTRACK, "tree", "--no-pager", kind + ".pb.gz"], columns, self.dir))
                wide = [line for line in text.split("\n") if terminal.width(line) > columns]
                self.assertEqual([], wide, (kind, columns))


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
