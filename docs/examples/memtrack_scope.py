# SPDX-License-Identifier: MIT
"""Scopes for Python, through ctypes: what native code (the interpreter itself, numpy, a driver)
allocates in a region.

    with scope("load") as load:
        ...
    print(load.peak_bytes)

In a process that memtrack does not record everything is zero. The example of docs/scopes.md."""
import ctypes


class Delta(ctypes.Structure):
    _fields_ = [("net_bytes", ctypes.c_int64), ("net_blocks", ctypes.c_int64),
                ("peak_bytes", ctypes.c_int64),
                *((name, ctypes.c_uint64)
                  for name in ("allocated_bytes", "allocated_blocks", "freed_bytes", "freed_blocks",
                               "temporary_blocks", "duration_ns", "cpu_ns"))]


class Scope(ctypes.Structure
            ):  # memtrack_scope: not to be moved while it is open, and ctypes does not move it
    _fields_ = [("opaque", ctypes.c_uint64 * 32)]


process = ctypes.CDLL(None)  # everything that is loaded: the recorder, if it is there
is_recorded = hasattr(process, "memtrack_begin")


class scope:
    def __init__(self, name, **metadata):
        self.name, self.metadata = name.encode(), metadata
        self.storage, self.delta = Scope(), Delta()

    def __enter__(self):
        if is_recorded:
            process.memtrack_begin(ctypes.byref(self.storage), self.name)
            for key, value in self.metadata.items():
                process.memtrack_scope_set(ctypes.byref(self.storage), key.encode(),
                                           str(value).encode())
        return self

    def __exit__(self, *exception):
        if is_recorded:
            process.memtrack_end(ctypes.byref(self.storage), ctypes.byref(self.delta))

    def __getattr__(self, name):
        return getattr(self.delta, name)


if __name__ == "__main__":
    import zlib

    data = bytes(range(256)) * 20000
    for level in (1, 9):
        with scope("compress", level=level) as compress:
            packed = zlib.compress(data, level)
        print(
            f"level {level}: {len(packed)} bytes, at most {compress.peak_bytes / 1024:.0f} KiB "
            f"while compressing"
        )
