# SPDX-License-Identifier: MIT
"""Running processes that are tracked, and memtrack's commands upon them."""
import contextlib
import os
import signal
import subprocess
import time

from support import harness


class Process:
    """A program under the bare preload, its ledger in a directory of its own. The wrapper, a command that starts another
    one, is not tracked. second: names of more objects of the tracker, such as "mmap"."""

    def __init__(self, command, directory, allocator=None, wrapper=(), second=(), **extra):
        libraries = [harness.LIBRARY, *(harness.second_object(name) for name in second)]
        if harness.ALLOCATORS.get(allocator):
            libraries.append(harness.find_library(harness.ALLOCATORS[allocator]))
        self.directory = directory
        extra.update(LD_PRELOAD=":".join(libraries), MEMTRACK_DIR=directory)
        setting = ["%s=%s" % pair for pair in extra.items()]
        self.child = subprocess.Popen([*wrapper, harness.tool("env"), *setting, *command], env=harness.plain_environment(),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.child.pid

    def wait_for(self, word):
        """Until the program has said this, on a line of its own."""
        line = self.child.stdout.readline()
        if line.decode().strip() != word:
            self.kill()
            raise AssertionError("waited for %r and got %r" % (word, line))

    def state(self):
        with open("/proc/%d/stat" % self.pid) as file:
            return file.read().rpartition(")")[2].split()[0]

    def wait_for_state(self, wanted):
        deadline = time.monotonic() + harness.WATCHDOG_SECONDS
        while self.state() != wanted:
            if time.monotonic() > deadline:
                raise AssertionError("process %d is in state %s, not %s" % (self.pid, self.state(), wanted))
            time.sleep(0.001)

    def ledgers(self):
        return harness.ledgers(self.directory)

    def report(self, *options, subject=None):
        """memtrack report --json of the process, or of subject (a file) instead."""
        return self.ask("report", *options, subject or self.pid)

    def ask(self, *arguments):
        """What a command says with --json of the process and its ledgers."""
        return harness.ask(*arguments, env=self.environment_of_reader())

    def memtrack(self, *arguments, **options):
        return harness.run([harness.MEMTRACK, *map(str, arguments)], env=self.environment_of_reader(), **options)

    def environment_of_reader(self):
        return harness.plain_environment(MEMTRACK_DIR=self.directory)

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """The end of the process and of its pipes; it may have ended already."""
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(signal.SIGCONT)
            self.child.kill()
        self.child.communicate(timeout=harness.WATCHDOG_SECONDS)


@contextlib.contextmanager
def process(command, **how):
    """A Process that is killed afterwards, with its directory."""
    with harness.workdir() as directory:
        running = Process(command, directory, **how)
        try:
            yield running
        finally:
            running.kill()
