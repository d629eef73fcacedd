# SPDX-License-Identifier: MIT
"""The public headers can be included first, alone and together, by C11 and every C++ since C++11, without a warning."""
import os
import shutil
import unittest

from support import harness

INCLUDE = os.path.join(harness.SOURCE, "lib", "include")
ANALYZE, TRACK = "#include <memtrack/analyze.h>\n", "#include <memtrack.h>\n"
USE = """
int main(void) {
    memtrack_view view = memtrack_view_init();
    memtrack_load_options options = memtrack_load_options_init();
    view.by = MEMTRACK_BY_STACK;
    return view.struct_bytes == sizeof view && options.struct_bytes == sizeof options ? 0 : 1;
}
"""


class Header(unittest.TestCase):
    def compile(self, compiler, language, standard, text):
        with harness.workdir() as folder:
            source = os.path.join(folder, "user." + language)
            with open(source, "w") as file:
                file.write(text)
            harness.check([compiler, "-x", language, "-std=" + standard, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
                           "-Wshadow", "-Werror", "-I", INCLUDE, source, "-o", source + ".out"])
            harness.check([source + ".out"])

    def test_compilers_and_standards(self):
        n = 0
        for compiler, language in (("gcc", "c"), ("clang", "c"), ("g++", "c++"), ("clang++", "c++")):
            if not shutil.which(compiler):
                continue
            for standard in ("c11", "c17") if language == "c" else ("c++11", "c++17", "c++20"):
                with self.subTest(compiler=compiler, standard=standard):
                    self.compile(compiler, language, standard, ANALYZE + USE)
                    n += 1
        self.assertGreaterEqual(n, 5)

    def test_beside_the_header_of_the_tracker(self):
        for includes in (ANALYZE + TRACK, TRACK + ANALYZE):
            self.compile("gcc", "c", "gnu11", includes + USE)
            self.compile("g++", "c++", "gnu++17", includes + USE)


harness.main()
