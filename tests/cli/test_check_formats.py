# SPDX-License-Identifier: MIT
# cost: 4
"""`memtrack check` for CI servers: annotations of GitHub by its rules and within its limits, a
summary and a table in Markdown whatever names are in the profile, and JUnit's XML that leads to
files of the working tree."""
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree

from support import compiler, harness, profiles

KINDS = ("plain", "hostile", "sampled")
COMMAND = re.compile(r"::(error|notice)(?: ([^:]*))?::(.*)")
SUMMARY_BYTES = 1 << 20


def unescape(text, *more):
    for escape, character in [("%0A", "\n"), ("%0D", "\r"), *more, ("%25", "%")]:
        text = text.replace(escape, character)
    return text


def annotations(text):
    """(kind, properties, message) of each line that is one, read as GitHub's runner reads it."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        if match:
            properties = dict(pair.split("=", 1) for pair in (match[2] or "").split(",") if pair)
            found.append((match[1], {key: unescape(value, ("%3A", ":"), ("%2C", ","))
                                     for key, value in properties.items()}, unescape(match[3])))
    return found


def cells(row):
    """Of a row of a table, as GFM cuts it: at bars that are not escaped."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def table(text):
    return [cells(line) for line in text.splitlines() if line.startswith("|")][2:]


class Case(profiles.Trials):
    COMMAND = "check"
    KINDS = KINDS

    def tree(self, folder="src"):
        """A repository with the source of a program in it, and the program's profile."""
        os.makedirs(self.path("tree", ".git"))
        os.makedirs(self.path("tree", folder))
        os.makedirs(self.path("tree", "build"))
        source = shutil.copy(os.path.join(harness.SOURCE, "tests", "programs", "own_wrapper.c"),
                             self.path("tree", folder))
        shutil.copy(os.path.join(harness.SOURCE, "tests", "programs", "target.h"),
                    self.path("tree", folder))
        compiler.build(self.path("tree", "build", "app"), source, "-g", "-O1", "-fno-builtin")
        return self.path("tree", "build")


class GitHub(Case):
    def test_annotations(self):
        found = annotations(self.text("--max-peak", "1K", "--max-live", "1G", "--no-leaks",
                                      "--format", "github", "plain.pb.gz", status=1))
        self.assertEqual([("error", "memtrack check: parser max-peak"),
                          ("error", "memtrack check: parser no-leaks")],
                         sorted((kind, properties["title"]) for kind, properties, _ in found))
        message = dict((p["title"], m) for _, p, m in found)["memtrack check: parser max-peak"]
        claim, where, command = message.split("\n")
        self.assertTrue(claim.startswith("peak 48.0 MiB, "), claim)
        self.assertIn("(49,152x) over the budget of 1.0 KiB", claim)
        self.assertIn("parse.cpp:4 parse::tokenize holds 40.0 MiB (83%)", where)
        self.assertEqual("memtrack report --by stack --sort peak plain.pb.gz", command)

    def test_the_ten_worst(self):
        names = []
        for i in range(14):
            names.append(shutil.copy(self.path("plain.pb.gz"), self.path("p%d.pb.gz" % i)))
        found = annotations(self.text("--max-peak", "1K", "--max-live", "1", "--format", "github",
                                      *names, status=1))
        self.assertEqual(["error"] * 10 + ["notice"], [kind for kind, _, _ in found])
        self.assertEqual("18 more budgets are not kept", found[-1][2])
        self.assertEqual({"memtrack check: parser max-live"},
                         {properties["title"] for _, properties, _ in found[:-1]},
                         "a million times over is worse than fifty thousand times")
        found = annotations(self.text("--max-peak", "1K", "--format", "github", *names[:11],
                                      status=1))
        self.assertEqual("1 more budget is not kept", found[-1][2])
        self.assertEqual(11, len(found))
        self.assertEqual(10, len(annotations(self.text("--max-peak", "1K", "--format", "github",
                                                       *names[:10], status=1))))

    def test_hostile_names(self):
        path = shutil.copy(self.path("hostile.pb.gz"),
                           self.path("a,b=c:d%0A::error::\n::x|`y``<b>.pb.gz"))
        text = self.text("--max-peak", "1", "--max-live", "1", "--format", "github",
                         "--scope", "a%0A,:\n::warning::x:peak=1", path, status=1)
        self.assertEqual(3, len(text.splitlines()), text)
        found = annotations(text)
        self.assertEqual(["error"] * 3, [kind for kind, _, _ in found], text)
        self.assertNotIn("\x1b", text)
        for _, properties, message in found:
            self.assertLessEqual(set(properties), {"title", "file", "line"})
            self.assertLess(len(message), 4096)

    def test_a_file_of_the_tree(self):
        where = self.tree("s,r: c%0A")
        result = self.call("--run", "--max-peak", "1K", "--github", "--wrapper", "get_block", "--",
                           "./app", cwd=where, status=1)
        (_, properties, message), = annotations(result.stderr.decode())
        self.assertEqual(("s,r: c%0A/own_wrapper.c", "18"), (properties["file"],
                                                              properties["line"]), result)
        self.assertIn("s,r: c%0A/own_wrapper.c:18 make_words holds", message)
        self.assertIn("broken  ", result.stderr.decode())

    def test_what_cannot_be_read_or_run(self):
        found = annotations(self.text("--max-peak", "1K", "--format", "github", "plain.pb.gz",
                                      "missing", status=3))
        self.assertEqual("missing: not found", found[0][2])
        self.assertEqual(2, len(found))
        result = self.call("--run", "--max-peak", "1G", "--format", "github", "--", "sh", "-c",
                           "exit 7", status=7)
        self.assertEqual([("error", "sh ended with status 7")],
                         [(kind, message) for kind, _, message in
                          annotations(result.stderr.decode())])

    def test_nothing_to_say(self):
        self.assertEqual("", self.text("--max-peak", "1G", "--format", "github", "plain.pb.gz"))
        result = self.call("--max-peak", "1K", "plain.pb.gz", status=1, GITHUB_ACTIONS="true",
                           GITHUB_STEP_SUMMARY=self.path("summary"))
        self.assertNotIn(b"::", result.stdout.replace(b"parse::tokenize", b""))
        self.assertFalse(os.path.exists(self.path("summary")), "not without --github")

    def test_summary(self):
        self.write("summary", "# Before\n")
        for options in (["--github"], ["--format", "github"]):
            self.call("--max-peak", "1K", "--max-live", "1G", *options, "plain.pb.gz", status=1,
                      GITHUB_STEP_SUMMARY=self.path("summary"))
        text = self.read("summary").decode()
        self.assertTrue(text.startswith("# Before\n### memtrack check: 1 of 2 budgets exceeded\n"))
        self.assertEqual(2, text.count("### memtrack check"))
        self.assertEqual(["**broken**", "`plain.pb.gz`", "max-peak", "48.0 MiB", "1.0 KiB"],
                         table(text)[0][:5])

    def test_summary_has_a_limit(self):
        names = [self.path("p%03d%s.pb.gz" % (i, "x" * 180)) for i in range(60)]
        for name in names:
            os.symlink(self.path("plain.pb.gz"), name)
        for had in (SUMMARY_BYTES - 12000, SUMMARY_BYTES - 10):
            with self.subTest(had):
                self.write("summary", "x" * (had - 1) + "\n")
                result = self.call("--max-peak", "1K", "--github", *names, status=1,
                                   GITHUB_STEP_SUMMARY=self.path("summary"))
                text = self.read("summary").decode()
                self.assertLessEqual(len(text.encode()), SUMMARY_BYTES)
                if had < SUMMARY_BYTES - 5000:
                    left_out = int(re.search(r"^(\d+) more rows left out", text, flags=re.M)[1])
                    self.assertEqual(60, left_out + len(table(text)))
                    self.assertGreater(len(table(text)), 10)
                else:
                    self.assertEqual(had, len(text))
                    self.assertIn(b"1 MiB that GitHub shows", result.stderr)

    def test_a_summary_that_cannot_be_written(self):
        os.mkfifo(self.path("pipe"))
        for place in (self.path("no", "such", "place"), self.path("pipe"), self.dir, "/dev/full"):
            result = self.call("--max-peak", "1G", "--github", "plain.pb.gz", status=0,
                               GITHUB_STEP_SUMMARY=place)
            self.assertIn(b"no summary in ", result.stderr)


class Markdown(Case):
    def test_rows(self):
        text = self.text("--max-peak", "4M", "--max-live", "8M", "--no-leaks", "--strict",
                         "--baseline", "plain.pb.gz", "--format", "markdown", "plain.pb.gz",
                         "sampled.pb.gz", "missing", status=3)
        rows = table(text)
        self.assertEqual("**unreadable**", rows[0][0])
        failed = [row[0].startswith("**") for row in rows]
        self.assertEqual(sorted(failed, reverse=True), failed, "those that fail come first")
        self.assertIn(["**broken**", "`plain.pb.gz`", "max-peak", "48.0 MiB", "4.0 MiB",
                       "`/srv/demo/src/parse.cpp:4 parse::tokenize holds 40.0 MiB (83%)`"], rows)
        self.assertIn(["kept", "`plain.pb.gz`", "baseline-peak", "48.0 MiB", "48.0 MiB + 5%", ""],
                      rows)
        self.assertIn("\n- `sampled.pb.gz`: figures are estimates", text)
        block = re.search(r"^```sh\n(.*?)^```$", text, flags=re.M | re.S)[1].splitlines()
        self.assertEqual(len(set(block)), len(block))
        self.assertIn("memtrack report --by stack --sort peak plain.pb.gz", block)

    def test_hostile_names(self):
        path = shutil.copy(self.path("hostile.pb.gz"),
                           self.path("|a`b``c<script>\n| d |*e*_f_.pb.gz"))
        text = self.text("--max-peak", "1", "--scope", "|`x`|\n|:peak=1", "--format", "markdown",
                         path, status=1)
        rows = table(text)
        self.assertEqual([6, 6], [len(row) for row in rows], rows)
        code = re.compile(r"^```sh.*?^```$|(`+) .*? \1(?!`)", flags=re.M | re.S)
        self.assertIn("<script>", text)
        self.assertNotIn("<script>", code.sub("", text))
        self.assertNotIn("\x1b", text)


class JUnit(Case):
    def test_file_and_line(self):
        where = self.tree()
        self.call("--run", "--max-peak", "1K", "--max-live", "1G", "--wrapper", "get_block",
                  "--junit", "j.xml", "--", "./app", cwd=where, status=1)
        root = ElementTree.parse(self.path("tree", "build", "j.xml")).getroot()
        broken, kept, run = root.iter("testcase")
        self.assertEqual(("src/own_wrapper.c", "18"), (broken.get("file"), broken.get("line")))
        self.assertEqual((None, None), (kept.get("file"), run.get("file")))
        lines = broken.find("failure").text.splitlines()
        self.assertEqual(3, len(lines))
        self.assertTrue(lines[2].startswith("memtrack report "), lines)

    def test_a_tree_that_is_elsewhere(self):
        """Compiled in a container: the end of the path is found in the tree."""
        os.makedirs(self.path("src"))
        self.write("src/parse.cpp", "")
        text = self.text("--max-peak", "1K", "--format", "junit", "plain.pb.gz", status=1)
        self.assertIn(' file="src/parse.cpp" line="4"', text)
        os.unlink(self.path("src", "parse.cpp"))
        text = self.text("--max-peak", "1K", "--format", "junit", "plain.pb.gz", status=1)
        self.assertIn(' file="/srv/demo/src/parse.cpp" line="4"', text)


class Formats(Case):
    def test_format_is_the_option_of_that_name(self):
        arguments = ["--max-peak", "1K", "plain.pb.gz"]
        self.assertEqual(self.text("--json", *arguments, status=1),
                         self.text("--format", "json", *arguments, status=1))
        self.call("--junit", "j.xml", *arguments, status=1)
        self.assertEqual(self.read("j.xml").decode(),
                         self.text("--format", "junit", *arguments, status=1))
        self.assertEqual(self.text(*arguments, status=1),
                         self.text("--format", "text", *arguments, status=1))
        for format_name in ("json", "junit", "markdown", "github"):
            self.disk_is_full("--format", format_name, *arguments)

    def test_three_lines(self):
        text = self.text("--max-peak", "4M", "plain.pb.gz", status=1)
        self.assertEqual("broken  plain.pb.gz: peak 48.0 MiB, 44.0 MiB (11x) over the budget of "
                         "4.0 MiB\n"
                         "        /srv/demo/src/parse.cpp:4 parse::tokenize holds 40.0 MiB (83%)\n"
                         "  memtrack report --by stack --sort peak plain.pb.gz\n", text)

    def test_wrong_usage(self):
        for options in (["--format", "xml"], ["--format", "csv"], ["--format", ""],
                        ["--json", "--format", "text"], ["--json", "--format", "junit"],
                        ["--github", "--json"], ["--github", "--format", "markdown"]):
            with self.subTest(options):
                self.problem(*options, "--max-peak", "1K", "plain.pb.gz", status=2, contains="--")


if __name__ == "__main__":
    harness.main()
