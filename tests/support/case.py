# SPDX-License-Identifier: MIT
"""Test cases that work in a directory of their own: what they write, build and record lies there,
and goes with it."""
import os
import unittest

from support import compiler, harness


class Case(unittest.TestCase):
    """self.dir is the directory, one for each test."""

    def setUp(self):
        context = harness.workdir()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content, mode=None):
        """A file with this text, or these bytes: its path."""
        with open(self.path(name), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name):
        """The bytes of a file."""
        with open(self.path(name), "rb") as file:
            return file.read()

    def build(self, name, text, *flags, **how):
        """A program of this text: see compiler.build."""
        return compiler.build_text(self.path(name), text, *flags, **how)


class ClassCase(Case):
    """self.dir is one for all tests of the class. A class that makes something there in setUpClass
    calls this one's."""

    @classmethod
    def setUpClass(cls):
        context = harness.workdir()
        cls.dir = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)

    def setUp(self):
        pass

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.dir, *names)
