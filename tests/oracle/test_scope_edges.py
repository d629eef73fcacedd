# SPDX-License-Identifier: MIT
# cost: 5
"""Scopes where something ends: more functions are open than there is room for, a function's code is
unloaded and its address is another one's, and a reset comes between an error and the end."""
import os

from support import case, compiler, harness

DEEP = """
#include <stdlib.h>
static volatile long sink;
__attribute__((noinline)) static void leaf(void) { sink++; }
__attribute__((noinline)) static void other(long n) { sink++; if (n == 0) leaf(); }
__attribute__((noinline)) static long down(long n) {
    other(n);
    long below = n > 0 ? down(n - 1) + 1 : 0;
    leaf();
    return below;
}
int main(int argc, char **argv) {
    (void)argc;
    leaf();
    long deep = down(atol(argv[1]));
    leaf();
    other(1);
    return deep != atol(argv[1]);
}
"""
ROOM = 16384  # of a thread's open scopes

PLUGIN = """
__attribute__((noinline)) static void NAME(void) { volatile int x = 0; x++; }
void visit(void) { NAME(); NAME(); }
"""
HOST = """
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int reused = 0;
    void *last = NULL;
    for (int i = 0; i < 20; i++) {
        void *plugin = dlopen(argv[1 + i % (argc - 1)], RTLD_NOW);
        void (*visit)(void) = plugin ? (void (*)(void))dlsym(plugin, "visit") : NULL;
        if (!visit)
            abort();
        reused += (void *)visit == last;
        last = (void *)visit;
        visit();
        dlclose(plugin);
    }
    printf("%d\\n", reused);
    return 0;
}
"""

FAIL = """
#include <memtrack.h>
#include <stdio.h>
static void end_with(int (*begin)(memtrack_scope *, const char *), const char *name, int is_before) {
    memtrack_scope_row row;
    memtrack_scope scope;
    begin(&scope, name);
    memtrack_fail(&scope, "an older one");
    memtrack_end(&scope, NULL);
    begin(&scope, name);
    if (is_before)
        memtrack_fail(&scope, "of this scope");
    memtrack_scopes_reset();
    if (!is_before)
        memtrack_fail(&scope, "of this scope");
    memtrack_end(&scope, NULL);
    memtrack_scopes_read(&row, 1);
    printf("%s %d %d %s\\n", row.name, (int)row.count, (int)row.errors,
           row.latest_error ? row.latest_error : "-");
    memtrack_scopes_reset();
}
static int begin_thread(memtrack_scope *scope, const char *name) {
    return memtrack_begin(scope, name);
}
static int begin_process(memtrack_scope *scope, const char *name) {
    return memtrack_begin_process(scope, name);
}
int main(void) {
    memtrack_scope scope;
    memtrack_scope_row row;
    end_with(begin_thread, "thread", 0);
    end_with(begin_thread, "thread", 1);
    end_with(begin_process, "process", 0);
    end_with(begin_process, "process", 1);
    memtrack_begin(&scope, "silent");
    memtrack_fail(&scope, "forgotten");
    memtrack_end(&scope, NULL);
    memtrack_begin(&scope, "silent");
    memtrack_scopes_reset();
    memtrack_fail(&scope, NULL);
    memtrack_end(&scope, NULL);
    memtrack_scopes_read(&row, 1);
    printf("%s %d %s\\n", row.name, (int)row.errors, row.latest_error ? row.latest_error : "-");
    return 0;
}
"""
FAILED = b"""\
thread 1 1 of this scope
thread 1 1 of this scope
process 1 1 of this scope
process 1 1 of this scope
silent 1 -
"""


class Edges(case.Case):
    def record(self, *command):
        self.profile = self.path("p.pb.gz")
        result = harness.record(self.profile, command)
        self.assertEqual(0, result.code, "%r" % result)
        return result.stdout

    def callers(self):
        """{(caller, callee): count}, of functions."""
        return {(arc["name"], row["name"]): arc["count"]
                for row in harness.ask("scopes", self.profile, "--callers")["rows"]
                for arc in row["callers"]}

    def test_functions_without_room(self):
        """What is not kept is neither taken for what is, nor searched for among it."""
        deep = 3 * ROOM
        self.record(self.build("deep", DEEP, "-g", "-O1", "-fno-optimize-sibling-calls",
                               "-finstrument-functions", compiler="gcc"), str(deep))
        kept = ROOM - 1  # besides main
        self.assertEqual({("", "main"): 1, ("main", "leaf"): 2, ("main", "down"): 1,
                          ("main", "other"): 1, ("down", "down"): kept - 1,
                          ("down", "other"): kept - 1, ("down", "leaf"): kept - 1},
                         self.callers())
        shown = harness.ask("scopes", self.profile)
        self.assertEqual([0] * 4, [row["misuses"] for row in shown["rows"]])
        unseen = (deep + 1 - kept) + 2 * (deep + 1 - kept + 1) + 1
        note = "{:,} scopes found no room".format(unseen)
        self.assertTrue(any(text.startswith(note) for text in shown["notes"]), shown["notes"])
        text = harness.check([harness.MEMTRACK, "scopes", self.profile]).stdout.decode()
        self.assertIn("\n coverage   " + note, text)

    def test_functions_of_code_that_is_unloaded(self):
        plugins = [self.build(name + ".so", PLUGIN, "-g", "-O1", "-fPIC", "-shared",
                              "-finstrument-functions", "-DNAME=" + name, compiler="gcc")
                   for name in ("alpha", "gamma")]
        host = self.build("host", HOST, "-g", compiler="gcc", libs=["-ldl"])
        for number, order in enumerate((plugins, [*plugins, plugins[0]])):
            with self.subTest(order=number):
                self.assertGreater(int(self.record(host, *order)), 10)
                names = [os.path.basename(order[i % len(order)])[:-3] for i in range(20)]
                self.assertEqual({name: 2 * names.count(name) for name in ("alpha", "gamma")} |
                                 {"visit": 20},
                                 {row["name"]: row["count"]
                                  for row in harness.ask("scopes", self.profile)["rows"]})
                self.assertEqual({("visit", name): 2 * names.count(name)
                                  for name in ("alpha", "gamma")} | {("", "visit"): 20},
                                 self.callers())
                os.remove(self.profile)

    def test_errors_and_resets(self):
        """A scope that fails counts with its text, whenever the reset comes."""
        for name, flags in (("recorded", ()), ("timers", ("-DMEMTRACK_TIMERS",))):
            with self.subTest(name):
                program = self.build(name, FAIL, compiler.INCLUDE, "-O1", *flags, compiler="gcc")
                env = harness.plain_environment()
                output = harness.check([program], env=env).stdout if flags else \
                    self.record(program)
                self.assertEqual(FAILED, output)


harness.main()
