"""Bring the index up to date with files and folders."""
