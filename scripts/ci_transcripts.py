# SPDX-License-Identifier: MIT
"""
The sessions of docs/ci.md, each in a directory with the files of docs/examples/ci: function
NAME(folder, memtrack, shell) returns the text that a person would see; shell(command, folder,
memtrack) shows one command. memtrack is in a build directory: what needs an installed one installs
it from there.
"""
import pathlib
import shutil
import subprocess

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "docs/examples/ci"
BUILD = "gcc -g test_names.c names.c -o test_names"


def _shown(commands, folder, memtrack, shell):
    text = "\n".join(shell(command, folder, memtrack) for command in commands)
    return text.replace(str(folder), "/srv/names")


def _copy(folder):
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)


def check(folder, memtrack, shell):
    _copy(folder)
    return _shown([
        BUILD,
        "memtrack check --run --max-peak 128K --no-leaks --profiles profiles -- ./test_names; "
        "echo \"status $?\"",
        "memtrack report --no-pager --by stack --sort live -n 1 profiles/test_names.pb.gz | grep "
        "-A3 'CALL PATH'"
    ], folder, memtrack, shell)


def baseline(folder, memtrack, shell):
    _copy(folder)
    return _shown([
        BUILD, "memtrack run -q -o baseline.pb.gz -- ./test_names 1000",
        "memtrack check --run --baseline baseline.pb.gz --profiles today -- ./test_names 1100; "
        "echo \"status $?\""], folder, memtrack, shell)


def expect(folder, memtrack, shell):
    _copy(folder)
    return _shown([
        "gcc -g unit_names.c names.c -o unit_names -lcmocka",
        "memtrack run -q -o unit.pb.gz -- ./unit_names; echo \"status $?\"",
        "memtrack report --no-pager --include scope:unit_names.c:44 --by stack --sort live -n 1 "
        "unit.pb.gz | "
        "grep -A4 'CALL PATH'"], folder, memtrack, shell)


def benchmark(folder, memtrack, shell):
    _copy(folder)
    return _shown([
        "gcc -O2 bench_names.c names.c -o bench_names", "./bench_names",
        "memtrack run -q -- ./bench_names"], folder, memtrack, shell)


def benchmarks(folder, memtrack, shell):
    """Two versions, of which the second makes its table large at once."""
    _copy(folder)
    for version, first in ("old", 64), ("new", 2048):
        source = (EXAMPLE / "names.c").read_text().replace(": 64;", f": {first};")
        (folder / f"{version}_names.c").write_text(source)
        shell(f"gcc -O2 bench_names.c {version}_names.c -o {version}", folder, memtrack)
    return _shown([
        f"for i in 1 2 3 4 5; do MEMTRACK_BENCHMARK_FORMAT=json memtrack run -q -- ./{version}; "
        f"done >{version}.json" for version in ("old", "new")] + [
            "memtrack compare --fail-above 5 old.json new.json; echo \"status $?\""],
        folder, memtrack, shell)


def compare(folder, memtrack, shell):
    _copy(folder)
    return _shown([BUILD, "memtrack compare -- ./test_names 1000 -- ./test_names 100000"], folder,
                  memtrack, shell)


def cmake(folder, memtrack, shell):
    _copy(folder)
    prefix = folder / "prefix"
    subprocess.run(["cmake", "--install", memtrack.parent, "--prefix", prefix], check=True,
                   stdout=subprocess.DEVNULL)
    installed = prefix / "bin/memtrack"
    text = _shown([
        "cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug | tail -1", "cmake --build build | tail -1",
        "ctest --test-dir build --output-on-failure 2>/dev/null; true"], folder, installed, shell)
    return text.replace("; true\n", "\n")


SESSIONS = {
    "check": check, "baseline": baseline, "expect": expect, "benchmark": benchmark,
    "benchmarks": benchmarks, "compare": compare,
    "cmake": cmake}


def unsteady(name, line):
    """What another machine prints otherwise: time is not memory, and short runs have no RSS."""
    words = line.split()
    if name == "benchmarks":
        return words[:1] != ["$"] and words[-1:] not in (
            ["allocations"], ["allocated"], ["BENCHMARK"])
    return name == "compare" and words[:1] in (["time"], ["RSS"], ["lowest"], ["highest"])
