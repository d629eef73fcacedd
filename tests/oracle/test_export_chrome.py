# SPDX-License-Identifier: MIT
# timeout: 60
# cost: 4
"""The trace that `memtrack export --format chrome` writes: events as the Trace Event Format has them
(checked by a schema), complete events that nest, and the figures of scopes, timeline and report."""
import json

import jsonschema

from support import exported, harness

EVENT = {
    "type": "object",
    "required": ["name", "ph", "pid", "tid", "args"],
    "properties": {
        "name": {"type": "string"}, "ph": {"enum": ["X", "b", "e", "C", "i", "M"]},
        "pid": {"type": "integer"}, "tid": {"type": "integer"}, "ts": {"type": "number"},
        "dur": {"type": "number", "minimum": 0}, "cat": {"type": "string"},
        "id": {"type": "string"}, "s": {"enum": ["g", "p", "t"]}, "args": {"type": "object"},
    },
    "additionalProperties": False,
    "allOf": [
        {"if": {"properties": {"ph": {"const": "X"}}}, "then": {"required": ["ts", "dur"]}},
        {"if": {"properties": {"ph": {"enum": ["b", "e"]}}},
         "then": {"required": ["ts", "id", "cat"]}},
        {"if": {"properties": {"ph": {"const": "C"}}},
         "then": {"required": ["ts"], "properties": {"args": {
             "minProperties": 1, "additionalProperties": {"type": "number"}}}}},
        {"if": {"properties": {"ph": {"const": "i"}}}, "then": {"required": ["ts", "s"]}},
        {"if": {"properties": {"ph": {"const": "M"}}},
         "then": {"properties": {"name": {"enum": ["process_name", "thread_name"]},
                                 "args": {"required": ["name"]}}}},
    ],
}
SCHEMA = {"type": "object", "required": ["traceEvents"],
          "properties": {"traceEvents": {"type": "array", "items": EVENT},
                         "displayTimeUnit": {"enum": ["ms", "ns"]}, "otherData": {"type": "object"}},
          "additionalProperties": False}


class Chrome(exported.Case):
    KNOWN = ("plain", "scopes", "sampled", "empty")
    TIMED = exported.TIMED
    REAL = {"threads": ["scope_threads"]}

    def trace(self, path, *options):
        trace = json.loads(self.export("chrome", path, *options))
        jsonschema.validate(trace, SCHEMA)
        return trace

    def test_totals_and_nesting(self):
        for path, options, report in self.each(("end", "peak", "filtered")):
            trace = self.trace(path, *options)
            self.assertEqual(report["totals"], trace["otherData"]["totals"])
            self.assertEqual(report["process"], trace["otherData"]["process"])
            self.assertEqual(report["coverage"], trace["otherData"]["coverage"])
            open_until = {}
            complete = [event for event in trace["traceEvents"] if event["ph"] == "X"]
            for event in sorted(complete, key=lambda e: (e["tid"], e["ts"], -e["dur"])):
                stack = open_until.setdefault(event["tid"], [])
                while stack and stack[-1] <= event["ts"]:
                    stack.pop()
                end = event["ts"] + event["dur"]
                self.assertTrue(not stack or end <= stack[-1] + 1e-3)
                stack.append(end)

    def test_scopes_marks_counters_and_memory(self):
        path = self.profiles["timed measured"]
        events = self.trace(path)["traceEvents"]
        timeline = harness.ask("timeline", path)["processes"][0]
        for name, key in (("heap", "live_bytes"), ("rss", "rss_bytes")):
            self.assertEqual([(tick["time_ns"] / 1000, tick[key]) for tick in timeline["ticks"]],
                             [(event["ts"], event["args"]["bytes"]) for event in events
                              if event["name"] == name and event["ph"] == "C"])
        scopes = harness.ask("scopes", "--events", path)["events"]
        self.assertEqual(
            sorted((event["name"], event["time_ns"] / 1000, event["duration_ns"] / 1000,
                    event["net_bytes"]) for event in scopes),
            sorted((event["name"], event["ts"], event["dur"], event["args"]["net_bytes"])
                   for event in events if event["ph"] == "X"))
        marks = [event for event in events if event["ph"] == "i"]
        self.assertEqual(sorted([mark["name"] for mark in timeline["marks"]] + ["peak"]),
                         sorted(mark["name"] for mark in marks))
        peak = [mark for mark in marks if mark["name"] == "peak"]
        self.assertEqual((timeline["peak"]["live_bytes"], timeline["peak"]["time_ns"] / 1000),
                         (peak[0]["args"]["bytes"], peak[0]["ts"]))


if __name__ == "__main__":
    harness.main()
