# SPDX-License-Identifier: MIT
# timeout: 900
# cost: 40
"""Lines of Python: exact bytes at known lines, the same as tracemalloc's, on every CPython from 3.11
to 3.13 that is installed; and an interpreter whose memory is garbage, which must not matter."""
import glob
import os
import re
import unittest

from support import case, harness, pythons

LINES = os.path.join(os.path.dirname(harness.__file__), "python_lines.py")
# Objects that are taken from a list of free ones: tracemalloc charges them to who takes them,
# memtrack to the line that once got the memory. 3 lists of 56 bytes on a line of the program.
FREE_LISTS = 3 * 56


def marks():
    """line -> bytes that it holds."""
    with open(LINES) as file:
        found = {i: re.search(r"# holds (.*)$", line) for i, line in enumerate(file, 1)}
    return {i: sum(int(a) * int(b) for a, b in re.findall(r"(\d+) \* (\d+)", match.group(1)))
            for i, match in found.items() if match}


def importing():
    with open(LINES) as file:
        return {i for i, line in enumerate(file, 1)
                if re.search(r"# imports|# differs|^import |^\"\"\"", line)}


def environment(**extra):
    return harness.plain_environment(PYTHONPATH=None, **extra)


@unittest.skipUnless(pythons.INTERPRETERS, "no CPython 3.11 to 3.13 here")
class Lines(case.Case):
    def live(self, python, malloc, options, keep=False):
        """(file, line) -> live bytes at the end, and the profile."""
        tracked = harness.track([python, "-S", LINES, self.dir], self.dir,
                                env=environment(PYTHONMALLOC=malloc, MEMTRACK_OPTIONS=options))
        self.assertEqual(0, tracked.code, tracked)
        profile = tracked.profile
        rows = {}
        for row in profile.rows("line", "--sort", "live"):
            key = row["file"], row["line"]
            rows[key] = rows.get(key, 0) + row["live_bytes"]
        if not keep:
            os.remove(profile.path)
        return rows, profile

    def check_marks(self, rows, slack):
        for line, held in marks().items():
            found = rows.get((LINES, line), 0)
            self.assertTrue(held <= found <= held + slack, "line %d holds %d, and %d are reported" %
                            (line, held, found))
        for i in range(40):
            self.assertEqual(6000 + i, rows.get(("other.py", i + 2)), i)
            self.assertTrue(7000 + i <= rows.get(("third%d.py" % i, 1), 0) <= 7000 + i + slack, i)
        module = self.path("imported_lines.py")
        self.assertEqual((5201, 5211), (rows.get((module, 1)), rows.get((module, 3))))

    def check_tracemalloc(self, python, rows):
        text = harness.check([python, "-X", "tracemalloc=1", "-S", LINES, self.dir, "show"],
                             env=environment(PYTHONMALLOC="malloc")).stdout.decode()
        theirs = {(file, int(line)): int(size) for file, line, size in
                  (row.split("\t") for row in text.splitlines())}
        ours = {key: size for key, size in rows.items() if size}
        lines = {key for key in set(ours) | set(theirs)
                 if key[0] == LINES and key[1] not in importing() or
                 key[0].startswith(("other", "third"))}
        differ = {key: (ours.get(key, 0), theirs.get(key, 0)) for key in lines
                  if ours.get(key, 0) != theirs.get(key, 0)}
        self.assertGreater(len(lines), 120)
        self.assertLess(len(differ), 12, differ)
        # A table of the interpreter's, such as that of its names, grows on some line, which is
        # another one in another run.
        larger = {key: pair for key, pair in differ.items() if abs(pair[0] - pair[1]) > FREE_LISTS}
        self.assertLessEqual(len(larger), 1, larger)

    def test_each(self):
        for version, python in pythons.INTERPRETERS.items():
            with self.subTest(version):
                rows, profile = self.live(python, "pymalloc", "")
                self.check_marks(rows, 0)
                self.assertRegex(profile.notes, "PYTHONMALLOC=malloc memtrack %s -S" % python)
                rows, profile = self.live(python, "malloc", "check_unwind=1")
                self.check_marks(rows, 2 * FREE_LISTS)
                self.check_tracemalloc(python, rows)
                self.assertIn(" 0 mismatches", profile.notes)
                self.assertNotIn("Python", profile.notes)
        print("tested on", ", ".join(pythons.INTERPRETERS))

    def test_stack(self):
        """Lines of Python from the inside out, as a traceback has them; the interpreter's own
        functions lie between them when they are asked for."""
        python = next(iter(pythons.INTERPRETERS.values()))
        _, profile = self.live(python, "malloc", "", keep=True)
        wanted = ["generate", "delegate", "use_generators", "main", "<module>"]
        for options in ((), ("--keep-std",)):
            row = max((row for row in profile.rows("stack", "-n", "300", "--sort", "live", *options)
                       if wanted[0] in [frame["function"] for frame in row["stack"]]),
                      key=lambda row: row["live_bytes"])
            names = [frame["function"] for frame in row["stack"] if frame["module"] == "[python]"]
            self.assertEqual(wanted, names, row)
            whole = [frame["function"] for frame in row["stack"]]
            between = whole[whole.index(wanted[0]):whole.index(wanted[-1]) + 1]
            self.assertEqual(bool(options), between != wanted, between)

    def test_deep(self):
        """Of a recursion that is too deep the innermost lines are left, and the path says so."""
        script = self.write("deep.py", "import os, sys\nsys.setrecursionlimit(9000)\n"
                            "def f(n):\n if n:\n  return f(n - 1)\n x = [None] * 10\n"
                            " x[0] = bytes(6000)\n return x\n"
                            "x = f(5000)\nos._exit(0)\n")
        for python in pythons.INTERPRETERS.values():
            tracked = harness.track([python, "-S", script], self.dir, name="deep",
                                    env=environment(MEMTRACK_OPTIONS="frames=1000"))
            self.assertEqual(0, tracked.code, tracked)
            row = tracked.profile.row("stack", re.escape(script) + ":7;.*")
            self.assertEqual((1, 6033), (row["live_blocks"], row["live_bytes"]))
            self.assertEqual(["f"] * 256, [frame["function"] for frame in row["stack"]][:256])
            self.assertIn("without some of", tracked.profile.notes)
            for path in glob.glob(self.path("deep.*.pb.gz")):
                os.remove(path)

    def test_off(self):
        rows, _ = self.live(next(iter(pythons.INTERPRETERS.values())), "malloc", "python=0")
        self.assertFalse([key for key in rows if key[0] == LINES])


# The symbols that a CPython of each version is known by, and structures that lead anywhere.
HOSTILE = r"""
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define WORDS 4096
unsigned long Py_Version = VERSION;
uint64_t _PyRuntime[8192], PyCode_Type[64], PyUnicode_Type[64], PyBytes_Type[64];
static uint64_t *area, *hole, seed = 12345;

static uint64_t draw(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 33;
}

/* Something that a word of an interpreter's memory could be, and mostly is not. */
static uint64_t junk(void) {
    switch (draw() % 12) {
    case 0: return 0;
    case 1: return draw();
    case 2: return draw() << 40 | draw();
    case 3: return (uint64_t)hole;
    case 4: return (uint64_t)(hole + 511) + draw() % 16;
    case 5: return (uint64_t)PyCode_Type;
    case 6: return (uint64_t)PyUnicode_Type;
    case 7: return (uint64_t)PyBytes_Type;
    case 8: return draw() % 4096;
    case 9: return (uint64_t)&seed - 4096 + draw() % 8192;
    default: return (uint64_t)(area + draw() % WORDS);
    }
}

static void put(uint64_t *at, size_t offset, uint64_t value) {
    memcpy((char *)at + offset, &value, sizeof value);
}

int main(void) {
    pthread_key_t key;
    area = mmap(NULL, WORDS * 8 + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    hole = area + WORDS; /* the pages behind it cannot be read */
    mprotect(hole, 8192, PROT_NONE);
    if (pthread_key_create(&key, NULL) != 0)
        return 1;
    pthread_setspecific(key, area);
    put(_PyRuntime, KEY, 1 | (uint64_t)key << 32);
    if (VERSION >> 16 == 0x030d) {
        static const uint64_t told[] = {OFFSETS};
        memcpy(_PyRuntime, "xdebugpy", 8);
        memcpy(_PyRuntime + 1, told, sizeof told);
    }
    for (int i = 0; i < 60000; i++) {
        for (int k = 0; k < 6; k++)
            area[draw() % WORDS] = junk();
        put(area, THREAD_ID, pthread_self());
        /* A frame that is nearly right, so that more is read of it. */
        uint64_t *frame = area + 256 + draw() % 1024 * 2, *code = area + 2400 + draw() % 512 * 2;
        put(area, STATE_FRAME, (uint64_t)frame);
        put(area + 128, CFRAME_FRAME, (uint64_t)frame);
        if (draw() % 4)
            put(frame, FRAME_CODE, (uint64_t)code);
        if (draw() % 4)
            put(frame, FRAME_INSTRUCTION, (uint64_t)code + CODE + draw() % 64);
        if (draw() % 4)
            ((uint8_t *)frame)[FRAME_OWNER] = draw() % 4;
        if (draw() % 4) {
            code[1] = (uint64_t)PyCode_Type;
            code[2] = draw() % 256;
        }
        uint64_t *text = area + 3500 + draw() % 64 * 2;
        text[1] = (uint64_t)(draw() % 2 ? PyUnicode_Type : PyBytes_Type);
        text[2] = draw() % 4 ? draw() % 64 : draw() << draw() % 40;
        text[4] = draw() % 256;
        if (draw() % 2) {
            put(code, 112, (uint64_t)(area + 3500 + draw() % 64 * 2));
            put(code, 128, (uint64_t)(area + 3500 + draw() % 64 * 2));
            put(code, 136, (uint64_t)(area + 3500 + draw() % 64 * 2));
        }
        void *volatile block = malloc(10);
        free(block);
    }
    return 0;
}
"""
LAYOUTS = {
    "3.11": {"VERSION": 0x030b07f0, "KEY": 592, "THREAD_ID": 152, "STATE_FRAME": 56,
             "CFRAME_FRAME": 8, "FRAME_CODE": 32, "FRAME_INSTRUCTION": 56, "FRAME_OWNER": 69,
             "CODE": 184},
    "3.12": {"VERSION": 0x030c01f0, "KEY": 1544, "THREAD_ID": 136, "STATE_FRAME": 56,
             "CFRAME_FRAME": 0, "FRAME_CODE": 0, "FRAME_INSTRUCTION": 56, "FRAME_OWNER": 70,
             "CODE": 192},
    "3.13": {"VERSION": 0x030d00f0, "KEY": 2160, "THREAD_ID": 152, "STATE_FRAME": 72,
             "CFRAME_FRAME": 0, "FRAME_CODE": 0, "FRAME_INSTRUCTION": 56, "FRAME_OWNER": 70,
             "CODE": 200},
}
# version, without a GIL; the runtime and the interpreter; the thread; the frame; the code
OFFSETS = ([0x030d00f0, 0] + [0] * 16 + [0, 0, 0, 16, 72, 152, 0, 0, 0] + [0, 8, 0, 56, 72, 70] +
           [0, 112, 120, 128, 136, 68, 0, 0, 0, 200])


@unittest.skipUnless(os.uname().machine == "x86_64", "the layouts are of 64-bit builds on x86-64")
class Hostile(case.Case):
    def run_hostile(self, name, **change):
        layout = dict(LAYOUTS[name], **change)
        if name != "3.13":  # the state leads to a cframe, which leads to the frame
            text = HOSTILE.replace("put(area, STATE_FRAME, (uint64_t)frame);",
                                   "put(area, STATE_FRAME, (uint64_t)(area + 128));")
        else:
            text = HOSTILE
        text = text.replace("OFFSETS", ", ".join(map(str, change.get("told", OFFSETS))))
        flags = ["-D%s=%d" % item for item in layout.items() if item[0] != "told"]
        program = self.build("hostile", text, "-O1", "-rdynamic", "-pthread", *flags)
        tracked = harness.track([program], self.dir)
        self.assertEqual(0, tracked.code, tracked)
        row = tracked.profile.row("function", "main")
        self.assertEqual((60000, 600000), (row["total_blocks"], row["total_bytes"]))
        return tracked.profile

    def test_garbage(self):
        for name in LAYOUTS:
            with self.subTest(name):
                profile = self.run_hostile(name)
                self.assertRegex(profile.notes, r"by Python code are without some of their lines")

    def test_refused(self):
        """A version that is not known, and a build without the GIL."""
        for name, change in (("3.11", {"VERSION": 0x030a00f0}), ("3.12", {"VERSION": 0x030e00f0}),
                             ("3.13", {"told": [0x030d00f0, 1] + OFFSETS[2:]})):
            with self.subTest(name):
                profile = self.run_hostile(name, **change)
                self.assertFalse([row for row in profile.rows("line")
                                  if row["module"] == "[python]"])


if __name__ == "__main__":
    harness.main()
