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


# What decorates, and what is shared.
DECORATORS = """
import asyncio, contextlib, functools, gc, inspect, threading
import memtrack as m

@m.scope("C")
class C:
    def __init__(self): self.method()
    def method(self): return 1
    @staticmethod
    def static(): return 2
    @classmethod
    def of_class(cls): return cls
    @property
    def value(self): return 4
    async def later(self):
        await asyncio.sleep(0)
        return 5

class D:
    @m.scope("static")
    @staticmethod
    def static(): return 6

class Callable:
    def __call__(self): return 7
class AsyncCallable:
    async def __call__(self):
        await asyncio.sleep(0)
        return 8

@m.scope("generator")
async def generator():
    try:
        x = yield 1
        yield x + 1
    except KeyError:
        return

@contextlib.asynccontextmanager
@m.scope("manager")
async def manager():
    yield 9

async def others():
    assert await C.later(None) == 5 and await m.scope("async callable")(AsyncCallable())() == 8
    g = generator()
    assert [await g.asend(None), await g.asend(10)] == [1, 11]
    try:
        await g.athrow(KeyError("no"))
        assert False
    except StopAsyncIteration:
        pass
    async for one in generator():
        break
    gc.collect()
    for _ in range(4):
        await asyncio.sleep(0)  # the loop closes what was left
    g = generator()
    await g.asend(None)
    await g.aclose()
    async with manager() as nine:
        assert nine == 9
    try:
        async with manager():
            raise ValueError("within")
    except ValueError:
        pass

shared = m.scope("shared")
async def use(i):
    async with shared:
        await asyncio.sleep(0)
def use_often():
    for _ in range(100):
        with shared:
            pass

c = C()
assert isinstance(c, C) and inspect.isasyncgenfunction(generator) and c.method() == 1
assert (C.static(), C.of_class(), c.value, D.static()) == (2, C, 4, 6)
assert m.scope("partial")(functools.partial(int, "5"))() == 5
assert m.scope("built in")(len)([1]) == 1 and m.scope("callable")(Callable())() == 7
asyncio.run(others())
with shared as one, shared as two:
    assert one is shared and two is not one
threads = [threading.Thread(target=use_often) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
async def together():
    await asyncio.gather(*(m.follow(use(i)) for i in range(5)))
asyncio.run(together())
unbegun = m.scope("unbegun")
unbegun.set("key", "value")
unbegun.fail("why")
unbegun.__exit__(None, None, None)
print("ok")
"""


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

    def test_decorators(self):
        """Whatever can be called; a class keeps its type. It does the same, recorded or not."""
        program = self.write("decorators.py", DECORATORS)
        plainly = self.run_plainly(program)
        self.assertEqual(b"ok\n", plainly)
        env = harness.plain_environment(PYTHONPATH=PATH)
        result = harness.record(self.path("p.pb.gz"), [self.python, program], env=env)
        self.assertEqual((0, plainly), (result.code, result.stdout), "%r" % result)
        told = harness.ask("scopes", self.path("p.pb.gz"))
        self.assertEqual(
            {"C.__init__": 1, "C.method": 2, "C.static": 1, "C.of_class": 1, "C.value": 1,
             "C.later": 1, "partial": 1, "built in": 1, "callable": 1, "async callable": 1,
             "static": 1, "generator": 3, "manager": 2, "shared": 2 + 4 * 100 + 5},
            {row["name"]: row["count"] for row in told["rows"]})
        self.assertEqual({"manager": 1}, {row["name"]: row["errors"] for row in told["rows"]
                                          if row["errors"]})
        self.assertEqual(0, sum(row["misuses"] for row in told["rows"]))

    def run_plainly(self, program):
        env = harness.plain_environment(PYTHONPATH=PATH)
        return harness.check([self.python, program], env=env).stdout


if __name__ == "__main__":
    harness.main()
