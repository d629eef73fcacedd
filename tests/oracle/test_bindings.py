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

BINDINGS = os.path.join(harness.SOURCE, "lib", "bindings")


class Rust(Tasks):
    def rust(self):
        """The program, with the crate that it uses."""
        crate = self.path("libmemtrack.rlib")
        compiler.build(crate, os.path.join(BINDINGS, "rust", "src", "lib.rs"), "--edition=2021", "-O",
                       "-Dwarnings", "--crate-type=rlib", "--crate-name=memtrack",
                       compiler="rustc", timeout=240, env=dict(os.environ))
        return compiler.build(self.path("program"),
                              os.path.join(harness.SUPPORT, "tasks", "tasks.rs"),
                              "--edition=2021", "-O", "-Dwarnings", "--extern",
                              "memtrack=" + crate, compiler="rustc", timeout=240,
                              env=dict(os.environ))

    def test_scopes(self):
        program = self.rust()
        self.oracle(program)
        self.check_cost(program)

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
        shutil.copytree(os.path.join(BINDINGS, "rust"), self.path("rust"))
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
        env = harness.plain_environment(PYTHONPATH=os.path.join(BINDINGS, "python"))
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
                "m.record('after', 9)\n")
        program = self.write("rest.py", text)
        self.assertEqual(b"False False True\n", self.run_plainly(program))
        env = harness.plain_environment(PYTHONPATH=os.path.join(BINDINGS, "python"))
        result = harness.record(self.path("p.pb.gz"), [self.python, program], env=env)
        self.assertEqual((0, b"True True True\n"), (result.code, result.stdout), "%r" % result)
        rows = harness.ask("scopes", self.path("p.pb.gz"))["rows"]
        self.assertIn("after", [row["name"] for row in rows])

    def run_plainly(self, program):
        env = harness.plain_environment(PYTHONPATH=os.path.join(BINDINGS, "python"))
        return harness.check([self.python, program], env=env).stdout


if __name__ == "__main__":
    harness.main()
