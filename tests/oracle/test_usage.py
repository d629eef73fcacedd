# SPDX-License-Identifier: MIT
# cost: 2
"""memtrack/usage.h: what it says of a stopped process is what /proc says, and peaks of functions and
children are at least what they touched, and hardly more."""
import re
import subprocess

from support import case, harness

MIB = 1 << 20
RSS, PSS, USS, SWAP, PEAK = 1, 2, 4, 8, 16
NAMES = ("rss", "pss", "uss", "swap", "peak")


def lines(*arguments):
    """{NAME: [NUMBER...]} of what the program prints."""
    result = harness.run([harness.program("usage"), *arguments])
    return {line.split()[0]: [int(word) for word in re.findall(r"-?\d+", line)]
            for line in result.stdout.decode().splitlines()}


def of_proc(pid):
    """(figures, mappings): the sums of /proc/PID/smaps, and the peak of its status."""
    with open("/proc/%d/smaps" % pid) as file:
        text = file.read()

    def total(*labels):
        return sum(1024 * int(kilobytes) for label in labels
                   for kilobytes in re.findall(r"^%s: +(\d+) kB" % label, text, re.M))
    with open("/proc/%d/status" % pid) as file:
        peak = 1024 * int(re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M).group(1))
    return {"rss": total("Rss"), "pss": total("Pss"), "swap": total("Swap"), "peak": peak,
            "uss": total("Private_Clean", "Private_Dirty", "Private_Hugetlb")}, text.count("Rss:")


class Usage(case.Case):
    def test_other_process(self):
        """One that shares half of its memory with a child, and does nothing meanwhile."""
        with subprocess.Popen([harness.program("shape")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as shape:
            for command in (b"map 24\n", b"child 8\n", b"spike 16\n"):
                shape.stdout.readline()
                shape.stdin.write(command)
                shape.stdin.flush()
            shape.stdout.readline()
            said = lines("of", str(shape.pid))
            expected, n_mappings = of_proc(shape.pid)
            shape.stdin.close()
        figures = dict(zip(NAMES, said["of"]))
        self.assertEqual(RSS | PSS | USS | SWAP | PEAK, said["of"][5])
        self.assertEqual(RSS | SWAP | PEAK, said["quick"][5])
        for name in ("rss", "uss", "swap"):
            self.assertEqual(expected[name], figures[name], name)
        # each mapping's is rounded; the kernel's own page is shared with everybody
        self.assertLess(abs(expected["pss"] - figures["pss"]), 1024 * n_mappings + 8192)
        self.assertLess(abs(figures["rss"] - figures["pss"] - 12 * MIB), 3 * MIB)
        self.assertGreaterEqual(figures["peak"], max(expected["peak"], 40 * MIB))
        self.assertLess(figures["peak"], 42 * MIB)

    def test_no_process(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        result = harness.run([harness.program("usage"), "of", str(gone.pid)])
        self.assertEqual((1, 0), (result.code, int(result.stdout.split()[6])))

    def test_peak(self):
        said = lines("peak")
        for name, mebibytes in (("first", 64), ("above", 128), ("reset", 32), ("outer", 96)):
            rc, before, peak, _after, is_exact = said[name]
            self.assertEqual((0, 1), (rc, is_exact), name)
            self.assertTrue(mebibytes * MIB <= peak <= before + mebibytes * MIB + 2 * MIB,
                            (name, said))
        rc, before, peak, after, is_exact = said["below"]
        self.assertEqual((0, 0, max(before, after)), (rc, is_exact, peak))
        self.assertLess(said["wrong"][0], 0)

    def test_child(self):
        said = lines("wait")
        self.assertEqual(PEAK, said["wait"][5])
        self.assertTrue(80 * MIB <= said["wait"][4] <= 84 * MIB, said)
        self.assertEqual([0, 7], said["status"][:2])
        self.assertLess(said["status"][2], 0)


if __name__ == "__main__":
    harness.main()
