# SPDX-License-Identifier: MIT
"""Commands of memtrack for gdb: who allocated what a pointer points to, and what the process holds.

gdb reads this file when a program has the recorder loaded (it is installed under the recorder's
path in gdb's auto-load directory); `source` reads it anywhere else. The answers are those of the
command, which reads the ledger: the process does not run for them, and no function of it is called.
A core file has no ledger in it, for that would double its size, but it knows the ledger's path:
while that file is there, the answers are the same.
"""
import os
import re
import shutil
import subprocess

import gdb

LEDGER = re.compile(r"(/\S.*?\.ledger)(?: \(deleted\))?$", re.MULTILINE)


def find_command():
    """The command of the recorder's installation or build, else that of the search path."""
    wanted = os.environ.get("MEMTRACK")
    if wanted:
        return wanted
    for objfile in gdb.objfiles():
        path = os.path.realpath(objfile.filename or "")
        if os.path.basename(path) != "libmemtrack.so":
            continue
        for beside in ("memtrack", "../../bin/memtrack", "../../../bin/memtrack"):
            found = os.path.join(os.path.dirname(path), beside)
            if os.path.isfile(found) and os.access(found, os.X_OK):
                return os.path.normpath(found)
    found = shutil.which("memtrack")
    if not found:
        raise gdb.GdbError("memtrack: the command is not found. Set MEMTRACK to its path.")
    return found


def is_core(inferior):
    """Is there only the core file of a process?"""
    connection = getattr(inferior, "connection", None)  # since gdb 11
    if connection is not None:
        return connection.type == "core"
    return "Local core dump file" in gdb.execute("info target", to_string=True)


def ledgers():
    """Paths of the ledgers that the process has mapped, as gdb or the core file tell them."""
    try:
        mappings = gdb.execute("info proc mappings", to_string=True)
    except gdb.error as error:
        raise gdb.GdbError("memtrack: the mappings of the process are not known: %s" % error)
    return list(dict.fromkeys(LEDGER.findall(mappings)))


def subject():
    """What the command is asked about: the pid of a process, or the ledger of one that has ended."""
    inferior = gdb.selected_inferior()
    if not inferior or not inferior.pid:
        raise gdb.GdbError("memtrack: there is no process. Start it, or give gdb its core file.")
    if not is_core(inferior):
        return str(inferior.pid)
    found = ledgers()
    if not found:
        raise gdb.GdbError("memtrack: process %d was not recorded." % inferior.pid)
    for path in found:
        if os.path.isfile(path):
            return path
    raise gdb.GdbError(
        "memtrack: its ledger %s is not there any more. A core file has no ledger in it. Next time "
        "record with LD_PRELOAD and MEMTRACK_DIR, which leave it; the profile that memtrack run "
        "has written is read by memtrack report." % found[-1])


def ask(arguments):
    """Print what the command says."""
    command = [find_command(), *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, check=False)
    gdb.write(result.stdout.decode(errors="replace"))
    if result.returncode not in (0, 1):
        raise gdb.GdbError(result.stderr.decode(errors="replace").rstrip())
    gdb.write(result.stderr.decode(errors="replace"))


class Memtrack(gdb.Command):
    """Ask memtrack about the process."""

    def __init__(self):
        super().__init__("memtrack", gdb.COMMAND_DATA, gdb.COMPLETE_COMMAND, prefix=True)


class Whois(gdb.Command):
    """Show the live block that an address is in: its size, age, thread and where it was allocated.

Usage: memtrack whois EXPRESSION
The value of EXPRESSION is the address, as of a pointer; that of an array or a structure is where it
lies."""

    def __init__(self):
        super().__init__("memtrack whois", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        if not argument:
            raise gdb.GdbError("memtrack whois: give an address, such as a pointer.")
        try:
            value = gdb.parse_and_eval(argument)
        except gdb.error as error:  # which gdb would show as an error of this file
            raise gdb.GdbError("memtrack whois: %s" % error)
        kind = value.type.strip_typedefs().code
        if kind in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            value = value.address
        elif kind in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            value = value.referenced_value().address
        if value is None:
            raise gdb.GdbError("memtrack whois: %s has no address." % argument)
        ask(["whois", subject(), hex(int(value) & (1 << 64) - 1)])


class Report(gdb.Command):
    """Show what the process holds and where it was allocated, as memtrack report does.

Usage: memtrack report [OPTION...]
The options are those of the command, for instance: memtrack report --by function -n 5"""

    def __init__(self):
        super().__init__("memtrack report", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        ask(["report", "--no-pager", *gdb.string_to_argv(argument), subject()])


Memtrack()
Whois()
Report()
