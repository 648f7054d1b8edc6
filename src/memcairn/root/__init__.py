"""One open root: the file tools of MCP and the CLI, with history, indexing and MEMORY.md.

    vault: the change itself ──► index.db ──► MEMORY.md

When a call returns, the note is searchable and MEMORY.md links to it. The vault's lock is not held while a
note is indexed.
"""

from memcairn.root.open_root import Observed, OpenRoot, WriteResult

__all__ = ["Observed", "OpenRoot", "WriteResult"]
