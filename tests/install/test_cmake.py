# SPDX-License-Identifier: MIT
# timeout: 500
# cost: 11
"""A project of somebody else finds an installed memtrack with CMake and gets tests that know
budgets: each outcome is told by ctest as it happened."""
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])

PROGRAM = """
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *get_block(const char *size) {
    return malloc(strtoul(size, NULL, 10));
}
int main(int argc, char **argv) {
    if (argc < 3)
        return 7;
    char *block = get_block(argv[1]);
    strcpy(block, argv[2]);
    puts(block);
    if (strcmp(argv[2], "keep it") != 0)
        free(block);
    return 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(example C)
enable_testing()
find_package(memtrack 0.1 REQUIRED)
add_executable(app app.c)
target_link_libraries(app PRIVATE memtrack::headers)
memtrack_add_test(NAME kept COMMAND app 1000 "a word" MAX_PEAK 64K MAX_LIVE 8K MAX_TOTAL 64K MAX_TOTAL_BLOCKS 10
                  NO_LEAKS STRICT JUNIT reports)
memtrack_add_test(NAME broken COMMAND app 1000000 "a word" MAX_PEAK 64K JUNIT reports)
memtrack_add_test(NAME leaks COMMAND app 1000 "keep it" NO_LEAKS)
memtrack_add_test(NAME wrapped COMMAND app 1000 "keep it" NO_LEAKS WRAPPERS nothing "get_*k")
memtrack_add_test(NAME ignored COMMAND app 1000 "keep it" NO_LEAKS IGNORE "ma?n" "*other*")
memtrack_add_test(NAME nothing COMMAND app 1000 "keep it" MAX_LIVE 0)
memtrack_add_test(NAME fails COMMAND app MAX_PEAK 64K)
memtrack_add_test(NAME path COMMAND $<TARGET_FILE:app> 1000 $<TARGET_FILE_NAME:app> MAX_PEAK 64K
                  PROFILES "a folder" WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
memtrack_add_test(NAME "another name" COMMAND app 1000 "x;y" MAX_PEAK 64K)
if(BASELINE)
  memtrack_add_test(NAME same COMMAND app 1000 "a word" BASELINE ${BASELINE} TOLERANCE 0)
  memtrack_add_test(NAME grown COMMAND app 3000 "a word" BASELINE ${BASELINE} TOLERANCE 10)
endif()
"""
# Notes its words, so that they can be compared with those of add_test; then allocates, or ends as
# the test wants it.
NOTING_PROGRAM = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    FILE *out = fopen(argv[1], "w");
    for (int i = 3; i < argc; i++)
        fwrite(argv[i], 1, strlen(argv[i]) + 1, out);
    fclose(out);
    if (strcmp(argv[2], "hang") == 0)
        pause();
    if (strcmp(argv[2], "die") == 0)
        raise(SIGKILL);
    void *volatile block = malloc(strtoul(argv[2], NULL, 10));
    free(block);
    return 0;
}
"""
WORDS = [b"x;y", b"", b"[a", b"b]", b"c\\", b"]]", b"a]=", b"]==]", b"new\nline", b"\nfirst",
         b"$HOME `id`", b"'\"", b"${HOME}", b"@HOME@", b"--max-peak=1", b"--", b"$<1:gen;ex>",
         b"latin\xe9\xff", b"\xc3\xbc", b"#no comment", b"TRUE", b"0"]
NAMES = [b"a/b", b"a_b", b"a.b", b"a b", b"new\nline", b"it's \"quoted\"", b"\xc3\xbc",
         b"latin\xe9", b"../../up", b"x;y", b"0", b"bell\x07", b"$(id)", b"long" * 60]
BIG = b"a.b"  # the one that breaks its budget
DISCOVERED = """
#include <gtest/gtest.h>
#include <memtrack/expect.h>
static void use(size_t bytes) {
    volatile char *block = new char[bytes];
    block[0] = 1;
    delete[] block;
}
TEST(Parser, fine) { MEMTRACK_EXPECT_MAX(1000) use(1000); }
TEST(Parser, expects) { MEMTRACK_EXPECT_MAX(1000) use(1001); }
TEST(Parser, big) { use(100 << 20); }
"""
DISCOVERING_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(example CXX C)
enable_testing()
find_package(memtrack 0.1 REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)
add_executable(tests tests.cpp)
target_link_libraries(tests PRIVATE memtrack::headers GTest::gtest_main)
set_target_properties(tests PROPERTIES
                      CROSSCOMPILING_EMULATOR "${MEMTRACK_EXECUTABLE};check;--run;--max-peak;64M;--")
gtest_discover_tests(tests PROPERTIES ENVIRONMENT MEMTRACK_EXPECT_REQUIRE=1)
"""


def quoted(text):
    return b"[====[\n" + text + b"]====]"


PASSES = {"kept", "ignored", "path", "another name"}
FAILS = {"broken", "leaks", "wrapped", "nothing", "fails"}


class Project(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.prefix, self.tree = self.folder / "a prefix", self.folder / "build"
        # A test that CTest kills leaves its ledgers, and one that fails its profiles: here.
        temporary = self.folder / "temporary"
        temporary.mkdir()
        self.environment = dict(os.environ, LC_ALL="C", TMPDIR=str(temporary),
                                XDG_RUNTIME_DIR=str(temporary))
        self.run_tool("cmake", "--install", BUILD, "--prefix", self.prefix)
        (self.folder / "app.c").write_text(PROGRAM)
        (self.folder / "CMakeLists.txt").write_text(PROJECT)

    def run_tool(self, *command, check=True):
        result = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True,
                                text=True, errors="replace")
        if check:
            self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result

    def configure(self, *options, check=True):
        return self.run_tool("cmake", "-S", self.folder, "-B", self.tree,
                             f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug",
                             *options, check=check)

    def outcomes(self, *options):
        """Names of the tests that passed, and the outputs of those that failed."""
        self.run_tool("ctest", "--test-dir", self.tree, "--output-junit", self.folder / "ctest.xml",
                      *options, check=False)
        passed, failed = set(), {}
        for case in ElementTree.parse(self.folder / "ctest.xml").getroot().iter("testcase"):
            if case.get("status") == "run":
                passed.add(case.get("name"))
            else:
                failed[case.get("name")] = case.findtext("system-out")
        return passed, failed

    def test_budgets(self):
        self.configure()
        self.run_tool("cmake", "--build", self.tree)
        passed, failed = self.outcomes()
        self.assertEqual((PASSES, FAILS), (passed, set(failed)), failed)
        self.assertIn("over the budget of 64.0 KiB", failed["broken"])
        self.assertIn("app.c:7 get_block holds", failed["broken"])
        self.assertIn("1 block (1000 B) was never freed", failed["leaks"])
        self.assertIn("app.c:7 get_block holds", failed["leaks"])
        self.assertIn("app.c:12 main holds", failed["wrapped"])
        self.assertNotIn("broken ", failed["fails"])
        self.assertTrue((self.tree / "a folder/app.pb.gz").is_file())
        self.check_junit()
        self.check_baseline()

    def check_junit(self):
        for name, n_failures in (("kept", 0), ("broken", 1)):
            suite = ElementTree.parse(self.tree / "reports" / (name +
                                                               ".xml")).getroot().find("testsuite")
            self.assertEqual(n_failures, len(suite.findall("testcase/failure")), name)
        command = suite.find("testcase/failure").text.splitlines()[-1]
        shown = self.run_tool("sh", "-c", f"PATH='{self.prefix}/bin':$PATH; {command}").stdout
        self.assertIn("app.c:7", shown)

    def check_baseline(self):
        self.configure(f"-DBASELINE={self.tree}/memtrack-profiles/kept/app.pb.gz")
        passed, failed = self.outcomes("-R", "same|grown")
        self.assertEqual(({"same"}, {"grown"}), (passed, set(failed)))
        self.assertIn("over the baseline", failed["grown"])

    def write_project(self, lines):
        (self.folder / "app.c").write_text(NOTING_PROGRAM)
        head = PROJECT[:PROJECT.index("memtrack_add_test")].encode()
        (self.folder / "CMakeLists.txt").write_bytes(head + b"\n".join(lines) + b"\n")
        self.configure()
        self.run_tool("cmake", "--build", self.tree)

    def failed(self, *options):
        """Names of the tests that failed, as ctest notes them; its XML cannot hold all of them."""
        note = self.tree / "Testing/Temporary/LastTestsFailed.log"
        note.unlink(missing_ok=True)
        self.run_tool("ctest", "--test-dir", self.tree, *options, check=False)
        return {line.split(b":", 1)[1]
                for line in note.read_bytes().splitlines()} if note.exists() else set()

    def test_any_text_arrives(self):
        words = b" ".join(map(quoted, WORDS))
        self.write_project([b"memtrack_add_test(MAX_PEAK 64K NAME ours COMMAND app ours.out 10 " +
                            words + b" NO_LEAKS)",
                            b"add_test(NAME plain COMMAND app plain.out 10 " + words + b")"])
        self.assertEqual(set(), self.failed())
        plain = (self.tree / "plain.out").read_bytes()
        self.assertEqual(plain, (self.tree / "ours.out").read_bytes())
        self.assertEqual(len(WORDS), plain.count(b"\0"))

    def test_any_name_has_results_of_its_own(self):
        self.write_project([
            b"memtrack_add_test(NAME %s COMMAND app out%d %d MAX_PEAK 64K JUNIT reports)" %
            (quoted(name), i, 100000 if name == BIG else 100) for i, name in enumerate(NAMES)])
        self.assertEqual({BIG}, self.failed("-j2"))
        reports = [ElementTree.parse(path).getroot() for path in (self.tree / "reports").iterdir()]
        self.assertEqual(len(NAMES), len(reports))
        self.assertEqual(1, sum(int(root.get("failures")) for root in reports))
        kept = list((self.tree / "memtrack-profiles").glob("*/app.pb.gz"))
        self.assertEqual(len(NAMES), len(kept))
        for name in ("a_b", "a.b", "long" * 60):
            self.assertEqual(len(name) < 200, (self.tree / f"reports/{name}.xml").is_file(), name)

    def test_endings(self):
        self.write_project([
            b"memtrack_add_test(NAME hangs COMMAND app out hang MAX_PEAK 64K JUNIT reports)",
            b"memtrack_add_test(NAME dies COMMAND app out die MAX_PEAK 64K JUNIT reports)",
            b"memtrack_add_test(NAME absent COMMAND no-such-program MAX_PEAK 64K JUNIT reports)",
            b"memtrack_add_test(NAME nowhere COMMAND app out 10 MAX_PEAK 64K WORKING_DIRECTORY no/such)",
            b"memtrack_add_test(NAME will_fail COMMAND app out 100000 MAX_PEAK 64K)",
            b"memtrack_add_test(NAME of_process COMMAND sh -c [[\"$0\" out2 10; cat out2]] $<TARGET_FILE:app> MAX_PEAK 1K"
            b" PROCESS a?p other)",
            b"memtrack_add_test(NAME of_none COMMAND app out3 10 MAX_PEAK 1K PROCESS other)",
            b"memtrack_add_test(NAME genex COMMAND app out4 10 MAX_PEAK $<1:64K> JUNIT $<CONFIG>/junit PROFILES $<CONFIG>/p)",
            b"set_tests_properties(will_fail PROPERTIES WILL_FAIL ON)",
            b"set_tests_properties(hangs PROPERTIES TIMEOUT 3)"])
        self.assertEqual({b"hangs", b"dies", b"absent", b"nowhere", b"of_none"}, self.failed())
        self.assertEqual(0, os.path.getsize(self.tree / "reports/hangs.xml"))
        for name, error in (("dies", "signal 9"), ("absent", "could not be run")):
            root = ElementTree.parse(self.tree / "reports" / (name + ".xml")).getroot()
            self.assertIn(error, root.find(".//error").text)
        self.assertTrue((self.tree / "Debug/junit/genex.xml").is_file())
        self.assertTrue((self.tree / "Debug/p/app.pb.gz").is_file())

    @unittest.skipUnless(os.path.exists("/usr/include/gtest/gtest.h"),
                         "GoogleTest is not installed")
    def test_discovered_tests(self):
        (self.folder / "tests.cpp").write_text(DISCOVERED)
        (self.folder / "CMakeLists.txt").write_text(DISCOVERING_PROJECT)
        self.configure()
        self.run_tool("cmake", "--build", self.tree)
        self.assertEqual({b"Parser.expects", b"Parser.big"}, self.failed("-j2"))

    def test_mistakes_are_found_when_configuring(self):
        for call in ("NAME x COMMAND app", "NAME x MAX_PEAK 1M",
                     "NAME x COMMAND app MAX_PEAK 1M MAX_POKE 2M STRICT 7",
                     "NAME x COMMAND app MAX_PEAK", "NAME x COMMAND app VERBOSE",
                     "NAME x COMMAND app PROCESS app", "NAME x COMMAND app TOLERANCE 5",
                     "COMMAND app MAX_PEAK 1M", "NAME \"\" COMMAND app MAX_PEAK 1M"):
            with self.subTest(call):
                (self.folder / "CMakeLists.txt").write_text(PROJECT +
                                                            f"memtrack_add_test({call})\n")
                # of the same tree: the compiler has been looked at
                result = self.configure(check=False)
                self.assertNotEqual(0, result.returncode)
                self.assertIn("memtrack_add_test", result.stderr)


unittest.main()
