"""ANOLISA agent-memory: the JSON of its export, whose notes and tasks keep their paths in the root."""

from __future__ import annotations

from memcairn.archive import agent_memory
from memcairn.archive.importers.values import Export, ForeignNote, load_json, text
from memcairn.errors import ArchiveRefused
from memcairn.fs.names import fold
from memcairn.paths import MEMORY_MD


def read(path: str) -> Export:
    """Read an export."""
    export = Export(keeps_paths=True)
    for _, found in load_json(path, "*.json"):
        if not isinstance(found, dict) or found.get("format") != agent_memory.FORMAT:
            raise ArchiveRefused("is not an export of agent-memory")
        for place, said, modified_s in agent_memory.files(found):
            if fold(place) == fold(MEMORY_MD):
                export.left_out["is an index, which memcairn writes itself"] += 1
            else:
                export.add(ForeignNote(place, text(said), modified_s=modified_s, path=text(place)))
    return export
