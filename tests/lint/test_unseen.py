# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 5
"""Every function that a public header defines has the attribute of memtrack/unseen.h: clang tells,
of all headers together, with timers and coroutines."""
import json
import re
import shutil
import subprocess

import tree

HEADERS = [path for path in tree.files(".h", ".hpp") if path.parts[:2] == ("lib", "include")]
PARTS = re.compile(r"/(local.*|benchmark_write)\.h$")  # of other headers, which include them
OTHERS = {"asio.hpp": "asio.hpp", "uv.h": "uv.h", "google_benchmark.hpp": "benchmark/benchmark.h"}
FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl",
             "CXXConversionDecl"}
BODIES = {"CompoundStmt", "CXXTryStmt", "CoroutineBodyStmt"}
# What stands in a branch for a library that is not included is not compiled here.
BARE = re.compile(r"^(?:static )?(?:inline|__inline__) [^(\n]*\(", re.M)


def program():
    """Includes the headers, those for another library after that one's, if it is there."""
    for path in HEADERS:
        line = f"#include <{path.relative_to('lib/include')}>\n"
        if path.name in OTHERS:
            other = f"<{OTHERS[path.name]}>"
            line = f"#if __has_include({other})\n#include {other}\n{line}#endif\n"
        if not PARTS.search(str(path)):
            yield line


def dump(*flags):
    """What clang makes of it: every declaration whose name has "memtrack" in it."""
    command = ["clang++", "-std=c++20", *flags, "-DMEMTRACK_TIMERS", "-Ilib/include", "-fsyntax-only",
               "-xc++", "-", "-Xclang", "-ast-dump=json", "-Xclang", "-ast-dump-filter=memtrack"]
    return subprocess.run(command, cwd=tree.SOURCE, input="".join(program()), capture_output=True,
                          text=True)


def declarations(text):
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        node, at = decoder.raw_decode(text, at)
        yield node
        at = text.find("{", at)


def functions(node, outer=()):
    """(name, declaration) of the functions in it that somebody has written."""
    name = outer + ((node["name"],) if "name" in node else ())
    if node.get("kind") in FUNCTIONS and not node.get("isImplicit"):
        yield "::".join(name), node
    for child in node.get("inner", ()):
        yield from functions(child, name)


if not shutil.which("clang++"):
    tree.skip("no clang++")
result = dump()
if result.returncode or "coroutine_promise" not in result.stdout:  # clang 14 has them by an option
    result = dump("-fcoroutines-ts", "-D__cpp_impl_coroutine=201902L")
problems = [result.stderr] if result.returncode else []
problems += [f"{path}: {bare}" for path in HEADERS for bare in BARE.findall(tree.text(path))
             if "memtrack::" not in bare]
unseen, n_functions = set(), 0
for declaration in declarations(result.stdout):
    for name, function in functions(declaration):
        kinds = {child.get("kind") for child in function.get("inner", ())}
        if "NoInstrumentFunctionAttr" in kinds or function.get("previousDecl") in unseen:
            unseen.add(function["id"])
        elif BODIES & kinds or "explicitlyDefaulted" in function:
            problems.append(f"{name} has no MEMTRACK_UNSEEN_")
        n_functions += 1
tree.report(sorted(set(problems)), n_functions and f"{n_functions} functions")
