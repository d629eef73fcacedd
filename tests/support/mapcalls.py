# SPDX-License-Identifier: MIT
"""What mapcalls.c has written down, played again on a table of pages: what --mmap has to say of the
same calls."""
import os
import struct

from support import compiler

MAP, UNMAP, REMAP, PROTECT = range(4)
PAGE = 4096
MAP_FAILED = 2 ** 64 - 1
PROT_NONE, DONTUNMAP = 0, 4


def shim():
    return compiler.shared_object("mapcalls.c")


class Books:
    """page: number of a page -> (mapping, reserved). A block is a run of accessible pages of one
    mapping."""

    def __init__(self):
        self.page = {}
        self.mappings = 0
        self.live = self.total_bytes = self.total_blocks = 0

    def take(self, pages):
        """Pages go; a block that goes on at both sides of them has become two."""
        before, after = self.page.get(pages.start - 1), self.page.get(pages.stop)
        whole = before is not None and before == after and not before[1] and len(pages) > 0
        for number in pages:
            old = self.page.pop(number, None)
            whole = whole and old == before
            self.live -= PAGE if old and not old[1] else 0
        self.total_blocks += whole

    def put(self, pages, reserved):
        self.mappings += 1
        for number in pages:
            self.page[number] = (self.mappings, reserved)
        if not reserved:
            self.live += len(pages) * PAGE
            self.total_bytes += len(pages) * PAGE
            self.total_blocks += 1

    def runs(self, pages):
        """(pages, their mapping and state) for each run of pages of one mapping."""
        found = []
        for number in pages:
            state = self.page.get(number)
            if found and found[-1][1] == state:
                found[-1][0].append(number)
            elif state is not None or found:
                found.append(([number], state))
        return [(range(run[0], run[-1] + 1), state) for run, state in found if state is not None]

    def remap(self, result, old, size, flags):
        to = range(result.start, result.stop)
        if result.start == old.start and len(to) <= len(old):
            return self.take(range(to.stop, old.stop))
        if len(to) == len(old):
            moving = self.runs(old)
            for run, (_, reserved) in moving:
                target = range(run.start - old.start + to.start, run.stop - old.start + to.start)
                if not flags & DONTUNMAP:
                    self.take(run)
                self.take(target)
                self.put(target, reserved)
            if moving:
                return None
        reserved = self.page.get(old.start, (0, False))[1]
        if size:
            self.take(old)
        self.take(to)
        return self.put(to, reserved)

    def protect(self, pages, reserve):
        for run, (_, reserved) in self.runs(pages):
            if reserved != reserve:
                self.take(run)
                self.put(run, reserve)

    def play(self, what, result, a, b, c, d, _):
        if result == MAP_FAILED or what in (UNMAP, PROTECT) and result != 0:
            return
        if what == MAP:
            self.take(pages_of(result, b))
            self.put(pages_of(result, b), c == PROT_NONE)
        elif what == UNMAP:
            self.take(pages_of(a, b))
        elif what == REMAP:
            self.remap(pages_of(result, c), pages_of(a, b), b, d)
        else:
            self.protect(pages_of(a, b), c == PROT_NONE)

    def figures(self):
        return {"total_blocks": self.total_blocks, "total_bytes": self.total_bytes,
                "live_bytes": self.live, "live_blocks": len(self.block_runs())}

    def block_runs(self):
        numbers = sorted(number for number, (_, reserved) in self.page.items() if not reserved)
        return [n for n in numbers if self.page.get(n - 1) != self.page[n]]


def pages_of(address, size):
    return range(address // PAGE, (address + size + PAGE - 1) // PAGE)


def read(directory):
    """{pid: Books}"""
    found = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            data = file.read()
        books = found[int(name)] = Books()
        for call in struct.iter_unpack("<8Q", data):
            books.play(*call[:7])
    return found
