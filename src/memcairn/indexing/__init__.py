"""Make the index hold what files and folders hold."""

from memcairn.indexing.indexer import Indexer

__all__ = ["Indexer"]
