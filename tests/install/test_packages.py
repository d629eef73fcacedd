# SPDX-License-Identifier: MIT
# timeout: 1500
"""
What cpack makes: Debian packages that lintian has nothing against and that install and work in
clean systems of two suites, and an archive that runs wherever it is unpacked, also where nothing
but libc is installed.
In a clean system once by default, in each suite with a compiler with MEMTRACK_SOAK=1.
"""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import debian

BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])
SOAK = os.environ.get("MEMTRACK_SOAK") == "1"
SUITES = ("bookworm", "trixie")
PACKAGES = ("memtrack", "libmemtrack-analyze1", "libmemtrack-dev")

MEASURES = r"""
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    memtrack_scope scope;
    memtrack_delta delta;
    memtrack_begin(&scope, "measured");
    void *volatile block = malloc(12345);
    memtrack_end(&scope, &delta);
    printf("tracing %d, net %lld\n", memtrack_is_tracing(), (long long)delta.net_bytes);
    free(block);
    return 0;
}
"""
READS = r"""
#include <memtrack/analyze.h>
#include <stdio.h>
int main(int argc, char **argv) {
    memtrack_profile *profile = NULL;
    int rc = memtrack_profile_load(argv[argc - 1], NULL, &profile);
    printf("read %d\n", rc);
    memtrack_profile_free(profile);
    return rc != 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(example C)
find_package(memtrack 0.1 REQUIRED)
add_executable(measures measures.c)
target_link_libraries(measures PRIVATE memtrack::recorder)
add_executable(reads reads.c)
target_link_libraries(reads PRIVATE memtrack::analyze)
"""
# In a folder with MEASURES and READS. $1: how a program finds libraries that are in no usual place.
BUILD_AND_USE = r"""
flags=$(pkg-config --cflags --libs memtrack)
eval "gcc -g measures.c -o measures $flags $1"
eval "gcc -g reads.c -o reads $(pkg-config --cflags --libs memtrack-analyze) $1"
export MEMTRACK_DIR=$PWD/ledgers
mkdir ledgers
./measures | grep -Fx 'tracing 1, net 12345'
memtrack scopes ledgers/*.ledger | grep measured
memtrack run -q -o built.pb.gz -- ./measures
./reads built.pb.gz | grep -Fx 'read 0'
memtrack report --by function built.pb.gz | grep main
"""
USE = """memtrack run -q -o {0} -- ls -lR /usr/share/doc >/dev/null
memtrack report {0} | grep -F peak
rm {0}"""


def run(*command, check=True, **options):
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, errors="replace", **options
    )
    if check and result.returncode != 0:
        raise AssertionError(
            f"{command} ended with {result.returncode}\n{result.stdout}{result.stderr}"
        )
    return result


def setUpModule():
    if not (BUILD / "CPackConfig.cmake").exists():
        raise unittest.SkipTest("this build makes no packages")
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    global OUT
    OUT = pathlib.Path(folder.name)
    run("cpack", "-B", OUT, "--config", BUILD / "CPackConfig.cmake", cwd=BUILD)


def deb(package):
    found = glob.glob(f"{OUT}/{package}_*.deb")
    if not found and not shutil.which("dpkg-shlibdeps"):
        raise unittest.SkipTest("dpkg-dev is not installed")
    (path,) = found
    return path


def archive():
    (path,) = OUT.glob("memtrack-*-linux-*.tar.gz")
    return path


def unpack(folder):
    """Into a folder whose name has spaces; the path of what is unpacked."""
    folder = pathlib.Path(folder) / "a place with spaces"
    folder.mkdir()
    run("tar", "-xf", archive(), "-C", folder)
    (top,) = folder.iterdir()
    return top


def elf_files(tree):
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def use(self, prefix):
        """Runs a program and reports on it, with what lies below the prefix alone."""
        env = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "LC_ALL": "C"}
        run(
            "memtrack",
            "run",
            "-q",
            "--force",
            "-o",
            self.folder / "p.pb.gz",
            "--",
            BUILD / "tests/programs/tree",
            env=env,
            cwd="/",
        )
        self.assertIn(
            "tree.c",
            run("memtrack", "report", "--csv", self.folder / "p.pb.gz", env=env, cwd="/").stdout,
        )

    def check_binaries(self, tree):
        for path in elf_files(tree):
            if path.suffix == ".a":
                continue
            headers, dynamic = (
                run("readelf", "-W", option, path).stdout for option in ("-l", "-d")
            )
            self.assertNotRegex(headers, r"GNU_STACK.*\bRWE\b", path)
            self.assertNotIn(str(BUILD), dynamic)
            if "/bundled/" not in str(path):
                self.assertNotIn(".debug_info", run("readelf", "-WS", path).stdout, path)
                self.assertIn("GNU_RELRO", headers, path)
                self.assertIn("NOW", dynamic, path)


class Packages(Tree):
    def test_lintian(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed")
        result = run(
            "lintian",
            "--allow-root",
            "--display-info",
            "--tag-display-limit",
            "0",
            "--fail-on",
            "error,warning",
            *map(deb, PACKAGES),
            check=False,
        )
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("hardening", result.stdout)
        self.assertNotIn("unused-override", result.stdout)

    def test_contents(self):
        expected = {
            "memtrack": [
                "usr/bin/memtrack",
                "usr/lib/memtrack/libmemtrack.so",
                "usr/lib/memtrack/libmemtrack-jemalloc.so",
                "usr/lib/*-linux-*/libmemtrack.so",
                "usr/share/man/man1/memtrack-run.1.gz",
                "usr/share/bash-completion/completions/memtrack",
                "usr/share/zsh/vendor-completions/_memtrack",
                "usr/share/fish/vendor_completions.d/memtrack.fish",
                "usr/share/gdb/auto-load/usr/lib/memtrack/libmemtrack.so-gdb.py",
            ],
            "libmemtrack-analyze1": ["usr/lib/*-linux-*/libmemtrack-analyze.so.1"],
            "libmemtrack-dev": [
                "usr/include/memtrack.h",
                "usr/include/memtrack.hpp",
                "usr/include/memtrack/analyze.h",
                "usr/lib/*-linux-*/libmemtrack-analyze.so",
                "usr/lib/*-linux-*/libmemtrack-analyze.a",
                "usr/lib/*-linux-*/pkgconfig/memtrack.pc",
                "usr/lib/*-linux-*/cmake/memtrack/memtrack-config.cmake",
                "usr/share/man/man3/memtrack-analyze.3.gz",
            ],
        }
        owners = {}
        for package in PACKAGES:
            tree = self.folder / package
            run("dpkg", "-x", deb(package), tree)
            for name in expected[package] + [
                f"usr/share/doc/{package}/copyright",
                f"usr/share/doc/{package}/changelog.Debian.gz",
            ]:
                self.assertEqual(1, len(glob.glob(f"{tree}/{name}")), f"{package}: {name}")
            self.check_binaries(tree)
            for line in run("dpkg", "-c", deb(package)).stdout.splitlines():
                mode, owner, *_, name = re.sub(r" -> .*", "", line).split()
                self.assertEqual("root/root", owner, line)
                self.assertIn(
                    mode,
                    ("drwxr-xr-x", "lrwxrwxrwx", "-rwxr-xr-x" if "/bin/" in name else "-rw-r--r--"),
                    line,
                )
                if mode[0] != "d":
                    self.assertNotIn(name, owners, f"in {package} as well")
                    owners[name] = package

    def test_dependencies(self):
        """Those of dpkg-shlibdeps, and as recommendations what the command loads; ours are of one
        version with each other."""
        recommends = run("dpkg-deb", "-f", deb("memtrack"), "Recommends").stdout
        loaded = {re.sub(r"t64$", "", one.split()[0]) for one in recommends.split(",")}
        self.assertEqual({"libmicrohttpd12", "libsqlite3-0"}, loaded)
        for package, libraries in (
            ("memtrack", "libc6 libdw1 libelf1 libncursesw6"),
            ("libmemtrack-analyze1", "libc6 libdw1"),
        ):
            depends = run("dpkg-deb", "-f", deb(package), "Depends").stdout
            for library in libraries.split():
                self.assertRegex(depends, rf"\b{library}(t64)? \(>= [0-9]", package)
        version = run("dpkg-deb", "-f", deb("memtrack"), "Version").stdout.strip()
        depends = run("dpkg-deb", "-f", deb("libmemtrack-dev"), "Depends").stdout.strip()
        self.assertEqual(
            {f"memtrack (= {version})", f"libmemtrack-analyze1 (= {version})"},
            set(depends.split(", ")),
        )
        changelog = run(
            "sh",
            "-c",
            f"dpkg-deb --fsys-tarfile {deb('memtrack')} |"
            " tar -xO ./usr/share/doc/memtrack/changelog.Debian.gz | zcat",
        ).stdout
        self.assertTrue(changelog.startswith(f"memtrack ({version}) "), changelog[:80])

    def test_runs_where_it_is_unpacked(self):
        run("dpkg", "-x", deb("memtrack"), self.folder / "a tree")
        self.use(self.folder / "a tree/usr")


class Archive(Tree):
    def test_runs_where_it_is_unpacked(self):
        top = unpack(self.folder)
        self.use(top)
        self.check_binaries(top)
        moved = self.folder / "moved"
        top.rename(moved)
        self.use(moved)
        self.check_loads_its_own(moved)

    def check_loads_its_own(self, top):
        """What the command loads when it uses it, too."""
        env = {"PATH": f"{top}/bin", "LC_ALL": "C", "LD_DEBUG": "libs"}
        told = run("memtrack", "export", "--format", "sqlite", "-o", self.folder / "p.db",
                   self.folder / "p.pb.gz", env=env).stderr
        self.assertIn(f"calling init: {top}/lib/memtrack/bundled/libsqlite3.so.0",
                      told.replace("/bin/../lib/", "/lib/"))

    def test_brings_its_libraries_and_their_licenses(self):
        top = unpack(self.folder)
        for path in (top / "bin/memtrack", top / "lib/libmemtrack-analyze.so"):
            for name, where in re.findall(
                r"^\s(\S+) => (.*) \(0x", run("ldd", path).stdout, flags=re.M
            ):
                is_libc = re.match(r"lib(c|m)\.so", name)
                self.assertEqual(
                    bool(is_libc), "/bundled/" not in where, f"{path}: {name} is {where}"
                )
        bundled = [
            path for path in (top / "lib/memtrack/bundled").iterdir() if not path.is_symlink()
        ]
        self.assertGreater(len(bundled), 5)
        for loaded in ("libmicrohttpd.so.12", "libgnutls.so.30", "libsqlite3.so.0"):
            self.assertTrue((top / "lib/memtrack/bundled" / loaded).exists(), loaded)
        if shutil.which("dpkg-query"):
            self.assertEqual(
                len(bundled), len(list((top / "share/doc/memtrack/bundled").iterdir()))
            )

    def test_development_files_find_the_rest(self):
        top = unpack(self.folder)
        (self.folder / "measures.c").write_text(MEASURES)
        (self.folder / "reads.c").write_text(READS)
        env = dict(
            os.environ,
            PATH=f"{top}/bin:{os.environ['PATH']}",
            PKG_CONFIG_PATH=f"{top}/lib/pkgconfig",
            LC_ALL="C",
        )
        run("sh", "-ec", BUILD_AND_USE, "sh", f"'-Wl,-rpath,{top}/lib'", cwd=self.folder, env=env)
        (self.folder / "CMakeLists.txt").write_text(PROJECT)
        run("cmake", "-S", self.folder, "-B", self.folder / "tree", f"-DCMAKE_PREFIX_PATH={top}")
        run("cmake", "--build", self.folder / "tree")
        run(self.folder / "tree/reads", self.folder / "built.pb.gz")


class CleanSystem(unittest.TestCase):
    def setUp(self):
        why_not = debian.why_not()
        if why_not:
            self.skipTest(why_not)

    def use_archive(self, system):
        """Before anything is installed there."""
        top = unpack(system.root / "opt")
        found = "/" + str(top.relative_to(system.root))
        system.shell(USE.format("/tmp/a.pb.gz"), PATH=f"{found}/bin:/usr/bin:/bin")

    def install(self, system, *packages):
        for package in packages:
            shutil.copy(deb(package), system.root / "tmp")
        system.install(*(f"/tmp/{os.path.basename(deb(package))}" for package in packages))

    def remove(self, system, before):
        """What the packages brought is gone; what they depended on may stay."""
        brought = [
            line[1:]
            for package in PACKAGES
            for line in system.run("dpkg", "-L", package).stdout.splitlines()
            if line != "/."
        ]
        system.run("apt-get", "-qq", "-y", "purge", *PACKAGES)
        after = system.files()
        self.assertEqual(
            [],
            sorted(
                name
                for name in brought
                if name in after and name not in before and not (system.root / name).is_dir()
            ),
            system.suite,
        )
        self.assertEqual(
            [], sorted(name for name in after - before if "memtrack" in name), system.suite
        )

    def develop(self, system):
        """Programs are built there against the development files, the archive too, and used."""
        system.install(
            "gcc",
            "libc6-dev",
            "pkg-config",
            "cmake",
            "make",
            "libdw-dev",
            "libelf-dev",
            "libprotobuf-c-dev",
            "libzstd-dev",
            "zlib1g-dev",
        )
        work = system.root / "srv/work"
        work.mkdir()
        (work / "measures.c").write_text(MEASURES)
        (work / "reads.c").write_text(READS)
        (work / "CMakeLists.txt").write_text(PROJECT)
        (work / "use.sh").write_text(BUILD_AND_USE)
        system.shell(
            """cd /srv/work; sh -e use.sh ''
            cmake -B tree; cmake --build tree; tree/reads built.pb.gz
            gcc reads.c -o static -Wl,-Bstatic -lmemtrack-analyze -Wl,-Bdynamic \\
                $(pkg-config --libs --static memtrack-analyze |
                sed 's/-lmemtrack-analyze//')
            ./static built.pb.gz; ldd static | grep -q libdw; ! ldd static | grep libmemtrack
            rm -r /srv/work"""
        )

    def use_suite(self, suite, whole):
        with debian.System(suite) as system:
            self.use_archive(system)
            shutil.rmtree(next((system.root / "opt").iterdir()))
            before = system.files()
            self.install(system, *PACKAGES)
            system.shell(USE.format("/tmp/d.pb.gz"))
            if whole:
                self.develop(system)
            self.remove(system, before)

    def test_installed_and_used(self):
        cached = [suite for suite in SUITES if debian.is_cached(suite)]
        for suite in SUITES if SOAK else (cached or SUITES)[-1:]:
            with self.subTest(suite):
                try:
                    self.use_suite(suite, SOAK)
                except debian.Unavailable as reason:
                    self.skipTest(str(reason))


if __name__ == "__main__":
    program = unittest.main(exit=False)
    whole = program.result.testsRun == 0 and program.result.skipped
    raise SystemExit(77 if whole else not program.result.wasSuccessful())
