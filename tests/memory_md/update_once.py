"""One update of MEMORY.md, to be killed from outside: a program of its own.

It takes a root, and brings the index and MEMORY.md up to date. It opens MARKER right before that, so
that whoever traces it knows the calls of its start from those of the update.
"""

import contextlib
import gc
import os
import sys

from memcairn import Memory

MARKER = "/the-update-begins-here"


def main(root):
    gc.disable()  # the same calls in the same order, each time
    with Memory() as memory:
        with contextlib.suppress(FileNotFoundError):
            os.open(MARKER, os.O_RDONLY)
        memory.index(root)


if __name__ == "__main__":
    main(sys.argv[1])
