# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack annotate`: what it prints of known profiles (golden/annotate-*.txt), that its figures
are those of a report by line, and which sources it finds, refuses and says to be younger."""
import os
import shutil

from support import compiler, golden, harness, live, profiles, terminal

MEMTRACK = harness.MEMTRACK
BEFORE = 1690000000  # the runs, which were in November 2023
COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks"]
PARSE = """\
#include <vector>

static void f()
\t    tokens.push_back(Token{begin, end, kind, line, column}); // grows by doubling
{
    parse(tokenize(text));   \n\
}
"""
NAMES = "/* 名前 */\nreturn strdup(name);\n" + "".join("// %d\n" % i for i in range(3, 20))
READER = "".join("\t\t/* line %d */\n" % i for i in range(1, 200))
SOURCES = {"src/parse.cpp": PARSE, "src/names.c": NAMES,
           "elsewhere/reader.c": READER, "elsewhere/core/image.cpp": READER}


class Case(profiles.Command):
    COMMAND = "annotate"
    KINDS = ("plain", "hostile", "sampled", "other", "change", "freed", "empty", "many", "deep",
             "scopes")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, text in SOURCES.items():
            os.makedirs(os.path.dirname(cls.path(name)), exist_ok=True)
            with open(cls.path(name), "w") as file:
                file.write(text)
            os.utime(cls.path(name), (BEFORE,) * 2)

    def report(self, *arguments):
        return harness.ask("report", *arguments, cwd=self.dir)


class Golden(Case):
    def test_listings(self):
        golden.check_files(self, "annotate", self.dir)


class Figures(Case):
    def lines(self, listing):
        return {(file["file"], line["line"]): line for file in listing["files"]
                for line in file["lines"]}

    def test_they_are_those_of_a_report(self):
        for kind in sorted({*self.KINDS} - {"change", "hostile"}):  # which have less than nothing
            for options in ([], ["--sort", "live"], ["--exclude", "src/file_1*"],
                            ["--keep-wrappers"], ["--cumulative"]):
                with self.subTest(kind, options=options):
                    self.check_figures(kind + ".pb.gz", options)

    def check_figures(self, profile, options):
        listing, report = self.valid(*options, profile), self.report(*options, profile)
        rows = {(row["file"], row["line"]): row for row in report["rows"]
                if row["file"] and row["line"]}
        lines = self.lines(listing)
        self.assertEqual(rows.keys(), lines.keys())
        for key, line in lines.items():
            self.assertEqual([rows[key][name] for name in COLUMNS], [line[name] for name in COLUMNS])
        if "--cumulative" in options:
            return
        for name in COLUMNS:
            self.assertEqual(sum(row[name] for row in report["rows"]),
                             sum(line[name] for line in lines.values())
                             + listing["elsewhere"][name])
            for file in listing["files"]:
                self.assertEqual(file[name], sum(line[name] for line in file["lines"]))

    def test_a_source_and_what_is_elsewhere(self):
        listing = self.valid("many.pb.gz", "file_1?.c")
        self.assertEqual({"src/file_1%d.c" % i for i in range(10)},
                         {file["file"] for file in listing["files"]})
        for name in COLUMNS:
            self.assertEqual(listing["totals"][name], listing["elsewhere"][name]
                             + sum(file[name] for file in listing["files"]))
        top = self.json("-n", "3", "many.pb.gz")
        self.assertEqual([row["key"] for row in self.report("-n", "3", "many.pb.gz")["rows"]],
                         ["%s:%d" % key for key in sorted(
                             self.lines(top), key=lambda key: -self.lines(top)[key]["peak_bytes"])])

    def test_moments(self):
        line = self.json("--at", "1s", "plain.pb.gz", "parse.cpp")["files"][0]["lines"][0]
        self.assertEqual((4, 2000), (line["line"], line["live_bytes"]))
        self.assertEqual(3000, self.json("plain.pb.gz@1s")["totals"]["live_bytes"])

    def test_scopes_of_lines(self):
        found = {scope for file in self.valid("scopes.pb.gz")["files"] for line in file["lines"]
                 for scope in line["scopes"]}
        rows = self.report("--by", "scope", "scopes.pb.gz")["rows"]
        self.assertEqual({row["key"] for row in rows} - {"[none]", ""}, found)

    def test_text(self):
        files = {file["file"]: file for file in self.valid("plain.pb.gz")["files"]}
        parse = files["/srv/demo/src/parse.cpp"]
        self.assertEqual(PARSE.split("\n")[3], parse["lines"][0]["text"])
        self.assertTrue(parse["is_found"] and not parse["is_newer"])


class Sources(Case):
    def test_places(self):
        missing = self.text("deep.pb.gz", "image.cpp")
        self.assertIn("image.cpp [not found]", missing)
        self.assertIn("--source-path", missing)
        self.assertIn("Image::reserve", missing)
        found = self.text("--source-path", "nowhere:elsewhere", "deep.pb.gz", "image.cpp")
        self.assertNotIn("not found", found)
        self.assertIn("/* line 19 */", found)
        root = self.path("root", "srv/demo/tree/imagetool-2.40/src/io")
        os.makedirs(root)
        shutil.copy(self.path("elsewhere", "reader.c"), root)
        self.assertIn("/* line 64 */", self.text("--sysroot", "root", "deep.pb.gz", "reader.c"))

    def test_a_source_alone_is_of_the_newest_profile(self):
        alone = self.path("alone")
        os.mkdir(alone)
        profiles.make("plain", alone, "memtrack.parser.1.pb.gz")
        for source in ("parse.cpp", "src/parse.cpp:4", "parse.cpp:parse::tokenize"):
            result = self.call(source, cwd=alone)
            self.assertIn(b"memtrack.parser.1.pb.gz", result.stderr)
            self.assertIn(b"parse.cpp", result.stdout)
            self.assertNotIn(b"names.c", result.stdout)

    def test_a_younger_source_is_said_to_be(self):
        path = self.path("src", "names.c")
        self.assertNotIn("changed since", self.text("plain.pb.gz", "names.c"))
        try:
            os.utime(path)
            text = self.text("plain.pb.gz", "names.c")
            self.assertRegex(text, r"names\.c \[changed since\]\n")
            self.assertIn("[changed since] the program was built", text)
            self.assertTrue(self.json("plain.pb.gz", "names.c")["files"][0]["is_newer"])
        finally:
            os.utime(path, (BEFORE,) * 2)

    def test_a_source_that_has_become_shorter(self):
        with open(self.path("short.cpp"), "w") as file:
            file.write("one\n")
        os.makedirs(self.path("short", "src"), exist_ok=True)
        os.replace(self.path("short.cpp"), self.path("short", "src", "parse.cpp"))
        text = self.text("--source-path", "short", "plain.pb.gz", "parse.cpp")
        self.assertRegex(text, r"40\.0 MiB .* 4 . +parse::tokenize\n")

    def test_functions_of_a_younger_source(self):
        lines = "--source-path", "elsewhere", "--lines", "read_line", "deep.pb.gz"
        path = self.path("elsewhere", "reader.c")
        self.assertNotIn("changed since", self.text(*lines))
        self.assertFalse(self.json(*lines)["functions"][0]["is_newer"])
        try:
            os.utime(path)
            text = self.text(*lines)
            self.assertRegex(text, r"read_line  \S+reader\.c:\d+ \[changed since\]\n")
            self.assertEqual(1, text.count("[changed since] the program was built"))
            self.assertTrue(self.json(*lines)["functions"][0]["is_newer"])
        finally:
            os.utime(path, (BEFORE,) * 2)

    def test_functions_line_by_line_exclude_what_they_do_not_heed(self):
        for words in (["parse.cpp"], ["-n", "3"], ["--sort", "live"], ["--context", "1"],
                      ["--cumulative"], ["--at", "peak"], ["--include", "*"], ["--exclude", "x"],
                      ["--include", "*", "--all-frames"], ["--wrapper", "x"], ["--keep-std"],
                      ["--keep-wrappers"]):
            name = "SOURCE" if words == ["parse.cpp"] else words[0]
            refused = self.call("plain.pb.gz", *words, "--lines", "*", status=2).stderr.decode()
            self.assertIn("--lines excludes %s\n" % name, refused)
        self.call("--lines", "*", "plain.pb.gz", MEMTRACK_WRAPPERS="x")

    def test_a_line_beyond_the_end(self):
        refused = self.call("plain.pb.gz", "names.c:20", status=2)
        self.assertIn(b"names.c has 19 lines\n", refused.stderr)
        self.assertEqual(b"", refused.stdout)
        self.call("--json", "plain.pb.gz", "names.c:20", status=2)
        self.assertIn("// 19", self.text("plain.pb.gz", "names.c:19"))
        self.call("deep.pb.gz", "reader.c:999")  # which is not here

    def test_widths(self):
        for kind in ("plain", "hostile", "deep", "many", "change", "sampled", "scopes"):
            for options in ([], ["--cumulative"], ["--bytes", "--context", "all"]):
                for columns in (46, 60, 79, 110, 250):
                    text = terminal.plain(terminal.output_of(
                        [MEMTRACK, "annotate", "--no-pager", "--source-path", "elsewhere", *options,
                         kind + ".pb.gz"], columns, self.dir))
                    wide = [line for line in text.split("\n") if terminal.width(line) > columns]
                    self.assertEqual([], wide, (kind, options, columns))


class Programs(Case):
    """Real ones: the figures are those of their sources."""

    def test_inlined_functions_count_where_their_source_is(self):
        source = self.write("inlined.c", """\
#include <stdlib.h>
static inline __attribute__((always_inline)) void *get(size_t n) {
    return malloc(n);
}
static void *kept[30];
int main(void) {
    for (int i = 0; i < 10; i++)
        kept[i] = get(1000);
    for (int i = 10; i < 30; i++)
        kept[i] = get(2000);
    return 0;
}
""")
        compiler.build(self.path("inlined"), source, "-g", "-O2", "-fno-builtin")
        harness.memtrack("run", "-q", "-o", "inlined.pb.gz", "--", self.path("inlined"),
                         cwd=self.dir)
        listing = self.valid("--keep-wrappers", "inlined.pb.gz", "inlined.c:get")
        own = [(line["line"], line["total_bytes"], line["total_blocks"])
               for file in listing["files"] for line in file["lines"]]
        self.assertEqual([(3, 50000, 30)], own)
        listing = self.valid("--cumulative", "inlined.pb.gz", "inlined.c:main")
        lines = {line["line"]: line["total_bytes"] for line in listing["files"][0]["lines"]}
        self.assertEqual((10000, 40000), (lines[8], lines[10]))
        text = self.text("inlined.pb.gz", "inlined.c:main")
        self.assertIn("int main(void) {", text)
        self.assertNotIn("static void *kept", text)
        self.assertIn("for (int i = 0; i < 10; i++)", text)

    def test_recursion_is_counted_once(self):
        source = self.write("recursive.c", """\
#include <stdlib.h>
static void *kept[16];
static int down(int n) {
    kept[n] = malloc(100);
    return n ? down(n - 1) + 1 : 0;
}
int main(int argc, char **argv) {
    (void)argv;
    return down(15) == argc;
}
""")
        compiler.build(self.path("recursive"), source, "-g", "-O0", "-fno-builtin")
        harness.memtrack("run", "-q", "-o", "recursive.pb.gz", "--", self.path("recursive"),
                         cwd=self.dir)
        listing = self.valid("--cumulative", "recursive.pb.gz", "recursive.c")
        lines = {line["line"]: line["total_blocks"] for line in listing["files"][0]["lines"]}
        self.assertEqual({4: 16, 5: 15, 9: 16}, lines)

    def test_a_running_process_and_a_run(self):
        with live.process([harness.program("known_blocks")]) as process:
            while process.child.stdout.readline().strip() != b"ready":
                pass
            listing = process.ask("annotate", process.pid)
            report = process.report("--by", "line")
            self.assertEqual({(row["file"], row["line"], row["live_bytes"])
                              for row in report["rows"] if row["line"]},
                             {(file["file"], line["line"], line["live_bytes"])
                              for file in listing["files"] for line in file["lines"]})
        harness.memtrack("run", "-q", "-o", "run/", "--", "sh", "-c",
                         '"$0"; "$0"; true', harness.program("leaks"), cwd=self.dir)
        self.assertIn("leaks.c", self.text("run"))

    def test_without_debug_information(self):
        source = self.write("bare.c", "#include <stdlib.h>\nint main(void) {\n"
                            "    return malloc(1000) == NULL;\n}\n")
        compiler.build(self.path("bare"), source, "-O0", "-g0", "-fno-builtin")
        harness.memtrack("run", "-q", "-o", "bare.pb.gz", "--", self.path("bare"), cwd=self.dir)
        self.problem("bare.pb.gz", status=3, contains="bare.pb.gz: no line of source is known of "
                     "what was allocated")
        listing = self.valid("bare.pb.gz")
        self.assertEqual([], listing["files"])
        self.assertEqual(listing["totals"]["total_bytes"], listing["elsewhere"]["total_bytes"])


class Mistakes(Case):
    def test_messages(self):
        self.problem("many.pb.gz", "nothing.c", status=2,
                     contains="no source of this profile is called nothing.c\n  Those that hold most")
        self.problem("plain.pb.gz", "names.c:walk", status=2,
                     contains="names.c has no function called walk")
        self.problem("--sort", "nothing", "plain.pb.gz", status=2, contains="--sort nothing")
        self.problem("plain.pb.gz", "", status=2, contains="the name of the source is empty")
        self.assertIn("None of these lines", self.text("plain.pb.gz", "names.c:19"))
        self.assertIn("strdup(name)", self.text("plain.pb.gz", "names.c:0"))
        self.problem("--context", "x", "plain.pb.gz", status=2, contains="--context x")
        self.problem("plain.pb.gz", "names.c", "more", status=2, contains="more")
        self.problem("nothing.pb.gz", status=3, contains="nothing.pb.gz")
        self.disk_is_full("--json", "plain.pb.gz")


if __name__ == "__main__":
    harness.main()
