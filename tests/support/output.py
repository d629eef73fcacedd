# SPDX-License-Identifier: MIT
"""The schemas that JSON of the commands follows, and what no output may hold."""
import functools
import json
import os
import unittest

from support import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS = os.path.join(harness.SOURCE, "docs", "schema")


def schema(name):
    with open(os.path.join(SCHEMAS, name + ".json")) as file:
        return json.load(file)


@functools.cache
def validator(name):
    """Of the schema of this name, which is one itself. Skips the test where python3-jsonschema is
    not installed."""
    if not jsonschema:
        raise unittest.SkipTest("python3-jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(schema(name))
    return jsonschema.Draft202012Validator(schema(name))


def validate(document, name):
    """Against the schema of this name, where python3-jsonschema is installed. Returns the
    document."""
    if jsonschema:
        validator(name).validate(document)
    return document


def check_harmless(case, text, what):
    """Nothing in it is a terminal's command, or turns what is written around."""
    bad = [hex(ord(c)) for c in text if (ord(c) < 32 and c not in "\r\n") or 127 <= ord(c) < 160
           or ord(c) == 0x202e]
    case.assertEqual([], bad, what)
