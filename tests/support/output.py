# SPDX-License-Identifier: MIT
"""What is kept in the tree of the outputs of commands: texts to be equal to, and schemas to follow."""
import json
import os

from support import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None

GOLDEN = os.path.join(harness.SOURCE, "tests", "cli", "golden")
SCHEMAS = os.path.join(harness.SOURCE, "docs", "schema")


def check_golden(case, name, text):
    """golden/NAME.txt is this text; MEMTRACK_GOLDEN=write makes it so."""
    path = os.path.join(GOLDEN, name + ".txt")
    if os.environ.get("MEMTRACK_GOLDEN") == "write":
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        case.assertMultiLineEqual(file.read(), text)


def validate(document, name):
    """Against the schema of this name, where python3-jsonschema is installed. Returns the document."""
    if jsonschema:
        with open(os.path.join(SCHEMAS, name + ".json")) as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(document)
    return document
