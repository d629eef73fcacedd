# SPDX-License-Identifier: MIT
"""Scopes of Python: blocks, functions, generators and coroutines, which a pool of threads runs in
turns. What each name takes from malloc is counted here, and printed as
`NAME<tab>COUNT<tab>BYTES<tab>BLOCKS<tab>ERRORS`; bytes are -1 where the interpreter takes some as
well."""
import asyncio
import ctypes
import queue
import sys
import threading

import memtrack

libc = ctypes.PyDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

NAMES = ("function", "generator", "within", "block", "raises", "exits", "fails", "part", "request",
         "step", "handled", "async block", "cancelled", "async generator", "in a task")
counts = {name: dict.fromkeys(("count", "bytes", "blocks", "errors", "inexact"), 0)
          for name in NAMES}  # nothing grows in a scope
lock = threading.Lock()
around = []  # names of what is open around a generator


def begins(name, errors=0, inexact=0):
    with lock:
        counts[name]["count"] += 1
        counts[name]["errors"] += errors
        counts[name]["inexact"] |= inexact


def allocate(size, *names):
    """In a scope of each of these names."""
    with lock:
        for name in names:
            counts[name]["bytes"] += size
            counts[name]["blocks"] += 1
    libc.free(libc.malloc(size))


@memtrack.scope("function")
def function(i):
    begins("function")
    allocate(100 + i, "function")
    return i


@memtrack.scope("generator")
def numbers():
    begins("generator")
    for i in range(5):
        allocate(i + 1, "generator", *around)
        with memtrack.scope("within"):
            begins("within")
            got = yield i
            allocate(10, "generator", "within", *around)
    return got


def plain():
    for i in range(10):
        assert function(i) == i
    with memtrack.scope("block", key="value") as block:
        begins("block")
        around.append("block")
        allocate(5000, "block")
        generator = numbers()
        for i in range(5):
            assert (next(generator) if i == 0 else generator.send(i)) == i
            allocate(1000, "block")  # not the generator's
    around.clear()
    if memtrack.is_tracing():
        assert block.peak_bytes >= 5000, block.peak_bytes
    assert block.duration_ns > 0
    try:
        generator.send("last")
    except StopIteration as stop:
        assert stop.value == "last"
    early = numbers()
    next(early)
    early.close()  # is no error


def errors():
    for name, exception in (("raises", ValueError("why")), ("exits", SystemExit(3))):
        try:
            with memtrack.scope(name):
                begins(name, errors=1, inexact=1)
                raise exception
        except type(exception):
            pass
    with memtrack.scope("fails") as scope:
        begins("fails", errors=1, inexact=1)
        scope.fail("by hand")


# ---- coroutines in a pool of threads -------------------------------------------------------------

class Elsewhere:
    """Goes on in whichever thread takes it."""

    def __await__(self):
        yield


@memtrack.scope("part")
async def part(i):
    begins("part")
    allocate(10 + i, "part", "request")
    await Elsewhere()
    allocate(1, "part", "request")


@memtrack.scope("request")
async def request(i):
    begins("request")
    allocate(1000 + i, "request")
    await Elsewhere()
    await part(i)
    with memtrack.scope("step"):
        begins("step")
        await Elsewhere()
        allocate(3, "step", "request")
        await Elsewhere()
    return i


def work(ready):
    while True:
        coroutine = ready.get()
        if coroutine is None:
            return
        try:
            coroutine.send(None)
            ready.put(coroutine)
        except StopIteration:
            ready.task_done()


def pool():
    ready = queue.SimpleQueue()
    left = threading.Semaphore(0)

    class Ready:
        get, put = ready.get, ready.put
        task_done = left.release

    for i in range(100):
        ready.put(request(i))
    threads = [threading.Thread(target=work, args=(Ready,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        left.acquire()
    for _ in threads:
        ready.put(None)
    for thread in threads:
        thread.join()


# ---- asyncio -------------------------------------------------------------------------------------

@memtrack.scope("handled")
async def handled(i):
    begins("handled", inexact=1)
    libc.free(libc.malloc(1 << 20))
    await asyncio.sleep(0)
    async with memtrack.scope("async block"):
        begins("async block", inexact=1)
        await asyncio.sleep(0)
    if i == 3:
        begins("cancelled", errors=1, inexact=1)
        with memtrack.scope("cancelled"):
            await asyncio.sleep(1000)


@memtrack.scope("async generator")
async def stream():
    begins("async generator", inexact=1)
    for i in range(3):
        await asyncio.sleep(0)
        yield i


async def in_task():
    """Not decorated, but a task of a loop that follows its tasks."""
    with memtrack.scope("in a task"):
        begins("in a task", inexact=1)
        await asyncio.sleep(0)


async def in_asyncio():
    tasks = [asyncio.ensure_future(handled(i)) for i in range(8)]
    await asyncio.wait(tasks[:3] + tasks[4:])
    tasks[3].cancel()
    counts["handled"]["errors"] += 1
    await asyncio.wait(tasks)
    assert [i async for i in stream()] == [0, 1, 2]
    memtrack.follow_tasks(asyncio.get_running_loop())
    await asyncio.gather(*(in_task() for _ in range(5)))
    await memtrack.follow(in_task())


def main():
    plain()
    errors()
    pool()
    asyncio.run(in_asyncio())
    for name, c in counts.items():
        size = -1 if c["inexact"] else c["bytes"]
        print(name, c["count"], size, c["blocks"], c["errors"], sep="\t")


if __name__ == "__main__":
    sys.exit(main())
