"""memcairn: long-term memory for AI coding agents, kept as plain Markdown files.

The public names are loaded on first use (PEP 562), so that `import memcairn.queue`, which every hook call
does, stays as cheap as it looks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memcairn.errors import MemcairnError
    from memcairn.indexing.report import IndexReport
    from memcairn.memory import Memory
    from memcairn.root.observe import Observation
    from memcairn.search.passages import Passage
    from memcairn.search.query import Query

__version__ = "0.1.0"
__all__ = [
    "IndexReport",
    "MemcairnError",
    "Memory",
    "Observation",
    "Passage",
    "Query",
    "__version__",
]

_MODULES = {
    "IndexReport": "memcairn.indexing.report",
    "MemcairnError": "memcairn.errors",
    "Memory": "memcairn.memory",
    "Observation": "memcairn.root.observe",
    "Passage": "memcairn.search.passages",
    "Query": "memcairn.search.query",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
