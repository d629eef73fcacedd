# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 10
"""The bindings for Rust and Python, as they are installed: what scopes allocate by name equals what
programs know, in threads, futures, coroutines and generators; a panic or an exception is an error.
The crate builds without a network, and costs next to nothing where nothing is recorded."""
import os
import re
import shutil

from support import compiler, harness
from support.tasks import Tasks

EXAMPLES = os.path.join(harness.SOURCE, "docs", "examples")
PATH = os.path.join(compiler.BINDINGS, "python")  # of the module


class Rust(Tasks):
    def test_scopes(self):
        program = compiler.rust(self.path("program"),
                                os.path.join(harness.SUPPORT, "tasks", "tasks.rs"))
        self.oracle(program)
        self.check_cost(program)

    def test_example(self):
        """Of docs/scopes.md: 1000 numbers of 8 bytes, and as many of which they are made."""
        program = compiler.rust(self.path("program"), os.path.join(EXAMPLES, "measure.rs"))
        self.assertEqual(b"1000 squares: 0 bytes in 0 block, 0 at most\n",
                         harness.check([program]).stdout)
        tracked = harness.track([program], self.dir)
        self.assertEqual((0, b"1000 squares: 8000 bytes in 1 block, 16000 at most\n"),
                         (tracked.code, tracked.stdout))

    def check_cost(self, program):
        """Instructions of an untracked scope, and of the loop around it."""
        if not shutil.which("valgrind"):
            return
        counts = []
        for n in ("10000", "20000"):
            result = harness.check(["valgrind", "--tool=callgrind",
                                    "--callgrind-out-file=/dev/null", program, n])
            counts.append(int(re.search(rb"Collected : (\d+)", result.stderr).group(1)))
        cost = (counts[1] - counts[0]) // 10000
        print("%d instructions a scope" % cost)
        self.assertLessEqual(cost, 9)

    def test_cargo_without_a_network(self):
        cargo = shutil.which("cargo") or harness.tool("cargo")
        shutil.copytree(os.path.join(compiler.BINDINGS, "rust"), self.path("rust"))
        env = dict(os.environ, CARGO_TARGET_DIR=self.path("target"))
        result = harness.run([cargo, "build", "--offline", "--release"], cwd=self.path("rust"),
                             env=env, timeout=240)
        self.assertEqual(0, result.code, "%r" % result)
        self.assertNotIn(b"warning", result.stderr)


class Python(Tasks):
    PROGRAM = os.path.join(harness.SUPPORT, "tasks", "tasks.py")

    def setUp(self):
        super().setUp()
        self.python = harness.tool("python3")

    def test_scopes(self):
        env = harness.plain_environment(PYTHONPATH=PATH)
        self.oracle(self.python, self.PROGRAM, env=env)
        events = harness.ask("scopes", "--events", self.profile)["events"]
        self.assertIn(("block", {"key": "value"}),
                      [(event["name"], event["metadata"]) for event in events])

    def test_the_rest(self):
        """Everything that the module has can be called, recorded or not."""
        text = ("import memtrack as m\n"
                "with m.scope('warm up'): pass\n"
                "for function, arguments in ((m.mark, ('x',)), (m.counter, ('c', 5)),\n"
                "        (m.counter_add, ('c',)), (m.record, ('r', 7)), (m.set, ('k', 'v')),\n"
                "        (m.reset_peak, ()), (m.stop, ()), (m.start, ()), (m.clear_traces, ())):\n"
                "    function(*arguments)\n"
                "print(m.is_tracing(), m.get_overhead() > 0, m.get_traced_memory()[1] >= 0)\n"
                "m.record('after', 9)\n"
                "for function, value in (m.cache_hit, 100), (m.cache_miss, 900), (m.cache_size, 64):\n"
                "    function('lru', value)\n"
                "m.scopes_print(n=1)\n"
                "m.scopes_reset()\n"
                "with m.scope('last') as last: keep = bytearray(1000000)\n"
                "print(last.delta, m.Delta(net_bytes=-5, duration_ns=7))\n")
        program = self.write("rest.py", text)
        self.assertRegex(self.run_plainly(program),
                         rb"^False False True\nDelta\(duration_ns=\d+\) "
                         rb"Delta\(net_bytes=-5, duration_ns=7\)\n$")
        env = harness.plain_environment(PYTHONPATH=PATH)
        result = harness.record(self.path("p.pb.gz"), [self.python, program], env=env)
        self.assertEqual(0, result.code, "%r" % result)
        self.assertRegex(result.stdout, rb"^True True True\n +COUNT .*\n +1 .* after\n"
                                        rb"Delta\(net_bytes=1\d{6}, ")
        scopes = harness.ask("scopes", self.path("p.pb.gz"))
        self.assertEqual(["last"], [row["name"] for row in scopes["rows"]])
        self.assertEqual([("lru", 1, 1, 64)],
                         [(cache["name"], cache["hits"], cache["misses"], cache["size_bytes"])
                          for cache in scopes["caches"]])

    def test_example(self):
        """Of docs/scopes.md: it prints what the profile says; and zlib's state is of a quarter of
        a MiB and more."""
        program = os.path.join(EXAMPLES, "compress.py")
        said = re.compile(rb"level \d: \d+ bytes, at most (\d+) KiB while compressing")
        self.assertEqual([b"0", b"0"], said.findall(self.run_plainly(program)))
        env = harness.plain_environment(PYTHONPATH=PATH)
        result = harness.record(self.path("p.pb.gz"), [self.python, program], env=env)
        events = harness.ask("scopes", "--events", self.path("p.pb.gz"))["events"]
        peaks = [event["peak_bytes"] for event in events]
        self.assertEqual(["%.0f" % (peak / 1024) for peak in peaks],
                         [text.decode() for text in said.findall(result.stdout)])
        self.assertGreater(min(peaks), 256 << 10)

    def run_plainly(self, program):
        env = harness.plain_environment(PYTHONPATH=PATH)
        return harness.check([self.python, program], env=env).stdout


if __name__ == "__main__":
    harness.main()
