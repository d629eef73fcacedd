# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 15
"""Scopes that follow tasks, without anybody detaching and attaching: what each allocated by name
equals what the program knows, over threads, futures, pools, coroutines, generators and libuv's
callbacks."""
import itertools
import os

from support import compiler, harness
from support.tasks import Tasks

CLANG_14 = ("-fcoroutines-ts", "-D__cpp_impl_coroutine=201902L")


class Adaptors(Tasks):
    def test_functions(self):
        self.oracle(self.build("functions.cpp", "-std=c++11"))

    def test_functions_of_clang(self):
        self.oracle(self.build("functions.cpp", "-std=c++17", which="clang++"))

    def test_coroutines(self):
        self.oracle(self.build("coroutines.cpp", "-std=c++20"))

    def test_coroutines_of_clang(self):
        """Up to version 14, it has them by an option only."""
        clang = harness.run([harness.tool("clang++"), "--version"]).stdout
        flags = CLANG_14 if b" version 14." in clang else ()
        self.oracle(self.build("coroutines.cpp", "-std=c++20", *flags, which="clang++"))

    def test_libuv(self):
        compiler.needs_header("uv.h")
        known = self.write("known", "known")
        self.oracle(self.build("uv.c", "-std=gnu11", which="gcc", libs=["-luv"]), known)

    def test_headers(self):
        """In every standard that they are for."""
        functions = ((which, "c++" + standard, "tasks.hpp")
                     for which, standard in itertools.product(("g++", "clang++"),
                                                              ("11", "14", "17", "20")))
        plain = ((which, "gnu11", "task.h") for which in ("gcc", "clang"))
        for which, standard, header in itertools.chain(functions, plain):
            with self.subTest(header, compiler=which, standard=standard):
                text = "#include <memtrack/%s>\nint main(void) { return 0; }\n" % header
                source = self.write("x.cpp" if "++" in which else "x.c", text)
                compiler.build(self.path("x"), source, "-std=" + standard, "-fsyntax-only",
                               "-pedantic", *("-Wall -Wextra -Wconversion -Wshadow -Wundef "
                                              "-Wcast-qual -Wredundant-decls -Werror").split(),
                               compiler.INCLUDE, compiler=which)

    def test_without_exceptions(self):
        program = self.path("x.o")
        compiler.build(program, self.write("x.cpp", "#include <memtrack/tasks.hpp>\n"
                                           "int run() { return memtrack::task(\"x\", [] { return 1; })"
                                           "(); }\n"), "-fno-exceptions", "-fno-rtti", "-c",
                       compiler.INCLUDE, compiler="g++")
        self.assertTrue(os.path.exists(program))


if __name__ == "__main__":
    harness.main()
