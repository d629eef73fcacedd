# SPDX-License-Identifier: MIT
# timeout: 60
# cost: 2
"""What is not in a file of another tool is said, in words and in JSON, and a view that needs it says
why it cannot; what such a file does have is shown by every command that takes a profile."""
import json

from support import case, harness

DHAT = {"dhatFileVersion": 2, "mode": "heap", "verb": "Allocated", "bklt": True, "bkacc": False,
        "tu": "instrs", "Mtu": "Minstr", "cmd": "./server --port 80", "pid": 7, "te": 200,
        "tg": 150, "pps": [{"tb": 1000, "tbk": 2, "mb": 900, "mbk": 1, "gb": 600, "gbk": 1,
                            "eb": 20, "ebk": 1, "fs": [1, 2]}],
        "ftbl": ["[root]", "0x20: parse (a.c:3)", "0x30: main (a.c:9)"]}
SNAPSHOT = ("#-----------\nsnapshot=%d\n#-----------\ntime=%d\nmem_heap_B=%d\nmem_heap_extra_B=8\n"
            "mem_stacks_B=0\nheap_tree=%s\n")
TREE = ("n1: %d (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n n1: %d 0x20: "
        "parse (a.c:3)\n  n0: %d 0x30: main (a.c:9)\n")
MASSIF = ("desc: (none)\ncmd: ./server --port 80\ntime_unit: %s\n" + SNAPSHOT % (0, 0, 0, "empty") +
          SNAPSHOT % (1, 1000, 600, "peak") + TREE % (600, 600, 600) +
          SNAPSHOT % (2, 3000, 20, "empty"))
FOLDED = "main (a.c:9);parse (a.c:3) 600\n"


class OtherTools(case.Case):
    def setUp(self):
        super().setUp()
        self.files = {
            "dhat": self.write("dhat.out.7", json.dumps(DHAT)),
            "massif": self.write("massif.out.7", MASSIF % "ms"),
            "folded": self.write("stacks.folded", FOLDED),
        }

    def says(self, expected, *arguments, status=0):
        result = harness.memtrack(*arguments, status=status)
        text = " ".join((result.stdout + result.stderr).decode().split())
        for words in expected:
            self.assertIn(words, text, arguments)

    def test_what_is_not_there(self):
        for name, tool, missing in (
            ("dhat", "./server --port 80 (recorded by DHAT)", "no threads and no time axis."),
            ("massif", "./server --port 80 (recorded by massif)",
             "no total, no blocks and no threads."),
            ("folded", "(recorded by another tool, as folded stacks)",
             "no peak, no total, no blocks, no addresses, no threads and no time axis.")):
            sentence = "The file has " + missing
            self.says([tool, sentence], "report", self.files[name])
            self.says([sentence], "tree", self.files[name])
            for command in ("report", "tree"):
                notes = harness.ask(command, self.files[name])["coverage"]["notes"]
                self.assertIn(sentence, notes, (command, name))

    def test_stacks_of_one_frame_are_known_by_their_name(self):
        for name in ("one.folded", "one.collapsed"):
            self.says(["live 5 B"], "report", self.write(name, "main 5\n"))
        self.says(["it is text"], "report", self.write("one.txt", "main 5\n"), status=3)

    def test_a_figure_that_is_not_there_is_not_zero(self):
        text = harness.memtrack("report", self.files["massif"]).stdout.decode()
        self.assertNotIn("0 blocks", text)
        self.assertNotIn(" total  ", text)
        report = harness.ask("report", self.files["massif"])
        self.assertEqual((600, 20, 0), tuple(report["totals"][c] for c in (
            "peak_bytes", "live_bytes", "total_blocks")))
        self.says(["peak unknown"], "check", self.files["folded"], "--max-peak", "1G", status=1)

    def test_views_that_need_it_say_why(self):
        why = "Another tool wrote it, without one. Record a run instead: memtrack run PROG."
        for name in ("dhat", "folded"):
            self.says(["no time axis", why], "timeline", self.files[name], status=2)
            self.says(["no time axis", why], "report", "--at", "1s", self.files[name], status=2)
        self.says(["no composition at the peak", "--at end"], "report", "--at", "peak",
                  self.files["folded"], status=2)
        for name in self.files:
            self.says(["another tool wrote the file"], "scopes", self.files[name])
            self.says(["[unknown]"], "report", "--by", "thread", self.files[name])

    def test_moments_of_massif(self):
        self.says(["live 600 B at 1.50 s", "Recorded at 1.00 s"], "report", "--at", "1.5s",
                  self.files["massif"])
        self.says(["at 1.00 s +-1 ms"], "report", self.files["massif"])
        path = self.write("i", MASSIF % "i")
        self.says(["Its time is counted in instructions", "--time-unit=ms"], "report", path)
        self.says(["Its time is counted in instructions"], "timeline", path)

    def test_comparisons(self):
        for old in self.files:
            for new in self.files:
                diff = harness.ask("diff", self.files[old], self.files[new])
                self.assertEqual(["a.c:3"], [row["key"] for row in diff["rows"]
                                             if "a.c" in row["key"]], (old, new))

    def test_others_are_named(self):
        for content, words in (
            (json.dumps({**DHAT, "mode": "copy"}), "it counts copied bytes"),
            (json.dumps({**DHAT, "mode": "ad-hoc"}), "it counts events of the program's own"),
            (json.dumps({**DHAT, "dhatFileVersion": 3}), "DHAT's format 3"),
            ("main;f 3 4\nmain 5 6\n", "is a comparison"),
            ("# callgrind format\nversion: 1\n", "valgrind's callgrind")):
            self.says([words], "report", self.write("x", content), status=3)


if __name__ == "__main__":
    harness.main()
