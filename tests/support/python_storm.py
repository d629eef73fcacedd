# SPDX-License-Identifier: MIT
"""A Python program in which much happens at once: threads that recurse, allocate and import, a
timer's handler that allocates, children that are forked in between and end as they like. It prints
a number that all of it comes to."""
import os
import signal
import sys
import threading

ROUNDS = int(sys.argv[1])
ticks = 0
is_ticking = False


def tick(number, frame):
    """Where the machine is so busy that the next tick comes first, handlers would pile up until the
    stack of Python is at its end."""
    global ticks, is_ticking
    if is_ticking:
        return
    is_ticking = True
    ticks += 1
    kept = [bytes(600 + ticks % 7) for _ in range(3)]
    is_ticking = len(kept) == 0


def dive(n):
    if n == 0:
        return [bytes(700), {"a": [1.5]}]
    try:
        return dive(n - 1) + [n]
    finally:
        bytearray(800 + n)


def numbers(n):
    for i in range(n):
        yield str(i) * 30


def work(results, i):
    total = 0
    for k in range(ROUNDS):
        total += len(dive(k % 40)) + sum(map(len, numbers(k % 20)))
        scope = {}
        exec("def f(n):\n%s return [bytes(n)] * 2" % ("\n" * (k % 5)), scope)
        total += len(scope["f"](900 + k % 3))
    results[i] = total


def fork():
    pid = os.fork()
    if pid == 0:
        results = [0]
        work(results, 0)
        os._exit(7 if results[0] else 8)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
results = [0] * 2
threads = [threading.Thread(target=work, args=(results, i)) for i in range(2)]
for thread in threads:
    thread.start()
codes = [fork() for _ in range(3)]
for thread in threads:
    thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
print(results, codes)
