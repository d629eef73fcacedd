# SPDX-License-Identifier: MIT
# timeout: 120
"""The commands for gdb: `memtrack whois` and `memtrack report` of a process that gdb has stopped,
and of a core file, say what memtrack says of them."""
import os
import re
import shutil
import unittest

from support import case, harness

SCRIPT = os.path.join(harness.SOURCE, "cli", "gdb", "memtrack.py")


class Gdb(case.Case):
    def gdb(self, *commands, options=(), program="crashing"):
        arguments = [harness.tool("gdb"), "-nx", "-batch", *options]
        for command in commands:
            arguments += ["-ex", command]
        env = harness.plain_environment(MEMTRACK=harness.MEMTRACK, MEMTRACK_DIR=self.dir)
        result = harness.run([*arguments, harness.program(program)], env=env)
        text = result.stdout.decode() + result.stderr.decode()
        if re.search(r"ptrace|Couldn't get registers|Cannot (?:run|create process)", text):
            raise unittest.SkipTest("gdb may not trace here: %s" % text[-300:])
        return text

    def start(self):
        return ["set debuginfod enabled off", "set startup-with-shell off",
                "set environment LD_PRELOAD " + harness.LIBRARY, "break reached", "run"]

    def check_whois(self, text):
        self.assertRegex(text, r"is live: offset 0 in a block of 112 bytes")
        self.assertRegex(text, r"stack +\S*crashing\.c:\d+ +make\n +\S*crashing\.c:\d+ +main")

    def test_process(self):
        text = self.gdb("source " + SCRIPT, *self.start(), "memtrack whois first->next",
                        "memtrack whois first->next->name", "memtrack report --by function -n 1",
                        "memtrack whois &first", "memtrack whois", "memtrack whois bogus",
                        "memtrack report --by nothing")
        self.check_whois(text)
        self.assertIn("is live: offset 8 in a block of 112 bytes", text, "an array is where it lies")
        self.assertRegex(text, r"224 B .*make")
        self.assertRegex(text, r"0x7ff\w+ is not live")
        self.assertIn("memtrack whois: give an address, such as a pointer.", text)
        self.assertIn('memtrack whois: No symbol "bogus" in current context.', text)
        self.assertNotIn("Python", text)
        self.assertIn("nothing", text)

    def test_core(self):
        core = self.path("core")
        text = self.gdb(*self.start(), "generate-core-file " + core, "kill")
        self.assertTrue(os.path.exists(core), text)
        ask = ["set debuginfod enabled off", "source " + SCRIPT, "frame function reached",
               "memtrack whois first->next", "memtrack report --by function -n 1"]
        text = self.gdb(*ask, options=["-core", core])
        self.check_whois(text)
        self.assertIn("allocated  at some time since the start\n", text, "nobody had looked before")
        self.assertRegex(text, r"224 B .*make")
        for ledger in harness.ledgers(self.dir):
            os.unlink(ledger)
        text = self.gdb(*ask, options=["-core", core])
        self.assertRegex(text, r"its ledger \S+\.ledger is not there any more\. A core file has no "
                               r"ledger in it\. Next time record with LD_PRELOAD and MEMTRACK_DIR")

    def test_it_is_found(self):
        """Under the recorder's path with -gdb.py behind it, gdb reads the file by itself."""
        directory = os.path.join(self.dir, "auto-load", *harness.LIBRARY.split("/")[1:-1])
        os.makedirs(directory)
        shutil.copy(SCRIPT, os.path.join(directory, "libmemtrack.so-gdb.py"))
        place = self.path("auto-load")
        text = self.gdb(*self.start(), "memtrack whois first->next", options=[
            "-iex", "set auto-load safe-path " + place,
            "-iex", "set auto-load scripts-directory " + place])
        self.check_whois(text)

    def test_without_a_process(self):
        text = self.gdb("source " + SCRIPT, "memtrack report", "memtrack whois 1")
        self.assertEqual(2, text.count("there is no process"), text)
        text = self.gdb("source " + SCRIPT, "set debuginfod enabled off", "break main", "run",
                        "memtrack report")
        self.assertIn("is not tracked", text)


if __name__ == "__main__":
    harness.main()
