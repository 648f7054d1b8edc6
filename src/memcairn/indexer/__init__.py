"""Make the index hold what files and folders hold."""

from memcairn.indexer.indexer import Indexer

__all__ = ["Indexer"]
