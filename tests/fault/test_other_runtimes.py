# SPDX-License-Identifier: MIT
"""Children of a recorded shell that would die of a preloaded library: those whose AddressSanitizer
has to come first, and those of another libc. They end as they do natively, and what was not
recorded is said."""
import os
import shutil

from support import case, harness

SOURCE = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    char *block = malloc(100);
    block[0] = 'x';
    if (argc > 1 && argv[1][0] == 'o')
        block[100 + (argc > 9)] = 1;
    printf("%c %d\\n", block[0], argc);
    if (argc == 1)
        free(block);
    return 3;
}
"""


SLOW = "#include <unistd.h>\nint main(void) { char c; return read(0, &c, 1) == 1 ? 4 : 5; }\n"


class Children(case.Case):
    def build(self, compiler, *flags, text=SOURCE):
        return super().build("program", text, "-g", "-w", *flags, compiler=compiler, required=False)

    def ends_as_natively(self, program, env=None, ways=((),)):
        out = []
        for arguments in ways:
            command = ["sh", "-c", '"$@"; exit $?', "sh", program, *arguments]
            native, tracked = harness.run(command, env=env), harness.track(command, self.dir,
                                                                           env=env)
            self.assertEqual((native.code, native.stdout), (tracked.code, tracked.stdout), "%s %r" %
                             (arguments, tracked))
            kinds = [[line.split(b" on ")[0].split(b"==")[-1] for line in result.stderr.splitlines()
                      if b"ERROR" in line] for result in (native, tracked)]
            self.assertEqual(*kinds)
            if not kinds[0]:
                self.assertEqual(native.stderr, tracked.stderr)
            out.append(tracked)
        return out

    def test_sanitizers(self):
        runtime = harness.run(["clang",
                               "-print-file-name=libclang_rt.asan-x86_64.so"]) if shutil.which(
                                   "clang") else None
        env = harness.plain_environment(ASAN_OPTIONS="symbolize=0",
                                        LD_LIBRARY_PATH=os.path.dirname(runtime.stdout.decode())
                                        if runtime else None)
        builds = [("cc", "-fsanitize=" + name) for name in ("address", "undefined", "thread",
                                                            "leak")]
        builds += [("clang", "-fsanitize=address"),
                   ("clang", "-fsanitize=address", "-shared-libasan")]
        for compiler, *flags in builds:
            with self.subTest(compiler, flags=flags):
                program = self.build(compiler, *flags)
                # without an error, with one that the sanitizer finds, and with a leak
                ways = ((), ("overflow",), ("leak",)) if "address" in flags[0] else ((),)
                plain = self.ends_as_natively(program, env, ways)[0]
                recorded = [p for p in plain.profiles if p.process["exe"].endswith("/program")]
                if recorded:
                    self.assertLessEqual(100, recorded[0].totals["total_bytes"])

    def test_options_of_a_script(self):
        """What a script sets for the sanitizer stays what it is."""
        program = self.build("cc", "-fsanitize=address")
        command = ["sh", "-c", 'ASAN_OPTIONS=detect_leaks=0 "$0" leak; exit $?', program]
        native, tracked = harness.run(command), harness.track(command, self.dir)
        self.assertEqual((3, native.stdout, native.stderr),
                         (tracked.code, tracked.stdout, tracked.stderr))

    def test_musl(self):
        program = self.build("musl-gcc")
        for tracked in self.ends_as_natively(program):
            notes = tracked.profile.notes
            self.assertNotIn("/program", [p.process["exe"][-8:] for p in tracked.profiles])
            if "Not recorded" in notes:  # it may have ended before anybody looked
                self.assertRegex(notes, "Not recorded: .*program .*(built for musl|ended before it "
                                        "could be asked)")

    def test_musl_that_lives(self):
        """Long enough to be seen."""
        slow = self.build("musl-gcc", text=SLOW)
        tracked = harness.track(["sh", "-c", '(sleep 0.5; echo) | "$0"; exit $?', slow], self.dir)
        self.assertEqual(4, tracked.code, "%r" % tracked)
        self.assertRegex(tracked.profile.notes, "Not recorded: .*program .*built for musl")


if __name__ == "__main__":
    harness.main()
