# SPDX-License-Identifier: MIT
"""`report --json` of a real run, in every grouping, is what docs/schema says, and its columns add
up to the totals."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: no python3-jsonschema")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
MEMTRACK = os.environ["MEMTRACK"]
schema = json.loads((SOURCE / "docs/schema/memtrack-report-1.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
groups = schema["properties"]["group_by"]["enum"]
sorts = schema["properties"]["sort"]["enum"]
columns = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks"]

with tempfile.TemporaryDirectory() as folder:
    profile = f"{folder}/p.pb.gz"
    program = pathlib.Path(os.environ["MEMTRACK_BUILD"]) / "tests/programs/tree"
    subprocess.run([MEMTRACK, "run", "-q", "-o", profile, "--", program], check=True,
                   stdout=subprocess.DEVNULL)
    combinations = [(group, "peak") for group in groups] + [("line", sort) for sort in sorts]
    for group, sort in combinations:
        output = subprocess.run([MEMTRACK, "report", "--json", "--by", group, "--sort", sort,
                                 profile], check=True, capture_output=True).stdout
        report = json.loads(output)
        errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(report)]
        assert not errors, (group, sort, errors[:5])
        assert (report["group_by"], report["sort"]) == (group, sort)
        assert report["rows"], group
        assert ("stack" in report["rows"][0]) == (group == "stack"), group
        for column in columns:
            assert sum(row[column] for row in report["rows"]) == report["totals"][column], (group,
                                                                                            column)
    subprocess.run([MEMTRACK, "run", "-q", "-o", f"{folder}/run/", "--", "sh", "-c",
                    f"{program}; :"], check=True, stdout=subprocess.DEVNULL)
    report = json.loads(subprocess.run([MEMTRACK, "report", "--json", f"{folder}/run"], check=True,
                                       capture_output=True).stdout)
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(report)]
    assert not errors and len(report["processes"]) > 1 and report["tree"], errors[:5]
    index = json.loads(pathlib.Path(f"{folder}/run/index.json").read_text())
    of_index = jsonschema.Draft202012Validator(json.loads(
        (SOURCE / "docs/schema/memtrack-index-1.json").read_text()))
    errors = [f"{list(error.path)}: {error.message}" for error in of_index.iter_errors(index)]
    assert not errors, errors[:5]
    assert index["processes"] == report["processes"] and index["tree"] == report["tree"]
print(f"{len(combinations)} reports")
