# SPDX-License-Identifier: MIT
# cost: 3
"""How deep a call path was that --frames has cut: the same program, recorded whole, says it.

total_frames.c allocates under recursions of known depth, each size at one depth, in turn, so that
paths which keep the same frames follow each other at different depths. Fewer than 256 missing frames
are exact; more are rounded down, by less than 1/16, and not counted beyond 4096.
"""
import unittest

from support import harness

EACH = 3
ROUNDED, MOST = 256, 4096


def by_size(profile):
    """{bytes of the block: the row} of what below and its handler allocate."""
    found = {}
    for row in profile.rows("stack"):
        size = row["total_bytes"] // row["total_blocks"]
        if size >= 10000 and row["total_blocks"] == EACH:
            found[size] = row
    return found


def length(row):
    return sum(frame["function"] != "[truncated]" for frame in row["stack"])


def end(row):
    """What a path that is cut ends with; "" of a whole one."""
    if "total_frames" not in row:
        return ""
    missing = row["total_frames"] - length(row)
    return "[truncated] … %s%d more frame%s" % (
        "at least " if row["total_frames_at_least"] else "", missing, "s" * (missing != 1))


def nodes(tree):
    """All nodes of a tree."""
    for child in tree["children"]:
        yield child
        yield from nodes(child)


class TotalFrames(unittest.TestCase):
    def record(self, frames):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("total_frames")], directory,
                                    options=["--frames", str(frames)],
                                    env=harness.plain_environment(
                                        MEMTRACK_OPTIONS="check_unwind=1"))
            self.assertEqual(0, tracked.code, "%r" % tracked)
            self.assertIn("against a full unwind: 0 mismatches",
                          " ".join(tracked.profile.coverage["notes"]))
            return by_size(tracked.profile)

    def test_against_whole_paths(self):
        whole = self.record(8192)
        self.assertEqual(13 + 13 + 12, len(whole))
        self.assertFalse([row for row in whole.values() if "total_frames" in row],
                         "a whole path says no more than its frames")
        for frames in (8, 64):
            cut = self.record(frames)
            self.assertEqual(whole.keys(), cut.keys())
            self.assertGreater(len([row for row in cut.values() if "total_frames" in row]), 12)
            for size, row in cut.items():
                with self.subTest(frames=frames, size=size):
                    self.compare(length(whole[size]), row, frames)

    def test_exports(self):
        """A format of call paths has the end that the report shows, one for each depth."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("total_frames")], directory,
                                    options=["--frames", "8"])
            ends = sorted(filter(None, map(end, tracked.profile.rows("stack"))))
            self.assertGreater(len(ends), 12)
            for form in ("collapsed", "speedscope", "firefox", "dhat", "callgrind", "sqlite"):
                with self.subTest(form):
                    exported = harness.memtrack("export", tracked.profile.path, "--format", form, "-o",
                                                "out." + form, cwd=directory)
                    self.assertEqual(0, exported.code, exported)
                    with open(directory + "/out." + form, "rb") as file:
                        content = file.read().decode(errors="replace").replace("\\u2026", "…")
                    for text in set(ends):
                        self.assertIn(text, content)
                    if form == "collapsed":
                        self.assertEqual(ends, sorted(
                            line.split(";")[0] for line in content.splitlines()
                            if line.startswith("[truncated]")))

    def test_tree(self):
        """A tree says below its outermost frames what is missing beyond them."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("total_frames")], directory,
                                    options=["--frames", "8"])
            rows = [row for row in tracked.profile.rows("stack") if "total_frames" in row]
            for how in ((), ("--inverted",)):
                tree = harness.ask("tree", *how, tracked.profile.path)
                told = [node["missing_frames"] for node in nodes(tree)
                        if "missing_frames" in node]
                self.assertEqual(min(row["total_frames"] - length(row) for row in rows), min(told))
                self.assertTrue(any(node.get("missing_frames_at_least") for node in nodes(tree)))
                shown = harness.memtrack("tree", *how, tracked.profile.path).stdout.decode()
                self.assertRegex(shown, r"\[truncated\] \.\.\. at least \d+ more frames")

    def compare(self, total, row, frames):
        if "total_frames" not in row:
            self.assertEqual(total, length(row))
            return
        self.assertEqual("[truncated]", row["stack"][-1]["function"])
        missing = total - length(row)
        told = row["total_frames"] - length(row)
        self.assertEqual(missing >= ROUNDED, row["total_frames_at_least"])
        if missing < ROUNDED:
            self.assertEqual(missing, told)
        elif missing > MOST:
            self.assertEqual(MOST, told)
        else:
            self.assertTrue(missing - missing / 16 < told <= missing, (told, missing))


if __name__ == "__main__":
    harness.main()
