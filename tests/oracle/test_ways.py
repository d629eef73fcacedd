# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 25
"""Every way to get the recorder into a program: the program's own figures are exact, or they are
zero and it is told that nothing is recorded. Never a crash, never a recording that claims that
nothing was allocated."""
import glob
import os
import re
import shutil
import sys
import tempfile

from support import case, compiler, go, harness

FIGURES = "tracing %d, net %d in %d, peak %d, allocated %d in %d, freed %d in %d"
TRACKED = FIGURES % (1, 1000, 1, 1234, 1234, 2, 234, 1)
UNTRACKED = FIGURES % (0, 0, 0, 0, 0, 0, 0, 0)
LINK = ["-Wl,--no-as-needed", *compiler.LINK[:-1]]

# What decides how a reference to a function that is not there is written, and by whom it is
# resolved.
CODE = ("", "-no-pie", "-fno-pic -no-pie", "-fno-pic -no-pie -Wl,-z,now",
        "-fno-pie -fno-plt -no-pie", "-fno-pic -no-pie -mcmodel=medium",
        "-fno-pic -no-pie -mcmodel=large", "-fPIC -mcmodel=large", "-fvisibility=hidden", "-flto",
        "-flto -no-pie", "-flto -fno-pic -no-pie", "-masm=intel",
        "-masm=intel -fPIC -mcmodel=large", "-fno-pic -no-pie -fuse-ld=gold", "-fuse-ld=gold",
        "-fno-pic -no-pie -fuse-ld=lld", "-fuse-ld=lld",
        "-Wl,--as-needed,--gc-sections -ffunction-sections -s", "-std=c99 -pedantic")
STATIC = ("-static", "-static-pie", "-static -fno-pic", "-static -fno-pic -mcmodel=large")
# What is named before the recorder, and after it; whether the dynamic linker comes to the recorder
# first.
ORDERS = (((), (), True), ((), ("-ljemalloc",), True), ((), ("-l:libtcmalloc_minimal.so.4",), True),
          ((), ("-lmimalloc",), True), (("-ljemalloc",), (), False), (("-lmimalloc",), (), False),
          (("-lc",), (), False))

LATE = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.malloc.restype = library.realloc.restype = ctypes.c_void_p
block = library.malloc(10)
block = library.realloc(ctypes.c_void_p(block), 100000)
library.free(ctypes.c_void_p(block))
print(library.memtrack_is_tracing(), library.memtrack_start(), block is not None)
"""

RUST = """
#[link(name = "memtrack")]
extern "C" {
    fn memtrack_is_tracing() -> i32;
    fn memtrack_get_traced_memory(current: *mut u64, peak: *mut u64) -> i32;
}
fn current() -> u64 {
    let mut bytes = 0;
    unsafe { memtrack_get_traced_memory(&mut bytes, std::ptr::null_mut()) };
    bytes
}
fn main() {
    let before = current();
    let block: Vec<u8> = Vec::with_capacity(12345);
    let after = current();
    println!("{} {}", unsafe { memtrack_is_tracing() }, after - before);
    drop(block);
}
"""

GO = """
package main

/*
#cgo CFLAGS: %s
#include <memtrack.h>
#include <stdlib.h>
*/
import "C"
import (
	"fmt"
	"runtime"
)

func main() {
	var scope C.memtrack_scope
	var delta C.memtrack_delta
	name := C.CString("cgo")
	runtime.LockOSThread() // a scope belongs to a thread
	C.memtrack_begin(&scope, name)
	kept, gone := C.malloc(1000), C.malloc(234)
	C.free(gone)
	C.memtrack_end(&scope, &delta)
	runtime.UnlockOSThread()
	fmt.Println(C.memtrack_is_tracing(), delta.net_bytes, delta.peak_bytes)
	C.free(kept)
}
"""


class Way(case.Case):
    def setUp(self):
        super().setUp()
        self.ledgers = self.path("ledgers")
        os.mkdir(self.ledgers)

    def build(self, flags="", source="measure.c", output="program", which="cc", libraries=()):
        return compiler.build(self.path(output), os.path.join(harness.SUPPORT, source), "-g",
                              "-D_GNU_SOURCE", compiler.INCLUDE, *flags.split(), compiler=which,
                              libs=libraries, required=False)

    def run_plainly(self, *command, preload=None, **env):
        """What it wrote of itself, and how many ledgers there are."""
        for old in glob.glob(self.ledgers + "/*"):
            os.unlink(old)
        env = harness.plain_environment(LD_PRELOAD=preload, MEMTRACK_DIR=self.ledgers, **env)
        result = harness.run(list(command), env=env)
        self.assertEqual(0, result.code, "%s\n%r" % (command, result))
        return result.stderr.decode(), len(os.listdir(self.ledgers))

    def check_tracked(self, *command, n=1, **env):
        self.assertEqual(("rc 0, " + TRACKED + "\n", n), self.run_plainly(*command, **env))

    def check_untracked(self, *command, n=0, **env):
        self.assertEqual(("rc 0, " + UNTRACKED + "\n", n), self.run_plainly(*command, **env))

    def check_outranked(self, *command, **env):
        """Another malloc comes first: a ledger is left that says so."""
        self.check_untracked(*command, n=1, **env)
        ledger, = glob.glob(self.ledgers + "/*")
        self.assertIn("contains its own malloc", harness.Profile(ledger).notes)

    def check_run(self, *command):
        """Under `memtrack run`, however else the recorder may get in: recorded once."""
        tracked = harness.track(list(command), tempfile.mkdtemp(dir=self.dir))
        self.assertEqual((0, 1), (tracked.code, len(tracked.profiles)), "%r" % tracked)
        self.assertIn(TRACKED, tracked.stderr.decode())
        scopes = harness.ask("scopes", tracked.profile.path)["rows"]
        self.assertEqual([("measure", 1, 1234)], [(row["name"], row["count"],
                                                   row["allocated_bytes"]["sum"])
                                                  for row in scopes])
        return tracked.profile


class Preloaded(Way):
    """A program that needs nothing but the header."""

    def check_code(self, which, level):
        for flags in CODE:
            if which == "cc" and "lto" in flags and "lld" in flags:
                continue
            with self.subTest(flags, compiler=which, level=level):
                program = self.build("%s %s" % (level, flags), which=which)
                self.check_untracked(program)
                self.check_tracked(program, preload=harness.LIBRARY)

    def test_gcc(self):
        self.check_code("gcc", "-O2")

    def test_gcc_unoptimised(self):
        self.check_code("gcc", "-O0")

    def test_clang(self):
        self.check_code("clang", "-O2")

    def test_run(self):
        for flags in ("", "-fno-pic -no-pie"):
            with self.subTest(flags):
                self.check_run(self.build(flags))

    def test_mold(self):
        """It settles weak references of an executable itself: the program has to be linked to the
        recorder, see Linked."""
        program = self.build("-fuse-ld=mold")
        self.assertEqual("rc 0, " + UNTRACKED + "\n",
                         self.run_plainly(program, preload=harness.LIBRARY)[0])

    def test_static(self):
        for flags in STATIC:
            for which in ("gcc", "clang"):
                with self.subTest(flags, compiler=which):
                    self.check_untracked(self.build(flags, which=which), preload=harness.LIBRARY)

    def test_musl(self):
        for flags in ("-static", "-static -no-pie -fno-pic", ""):
            with self.subTest(flags):
                self.check_untracked(self.build(flags, which="musl-gcc"))


class Linked(Way):
    """A program that brings the recorder along."""

    def test_orders(self):
        for flags in ("", "-DMEMTRACK_REQUIRED", "-DMEMTRACK_REQUIRED -fno-pic -no-pie",
                      "-Wl,--as-needed", "-fuse-ld=mold"):
            for before, after, is_first in ORDERS:
                with self.subTest(flags, before=before, after=after):
                    link = [flag for flag in LINK
                            if "as-needed" not in flag] if "as-needed" in flags else LINK
                    program = self.build(flags, libraries=[*link[:1], *before, *link[1:],
                                                           "-lmemtrack", *after])
                    (self.check_tracked if is_first else self.check_untracked if "-lc" in before
                     or "as-needed" in flags else self.check_outranked)(program)
                    self.check_run(program)

    def test_own_allocator(self):
        """In the executable itself: the linker takes that, wherever the recorder stands."""
        archive = "-l:libjemalloc_pic.a"
        for order in ([archive, *LINK, "-lmemtrack"],
                      [*LINK, "-Wl,-u,mallctl", archive, "-lmemtrack"]):
            with self.subTest(order):
                program = self.build(libraries=[*order, "-lm", "-lstdc++", "-lpthread"])
                self.check_outranked(program)
                self.check_outranked(program, preload=harness.LIBRARY)
                run = harness.run([harness.MEMTRACK, "run", "--force", "-o", self.path("p"), "--",
                                   program])
                self.assertIn("rc 0, " + UNTRACKED, run.stderr.decode())
                self.assertIn("contains its own malloc", run.stderr.decode())
                self.assertIn("Nothing was recorded", harness.Profile(self.path("p")).notes)

    def test_one_copy(self):
        """Linked and preloaded, from wherever: the first one records, and the figures are those of
        a program without."""
        other = shutil.copy(harness.LIBRARY, self.path("libmemtrack-other.so"))
        program = self.build(libraries=[*LINK, "-lmemtrack"])
        for preload in (harness.LIBRARY, other, other + ":" + harness.LIBRARY):
            with self.subTest(preload):
                self.check_tracked(program, preload=preload)
        totals = self.check_run(program).totals
        self.assertEqual(self.check_run(self.build(output="plain")).totals, totals)

    def test_exec(self):
        """What it starts is recorded only if the recorder gets into that as well."""
        program, plain = self.build(libraries=[*LINK, "-lmemtrack"]), self.build(output="plain")
        for chain, lines, n in (([program, plain], [TRACKED, UNTRACKED], 1),
                                ([plain, program], [UNTRACKED, TRACKED], 1),
                                ([program, program], [TRACKED, TRACKED], 2)):
            with self.subTest(chain):
                said, n_ledgers = self.run_plainly(*chain)
                self.assertEqual((["rc 0, " + line for line in lines], n),
                                 (said.splitlines(), n_ledgers))
        tracked = harness.track([program, plain, program], self.dir)
        self.assertEqual((0, 3), (tracked.code, len(tracked.profiles)), "%r" % tracked)
        self.assertEqual(3, tracked.stderr.decode().count(TRACKED), "%r" % tracked)

    def test_another_version(self):
        """A ledger of a recorder that is not this command's is refused by name and number, and left
        in place."""
        self.check_tracked(self.build(libraries=[*LINK, "-lmemtrack"]))
        ledger = glob.glob(self.ledgers + "/*.ledger")[0]
        with open(ledger, "r+b") as file:
            file.seek(8)
            file.write((999).to_bytes(4, "little"))
        for command in (["report", ledger], ["scopes", ledger], ["report", "--json", ledger]):
            with self.subTest(command):
                result = harness.run([harness.MEMTRACK, *command])
                self.assertEqual((3, b""), (result.code, result.stdout), "%r" % result)
                for part in (ledger, "version 999", "memtrack that recorded it"):
                    self.assertIn(part, result.stderr.decode())
        self.assertTrue(os.path.exists(ledger))


class Plugins(Way):
    """A shared object that uses the header, in a host that knows nothing of it."""

    def build_plugin(self, *libraries):
        self.host = self.build(source="load_plugin.c", output="host")
        return self.build("-O1 -fPIC -shared -DPLUGIN", output="plugin.so", libraries=libraries)

    def test_preloaded(self):
        plugin = self.build_plugin()
        for how in ("local", "global"):
            with self.subTest(how):
                self.check_untracked(self.host, plugin, how)
                self.check_tracked(self.host, plugin, how, preload=harness.LIBRARY)
                self.check_run(self.host, plugin, how)
        # its calls of malloc are bound to libc's, past every preload; those of memtrack.h have no
        # other definition
        self.assertEqual(("rc 0, " + FIGURES % (1, 0, 0, 0, 0, 0, 0, 0) + "\n", 1),
                         self.run_plainly(self.host, plugin, "deepbind", preload=harness.LIBRARY))

    def test_linked(self):
        """The recorder comes after libc then, too late: the plugin is told so, and goes on."""
        plugin = self.build_plugin(*LINK, "-lmemtrack")
        for how in ("local", "global", "deepbind"):
            with self.subTest(how):
                self.check_untracked(self.host, plugin, how)
                self.check_run(self.host, plugin, how)
        # where it comes before that namespace's libc
        self.check_tracked(self.host, plugin, "namespace")
        host = self.build(source="load_plugin.c", output="linked",
                          libraries=[LINK[0], plugin, "-Wl,-rpath," + self.dir])
        self.check_untracked(host, plugin, "linked")
        self.check_run(host, plugin, "linked")


class Late(Way):
    def test_dlopen(self):
        """Into a process that runs: it says that it records nothing, and its malloc works all the
        same."""
        env = harness.plain_environment(MEMTRACK_DIR=self.ledgers)
        result = harness.check([sys.executable, "-c", LATE, harness.LIBRARY], env=env)
        self.assertEqual((b"0 -13 True\n", []), (result.stdout, os.listdir(self.ledgers)))


COST = """
#ifdef __cplusplus
#include <memtrack.hpp>
#else
#include <memtrack.h>
#endif
#include <stdlib.h>
int main(int argc, char **argv) {
    for (long i = argc > 1 ? atol(argv[1]) : 0; i > 0; i--) {
#ifdef __cplusplus
        memtrack::scope scope("name");
#elif !defined NOTHING
        memtrack_scope scope;
        memtrack_begin(&scope, "name");
        memtrack_end(&scope, NULL);
#endif
        __asm__ volatile("" ::: "memory");
    }
    return 0;
}
"""


class Cost(Way):
    """What a scope costs where nothing records: instructions, by callgrind's count. docs/scopes.md
    has the figures."""

    def instructions(self, program, n):
        result = harness.check([harness.tool("valgrind"), "--tool=callgrind",
                                "--callgrind-out-file=/dev/null", program, str(n)])
        return int(re.search(rb"Collected : (\d+)", result.stderr).group(1))

    def per_loop(self, which, flags, name="cost.c"):
        program = self.build("-O2 " + flags, source=self.write(name, COST), which=which)
        return (self.instructions(program, 20000) - self.instructions(program, 10000)) // 10000

    def test_untracked(self):
        loop = self.per_loop("gcc", "-DNOTHING")
        for which, flags, name, most in (("gcc", "", "cost.c", 6),
                                         ("gcc", "-fno-pic -no-pie", "cost.c", 6),
                                         ("clang", "", "cost.c", 6),
                                         ("gcc", "-static", "cost.c", 6),
                                         ("gcc", "-fno-pic -no-pie -mcmodel=large", "cost.c", 14),
                                         ("g++", "", "cost.cpp", 9)):
            with self.subTest(which, flags=flags):
                cost = self.per_loop(which, flags, name) - loop
                print("%s %s %s: %d instructions a scope" % (which, flags, name, cost))
                self.assertTrue(1 <= cost <= most, cost)


class Rust(Way):
    """Another language without weak references, where its compiler is there."""

    def test_linked(self):
        program = compiler.build_text(self.path("linked"), RUST, "-L" + compiler.DIRECTORY,
                                      "-Clink-arg=-Wl,-rpath," + compiler.DIRECTORY,
                                      compiler="rustc", env=dict(os.environ), cwd=self.dir)
        result = harness.check([program], env=harness.plain_environment(MEMTRACK_DIR=self.ledgers))
        self.assertEqual((b"1 12345\n", 1), (result.stdout, len(os.listdir(self.ledgers))))


class Go(Way):
    """Through cgo: what C allocates for a Go program."""

    def test_cgo(self):
        for name, text in (("go.mod", "module measure\n"), ("main.go", GO % compiler.INCLUDE)):
            self.write(name, text)
        go.build(self.path("program"), ".", self.dir, GOFLAGS="-mod=mod", CGO_ENABLED="1")
        self.assertEqual(b"0 0 0\n", harness.check([self.path("program")]).stdout)
        tracked = harness.track([self.path("program")], self.dir)
        self.assertEqual((0, b"1 1000 1234\n"), (tracked.code, tracked.stdout), "%r" % tracked)


if __name__ == "__main__":
    harness.main()
