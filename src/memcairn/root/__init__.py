"""One root, for the surfaces: its file tools, with what each change entails.

    vault: the change itself ──► index.db ──► MEMORY.md

When a call returns, the note can be found, and MEMORY.md leads to it. The vault's lock is not held
while a note is indexed.
"""

from memcairn.root.open_root import Observed, OpenRoot, WriteResult

__all__ = ["Observed", "OpenRoot", "WriteResult"]
