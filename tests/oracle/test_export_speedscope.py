# SPDX-License-Identifier: MIT
# timeout: 200
# cost: 10
"""`memtrack export --format speedscope`: the file is what speedscope's schema says, each of its
profiles has the sum of a column of the report, and its paths are those of the report's rows."""
import contextlib
import json
import os
import unittest

import jsonschema

from support import browser, exported, harness

COLUMNS = {"peak bytes": "peak_bytes", "live bytes": "live_bytes", "total bytes": "total_bytes",
           "total blocks": "total_blocks"}


def schemas():
    """Ours, which asks for more, and speedscope's own where its package can be installed."""
    yield os.path.join(harness.SOURCE, "tests", "oracle", "speedscope.json")
    with contextlib.suppress(unittest.SkipTest):
        yield browser.package("speedscope", "dist", "release", "file-format-schema.json")


class Speedscope(exported.Case):
    TIMED = ("layers",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_tools("python3", "jq", "sqlite3")
        cls.validators = []
        for path in schemas():
            with open(path) as file:
                cls.validators.append(jsonschema.Draft7Validator(json.load(file)))

    def file_of(self, path, *options):
        document = json.loads(self.export("speedscope", path, *options))
        if sum(len(profile["samples"]) for profile in document["profiles"]) < 1000:  # it is slow
            for validator in self.validators:
                validator.validate(document)
        for profile in document["profiles"]:
            self.assertEqual(len(profile["samples"]), len(profile["weights"]))
            self.assertEqual(profile["endValue"], sum(profile["weights"]))
            for sample in profile["samples"]:
                self.assertLess(max(sample), len(document["shared"]["frames"]))
        return document

    def profile_of(self, document, name):
        """Weights by path, gains less losses."""
        weights = {}
        frames = [frame["name"] for frame in document["shared"]["frames"]]
        for profile in document["profiles"]:
            sign = {name: 1, name + ", less": -1}.get(profile["name"], 0)
            for sample, weight in zip(profile["samples"], profile["weights"]):
                path = tuple(frames[i] for i in sample)
                weights[path] = weights.get(path, 0) + sign * weight
        return weights

    def test_profiles_have_the_sums_of_the_report(self):
        for path, options, report in self.each(("end", "peak", "blocks", "filtered")):
            document = self.file_of(path, *options)
            names = {profile["name"] for profile in document["profiles"]}
            for name, column in COLUMNS.items():
                if name in names:
                    self.assertEqual(self.passed(report, column),
                                     sum(self.profile_of(document, name).values()), name)
            active = document["profiles"][document["activeProfileIndex"]]["name"]
            wanted = "total blocks" if report["sort"] == "blocks" else report["sort"] + " bytes"
            self.assertEqual(wanted if wanted in names else "live bytes", active)

    def test_paths_are_those_of_the_report(self):
        report = self.report(self.profiles["deep"])
        found = self.profile_of(self.file_of(self.profiles["deep"]), "peak bytes")
        for row in report["rows"]:
            path = tuple(frame["function"] for frame in reversed(row["stack"]))
            if row["peak_bytes"] and all(path):
                self.assertIn(path, found)
        lines = self.file_of(self.profiles["plain"])["shared"]["frames"]
        self.assertIn({"name": "intern_name", "file": "src/names.c", "line": 2}, lines)
        self.assertIn({"name": "[lossy]"}, lines)

    def test_another_column(self):
        document = self.file_of(self.profiles["plain"], "--sort", "temporary")
        self.assertEqual("temporary", document["profiles"][document["activeProfileIndex"]]["name"])

    def test_names_are_what_they_are(self):
        """JSON has an escape for every character: nothing is spelt out, and nothing is cut."""
        names = [frame["name"] for frame in self.file_of(self.profiles["hostile"])["shared"][
            "frames"]]
        self.assertIn("a" * 5000, names)
        self.assertIn("f\r\nroot: 0 B\x1b[1A", names)


if __name__ == "__main__":
    harness.main()
