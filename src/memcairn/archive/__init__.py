"""Export the notes of a root to an archive, and import them from one.

    export(root, stream) ──► JSON or tar
    load(file) ──► Archive, fully checked ──► import_(archive, root, strategy=…) ──► changed paths

docs/archive-format.md describes the format; exports of ANOLISA agent-memory can be read, too. Archives
are untrusted: memcairn.fs.tar lists what they may contain, and files with secrets are not imported.
"""

from memcairn.archive.exporting import export
from memcairn.archive.importing import import_
from memcairn.archive.source import load
from memcairn.archive.values import Exported, Imported

__all__ = ["Exported", "Imported", "export", "import_", "load"]
