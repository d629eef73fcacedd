# SPDX-License-Identifier: MIT
"""The interpreters of Python whose lines are read, as far as they are installed."""
import glob
import os
import re
import subprocess

VERSION = ("import sys, sysconfig; print('%d.%d.%d' % sys.version_info[:3], "
           "sysconfig.get_config_var('Py_GIL_DISABLED') or 0)")


def version_of(python):
    try:
        found = subprocess.run([python, "-S", "-c", VERSION], capture_output=True, text=True,
                               timeout=60, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    return found[0] if found[1] == "0" else None


def interpreters():
    """version -> one interpreter of each release that is known; a build without the GIL is not."""
    names = glob.glob("/usr/bin/python3.1[123]") + glob.glob(
        os.path.expanduser("~/.pyenv/versions/3.1[123].*/bin/python3")) + glob.glob(
            "/usr/local/bin/python3.1[123]")
    found = {}
    for name in sorted(names):
        version = version_of(name)
        if version and re.match(r"3\.1[123]\.", version):
            found.setdefault(version, name)
    return found


INTERPRETERS = interpreters()
