"""index.db: notes, chunks and their full text. It is a cache, and is rebuilt from the files if deleted."""
