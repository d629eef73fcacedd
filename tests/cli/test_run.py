# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 18
"""`memtrack run` is invisible to the program and honest to the user: streams, descriptors,
environment, signals and exit status are the program's own; what cannot be recorded is refused with
a reason; what was recorded is never lost."""
import glob
import json
import os
import re
import resource
import shutil
import signal
import stat
import struct
import sys
import time

from support import case, harness, live, terminal

MEMTRACK = harness.MEMTRACK
TRACKER = ("LD_PRELOAD", "MEMTRACK_DIR", "MEMTRACK_OPTIONS")


def memtrack(*arguments, env=None, **options):
    return harness.run([MEMTRACK, "run", *arguments], env=env, **options)


def environment(directory, **extra):
    """One in which the session directory of the run is made in a place of its own, so that
    leftovers show."""
    sessions = os.path.join(directory, "sessions")
    os.makedirs(sessions, exist_ok=True)
    return harness.plain_environment(MEMTRACK_DIR=sessions, **extra)


def leftovers(directory):
    return glob.glob(os.path.join(directory, "sessions", "**"), recursive=True)[1:]


class Case(case.Case):
    def setUp(self):
        super().setUp()
        self.env = environment(self.dir)

    def write(self, name, content, mode=0o755):
        return super().write(name, content, mode)

    def build(self, name, source, *flags):
        return super().build(name, source, *flags, required=False)

    def run_here(self, *arguments, **options):
        return memtrack(*arguments, env=options.pop("env", self.env), cwd=self.dir, **options)

    def start(self, script):
        """Run the script, until it says that it is ready."""
        command = [MEMTRACK, "run", "-q", "-o", "x.pb.gz", "--", "sh", "-c", script]
        return self.enterContext(live.Child(command, "ready", env=self.env, cwd=self.dir))

    def profiles(self):
        return sorted(os.path.basename(path) for path in glob.glob(self.path("*.pb.gz*")))

    def assert_clean(self):
        self.assertEqual([], leftovers(self.dir))


class Transparent(Case):
    def test_exit_status(self):
        for script, status in (("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137),
                               ("kill -TERM $$", 143), ("kill -SEGV $$", 139)):
            with self.subTest(script):
                result = self.run_here("-q", "-o", "x.pb.gz", "--force", "--", "sh", "-c", script)
                self.assertEqual(status, result.code, repr(result))
                self.assertEqual([b"", b""], [result.stdout, result.stderr])
        self.assertEqual(["x.pb.gz"], self.profiles())
        self.assert_clean()

    def test_bare_program(self):
        result = harness.run([MEMTRACK, "sh", "-c", "exit 5"], env=self.env, cwd=self.dir)
        self.assertEqual(5, result.code)
        self.assertRegex(self.profiles()[0], r"^memtrack\.sh\.\d+\.pb\.gz$")

    def test_streams_pass_untouched(self):
        data = bytes(range(256)) * 4096
        result = self.run_here("-q", "-o", "x.pb.gz", "--", "cat", stdin=data)
        self.assertTrue(result.stdout == data, "standard output differs")
        self.assertEqual(b"", result.stderr)

    def test_summary_is_on_stderr_alone(self):
        result = self.run_here("-o", "x.pb.gz", "--", "echo", "hello")
        self.assertEqual(b"hello\n", result.stdout)
        self.assertIn(b"peak", result.stderr.lower())
        self.assertIn(b"x.pb.gz", result.stderr)

    def test_json_summary(self):
        result = self.run_here("--json", "-o", "x.pb.gz", "--", harness.program("leaks"))
        summary = json.loads(result.stderr)
        self.assertEqual("memtrack-report/1", summary["schema"])
        self.assertGreater(summary["totals"]["total_blocks"], 0)
        self.assertEqual({"code": result.code, "signal": None}, summary["process"]["exit"])

    def test_descriptors(self):
        native = harness.run([harness.program("fds_first")], cwd=self.dir)
        tracked = self.run_here("-q", "-o", "x.pb.gz", "--", harness.program("fds_first"))
        self.assertEqual(native.stdout, tracked.stdout)

    def test_closed_standard_streams(self):
        """A message must not end up in a file that got the number of a closed stream."""
        def close():
            os.close(0)
            os.close(2)
        native = harness.run([harness.program("fds_first")], cwd=self.dir, preexec_fn=close)
        tracked = self.run_here("-o", "x.pb.gz", "--", harness.program("fds_first"),
                                preexec_fn=close)
        self.assertEqual((0, native.stdout), (tracked.code, tracked.stdout))
        harness.Profile(self.path("x.pb.gz")).report()

    def test_environment(self):
        # for a memtrack that is built with sanitizers
        env = dict(self.env, LD_PRELOAD=harness.find_library("libm.so.6"), ODD="a b\n:c",
                   ASAN_OPTIONS="verify_asan_link_order=0")
        native = harness.run(["env", "-0"], env=env).stdout.split(b"\0")
        tracked = self.run_here("-q", "-o", "x.pb.gz", "--", "env", "-0",
                                env=env).stdout.split(b"\0")
        ours = {line.split(b"=")[0].decode(): line.split(b"=", 1)[1] for line in tracked if
                line.split(b"=")[0].decode() in TRACKER}
        self.assertEqual(*(sorted(line for line in lines
                                  if line.split(b"=")[0].decode() not in TRACKER)
                           for lines in (native, tracked)))
        self.assertTrue(ours["LD_PRELOAD"].endswith(b":" + env["LD_PRELOAD"].encode()), ours)

    def test_signal_state_is_inherited(self):
        show = ["grep", "-E", "^Sig(Blk|Ign|Cgt|Pnd)|^ShdPnd", "/proc/self/status"]

        def prepare():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        native = harness.run(show, preexec_fn=prepare)
        tracked = self.run_here("-q", "-o", "x.pb.gz", "--", *show, preexec_fn=prepare)
        self.assertEqual((0, native.stdout), (tracked.code, tracked.stdout))

    def test_working_directory_and_arguments(self):
        result = self.run_here("-q", "-o", "x.pb.gz", "sh", "-c", 'pwd; printf "%s|" "$@"', "sh",
                               "-q", "--", "a b", "")
        self.assertEqual((os.path.realpath(self.dir) + "\n-q|--|a b||").encode(), result.stdout)

    def test_small_while_recording(self):
        if harness.is_sanitized():
            self.skipTest("a sanitizer takes memory of its own")
        process = self.start(harness.program("sizes") + " >/dev/null; echo ready; read line")
        with open("/proc/%d/status" % process.pid) as file:
            rss = int(file.read().split("VmHWM:")[1].split()[0])
        process.communicate(b"\n", timeout=60)
        self.assertEqual(0, process.returncode)
        self.assertLess(rss, 20 * 1024, "kB")


class Signals(Case):
    SLEEPER = ("trap 'echo {0}; exit 3' {0}; echo ready; i=0; while [ $i -lt 200 ]; do sleep 0.05; "
               "i=$((i+1)); done")

    def test_forwarded(self):
        for name in ("TERM", "HUP", "USR1", "USR2", "INT", "QUIT"):
            with self.subTest(name):
                process = self.start(self.SLEEPER.format(name))
                process.send_signal(getattr(signal, "SIG" + name))
                self.assertEqual(name.encode() + b"\n", process.stdout.read())
                self.assertEqual(3, process.wait(20))
                self.assertIn("x.pb.gz", self.profiles())
                os.unlink(self.path("x.pb.gz"))
                self.assert_clean()

    def test_killed_memtrack_leaves_the_recording(self):
        process = self.start("trap : USR1; echo ready; sleep 1; ls / >/dev/null; echo done")
        process.kill()
        process.wait()
        self.assertEqual(b"done\n", process.stdout.read())  # the program did not notice
        kept = [path for path in leftovers(self.dir) if path.endswith(".ledger")]
        self.assertTrue(kept)
        harness.memtrack("report", kept[0])

    def terminal(self, keys, script):
        """Run in a terminal of its own, press the keys once the script says ready; output, status
        of memtrack."""
        pid, master = os.forkpty()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(MEMTRACK, [MEMTRACK, "run", "-q", "-o", "x.pb.gz", "--", "sh", "-c", script],
                      self.env)
        terminal.read_until(master, b"ready")
        os.write(master, keys)
        self.addCleanup(os.close, master)
        return pid, master

    def test_interrupt_key(self):
        pid, master = self.terminal(b"\x03", self.SLEEPER.format("INT"))
        self.assertIn(b"INT", terminal.drain(master))
        self.assertEqual(3, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        self.assertIn("x.pb.gz", self.profiles())

    def test_interrupt_kills_the_program_not_the_profile(self):
        for key, status in ((b"\x03", 130), (b"\x1c", 131)):
            with self.subTest(key):
                pid, master = self.terminal(key, "echo ready; read line")
                terminal.drain(master)
                self.assertEqual(status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                self.assertIn("x.pb.gz", self.profiles())
                for name in self.profiles():
                    os.unlink(self.path(name))

    def test_stop_key_stops_both_until_continued(self):
        # A terminal stops only groups that somebody could continue, so memtrack gets a shell as its
        # parent.
        pid, master = os.forkpty()
        if pid == 0:
            os.chdir(self.dir)
            os.execve("/bin/bash", ["bash", "--norc", "-ic",
                                    MEMTRACK + " run -q -o x.pb.gz -- sh -c 'echo re''ady; sleep "
                                               "1; echo on'; jobs -l; "
                                    "fg; echo status $?"], self.env)
        output = terminal.read_until(master, b"ready")
        os.write(master, b"\x1a")
        output += terminal.drain(master)
        os.waitpid(pid, 0)
        os.close(master)
        self.assertIn(b"Stopped", output)
        self.assertRegex(output.replace(b"\r", b""), rb"(?s)on\n.*status 0")


class Refused(Case):
    """Each case: the exit status, words of the message, and that the program did not run."""

    def refuse(self, status, words, *program, **options):
        result = self.run_here(*program, **options)
        self.assertEqual(status, result.code, repr(result))
        for word in words:
            self.assertIn(word, result.stderr.decode(), repr(result))
        self.assertEqual(b"", result.stdout)
        self.assertEqual([], self.profiles())
        self.assert_clean()
        return result

    def elf(self, machine, bits=2, kind=2):
        return b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9) + bytes([kind, 0]) + machine.to_bytes(
            2, "little") + bytes(100)

    def test_not_found(self):
        self.refuse(127, ["no-such-program", "not found", "PATH"], "no-such-program")
        self.refuse(127, ["./no-such-program", "not found"], "--", "./no-such-program")
        self.refuse(127, ["/etc/passwd/x"], "/etc/passwd/x")

    def test_no_program(self):
        self.refuse(125, ["give a program"])
        self.refuse(125, ["give a program"], "--")
        self.refuse(125, ["give a program"], "")

    def test_cannot_execute(self):
        self.refuse(126, ["directory"], "/tmp")
        self.refuse(126, ["permission", "chmod"], self.write("plain", "#!/bin/sh\n", 0o644))
        self.refuse(126, ["neither"], self.write("binary", bytes(range(256))))
        self.refuse(126, ["aarch64", "x86-64"], self.write("arm", self.elf(183)))
        self.refuse(126, ["damaged"], self.write("cut", self.elf(62)[:30]))
        self.refuse(126, ["damaged"], self.write("object", self.elf(62, kind=1)))

    def test_scripts(self):
        self.refuse(126, ["/no/such/sh", "does not exist"], self.write("a", "#!/no/such/sh\n"))
        self.refuse(126, ["Windows"], self.write("b", "#!/bin/sh\r\necho\r\n"))
        self.refuse(126, ["names no interpreter"], self.write("c", "#!\n"))
        self.refuse(126, ["circles"], self.write("d", "#!" + self.path("d") + "\n"))
        self.refuse(126, ["too long"], self.write("e", "#!/" + "x" * 300 + "\n"))
        self.refuse(126, ["not executable"], self.write("f", "#!/etc/passwd\n"))

    def test_a_script_without_interpreter_runs_as_by_a_shell(self):
        for name, text in (("bare", "echo $0 $1\n"), ("short", "#!/bin/sh")):
            result = self.run_here("-q", "-o", "x.pb.gz", "--force", "--", self.write(name, text),
                                   "one")
            self.assertEqual(0, result.code, repr(result))

    def test_static(self):
        for flag in ("-static", "-static-pie"):
            program = self.build("static" + flag,
                                 "#include <stdio.h>\nint main(void) { puts(\"ran\"); }", flag)
            self.refuse(125, ["statically linked", program], program)
            self.refuse(125, ["statically linked"], self.write("script", "#!" + program + "\n"))

    def test_32_bit(self):
        self.refuse(125, ["32-bit"], self.write("i386", self.elf(3, bits=1)))
        self.refuse(125, ["32-bit"], self.write("x32", self.elf(62, bits=1)))

    def test_musl_and_missing_linker(self):
        source = "int main(void) { return 0; }"
        musl = self.build("musl", source, "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1")
        self.refuse(125, ["musl", "glibc"], musl)
        other = self.build("other", source, "-Wl,--dynamic-linker=/no/such/ld.so")
        self.refuse(126, ["/no/such/ld.so"], other)

    def test_sanitizers(self):
        program = self.build("asan", "int main(void) { return 0; }", "-fsanitize=address")
        self.refuse(125, ["AddressSanitizer", "-fsanitize"], program)

    def test_own_malloc(self):
        own = ("#include <stddef.h>\nstatic char heap[1 << 20]; static size_t used;\n"
               "void *malloc(size_t n) { return heap + (used += n + 15 & ~15ul) - (n + 15 & "
               "~15ul); } void free(void *p) {}\n"
               "void *calloc(size_t a, size_t b) { return malloc(a * b); }\n"
               "void *realloc(void *p, size_t n) { return malloc(n); }\n%s"
               "int main(void) { return malloc(3) == NULL; }")
        self.refuse(125, ["own malloc"], self.build("own", own % "", "-rdynamic"))
        finds = self.build("finds", own % "#include <dlfcn.h>\nvoid *f(void) { return dlsym((void "
                                          "*)-1l, \"x\"); }\n",
                             "-rdynamic")
        result = self.run_here("-o", "x.pb.gz", "--", finds)
        self.assertEqual(0, result.code, repr(result))
        self.assertIn(b"contains its own malloc", result.stderr)
        self.assertIn(b"nothing was recorded", result.stderr)

    def test_own_malloc_of_a_child(self):
        """Which memtrack run does not see before it runs: its profile tells."""
        source = ("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdlib.h>\nstatic char "
                  "heap[1 << 20];"
                  " static size_t used;\n"
                  "void *malloc(size_t n) { void *(*next)(size_t) = n < LEAST ? 0 : "
                  "dlsym(RTLD_NEXT, \"malloc\");"
                  " return next ? next(n) : heap + (used += n + 15 & ~15ul) - (n + 15 & ~15ul); }\n"
                  "void free(void *p) { (void)p; }\n"
                  "int main(void) { return malloc(3) == NULL || malloc(5000) == NULL; }")
        for name, least in (("some", 1000), ("none", 1000000)):
            program = self.build(name, source, "-rdynamic", "-fno-builtin", "-w", "-DLEAST=%d" %
                                 least)
            with self.subTest(name):
                self.assertEqual(0, self.run_here("-q", "-o", name + ".%e.pb.gz", "--", "sh", "-c",
                                                  program + "; :").code)
                profiles = [p for p in map(harness.Profile, glob.glob(self.path(name + ".*.pb.gz")))
                            if p.process["exe"] == program]
                self.assertEqual(1, len(profiles), profiles)
                notes = profiles[0].notes
                self.assertIn("contains its own malloc", notes)
                self.assertEqual(name == "none", "Nothing was recorded" in notes, notes)

    def test_privileged(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to make such files")
        shutil.copy("/bin/echo", self.path("suid"))
        os.chown(self.path("suid"), 65534, 65534)
        os.chmod(self.path("suid"), 0o4755)
        self.refuse(125, ["setuid", "copy"], self.path("suid"), "ran")
        os.chmod(self.path("suid"), 0o2755)
        self.refuse(125, ["setgid"], self.path("suid"), "ran")

    def test_capabilities(self):
        """They make a program privileged for those who do not have them anyway."""
        if os.geteuid() != 0:
            self.skipTest("needs root to make such files")
        shutil.copy("/bin/echo", self.path("capable"))
        bind_service = struct.pack("<5I", 0x02000000, 1 << 10, 0, 0, 0)
        try:
            os.setxattr(self.path("capable"), "security.capability", bind_service)
        except OSError as error:
            self.skipTest("no file capabilities here: %s" % error)
        os.chmod(self.dir, 0o777)
        stranger = [harness.tool("setpriv"), "--reuid", "65534", "--regid", "65534",
                    "--clear-groups", MEMTRACK, "run", "-q", "--"]
        if harness.run([*stranger, "true"], cwd=self.dir).code:
            self.skipTest("other users cannot run %s" % MEMTRACK)
        for name in self.profiles():
            os.remove(self.path(name))
        result = harness.run([*stranger, self.path("capable"), "ran"], cwd=self.dir)
        self.assertEqual((125, b""), (result.code, result.stdout), result)
        self.assertIn(b"has file capabilities", result.stderr)
        self.assertEqual([], self.profiles())

    def test_wrong_options(self):
        for option in ("--follow=maybe", "--frames=0", "--frames=x", "--frames=9999999",
                       "--sample=-3", "--interval=0s", "--interval=soon", "--allocator=nosuch",
                       "--allocator=/etc/passwd", "--allocator=/no/such.so", "--allocator=" +
                       harness.find_library("libm.so.6"), "--color=red", "--no-such-option"):
            with self.subTest(option):
                result = self.refuse(125, [], option, "--", "touch", self.path("ran"))
                self.assertFalse(os.path.exists(self.path("ran")))
                self.assertTrue(result.stderr)


class Output(Case):
    def test_placeholders(self):
        result = self.run_here("-q", "-o", "%%-%e-%p-%h-%t.pb.gz", "--", "sh", "-c", "echo $$")
        self.assertRegex(self.profiles()[0], r"^%%-sh-%d-%s-\d{8}T\d{6}Z\.pb\.gz$" % (
            int(result.stdout), re.escape(os.uname().nodename)))

    def test_unknown_placeholder(self):
        for pattern in ("%x", "a%", "dir%/", "/", ""):
            result = self.run_here("-o", pattern, "--", "touch", "ran")
            self.assertEqual(125, result.code, repr(result))
            self.assertFalse(os.path.exists(self.path("ran")))

    def test_existing_file_is_kept(self):
        self.write("x.pb.gz", "precious")
        result = self.run_here("-o", "x.pb.gz", "--", "touch", "ran")
        self.assertEqual(125, result.code)
        self.assertIn(b"--force", result.stderr)
        self.assertFalse(os.path.exists(self.path("ran")), "refused before the run")
        result = self.run_here("-q", "--force", "-o", "x.pb.gz", "--", "true")
        self.assertEqual(0, result.code)
        with open(self.path("x.pb.gz"), "rb") as file:
            self.assertEqual(b"\x1f\x8b", file.read(2))

    def test_file_that_appears_during_the_run_is_kept(self):
        result = self.run_here("-q", "-o", "x.pb.gz", "--", "sh", "-c", "echo precious >x.pb.gz")
        self.assertEqual(0, result.code)
        with open(self.path("x.pb.gz")) as file:
            self.assertEqual("precious\n", file.read())
        self.assertEqual(["x.2.pb.gz", "x.pb.gz"], self.profiles())
        self.assertIn(b"x.2.pb.gz", result.stderr)

    def test_unwritable(self):
        for name in ("no/such/dir/x.pb.gz", "/proc/x.pb.gz", "/tmp"):
            result = self.run_here("-o", name, "--", "touch", "ran")
            self.assertEqual(125, result.code, repr(result))
            self.assertIn(name.encode(), result.stderr)
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_directory_that_vanishes(self):
        os.mkdir(self.path("d"))
        result = self.run_here("-q", "-o", "d/x.pb.gz", "--", "rm", "-r", self.path("d"),
                               env=dict(self.env, TMPDIR=self.dir))
        self.assertEqual(0, result.code)
        self.assertIn(self.path("x.pb.gz").encode(), result.stderr)
        self.assertEqual(["x.pb.gz"], self.profiles())

    def test_device(self):
        self.assertEqual(0, self.run_here("-q", "-o", "/dev/null", "--", "true").code)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_fifo(self):
        """Whoever reads it gets the profile. When nobody does, it goes elsewhere, and the run
        ends."""
        os.mkfifo(self.path("pipe"))
        os.mkdir(self.path("elsewhere"))
        env = dict(self.env, TMPDIR=self.path("elsewhere"))
        result = self.run_here("-q", "-o", "pipe", "--", "ls", env=env)
        self.assertEqual(0, result.code, "%r" % result)
        self.assertIn(b"nobody reads", result.stderr)
        self.assertGreater(harness.Profile(self.path("elsewhere/pipe")).totals["total_blocks"], 0)
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.assertEqual(0, self.run_here("-q", "-o", "pipe", "--", "ls", env=env).code)
        with os.fdopen(reader, "rb") as pipe, open(self.path("copy"), "wb") as copy:
            copy.write(pipe.read())
        self.assertGreater(harness.Profile(self.path("copy")).totals["total_blocks"], 0)

    def test_mode_follows_umask(self):
        self.run_here("-q", "-o", "x.pb.gz", "--", "true", preexec_fn=lambda: os.umask(0o027))
        self.assertEqual(0o640, stat.S_IMODE(os.stat(self.path("x.pb.gz")).st_mode))


class Processes(Case):
    def test_children(self):
        result = self.run_here("-o", "x.pb.gz", "--", "bash", "-c",
                               "ls /; (exit 3); sort /etc/passwd; :")
        self.assertEqual(0, result.code)
        names = self.profiles()
        self.assertIn("x.pb.gz", names)
        commands = sorted(harness.Profile(self.path(name)).process["command"][0] for name in names)
        self.assertTrue({"ls", "sort", "bash"} <= set(commands), commands)
        self.assertRegex(result.stderr, rb"\d+ processes, ")
        self.assert_clean()

    def test_no_follow(self):
        self.run_here("-q", "--follow=no", "-o", "x.pb.gz", "--", "bash", "-c",
                      "ls / >/dev/null; sort /etc/passwd; :")
        self.assertEqual(["x.pb.gz"], self.profiles())

    def test_exec_keeps_all_images(self):
        self.run_here("-q", "-o", "x.pb.gz", "--", harness.program("exec_chain"), "3", "echo",
                      "end")
        self.assertEqual(4, len(self.profiles()), self.profiles())
        last = harness.Profile(self.path("x.pb.gz"))
        self.assertEqual(["echo", "end"], last.process["command"])
        self.assertEqual({"code": 0, "signal": None}, last.process["exit"])

    def test_many_children(self):
        n = 150
        result = self.run_here("-o", "c/%p.pb.gz", "--", "bash", "-c",
                               "mkdir c; for i in $(seq %d); do env true; done" % n)
        self.assertEqual(0, result.code, repr(result))
        self.assertGreaterEqual(len(glob.glob(self.path("c", "*.pb.gz"))), n)
        self.assertLess(len(result.stderr.splitlines()), 80)
        self.assert_clean()

    def test_process_that_outlives_the_program(self):
        """It goes on until the test has seen that memtrack has not waited for it."""
        os.mkfifo(self.path("go"))
        result = self.run_here("-o", "x.pb.gz", "--", "bash", "-c",
                               "(read -r word <go; echo late >late) >/dev/null 2>&1 & ls /")
        self.assertEqual(0, result.code)
        sessions = os.listdir(self.path("sessions"))
        self.assertEqual(1, len(sessions))
        self.assertIn(sessions[0].encode(), result.stderr)
        self.write("go", "now\n")
        while not os.path.exists(self.path("late")):
            time.sleep(0.1)
        self.assertTrue([path for path in leftovers(self.dir) if path.endswith(".ledger")])

    def test_pipeline_that_ends_later_is_waited_for(self):
        self.run_here("-q", "-o", "x.pb.gz", "--", "bash", "-c", "(sleep 0.3; ls /) >/dev/null & :")
        self.assertGreater(len(self.profiles()), 1)
        self.assert_clean()

    def test_directory_removed_by_the_program(self):
        result = self.run_here("-o", "x.pb.gz", "--", "sh", "-c", "rm -r $MEMTRACK_DIR; exit 3")
        self.assertEqual(3, result.code)
        if "x.pb.gz" not in self.profiles():  # unless a tick had opened it before
            self.assertIn(b"nothing was recorded", result.stderr)
            self.assertIn(b"removed during the run", result.stderr)

    def test_directory_removed_later(self):
        """What was being followed can be read without a name."""
        result = self.run_here("-q", "-o", "x.pb.gz", "--follow=no", "--", "sh", "-c",
                               "sleep 0.3; rm -r $MEMTRACK_DIR; exit 3")
        self.assertEqual((3, b""), (result.code, result.stderr))
        harness.Profile(self.path("x.pb.gz")).report()

    def test_file_size_limit(self):
        result = self.run_here("-o", "x.pb.gz", "--", "ls", "/",
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                     (4096, 4096)))
        self.assertEqual(0, result.code)
        self.assertIn(b"file size limit", result.stderr)
        self.assertEqual([], self.profiles())
        self.assert_clean()

    def test_ledger_emptied_by_the_program(self):
        result = self.run_here("-q", "-o", "x.pb.gz", "--", "bash", "-c",
                               "for f in $MEMTRACK_DIR/*; do : >$f; done; kill -9 $$")
        self.assertIn(result.code, (135, 137), "its own doing ends it by SIGBUS or SIGKILL")
        self.assertIn(b"empty ledger", result.stderr)
        self.assertEqual([], self.profiles())
        self.assert_clean()

    def test_scribbled_ledger(self):
        """Whatever a program writes over its ledger, memtrack ends in order and the status is the
        program's."""
        for seed in range(8):
            with self.subTest(seed):
                script = ("import glob, os, random, sys; r = random.Random(%d); "
                          "[os.pwrite(os.open(f, os.O_RDWR), "
                          "r.randbytes(64), r.randrange(8, os.path.getsize(f))) for f in glob.glob("
                          "os.environ['MEMTRACK_DIR'] + '/*') for i in range(300)]; "
                          "os.kill(os.getpid(), 9)" % seed)
                result = self.run_here("-q", "-o", "x.pb.gz", "--force", "--", sys.executable,
                                       "-Sc", script)
                # it may fall over its own ledger
                self.assertIn(result.code, (134, 135, 137, 139), repr(result))
                shutil.rmtree(self.path("sessions"))
                os.mkdir(self.path("sessions"))

    def test_peak_time_and_ticks(self):
        self.run_here("-q", "-o", "x.pb.gz", "--interval=1ms", "--", harness.program("growth"))
        self.assertGreater(harness.Profile(self.path("x.pb.gz")).process["duration_ns"], 0)


class Space(Case):
    """Small file systems, in a mount namespace of their own."""

    def in_namespace(self, setup, *arguments):
        script = "set -e; %s; cd %s; exec %s run %s" % (setup, self.dir, MEMTRACK,
                                                        " ".join(arguments))
        prefix = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        if harness.run([*prefix, "mount", "-t", "tmpfs", "none", "/mnt"]).code != 0:
            self.skipTest("no mount namespaces here")
        return harness.run([*prefix, "sh", "-c", script], env=self.env)

    def test_full_output_directory(self):
        os.mkdir(self.path("full"))
        os.mkdir(self.path("tmp"))
        self.env["TMPDIR"] = self.path("tmp")
        result = self.in_namespace(
            "mount -t tmpfs -o size=4k none full; head -c 4096 /dev/zero "
            ">full/zero".replace("full", self.path("full")), "-q", "-o", "full/x.pb.gz", "--", "ls",
            "/")
        self.assertEqual(0, result.code, repr(result))
        self.assertIn(b"No space left", result.stderr)
        self.assertEqual(["x.pb.gz"], os.listdir(self.path("tmp")))

    def test_no_room_anywhere_keeps_the_ledger(self):
        os.mkdir(self.path("d"))
        self.env["MEMTRACK_DIR"] = "/dev/shm"
        result = self.in_namespace("mount --bind /tmp /tmp; mount -o remount,ro,bind /tmp; "
                                   "mount -t tmpfs -o size=4k none " + self.path("d"), "-q", "-o",
                                   "d/x.pb.gz", "--", "sh", "-c",
                                   "'head -c 4096 /dev/zero >d/zero; ls /'")
        self.assertEqual(0, result.code, repr(result))
        self.assertIn(b"No space left", result.stderr)
        kept = [line.split()[-1] for line in result.stderr.decode().splitlines()
                if line.endswith(".ledger")]
        self.assertGreater(len(kept), 0, repr(result))
        self.addCleanup(harness.remove_session, os.path.dirname(kept[0]))
        for ledger in kept:
            report = harness.ask("report", ledger)
            self.assertGreater(report["totals"]["total_blocks"], 0)

    def test_full_ledger_directory(self):
        small = self.path("sessions")
        result = self.in_namespace("mount -t tmpfs -o size=2m none " + small, "-q", "-o", "x.pb.gz",
                                   "--", "python3", "-Sc",
                                   "'import json, re, ast, difflib; print(1)'")
        self.assertEqual((0, b"1\n"), (result.code, result.stdout), repr(result))
        if self.profiles():
            harness.Profile(self.path("x.pb.gz")).report()
        else:
            self.assertIn(b"nothing was recorded", result.stderr)

    def test_no_directory_for_ledgers(self):
        if os.geteuid() == 0:
            self.skipTest("root can write everywhere")
        result = self.run_here("--", "true", env=dict(self.env, MEMTRACK_DIR="/proc",
                                                      XDG_RUNTIME_DIR="/proc"))
        self.assertEqual(0, result.code)


class Allocators(Case):
    def test_named(self):
        for name in ("jemalloc", "tcmalloc", "mimalloc"):
            with self.subTest(name):
                result = self.run_here("-q", "-o", "x.pb.gz", "--force", "--allocator", name, "--",
                                       "cat", "/proc/self/maps")
                if b"is not installed" in result.stderr:
                    self.assertEqual(125, result.code)
                    self.assertIn(b"apt install", result.stderr)
                    continue
                self.assertEqual(0, result.code, repr(result))
                self.assertIn(b"lib" + name.encode(), result.stdout)

    def test_path(self):
        library = harness.find_library("libjemalloc.so.2")
        result = self.run_here("-q", "-o", "x.pb.gz", "--allocator", library, "--", "cat",
                               "/proc/self/maps")
        self.assertIn(os.path.realpath(library).encode(), result.stdout)

    def test_installation_with_spaces_and_colons(self):
        home = self.path("a b:c")
        os.makedirs(os.path.join(home, "bin"))
        os.makedirs(os.path.join(home, "lib", "memtrack"))
        shutil.copy(MEMTRACK, os.path.join(home, "bin"))
        for library in glob.glob(os.path.join(os.path.dirname(harness.LIBRARY), "libmemtrack*.so")):
            shutil.copy(library, os.path.join(home, "lib", "memtrack"))
        result = harness.run([os.path.join(home, "bin", "memtrack"), "run", "-o", "x.pb.gz", "--",
                              "ls", "/"], env=self.env, cwd=self.dir)
        self.assertEqual(0, result.code, repr(result))
        self.assertNotIn(b"ERROR", result.stderr)
        self.assertEqual(["x.pb.gz"], self.profiles())
        self.assert_clean()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    harness.main()
