# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 11
"""`memtrack check --no-leaks` and what a language's runtime keeps on purpose: a program that frees
all of its own passes, whatever of the runtime it uses, and fails by its own leak alone."""
import json
import os

from support import case, compiler, harness
from support.output import validate

C = r"""
#include <grp.h>
#include <locale.h>
#include <mntent.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
static pthread_key_t keys[64];
static void *volatile sink;
int main(int argc, char **argv) {
    (void)argv;
    setlocale(LC_ALL, "C.UTF-8");
    setenv("SOMETHING", "else", 1);
    time_t now = 0;
    printf("%s %s %s", getpwuid(0)->pw_name, getgrgid(0)->gr_name, asctime(localtime(&now)));
    printf("%s %ls\n", strerror(4242), L"wide");
    struct servent *service = getservbyname("http", "tcp");
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    printf("%d %d\n", service != NULL, mounts && getmntent(mounts));
    endmntent(mounts);
    for (int i = 0; i < 64; i++)
        pthread_key_create(&keys[i], NULL);
    pthread_setspecific(keys[63], keys);
    if (argc > 1)
        sink = malloc(4242), sink = NULL; /* LEAK */
    return 0;
}
"""

CXX = r"""
#include <clocale>
#include <iostream>
#include <fstream>
#include <locale>
#include <regex>
#include <stdexcept>
#include <thread>
static char *volatile sink;
int main(int argc, char **) {
    std::ios_base::sync_with_stdio(false);
    std::string word;
    std::cin >> word;
    std::cout << word << std::fixed << 3.25 << std::endl;
    std::wcout << L"wide" << std::endl;
    try {
        throw std::runtime_error("a message that does not fit into the string itself");
    } catch (const std::exception &e) {
        std::cerr << e.what() << std::endl;
    }
    std::thread([] { std::cout << "thread" << std::endl; }).join();
    if (argc > 1)
        sink = new char[4242], sink = nullptr; // LEAK
}
"""

RUST = r"""
use std::io::{Read, Write};
#[inline(never)]
fn hold<T: Clone + 'static>(value: T, n: usize) -> &'static [T] {
    let v = vec![value; n]; // LEAK
    Box::leak(v.into_boxed_slice())
}
fn main() {
    let mut text = String::new();
    std::io::stdin().read_line(&mut text).unwrap();
    std::io::stdin().read_to_string(&mut text).unwrap();
    print!("{}", text.len());
    std::io::stdout().flush().unwrap();
    eprintln!("{:?}", std::thread::current().name());
    let workers: Vec<_> = (0..3).map(|i| std::thread::Builder::new().name(format!("w{i}")).spawn(move || println!("{i}"))
        .unwrap()).collect();
    for worker in workers { worker.join().unwrap(); }
    std::env::set_var("SOMETHING", "else");
    let _ = std::panic::catch_unwind(|| { panic!("oops"); });
    if std::env::args().count() > 1 { println!("{}", std::hint::black_box(hold(7u8, 4242)).len()); }
}
"""


class Runtimes(case.Case):
    def build(self, which, source, text, *flags):
        """Returns the line that leaks."""
        compiler.build(self.path("program"), self.write(source, text), *flags, compiler=which,
                       required=False, env=dict(os.environ))
        return next(i for i, line in enumerate(text.splitlines(), 1) if "LEAK" in line)

    def check(self, *arguments, status):
        result = harness.run([harness.MEMTRACK, "check", "--run", "--no-leaks", "--json",
                              *arguments], cwd=self.dir, stdin=b"",
                             env=harness.plain_environment(RUST_BACKTRACE="1", TMPDIR=self.dir))
        self.assertEqual(status, result.code, result)
        # standard output is the program's
        text = result.stderr[result.stderr.index(b'{\n "schema"'):]
        return validate(json.loads(text), "memtrack-check-1")

    def judge(self, line, name):
        """Clean, it passes, and says what it has left out; with a leak, that one block is named."""
        finding, = self.check("--", "./program", status=0)["files"][0]["budgets"]
        self.assertEqual((0, "kept"), (finding["actual"], finding["outcome"]), finding)
        self.assertGreater(finding["kept_by_runtime"]["blocks"], 0)
        finding, = self.check("--", "./program", "x", status=1)["files"][0]["budgets"]
        self.assertEqual((1, 4242), (finding["actual"], finding["where"]["amount"]), finding)
        self.assertEqual((name, line), (os.path.basename(finding["where"]["file"]),
                                        finding["where"]["line"]))
        counted, = self.check("--count-runtime", "--", "./program", status=1)["files"][0]["budgets"]
        self.assertGreater(counted["actual"], 0)
        self.assertEqual({"blocks": 0, "bytes": 0}, counted["kept_by_runtime"])
        return finding

    def test_c(self):
        self.judge(self.build("cc", "leak.c", C, "-g", "-O1", "-pthread"), "leak.c")

    def test_cxx(self):
        self.judge(self.build("c++", "leak.cc", CXX, "-g", "-O1", "-pthread"), "leak.cc")

    def test_cxx_linked_into_the_program(self):
        flags = ("-g", "-O1", "-pthread", "-static-libstdc++", "-static-libgcc")
        self.judge(self.build("c++", "leak.cc", CXX, *flags), "leak.cc")

    def test_libcxx(self):
        self.judge(self.build("clang++", "leak.cc", CXX, "-g", "-O1", "-pthread", "-stdlib=libc++"),
                   "leak.cc")

    def test_rust(self):
        for options in (("-O",), ("-O", "-C", "lto"), ("-C", "symbol-mangling-version=v0"),
                        ("-O", "-C", "symbol-mangling-version=v0", "-C", "panic=abort")):
            text = RUST.replace("let _ = std::panic", "if false { std::process::exit(1); } let _ = "
                                                      "std::panic") \
                if "panic=abort" not in options else RUST.replace("panic!(\"oops\")", "")
            with self.subTest(options):
                line = self.build("rustc", "leak.rs", text, "-g", "--edition", "2021", *options)
                finding = self.judge(line, "leak.rs")
                self.assertRegex(finding["where"]["function"], "(leak|program)::hold(::<u8>)?$")


if __name__ == "__main__":
    harness.main()
