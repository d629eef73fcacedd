# SPDX-License-Identifier: MIT
# timeout: 300
"""
docs/analyze.md tells the truth: its C is in docs/examples word for word, and its commands, run
where the package is installed, print what the page shows. `test_docs.py --write` puts today's
output into the page.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

from support import harness

PAGE = os.path.join(harness.SOURCE, "docs", "analyze.md")
EXAMPLES = os.path.join(harness.SOURCE, "docs", "examples")
CONSOLE = re.compile(r"(^```console\n)(.*?)(^```$)", flags=re.M | re.S)
FIND = """
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(memtrack REQUIRED)
add_executable(analyze analyze.c)
target_link_libraries(analyze memtrack::analyze)
"""


def read(path):
    with open(path) as file:
        return file.read()


class Installed:
    """A prefix with everything that is installed, and a directory with the examples to work in."""

    def __init__(self, folder):
        self.prefix, self.work = os.path.join(folder, "prefix"), os.path.join(folder, "work")
        harness.check(["cmake", "--install", harness.BUILD, "--prefix", self.prefix], timeout=120)
        os.mkdir(self.work)
        for name in os.listdir(EXAMPLES):
            if name.endswith(".c"):
                shutil.copy(os.path.join(EXAMPLES, name), self.work)
        self.env = harness.plain_environment(PATH="%s/bin:/usr/local/bin:/usr/bin:/bin" %
                                             self.prefix, LD_LIBRARY_PATH=self.prefix + "/lib",
                                             PKG_CONFIG_PATH=self.prefix + "/lib/pkgconfig")

    def shell(self, command):
        result = subprocess.run(["sh", "-c", command], env=self.env, cwd=self.work,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=120)
        return re.sub(r"\bprocess \d+\b", "process 4711",
                      result.stdout.replace(self.work, "/tmp/example"))

    def replay(self, transcript):
        commands = [line for line in transcript.splitlines() if line.startswith("$ ")]
        return "".join("%s\n%s" % (command, self.shell(command[2:])) for command in commands)


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = Installed(cls.enterClassContext(harness.workdir()))

    def test_code_is_that_of_the_examples(self):
        sources = [read(os.path.join(EXAMPLES, name)) for name in ("analyze.c", "itself.c", "python/blocks.c")]
        blocks = re.findall(r"^```c\n(.*?)^```$", read(PAGE), flags=re.M | re.S)
        self.assertGreaterEqual(len(blocks), 2)
        for block in blocks:
            self.assertTrue(any(block in source for source in sources), block)

    def test_commands_print_what_the_page_shows(self):
        transcripts = [match.group(2) for match in CONSOLE.finditer(read(PAGE))]
        self.assertGreaterEqual(len(transcripts), 2)
        for transcript in transcripts:
            self.assertEqual(self.installed.replay(transcript), transcript)

    def test_find_package(self):
        folder = os.path.join(self.installed.work, "with-cmake")
        os.mkdir(folder)
        shutil.copy(os.path.join(EXAMPLES, "analyze.c"), folder)
        with open(os.path.join(folder, "CMakeLists.txt"), "w") as file:
            file.write(FIND)
        build = os.path.join(folder, "out")
        harness.check(["cmake", "-S", folder, "-B", build, "-DCMAKE_PREFIX_PATH=" +
                       self.installed.prefix])
        harness.check(["cmake", "--build", build])
        result = harness.run([os.path.join(build, "analyze"), "none.pb.gz", "none.pb.gz"])
        self.assertEqual(result.code, 3)
        self.assertIn(b"none.pb.gz", result.stderr)

    def test_manual_page(self):
        page = read(os.path.join(self.installed.prefix, "share", "man", "man3",
                                 "memtrack-analyze.3"))
        header = read(os.path.join(harness.SOURCE, "lib", "include", "memtrack", "analyze.h"))
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
        functions = set(re.findall(r"\b(memtrack_\w+)\(", header))
        self.assertGreater(len(functions), 50)
        self.assertEqual(functions, set(re.findall(r"^\.Fn (memtrack_\w+)", page, flags=re.M)))
        if shutil.which("mandoc"):
            result = harness.run(["mandoc", "-T", "lint", "-W", "style",
                                  os.path.join(harness.SOURCE, "docs", "man",
                                               "memtrack-analyze.3")])
            messages = [line for line in result.stdout.decode().splitlines()
                        if "referenced manual not found" not in line and "Mdocdate" not in line]
            self.assertEqual(messages, [])


def write():
    with harness.workdir() as folder:
        installed = Installed(folder)
        text = CONSOLE.sub(lambda m: m.group(1) + installed.replay(m.group(2)) + m.group(3),
                           read(PAGE))
    with open(PAGE, "w") as file:
        file.write(text)


if sys.argv[1:] == ["--write"]:
    write()
else:
    harness.main()
