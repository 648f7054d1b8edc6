"""The transcripts of hosts: what was said in earlier sessions, searchable apart from the notes."""
