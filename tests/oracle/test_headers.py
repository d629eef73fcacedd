# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 25
"""memtrack.h and memtrack.hpp in other people's programs: every standard, both compilers, all
warnings, several files that use them differently; and scopes as C++ objects measure what they
should."""
import itertools
import os
import re

from support import case, compiler, harness

WARNINGS = ("-pedantic -Wall -Wextra -Wconversion -Wshadow -Wundef -Wcast-qual -Wwrite-strings "
            "-Wredundant-decls -Wunused "
            "-Werror").split()
USES = {"weak": [], "required": ["-DMEMTRACK_REQUIRED"], "unoptimised": ["-O0"],
        "fixed": ["-fno-pic", "-O2"], "functions": ["-finstrument-functions", "-O2"],
        "timers": ["-DMEMTRACK_TIMERS", "-O2"]}
RARE_USES = ("unoptimised", "functions")  # in one standard of each language

ALL = """
%s
int use(uint64_t *bytes, const void *block);
static int use_statistics(uint32_t group) {
    memtrack_scope scope;
    memtrack_scope_row row;
    memtrack_scope_event event;
    int rc = memtrack_group_begin(group, &scope, "b") | memtrack_end(&scope, NULL);
    rc |= memtrack_record("r", 1) | memtrack_group_record(group, "r", 1);
    rc |= memtrack_scopes_read(&row, 1) | memtrack_scopes_print(2, NULL, 0) | memtrack_scopes_reset();
    rc |= memtrack_group_read(group, &row, 1) | memtrack_group_print(group, 2, "time", 3) | memtrack_group_reset(group);
    return rc | memtrack_scopes_slow(1000, &event, 1) | memtrack_scopes_large(1000, &event, 1);
}
int use(uint64_t *bytes, const void *block) {
    memtrack_scope scope;
    memtrack_delta delta;
    memtrack_block found;
    int rc = memtrack_begin(&scope, "a") | memtrack_scope_set(&scope, "k", "v") | memtrack_scope_detach(&scope);
    rc |= memtrack_scope_attach(&scope) | memtrack_scope_merge(&scope, &scope) | memtrack_end(&scope, &delta) | memtrack_end(&scope, NULL);
    rc |= memtrack_begin_process(&scope, "b") | memtrack_mark("m") | memtrack_counter("c", -1);
    rc |= memtrack_start() | memtrack_stop() | memtrack_is_tracing() | memtrack_reset_peak() | memtrack_clear_traces();
    rc |= memtrack_get_traced_memory(bytes, NULL) | memtrack_get_traced_memory(NULL, bytes);
    rc |= memtrack_track(memtrack_domain("d"), block, sizeof found) | memtrack_untrack(1, block);
    rc |= memtrack_whois(block, &found) | memtrack_snapshot("path");
    memtrack_usage usage;
    memtrack_peak peak;
    rc |= memtrack_memory_usage(&usage) | memtrack_usage_quick(1, &usage) | memtrack_usage_of(1, &usage);
    rc |= memtrack_usage_wait(1, NULL, &usage) | memtrack_usage_peak(NULL, NULL, MEMTRACK_PEAK_RESET, &peak);
    rc |= memtrack_begin_process_at(&scope, "b", __FILE__, __LINE__);
    rc |= memtrack_begin_at(&scope, "a", __FILE__, __LINE__) | memtrack_fail(&scope, "no") | memtrack_end(&scope, NULL);
    rc |= use_statistics(memtrack_group("g"));
    MEMTRACK_SCOPE("outer") {
        MEMTRACK_SCOPE("inner") {
            MEMTRACK_FUNCTION();
            rc |= (int)(memtrack_get_overhead() + memtrack_get_traceback_limit());
        }
        MEMTRACK_SCOPE("one") MEMTRACK_SCOPE("line") rc++;
    }
    return rc;
}
"""
HEADER_ALONE = "#include <memtrack.h>\n"
# What a program has defined before must not matter, nor that it includes the header twice.
AFTER_OTHERS = "#define FIND(x) x\n#define LOAD(x) x\n#include <memtrack.h>\n#include <memtrack.h>\n"

# Two files of one program, in whichever way each uses the header.
MAIN = """
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __cplusplus
extern "C"
#endif
void *other(memtrack_scope *scope);
int main(void) {
    memtrack_scope scope;
    memtrack_delta delta = {0};
    void *block = other(&scope);
    memtrack_end(&scope, &delta);
    printf("%d %lld %lld\\n", memtrack_is_tracing(), (long long)delta.net_bytes, (long long)delta.peak_bytes);
    free(block);
    return 0;
}
"""
OTHER = """
#include <memtrack.h>
#include <stdlib.h>
#ifdef __cplusplus
extern "C"
#endif
void *other(memtrack_scope *scope);
void *other(memtrack_scope *scope) {
    memtrack_begin(scope, "two files");
    return malloc(321);
}
"""


# What the C headers define, beside the program's own function.
CHECKED = """
#include <memtrack/benchmark.h>
#include <memtrack/expect.h>
#include <memtrack/task.h>
static void *volatile kept;
static void take(size_t bytes) {
    kept = malloc(bytes);
}
int main(void) {
    memtrack_task task;
    memtrack_turn turn;
    MEMTRACK_EXPECT_MAX(1000) take(50);
    MEMTRACK_EXPECT_MAX_NS(1000000000) take(51);
    MEMTRACK_EXPECT_PROCESS_MAX(1000) take(52);
    memtrack_task_begin(&task, "task");
    memtrack_task_enter(&task, &turn);
    take(53);
    memtrack_task_leave(&turn);
    memtrack_task_end(&task, NULL);
    MEMTRACK_BENCHMARK("benchmark", 20) take(54);
    return 0;
}
"""


def function_name(text):
    """Of a function as the demangler writes it, without what it returns, its arguments and those of
    templates."""
    while "<" in text:
        shorter = re.sub("<[^<>]*>", "", text)
        if shorter == text:
            break
        text = shorter
    return text.replace("operator ", "operator_").partition("(")[0].split()[-1]


class Headers(case.Case):
    def compile(self, text, name, *command):
        path = self.write(name, text)
        result = harness.run([harness.tool(command[0]), compiler.INCLUDE, *command[1:], path],
                             cwd=self.dir)
        self.assertEqual((0, b"", b""), (result.code, result.stdout, result.stderr), "%s\n%r" %
                         (command, result))

    def test_standards(self):
        for compilers, name, standards in (("gcc clang", "x.c", "c99 c11 c17 gnu89 gnu11"),
                                           ("g++ clang++", "x.cpp",
                                            "c++11 c++14 c++17 c++20 gnu++17")):
            for which, standard in itertools.product(compilers.split(), standards.split()):
                for use, flags in USES.items():
                    if use in RARE_USES and not standard.startswith("gnu"):
                        continue
                    if use == "timers" and standard == "gnu89":
                        continue  # they need C99
                    with self.subTest(compiler=which, standard=standard, use=use):
                        start = AFTER_OTHERS if use == "weak" else HEADER_ALONE
                        warnings = WARNINGS if standard != "gnu89" else ["-Wall", "-Wextra",
                                                                         "-Werror"]
                        # has no declaration in a for, which the block form is made of
                        if standard == "gnu89":
                            start += "#undef MEMTRACK_SCOPE\n#define MEMTRACK_SCOPE(name) if (name)\n"
                        self.compile(start + ALL % "", name, which, "-std=" + standard, *warnings,
                                     *flags, "-c", "-o", "x.o")

    def test_object_standards(self):
        with open(os.path.join(compiler.PROGRAMS, "scope_objects.cpp")) as file:
            text = file.read()
        for which, standard in itertools.product(("g++", "clang++"),
                                                 ("11", "14", "17", "20", "2b")):
            for flags in ([], ["-fno-exceptions", "-fno-rtti"]) if standard in ("11",
                                                                                "20") else ([],):
                with self.subTest(compiler=which, standard=standard, flags=flags):
                    self.compile(text, "x.cpp", which, "-std=c++" + standard, "-O2", *WARNINGS,
                                 *flags, "-c", "-o", "x.o")

    def test_two_files(self):
        """Weak and ordinary references, C and C++, in one program."""
        uses = {"weak": [], "required": ["-DMEMTRACK_REQUIRED"], "fixed": ["-fno-pic"]}
        for (one, one_flags), (two, two_flags) in itertools.product(uses.items(), repeat=2):
            for suffix, which in ((".c", "gcc"), (".cpp", "g++")):
                with self.subTest(one=one, two=two, suffix=suffix):
                    self.compile(MAIN, "main.c", "gcc", *one_flags, "-c", "-o", "main.o")
                    self.compile(OTHER, "other" + suffix, which, *two_flags, "-c", "-o", "other.o")
                    linked = "required" in (one, two)
                    compiler.build("program", ["main.o", "other.o"], "-no-pie", cwd=self.dir,
                                   libs=compiler.LINK if linked else [])
                    self.check_program(linked)

    def check_program(self, linked):
        program = self.path("program")
        alone = harness.check([program],
                              env=harness.plain_environment(MEMTRACK_DIR=self.dir)).stdout
        self.assertEqual(b"1 321 321\n" if linked else b"0 0 0\n", alone)
        if not linked:
            preloaded = harness.preloaded(self.dir)
            self.assertEqual(b"1 321 321\n", harness.check([program], env=preloaded).stdout)

    def test_objects(self):
        program = harness.program("scope_objects")
        self.assertEqual(b"", harness.check([program]).stdout)
        tracked = harness.track([program], self.dir)
        self.assertEqual((0, b""), (tracked.code, tracked.stdout), "%r" % tracked)
        rows = harness.ask("scopes", tracked.profile.path)["rows"]
        once = {"plain", "left by block", "around a block", "left by exception",
                "around an exception", "moved out", "not moved out", "after a move",
                "assigned first", "assigned second", "detached", "process", "a constant", "a text",
                "a part", "x" * 255}
        self.assertEqual({(name, 1) for name in once},
                         {(row["name"], row["count"]) for row in rows})
        self.assertEqual({"left by exception"},
                         {row["name"] for row in rows if row["errors"]})

    def test_functions_of_the_header_are_no_scopes(self):
        compiler.build(self.path("other.o"), self.write("other.c", OTHER), compiler.INCLUDE,
                       "-finstrument-functions", "-g", "-c", compiler="gcc")
        self.compile(MAIN, "main.c", "gcc", "-finstrument-functions", "-o", "program", "other.o")
        tracked = harness.track([self.path("program")], self.dir)
        rows = harness.ask("scopes", tracked.profile.path)["rows"]
        self.assertEqual({"main", "other", "two files"}, {row["name"] for row in rows})

    def scopes_of(self, source, *flags, which):
        """What the program's scopes have measured, by name."""
        compiler.build(self.path("program"), source, compiler.INCLUDE, "-g", "-pthread", *flags,
                       compiler=which)
        tracked = harness.track([self.path("program")], self.dir, name=which + "".join(flags))
        self.assertEqual(0, tracked.code, "%r" % tracked)
        rows = harness.ask("scopes", tracked.profile.path)["rows"]
        return {row["name"]: (row["count"], row["misuses"], row["net_bytes"]["sum"],
                              row["allocated_bytes"]["sum"]) for row in rows}

    def test_figures_with_instrumented_functions(self):
        """They are those of the build without the flag, in which there is no function of ours."""
        objects = os.path.join(harness.SOURCE, "tests/support/headers.cpp")
        checked = self.write("x.c", CHECKED)
        for which, source, *flags in (("g++", objects, "-std=c++20"),
                                      ("g++", objects, "-std=c++20", "-O2"), ("clang++", objects),
                                      ("gcc", checked), ("clang", checked)):
            with self.subTest(compiler=which, flags=flags):
                plain = self.scopes_of(source, *flags, which=which)
                seen = self.scopes_of(source, "-finstrument-functions", *flags, which=which)
                self.assertEqual(plain, {name: seen.get(name) for name in plain})
                self.assertIn("main", seen)
                self.assertEqual([], [name for name in seen if "memtrack" in function_name(name)])


if __name__ == "__main__":
    harness.main()
