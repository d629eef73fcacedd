# SPDX-License-Identifier: MIT
# timeout: 300
"""A project of somebody else finds an installed memtrack with CMake and gets tests that know budgets: each outcome is told
by ctest as it happened."""
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
int main(int argc, char **argv) {
    if (argc < 3)
        return 7;
    char *block = malloc(strtoul(argv[1], NULL, 10));
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
PASSES = {"kept", "ignored", "path", "another name"}
FAILS = {"broken", "leaks", "nothing", "fails"}


class Project(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.prefix, self.tree = self.folder / "a prefix", self.folder / "build"
        self.environment = dict(os.environ, LC_ALL="C")
        self.run_tool("cmake", "--install", BUILD, "--prefix", self.prefix)
        (self.folder / "app.c").write_text(PROGRAM)
        (self.folder / "CMakeLists.txt").write_text(PROJECT)

    def run_tool(self, *command, check=True):
        result = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)
        if check:
            self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result

    def configure(self, *options, check=True):
        return self.run_tool("cmake", "-S", self.folder, "-B", self.tree, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                             "-DCMAKE_BUILD_TYPE=Debug", *options, check=check)

    def outcomes(self, *options):
        """Names of the tests that passed, and the outputs of those that failed."""
        self.run_tool("ctest", "--test-dir", self.tree, "--output-junit", self.folder / "ctest.xml", *options,
                      check=False)
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
        self.assertIn("the peak is", failed["broken"])
        self.assertIn("app.c:9", failed["broken"])
        self.assertIn("was never freed", failed["leaks"])
        self.assertNotIn("broken ", failed["fails"])
        self.assertTrue((self.tree / "a folder/app.pb.gz").is_file())
        self.check_junit()
        self.check_baseline()

    def check_junit(self):
        for name, n_failures in (("kept", 0), ("broken", 1)):
            suite = ElementTree.parse(self.tree / "reports" / (name + ".xml")).getroot().find("testsuite")
            self.assertEqual(n_failures, len(suite.findall("testcase/failure")), name)
        command = suite.find("testcase/failure").text.split("next: ")[1]
        shown = self.run_tool("sh", "-c", f"PATH='{self.prefix}/bin':$PATH; {command}").stdout
        self.assertIn("app.c:9", shown)

    def check_baseline(self):
        self.configure(f"-DBASELINE={self.tree}/memtrack-profiles/kept/app.pb.gz")
        passed, failed = self.outcomes("-R", "same|grown")
        self.assertEqual(({"same"}, {"grown"}), (passed, set(failed)))
        self.assertIn("above the baseline", failed["grown"])

    def test_mistakes_are_found_when_configuring(self):
        for call in ("NAME x COMMAND app", "NAME x MAX_PEAK 1M", "NAME x COMMAND app MAX_PEAK 1M MAX_POKE 2M STRICT 7",
                     "NAME x COMMAND app MAX_PEAK"):
            with self.subTest(call):
                (self.folder / "CMakeLists.txt").write_text(PROJECT + f"memtrack_add_test({call})\n")
                result = self.configure(check=False)
                self.assertNotEqual(0, result.returncode)
                self.assertIn("memtrack_add_test", result.stderr)


unittest.main()
