# SPDX-License-Identifier: MIT
# timeout: 300
"""A project links an installed recorder, by pkg-config or by CMake: its programs record themselves
wherever they are run, and the report is found by pid."""
import glob
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])
SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
FIGURES = "rc 0, tracing 1, net 1000 in 1, peak 1234, allocated 1234 in 2, freed 234 in 1\n"

# A program that does not allocate itself; its library does.
QUIET = "int plugin(void);\nint main(void) { return plugin(); }\n"
PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(example C)
find_package(memtrack 0.1 REQUIRED)
find_library(OTHER NAMES jemalloc)
add_compile_options(-D_GNU_SOURCE)
add_link_options(-Wl,--as-needed)
add_executable(program measure.c)
target_link_libraries(program PRIVATE ${OTHER} memtrack::recorder)
add_library(worker SHARED measure.c)
target_compile_definitions(worker PRIVATE PLUGIN)
target_link_libraries(worker PRIVATE memtrack::headers)
add_executable(quiet quiet.c)
target_link_libraries(quiet PRIVATE worker memtrack::recorder)
install(TARGETS program)
"""


class Link(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.prefix = self.folder / "a prefix"
        self.run_tool("cmake", "--install", BUILD, "--prefix", self.prefix)
        shutil.copy(SOURCE / "tests/support/measure.c", self.folder)
        (self.folder / "quiet.c").write_text(QUIET)

    def run_tool(self, *command, **env):
        result = subprocess.run(command, env=dict(os.environ, LC_ALL="C", **env), cwd=self.folder,
                                capture_output=True, text=True)
        self.assertEqual(0, result.returncode, f"{command}\n{result.stdout}{result.stderr}")
        return result

    def check_program(self, program, **env):
        """Recorded alone, into the directory that it is told; and once under `memtrack run`."""
        ledgers = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.assertEqual(FIGURES, self.run_tool(program, MEMTRACK_DIR=str(ledgers), **env).stderr)
        ledger, = glob.glob(f"{ledgers}/*.ledger")
        memtrack = self.prefix / "bin/memtrack"
        self.assertIn("measure", self.run_tool(memtrack, "scopes", ledger).stdout)
        self.assertEqual(FIGURES, self.run_tool(memtrack, "run", "-q", "-o", f"{ledgers}/run.%p",
                                                "--", program, **env).stderr)
        profile, = glob.glob(f"{ledgers}/run.*")
        self.assertIn("measure", self.run_tool(memtrack, "scopes", profile).stdout)

    def test_pkg_config(self):
        env = {"PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig")}
        flags = self.run_tool("pkg-config", "--cflags", "--libs", "memtrack", **env).stdout.strip()
        build = "gcc -D_GNU_SOURCE {} -o program {} {}"
        for options in ("", "-Wl,--as-needed", "-fno-pic -no-pie", "-fuse-ld=gold"):
            with self.subTest(options):
                self.run_tool("sh", "-c", build.format(options, "measure.c", flags))
                self.check_program("./program", LD_LIBRARY_PATH=str(self.prefix / "lib"))
        rpath = f"'-Wl,-rpath,{self.prefix}/lib'"
        self.run_tool("sh", "-c", build.format("-shared -fPIC -DPLUGIN", "measure.c", "") +
                      flags.split(" -L")[0] + " -o libworker.so")
        self.run_tool("sh", "-c", build.format("-Wl,--as-needed", "quiet.c ./libworker.so", flags) +
                      " " + rpath)
        self.check_program("./program")

    def test_cmake(self):
        (self.folder / "CMakeLists.txt").write_text(PROJECT)
        self.run_tool("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.run_tool("cmake", "--build", "build")
        self.check_program("build/program")
        self.check_program("build/quiet")
        needed = self.run_tool("readelf", "-d", "build/program").stdout
        self.assertIn("[libmemtrack.so]", needed)
        self.assertNotIn("prefix/lib/libmemtrack.so", needed)

    def test_one_file(self):
        """The library that is linked is the one that is preloaded, and so there is never a second
        copy in a process."""
        self.assertTrue((self.prefix / "lib/libmemtrack.so").samefile(
            self.prefix / "lib/memtrack/libmemtrack.so"))


unittest.main()
