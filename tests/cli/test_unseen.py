# SPDX-License-Identifier: MIT
# timeout: 180
# cost: 10
"""Memory that is not malloc's: when what was recorded explains less than half of what the process
had, that is said, with what else keeps memory in it and how to see that; and so are children that
could not be recorded."""
import os
import shutil

from support import case, compiler, go, harness
from support.output import validate

MEMTRACK = harness.MEMTRACK

HOLD = """
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
%s
int main(void) {
    %s
    usleep(200000);
    return 5;
}
"""
MAPPED = 'memset(mmap(0, 40 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 40 << 20);'
MALLOCED = 'static void *volatile p; p = malloc(40 << 20); memset(p, 1, 40 << 20);'
SMALL = 'static void *volatile p; for (int i = 0; i < 1000000; i++) p = memset(malloc(9), 1, 9);'

GO_SOURCE = """
package main

// #include <stdlib.h>
import "C"
import "time"

var keep [][]byte

func main() {
	C.free(C.malloc(100))
	for i := 0; i < 60; i++ {
		block := make([]byte, 1<<20)
		for k := range block {
			block[k] = 1
		}
		keep = append(keep, block)
	}
	time.Sleep(100 * time.Millisecond)
}
"""


class Case(case.Case):
    def compile(self, name, global_text, text, *flags):
        return self.build(name, HOLD % (global_text, text), "-O1", *flags)

    def track(self, *command, code=5, options=(), **env):
        result = harness.run([MEMTRACK, "run", "-v", *options, "--force", "-o", self.path("p.pb.gz"),
                              "--", *command], cwd=self.dir, env=harness.plain_environment(**env))
        self.assertEqual(code, result.code, result)
        text = " ".join(result.stderr.decode().split())
        document = harness.ask("report", self.path("p.pb.gz"))
        return text, validate(document, "memtrack-report-1")["coverage"]

    def judge(self, text, coverage, *said):
        notes = " ".join(coverage["notes"])
        for words in said:
            self.assertIn(words, text)
            self.assertIn(words, notes)
        anonymous = coverage["anonymous"]
        self.assertLess(anonymous["recorded_bytes"], anonymous["bytes"] / 2)
        self.assertRegex(text, r"Peak RSS (at least )?[\d.]+ MiB, \d+% of it not malloc's: ")
        self.assertNotIn("every allocation was recorded", text)


class Unseen(Case):
    def test_mapped(self):
        program = self.compile("mapped", "", MAPPED)
        text, coverage = self.track(program)
        self.judge(text, coverage, "memtrack run --mmap")
        self.assertGreaterEqual(coverage["anonymous"]["bytes"], 40 << 20)
        text, coverage = self.track(program, options=["--mmap"])
        self.assertNotIn("Peak RSS", text)
        self.assertGreaterEqual(coverage["anonymous"]["recorded_bytes"], 40 << 20)

    def test_what_is_malloced_is_explained(self):
        for name, text in (("malloced", MALLOCED), ("small", SMALL)):
            said, coverage = self.track(self.compile(name, "", text))
            self.assertNotIn("Peak RSS", said)
            self.assertGreater(coverage["anonymous"]["bytes"], 20 << 20)

    def test_what_was_not_counted_may_be_mallocs(self):
        """When the program, --dormant or --for has switched the recording off."""
        stopped = self.compile("stopped", "#include <memtrack.h>", "memtrack_stop();" + MALLOCED,
                               compiler.INCLUDE)
        plain = self.compile("plain", "", MALLOCED)
        late = self.compile("late", "", "usleep(300000);" + MALLOCED)
        for program, options in ((stopped, ()), (plain, ["--dormant"]), (late, ["--for", "50ms"])):
            with self.subTest(program):
                said, coverage = self.track(program, options=options)
                self.assertRegex(said, r"Peak RSS (at least )?4\d\.\d MiB, \d+% of it not recorded: "
                                       r"blocks that are not counted\. ")
                self.assertGreaterEqual(coverage["anonymous"]["bytes"], 40 << 20)

    def test_a_mapped_file_explains_nothing_and_is_no_memory(self):
        with open(self.path("file"), "wb") as file:
            file.truncate(64 << 20)
        read = """int fd = open("file", O_RDONLY); volatile char *p = mmap(0, 64 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
                  for (int i = 0; i < 64 << 20; i += 4096) p[i];"""
        program = self.compile("reads", "#include <fcntl.h>", read)
        self.assertNotIn("Peak RSS", self.track(program)[0])
        both = self.compile("both", "#include <fcntl.h>", read + MAPPED)
        self.judge(*self.track(both), "--mmap")

    def test_ended_before_a_tick(self):
        """The kernel's highest is known after the end, too, and is no figure of ours."""
        program = self.compile("short", "", MAPPED + " _exit(5);")
        text, coverage = self.track(program, options=["--interval", "1h"])
        self.judge(text, coverage, "at least")
        self.assertTrue(coverage["anonymous"]["is_estimate"])
        self.assertGreater(coverage["anonymous"]["bytes"], 20 << 20)
        text, coverage = self.track("true", code=0, options=["--interval", "1h"])
        self.assertNotIn("Peak RSS", text)

    def test_static_variables(self):
        program = self.compile("static", "static char all[60 << "
                                         "20];", "memset(all, 1, sizeof all); __asm__(\"\" :: "
                                                 "\"r\"(all) : \"memory\");")
        self.judge(*self.track(program), "of static variables (%s)" % program)

    def test_allocator_in_the_executable(self):
        """Known by a symbol, or in a stripped program by its messages."""
        symbol = self.compile("bundled", "void je_mallctl(void) {}", MAPPED)
        text = self.compile("stripped", 'const char *volatile message = "<jemalloc>: Error";',
                            MAPPED, "-s")
        for program in (symbol, text):
            self.judge(*self.track(program), "jemalloc inside the executable (%s)" % program)

    def test_go(self):
        program = go.build(self.path("go"), self.write("main.go", GO_SOURCE), self.dir,
                           CGO_ENABLED="1", GO111MODULE="off")
        self.judge(*self.track(program, code=0), "the Go runtime", "runtime/pprof")

    def test_python(self):
        script = "import time; x = [object() for i in range(2000000)]; time.sleep(0.1)"
        python = shutil.which("python3", path="/usr/bin")
        if not python:
            self.skipTest("no system Python")
        text, coverage = self.track(python, "-c", script, code=0)
        self.judge(text, coverage, "Python's pymalloc", "PYTHONMALLOC=malloc")
        text, coverage = self.track(python, "-c", script, code=0, PYTHONMALLOC="malloc")
        self.assertNotIn("Peak RSS", text)

    def test_strict(self):
        self.track(self.compile("mapped", "", MAPPED))
        result = harness.run([MEMTRACK, "check", "--no-leaks", "--strict", self.path("p.pb.gz")])
        self.assertEqual(1, result.code, result)
        self.assertIn(b"explains less than half of the process", result.stdout)


class Children(Case):
    def notes(self, script):
        text, coverage = self.track("sh", "-c", script + "; exit 5")
        notes = [note for note in coverage["notes"] if note.startswith("Not recorded")]
        for note in notes:
            self.assertIn(note, text)
        return notes

    def test_static(self):
        program = self.compile("static", "", MALLOCED, "-static")
        note, = self.notes("%s; %s" % (program, program))
        self.assertRegex(note, r"^Not recorded: %s \(process \d+, 2 times, up to \d\d\.\d MiB "
                               r"resident\): it is statically "
                               "linked" % program)

    def test_executed_in_place(self):
        """The process goes on under its pid; its memory is not that of the program before."""
        program = self.compile("static", "", MALLOCED, "-static")
        text, coverage = self.track("sh", "-c", "exec " + program)
        self.assertIn("Not recorded: %s" % program, text)
        self.assertNotIn("Peak RSS", text)

    def test_cleared_environment(self):
        note, = self.notes("env -i %s" % self.compile("plain", "", MALLOCED))
        self.assertIn("without LD_PRELOAD", note)

    def test_forks_of_one(self):
        """A program without a ledger forks: its child has as little of one."""
        source = "if (fork() == 0) { %s; _exit(0); } wait(NULL);" % MALLOCED
        note, = self.notes(self.compile("forking", "", source, "-static", "-include", "unistd.h",
                                        "-include", "sys/wait.h"))
        self.assertIn(", 2 times, ", note)

    def test_setuid(self):
        """The dynamic linker takes no preloaded library there."""
        program = self.compile("setuid", "", MALLOCED)
        if os.geteuid() != 0:
            self.skipTest("needs to give a file away")
        os.chmod(self.dir, 0o755)
        os.chown(program, 65432, 65432)
        os.chmod(program, 0o4755)
        if os.statvfs(program).f_flag & os.ST_NOSUID:
            self.skipTest("its file system knows no setuid")
        note, = self.notes(program)
        self.assertRegex(note, "is setuid|rights of another user")

    def test_mount_namespace(self):
        """Where the program is and the directory of the ledgers is not: as in a sandbox."""
        program = self.compile("sandboxed", "", MALLOCED)
        away = "unshare -m sh -c 'mount -t tmpfs none %s && exec %s'" % (self.path("ledgers"),
                                                                         program)
        if harness.run(["unshare", "-m", "true"]).code:
            self.skipTest("needs the right to mount")
        os.mkdir(self.path("ledgers"))
        text, coverage = self.track("sh", "-c", away + "; exit 5",
                                    MEMTRACK_DIR=self.path("ledgers"))
        notes = " ".join(note for note in coverage["notes"] if note.startswith("Not recorded"))
        self.assertRegex(notes, r"Not recorded: %s .*there is no %s/" %
                         (program, self.path("ledgers")))
        self.assertIn("there is no", text)

    def test_own_malloc(self):
        own = "static char pool[1 << 26]; static size_t at; void *malloc(size_t n) { at += n + 15 & ~15ul; return pool + at - n; } void free(void *p) { (void)p; }"
        text, _ = self.track("sh", "-c", self.compile("own", own, MALLOCED, "-rdynamic") +
                             "; exit 5")
        self.assertRegex(text,
                         r"its own malloc comes before the recorder's: nothing was recorded of the "
                         r"memory of own \(process \d+, ")

    def test_nothing_to_say(self):
        """Children that are recorded, and forks that do nothing, are no strangers."""
        self.assertEqual([], self.notes("(sleep 0.1); true & sleep 0.1; wait; %s || true"
                                        % self.compile("plain", "", MALLOCED)))

    def test_child_with_memory_of_its_own(self):
        program = self.compile("mapped", "", MAPPED)
        text, _ = self.track("sh", "-c", program + "; exit 5")
        self.assertRegex(text, r"malloc explains little of the memory of mapped \(process \d+, "
                               r"40\.\d MiB\)")


if __name__ == "__main__":
    harness.main()
