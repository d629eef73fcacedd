# SPDX-License-Identifier: MIT
"""The public headers can be included first, alone and together, by C11 and every C++ since C++11,
without a warning."""
import shutil

from support import case, compiler, harness

ANALYZE, TRACK = "#include <memtrack/analyze.h>\n", "#include <memtrack.h>\n"
USE = """
int main(void) {
    memtrack_view view = memtrack_view_init();
    memtrack_load_options options = memtrack_load_options_init();
    view.by = MEMTRACK_BY_STACK;
    return view.struct_bytes == sizeof view && options.struct_bytes == sizeof options ? 0 : 1;
}
"""


WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


class Header(case.Case):
    def compile(self, which, standard, text):
        harness.check([self.build("user", text, "-std=" + standard, *WARNINGS, compiler.INCLUDE,
                                  compiler=which)])

    def test_compilers_and_standards(self):
        n = 0
        for which in ("gcc", "clang", "g++", "clang++"):
            if not shutil.which(which):
                continue
            for standard in ("c++11", "c++17", "c++20") if "++" in which else ("c11", "c17"):
                with self.subTest(compiler=which, standard=standard):
                    self.compile(which, standard, ANALYZE + USE)
                    n += 1
        self.assertGreaterEqual(n, 5)

    def test_beside_the_header_of_the_tracker(self):
        for includes in (ANALYZE + TRACK, TRACK + ANALYZE):
            self.compile("gcc", "gnu11", includes + USE)
            self.compile("g++", "gnu++17", includes + USE)


harness.main()
