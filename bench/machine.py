# SPDX-License-Identifier: MIT
"""What the figures were taken on."""
import datetime
import os
import platform
import re

from tools import first_line


def field(path, pattern):
    try:
        with open(path) as source:
            found = re.search(pattern, source.read(), re.M)
    except OSError:
        return "unknown"
    return found.group(1).strip() if found else "unknown"


def describe():
    flags = field("/proc/cpuinfo", r"^flags\s*:(.*)$").split()
    memory_kib = field("/proc/meminfo", r"^MemTotal:\s*(\d+)")
    return {
        "date": datetime.date.today().isoformat(),
        "processor": field("/proc/cpuinfo", r"^model name\s*:(.*)$"),
        "processors": os.cpu_count(),
        "virtual": "hypervisor" in flags,
        "memory_gib": round(int(memory_kib) / 1048576, 1) if memory_kib.isdigit() else None,
        "system": field("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "compiler": first_line(["gcc", "--version"]),
        "huge_pages_shmem": field("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
                                  r"\[(\w+)\]"),
        "load_before": os.getloadavg()[0], }


def sentence(machine):
    return ("%s: %d × %s%s, %s GiB of memory, %s, Linux %s, %s, %s; load before the run %.2f." %
            (machine["date"], machine["processors"], machine["processor"], " (virtual machine)"
             if machine["virtual"] else "", machine["memory_gib"], machine["system"],
             machine["kernel"], machine["libc"], machine["compiler"], machine["load_before"]))
