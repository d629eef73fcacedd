# SPDX-License-Identifier: MIT
"""What a viewer of the trace event format relies on."""


def check_trace(trace):
    """The events by their phase, after checking each: required fields, nesting of complete events,
    whole pairs."""
    assert set(trace) <= {"displayTimeUnit", "traceEvents",
                          "otherData"} and trace["displayTimeUnit"] in ("ms", "ns")
    found = {phase: [] for phase in "XbeiCM"}
    for event in trace["traceEvents"]:
        assert isinstance(event["name"], str) and isinstance(event["pid"],
                                                             int) and isinstance(event["tid"],
                                                                                 int), event
        assert event["ph"] == "M" or event["ts"] >= 0, event
        found[event["ph"]].append(event)
    for event in found["C"]:
        assert event["args"] and all(isinstance(value, int)
                                     for value in event["args"].values()), event
    assert all(event["s"] in "gpt" for event in found["i"])
    check_nesting(found["X"])
    begun = {(event["cat"], event["id"]): event["ts"] for event in found["b"]}
    assert len(begun) == len(found["b"]) == len(found["e"])
    for event in found["e"]:
        assert begun[event["cat"], event["id"]] <= event["ts"], event
    return found


def check_nesting(events):
    """On each thread an event lies inside of the one around it, or after it. To the nanosecond:
    times have decimals."""
    threads = {}
    for event in events:
        begin = round(event["ts"] * 1000)
        threads.setdefault(event["tid"], []).append((begin, begin + round(event["dur"] * 1000)))
    for spans in threads.values():
        open_ends = []
        for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while open_ends and open_ends[-1] <= begin:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1], (begin, end, open_ends)
            open_ends.append(end)
