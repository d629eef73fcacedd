# SPDX-License-Identifier: MIT
"""Programs that run beside the test; those that are tracked, and memtrack's commands upon them."""
import contextlib
import signal
import subprocess
import time

from support import harness


class Child(subprocess.Popen):
    """A program with pipes as its streams, until it has said a word; in a with block it is killed
    at the end."""

    def __init__(self, command, says=None, **options):
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        super().__init__(command, **{**streams, "env": harness.plain_environment(), **options})
        if says:
            self.wait_for(says)

    def wait_for(self, word):
        """Until the program has said this, on a line of its own."""
        line = self.stdout.readline()
        if line.decode().strip() != word:
            self.stop()
            raise AssertionError("waited for %r and got %r" % (word, line))

    def stop(self):
        """The end of the process and of its pipes; it may have ended already, or stand still."""
        with contextlib.suppress(ProcessLookupError):
            self.send_signal(signal.SIGCONT)
            self.kill()
        self.wait(harness.WATCHDOG_SECONDS)
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()

    def __exit__(self, *_):
        self.stop()


class Process:
    """A program under the bare preload, its ledger in a directory of its own. The wrapper, a
    command that starts another one, is not tracked. second: names of more objects of the tracker,
    such as "mmap"."""

    def __init__(self, command, directory, allocator=None, wrapper=(), second=(), **extra):
        libraries = [harness.LIBRARY, *(harness.second_object(name) for name in second)]
        if harness.ALLOCATORS.get(allocator):
            libraries.append(harness.find_library(harness.ALLOCATORS[allocator]))
        self.directory = directory
        extra.update(LD_PRELOAD=":".join(libraries), MEMTRACK_DIR=directory)
        setting = ["%s=%s" % pair for pair in extra.items()]
        self.child = Child([*wrapper, harness.tool("env"), *setting, *command])
        self.pid = self.child.pid

    def wait_for(self, word):
        self.child.wait_for(word)

    def state(self):
        with open("/proc/%d/stat" % self.pid) as file:
            return file.read().rpartition(")")[2].split()[0]

    def wait_for_state(self, wanted):
        deadline = time.monotonic() + harness.WATCHDOG_SECONDS
        while self.state() != wanted:
            if time.monotonic() > deadline:
                raise AssertionError("process %d is in state %s, not %s" %
                                     (self.pid, self.state(), wanted))
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
        return harness.run([harness.MEMTRACK, *map(str, arguments)],
                           env=self.environment_of_reader(), **options)

    def environment_of_reader(self):
        return harness.plain_environment(MEMTRACK_DIR=self.directory)

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        self.child.stop()


@contextlib.contextmanager
def process(command, **how):
    """A Process that is killed afterwards, with its directory."""
    with harness.workdir() as directory:
        running = Process(command, directory, **how)
        try:
            yield running
        finally:
            running.kill()
