# SPDX-License-Identifier: MIT
"""The schemas that JSON of the commands follows."""
import json
import os

from support import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS = os.path.join(harness.SOURCE, "docs", "schema")


def validate(document, name):
    """Against the schema of this name, where python3-jsonschema is installed. Returns the document."""
    if jsonschema:
        with open(os.path.join(SCHEMAS, name + ".json")) as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(document)
    return document
