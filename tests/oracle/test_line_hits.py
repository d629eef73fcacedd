# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 8
"""HITS of every line are what the compiler's own counters say: those of gcov for gcc, and of llvm-cov
for clang, of the same source at -O0. What differs is named, line by line, and why."""
import json
import os
import re

from support import case, compiler, harness, output

HOOKS = {"gcc": ["-fsanitize-coverage=trace-pc"],
         "clang": ["-fsanitize-coverage=trace-pc-guard,no-prune"]}
COMPILERS = {("gcc", ".c"): "gcc", ("gcc", ".cpp"): "g++",
             ("clang", ".c"): "clang-14", ("clang", ".cpp"): "clang++-14"}
# Lines that have no code of their own: gcov counts what stands behind them.
LABEL = re.compile(r"^\s*(case .*|default|\w+):$")
# The brace that ends a function returns from it; counters have it, or the line before.
BRACE = re.compile(r"^\s*}(\);)?$")
# A class whose constructor or destructor the compiler makes.
CLASS = re.compile(r"^(class|static std::vector)")
# Code that clang's counters do not know: an endless loop's jump back, and labels.
JUMP = re.compile(r"^\s*(do {|for \(;;\) {|} else {|g\);)$")
# {(compiler, text): why}
DIFFERENCES = {
    ("clang", "sum += a * b;"): "the inner loop ends here, and then the outer one jumps on",
    ("clang", "return r ? r"): "control comes back to the first line behind the second one",
    ("clang", "} catch (const std::runtime_error &e) {"): "begun by three exceptions, asked of twice",
    ("clang", "} catch (int value) {"): "asked of an exception that is another one's",
    ("clang", "total += value + (int)key.size();"): "one for each element; counters count a call more",
    ("gcc", "if (x > 2)"): "a function in three others: counters leave out what main has of it",
    ("gcc", "std::sort(list.begin(), list.end(), [](int a, int b) {"): "and the function in it",
    ("gcc", "static inline __attribute__((always_inline)) int twice(int x) {"): "likewise",
    ("clang", "static inline __attribute__((always_inline)) int twice(int x) {"): "likewise",
}


class Hits(case.Case):
    def compile(self, tool, source, *flags):
        """The program that counts by itself, and that which tells of its blocks."""
        driver = COMPILERS[tool, os.path.splitext(source)[1]]
        for name, own in (("counted", ["--coverage"]),
                          ("told", [compiler.INCLUDE, "-include", "memtrack/lines.h", *HOOKS[tool]])):
            compiler.build(self.path(name + ".o"), source, "-g", "-O0", "-w", "-c", *own, *flags,
                           compiler=driver, cwd=self.path(""))
            link = ["--coverage"] if name == "counted" else []
            compiler.build(self.path(name), self.path(name + ".o"), *link, compiler=driver,
                           required=False, cwd=self.path(""))

    def counted(self, tool, source):
        """{line: count} of the compiler's counters."""
        for name in os.listdir(self.path("")):
            if name.endswith(".gcda"):
                os.remove(self.path(name))  # another compiler's
        self.assertEqual(0, harness.run([self.path("counted")], cwd=self.path("")).code)
        if tool == "clang":
            return self.counted_by_clang(source)
        said = harness.run([harness.tool("gcov"), "-j", "-t", "-o", "counted.o", source],
                           cwd=self.path(""))
        counts = {}
        for file in json.loads(said.stdout)["files"]:
            for line in file["lines"] if os.path.basename(file["file"]) == os.path.basename(source) else ():
                number = line["line_number"]
                counts[number] = counts.get(number, 0) + line["count"]
        return counts

    def counted_by_clang(self, source):
        said = harness.run([harness.tool("llvm-cov-14"), "gcov", "-t", "counted.gcda"],
                           cwd=self.path(""))
        counts, is_source = {}, False
        for line in said.stdout.decode().splitlines():
            match = re.match(r"\s*([0-9#=-]+)\*?:\s*(\d+):(.*)", line)
            if match and match.group(2) == "0":
                if match.group(3).startswith("Source:"):
                    is_source = match.group(3).endswith("/" + os.path.basename(source))
            elif match and is_source and match.group(1) != "-":
                counts[int(match.group(2))] = int(match.group(1)) if match.group(1).isdigit() else 0
        return counts

    def told(self, source):
        """{line: hits} of all functions."""
        pattern = os.path.basename(source)
        harness.memtrack("run", "-q", "--force", "--lines", pattern, "-o", self.path("p.pb.gz"), "--",
                         self.path("told"))
        said = output.validate(harness.ask("annotate", self.path("p.pb.gz"), "--json"),
                               "memtrack-lines-1")
        hits = {}
        for function in said["functions"]:
            for line in function["lines"]:
                if line["hits"] is not None:
                    hits[line["line"]] = hits.get(line["line"], 0) + line["hits"]
        return hits

    def compare(self, tool, source):
        with open(source) as file:
            text = [""] + file.read().splitlines()
        counted, told = self.counted(tool, source), self.told(source)
        wrong, equal = [], 0
        for line in sorted(set(counted) | set(told)):
            a, b = counted.get(line), told.get(line)
            equal += a == b
            known = BRACE.match(text[line]) or (tool, text[line].strip()) in DIFFERENCES
            if a is None or b is None:
                known = known or LABEL.match(text[line]) or CLASS.match(text[line]) or (
                    JUMP.match(text[line]) or text[line].strip() == "(void)argv;")
            if a != b and not known:
                wrong.append("%d: counted %s, told %s: %s" % (line, a, b, text[line]))
        self.assertEqual([], wrong, tool)
        self.assertGreater(equal, 60)

    def test_c(self):
        for tool in ("gcc", "clang"):
            with self.subTest(tool=tool):
                source = os.path.join(harness.SOURCE, "tests", "oracle", "hits.c")
                self.compile(tool, source)
                self.compare(tool, source)

    def test_cxx(self):
        for tool in ("gcc", "clang"):
            with self.subTest(tool=tool):
                source = os.path.join(harness.SOURCE, "tests", "oracle", "hits.cpp")
                self.compile(tool, source)
                self.compare(tool, source)


if __name__ == "__main__":
    harness.main()
