"""The file system: open, lock, replace, rename and walk, and never leave a folder."""
