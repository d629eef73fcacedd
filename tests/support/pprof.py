# SPDX-License-Identifier: MIT
"""Reads a pprof file by the standard's field numbers alone, without a line of memtrack's own
reader; and has the pieces of which the benchmarks' giant.py and the tests write one: field, number
and varint."""
import gzip
import os
import sys

from support import harness

sys.path.insert(0, os.path.join(harness.SOURCE, "bench"))
import giant  # noqa: E402, F401
from giant import field, number, varint  # noqa: E402, F401


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each field: an integer, or the bytes of a length-delimited one."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = int.from_bytes(data[at:at + size], "little"), at + size
        yield key >> 3, value


def numbers(value):
    """A repeated integer, packed or not."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        one, at = read_varint(value, at)
        found.append(one - (1 << 64) if one >> 63 else one)
    return found


class File:
    def __init__(self, path):
        self.strings, self.samples, self.addresses, self.mappings, types = [], [], {}, {}, []
        location_mapping = {}
        with gzip.open(path) as file:
            data = file.read()
        for tag, value in fields(data):
            if tag == 1:
                types.append(dict(fields(value))[1])
            elif tag == 2:
                sample = {1: [], 2: []}
                for key, part in fields(value):
                    if key in sample:
                        sample[key] += numbers(part)
                self.samples.append((sample[1], sample[2]))
            elif tag == 3:
                mapping = dict(fields(value))
                self.mappings[mapping[1]] = mapping
            elif tag == 4:
                location = {}
                for key, part in fields(value):
                    location.setdefault(key, part)
                self.addresses[location[1]] = location.get(3, 0)
                location_mapping[location[1]] = location.get(2, 0)
            elif tag == 6:
                self.strings.append(value.decode(errors="replace"))
        self.types = [self.strings[index] for index in types]
        self.module = {self.addresses[i]: self.strings[self.mappings[m].get(5, 0)] if m else ""
                       for i, m in location_mapping.items()}

    def stacks(self, column):
        """[(addresses from the inside out, value)]"""
        index = self.types.index(column)
        return [(tuple(self.addresses[i] for i in locations), values[index]) for locations,
                values in self.samples]
