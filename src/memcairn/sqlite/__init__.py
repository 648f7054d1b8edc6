"""Open SQLite files: write-ahead log, errors, and damaged files set aside."""
