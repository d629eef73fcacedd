# SPDX-License-Identifier: MIT
"""What is seen on 80 columns of views that show a process of this moment: what run prints at its
end, top and snapshot. Memory is the same each time; ids, times and dates are words in the
golden files."""
import os
import re
import shutil

from support import case, golden, harness, live

EXAMPLE = harness.SOURCE + "/docs/examples/words.c"
UNSTEADY = (
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "DATE"),
    (r"\b\d+(\.\d+)? (ns|us|µs|ms|s|min|h)\b", "TIME"),
    (r"(?<=rss )\d+(\.\d+)? [KMG]iB", "SIZE"),
    # a program's path is there where it fits, which depends on where this is built
    (re.escape(os.path.dirname(harness.program("obedient")) + "/"), ""),
    (re.escape(harness.SOURCE), "SOURCE"),
)


def steady(text, pids):
    for pid in sorted(pids, key=len, reverse=True):
        text = text.replace(pid, "PID")
    text = re.sub(r"pid \d+|\.\d+\.pb\.gz", lambda found: re.sub(r"\d+", "PID", found[0]), text)
    for pattern, word in UNSTEADY:
        text = re.sub(pattern, word, text)
    return text


class Views(case.Case):
    def test_run(self):
        shutil.copy(EXAMPLE, self.path("words.c"))
        harness.check(["cc", "-g", "-O1", "words.c", "-o", "words"], cwd=self.dir)
        golden.check_files(self, "run", self.dir, lambda text: steady(text, []))

    def test_of_a_process(self):
        child = live.Child([harness.program("obedient")], "ok",
                           env=harness.preloaded(self.dir), cwd=self.dir)
        with child:
            for order in ("a 1000", "b 20000"):
                child.stdin.write(order.encode() + b"\n")
                child.stdin.flush()
                child.wait_for("ok")
            pid = str(child.pid)
            for command in ("top", "snapshot"):
                golden.check_files(self, command, self.dir, lambda text: steady(text, [pid]),
                                   PID=pid, MEMTRACK_DIR=self.dir)


if __name__ == "__main__":
    harness.main()
