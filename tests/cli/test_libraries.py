# SPDX-License-Identifier: MIT
"""What a command loads when it is used is another's, or damaged: that command says which library,
and in which package it is, and writes nothing; all others do without."""
import os
import re
import shutil
import subprocess

from support import compiler, harness, profiles

LOADED = os.path.join(os.path.dirname(harness.MEMTRACK), "libmemtrack-loaded.so")


class Libraries(profiles.Command):
    COMMAND = "export"
    KINDS = ("plain",)

    def soname(self, word):
        """The name under which a library is loaded."""
        if not os.path.exists(LOADED) or not shutil.which("readelf"):
            self.skipTest("this build loads no libraries, or there is no readelf")
        listing = subprocess.run(["readelf", "-dW", LOADED], check=True, capture_output=True,
                                 text=True).stdout
        for name in re.findall(r"NEEDED.*\[(.*?)\]", listing):
            if word in name:
                return name
        self.skipTest("this build has no " + word)

    def with_libraries(self, *arguments):
        return harness.run([harness.MEMTRACK, *arguments], cwd=self.dir,
                           env=harness.plain_environment(LD_LIBRARY_PATH=self.dir))

    def check_refused(self, result, library, why):
        self.assertEqual((3, b""), (result.code, result.stdout))
        text = result.stderr.decode()
        self.assertRegex(text, r"%s cannot be loaded: .*%s" % (re.escape(library), why))
        self.assertRegex(text, r"Install .*package")

    COMMANDS = (("sqlite", ("export", "--format", "sqlite", "-o", "out.db", "plain.pb.gz")),
                ("microhttpd", ("serve", "plain.pb.gz")))

    def test_damaged(self):
        for word, command in self.COMMANDS:
            with self.subTest(word):
                library = self.soname(word)
                with open(self.path(library), "w") as file:
                    file.write("no library, and longer than a header of ELF " * 9)
                self.check_refused(self.with_libraries(*command), library, "ELF")
        self.assertFalse(os.path.exists(self.path("out.db")))
        self.assertEqual(0, self.with_libraries("report", "plain.pb.gz").code)
        self.assertEqual(0, self.with_libraries("export", "--format", "json", "plain.pb.gz").code)

    def test_without_its_functions(self):
        for word, command in self.COMMANDS:
            with self.subTest(word):
                library = self.soname(word)
                compiler.build_text(self.path(library), "int of_another_library;\n", "-shared", "-fPIC")
                self.check_refused(self.with_libraries(*command), library, "has no function")


if __name__ == "__main__":
    harness.main()
