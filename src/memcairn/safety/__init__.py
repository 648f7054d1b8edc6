"""What must not enter a note, and what must not be believed when it comes out of one."""
