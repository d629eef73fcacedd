# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 6
"""A page says what the command said where the page was made: with the debug files that were there,
and the settings of the project; its sources, its directory and its time zone do not matter."""
import json
import os
import shutil

from support import browser, case, compiler, harness

SOURCE = """#include <stdlib.h>
void *kept[64];
__attribute__((noinline)) static void *make(int n) {
    return malloc(1000 + n);
}
int main(void) {
    for (int i = 0; i < 64; i++)
        kept[i] = make(i);
    return 0;
}
"""
ROWS = "(question) => JSON.stringify(memtrack.rows(question))"


class Elsewhere(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)

    def record(self, name, command, cwd):
        path = self.path(name + ".pb.gz")
        result = harness.record(path, command, cwd=cwd)
        self.assertEqual(0, result.code, result)
        return path

    def tree(self, name):
        """A program, and the tree of its source."""
        os.makedirs(self.path(name, "tree"))
        source = self.path(name, "tree", "app.c")
        with open(source, "w") as file:
            file.write(SOURCE)
        return compiler.build(self.path(name, "app"), source, "-g", "-O1"), self.path(name, "tree")

    def page(self, path, *options, **how):
        page = path.replace(".pb.gz", ".html")
        harness.memtrack("report", "--html", page, *options, path, **how)
        return page

    def answers(self, path, *options, **how):
        """What the command says of these questions, each with its rows."""
        return [({"by": by}, json.loads(harness.memtrack("report", "--json", "--by", by, *options,
                                                         path, **how).stdout)["rows"])
                for by in ("line", "function", "file", "stack")]

    def same(self, tab, answers):
        for question, rows in answers:
            self.assertEqual(rows, json.loads(tab.run(ROWS, question)), question)

    def test_sources_directory_and_time_zone(self):
        program, tree = self.tree("moved")
        path = self.record("moved", [program], tree)
        zone = harness.plain_environment(TZ="Pacific/Kiritimati")
        answers = self.answers(path, cwd=tree, env=zone)
        page = self.page(path, cwd=tree, env=zone)
        os.rename(self.path("moved"), self.path("gone"))
        start = harness.ask("report", path)["process"]["start_time"]
        with self.browser.open(page).ready() as tab:
            self.same(tab, answers)
            self.assertIn(start[:19].replace("T", " ") + " UTC", tab.text("main"))
            tab.set(view="source")
            self.assertIn("--source", tab.text("main"))
            self.assertEqual([], tab.seen()["errors"])

    def test_debug_files_that_were_found_later(self):
        program, _ = self.tree("stripped")
        os.mkdir(self.path("debug"))
        shutil.copy(program, self.path("debug", "app"))
        harness.check([harness.tool("strip"), program])
        path = self.record("stripped", [program], self.dir)
        found = "--debug-path", self.path("debug")
        answers = self.answers(path, *found)
        self.assertNotEqual(answers, self.answers(path))
        page = self.page(path, *found)
        shutil.rmtree(self.path("debug"))
        with self.browser.open(page).ready() as tab:
            self.same(tab, answers)
        self.assertEqual(answers, self.answers(page))

    def test_wrappers_of_the_project(self):
        """They count in every view, whatever the address of the page says."""
        os.mkdir(self.path("project"))
        with open(self.path("project", ".memtrack"), "w") as file:
            file.write("wrapper get_block\n")
        path = self.record("wrappers", [harness.program("own_wrapper")], self.dir)
        answers = self.answers(path, cwd=self.path("project"))
        self.assertNotEqual(answers, self.answers(path))
        page = self.page(path, "--sort", "total", cwd=self.path("project"))
        for address in ("", "#view=table", "#view=flame&by=file"):
            with self.browser.open(page + address).ready() as tab:
                self.same(tab, answers)
                self.assertEqual(["get_block"], tab.state()["wrapper"])
                self.assertEqual("total", tab.state()["sort"])

    def test_what_was_asked_for_can_be_taken_back(self):
        path = self.record("asked", [harness.program("own_wrapper")], self.dir)
        page = self.page(path, "--by", "function", "--include", "make_*", "--at", "peak",
                         "--sort", "total", "--keep-std")
        with self.browser.open(page).ready() as tab:
            self.assertEqual("", tab.run("() => location.hash"))
            tab.set(view="table", by="line", sort="", include=[], at="", keepStd=False)
            address, state = tab.run("() => location.hash"), tab.state()
        with self.browser.open(page + address).ready() as tab:
            self.assertEqual(state, tab.state())
            self.assertEqual(["line", "", [], "", False],
                             [state[key] for key in ("by", "sort", "include", "at", "keepStd")])


if __name__ == "__main__":
    harness.main()
