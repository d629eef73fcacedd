# SPDX-License-Identifier: MIT
# timeout: 120
"""On a terminal of 46 columns no line is wider than it, rows still say what they are of, and files
keep their long lines."""
import os

from support import case, harness, profiles, terminal

COLUMNS = 46
MEMTRACK = harness.MEMTRACK
LONG = "a/directory/with/a/rather/long/name/that/is/longer/than/a/line/of/this/terminal"


def on_terminal(command, cwd, columns=COLUMNS, **env):
    """What the command prints on a terminal of so many columns."""
    return terminal.plain(terminal.output_of(command, columns, cwd, rows=40, **env))


class Narrow(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = cls.path(LONG)
        os.makedirs(cls.dir)
        for kind in ("plain", "hostile", "sampled", "other", "change", "freed", "many", "scopes",
                     "rebuilt", "deep"):
            profiles.make(kind, cls.dir)

    def check(self, *command, columns=COLUMNS, **env):
        text = on_terminal(list(command), self.dir, columns, **env)
        wide = [line for line in text.split("\n") if terminal.width(line) > columns]
        self.assertEqual([], wide, command)
        self.assertNotEqual("", text.strip(), command)
        return text

    def test_reports(self):
        for kind in ("plain", "hostile", "sampled", "other", "change", "freed", "many", "scopes",
                     "deep"):
            for options in ([], ["--by", "function"], ["--by", "stack"], ["--cumulative"],
                            ["--by", "module"], ["--by", "thread"], ["--bytes"], ["--sort", "max"],
                            ["--exclude", "*.c"]):
                with self.subTest(kind, options=options):
                    self.check(MEMTRACK, "report", "--no-pager", *options, kind + ".pb.gz")
        self.assertRegex(self.check(MEMTRACK, "report", "--no-pager", "plain.pb.gz"),
                         r"parse\.cpp:\d+")

    def test_other_widths(self):
        for columns in (40, 60, 79):
            for command in (["report"], ["report", "--by", "stack"], ["scopes"],
                            ["scopes", "--events"]):
                self.check(MEMTRACK, *command, "--no-pager", "scopes.pb.gz", columns=columns)

    def test_diffs(self):
        for pair in (("plain", "rebuilt"), ("plain", "hostile"), ("change", "freed"),
                     ("many", "plain")):
            for options in ([], ["--by", "function"], ["--by", "stack"], ["--bytes"],
                            ["--cumulative"]):
                with self.subTest(pair, options=options):
                    self.check(MEMTRACK, "diff", "--no-pager", *options,
                               *(name + ".pb.gz" for name in pair))

    def test_trees(self):
        for kind in ("deep", "plain", "hostile", "change", "many"):
            for options in ([], ["--inverted", "--by", "function"], ["--bytes", "--depth", "2"]):
                for columns in (COLUMNS, 60, 79):
                    with self.subTest(kind, options=options, columns=columns):
                        self.check(MEMTRACK, "tree", "--no-pager", *options, kind + ".pb.gz",
                                   columns=columns)

    def test_scopes(self):
        for options in ([], ["--events"], ["--bytes"]):
            self.check(MEMTRACK, "scopes", "--no-pager", *options, "scopes.pb.gz")

    def test_a_run_its_list_and_its_timeline(self):
        program = self.path("program_with_a_name_that_does_not_fit_into_a_line_either")
        os.symlink(harness.program("leaks"), program)
        script = self.write("family.sh", "#!/bin/sh\n%s\n%s\n" % (program, program), 0o755)
        text = self.check(MEMTRACK, "run", "-o", "one.memtrack.pb.gz", "--", program)
        self.assertIn("next", text)
        self.assertRegex(text, r"leaks\.c(pp)?:\d+")
        for options in ([], ["--height", "12"]):
            self.check(MEMTRACK, "timeline", "--no-pager", *options, "one.memtrack.pb.gz")
        family = self.path("family")
        os.mkdir(family)
        harness.memtrack("run", "-q", "-o", os.path.join(family, "memtrack.%p.pb.gz"), "--", script)
        for options in ([], ["--tree"]):
            self.check(MEMTRACK, "timeline", "--no-pager", *options, family)
        text = self.check(MEMTRACK, "list")
        self.assertIn("one.memtrack.pb.gz", text)

    def test_full_names_are_whole_and_ascii_is_ascii(self):
        text = on_terminal([MEMTRACK, "report", "--no-pager", "--full-names", "hostile.pb.gz"],
                           self.dir)
        self.assertGreater(max(map(terminal.width, text.split("\n"))), 500)
        for command in (["report", "plain.pb.gz"], ["diff", "plain.pb.gz", "rebuilt.pb.gz"],
                        ["scopes", "scopes.pb.gz"], ["tree", "deep.pb.gz"],
                        ["report", "--by", "stack", "deep.pb.gz"]):
            self.assertTrue(on_terminal([MEMTRACK, *command, "--no-pager"], self.dir,
                                        LC_ALL="C").isascii(), command)


if __name__ == "__main__":
    harness.main()
