# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 19
"""Names of files that are deleted, replaced, nameless or elsewhere: had where they can be, never
taken from another file, and a note where not. Expected lines are the marked ones of the sources
below."""
import glob
import os
import re
import shutil
import unittest

from support import case, harness, live

MEMTRACK = harness.MEMTRACK

PLUGIN = """#include <stdlib.h>
static void *kept[90];
static void __attribute__((noinline)) hold(int i) { kept[i] = malloc(1100); /* LINE */ }
int work(void) { for (int i = 0; i < 90; i++) hold(i); return kept[3] != NULL; }
"""
# Loads argv[1], deletes it at once, works, and waits until argv[2] is there.
LOADER = """#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    void *p = dlopen(argv[1], RTLD_NOW);
    if (!p) return 2;
    if (argc > 3) unlink(argv[1]);
    int ok = ((int (*)(void))dlsym(p, "work"))();
    for (int i = 0; i < 30000 && access(argv[2], F_OK) != 0; i++) usleep(1000);
    return ok && access(argv[2], F_OK) == 0 ? 0 : 1;
}
"""
SERVER = """#include <stdio.h>
#include <stdlib.h>
static void *kept[40];
#ifdef NEW
static void padding(void) { puts("new"); }
static void __attribute__((noinline)) wrong_name(void) { padding(); for (int i = 0; i < 40; i++) kept[i] = malloc(3001); }
#define right_name wrong_name
#else
static void __attribute__((noinline)) right_name(void) {
    for (int i = 0; i < 40; i++)
        kept[i] = malloc(3000); /* LINE */
}
#endif
int main(void) { right_name(); puts("ready"); fflush(stdout); getchar(); return kept[3] == NULL; }
"""
LAUNCHER = """#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv) {
    int from = open(argv[argc - 1 ? 1 : 0], O_RDONLY | O_CLOEXEC), to = memfd_create("payload", MFD_CLOEXEC);
    while (sendfile(to, from, NULL, 1 << 20) > 0) ;
    fexecve(to, argv + 1, environ);
    return 9;
}
"""
WHEN = ("--when=blocks>=90", "--do=touch go")


def line_of(source):
    return 1 + next(i for i, line in enumerate(source.splitlines()) if "LINE" in line)


PLUGIN_ROW = ("hold", "plugin.c", line_of(PLUGIN), 99000)
SERVER_ROW = ("right_name", "server.c", line_of(SERVER), 120000)


def largest(report):
    row = max(report["rows"], key=lambda r: r["live_bytes"])
    return row["function"], os.path.basename(row["file"] or ""), row["line"], row["live_bytes"]


def notes(report):
    return "\n".join(report["coverage"]["notes"])


class Case(case.Case):
    def build(self, name, source, *flags):
        return super().build(name, source, "-g", "-O1", "-w", *flags)

    def report(self, name, *options, env=None):
        return harness.ask("report", *options, self.path(name),
                           env=harness.plain_environment(**(env or {})))


class WhileARunIsWatched(Case):
    """What was mapped is held until the profiles are written. The program goes on when a trigger
    says that it was looked at."""

    def run_plugin(self, *flags, before=(), where=None, wrapper=()):
        self.build("loader", LOADER)
        plugin = self.build("plugin.so", PLUGIN, "-shared", "-fPIC", *flags)
        if where:
            plugin = shutil.copy(plugin, os.path.join(where, "plugin.so"))
        go = self.path("go")
        result = harness.run([MEMTRACK, "run", "-q", "--force", "--interval=1ms", "-o", "%e.pb.gz",
                              *WHEN, "--", *wrapper, self.path("loader"), plugin, go, "delete"],
                             cwd=self.dir)
        self.assertEqual(0, result.code, result)
        self.assertFalse(os.path.exists(plugin))
        name = [n for n in os.listdir(self.dir) if n.startswith("loader") and n.endswith(".pb.gz")]
        return self.report(name[0])

    @unittest.skipUnless(os.geteuid() == 0, "root alone may open a deleted file that is mapped")
    def test_a_plugin_that_is_unpacked_loaded_and_deleted(self):
        for flags in ((), ("-Wl,--build-id=none",)):
            with self.subTest(flags):
                report = self.run_plugin(*flags)
                self.assertEqual(PLUGIN_ROW, largest(report))
                self.assertNotIn("plugin.so", notes(report))
                os.remove(self.path("go"))

    @unittest.skipUnless(os.geteuid() == 0, "root alone may open a deleted file that is mapped")
    def test_in_a_child(self):
        self.assertEqual(PLUGIN_ROW, largest(self.run_plugin(wrapper=["sh", "-c", '"$@"; exit $?',
                                                                      "sh"])))

    @unittest.skipUnless(os.geteuid() == 0, "only root mounts")
    def test_the_program_can_unmount_what_it_used(self):
        """On a file system of its own a file is copied, not held: unmounting it works as it does
        natively."""
        mount = self.path("mount")
        os.mkdir(mount)
        script = ('mount -t tmpfs none "$1" || exit 77; cp "$2" "$1/plugin.so"; shift 2; '
                  '"$@"; s=$?; umount "$M" || exit 55; exit $s')
        self.build("loader", LOADER)
        plugin = self.build("plugin.so", PLUGIN, "-shared", "-fPIC")
        command = ["env", "M=" + mount, "sh", "-c", script, "sh", mount, plugin,
                   self.path("loader"), mount + "/plugin.so", self.path("go"), "delete"]
        result = harness.run(["unshare", "-m", MEMTRACK, "run", "-q", "--interval=1ms", "-o",
                              "%e.%p.pb.gz", *WHEN, "--", *command], cwd=self.dir)
        if result.code in (1, 77) and b"mount" in result.stderr:
            self.skipTest("nothing can be mounted here")
        self.assertEqual(0, result.code, result)
        name = [n for n in os.listdir(self.dir) if n.startswith("loader.") and n.endswith(".pb.gz")]
        self.assertEqual(PLUGIN_ROW, largest(self.report(name[0])))

    def test_a_program_out_of_a_memfd(self):
        self.build("launcher", LAUNCHER)
        self.build("server", SERVER)
        os.rename(self.build("loader", LOADER.replace("unlink", "(void)"), "-rdynamic"),
                  self.path("payload"))
        plugin = self.build("plugin.so", PLUGIN, "-shared", "-fPIC")
        result = harness.run([MEMTRACK, "run", "-q", "--interval=1ms", "-o", "%e.pb.gz", *WHEN,
                              "--", self.path("launcher"), self.path("payload"), plugin,
                              self.path("go")], cwd=self.dir)
        self.assertEqual(0, result.code, result)
        self.assertEqual(PLUGIN_ROW, largest(self.report("payload.pb.gz")))
        frames = [f for row in self.report("payload.pb.gz", "--by", "stack")["rows"]
                  for f in row["stack"]]
        self.assertIn(("main", "loader.c"), {(f["function"], os.path.basename(f["file"] or ""))
                                             for f in frames})

    def test_what_nobody_saw_is_said(self):
        """It ended before it was looked at: the note names the file."""
        self.build("loader", LOADER)
        plugin = self.build("plugin.so", PLUGIN, "-shared", "-fPIC")
        open(self.path("go"), "w").close()
        env = harness.preloaded(self.dir)
        harness.check([self.path("loader"), plugin, self.path("go"), "delete"], env=env)
        ledger, = harness.ledgers(self.dir)
        report = self.report(ledger)
        self.assertEqual(("", "", 0, 99000), largest(report))
        self.assertIn(plugin + " cannot be opened here", notes(report))
        self.build("plugin.so", PLUGIN, "-shared", "-fPIC")
        self.assertEqual(PLUGIN_ROW, largest(self.report(ledger)))
        self.build("plugin.so", PLUGIN.replace("1100", "1200"), "-shared", "-fPIC")
        report = self.report(ledger)
        self.assertEqual(("", "", 0, 99000), largest(report))
        self.assertIn(plugin + " has changed", notes(report))


def made_up(unstripped):
    """What the function of SERVER_ROW is called once its name is gone."""
    symbols = harness.check(["nm", unstripped]).stdout.decode()
    return "sub_%x" % int(re.search(r"(\S+) [tT] %s$" % SERVER_ROW[0], symbols, re.M).group(1), 16)


class Stripped(Case):
    """What has no symbols is named with its share and with what helps, if it matters. Its functions
    are told apart all the same, by the tables for unwinding."""

    def test_a_program_of_ones_own(self):
        server = self.build("server", SERVER)
        shutil.copy(server, self.path("unstripped"))
        harness.check(["strip", server])
        harness.memtrack("run", "-q", "-o", "p.pb.gz", "--", server, cwd=self.dir)
        report = self.report("p.pb.gz")
        self.assertRegex(notes(report), r"server is stripped: functions with \d+% "
                                        r"of all bytes have no names")
        self.assertIn("or use --debuginfod", notes(report))
        asked = self.report("p.pb.gz", "--debuginfod", env={"DEBUGINFOD_URLS": "http://127.0.0.1:1"})
        self.assertNotIn("use --debuginfod", notes(asked))
        self.assertEqual((made_up(self.path("unstripped")), "", 0, 120000), largest(report))
        os.mkdir(self.path("kept"))
        os.rename(self.path("unstripped"), self.path("kept", "server"))
        report = self.report("p.pb.gz", "--debug-path", self.path("kept"))
        self.assertEqual(SERVER_ROW, largest(report))
        self.assertNotIn("stripped", notes(report))

    def test_one_of_a_package(self):
        program = os.path.realpath(harness.tool("sed"))
        owner = harness.run(["dpkg-query", "-S", "*" + os.path.join("bin", "sed")])
        symbols = harness.run(["readelf", "-SW", program]).stdout
        if owner.code != 0 or b".symtab" in symbols or harness.run([
                "ls", "/usr/lib/debug/.build-id"]).stdout.count(b"\n") > 300:
            self.skipTest("sed is not a stripped program of a package here")
        harness.memtrack("run", "-q", "-o", "p.pb.gz", "--", program, "-n", "p", cwd=self.dir)
        self.assertIn(owner.stdout.decode().split(":")[0] + "-dbgsym",
                      notes(self.report("p.pb.gz")))


class OfARunningProcess(Case):
    def ask(self, process, expected=SERVER_ROW):
        self.assertEqual(expected, largest(process.report()))
        out = process.memtrack("snapshot", "-q", "-o", self.path("s.pb.gz"), "--force", process.pid)
        self.assertEqual(0, out.code, out)
        self.assertEqual(expected, largest(self.report("s.pb.gz")))
        top = process.memtrack("top", "--once", "--json", process.pid)
        self.assertIn(expected[0], top.stdout.decode())

    def test_replaced_and_deleted(self):
        for flags in ((), ("-Wl,--build-id=none",)):
            server = self.build("server", SERVER, *flags)
            with live.process([server]) as process:
                process.wait_for("ready")
                self.ask(process)
                os.rename(self.build("new", SERVER, "-DNEW", *flags), server)
                self.ask(process)
                os.remove(server)
                self.ask(process)

    def test_a_memfd(self):
        self.build("launcher", LAUNCHER)
        server = self.build("server", SERVER)
        with live.process([self.path("launcher"), server]) as process:
            process.wait_for("ready")
            self.ask(process)

    def test_another_mount_namespace(self):
        """A file that is only there, and one of another build at the same path here."""
        server = self.build("server", SERVER)
        os.mkdir(self.path("app"))
        inside = 'mount -t tmpfs none "$1" && cp "$2" "$1/server" && rm "$2" && shift 2 && exec "$@"'
        wrapper = ["unshare", "-m", "sh", "-c", inside, "sh", self.path("app"), server]
        if harness.run(["unshare", "-m", "true"]).code != 0:
            self.skipTest("no mount namespaces here")
        with live.process([self.path("app", "server")], wrapper=wrapper) as process:
            process.wait_for("ready")
            self.assertFalse(os.path.exists(self.path("app", "server")))
            self.ask(process)
            os.rename(self.build("new", SERVER, "-DNEW"), self.path("app", "server"))
            self.ask(process)


class InAnotherPlace(Case):
    """The same file under another path, as it is when a profile comes from a container or from
    another machine."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))

    def record(self, *flags):
        os.rename(self.build("server", SERVER, *flags), self.path("bin", "server"))
        # a profile of memtrack run has names already: a ledger has none
        env = harness.preloaded(self.dir)
        harness.check([self.path("bin", "server")], env=env)
        ledger, = set(harness.ledgers(self.dir)) - {self.path("l.ledger")}
        os.replace(ledger, self.path("l.ledger"))

    def places(self, build_id):
        yield "", ["--debug-path", "{}/bin"]
        yield "x", ["--debug-path={}/nothing:{}/x/bin"]
        yield "x", ["--debug-path", "{}/nothing", "--debug-path", "{}/x"]
        yield "root" + self.dir, ["--sysroot", "{}/root"]
        if build_id:
            yield "ids/.build-id/" + build_id[:2] + "/" + build_id[2:], ["--debug-path", "{}/ids"]
            yield "ids/" + build_id, ["--debug-path", "{}/ids"]

    def put(self, place, build_id):
        target = self.path(place, "bin") if "ids" not in place else self.path(place)
        if place.endswith(build_id[2:]) and "ids/.b" in place:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(self.path("bin", "server"), target)
            return
        os.makedirs(target, exist_ok=True)
        if target != self.path("bin"):
            os.rename(self.path("bin", "server"), os.path.join(target, "server"))

    def test_by_build_id_name_and_root(self):
        out = ""
        for flags in ((), ("-Wl,--build-id=none",)):
            self.record(*flags)
            if not flags:
                out = harness.check(["readelf", "-n", self.path("bin", "server")]).stdout.decode()
                build_id = out.split("Build ID: ")[1].split()[0]
            else:
                build_id = ""
            os.rename(self.path("bin", "server"), self.path("kept"))
            self.assertEqual(("", "", 0, 120000), largest(self.report("l.ledger")))
            for place, options in self.places(build_id):
                with self.subTest(place, flags=flags):
                    os.makedirs(self.path("bin"), exist_ok=True)
                    shutil.copy2(self.path("kept"), self.path("bin", "server"))
                    self.put(place, build_id)
                    os.rename(self.path("bin"), self.path("elsewhere")) if not place else None
                    options = [o.replace("{}/bin", self.path("elsewhere")) if not place else o
                               for o in options]
                    options = [o.replace("{}", self.dir) for o in options]
                    report = self.report("l.ledger", *options)
                    self.assertEqual(SERVER_ROW, largest(report))
                    self.assertNotIn("names", notes(report))
                for name in ("elsewhere", "x", "root", "ids", "bin"):
                    shutil.rmtree(self.path(name), ignore_errors=True)
            os.mkdir(self.path("bin"))

    def test_environment(self):
        self.record()
        os.rename(self.path("bin"), self.path("elsewhere"))
        env = {"MEMTRACK_DEBUG_PATH": self.path("elsewhere")}
        self.assertEqual(SERVER_ROW, largest(self.report("l.ledger", env=env)))
        os.makedirs(self.path("root" + self.dir))
        os.rename(self.path("elsewhere"), self.path("root" + self.dir, "bin"))
        env = {"MEMTRACK_SYSROOT": self.path("root")}
        self.assertEqual(SERVER_ROW, largest(self.report("l.ledger", env=env)))

    def test_snapshot_of_a_trigger(self):
        """It gets its names where the command was told to look: here the program is stripped, the
        image has all of it."""
        os.makedirs(self.path("root" + self.dir, "bin"))
        server = self.path("root" + self.dir, "bin", "server")
        os.rename(self.build("server", SERVER), server)
        harness.check(["strip", "-o", self.path("bin", "server"), server])
        for options, row in ((["--sysroot", self.path("root")], SERVER_ROW),
                             ([], (made_up(server), "", 0, 120000))):
            with live.process([self.path("bin", "server")]) as process, self.subTest(options):
                process.wait_for("ready")
                profile = self.path("s%d.pb.gz" % len(options))
                env = harness.plain_environment(MEMTRACK_DIR=process.directory)
                harness.memtrack("snapshot", process.pid, "--when", "live>50K", "--count", "1",
                                 "-q", *options, "-o", profile, env=env)
                written, = glob.glob(profile[:-len(".pb.gz")] + "*.pb.gz")
                self.assertEqual(row, largest(harness.Profile(written).report("--by", "line")))

    def test_another_build_is_not_believed(self):
        """Of the same name, in a place that was given: with a build id it is told, without one by
        the room it takes."""
        for flags, new in (((), ("-DNEW",)), (("-Wl,--build-id=none",),
                                              ("-DNEW", "-Wl,--build-id=none", "-DBIG")),
                           (("-Wl,--build-id=none",), ("-DNEW",))):
            with self.subTest(flags, new=new):
                self.record(*flags)
                os.remove(self.path("bin", "server"))
                source = SERVER + "#ifdef BIG\nchar big[100000] = {1};\n#endif\n"
                os.makedirs(self.path("new"), exist_ok=True)
                os.rename(self.build("server", source, *new), self.path("new", "server"))
                report = self.report("l.ledger", "--debug-path", self.path("new"))
                self.assertEqual(("", "", 0, 120000), largest(report))
                self.assertIn("has changed", notes(report))


if __name__ == "__main__":
    harness.main()
