"""MEMORY.md: the index file at the top of a root, and the index pages that it leads to."""
