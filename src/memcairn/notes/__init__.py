"""The text of notes: frontmatter, chunks, words."""
