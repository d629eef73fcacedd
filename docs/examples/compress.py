# SPDX-License-Identifier: MIT
"""What zlib allocates for each level of compression: scopes for Python. An example of
docs/scopes.md, for the module in lib/bindings/python."""
import zlib

from memtrack import scope

data = bytes(range(256)) * 20000
for level in (1, 9):
    with scope("compress", level=level) as compress:
        packed = zlib.compress(data, level)
    print(f"level {level}: {len(packed)} bytes, at most {compress.peak_bytes / 1024:.0f} KiB "
          f"while compressing")
