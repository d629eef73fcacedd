# SPDX-License-Identifier: MIT
"""Figures of a sampled recording are estimates, and every way to print them says how far off they may be."""
import csv
import io
import json
import os
import unittest

from support import harness

PROGRAM = harness.program("scope_domains")


class Sampled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = harness.workdir()
        cls.directory = cls.work.__enter__()
        for name, options in (("rare", ["--sample", "2K"]), ("often", ["--sample", "512"]), ("exact", [])):
            harness.check([harness.MEMTRACK, "run", "-q", "-o", cls.path(name), *options, "--", PROGRAM])

    @classmethod
    def tearDownClass(cls):
        cls.work.__exit__(None, None, None)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name + ".pb.gz")

    def table(self, *arguments):
        text = harness.check([harness.MEMTRACK, *arguments, "--csv"]).stdout.decode()
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def document(self, *arguments):
        return json.loads(harness.check([harness.MEMTRACK, *arguments, "--json"]).stdout)

    def test_differences(self):
        for old, new in (("rare", "often"), ("exact", "rare"), ("often", "exact")):
            arguments = ("diff", self.path(old), self.path(new))
            rows = self.document(*arguments)["rows"]
            self.assertTrue(any(row["margin"]["total_bytes"] for row in rows))
            for row, line in zip(rows, self.table(*arguments), strict=True):
                for column, margin in row["margin"].items():
                    self.assertEqual(str(margin), line["diff_%s_margin" % column], (old, new, row["key"], column))

    def test_scopes(self):
        arguments = ("scopes", self.path("rare"))
        rows = self.document(*arguments)["rows"]
        self.assertTrue(any(row["allocated_bytes"]["sum_margin"] for row in rows))
        for row, line in zip(rows, self.table(*arguments), strict=True):
            margins = {key: value["sum_margin"] for key, value in row.items() if isinstance(value, dict) and "sum_margin" in value}
            self.assertEqual({"%s_sum_margin" % key: str(margin) for key, margin in margins.items()},
                             {key: text for key, text in line.items() if key.endswith("_margin")})

    def test_exact(self):
        """Nothing is said where nothing is estimated."""
        for arguments in (("diff", self.path("exact"), self.path("exact")), ("scopes", self.path("exact"))):
            self.assertFalse([key for line in self.table(*arguments) for key in line if "margin" in key])


if __name__ == "__main__":
    harness.main()
