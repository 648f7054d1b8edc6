"""index.db: notes, chunks and their full text. A cache: delete it, and it is rebuilt from the files."""
