# SPDX-License-Identifier: MIT
# cost: 5
"""Scopes where something ends: more functions are open than there is room for, a function's code is
unloaded and its address is another one's, a reset comes between an error and the end, the program
allows itself no clock any more, hooks come and go, and handlers jump out of memtrack's functions;
and more caches than anybody has."""
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
CONFINED = """
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memtrack.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
static void confine(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        abort();
}
static void end(memtrack_scope *scope, uint64_t begin_ns) {
    memtrack_delta d;
    if (memtrack_end(scope, &d) || d.duration_ns > now_ns() - begin_ns || d.cpu_ns > d.duration_ns)
        printf("%llu ns, of them %llu at work\\n", (unsigned long long)d.duration_ns,
               (unsigned long long)d.cpu_ns);
}
int main(void) {
    memtrack_scope thread, moved, process, later;
    uint64_t begin_ns = now_ns();
    setvbuf(stdout, malloc(4096), _IOFBF, 4096);
    memtrack_begin(&moved, "moved");
    memtrack_scope_detach(&moved);
    memtrack_begin_process(&process, "process");
    memtrack_begin(&thread, "thread");
    confine();
    for (int i = 0; i < 1000; i++) {
        uint64_t later_ns = now_ns();
        memtrack_begin(&later, "later");
        free(malloc(100));
        if (memtrack_end(&later, NULL) || now_ns() < later_ns)
            printf("later\\n");
    }
    end(&thread, begin_ns);
    memtrack_scope_attach(&moved);
    end(&moved, begin_ns);
    end(&process, begin_ns);
    printf("%llu\\n", (unsigned long long)(now_ns() - begin_ns));
    return 0;
}
"""
AGAIN = """
#include <memtrack.h>
#include <stdio.h>
static void again(memtrack_scope *scope, const char *name, void *calls) {
    memtrack_hook_t hook = {again, again, calls};
    (void)scope, (void)name;
    ++*(int *)calls;
    memtrack_hook_remove(&hook);
    memtrack_hook_add(&hook);
}
int main(void) {
    int calls = 0;
    memtrack_hook_t hook = {again, again, &calls};
    memtrack_scope scope;
    memtrack_hook_add(&hook);
    for (int i = 0; i < 100; i++) {
        memtrack_begin(&scope, "a scope");
        memtrack_end(&scope, NULL);
    }
    printf("%d %d\\n", calls, memtrack_hook_remove(&hook));
    return 0;
}
"""

MANY = """
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int n = atoi(argv[argc - 1]);
    char name[32];
    memtrack_cache_row *caches = (memtrack_cache_row *)malloc((size_t)n * sizeof *caches);
    memtrack_counter_row *counters = (memtrack_counter_row *)malloc((size_t)n * sizeof *counters);
    for (int i = 0; i < 2 * n; i++) {
        snprintf(name, sizeof name, "%d", i % n);
        memtrack_counter_add(name, i);
        memtrack_cache_size(name, (uint64_t)i);
        if (i % 3)
            memtrack_cache_hit(name, 1);
        else
            memtrack_cache_miss(name, 2);
    }
    printf("%d %d", memtrack_caches_read(caches, (uint32_t)n), memtrack_counters_read(counters, (uint32_t)n));
    for (int i = 0; i < n; i++) {
        int number = atoi(caches[i].name), hits = (number % 3 != 0) + ((number + n) % 3 != 0);
        if (caches[i].hits != (uint64_t)hits || caches[i].misses != (uint64_t)(2 - hits) ||
            caches[i].size_bytes != (uint64_t)(number + n) || atoi(counters[i].name) != i ||
            counters[i].value != 2 * i + n)
            printf(" %d", i);
    }
    printf("\\n");
    return 0;
}
"""

JUMP = """
#define _GNU_SOURCE
#include <memtrack.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
static sigjmp_buf out;
static volatile int jumps;
static void on_alarm(int number) {
    (void)number;
    jumps++;
    siglongjmp(out, 1);
}
static int refused(void) {
    memtrack_scope scope;
    int rc = memtrack_begin(&scope, "left");
    return rc < 0 || memtrack_end(&scope, NULL) < 0;
}
int main(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval every = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    static volatile int n_refused;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    if (sigsetjmp(out, 1) && memtrack_scopes_read(NULL, 0) < 0)
        n_refused = n_refused + 1;
    while (jumps < 500)
        n_refused = n_refused + refused();
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%d %d\\n", n_refused, memtrack_scopes_read(NULL, 0));
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

    def test_no_clock_any_more(self):
        """A program that confines itself inside of scopes: time does not go back."""
        program = self.build("confined", CONFINED, compiler.INCLUDE, "-O1", compiler="gcc")
        for cpu in ("0", "1"):
            profile = self.path("p%s.pb.gz" % cpu)
            result = harness.record(profile, [program],
                                    env=harness.plain_environment(MEMTRACK_SCOPE_CPU=cpu))
            self.assertEqual(0, result.code, "%r" % result)
            whole_ns = int(result.stdout)  # and nothing else was printed
            rows = {row["name"]: row for row in harness.ask("scopes", profile)["rows"]}
            self.assertEqual({"thread": 1, "moved": 1, "process": 1, "later": 1000},
                             {name: row["count"] for name, row in rows.items()})
            for row in rows.values():
                for value in ("duration_ns", "cpu_ns"):
                    self.assertTrue(0 <= row[value]["min"] <= row[value]["max"] <= whole_ns, row)

    def say(self, name, text, *arguments):
        """What a program prints, recorded and with timers alone."""
        timers = self.build(name + "-timers", text, compiler.INCLUDE, "-O1", "-DMEMTRACK_TIMERS",
                            compiler="gcc")
        program = self.build(name, text, compiler.INCLUDE, "-O1", compiler="gcc")
        return (self.record(program, *arguments).decode(),
                harness.check([timers, *arguments],
                              env=harness.plain_environment()).stdout.decode())

    def test_hook_that_adds_itself_again(self):
        """It is called once at each end of a scope, and not for ever."""
        self.assertEqual(("200 0\n",) * 2, self.say("again", AGAIN))

    def test_many_caches_and_counters(self):
        """Each is found at once, however many there are."""
        n = 20000
        self.assertEqual(("%d %d\n" % (n, n),) * 2, self.say("many", MANY, str(n)))
        shown = harness.ask("scopes", self.profile)
        self.assertEqual((n, n), (len(shown["caches"]), len(shown["counters"])))

    def test_handlers_that_jump_out(self):
        """A function of memtrack.h that is left in its middle is over; the next one works."""
        self.assertEqual(("0 1\n",) * 2, self.say("jump", JUMP))


harness.main()
