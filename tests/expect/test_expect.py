# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 21
"""MEMTRACK_EXPECT_...: in each framework exactly the lines fail that are marked "breaks: MESSAGE"
in the sources here, and nothing does where nothing is recorded."""
import os
import re
import shutil

from support import case, compiler, harness

HERE = os.path.join(harness.SOURCE, "tests", "expect")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Wformat=2",
            "-Werror"]
MARK = re.compile(r"^ *(?:/\* breaks: (?P<block>(?s:.*?)) \*/|// breaks: (?P<line>.*))$", re.M)
SAID = r"(MEMTRACK_EXPECT_\w+(?:\(.*?\))?: .*)"
PLACE = r"([\w.]+):(\d+)"
PATIENCE = 400  # seconds; some of these headers take a compiler half a minute
NOTE = b"nothing is recorded here"
TINY = ("#include <memtrack/expect.h>\nint main(void) {\n  for (int i = 0; i < 3; i++)\n"
        "    MEMTRACK_EXPECT_MAX(1) { void *volatile p = malloc(10); free(p); }\n  return 0;\n}\n")


TIMES = """#define MEMTRACK_EXPECT_FAIL(file, line, message) \\
    fprintf(stderr, "%s:%d: %s\\n", file, line, message)
#include <memtrack/expect.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
static void wait_for(long us) { struct timeval t = {0, us}; select(0, NULL, NULL, NULL, &t); }
static int leaves(void) {
    MEMTRACK_EXPECT_MAX_NS(1) { wait_for(10); return 1; }
    return 0;
}
int main(void) { int budget = 10;
    MEMTRACK_EXPECT_MAX_NS(budget) wait_for(2000);
    MEMTRACK_EXPECT_MAX_NS(-1) budget++;
    MEMTRACK_EXPECT_MAX_NS(1e18) if (fork() == 0) _exit(0);
    wait(NULL);
    return !leaves() || budget != 11;
}
"""


def marked(*files):
    """{(file, line): message} of the expectations that are broken when recorded."""
    found = {}
    for name in files:
        with open(os.path.join(HERE, name)) as file:
            text = file.read()
        for match in MARK.finditer(text):
            line = text.count("\n", 0, match.end()) + 2
            found[name, line] = re.sub(r"\n +\* ", " ", match["block"] or match["line"])
    return found


class Case(case.Case):
    def build(self, sources, which="gcc", flags=(), libs=()):
        paths = [os.path.join(HERE, source) for source in sources]
        return compiler.build(self.path("tests"), paths, *flags, "-g", compiler.INCLUDE,
                              compiler=which, libs=[*libs, "-lpthread"], timeout=PATIENCE)

    def recorded(self, *command, **env):
        result = harness.record(self.path("%p.pb.gz"), command, cwd=self.dir,
                                env=harness.plain_environment(**env))
        result.text = (result.stdout + result.stderr).decode()
        return result

    def unrecorded(self, *command, **env):
        return harness.run(command, cwd=self.dir, env=harness.plain_environment(**env))

    def same(self, expected, pattern, text, place_first=True):
        """The text says what is expected at the places where it is, and nothing else."""
        said = {}
        for groups in re.findall(pattern, text):
            place, message = (groups[:2], groups[2]) if place_first else (groups[1:], groups[0])
            self.assertNotIn((place[0], int(place[1])), said, "said once")
            said[place[0], int(place[1])] = re.sub(r"^MEMTRACK_EXPECT_\w+(\(.*?\))?: ", "", message)
        self.assertEqual(set(expected), set(said), text)
        for place, message in expected.items():
            self.assertTrue(said[place].startswith(message), (place, message, said[place]))
        self.assertEqual(len(expected), len(re.findall(SAID, text)), text)


class Plain(Case):
    """No framework: abort. Warnings are errors here."""

    def run_plain(self, which, *flags):
        program = self.build(["plain.c", "elsewhere.c"], which, [*flags, *WARNINGS])
        expected = marked("cases.h", "plain.c", "elsewhere.c",
                          *(["cases.hpp"] if "++" in which else []))
        result = self.recorded(program)
        text = re.sub(".*note: .*\n", "", result.text)
        self.same(expected, PLACE + ": " + SAID, text)
        self.assertEqual(1, result.text.count("note: "),
                         "that of the case that switches recording off")
        statuses = re.findall(r"^(\w+) (\d+)$", result.stdout.decode(), flags=re.M)
        n_own = sum(name == "elsewhere.c" for name, _ in expected)
        self.assertEqual(len(expected) - n_own, [status for _, status in statuses].count("134"))
        self.assertEqual({"0", "134"}, {status for _, status in statuses})
        self.assertEqual((n_own, 0), (text.count("own: "), result.code))

        result = self.unrecorded(program)
        self.assertEqual({"0"}, set(re.findall(r"^\w+ (\d+)$", result.stdout.decode(), flags=re.M)))
        self.assertEqual(1, result.stderr.count(NOTE), result)
        self.assertEqual(1, len(result.stderr.splitlines()), result)

    def test_gcc(self):
        self.run_plain("gcc", "-std=c11", "-O2")

    def test_clang(self):
        self.run_plain("clang", "-std=c11", "-O0")

    def test_gxx(self):
        self.run_plain("g++", "-x", "c++", "-std=c++11", "-O2")

    def test_clangxx(self):
        self.run_plain("clang++", "-x", "c++", "-std=c++11", "-O0")

    def test_other_standards(self):
        for which, standard in (("gcc", "gnu17"), ("clang", "c17"), ("g++", "c++20"),
                                ("clang++", "gnu++17")):
            if shutil.which(which):
                language = ["-x", "c++"] if "++" in which else []
                compiler.build("/dev/null", os.path.join(HERE, "plain.c"), "-std=" + standard,
                               *language, *WARNINGS, "-fsyntax-only", compiler.INCLUDE,
                               compiler=which)

    def test_linked_to_the_recorder(self):
        source = self.write("linked.c", "#define MEMTRACK_REQUIRED\n" + TINY)
        program = self.build([source], flags=WARNINGS, libs=compiler.LINK)
        result = self.unrecorded(program, MEMTRACK_DIR=self.dir)
        self.assertEqual(-6, result.code, result)
        self.assertIn(b"the peak is 10 bytes, 9 bytes above the budget of 1 byte", result.stderr)

    def test_without_exceptions(self):
        source = self.write("none.cpp", "#include <memtrack/expect.h>\n"
                            "int main() { MEMTRACK_EXPECT_MAX(1) delete[] new char[2]; }\n")
        program = self.build([source], "g++", ["-fno-exceptions", "-fno-rtti", *WARNINGS])
        self.assertEqual(134, self.recorded(program).code)


class Unrecorded(Case):
    def program(self, *flags):
        return self.build([self.write("tiny.c", TINY)], flags=flags)

    def outcome(self, program, **env):
        result = self.unrecorded(program, **env)
        return result.code, result.stderr.count(NOTE)

    def test_environment(self):
        program = self.program()
        self.assertEqual((0, 1), self.outcome(program))
        self.assertEqual((0, 1), self.outcome(program, MEMTRACK_EXPECT_QUIET="0"))
        self.assertEqual((0, 1), self.outcome(program, MEMTRACK_EXPECT_REQUIRE=""))
        self.assertEqual((0, 0), self.outcome(program, MEMTRACK_EXPECT_QUIET="1"))
        self.assertEqual((-6, 1), self.outcome(program, MEMTRACK_EXPECT_REQUIRE="1"))
        self.assertEqual((-6, 1), self.outcome(program, MEMTRACK_EXPECT_REQUIRE="1",
                                               MEMTRACK_EXPECT_QUIET="1"))

    def test_macros(self):
        quiet = self.program("-DMEMTRACK_EXPECT_QUIET")
        self.assertEqual((0, 0), self.outcome(quiet))
        self.assertEqual((0, 1), self.outcome(quiet, MEMTRACK_EXPECT_QUIET="0"))
        required = self.program("-DMEMTRACK_EXPECT_REQUIRE")
        self.assertEqual((-6, 1), self.outcome(required))
        self.assertEqual((0, 1), self.outcome(required, MEMTRACK_EXPECT_REQUIRE="0"))
        self.assertIn("the peak is 10 bytes", self.recorded(required).text)


class Times(Case):
    """A budget of time is kept or broken whether the process is recorded or not."""

    def test_times(self):
        source = self.write("times.c", TIMES)
        for which, flags in (("gcc", ["-std=c11"]), ("clang++", ["-x", "c++", "-std=c++11"])):
            program = self.build([source], which, [*flags, *WARNINGS])
            for run in (self.unrecorded, self.recorded):
                with self.subTest(which, recorded=run is self.recorded):
                    result = run(program)
                    self.assertEqual(0, result.code, result)
                    said = [line for line in result.stderr.decode().splitlines() if "NS(" in line]
                    self.assertEqual(3, len(said), said)
                    took = re.fullmatch(r".*times.c:13: MEMTRACK_EXPECT_MAX_NS\(budget\): it took "
                                        r"([\d,]+) ns, ([\d,]+) ns above the budget of 10 ns",
                                        said[0])
                    took, above = (int(part.replace(",", "")) for part in took.groups())
                    self.assertEqual((True, 10), (took >= 2000000, took - above))
                    self.assertIn("the budget is not a number from 0 on", said[1])
                    self.assertIn("times.c:9: MEMTRACK_EXPECT_MAX_NS(1)", said[2])


class Frameworks(Case):
    def run_cmocka(self, which, *flags, files=("cases.h",)):
        program = self.build(["cmocka.c"], which, [*flags, *WARNINGS], ["-lcmocka"])
        expected = marked(*files)
        result = self.recorded(program)
        self.same(expected, SAID + r"\n# .*?" + PLACE + ": error", result.text, place_first=False)
        failed = re.findall(r"^not ok \d+ - (\w+)", result.text, flags=re.M)
        self.assertEqual((len(expected) + 1, "fails_inside"), (len(failed), failed[0]))
        self.assertEqual(len(failed), result.code)
        result = self.unrecorded(program)
        self.assertEqual((1, 1), (result.code, result.stderr.count(NOTE)),
                         "the one that fails by itself")

    def test_cmocka(self):
        self.run_cmocka("gcc", "-std=c11")

    def test_cmocka_in_cplusplus(self):
        for which in ("g++", "clang++"):
            with self.subTest(which):
                self.run_cmocka(which, "-x", "c++", "-std=c++11", files=("cases.h", "cases.hpp"))

    def test_cmocka_reports_in_junit(self):
        program = self.build(["cmocka.c"], libs=["-lcmocka"])
        result = self.recorded(program, CMOCKA_MESSAGE_OUTPUT="xml")
        self.assertEqual(len(marked("cases.h")) + 1, len(re.findall("<failure>", result.text)),
                         result)
        self.assertRegex(result.text,
                         r"<failure><!\[CDATA\[MEMTRACK_EXPECT_MAX\(999\): the peak is 1,000 bytes")

    def check_library(self, name):
        if not os.path.exists(os.path.join("/usr/include", name)):
            self.skipTest("%s is not installed" % name)

    def test_googletest(self):
        self.check_library("gtest/gtest.h")
        program = self.build(["gtest.cpp"], "g++", ["-std=c++11"], ["-lgtest_main", "-lgtest"])
        expected = marked("cases.h", "cases.hpp", "gtest.cpp")
        report = os.path.join(self.dir, "report.xml")
        result = self.recorded(program, "--gtest_output=xml:" + report)
        self.same(expected, PLACE + r": Failure\nFailed\n" + SAID, result.text)
        self.assertIn("%d FAILED TESTS" % len(expected), result.text)
        self.assertEqual(1, result.code)
        with open(report) as file:
            self.assertIn('name="went_on"', file.read())

        # Told to throw, it throws: out of the test, but not while another exception is on its way.
        for name in ("left_by_return", "above_while_unwinding", "thrown_above"):
            result = self.recorded(program, "--gtest_throw_on_failure", "--gtest_filter=Cases." +
                                   name)
            self.assertNotEqual(0, result.code)
            self.assertIn("the peak is", result.text)
            self.assertEqual(name == "left_by_return", result.code != 1, result.text)
        result = self.unrecorded(program)
        self.assertEqual(1, result.stderr.count(NOTE))
        self.assertIn(b"1 FAILED TEST\n", result.stdout, "the one that fails by itself")

    def test_criterion(self):
        self.check_library("criterion/criterion.h")
        program = self.build(["criterion.c"], flags=["-std=gnu11"], libs=["-lcriterion"])
        expected = marked("cases.h", "criterion.c")
        result = self.recorded(program)
        self.same(expected, PLACE + r": Assertion Failed\n.*\n\[----\] +" + SAID, result.text)
        self.assertIn("Failing: %d " % len(expected), result.text)
        self.assertIn("went on", result.text)
        self.assertEqual(1, result.code)
        self.assertEqual(0, self.unrecorded(program).code)

    def test_check(self):
        self.check_library("check.h")
        libs = harness.check(["pkg-config", "--libs", "check"]).stdout.decode().split()
        program = self.build(["check.c"], flags=["-std=gnu11"], libs=libs)
        expected = marked("cases.h")
        for fork in ("yes", "no"):
            with self.subTest(fork=fork):
                result = self.recorded(program, CK_FORK=fork)
                self.same(expected, PLACE + r":F:\w+:\w+:\d+: " + SAID, result.text)
                self.assertIn("Failures: %d, Errors: 0" % len(expected), result.text)
                self.assertEqual(1, result.code)
                self.assertEqual(0, self.unrecorded(program, CK_FORK=fork).code)

    def catch2_main(self):
        """Its half a megabyte of source, once per build tree."""
        return compiler.once("catch2-main.o", "/usr/include/catch2/catch.hpp", "-std=c++11",
                             "-DCATCH_CONFIG_MAIN", "-x", "c++", "-c", compiler="g++",
                             timeout=PATIENCE)

    def test_catch2(self):
        self.check_library("catch2/catch.hpp")
        program = self.build(["catch2.cpp"], "g++", ["-std=c++11"], [self.catch2_main()])
        expected = marked("cases.h", "cases.hpp", "catch2.cpp")
        result = self.recorded(program, "-r", "compact")
        text = result.text.replace("failed: explicitly with 1 message: '", "")
        self.same(expected, PLACE + ": " + SAID, text)
        self.assertIn("Failed %d test cases" % len(expected), result.text)
        self.assertEqual(1, result.text.count("went on"))
        self.assertEqual(len(expected), result.code)
        result = self.recorded(program, "--abort", "-r", "compact", "left_by_return,thrown_above")
        self.assertIn("Failed 1 test case", result.text)
        self.assertEqual(0, self.unrecorded(program).code)


if __name__ == "__main__":
    harness.main()
