"""``python -m bibliography``."""

import io
import os
import sys

from bibliography.cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # the same bytes in every locale
try:
    status = main()
    sys.stdout.flush()
except BrokenPipeError:
    # The reader, such as `head`, has seen enough; without this, Python would complain once more when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    status = 1
sys.exit(status)
