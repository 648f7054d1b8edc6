"""Notes out of a root, and into one.

    export(root, stream) ──► JSON or tar
    load(file) ──► Archive, checked whole ──► import_(archive, root, strategy=…) ──► what changed

docs/archive-format.md describes the form; exports of ANOLISA agent-memory are read, too. An archive
is a stranger: memcairn.fs.tar says what it may hold, and what looks like a secret stays out.
"""

from memcairn.archive.exporting import export
from memcairn.archive.importing import import_
from memcairn.archive.source import load
from memcairn.archive.values import Exported, Imported

__all__ = ["Exported", "Imported", "export", "import_", "load"]
