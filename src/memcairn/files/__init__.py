"""One root, for the surfaces: its file tools, with what each change entails.

    vault: the change itself ──► index.db ──► MEMORY.md

When a call returns, the note can be found, and MEMORY.md leads to it. The vault's lock is not held
while a note is indexed.
"""

from memcairn.files.files import Files, Observed, Saved

__all__ = ["Files", "Observed", "Saved"]
