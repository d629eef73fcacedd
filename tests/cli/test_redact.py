# SPDX-License-Identifier: MIT
# timeout: 120
"""--redact: a page of a real program holds nothing of where it lay, whom it belonged to and how it
was called, and every figure is where it was."""
import base64
import gzip
import os
import re

from support import case, compiler, harness

SECRETS = ("hidden-project", "s3cr3t-word", "customer-file", "alice", "of a customer")
MAIN = """\
#include <stdlib.h>
#include "memtrack.h"
void *one(size_t n);
void *two(size_t n);
static void *kept[6];
int main(void) {
    for (int i = 0; i < 2; i++) {
        memtrack_scope scope;
        memtrack_begin(&scope, "read /srv/alice/input.txt");
        memtrack_scope_set(&scope, "who", "of a customer");
        kept[i] = one(1000);
        kept[i + 2] = two(3000);
        memtrack_end(&scope, NULL);
    }
    memtrack_mark("began /srv/alice/work");
    kept[4] = malloc(70000);
    return 0;
}
"""
PART = "#include <stdlib.h>\nvoid *%s(size_t n) {\n    return malloc(n);\n}\n"
COLUMNS = ("live_bytes", "peak_bytes", "total_bytes", "total_blocks", "temporary_blocks")


def profiles_of(page):
    return [gzip.decompress(base64.b64decode(text)) for text in
            re.findall(rb'<script id="memtrack-profile[^>]*>([^<]*)</script>', page)]


class Redacted(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.path("hidden-project")
        for name in ("one", "two"):
            os.makedirs(os.path.join(folder, name))
            with open(os.path.join(folder, name, "util.c"), "w") as file:
                file.write(PART % name)
        with open(os.path.join(folder, "main.c"), "w") as file:
            file.write(MAIN)
        compiler.build(os.path.join(folder, "app"), os.path.join(folder, "main.c"),
                       *(os.path.join(folder, name, "util.c") for name in ("one", "two")), "-g",
                       "-O0", "-fno-builtin", "-I", os.path.join(harness.SOURCE, "lib/include"))
        harness.memtrack("run", "-q", "-o", cls.path("plain.pb.gz"), "--", "./app",
                         "--token=s3cr3t-word", "customer-file", cwd=folder)
        harness.memtrack("report", "--html", cls.path("page.html"), "--redact",
                         cls.path("plain.pb.gz"), cwd=folder)

    def report(self, name, *options):
        return harness.ask("report", *options, self.path(name))

    def test_what_is_gone(self):
        with open(self.path("plain.pb.gz"), "rb") as file:
            before = gzip.decompress(file.read())
        with open(self.path("page.html"), "rb") as file:
            page = file.read()
        (after,) = profiles_of(page)
        for secret in SECRETS:
            self.assertIn(secret.encode(), before)
            self.assertNotIn(secret.encode(), after)
            self.assertNotIn(secret.encode(), page)
        self.assertNotIn(self.dir.encode(), page)
        self.assertNotIn(self.dir.encode(), after)

    def test_what_stays(self):
        for options in (["--by", "stack"], ["--by", "line"], ["--by", "function"],
                        ["--by", "file"], ["--by", "line", "--cumulative"], ["--by", "size"]):
            plain, redacted = (self.report(name, *options) for name in ("plain.pb.gz", "page.html"))
            self.assertEqual(plain["totals"], redacted["totals"])
            figures = [sorted([row[name] for name in COLUMNS] + [row["line"]]
                              for row in report["rows"]) for report in (plain, redacted)]
            self.assertEqual(*figures, options)

    def test_exports(self):
        """In every format; filters are of the true names."""
        told = harness.memtrack("export", "--help", "all").stdout.decode()
        formats = [name for name in ("pprof", "collapsed", "speedscope", "dhat", "massif", "json",
                                     "callgrind", "csv", "markdown", "svg", "heap", "firefox",
                                     "chrome", "openmetrics") if name in told]
        self.assertIn("pprof", formats)
        for name in formats:
            output = self.path("out." + name)
            harness.memtrack("export", "-q", "--format", name, "--redact", "-o", output,
                             self.path("plain.pb.gz"))
            with open(output, "rb") as file:
                text = file.read()
            if text[:2] == b"\x1f\x8b":
                text = gzip.decompress(text)
            for secret in (*SECRETS, self.dir):
                self.assertNotIn(secret.encode(), text, name)
        plain = self.report("plain.pb.gz", "--include", "*/one/*", "--by", "line")
        harness.memtrack("export", "-q", "--format", "pprof", "--redact", "--include", "*/one/*",
                         "-o", self.path("one.pb.gz"), self.path("plain.pb.gz"))
        (row,), (other,) = plain["rows"], self.report("one.pb.gz", "--by", "line")["rows"]
        self.assertEqual([row[name] for name in COLUMNS], [other[name] for name in COLUMNS])
        self.assertEqual((3, "util.c"), (other["line"], other["file"]))

    def test_names(self):
        report = self.report("page.html", "--by", "file")
        self.assertEqual("/redacted/app", report["process"]["exe"])
        self.assertEqual(["app"], report["process"]["command"])
        self.assertLessEqual({"main.c", "util.c", "util(2).c"},
                             {row["file"] for row in report["rows"]})


if __name__ == "__main__":
    harness.main()
