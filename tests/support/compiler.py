# SPDX-License-Identifier: MIT
"""What the tests build themselves: programs and shared objects, of sources in the tree or of a
text."""
import glob
import os
import shutil
import unittest

from support import harness

INCLUDE = "-I" + os.path.join(harness.SOURCE, "lib", "include")
BINDINGS = os.path.join(harness.SOURCE, "lib", "bindings")
PROGRAMS = os.path.join(harness.SOURCE, "tests", "programs")
MADE = os.path.join(harness.BUILD, "tests", "made")  # what is built once per build tree
DIRECTORY = os.path.dirname(harness.LIBRARY)
# to the recorder, and found again
LINK = ("-L" + DIRECTORY, "-Wl,-rpath," + DIRECTORY, "-lmemtrack")


def suffix(compiler):
    """Of a source file for this compiler."""
    return ".rs" if compiler.endswith("rustc") else ".cpp" if compiler.endswith("++") else ".c"


def build(output, sources, *flags, compiler="cc", libs=(), required=True, **how):
    """The output, made of one source or of several; its path. libs come last, as linkers want them.

    The test is skipped where the compiler is not installed, and fails where it refuses. What a
    toolchain need not know is not required: then it is skipped there as well."""
    sources = [sources] if isinstance(sources, str) else sources
    # Rust's may be a user's own, which comes before the system's.
    path = compiler == "rustc" and shutil.which(compiler) or harness.tool(compiler)
    command = [path, *flags, *sources, "-o", output, *libs]
    result = harness.run(command, **how)
    if result.code and not required:
        last = result.stderr.decode(errors="replace").splitlines()[-1:]
        raise unittest.SkipTest("%s %s: %s" % (compiler, " ".join(flags), "".join(last)))
    if result.code:
        raise AssertionError("%s\n%r" % (command, result))
    return output


def build_text(output, text, *flags, compiler="cc", **how):
    """The same of a text, which is kept beside the output, under its name with the suffix of a
    source."""
    source = os.path.splitext(output)[0] + suffix(compiler)
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    return build(output, source, *flags, compiler=compiler, **how)


def once(name, source, *flags, **how):
    """build, but one for all tests: the output is in the build tree, and is made anew when its
    source is."""
    output = name if os.path.isabs(name) else os.path.join(MADE, name)
    read = [source, *glob.glob(os.path.join(harness.SUPPORT, "*.h"))]
    if not os.path.exists(output) or os.path.getmtime(output) < max(map(os.path.getmtime, read)):
        os.makedirs(os.path.dirname(output), exist_ok=True)
        fresh = "%s.%d" % (output, os.getpid())
        build(fresh, source, *flags, **how)
        os.replace(fresh, output)
    return output


def shared_object(source, output=None, flags=()):
    """An object to be preloaded or opened, made of a C source in tests/support; without an output
    once per tree."""
    return once(output or os.path.basename(source)[:-2] + ".so",
                os.path.join(harness.SUPPORT, source), "-O1", "-g", "-fPIC", "-shared",
                "-fno-builtin", "-fexceptions", *flags, libs=["-ldl", "-lpthread"])


def plugins(directory, sizes, *flags):
    """Objects of one size with a function NAME_only each, which allocates: sizes says {name:
    (bytes, frame)}."""
    return [shared_object("plugins/swap.c", os.path.join(directory, name + ".so"),
                          ["-DNAME=%s_only" % name, "-DBYTES=%d" % size, "-DFRAME=%d" % frame,
                           *flags]) for name, (size, frame) in sizes.items()]


def rust(output, source, *flags):
    """A Rust program, and beside it the crate that it uses. The compiler takes its time."""
    how = dict(compiler="rustc", timeout=240, env=dict(os.environ))
    flags = ("--edition=2021", "-O", "-Dwarnings", *flags)
    crate = os.path.join(os.path.dirname(output), "libmemtrack.rlib")
    build(crate, os.path.join(BINDINGS, "rust", "src", "lib.rs"), *flags, "--crate-type=rlib",
          "--crate-name=memtrack", **how)
    return build(output, source, *flags, "--extern", "memtrack=" + crate, **how)


def needs_header(name):
    """Skip the test where no such header is installed."""
    if harness.run([harness.tool("cc"), "-E", "-include", name, "-x", "c", "/dev/null"]).code:
        raise unittest.SkipTest("%s is not installed" % name)
