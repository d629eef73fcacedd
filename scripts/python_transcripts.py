# SPDX-License-Identifier: MIT
"""
The sessions of docs/coming-from-python.md, each in a directory with the files of
docs/examples/python: function NAME(folder, memtrack, shell) returns the text that a person would
see; shell(command, folder, memtrack) shows one command. Programs that are linked to
libmemtrack-analyze find it in the build directory.
"""
import pathlib
import shutil

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "docs/examples"
STRING = "/usr/bin/python3 -c 'x = b\"1\" * (50 << 20)'"


def _run(folder, memtrack, shell, *commands, files=()):
    for file in [*(EXAMPLES / "python").iterdir(), *(EXAMPLES / file for file in files)]:
        shutil.copy(file, folder)
    library = memtrack.parent / "libmemtrack-analyze.so.1"
    for name in ("libmemtrack-analyze.so.1", "libmemtrack-analyze.so"):
        (folder / name).symlink_to(library)
    text = "\n".join(shell(command, folder, memtrack) for command in commands)
    return text.replace(str(folder), "/tmp/example").replace(" -L. -Wl,-rpath,.", "")


def _linked(name):
    return f"gcc -g {name}.c -o {name} -L. -Wl,-rpath,. -lmemtrack-analyze"


def pytracing(folder, memtrack, shell):
    return _run(folder, memtrack, shell, "sed -n '/^static void show/,$p' tracing.c",
                "gcc -g tracing.c -o tracing",
                "memtrack run -q --frames 64 -o tracing.pb.gz -- ./tracing")


def pysnapshot(folder, memtrack, shell):
    return _run(folder, memtrack, shell, "sed -n '/^static memtrack_profile/,$p' snapshot.c",
                _linked("snapshot"), "memtrack run -q -o whole.pb.gz -- ./snapshot",
                "memtrack report --by line --sort live --include '*snapshot.c' whole.pb.gz | tail -2",
                "memtrack diff --exclude '*libc*' whole.pb.gz words.pb.gz | tail -1")


def pyblocks(folder, memtrack, shell):
    return _run(folder, memtrack, shell, "sed -n '/^static void show/,$p' blocks.c",
                _linked("blocks"), "memtrack run -q -o blocks.pb.gz -- ./blocks")


def pyusage(folder, memtrack, shell):
    return _run(folder, memtrack, shell, "sed -n '/^int main/,$p' usage.c",
                "gcc -g usage.c -o usage", "./usage")


def pywatch(folder, memtrack, shell):
    return _run(folder, memtrack, shell,
                f"memtrack watch -q --interval 5ms -o string.pb.gz -- {STRING}",
                "memtrack timeline string.pb.gz | grep 'peak RSS'",
                "memtrack timeline --svg string.svg string.pb.gz",
                "memtrack list | grep -A3 'Profiles here'",
                f"memtrack watch -q --backend statm --max 30M -o limit.pb.gz -- {STRING}; "
                "echo \"status $?\"", "rm string.pb.gz limit.pb.gz")


def pyfunctions(folder, memtrack, shell):
    return _run(folder, memtrack, shell, "gcc -g -O1 -finstrument-functions words.c -o words",
                "seq 1000 | memtrack run -q -o words.pb.gz -- ./words",
                "memtrack scopes --sort count --full-names --include '*_*' words.pb.gz | tail -5",
                "seq 500 | memtrack run -q -o more.pb.gz -- ./words",
                "memtrack scopes --sort count --csv words.pb.gz more.pb.gz | cut -d, -f1,4 | sed 1d | tac | head -2",
                "memtrack scopes --callers --sort self-time --include '*_line' words.pb.gz | tail -5",
                "memtrack scopes --callees --sort time -n 1 words.pb.gz | tail -5",
                "memtrack scopes --json --sort name -n 1 words.pb.gz | grep -o "
                "'\"rows\"\\|\"[a-z_]*duration_ns\":[^}]*mean\":[0-9.]*\\|\"own_duration_ns\":[0-9]*\\|"
                "\"file\":[^,]*\\|\"line\":[0-9]*'", files=["words.c"])


SESSIONS = {
    "pytracing": pytracing, "pysnapshot": pysnapshot, "pyblocks": pyblocks, "pyusage": pyusage,
    "pywatch": pywatch, "pyfunctions": pyfunctions}
