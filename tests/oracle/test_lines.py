# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 8
"""memtrack run --lines: what each line changes, and how often it runs, is what the programs' own
comments say of their lines; times are within what holds on any machine. With gcc and clang, with
hooks and without, optimised and not; recursion, threads, loops, inlined functions, exceptions,
jumps, signals, libraries that come and go; of Rust, and of Python's scripts."""
import re

from support import case, compiler, harness, output

HOOKS = {"gcc": ["-fsanitize-coverage=trace-pc"],
         "clang-14": ["-fsanitize-coverage=trace-pc-guard,no-prune"]}
HOOKS["g++"], HOOKS["clang++-14"] = HOOKS["gcc"], HOOKS["clang-14"]
KEYS = {"inc": "increment_bytes", "blocks": "increment_blocks", "all": "allocated_bytes",
        "freed": "freed_blocks", "hits": "hits", "after": "live_after_bytes", "peak": "peak_bytes"}
SUMS = [key for key in KEYS.values() if key not in ("live_after_bytes", "peak_bytes")]

C = r"""
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>
enum { THREADS = 8, ROUNDS = 200 };
static void *kept[64];
static jmp_buf place;
static __attribute__((noinline)) void *make(size_t bytes) {
    void *block = malloc(bytes);
    return block;
}
__attribute__((noinline)) void fill(int n) {
    char *buffer = make(1000); /* fill: inc=2000 all=2000 blocks=2 freed=0 */
    kept[63] = realloc(kept[63], 500); /* fill: inc=500 all=1000 blocks=1 freed=1 */
    buffer = realloc(buffer, 3000); /* fill: inc=4000 all=6000 blocks=0 freed=2 */
    for (int i = 0; i < n; i++) /* fill: hits=14 */
        kept[i] = make(100); /* fill: inc=1200 blocks=12 hits=12 */
    if (n > 3) /* fill: hits=2 */
        usleep(20000); /* fill: hits=1 least=20000000 */
    free(buffer); /* fill: hits=2 inc=-6000 blocks=-2 freed=2 */
    for (int i = 0; i < n; i++) free(kept[i]); /* fill: hits=14 inc=-1200 blocks=-12 */
}
__attribute__((noinline)) int walk(int depth) {
    void *block = malloc(16); /* walk: inc=96 blocks=6 */
    int below = 0;
    if (depth > 0)
        below = walk(depth - 1); /* walk: hits=5 */
    if (depth == 3) /* walk: hits=6 */
        usleep(10000); /* walk: hits=1 */
    free(block); /* walk: hits=6 inc=-96 blocks=-6 */
    return below + 1;
}
__attribute__((noinline)) void jump(int n) {
    if (n == 0)
        longjmp(place, 1); /* jump: hits=1 */
    kept[n] = malloc(10); /* jump: hits=3 inc=30 blocks=3 */
    jump(n - 1);
    kept[n] = malloc(1000);
}
__attribute__((noinline)) void land(void) {
    if (!setjmp(place))
        jump(3); /* land: hits=1 */
    for (int i = 1; i <= 3; i++) /* land: hits=4 */
        free(kept[i]); /* land: hits=3 inc=-30 blocks=-3 */
}
__attribute__((noinline)) void *work(void *unused) {
    for (int i = 0; i < ROUNDS; i++) { /* work: hits=1608 */
        void *block = make(10); /* work: hits=1600 inc=16000 blocks=1600 */
        if (i % 2)
            free(block); /* work: hits=800 inc=-8000 blocks=-800 */
    }
    return unused;
}
static inline __attribute__((always_inline)) void grow(int i) {
    if (i >= 0)
        kept[i] = malloc(64); /* grow: hits=5 inc=320 blocks=5 */
}
__attribute__((noinline)) void twice(void) {
    for (int i = 0; i < 3; i++) /* twice: hits=4 */
        grow(i);
    grow(4);
    grow(5);
}
int main(void) {
    pthread_t thread[THREADS];
    fill(10);
    fill(2);
    walk(5);
    land();
    twice();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
"""

PROCESSES = r"""
#include <memtrack.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *kept[100];
void step(int n) {
    for (int i = 0; i < n; i++) /* step: hits=59 */
        kept[i] = malloc(10); /* step: hits=57 inc=570 blocks=57 */
    if (n > 5)
        free(kept[0]); /* step: hits=2 inc=-20 blocks=-2 */
}
int main(void) {
    step(100);
    if (fork() == 0) {
        step(7);
        _exit(0);
    }
    wait(NULL);
    memtrack_clear_traces();
    step(50);
    kill(getpid(), SIGKILL);
}
"""

CXX = r"""
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
static std::vector<std::unique_ptr<char[]>> kept;
namespace shop {
template <typename T> __attribute__((noinline)) void stock(int n) {
    for (int i = 0; i < n; i++) // stock: hits=9
        kept.emplace_back(new char[sizeof(T) * 100]); // stock: hits=7
}
__attribute__((noinline)) void order(int n) {
    std::unique_ptr<int[]> list(new int[250]); // order: all=14000
    if (n > 1)
        throw std::runtime_error("no such thing"); // order: hits=13
    list[0] = n;
}
__attribute__((noinline)) int retry(int n) {
    int tries = 0;
    for (int i = 0; i < n; i++)
        try {
            std::string name(100, 'x');
            order(2);
            tries++; // retry: hits=0
        } catch (const std::exception &) { // retry: hits=10
            tries += 2; // retry: hits=10
        }
    try {
        order(2);
    } catch (const char *) { // retry: hits=1
        tries++; // retry: hits=0
    } catch (const std::exception &) { // retry: hits=1
        tries++; // retry: hits=1
    }
    return tries;
}
}
int main() {
    kept.reserve(64);
    shop::retry(10);
    shop::stock<char>(3);
    shop::stock<double>(4);
    for (int i = 1; i <= 3; i++)
        try {
            shop::order(i);
        } catch (const std::exception &e) {
        }
    return 0;
}
"""

# What comes in at any time, from anywhere: a signal, and a library that is loaded twice.
ELSEWHERE = r"""
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
static void *kept[8];
void on_signal(int number) { /* on_signal: hits=3 */
    if (number == SIGUSR2) /* on_signal: hits=3 inc=0 */
        kept[0] = malloc(1); /* on_signal: hits=0 inc=0 */
    kept[number % 8] = malloc(40); /* on_signal: hits=3 inc=120 blocks=3 */
}
void never(void) {
    kept[7] = malloc(10); /* never: hits=0 */
}
int main(int argc, char **argv) {
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < 3; i++)
        raise(SIGUSR1);
    for (int i = 3; i < 5; i++) {
        void *library = dlopen(argv[1], RTLD_NOW);
        ((void (*)(int))dlsym(library, "grow"))(i);
        dlclose(library);
    }
    if (argc > 2)
        never();
    return 0;
}
"""

LIBRARY = r"""
#include <stdlib.h>
static void *kept;
void grow(int n) {
    for (int i = 0; i < n; i++) { /* grow: hits=9 */
        free(kept); /* grow: hits=7 freed=5 blocks=-5 */
        kept = malloc(64); /* grow: hits=7 inc=448 blocks=7 */
    }
}
"""

PYTHON = r"""
kept = []
def fill(n):
    for i in range(n):
        kept.append(bytearray(100000)) # fill: inc=1000010 freed=0
    big = bytes(3000000) # fill: inc=3000033 blocks=1
    kept.clear() # fill: inc=-1000010 blocks=-10 freed=10
    return big
fill(10)
"""

# What a thread holds is live for the lines of another one, too.
HOLDER = r"""
#include <pthread.h>
#include <stdlib.h>
static pthread_barrier_t barrier;
static void *kept[2];
static void *hold(void *unused) {
    kept[0] = malloc(4 << 20); /* hold: inc=4194304 */
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}
static void look(void) {
    kept[1] = malloc(1000); /* look: inc=1000 */
}
int main(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, hold, NULL);
    pthread_barrier_wait(&barrier);
    look();
    pthread_barrier_wait(&barrier);
    return pthread_join(thread, NULL);
}
"""

RUST = r"""
fn fill(n: usize) -> Vec<Box<[u8; 100]>> {
    let mut list = Vec::with_capacity(n); // fill: inc=80 blocks=1
    for _ in 0..n {
        list.push(Box::new([0u8; 100])); // fill: inc=1000 blocks=10
    }
    list
}
fn main() {
    let list = fill(10);
    println!("{}", list.len()); // main: freed=0
    drop(list); // main: inc=-1080 blocks=-11
}
"""

# Optimised, the last hook of one() and two() is a jump, and returns behind their calls in main.
LAST_IS_A_JUMP = r"""
volatile int g;
__attribute__((noinline)) void one(int x) {
    if (x) /* one: hits=10 */
        g += 1; /* one: hits=5 */
}
__attribute__((noinline)) void two(int x) {
    if (x) /* two: hits=10 */
        g += 2; /* two: hits=2 */
}
int main(void) { /* main: hits=1 */
    for (int i = 0; i < 10; i++) { /* main: hits=10 */
        one(i & 1); /* main: hits=10 */
        g++; /* main: hits=10 */
        two(i > 7); /* main: hits=10 */
        g++; /* main: hits=10 */
    }
    return 0; /* main: hits=1 */
} /* main: hits=1 */
"""


def expectations(text, allows_hits):
    """{(function, line): {key: value}} of the comments of a source."""
    expected = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"(?:/\*|//|#) (\w+): ([^*]*)", line)
        if match:
            pairs = dict(pair.split("=") for pair in match.group(2).split())
            expected[match.group(1), number] = {
                key: int(value) for key, value in pairs.items()
                if allows_hits or key not in ("hits", "least")}
    return expected


def plain(name):
    """A function's name without its namespace, its templates and what it takes or returns."""
    return re.sub(r"<[^<>]*>|\(.*", "", name).split("::")[-1].split(" ")[-1]


class Lines(case.Case):
    def compile(self, text, tool, *flags):
        """The program, compiled and then linked, as the hooks' header says."""
        name = "program"
        source = self.write(name + compiler.suffix(tool), text)
        compiler.build(self.path(name + ".o"), source, "-c", "-g", *flags, compiler=tool)
        return compiler.build(self.path(name), self.path(name + ".o"), "-lpthread", compiler=tool)

    def hooked(self, tool, *flags):
        return ["-O0", compiler.INCLUDE, "-include", "memtrack/lines.h", *HOOKS[tool], *flags]

    def record(self, program, patterns, *options):
        arguments = [word for pattern in patterns for word in ("--lines", pattern)]
        harness.memtrack("run", "-q", "--force", *options, *arguments, "-o", self.path("p.pb.gz"),
                         "--", program)
        said = harness.ask("annotate", self.path("p.pb.gz"), "--json")
        return output.validate(said, "memtrack-lines-1")

    def compare(self, text, said, has_hooks):
        rows = {}
        for function in said["functions"]:
            for row in function["lines"]:
                known = rows.setdefault((plain(function["function"]), row["line"]), row)
                if known is not row:  # another one of the same template
                    known.update({key: (known[key] or 0) + (row[key] or 0) for key in SUMS})
        for (function, line), pairs in expectations(text, has_hooks).items():
            row = rows.get((function, line), {})
            for key, value in pairs.items():
                place = "%s:%d %s: %s" % (function, line, key, row)
                if key == "least":
                    self.assertGreaterEqual(row.get("time_ns", 0), value, place)
                else:
                    self.assertEqual(value, row.get(KEYS[key]), place)
        return rows

    def check_times(self, said):
        """No thread's functions can take longer than there was time, and the recursive one was
        timed once; of the lines of one function that holds of the sum."""
        duration = said["process"]["duration_ns"]
        for function in said["functions"]:
            most = duration * (8 if function["function"].startswith("work") else 1)
            self.assertLessEqual(function["time_ns"] or 0, most, function["function"])

    NAMES = ("fill", "walk", "jump", "land", "work", "grow", "twice")

    def test_c(self):
        for tool in ("gcc", "clang-14"):
            for more in ((), ("-finstrument-functions",)):
                with self.subTest(tool=tool, more=more):
                    program = self.compile(C, tool, *self.hooked(tool, *more))
                    self.assertEqual(0, harness.run([program]).code)
                    said = self.record(program, self.NAMES)
                    rows = self.compare(C, said, True)
                    self.check_times(said)
                    self.assertGreaterEqual(
                        sum(row["time_ns"] or 0 for (name, _), row in rows.items()
                            if name == "walk"), 10000000)

    def test_last_hook_is_a_jump(self):
        program = self.compile(LAST_IS_A_JUMP, "gcc", *self.hooked("gcc", "-O2"))
        self.compare(LAST_IS_A_JUMP, self.record(program, ["one", "two", "main"]), True)

    def test_without_hooks(self):
        """Memory by line needs nothing but lines, also of optimised code."""
        for tool in ("gcc", "clang-14"):
            for flags in (["-O0"], ["-O2", "-fno-builtin", "-fno-optimize-sibling-calls"]):
                with self.subTest(tool=tool, flags=flags):
                    said = self.record(self.compile(C, tool, *flags), self.NAMES)
                    rows = self.compare(C, said, False)
                    self.assertEqual({None}, {row["hits"] for row in rows.values()})
                    lines = C.splitlines()  # each function is shown from where it begins
                    begins = {plain(f["function"]): lines[f["from_line"] - 1]
                              for f in said["functions"]}
                    self.assertEqual({}, {name: line for name, line in begins.items()
                                          if name + "(" not in line})

    def test_levels(self):
        """With one thread, what is live after a line is what its lines before have left."""
        text = C.replace("THREADS = 8", "THREADS = 1")
        said = self.record(self.compile(text, "gcc", "-O0"), ["main"])
        live = 0
        for row in said["functions"][0]["lines"]:
            if "pthread" in row["text"]:
                break  # what libc allocates for a thread is the loader's business
            live += row["increment_bytes"]
            self.assertEqual(live, row["live_after_bytes"], row)
            self.assertGreaterEqual(row["peak_bytes"], live, row)
        self.assertEqual(500 + 320, live)

    def test_levels_of_threads(self):
        said = self.record(self.compile(HOLDER, "gcc", "-O0"), ["hold", "look"])
        row = next(row for (name, _), row in self.compare(HOLDER, said, False).items()
                   if name == "look")
        for level in ("live_after_bytes", "peak_bytes"):
            self.assertGreaterEqual(row[level], (4 << 20) - (64 << 10), row)
            self.assertLessEqual(row[level], (4 << 20) + (128 << 10), row)

    def test_python(self):
        """Lines of a script, which nothing was built for; and nothing is said of a compiler."""
        script = self.write("fill.py", PYTHON)
        recorded = ["--lines", "fill", "-o", self.path("p.pb.gz"), "--"]
        harness.memtrack("run", "-q", "--force", *recorded, harness.tool("python3"), script)
        rows = self.compare(PYTHON, harness.ask("annotate", self.path("p.pb.gz")), False)
        after = [row["live_after_bytes"] for row in rows.values()]
        self.assertEqual([3000033, -1000010], [after[1] - after[0], after[2] - after[1]])
        shown = harness.memtrack("annotate", self.path("p.pb.gz")).stdout.decode()
        self.assertIn("kept.clear()", shown)
        self.assertNotIn("-fsanitize-coverage", shown)

    def test_sums(self):
        """All lines of the program together have changed what is live at its end."""
        program = self.compile(C, "gcc", "-O0")
        said = self.record(program, ["main", "work"])
        totals = harness.ask("report", self.path("p.pb.gz"), "--json")["totals"]
        every = self.record(program, ["*"])
        for key, value in (("allocated_bytes", "total_bytes"), ("freed_bytes", "freed_bytes"),
                           ("allocated_blocks", "total_blocks"), ("freed_blocks", "freed_blocks")):
            lines = sum(function[key] for function in said["functions"])
            self.assertLessEqual(lines, totals[value])
            self.assertEqual(lines, sum(function[key] for function in every["functions"]), key)

    def test_cxx(self):
        for tool in ("g++", "clang++-14"):
            with self.subTest(tool=tool):
                program = self.compile(CXX, tool, *self.hooked(tool))
                self.assertEqual(0, harness.run([program]).code)
                said = self.record(program, ["*stock*", "shop::order", "shop::retry"])
                rows = self.compare(CXX, said, True)
                self.check_times(said)
                order = [row for (name, _), row in rows.items() if name == "order"]
                self.assertEqual(0, sum(row["increment_blocks"] for row in order
                                        if "throw" not in row["text"]))

    def test_processes(self):
        """A fork begins anew, what was cleared is gone, what was killed is there; and lines of
        several processes add up."""
        for tool in ("gcc", "clang-14"):
            with self.subTest(tool=tool):
                program = self.compile(PROCESSES, tool, *self.hooked(tool))
                ran = harness.memtrack("run", "--lines", "step", "-o", self.path(tool) + "/", "--",
                                       program, status=137)
                self.assertIn("memtrack annotate " + self.path(tool), ran.stderr.decode())
                said = harness.ask("annotate", self.path(tool))
                self.compare(PROCESSES, said, True)

    def test_elsewhere(self):
        for tool, flags in (("gcc", ["-no-pie"]), ("clang-14", [])):
            with self.subTest(tool=tool):
                more = [] if flags else ["-fPIC"]
                library = self.path("library.so")
                source = self.write("library.c", LIBRARY)
                compiler.build(self.path("library.o"), source, "-c", "-g", "-fPIC",
                               *self.hooked(tool), compiler=tool)
                compiler.build(library, self.path("library.o"), "-shared", compiler=tool)
                source = self.write("elsewhere.c", ELSEWHERE)
                compiler.build(self.path("elsewhere.o"), source, "-c", "-g", *(more or ["-fno-pie"]),
                               *self.hooked(tool), compiler=tool)
                program = compiler.build(self.path("elsewhere"), self.path("elsewhere.o"), *flags,
                                         compiler=tool)
                words = [word for name in ("on_signal", "never", "grow", "main")
                         for word in ("--lines", name)]
                harness.memtrack("run", "-q", "--force", *words, "-o", self.path("p.pb.gz"), "--",
                                 program, library)
                said = harness.ask("annotate", self.path("p.pb.gz"))
                self.compare(ELSEWHERE, said, True)
                self.compare(LIBRARY, said, True)

    def test_rust(self):
        source = self.write("program.rs", RUST)
        program = compiler.build(self.path("program"), source, "-g", compiler="rustc", required=False)
        said = self.record(program, ["*fill", "*::main"])
        self.compare(RUST, said, False)

    def test_hook_is_silent(self):
        """The header goes into sources that are compiled with every warning."""
        for tool in ("gcc", "g++", "clang-14", "clang++-14"):
            with self.subTest(tool=tool):
                source = self.write("empty.cpp" if "++" in tool else "empty.c", "int empty;\n")
                command = [harness.tool(tool), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c",
                           *self.hooked(tool), source, "-o", self.path("empty.o")]
                result = harness.run(command)
                self.assertEqual((0, b""), (result.code, result.stderr), command)

    def test_not_recorded(self):
        """Then there is what came from each line, and it is said that this is not the same."""
        program = self.compile(C, "gcc", "-O0")
        profile = self.path("p.pb.gz")
        harness.memtrack("run", "-q", "-o", profile, "--", program)
        said = harness.ask("annotate", profile, "--lines", "walk", "--json")
        self.assertFalse(said["is_recorded"])
        row = said["functions"][0]["lines"][0]
        self.assertEqual((96, 6, 96, 6, None, None),
                         (row["allocated_bytes"], row["allocated_blocks"], row["freed_bytes"],
                          row["freed_blocks"], row["hits"], row["live_after_bytes"]))
        told = harness.memtrack("annotate", profile, "--lines", "walk").stdout.decode()
        self.assertIn("Lines were not recorded", told)
        refused = harness.memtrack("annotate", profile, "--lines", "nowhere", status=3)
        self.assertIn("no function or file called nowhere", refused.stderr.decode())
        told = harness.memtrack("run", "-q", "--force", "-o", profile, "--lines", "nowhere", "--",
                                program)
        self.assertIn("no function or file called nowhere", told.stderr.decode())

    def test_refused(self):
        result = harness.memtrack("run", "--lines", "f", "--sample", "1K", "--", "true", status=125)
        self.assertIn("Leave one of the two out", result.stderr.decode())


if __name__ == "__main__":
    harness.main()
