# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 27
"""A tracked program does what it does untracked: stdout, stderr and exit status are the same, byte
for byte.

Every command runs natively twice (what differs between these is the command's own doing and fails
here, so that the corpus stays deterministic) and once under memtrack.
"""
import os
import unittest

from support import compiler, harness, workloads

MAKEFILE = """
all: $(foreach i,0 1 2 3,out$(i))
out%: d/file0%.txt
\t@sort $< | uniq -c | sort -rn | head -3; expr $* + 1; printf 'x%.0s' $$(seq 1 $*); echo
.PHONY: all
"""
POOL = """
import multiprocessing, subprocess
def work(n): return sum(i * i for i in range(n * 1000))
if __name__ == '__main__':
    with multiprocessing.Pool(3) as pool: print(sum(pool.map(work, range(20))))
    print(subprocess.run(['echo', 'child'], capture_output=True).stdout)
"""
THREADS = """
import hashlib, json, re
from concurrent.futures import ThreadPoolExecutor
text = open('text.txt').read()
def work(n): return hashlib.sha1((text[n:] + json.dumps(re.findall('[a-c]+', text[:n * 50]))).encode()).hexdigest()
with ThreadPoolExecutor(4) as pool: print(list(pool.map(work, range(20))))
"""
NODE = """
const { Worker, isMainThread, parentPort } = require('worker_threads'), crypto = require('crypto');
if (isMainThread) {
  let left = 3, all = [];
  for (let i = 0; i < 3; i++) new Worker(__filename).on('message', m => { all.push(m); if (!--left) console.log(all.join()); })
} else {
  let s = ''; for (let i = 0; i < 20000; i++) s = crypto.createHash('sha1').update(s + JSON.stringify({ i })).digest('hex');
  parentPort.postMessage(s);
}
"""
JAVA = """
public class S { public static void main(String[] a) throws Exception {
  java.util.TreeMap<String,Integer> m = new java.util.TreeMap<>();
  for (int i = 0; i < 200000; i++) m.merge("k" + (i * 7919L % 1000), 1, Integer::sum);
  System.out.println(m.hashCode()); } }
"""
GIT = """
set -e
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1 HOME=$PWD
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
rm -rf repo; cp -r d repo; cd repo
git init -q -b main .; git add .; git commit -q -m one
sed -i 's/a/A/' file1*.txt; git commit -q -am two; git log -p --stat | cat; git gc -q; git rev-parse HEAD
"""
EXTRA = {"Makefile": MAKEFILE, "pool.py": POOL, "threads.py": THREADS, "worker.js": NODE,
         "S.java": JAVA}


def corpus():
    """name: command. Everything is run in a directory of its own with the inputs of
    workloads.py."""
    bash = ["bash", "--norc", "-c"]
    return {
        "git": [*bash, GIT],
        "gcc": ["gcc", "-O2", "-S", "-o", "-", "in.c"],
        "g++": [
            "g++", "-O1", "-std=c++17", "-S", "-o", "-",
            os.path.join(harness.SOURCE, "tests/programs/containers.cpp")],
        "clang": ["clang", "-O2", "-S", "-o", "-", "in.c"],
        "cmake": ["cmake", "--help-full"],
        "make": ["make", "-s"],
        "bash": [*bash, "for i in $(seq 1 15); do echo $(( $(echo $i | cat) * 2 )); done"],
        "dash": ["dash", "-c", "i=0; while [ $i -lt 20 ]; do i=$((i+1)); (exit $i); echo $?; done"],
        "perl": [
            "perl", "-ne", "$h{$_}++ for split; END { print \"$_ $h{$_}\\n\" for sort keys %h "
            "}", "text.txt"],
        "python pool": ["/usr/bin/python3", "pool.py"],
        "python threads": ["/usr/bin/python3", "threads.py"],
        "python raises":
        ["/usr/bin/python3", "-c", "import sys; print('x', file=sys.stderr); "
         "sys.exit(7)"],
        "node": ["node", "worker.js"],
        "java": ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "S.java"],
        "rustc": ["rustc", "--version", "--verbose"],
        "sqlite3": [*bash, "sqlite3 :memory: < q.sql"],
        "jq": ["jq", "-S", "group_by(.name) | map({n: .[0].name, c: length})", "j.json"],
        "xmllint": ["xmllint", "--format", "x.xml"],
        "curl": [*bash, "curl -s file://$PWD/text.txt"],
        "xz": ["xz", "-T2", "-k", "-c", "text.txt"],
        "zstd": ["zstd", "-T2", "-q", "-c", "text.txt"],
        "gzip": ["gzip", "-n", "-c", "text.txt"],
        "sort": ["sort", "--parallel=4", "-S", "1M", "text.txt"],
        "tar": [
            "tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-cf",
            "-", "d"],
        "sed": ["sed", "-nE", "s/(a+)(b)/[\\2\\1]/gp", "text.txt"],
        "grep": ["grep", "-c", "abc", "text.txt", "no-such-file"],
        "awk": ["awk", "{ n[$1]++ } END { for (w in n) s += n[w]; print s }", "text.txt"],
        "find": [*bash, "find d -name '*7*' -exec md5sum {} + | sort"],
        "xargs": [*bash, "ls d | xargs -n 20 -P 1 echo"],
        "gdb": ["gdb", "-nx", "-batch", "-ex", "info line main",
                harness.program("list")],
        "openssl": ["openssl", "dgst", "-sha256", "text.txt"],
        "objdump": ["objdump", "-d", harness.program("tree")],
        "readelf": ["readelf", "-aW", harness.program("containers")],
        "env": ["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", "env | sort; echo $0"],
        "timeout": ["timeout", "5", "sh", "-c", "kill -TERM $$"],
        "missing": ["sh", "-c", "no-such-command"],
        "fakeroot": ["fakeroot", "sh", "-c", "id -u; stat -c %u text.txt"], }


class Transparency(unittest.TestCase):
    def prepare(self, directory):
        harness.check(["cp", "-r", workloads.fixtures(10) + "/.", directory])
        for name, text in EXTRA.items():
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)

    def same(self, command, directory, profiles):
        os.makedirs(profiles, exist_ok=True)
        self.prepare(directory)
        first = harness.run(command, cwd=directory)
        again = harness.run(command, cwd=directory)
        self.assertTrue(first.same_as(again), "natively not the same twice: %r %r" % (first, again))
        tracked = harness.track(command, profiles, cwd=directory)
        code = first.code if first.code >= 0 else 128 - first.code
        self.assertEqual((code, first.stderr), (tracked.code, tracked.stderr))
        self.assertTrue(first.stdout == tracked.stdout, "stdout differs: %d and %d bytes" % (
            len(first.stdout), len(tracked.stdout)))
        return tracked

    def test_corpus(self):
        ran = 0
        for name, command in corpus().items():
            with self.subTest(name), harness.workdir() as directory:
                harness.tool(command[0])
                tracked = self.same(command, os.path.join(directory, "work"),
                                    os.path.join(directory, "profiles"))
                self.assertTrue(tracked.profiles, "nothing was recorded of %s" % name)
                ran += 1
        self.assertGreaterEqual(ran, 20, "too few commands of the corpus are installed")

    def test_programs(self):
        """The test programs that print what a tracker could change: argument grid, usable sizes,
        errno, descriptors."""
        for name in ("argument_grid", "usable_sum", "errno_canary", "fds_first", "failing",
                     "zero_realloc", "stack_coroutines", "signals_altstack", "late_statics",
                     "drop_privileges"):
            for allocator in (None, "libjemalloc.so.2", "libtcmalloc_minimal.so.4",
                              "libmimalloc.so.2"):
                with self.subTest(name, allocator=allocator), harness.workdir() as directory:
                    preload = harness.find_library(allocator) if allocator else None
                    env = harness.plain_environment(LD_PRELOAD=preload)
                    command = [harness.program(name), *(["portable"] if allocator else [])]
                    native = harness.run(command, env=env)
                    options = ["--allocator", preload] if preload else []
                    tracked = harness.track(command, directory, options)
                    self.assertGreaterEqual(native.code, 0, "natively broken: %r" % native)
                    self.assertEqual((native.code, native.stdout, native.stderr),
                                     (tracked.code, tracked.stdout, tracked.stderr))

    def test_environment(self):
        """Only the documented variables are added, and LD_PRELOAD keeps what was in it."""
        with harness.workdir() as directory:
            preload = compiler.shared_object("sameenv.c")
            env = harness.plain_environment(LD_PRELOAD=preload, ODD="\xe9 = x", EMPTY="")
            native = set(harness.run([harness.program("environment")], env=env).stdout.splitlines())
            tracked = set(harness.track([harness.program("environment")], directory,
                                        env=env).stdout.splitlines())
            names = {line.split(b"=")[0] for line in tracked - native}
            self.assertLessEqual(names, {b"LD_PRELOAD", b"MEMTRACK_DIR", b"MEMTRACK_OPTIONS"})
            self.assertEqual({b"LD_PRELOAD"}, {line.split(b"=")[0] for line in native - tracked})
            value = next(line for line in tracked if line.startswith(b"LD_PRELOAD="))
            self.assertTrue(value.endswith(b":" + preload.encode()), value)


if __name__ == "__main__":
    harness.main()
