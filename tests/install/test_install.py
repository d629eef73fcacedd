# SPDX-License-Identifier: MIT
"""What `cmake --install` puts below a prefix works from there: the command finds its library,
wherever the prefix is."""
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])
EXPECTED = ["bin/memtrack", "lib/memtrack/libmemtrack.so", "share/man/man1/memtrack.1",
            "share/man/man1/memtrack-run.1", "share/man/man1/memtrack-report.1",
            "share/bash-completion/completions/memtrack", "share/zsh/site-functions/_memtrack",
            "share/fish/vendor_completions.d/memtrack.fish"]
EXPECTED += ["share/man/man1/memtrack-check.1", "share/man/man1/memtrack-compare.1",
             "lib/cmake/memtrack/MemtrackTest.cmake", "lib/cmake/memtrack/memtrack-config.cmake",
             "lib/cmake/memtrack/memtrack-config-version.cmake"]
EXPECTED += ["include/memtrack.hpp", "lib/libmemtrack.so", "lib/pkgconfig/memtrack.pc"]
EXPECTED += ["include/memtrack.h", "include/memtrack/analyze.h", "include/memtrack/error.h",
             "include/memtrack/expect.h", "include/memtrack/lines.h", "include/memtrack/usage.h",
             "lib/libmemtrack-analyze.so",
             "lib/libmemtrack-analyze.so.1", "lib/libmemtrack-analyze.a",
             "lib/pkgconfig/memtrack-analyze.pc", "lib/cmake/memtrack/memtrack-analyze.cmake",
             "share/man/man3/memtrack-analyze.3"]
EXPECTED += ["include/memtrack/" + name for name in ("asio.hpp", "coroutine.hpp", "task.h",
                                                      "tasks.hpp", "uv.h")]
EXPECTED += ["share/memtrack/python/memtrack/__init__.py", "share/memtrack/python/README.md",
             "share/memtrack/rust/Cargo.toml", "share/memtrack/rust/src/lib.rs"]
EXPECTED += ["lib/memtrack/libmemtrack-%s.so" % name for name in ("jemalloc", "mimalloc", "mmap")]


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.prefix = self.install("a prefix")

    def install(self, prefix, **environment):
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True,
                       capture_output=True, cwd=self.folder, env={**os.environ, **environment})
        return self.folder / prefix

    def test_layout(self):
        for name in EXPECTED:
            self.assertTrue((self.prefix / name).is_file(), name)

    def test_gdb_finds_its_commands_by_the_path_of_the_recorder(self):
        for prefix in (self.prefix, self.install("relative")):
            library = (prefix / "lib/memtrack/libmemtrack.so").resolve()
            auto_load = prefix / "share/gdb/auto-load"
            self.assertEqual([auto_load / f"{library}-gdb.py".lstrip("/")],
                             list(auto_load.glob("**/*.py")))

    def test_gdb_finds_them_in_a_staged_tree(self):
        stage = self.folder / "stage"
        self.install("/opt/memtrack", DESTDIR=str(stage))
        self.assertTrue((stage / "opt/memtrack/share/gdb/auto-load/opt/memtrack/lib/memtrack"
                         / "libmemtrack.so-gdb.py").is_file())

    def test_tracks_from_there(self):
        environment = {"PATH": f"{self.prefix}/bin:/usr/bin:/bin", "LC_ALL": "C"}
        profile = self.prefix / "profile.pb.gz"
        subprocess.run(["memtrack", "run", "-q", "-o", profile, "--",
                        BUILD / "tests/programs/tree"], check=True, env=environment,
                       stdout=subprocess.DEVNULL, cwd=self.prefix)
        report = subprocess.run(["memtrack", "report", "--csv", profile], check=True,
                                env=environment, capture_output=True, text=True,
                                cwd=self.prefix).stdout
        self.assertIn("tree.c", report)

    def test_library_carries_no_path_of_the_build(self):
        for library in (self.prefix / "lib").glob("**/*.so"):
            dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True,
                                     text=True).stdout
            self.assertNotIn(str(BUILD), dynamic, library)


unittest.main()
