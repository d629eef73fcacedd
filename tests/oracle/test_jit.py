# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 9
"""Generated code has the names that its compiler gives it: with a program that is a compiler (what
it allocates where is known to the byte), and with node, Java and Python."""
import contextlib
import glob
import os
import platform
import time
import unittest

from support import case, compiler, harness, live

# Those of the system, and a user's own, which pyenv has beside its folder in PATH.
PYTHONS = sorted(path for folder in os.get_exec_path()
                 for pattern in ("python3.1[2-9]", "../versions/3.1[2-9]*/bin/python3")
                 for path in glob.glob(os.path.join(folder, pattern)) if "shims/py" not in path)

JAVASCRIPT = """const keep = [];
function fill(n) { keep.push(Buffer.alloc(n, 1)); }
class Store { load(n) { for (let i = 0; i < n; i++) fill(1 << 20); } }
function deep(k, f) { return k ? deep(k - 1, f) : f(); }
const store = new Store();
store.load(4);
deep(60, () => store.load(2));
"""

PYTHON = """keep = []
def load_rows(n):
    for i in range(n):
        keep.append(bytes(1 << 20))
def deep(k, f):
    return deep(k - 1, f) if k else f()
class Store:
    def fill(self):
        load_rows(4)
Store().fill()
deep(60, lambda: load_rows(2))
"""

JAVA = """public class App {
    static java.util.zip.Deflater[] keep = new java.util.zip.Deflater[200];
    static void load() {
        for (int i = 0; i < keep.length; i++)
            keep[i] = new java.util.zip.Deflater();
    }
    public static void main(String[] arguments) { load(); }
}
"""


def stacks(profile):
    """Call paths of generated code, innermost first, with the blocks that they allocated."""
    found = {}
    for row in profile.rows("stack"):
        names = tuple(f["function"] or "?" for f in row["stack"] if f["module"] in ("", "[jit]"))
        if names:
            found[names] = found.get(names, 0) + row["total_blocks"]
    return found


def map_path(pid):
    return "/tmp/perf-%d.map" % pid


class Files(case.Case):
    """What processes of the test leave in /tmp goes with it."""

    n_runs = 0

    def track(self, command, **how):
        self.n_runs += 1
        tracked = harness.track(command, self.dir, cwd=self.dir, name="run%d" % self.n_runs, **how)
        self.assertEqual(0, tracked.code, "%r" % tracked)
        profile = max(tracked.profiles, key=lambda p: p.process["start_time"])
        self.addCleanup(self.remove, map_path(profile.process["pid"]))
        return profile

    def remove(self, path):
        if os.path.lexists(path):
            os.unlink(path)


@unittest.skipUnless(platform.machine() == "x86_64", "the program writes x86-64 code")
class Compiler(Files):
    """jit_code, whose arguments are what it compiles, calls and writes down."""

    def compile(self, *words):
        return self.track([harness.program("jit_code"), *map(str, words)])

    def test_a_map(self):
        profile = self.compile("frame", "alpha", 1000, "map", "alpha", "alpha", "do", "alpha", 7,
                               "frame", "beta", 300, "do", "beta", 5)
        self.assertEqual({("alpha",): 7, ("?",): 5}, stacks(profile))
        row = profile.row("module", r"\[jit\]", "--cumulative")
        self.assertEqual((7000, 7), (row["total_bytes"], row["total_blocks"]))
        self.assertEqual([], [n for n in profile.coverage["notes"] if "JIT" in n])

    def test_frames_of_every_kind(self):
        """A frame pointer, none, and more of them in a row than a path may have frames."""
        profile = self.compile("frame", "a", 10, "bare", "b", 20, "calls", "c", "b", "chain", "d",
                               "a", 400, "map", "a", "a", "map", "b", "b", "map", "c", "c", "map",
                               "d", "outer", "do", "a", 3, "do", "c", 4, "do", "d", 5)
        found = stacks(profile)
        self.assertEqual(3, found.pop(("a",)))
        self.assertEqual(4, found.pop(("b", "c")))
        (path, blocks), = found.items()
        self.assertEqual((5, "a"), (blocks, path[0]))
        self.assertGreater(len(path), 200)
        self.assertLessEqual(set(path), {"a", "?", "outer"})

    def test_names_of_compilers(self):
        cases = {"JS:~parse /x/app.js:12:3": ("parse", "/x/app.js", 12),
                 "LazyCompile:*get size file:///x/a%20b.mjs:7:1": ("get size", "/x/a b.mjs", 7),
                 "py::Store.fill:/x/app.py": ("Store.fill", "/x/app.py", 0),
                 "Lcom/foo/Bar;::baz": ("com.foo.Bar.baz", "", 0),
                 "int com.foo.Bar.baz(long)": ("com.foo.Bar.baz(long)", "", 0),
                 "void [app] Demo.Store::Load(int32)[Tier0]": ("Demo.Store::Load(int32)", "", 0),
                 "wasm-function[12]": ("wasm-function[12]", "", 0)}
        words = []
        for i, text in enumerate(cases):
            words += ["frame", "f%d" % i, 100 + i, "map", "f%d" % i, text, "do", "f%d" % i, i + 1]
        found = {}
        for row in self.compile(*words).rows("stack"):
            for frame in row["stack"]:
                if frame["module"] == "[jit]":
                    found[frame["function"], frame["file"], frame["line"]] = row["total_blocks"]
        self.assertEqual({name: i + 1 for i, name in enumerate(cases.values())}, found)

    def test_an_address_with_several_functions(self):
        """The latest is named, and it is said; one that is listed twice is the same function."""
        profile = self.compile("frame", "a", 100, "map", "a", "first", "do", "a", 3, "over", "b",
                               "a", 100, "map", "b", "second", "do", "b", 4, "frame", "c", 100,
                               "map", "c", "third", "map", "c", "third", "do", "c", 7)
        self.assertEqual({("second",): 7, ("third",): 7}, stacks(profile))
        note, = [n for n in profile.coverage["notes"] if "several functions" in n]
        self.assertIn("50.0%", note)

    def test_a_dump(self):
        """With lines, moves and what is in no map; found though no map is there."""
        profile = self.compile(
            "frame", "a", 100, "line", "/x/a.c", 42, "load", "a", "alpha", "do", "a", 3,
            "frame", "b", 200, "load", "b", "beta", "do", "b", 4,
            "moved", "a2", "a", "move", "a2", "a", "do", "a2", 5)
        rows = {row["key"]: row["total_blocks"] for row in profile.rows("line", "--cumulative")}
        self.assertEqual(8, rows["/x/a.c:42"])
        self.assertEqual(4, rows["beta ([jit])"])
        self.assertEqual({("alpha",): 8, ("beta",): 4}, stacks(profile))
        self.assertFalse([n for n in profile.coverage["notes"] if "several" in n])

    def test_two_runs(self):
        """Code lies elsewhere each time: a function is the same by its name and its file."""
        words = ["frame", "a", 100, "map", "a", "alpha", "frame", "b", 50, "map", "b",
                 "py::f:/x/a.py", "frame", "c", 60, "map", "c", "py::f:/x/b.py", "do", "b", 2,
                 "do", "c", 4, "do", "a"]
        paths = [self.compile(*words, n).path for n in (3, 8)]
        rows = harness.ask("diff", "--by", "line", "--cumulative", *paths)["rows"]
        changes = {row["key"]: (row["old_total_blocks"], row["new_total_blocks"]) for row in rows}
        self.assertEqual({"alpha ([jit])": (3, 8), "f (/x/a.py)": (2, 2), "f (/x/b.py)": (4, 4)},
                         {key: change for key, change in changes.items()
                          if "jit" in key and ".c" not in key or "f (" in key})

    def test_hostile_maps(self):
        program = ["frame", "a", 100, "map", "a", "good", "do", "a", 3]
        for raw in ("", "x", "0 ffffffffffffffff ", "ffffffffffffffff ffffffffffffffff top",
                    "1 1 \x7f\x01\xff", "zz zz zz", "0x", "-1 -1 -1", "1" * 40 + " 1 long",
                    "1 2", "1  2  "):
            with self.subTest(raw=raw[:30]):
                profile = self.compile("raw", raw, *program, "raw", raw)
                self.assertEqual({("good",): 3}, stacks(profile))
        for fill in ("7", "5 5 n", "\n"):
            with self.subTest(fill=fill):
                profile = self.compile("fill", fill, 300000, "raw", "", *program, "fill", fill,
                                       300000)
                self.assertEqual({("good",): 3}, stacks(profile))
        profile = self.compile(*program, "raw", "0 ffffffffffffffff everything")
        self.assertEqual({("everything",): 3}, stacks(profile))
        self.assertIn("several functions", profile.notes)

    def test_maps_of_others(self):
        """Nothing is believed that others could have written, and nothing is waited for."""
        def replaced_by(make, *words):
            script = self.write("script", "#!/bin/sh\nrm -f /tmp/perf-$$.map\n" + make +
                                "\nexec %s %s\n" % (harness.program("jit_code"),
                                                    " ".join(map(str, words))), 0o700)
            profile = self.track(["/bin/sh", script])
            return profile

        words = ["frame", "a", 100, "do", "a", 3]
        for make, why in (("mkfifo /tmp/perf-$$.map", "not a regular file"),
                          ("ln -s /etc/passwd /tmp/perf-$$.map", "not a regular file"),
                          ("touch /tmp/perf-$$.map; chmod 666 /tmp/perf-$$.map", "others may"),
                          ("touch /tmp/perf-$$.map; chown 12345 /tmp/perf-$$.map", "another user"),
                          ("touch -d 2001-01-01 /tmp/perf-$$.map", "")):
            if "chown" in make and os.geteuid() != 0:
                continue
            with self.subTest(make):
                profile = replaced_by(make, *words)
                self.assertEqual({("?",): 3}, stacks(profile))
                self.assertIn(why, profile.notes)

    def test_a_map_that_goes_with_its_process(self):
        """It is opened while it is there, by memtrack run, and read at the end."""
        command = [harness.MEMTRACK, "run", "-q", "-o", self.path("kept.pb.gz"), "--",
                   harness.program("jit_code"), *"frame a 100 map a alpha do a 3 wait unlink".split()]
        with live.Child(command, cwd=self.dir) as child:
            child.wait_for("ready")
            self.wait_until_open(child.pid, map_path(self.child_of(child.pid)))
            child.stdin.write(b"\n")
            child.stdin.close()
            child.stdin = None
            self.assertEqual(0, child.wait(harness.WATCHDOG_SECONDS))
        self.assertEqual({("alpha",): 3}, stacks(harness.Profile(self.path("kept.pb.gz"))))

    def test_a_tmp_of_its_own(self):
        """In a mount namespace where something else is mounted on the map."""
        self.write("real", "")
        script = self.write("script", "#!/bin/sh\ntouch /tmp/perf-$$.map\n"
                            "mount --bind %s /tmp/perf-$$.map || exit 77\nexec %s %s\n" %
                            (self.path("real"), harness.program("jit_code"),
                             "frame a 100 map a alpha do a 3 wait"), 0o700)
        command = [harness.MEMTRACK, "run", "-q", "-o", self.path("own.pb.gz"), "--",
                   harness.tool("unshare"), "-m", script]
        with live.Child(command, cwd=self.dir) as child:
            line = child.stdout.readline()
            if line != b"ready\n":
                self.skipTest("no mount namespaces here")
            pid = self.child_of(child.pid)
            self.addCleanup(self.remove, map_path(pid))
            self.wait_until_open(child.pid, map_path(pid), self.path("real"))
            child.stdin.write(b"\n")
            child.stdin.close()
            child.stdin = None
            self.assertEqual(0, child.wait(harness.WATCHDOG_SECONDS))
        paths = [p for p in map(harness.Profile, glob.glob(self.path("own*.pb.gz")))
                 if p.process["pid"] == pid and stacks(p)]
        self.assertEqual([{("alpha",): 3}], [stacks(p) for p in paths])

    def child_of(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
            return next(int(child) for child in children.read().split()
                        if "jit_code" in os.readlink("/proc/%s/exe" % child))

    def wait_until_open(self, pid, *paths):
        """Until a child of memtrack run has one of the files open for reading."""
        deadline = time.monotonic() + harness.WATCHDOG_SECONDS
        while time.monotonic() < deadline:
            for link in glob.glob("/proc/[0-9]*/fd/*"):
                with contextlib.suppress(OSError):
                    process = link.split("/")[2]
                    with open("/proc/%s/stat" % process) as stat:
                        parent = int(stat.read().rpartition(")")[2].split()[1])
                    if parent == pid and os.readlink(link) in paths and \
                            os.path.basename(os.readlink("/proc/%s/exe" % process)) == "memtrack":
                        return
            time.sleep(0.002)
        self.fail("the map was not opened")

    def test_a_running_process(self):
        with live.process([harness.program("jit_code"),
                           *"frame a 100 map a alpha do a 3 wait unlink".split()]) as process:
            process.wait_for("ready")
            self.addCleanup(self.remove, map_path(process.pid))
            rows = process.report("--by", "stack")["rows"]
            names = [f["function"] for row in rows for f in row["stack"] if f["module"] == "[jit]"]
            self.assertEqual(["alpha"], names)
            path = self.path("s.pb.gz")
            self.assertEqual(0, process.memtrack("snapshot", "-o", path, process.pid).code)
            self.assertEqual({("alpha",): 3}, stacks(harness.Profile(path)))


class Languages(Files):
    """The first line of the report is one of the program."""

    def first(self, profile):
        self.assertEqual(0, profile.coverage["truncated_stacks"], profile.notes)
        return profile.rows("line", "--sort", "peak")[0]

    def test_node(self):
        source = self.write("app.js", JAVASCRIPT)
        for option in ("--perf-basic-prof", "--perf-prof"):
            with self.subTest(option):
                profile = self.track([harness.tool("node"), option,
                                      "--interpreted-frames-native-stack", source])
                row = self.first(profile)
                self.assertEqual(("fill", source, 2), (row["function"], row["file"], row["line"]))
                self.assertGreaterEqual(row["peak_bytes"], 6 << 20)
                self.assertTrue([n for n in stacks(profile) if n.count("deep") >= 60])
                self.assertNotIn("without names", profile.notes)

    def test_without_names_it_is_said_how_to_have_them(self):
        source = self.write("app.js", JAVASCRIPT)
        profile = self.track([harness.tool("node"), source])
        self.assertRegex(profile.notes, "[0-9]+% of the peak is of JavaScript without names: node "
                                        "--perf-basic-prof --interpreted-frames-native-stack")

    def test_python(self):
        if not PYTHONS:
            self.skipTest("no Python that has -X perf")
        source = self.write("app.py", PYTHON)
        for python in PYTHONS:
            with self.subTest(python):
                profile = self.track([python, "-X", "perf", source])
                row = self.first(profile)
                self.assertEqual(("load_rows", source), (row["function"], row["file"]))
                self.assertGreaterEqual(row["peak_bytes"], 6 << 20)
                self.assertTrue([n for n in stacks(profile) if n.count("deep") >= 60])

    def test_java(self):
        self.write("App.java", JAVA)
        harness.check([harness.tool("javac"), "App.java"], cwd=self.dir)
        profile = self.track([harness.tool("java"), "-XX:+UnlockDiagnosticVMOptions",
                              "-XX:+DumpPerfMapAtExit", "-XX:+PreserveFramePointer", "-Xcomp",
                              "-XX:CompileCommand=quiet", "-XX:CompileCommand=compileonly,App::*",
                              "-XX:CompileCommand=dontinline,App::*", "-cp", self.dir, "App"])
        names = {row["function"] for row in profile.rows("line", "-n", "3")}
        self.assertIn("App.load()", names)


if __name__ == "__main__":
    harness.main()
