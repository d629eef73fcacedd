# SPDX-License-Identifier: MIT
"""`report --html`, `export --format html` and `diff --html`: what is in the file, without a browser
(tests/browser has the rest): the profile byte for byte, the summary and the top rows as HTML,
nothing of a profile as markup, and what the options of the page do."""
import base64
import gzip
import html.parser
import json
import os
import re

from support import builds, case, harness, profiles


class Elements(html.parser.HTMLParser):
    """The elements of a page, and the text of those without scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.blocks, self.text, self.block = [], {}, [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.attributes = attributes
        self.block = (attributes.get("id") or "") if tag == "script" else None
        if self.block is not None:
            self.blocks[self.block] = ["", attributes]

    def handle_endtag(self, tag):
        self.block = None

    def handle_data(self, data):
        if self.block is None:
            self.text.append(data)
        else:
            self.blocks[self.block][0] += data


class Case(profiles.Command):
    COMMAND = "report"
    KINDS = ("plain", "sampled", "many", "other", "hostile", "markup", "deep", "empty")

    def page(self, *arguments, command="report", status=0):
        path = self.path("page.html")
        harness.memtrack(command, "--html", path, "--force", *arguments, cwd=self.dir, status=status)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def profile_of(self, page, block="memtrack-profile"):
        return base64.b64decode(Elements(page).blocks[block][0])

    def bytes_of(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()


class Content(Case):
    def test_the_profile_is_in_it_as_it_is(self):
        for kind in ("plain", "sampled", "many", "other"):
            page = self.page(kind + ".pb.gz")
            self.assertEqual(self.bytes_of(kind + ".pb.gz"), self.profile_of(page))
            self.assertEqual(kind + ".pb.gz", Elements(page).blocks["memtrack-profile"][1]["data-name"])

    def test_the_report_of_the_page_is_that_of_the_profile(self):
        self.page("plain.pb.gz")
        self.assertEqual(harness.ask("report", "plain.pb.gz", cwd=self.dir),
                         harness.ask("report", "page.html", cwd=self.dir))

    def test_a_comparison_has_both(self):
        page = self.page("plain.pb.gz", "many.pb.gz", command="diff")
        self.assertEqual(self.bytes_of("plain.pb.gz"), self.profile_of(page))
        self.assertEqual(self.bytes_of("many.pb.gz"), self.profile_of(page, "memtrack-profile-2"))

    def test_what_is_shown_without_scripts(self):
        text = "".join(Elements(self.page("plain.pb.gz")).text)
        rows = harness.ask("report", "plain.pb.gz", cwd=self.dir)["rows"]
        for row in rows[:20]:
            self.assertIn(row["key"], text)
        self.assertIn("peak", text)

    def test_no_request_and_no_script_but_its_own(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', self.page("plain.pb.gz")).group(1)
        rules = dict(rule.split(None, 1) for rule in policy.split("; "))
        self.assertEqual("'none'", rules["default-src"])
        self.assertEqual("'none'", rules["connect-src"])
        self.assertNotIn("unsafe-inline", policy)
        self.assertEqual(2, rules["script-src"].count("'sha256-"))

    def test_nothing_of_a_profile_is_markup(self):
        usual = Elements(self.page("plain.pb.gz")).tags
        for kind in ("markup", "hostile", "deep", "empty"):
            page = self.page(kind + ".pb.gz")
            self.assertEqual(set(), set(Elements(page).tags) - set(usual) - {"p"})
            self.assertEqual(usual.count("script"), Elements(page).tags.count("script"))


class Builds(case.ClassCase):
    """A comparison of two builds whose sources are on this machine for a while."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        trees, cls.paths = builds.make(cls.dir, 3)
        cls.known = cls.rows(*cls.paths)
        for name, options in (("plain", []), ("redacted", ["--redact"]), ("told", ["--source"])):
            harness.memtrack("diff", "--html", cls.path(name + ".html"), *options, *cls.paths)
        for tree in trees:
            os.rename(tree, tree + ".gone")
        cls.gone = [tree + ".gone" for tree in trees]

    @classmethod
    def rows(cls, *sides):
        return harness.ask("diff", *sides)["rows"]

    def sides(self, name):
        return [self.path(name + part) for part in (".html#old", ".html#new")]

    def blocks(self, name):
        """What is in the blocks of a page, unpacked."""
        with open(self.path(name + ".html"), encoding="utf-8") as file:
            blocks = Elements(file.read()).blocks
        data = [base64.b64decode(blocks["memtrack-" + part][0])
                for part in ("profile", "profile-2", "lines", "sources")
                if "memtrack-" + part in blocks]
        self.assertGreaterEqual(len(data), 3)
        return b"".join(gzip.decompress(one) if one.startswith(b"\x1f\x8b") else one
                        for one in data)

    def test_pairs_outlive_the_sources(self):
        self.assertEqual(self.known, self.rows(*self.sides("plain")))
        self.assertEqual(self.known, self.rows(*self.sides("told")))
        self.assertNotEqual(self.known, self.rows(*self.paths))

    def test_a_page_of_the_page(self):
        harness.memtrack("diff", "--html", self.path("again.html"), *self.sides("plain"))
        self.assertEqual(self.known, self.rows(*self.sides("again")))

    def test_sides_may_change_places(self):
        old, new = self.sides("plain")
        known = {row["diff_total_bytes"] for row in self.known}
        self.assertEqual(known, {-row["diff_total_bytes"] for row in self.rows(new, old)})

    def test_sides_of_two_pages(self):
        """What one page knows of lines means nothing in another."""
        harness.memtrack("diff", "--html", self.path("same.html"), *self.paths[:1] * 2)
        self.assertEqual(self.rows(*self.paths),
                         self.rows(self.path("same.html#old"), self.path("plain.html#new")))

    def test_redacted_pairs_are_the_same(self):
        def figures(rows):
            return [[value for value in row.values() if isinstance(value, int)] for row in rows]
        redacted = self.rows(*self.sides("redacted"))
        self.assertEqual(figures(self.known), figures(redacted))

    def test_the_text_of_sources_is_there_when_it_was_asked_for(self):
        self.assertIn(b"/* w", self.blocks("told"))
        for name in ("plain", "redacted"):
            for word in (b"/* w", b"wish", b"whim", b"malloc(64)"):
                self.assertNotIn(word, self.blocks(name))
        self.assertIn(self.dir.encode(), self.blocks("plain"))
        self.assertNotIn(self.dir.encode(), self.blocks("redacted"))


    def test_sources_are_found_where_they_have_gone(self):
        for name, options in (("lost", []), ("found", ["--source-path", "/nowhere:" + self.gone[1],
                                                       "--source-path", self.gone[0]])):
            harness.memtrack("diff", "--html", self.path(name + ".html"), "--source", *options,
                             *self.paths)
            self.assertEqual(name == "found", b"/* w" in self.blocks(name), name)


class Options(Case):
    def test_what_was_asked_for_is_what_is_shown_first(self):
        page = self.page("--by", "function", "--sort", "total", "--include", "*a<b*", "--at", "peak",
                         "plain.pb.gz")
        about = json.loads(Elements(page).blocks["memtrack-page"][0])
        self.assertEqual(("function", "total", ["*a<b*"], "peak"),
                         tuple(about[name] for name in ("by", "sort", "include", "at")))
        self.assertNotIn("a<b", page)

    def test_redacted(self):
        page = self.page("--redact", "plain.pb.gz")
        self.assertNotEqual(self.bytes_of("plain.pb.gz"), self.profile_of(page))
        command = harness.ask("report", "plain.pb.gz", cwd=self.dir)["process"]["command"]
        for word in command[1:]:
            self.assertNotIn(word, "".join(Elements(page).text))
        self.assertNotIn(self.dir, page)

    def exported(self, *arguments, status=0):
        return harness.memtrack("export", "--format", "html", *arguments, cwd=self.dir,
                                status=status)

    def test_export_writes_the_same_page(self):
        for options in ([], ["--by", "function", "--sort", "total", "--include", "*a<b*"],
                        ["--redact"], ["--source", "--at", "peak", "-n", "3"]):
            page = self.page(*options, "plain.pb.gz")
            self.assertEqual(page.encode(), self.exported(*options, "plain.pb.gz").stdout)
        said = self.exported("--force", "plain.pb.gz", "-o", "exported.html").stderr
        self.assertIn(b"exported.html, to be opened in a browser", said)
        self.assertEqual(b"", self.exported("-q", "--force", "plain.pb.gz", "-o",
                                            "exported.html").stderr)
        self.assertEqual(self.page("plain.pb.gz").encode(), self.bytes_of("exported.html"))

    def test_a_page_of_several(self):
        self.exported("--force", "plain.pb.gz", "deep.pb.gz", "-o", "exported.html")
        both = harness.ask("report", "exported.html", cwd=self.dir)["totals"]
        one, other = (harness.ask("report", name, cwd=self.dir)["totals"]
                      for name in ("plain.pb.gz", "deep.pb.gz"))
        self.assertEqual(one["peak_bytes"] + other["peak_bytes"], both["peak_bytes"])

    def test_an_empty_page(self):
        page = self.page("/dev/null")
        self.assertNotIn("memtrack-profile", Elements(page).blocks)
        self.assertEqual(page.encode(), self.exported("/dev/null").stdout)

    def test_mistakes(self):
        self.problem("--source", "plain.pb.gz", status=2, contains="--html")
        self.problem("--html", "x.html", "--json", "plain.pb.gz", status=2, contains="--json")
        self.assertIn(b"--source needs --format html",
                      harness.memtrack("export", "--format", "csv", "--source", "plain.pb.gz",
                                       cwd=self.dir, status=2).stderr)
        self.problem("--html", "x.html", "--source-path", ".", "plain.pb.gz", status=2,
                     contains="--source-path needs --source")
        self.problem("--html", "x.html", "--source", *["--source-path", "."] * 17, "plain.pb.gz",
                     status=2, contains="17 times")
        self.page("plain.pb.gz")
        self.problem("--html", "page.html", "plain.pb.gz", status=2, contains="exists")
        self.problem("--html", "nowhere/page.html", "plain.pb.gz", status=3, contains="nowhere")
        self.problem("--html", "page.html", "--force", "nothing.pb.gz", status=3, contains="nothing")
        self.assertTrue(os.path.getsize(self.path("page.html")) > 100000)


if __name__ == "__main__":
    harness.main()
