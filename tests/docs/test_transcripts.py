# SPDX-License-Identifier: MIT
"""The README shows what the commands print today."""
import os
import subprocess
import sys

source = os.environ["MEMTRACK_SOURCE"]
sys.exit(subprocess.run([sys.executable, f"{source}/scripts/transcripts", os.environ["MEMTRACK"], "--check"]).returncode)
