# SPDX-License-Identifier: MIT
"""Programs on a pseudo-terminal."""
import os
import re
import struct
import subprocess
import termios
import unicodedata
from fcntl import ioctl

from support import harness

SGR = r"\x1b\[[0-9;]*m"  # how text gets its colour


def drain(master):
    """All that is written until nobody has the terminal open any more."""
    output = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            return output
        if not piece:
            return output
        output += piece


def read_until(master, word):
    """What is written until the word is there."""
    output = b""
    while word not in output:
        output += os.read(master, 1024)
    return output


def plain(text):
    """Without colours."""
    return re.sub(SGR, "", text)


def width(line):
    """The columns that it takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in line)


def output_of(command, columns, cwd=None, rows=24, **env):
    """What a command writes on a terminal of its own of this size, and ends well. An empty NO_COLOR
    asks for colours."""
    master, slave = os.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = harness.plain_environment(**{"LC_ALL": "C.UTF-8", "TERM": "xterm", **env})
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=slave, stdout=slave,
                               stderr=slave, start_new_session=True)
    os.close(slave)
    output = drain(master).decode().replace("\r\n", "\n")
    os.close(master)
    if process.wait() != 0:
        raise AssertionError("%s ended with %d\n%s" % (command, process.returncode, output))
    return output
