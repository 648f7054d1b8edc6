"""A process that appends lines to a log: `writer.py FILE NAME COUNT MAX_BYTES KEEP`."""

from __future__ import annotations

import sys

from memcairn.fs import json_lines

path, name, count, max_bytes, keep = sys.argv[1:]
for number in range(int(count)):
    line = {"who": name, "number": number, "filler": "x" * (number % 97)}
    json_lines.append(path, line, max_bytes=int(max_bytes), keep=int(keep))
