# SPDX-License-Identifier: MIT
# timeout: 400
# cost: 12
"""The README and the documents with transcripts show what the commands print today."""
import os
import subprocess
import sys

source = os.environ["MEMTRACK_SOURCE"]
sys.exit(subprocess.run([sys.executable, f"{source}/scripts/transcripts", os.environ["MEMTRACK"],
                         "--check"]).returncode)
