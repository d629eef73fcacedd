# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 12
"""memtrack/timers.h: in a process that is not recorded, the scopes of eight threads have the counts
and times that the source of the program says, to nine digits; however the program is built,
whatever its parts are, and just as when it is recorded."""
import itertools
import os
import re
import shutil
import statistics
import unittest

from support import case, compiler, harness

THREADS, ROUNDS = 8, 500
FIGURES = ("sum", "mean", "stddev", "min", "p50", "p95", "max")
WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wshadow -Wundef -Werror".split()
BUILDS = (("gcc", "-std=gnu11 -O2"), ("gcc", "-std=gnu99 -O0 -fno-pic -no-pie"),
          ("clang", "-std=gnu17 -O2"), ("gcc", "-O2 -flto"), ("gcc", "-O1 -static"),
          ("clang", "-O0 -fvisibility=hidden"), ("g++", "-x c++ -std=gnu++11 -O2"),
          ("clang++", "-x c++ -std=gnu++20 -O1"), ("gcc", "-O1 -finstrument-functions"),
          ("gcc", "-O1 -g -fsanitize=thread"), ("gcc", "-O1 -g -fsanitize=address,undefined"))

# One part of a program of several objects: each adds to the same scopes.
PART = """
#include <memtrack/timers.h>
#ifdef __cplusplus
extern "C"
#endif
int NAME(void);
int NAME(void) {
    MEMTRACK_SCOPE("shared") MEMTRACK_SCOPE(TEXT) ;
    memtrack_group_record(memtrack_group("parts"), "given", 5);
    return memtrack_scopes_read(NULL, 0);
}
"""

WHOLE = """
#include <memtrack/timers.h>
#include <dlfcn.h>
#include <stdio.h>
int one(void), two(void);
int main(int argc, char **argv) {
    memtrack_scope_row rows[9];
    int n, (*three)(void);
    void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (argc > 1 && (!plugin || !(three = (int (*)(void))dlsym(plugin, "three")) || !three()))
        return puts(dlerror()) && 1;
    MEMTRACK_SCOPE("shared") one();
    two();
    n = memtrack_scopes_read(rows, 9);
    for (int i = 0; i < n; i++)
        printf("%s %d\\n", rows[i].name, (int)rows[i].count);
    n = memtrack_group_read(memtrack_group("parts"), rows, 9);
    printf("%d %d\\n", n, (int)rows[0].count);
    return 0;
}
"""

# Neither malloc nor a lock: its own malloc counts, and a timer's handler has scopes, too.
HOSTILE = """
#include <memtrack/timers.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
static volatile unsigned long calls, begun, refused;
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *malloc(size_t n) { calls++; return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { calls++; return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { calls++; return __libc_realloc(p, n); }
static void handler(int signal) {
    memtrack_scope scope;
    int rc = memtrack_begin(&scope, "handler");
    (void)signal;
    if (rc == 0)
        begun++;
    else if (rc == -MEMTRACK_EBUSY)
        refused++;
    else
        abort();
    if (memtrack_end(&scope, NULL) != 0)
        abort();
}
int main(void) {
    static memtrack_scope_row rows[5000];
    static char name[16];
    struct itimerval often = {{0, 200}, {0, 200}};
    unsigned long before = calls;
    int n;
    signal(SIGALRM, handler);
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned i = 0; i < 400000; i++) {
        for (unsigned k = 0, digits = i % 3000; k < 4; k++, digits /= 10)
            name[k] = (char)('0' + digits % 10);
        MEMTRACK_SCOPE("loop") MEMTRACK_SCOPE(name) ;
        if (i % 50000 == 0 && memtrack_scopes_read(rows, 5000) < 0)
            return 2;
    }
    often.it_value.tv_usec = often.it_interval.tv_usec = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    n = memtrack_scopes_read(rows, 5000);
    if (calls != before || memtrack_scopes_print(2, "count", 3) || calls != before)
        return 3;
    for (int i = 0; i < n; i++)
        if (strcmp(rows[i].name, "handler") == 0 && rows[i].count != begun)
            return 4;
        else if (strcmp(rows[i].name, "loop") == 0 && rows[i].count != 400000)
            return 5;
        else if (rows[i].misuses)
            return 6;
    printf("%d %lu\\n", n, begun + refused);
    return 0;
}
"""

# Counters, caches and hooks, each with what it has to come to.
OWN = """
#include <memtrack/timers.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#define MUST(condition) \\
    ((condition) ? (void)0 : (fprintf(stderr, "line %d: %s\\n", __LINE__, #condition), exit(1)))
static char log_[400];
static void add_to_log(const char *what, const char *name, void *arg) {
    size_t used = strlen(log_);
    snprintf(log_ + used, sizeof log_ - used, "%s%s%s ", what, (const char *)arg, name);
}
static void begun(memtrack_scope *scope, const char *name, void *arg) {
    memtrack_scope inner;
    memtrack_hook_t self = {begun, NULL, arg};
    MUST(memtrack_scope_set(scope, "key", "value") == 0);
    MUST(memtrack_begin(&inner, "in a hook") == 0 && memtrack_end(&inner, NULL) == 0);
    add_to_log("+", name, arg);
    if (strcmp(name, "last") == 0)
        MUST(memtrack_hook_remove(&self) == -MEMTRACK_EBUSY);
}
static void ending(memtrack_scope *scope, const char *name, void *arg) {
    MUST(memtrack_scope_fail(scope, name) == 0);
    add_to_log("-", name, arg);
}
static void *work(void *arg) {
    for (int i = 1; i <= 1000; i++) {
        memtrack_counter_add("sum", i % 2 ? 3 : -2);
        memtrack_cache_hit("cache", (uint64_t)i);
        if (i % 4 == 0)
            memtrack_cache_miss("cache", 1000);
    }
    return arg;
}
int main(void) {
    char a[] = "a:", b[] = "b:";
    memtrack_hook_t both = {begun, ending, a}, end = {NULL, ending, b}, one = {begun, NULL, a};
    memtrack_counter_row counters[3];
    memtrack_cache_row caches[3];
    memtrack_scope_row rows[9];
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < 8; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    memtrack_counter("gauge", 7);
    memtrack_counter("gauge", -9);
    memtrack_counter("gauge", 4);
    MUST(memtrack_cache_size("cache", 100) == 0 && memtrack_cache_size("cache", 60) == 0);
    MUST(memtrack_cache_size("other", 5) == 0 && memtrack_cache_size("x", UINT64_MAX) < 0);
    MUST(memtrack_counters_read(counters, 3) == 2 && memtrack_counters_read(NULL, 0) == 2);
    MUST(strcmp(counters[0].name, "sum") == 0 && counters[0].value == 4000);
    MUST(counters[0].changes == 8000 && counters[0].lowest >= -16 && counters[0].highest >= 4000);
    MUST(counters[1].value == 4 && counters[1].lowest == -9 && counters[1].highest == 7);
    MUST(memtrack_caches_read(caches, 3) == 2 && strcmp(caches[0].name, "cache") == 0);
    MUST(caches[0].hits == 8000 && caches[0].misses == 2000 && caches[0].hit_rate == 0.8);
    MUST(caches[0].hit_ns.sum == 8 * 500500 && caches[0].hit_ns.max == 1000);
    MUST(caches[0].miss_ns.mean == 1000 && caches[0].miss_ns.p95 == 1000);
    MUST(caches[0].size_bytes == 60 && caches[0].highest_bytes == 100);
    MUST(strcmp(caches[1].name, "other") == 0 && caches[1].hits == 0 && caches[1].hit_rate == 0);
    MUST(memtrack_scopes_read(NULL, 0) == 0);
    MUST(memtrack_hook_add(&both) == 0 && memtrack_hook_add(&end) == 0);
    MEMTRACK_SCOPE("outer") MEMTRACK_SCOPE("inner") ;
    MUST(memtrack_hook_remove(&both) == 0 && memtrack_hook_remove(&both) == -MEMTRACK_ENOTFOUND);
    MEMTRACK_SCOPE("third") ;
    MUST(memtrack_hook_remove(&end) == 0 && memtrack_hook_add(&one) == 0);
    MEMTRACK_SCOPE("last") MEMTRACK_SCOPE("none") ;
    MUST(memtrack_hook_remove(&one) == 0 && memtrack_hook_remove(&one) == -MEMTRACK_ENOTFOUND);
    for (int i = 0; i < 16; i++)
        MUST(memtrack_hook_add(&end) == 0);
    MUST(memtrack_hook_add(&end) == -MEMTRACK_ELIMIT && memtrack_hook_add(NULL) < 0);
    MUST(memtrack_scopes_read(rows, 9) == 6);
    for (int i = 0; i < 6; i++)
        printf("%s %d %d\\n", rows[i].name, (int)rows[i].count, (int)rows[i].errors);
    puts(log_);
    return 0;
}
"""


def given(thread, number):
    return (((thread * ROUNDS + number + 1) * 0x9E3779B97F4A7C15 & 2**64 - 1) >> 40) << number % 15


class Row:
    def __init__(self, line):
        words = line.split("\t")
        self.name, self.file = words[1:3]
        self.line, self.is_process, self.count, self.errors, self.misuses, self.recursive = map(
            int, words[3:9])
        self.error = words[9]
        self.time = dict(zip(FIGURES, map(float, words[10:17])))
        self.own = int(words[17])

    def whole(self):
        """What is the same in every run: all but times that a clock has measured."""
        return (self.name, self.file, self.line, self.is_process, self.count, self.errors,
                self.misuses, self.recursive, self.error, self.name == "given" and self.time)


class Timers(case.Case):
    def parse(self, text):
        rows = {}
        for line in text.decode().splitlines():
            group = line.split("\t")[0]
            rows[group, line.split("\t")[1]] = Row(line)
        return rows

    def check_given(self, row, values):
        values.sort()
        exact = {"sum": sum(values), "mean": statistics.fmean(values),
                 "stddev": statistics.pstdev(values), "min": values[0], "max": values[-1]}
        for figure, value in exact.items():
            self.assertAlmostEqual(value, row.time[figure], delta=1e-9 * value, msg=figure)
        for figure, percent in (("p50", 50), ("p95", 95)):
            value = values[-(-len(values) * percent // 100) - 1]
            self.assertAlmostEqual(value, row.time[figure], delta=0.02 * value, msg=figure)
        self.assertEqual((len(values), sum(values)), (row.count, row.own))

    def check_rows(self, text):
        rows = self.parse(text)
        whole = range(THREADS), range(ROUNDS)
        names = ["work", "given", "name 0", "name 1", "name 2", "recurse", "process", "moved",
                 "outer", "forgotten", "left open", "after", "forked"]
        self.assertEqual(set(names), {name for group, name in rows if not group})
        self.check_given(rows["", "given"],
                         [given(thread, i) for thread in whole[0] for i in whole[1]])
        self.check_given(rows["library", "given"], [i % 7 for i in whole[1]] * THREADS)
        work = rows["", "work"]
        self.assertEqual((4000, 400, 0, 0, "every tenth", "work.c", 7),
                         (work.count, work.errors, work.misuses, work.recursive, work.error,
                          work.file, work.line))
        self.assertEqual(4000, rows["library", "work"].count)
        self.assertEqual("timers.c", rows["library", "work"].file)
        self.assertEqual([THREADS * sum(i % 3 == k for i in whole[1]) for k in range(3)],
                         [rows["", "name %d" % k].count for k in range(3)])
        recurse = rows["", "recurse"]
        self.assertEqual((6 * THREADS, 5 * THREADS), (recurse.count, recurse.recursive))
        self.assertAlmostEqual(recurse.own, recurse.time["sum"], delta=1)
        self.assertEqual([1] * 7, [rows["", name].count for name in names[6:]])
        self.assertEqual({"forgotten": 1, "left open": 1},
                         {row.name: row.misuses for row in rows.values() if row.misuses})
        self.assertEqual([("process", "all.c", 3)], [
            (row.name, row.file, row.line) for row in rows.values() if row.is_process])
        for row in rows.values():
            t = row.time
            self.assertTrue(t["min"] <= t["p50"] * 1.02 and t["p50"] <= t["p95"] <= t["max"], t)
            n = row.count - row.recursive
            self.assertAlmostEqual(t["sum"], t["mean"] * n, delta=1e-9 * t["sum"])
        return {key: row.whole() for key, row in rows.items()}

    def test_rows(self):
        source = os.path.join(harness.SUPPORT, "timers.c")
        for number, (which, flags) in enumerate(BUILDS):
            with self.subTest(compiler=which, flags=flags):
                program = compiler.build(self.path("timers%d" % number), source, "-D_GNU_SOURCE",
                                         compiler.INCLUDE, *WARNINGS, *flags.split(),
                                         compiler=which, libs=["-lpthread"])
                alone = self.check_rows(harness.check([program],
                                                      env=harness.plain_environment()).stdout)
                if number in (0, 3, 6):
                    recorded = self.check_rows(harness.check(
                        [program], env=harness.preloaded(self.dir)).stdout)
                    self.assertEqual(alone, recorded)

    def test_musl(self):
        if not shutil.which("musl-gcc"):
            raise unittest.SkipTest("no musl-gcc")
        source = os.path.join(harness.SUPPORT, "timers.c")
        for flags in ([], ["-static"]):
            program = compiler.build(self.path("musl"), source, "-D_GNU_SOURCE", "-idirafter",
                                     "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu",
                                     compiler.INCLUDE, "-O2", *flags, compiler="musl-gcc",
                                     required=False)
            self.check_rows(harness.check([program], env=harness.plain_environment()).stdout)

    def test_objects_share(self):
        """A program of two shared objects, in C and C++, and a plugin."""
        objects = []
        for name, which in (("one", "gcc"), ("two", "g++"), ("three", "clang")):
            objects.append(self.build("lib%s.so" % name, PART, compiler.INCLUDE, "-fPIC", "-shared",
                                      "-O1", "-DNAME=" + name, '-DTEXT="%s"' % name,
                                      compiler=which))
        program = self.build("whole", WHOLE, compiler.INCLUDE, "-O1", compiler="gcc",
                             libs=[*objects[:2], "-ldl", "-Wl,-rpath," + self.dir])
        env = harness.plain_environment()
        self.assertEqual(b"shared 3\none 1\ntwo 1\n1 2\n", harness.check([program], env=env).stdout)
        self.assertEqual(b"shared 4\nthree 1\none 1\ntwo 1\n1 3\n",
                         harness.check([program, objects[2]], env=env).stdout)

    def test_counters_caches_and_hooks(self):
        for which, flags in (("gcc", ["-std=gnu11", "-O2"]), ("g++", ["-std=gnu++11", "-O0"])):
            program = self.build("own", OWN, compiler.INCLUDE, *WARNINGS, *flags, compiler=which,
                                 libs=["-lpthread"])
            for env in (harness.plain_environment(), harness.preloaded(self.dir)):
                self.assertEqual(
                    "outer 1 1\nin a hook 3 0\ninner 1 1\nthird 1 1\nlast 1 0\nnone 1 0\n"
                    "+a:outer +a:inner -a:inner -b:inner -a:outer -b:outer -b:third +a:last \n",
                    harness.check([program], env=env).stdout.decode())

    def test_calls_in_any_order(self):
        """Right ones and wrong ones return the same, and come to the same, recorded or not."""
        program = compiler.build(self.path("random"),
                                 os.path.join(harness.SUPPORT, "timers_random.c"), "-D_GNU_SOURCE",
                                 compiler.INCLUDE, *WARNINGS, "-O1", compiler="gcc")
        for seed in range(1, 13):
            with self.subTest(seed):
                alone, recorded = (self.steady(harness.check(
                    [program, str(seed), "700"], env=env).stdout.decode()) for env in (
                        harness.plain_environment(), harness.preloaded(self.dir)))
                self.assertGreater(len(alone), 700)
                self.assertEqual(alone, recorded)

    def steady(self, text):
        """Lines, where caches are in any order."""
        lines = []
        for is_cache, some in itertools.groupby(text.splitlines(),
                                                lambda line: line.startswith("cache\t")):
            lines += sorted(some) if is_cache else some
        return lines

    def test_no_malloc_and_signals(self):
        program = self.build("hostile", HOSTILE, compiler.INCLUDE, "-O2", "-fno-builtin",
                             compiler="gcc", libs=["-lpthread"])
        result = harness.check([program], env=harness.plain_environment())
        n, signals = map(int, result.stdout.split())
        self.assertTrue(n in (3001, 3002) and signals >= n - 3001, result)
        table = result.stderr.decode().splitlines()
        self.assertRegex(table[0], r"^ +COUNT +TIME +SELF +MEAN +P50 +P95 +MAX  SCOPE$")
        self.assertRegex(table[1], r"^ 400,000( +[\d.]+ [num]?s| +\d+ min \d+ s)+  loop$")
        self.assertRegex(table[-1], r"^ \.\.\. and [\d,]+ more scopes$")

    def test_recorded_without_optimisation(self):
        """The header's own system calls are not taken for those of a program that confines itself,
        in which the recorder has no clock and writes nothing."""
        program = self.build("plain", "#include <memtrack/timers.h>\nint main(void) { "
                             "MEMTRACK_SCOPE(\"s\") {} return -memtrack_scopes_print(1, 0, 0); }",
                             compiler.INCLUDE, "-O0", compiler="gcc")
        profile = self.path("plain.pb.gz")
        result = harness.record(profile, [program])
        self.assertEqual(0, result.code, result)
        self.assertIn(b"SCOPE", result.stdout)
        row, = harness.ask("scopes", profile)["rows"]
        self.assertGreater(row["duration_ns"]["sum"], 0)

    def test_without_timers_nothing_is_measured(self):
        program = self.build("plain", """
            #include <memtrack.h>
            int other(void);
            int main(void) {
                memtrack_scope scope;
                memtrack_begin(&scope, "a");
                memtrack_end(&scope, 0);
                return memtrack_scopes_read(0, 0) * 10 + other();
            }""", compiler.INCLUDE, "-c", compiler="gcc")
        other = self.build("other", """
            #include <memtrack/timers.h>
            int other(void);
            int other(void) { return memtrack_record("b", 1) || memtrack_scopes_read(0, 0) != 1; }
            """, compiler.INCLUDE, "-c", compiler="gcc")
        whole = compiler.build(self.path("both"), [program, other])
        harness.check([whole], env=harness.plain_environment())
        symbols = harness.check(["nm", program]).stdout.decode()
        self.assertNotIn("memtrack_local", symbols)
        self.assertEqual([], re.findall(r"\b[TtDdBb] memtrack", symbols))


if __name__ == "__main__":
    harness.main()
