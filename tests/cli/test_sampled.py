# SPDX-License-Identifier: MIT
"""Figures of a sampled recording are estimates, and every way to print them says how far off they
may be."""
from support import case, harness

PROGRAM = harness.program("scope_domains")


class Sampled(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, options in (("rare", ["--sample", "2K"]), ("often", ["--sample", "512"]),
                              ("exact", [])):
            harness.record(cls.path(name), [PROGRAM], options)

    def test_differences(self):
        for old, new in (("rare", "often"), ("exact", "rare"), ("often", "exact")):
            arguments = ("diff", self.path(old), self.path(new))
            rows = harness.ask(*arguments)["rows"]
            self.assertTrue(any(row["margin"]["total_bytes"] for row in rows))
            for row, line in zip(rows, harness.table(*arguments), strict=True):
                for column, margin in row["margin"].items():
                    self.assertEqual(str(margin), line["diff_%s_margin" % column],
                                     (old, new, row["key"], column))

    def test_scopes(self):
        arguments = ("scopes", self.path("rare"))
        rows = harness.ask(*arguments)["rows"]
        self.assertTrue(any(row["allocated_bytes"]["sum_margin"] for row in rows))
        for row, line in zip(rows, harness.table(*arguments), strict=True):
            margins = {key: value["sum_margin"] for key, value in row.items()
                       if isinstance(value, dict) and "sum_margin" in value}
            self.assertEqual({"%s_sum_margin" % key: str(margin) for key,
                              margin in margins.items()}, {key: text for key, text in line.items()
                                                           if key.endswith("_margin")})

    def test_exact(self):
        """Nothing is said where nothing is estimated."""
        for arguments in (("diff", self.path("exact"), self.path("exact")),
                          ("scopes", self.path("exact"))):
            self.assertFalse([key for line in harness.table(*arguments) for key in line
                              if "margin" in key])


if __name__ == "__main__":
    harness.main()
