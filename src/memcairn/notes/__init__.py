"""What a note's text means: its frontmatter, its chunks, its words."""
