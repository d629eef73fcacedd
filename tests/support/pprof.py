# SPDX-License-Identifier: MIT
"""Reads a pprof file by the standard's field numbers alone, without a line of memtrack's own reader."""
import gzip


def varint(data, at):
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
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
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
        number, at = varint(value, at)
        found.append(number - (1 << 64) if number >> 63 else number)
    return found


class File:
    def __init__(self, path):
        self.strings, self.samples, self.addresses, self.mappings, types = [], [], {}, {}, []
        location_mapping = {}
        with gzip.open(path) as file:
            data = file.read()
        for number, value in fields(data):
            if number == 1:
                types.append(dict(fields(value))[1])
            elif number == 2:
                sample = {1: [], 2: []}
                for key, part in fields(value):
                    if key in sample:
                        sample[key] += numbers(part)
                self.samples.append((sample[1], sample[2]))
            elif number == 3:
                mapping = dict(fields(value))
                self.mappings[mapping[1]] = mapping
            elif number == 4:
                location = {}
                for key, part in fields(value):
                    location.setdefault(key, part)
                self.addresses[location[1]] = location.get(3, 0)
                location_mapping[location[1]] = location.get(2, 0)
            elif number == 6:
                self.strings.append(value.decode(errors="replace"))
        self.types = [self.strings[index] for index in types]
        self.module = {self.addresses[i]: self.strings[self.mappings[m].get(5, 0)] if m else ""
                       for i, m in location_mapping.items()}

    def stacks(self, column):
        """[(addresses from the inside out, value)]"""
        index = self.types.index(column)
        return [(tuple(self.addresses[i] for i in locations), values[index]) for locations, values in self.samples]
