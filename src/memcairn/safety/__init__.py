"""Checks of texts: secrets, which must not enter notes, and prompt injection, which may come from them."""
