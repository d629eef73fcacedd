# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 4
"""The lines that are charged are lines of the program: not of a header whose functions are inlined
into it, nor of a crate that the standard library is made of."""
import shutil

from support import case, compiler, harness

C = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
    char *all[1000];
    for (int i = 0; i < 1000; i++)
        if (asprintf(&all[i], "%s %d %0100d", argv[0], i, i) < 0) return 1; /* asprintf */
    char *line = NULL; size_t n = 0;
    FILE *f = fopen("/etc/passwd", "r");                                    /* fopen */
    while (getline(&line, &n, f) > 0) {}                                    /* getline */
    putchar('\n');                                                          /* putchar */
    char *p = realpath("/usr/lib/..", NULL);                                /* realpath */
    printf("%s %s\n", all[argc], p);
}
"""

RUST = r"""
use std::collections::HashMap;
fn main() {
    let mut m: HashMap<u64, u64> = HashMap::new();
    for i in 0..1000 { m.insert(i, i); } // insert
    println!("{}", m.len());
    std::mem::forget(m);
}
"""


def line_of(text, mark):
    return next(i for i, line in enumerate(text.splitlines(), 1) if mark in line)


class FirstLine(case.Case):
    def keys(self, program):
        rows = harness.track([program], self.dir).profile.rows("line", "--sort", "total")
        return [row["key"].rpartition("/")[2] for row in rows if row["total_bytes"]]

    def test_headers_of_libc(self):
        """With and without checks, as each compiler takes the inline functions."""
        for cc in ("gcc", "clang"):
            for flags in (("-O2", "-D_FORTIFY_SOURCE=2"), ("-O2",), ("-O0",)):
                with self.subTest(compiler=cc, flags=flags):
                    program = self.build("fortify", C, "-g", "-U_FORTIFY_SOURCE", *flags,
                                         compiler=cc)
                    marks = ("asprintf", "fopen", "getline", "putchar", "realpath")
                    self.assertEqual(set(self.keys(program)), {
                        f"fortify.c:{line_of(C, f'/* {mark} */')}" for mark in marks})

    def test_crates_of_the_standard_library(self):
        """Those of each distribution of the compiler that is installed."""
        found = {path for path in map(shutil.which, ("rustc", "/usr/bin/rustc")) if path}
        if not found:
            self.skipTest("rustc is not installed")
        for rustc in sorted(found):
            with self.subTest(rustc):
                source = self.write("map.rs", RUST)
                program = compiler.build(self.path("map"), source, "-g", "-O", compiler=rustc,
                                         required=False)
                self.assertEqual(self.keys(program)[0], f"map.rs:{line_of(RUST, '// insert')}")


if __name__ == "__main__":
    harness.main()
