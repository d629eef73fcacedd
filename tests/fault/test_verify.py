# SPDX-License-Identifier: MIT
# timeout: 120
"""memtrack list --verify: ledgers of processes that run, have ended, or were killed anywhere are
sound; damaged ones are not."""
import glob
import json
import os
import random
import signal
import subprocess
import time

from support import case, compiler, harness
from support.output import validate

SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
PROGRAMS = (["tree"], ["many_big"], ["operators"], ["scope_nested"], ["scope_threads"],
            ["fork_both"], ["threads_in_turn", "pools", "300"], ["threads_in_turn", "keep", "1200"],
            ["threads_pipeline"], ["mappings"])
JUMPS = ["signals_jump", "0.5", "100"]


class Verify(case.Case):
    def setUp(self):
        super().setUp()
        self.chance = random.Random(11)
        os.chmod(self.dir, 0o700)
        self.env = harness.preloaded(self.dir)

    def verify(self, *names):
        env = harness.plain_environment(MEMTRACK_DIR=self.dir)
        return harness.run([harness.MEMTRACK, "list", "--verify", *names], env=env)

    def ledgers(self):
        return harness.ledgers(self.dir)

    def check_sound(self, *names):
        result = self.verify(*names)
        self.assertEqual(result.code, 0, result)
        return result.stdout.decode()

    def test_what_has_ended(self):
        for command in PROGRAMS:
            harness.run([harness.program(command[0]), *command[1:]], env=self.env)
        text = self.check_sound(*self.ledgers())
        self.assertGreaterEqual(len(text.splitlines()), len(PROGRAMS))
        self.assertEqual(text.count(", blocks counted twice"), len(text.splitlines()))

    def churn(self):
        return subprocess.Popen([harness.program("threads_churn"), "4", "100000000"], env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def let_it_work(self, process):
        """Somewhere into its work: where is left to chance."""
        while not glob.glob(os.path.join(self.dir, "%d.*.ledger" % process.pid)):
            time.sleep(0.01)
        time.sleep(self.chance.uniform(0, 0.3))

    def test_what_runs(self):
        process = self.churn()
        try:
            self.let_it_work(process)
            for _ in range(40 if SOAK else 6):
                self.check_sound(str(process.pid))
        finally:
            process.kill()
            process.wait()

    def test_what_was_killed(self):
        for _ in range(60 if SOAK else 6):
            process = self.churn()
            self.let_it_work(process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.check_sound(*self.ledgers())

    def test_what_is_damaged(self):
        """A page of zeros, or of noise: whatever it hits, the answer is an answer."""
        harness.run([harness.program("tree")], env=self.env)
        (path,) = self.ledgers()
        with open(path, "rb") as file:
            whole = file.read(os.stat(path).st_blocks * 512)
        chance = self.chance
        answers = set()
        for i in range(200 if SOAK else 40):
            image = bytearray(whole)
            at = 4096 * chance.randrange(1, len(image) // 4096)
            image[at:at + 4096] = bytes(4096) if i % 2 else chance.randbytes(4096)
            copy = os.path.join(self.dir, "1.1.%d.ledger" % i)
            with open(copy, "wb") as file:
                file.write(image)
            result = self.verify(copy)
            self.assertIn(result.code, (0, 1, 3), result)
            answers.add(result.code)
            os.remove(copy)
        self.assertIn(1, answers)

    def test_json(self):
        """A line for each ledger that says what the text says."""
        harness.run([harness.program("tree")], env=self.env)
        (path,) = self.ledgers()
        sound = self.answer(0, path)
        self.assertEqual((True, 0, True, ""), tuple(sound[key]
                                                    for key in ("sound", "faults", "blocks_counted",
                                                                "first")))
        self.assertEqual(path, sound["file"])
        self.assertIn(" %d items" % sound["items"], self.check_sound(path))
        with open(path, "rb") as file:
            whole = file.read(os.stat(path).st_blocks * 512)
        for at in range(4096, len(whole), 4096):
            with open(path, "r+b") as file:
                file.write(whole[:at] + bytes(4096) + whole[at + 4096:])
            if self.verify(path).code == 1:
                break
        damaged = self.answer(1, path)
        self.assertFalse(damaged["sound"])
        self.assertGreater(damaged["faults"], 0)
        self.assertIn(damaged["first"], self.verify(path).stdout.decode())

    def answer(self, status, path):
        result = self.verify("--json", path)
        self.assertEqual(status, result.code, result)
        (line,) = result.stdout.decode().splitlines()
        return validate(json.loads(line), "memtrack-verify-1")

    def test_what_was_left(self):
        """Handlers that leave the recorder by longjmp, some thousand times: nothing is torn. The
        walkers look, too, and trap."""
        env = harness.preloaded(self.dir, compiler.shared_object("bump.c"))
        for _ in range(40 if SOAK else 4):
            result = harness.run([harness.program(JUMPS[0]), *JUMPS[1:]], env=env)
            self.assertEqual(result.code, 0, result)
        self.check_sound(*self.ledgers())

    def test_usage(self):
        self.assertEqual(self.verify("--clean").code, 2)
        env = harness.plain_environment(MEMTRACK_DIR=self.dir)
        self.assertEqual(harness.run([harness.MEMTRACK, "list", "1"], env=env).code, 2)
        self.assertEqual(self.verify("/nonexistent.ledger").code, 3)


if __name__ == "__main__":
    harness.main()
