"""Texts in JSON and TOML, and times as text, read from what anybody may have written."""
