# SPDX-License-Identifier: MIT
"""
What the tests leave behind. `remains.py before` runs before the first test and `remains.py after`
after the last one (the fixture "remains" in CMakeLists.txt). The second names what is there that
the first did not see, and fails:

- our names in the temporary directories, in the directories of ledgers, and below the user's cache
and settings; - profiles and core files in the build directory, and profiles in the source; -
processes that run a program of the build directory or have its library loaded.

Only what belongs to this user and has one of our names counts, so that no other program is accused.
Another run of tests leaves the same names for as long as it goes on: while there is one, what is
found is shown and no failure, but for processes, which say what build they are of.
"""
import glob
import json
import os
import sys
import time

SOURCE, BUILD = (os.path.realpath(os.environ[name])
                 for name in ("MEMTRACK_SOURCE", "MEMTRACK_BUILD"))
NOTES = os.path.join(BUILD, "Testing", "remains.json")
PATIENCE_SECONDS = 10  # for processes that were killed and have not gone yet
HOME = os.path.expanduser("~")


def places():
    """Directories that tests and the recorder write to."""
    given = [
        os.environ.get(name) for name in ("TMPDIR", "MEMTRACK_DIR", "XDG_RUNTIME_DIR",
                                          "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")]
    usual = [
        "/tmp", "/var/tmp", "/dev/shm",
        *(os.path.join(HOME, name) for name in (".cache", ".config", ".local/state"))]
    return sorted({
        os.path.realpath(path) for path in [*given, *usual] if path and os.path.isdir(path)})


def patterns():
    """Our names there; ledgers are in a directory that stays; and what a command leaves where it
    is started."""
    for place in map(glob.escape, places()):
        yield os.path.join(place, "memtrack*")
        yield os.path.join(place, "memtrack-%d" % os.getuid(), "*")
    for root in map(glob.escape, (BUILD, SOURCE)):
        yield os.path.join(root, "core")
        yield os.path.join(root, "core.[0-9]*")
        yield os.path.join(root, "memtrack.*.pb.gz*")


def files():
    found = {path for pattern in patterns() for path in glob.glob(pattern)}
    return {
        path for path in found if os.path.lexists(path) and os.lstat(path).st_uid == os.getuid()}


def read(path):
    """The file's bytes; none when it cannot be read, as those of a process that has ended."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def program_of(pid):
    try:
        return os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return ""


def status_of(pid):
    """The words of /proc/PID/stat from the state on; of a process that has ended, those of a
    zombie without parent."""
    return read("/proc/%d/stat" % pid).rpartition(b")")[2].decode().split() or ["Z", "0"]


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def ancestors():
    """This process and those that it was started by."""
    pid, chain = os.getpid(), set()
    while pid > 0:
        chain.add(pid)
        pid = int(status_of(pid)[1])
    return chain


def processes():
    """{pid and start time: command} of what runs from the build directory."""
    found, root = {}, BUILD + os.sep
    for pid in set(pids()) - ancestors():
        status = status_of(pid)
        if status[0] not in "ZX" and (program_of(pid).startswith(root) or
                                      root.encode() in read("/proc/%d/maps" % pid)):
            command = read("/proc/%d/cmdline" % pid).replace(b"\0",
                                                             b" ").decode(errors="replace").strip()
            found["%d %s" % (pid, status[19])] = command
    return found


def is_another_run():
    """Does somebody else run tests at this time?"""
    return any(read("/proc/%d/comm" % pid).strip() == b"ctest" for pid in set(pids()) - ancestors())


def before():
    os.makedirs(os.path.dirname(NOTES), exist_ok=True)
    with open(NOTES, "w") as file:
        json.dump({"files": sorted(files()), "processes": processes(), "another": is_another_run()},
                  file)


def still_running(known):
    """What runs that is not known, after a while in which it may end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        running = {key: command for key, command in processes().items() if key not in known}
        if not running or time.monotonic() > deadline:
            return running
        time.sleep(0.1)


def after():
    """Exit status: is anything left that was not there before?"""
    with open(NOTES) as file:
        known = json.load(file)
    running = still_running(known["processes"])
    left = sorted(files() - set(known["files"]))
    for path in left:
        print("left behind: %s" % path)
    for key, command in running.items():
        print("still running: process %s: %s" % (key.split()[0], command))
    print("%d files and %d processes are left" % (len(left), len(running)))
    if left and (known["another"] or is_another_run()):
        print("other tests run on this machine: these files may be theirs")
        left = []
    return 1 if left or running else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["before"], ["after"]):
        sys.exit("usage: remains.py before, or remains.py after")
    sys.exit(after() if sys.argv[1] == "after" else before())
