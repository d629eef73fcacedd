# SPDX-License-Identifier: MIT
# timeout: 60
# cost: 4
"""The comment that `memtrack export --format markdown` writes, as cmark-gfm (GitHub's own renderer)
shows it: a heading, two tables whose cells are the figures of the report, and no markup that comes
from a name."""
import html.parser

from support import exported, harness

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size(value):
    """As memtrack writes sizes for people."""
    amount, unit = float(abs(value)), 0
    while unit + 1 < len(UNITS) and float("%.1f" % amount if unit else amount) >= 1024:
        amount, unit = amount / 1024, unit + 1
    sign = "-" if value < 0 else ""
    return sign + ("%.1f %s" % (amount, UNITS[unit]) if unit else "%d B" % amount)


class Page(html.parser.HTMLParser):
    """The heading and the tables, as lists of rows of cells; and which elements there are."""

    def __init__(self, text):
        super().__init__()
        self.heading, self.tables, self.elements, self.code = "", [], set(), []
        self.cell = self.in_heading = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.in_heading |= tag == "h3"
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.cell = True

    def handle_endtag(self, tag):
        self.in_heading &= tag != "h3"
        self.cell &= tag not in ("td", "th")

    def handle_data(self, text):
        if self.lasttag == "code" and not self.cell:
            self.code.append(text)
        if self.in_heading:
            self.heading += text
        if self.cell:
            self.tables[-1][-1][-1] += text


class Markdown(exported.Case):
    REAL = {"tree": ["tree", "a|b"]}

    def page(self, path, *options):
        text = self.export("markdown", path, *options)
        rendered = harness.check([harness.tool("cmark-gfm"), "-e", "table", "--unsafe"], stdin=text)
        page = Page(rendered.stdout.decode())
        self.assertLessEqual(page.elements, {"h3", "p", "code", "table", "thead", "tbody", "tr",
                                             "th", "td", "ul", "li"})
        return page

    def test_figures_are_those_of_the_report(self):
        for path, options, _ in self.each(("end", "total", "filtered")):
            report = self.report(path, "--by", "line", *options)
            page = self.page(path, "-n", "3", *options)
            about = "≈" if report["recording"]["mode"] == "sampled" else ""
            totals = {row[0].split()[0]: row[1:] for row in page.tables[0][1:]}
            for name, (data, blocks) in totals.items():
                self.assertEqual(about + size(self.passed(report, name + "_bytes")), data)
                self.assertEqual(about + "{:,}".format(self.passed(report, name + "_blocks")),
                                 blocks)
            columns = [name + "_bytes" for name in page.tables[1][0] if name in
                       ("peak", "live", "total")]
            shown, last = page.tables[1][1:4], page.tables[1][-1]
            shown = [row for row in shown if row[4] != "total"]
            for row, cells in zip(report["rows"], shown):
                self.assertEqual([about + size(row[column]) for column in columns],
                                 [cells[0], cells[2], cells[3]])
            self.assertEqual([about + size(self.passed(report, column)) for column in columns],
                             [last[0], last[2], last[3]])
            self.assertEqual("total", last[4])
            if len(report["rows"]) > 3:
                more = len(report["rows"]) - 3
                self.assertEqual("%d more line%s" % (more, "" if more == 1 else "s"),
                                 page.tables[1][-2][4])

    def test_a_bar_is_a_bar(self):
        """Within a table it has to be escaped, and outside it must not be."""
        command = [code for code in self.page(self.profiles["tree"]).code if "a|b" in code]
        self.assertEqual(1, len(command))
        self.assertNotIn("\\", command[0])

    def test_heading_and_names(self):
        page = self.page(self.profiles["plain"])
        self.assertEqual("memtrack: peak 48.0 MiB of parser", page.heading)
        self.assertEqual("/srv/demo/src/parse.cpp:4 parse::tokenize", page.tables[1][1][4])
        self.assertEqual(6, len(page.tables[1]) - 1)
        by = self.page(self.profiles["plain"], "--by", "thread", "--sort", "total")
        self.assertEqual(["total", "", "peak", "live", "thread"], by.tables[1][0])


if __name__ == "__main__":
    harness.main()
