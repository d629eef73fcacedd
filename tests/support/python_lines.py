# SPDX-License-Identifier: MIT
"""
A Python program that is tracked: each line with a mark holds so many bytes objects of so many bytes
at the end, and little else. The mark is read by the test: "holds COUNT * SIZE", where SIZE is that
of the whole object. With a first argument it prints, instead of ending at once, what tracemalloc
has found: a line number and its bytes each.
"""
import asyncio
import functools
import gc
import importlib
import os
import sys
import threading

HEAD = sys.getsizeof(b"")
kept = [None] * 4096
place = iter(range(4096))


def size(whole):
    return whole - HEAD


def keep(block):
    kept[next(place)] = block


def plain():
    for _ in range(3):
        keep(bytes(size(5001)))  # holds 3 * 5001


def several_lines(a, b):
    keep(
        bytes(  # holds 1 * 5011
            size(5011)))
    keep(bytes(size(a)) + bytes(size(b)))  # holds 1 * 9967


def generate(n):
    for _ in range(n):
        yield bytes(size(5021))  # holds 4 * 5021


def delegate(n):
    yield from generate(n)


def use_generators():
    for block in delegate(4):
        keep(block)
    two = [(bytes(size(5031)) for _ in range(2)), (bytes(size(5041)) for _ in range(2))]  # holds 2 * 5031 + 2 * 5041
    for block in [next(g) for _ in range(2) for g in two]:
        keep(block)


def recurse(n):
    if n:
        recurse(n - 1)
    keep(bytes(size(5051)))  # holds 101 * 5051


class Thing:
    data = kept.__setitem__(next(place), bytes(size(5061)))  # holds 1 * 5061

    def __init__(self):
        self.block = bytes(size(5071))  # holds 2 * 5071

    def __lt__(self, other):
        keep(bytes(size(5081)))  # holds 1 * 5081
        return id(self) < id(other)


def call_back():
    keep(sorted([Thing(), Thing()]))
    keep(list(map(lambda n: bytes(size(n)), [5091] * 5)))  # holds 5 * 5091
    keep(sorted([3, 1, 2], key=lambda n: keep(bytes(size(5101))) or n))  # holds 3 * 5101
    functools.reduce(lambda a, b: keep(bytes(size(5111))), [0, 1, 2])  # holds 2 * 5111


def throw(n):
    try:
        if n == 0:
            raise KeyError(keep(bytes(size(5121))))  # holds 1 * 5121
        throw(n - 1)
    except KeyError:
        keep(bytes(size(5131)))  # holds 6 * 5131
        raise
    finally:
        keep(bytes(size(5141)))  # holds 6 * 5141


def use_exceptions():
    try:
        throw(5)
    except KeyError:
        keep(bytes(size(5151)))  # holds 1 * 5151


async def wait(n):
    await asyncio.sleep(0)
    keep(bytes(size(5161)))  # holds 8 * 5161
    if n:
        await wait(n - 1)
    keep(bytes(size(5171)))  # holds 8 * 5171


async def count(n):
    for _ in range(n):
        await asyncio.sleep(0)
        yield bytes(size(5181))  # holds 3 * 5181


async def use_tasks():
    await asyncio.gather(wait(3), wait(3))
    async for block in count(3):
        keep(block)


def work(n, barrier):
    barrier.wait()
    for _ in range(n):
        keep(bytes(size(5191)))  # holds 100 * 5191


def use_threads():
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(25, barrier)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def make_code():
    """Codes that die, and come to lie where others lay; other.py has them at lines that only their
    tables tell."""
    for i in range(40):
        scope = {}
        text = "def f(n):\n" + "\n" * i + " return bytes(n)"
        exec(compile(text, "other.py", "exec"), scope)  # differs: lists of free parts of dicts
        keep(scope["f"](size(6000 + i)))
        name = "third%d.py" % i  # differs: tracemalloc keeps the names of files
        code = compile("x = bytes(%d)" % size(7000 + i), name, "exec")
        exec(code, scope)
        keep(scope["x"])


def import_module():
    with open(os.path.join(sys.argv[1], "imported_lines.py"), "w") as file:  # imports an encoding
        file.write("block = bytes(%d)\ndef f(n):\n return bytes(n)\n" % size(5201))
    sys.path.insert(0, sys.argv[1])
    module = importlib.import_module("imported_lines")  # imports
    keep(module.f(size(5211)))


def main():
    plain()
    several_lines(5000, 5000)
    use_generators()
    recurse(100)
    call_back()
    use_exceptions()
    asyncio.run(use_tasks())
    use_threads()
    make_code()
    import_module()
    gc.collect()  # a function and its globals hold each other


main()
if len(sys.argv) > 2:
    import tracemalloc
    for line in tracemalloc.take_snapshot().statistics("lineno"):
        print(line.traceback[0].filename, line.traceback[0].lineno, line.size, sep="\t")
    sys.stdout.flush()
os._exit(0)
