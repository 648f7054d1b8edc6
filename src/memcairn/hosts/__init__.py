"""The hosts: agents that memcairn is installed into, and what happens when they call.

table.py      what each host is: files, formats, events, units, limits: data
install.py    `memcairn init`          changes.py   a change of a file: shown, backed up, made, undone
uninstall.py  `memcairn uninstall`     installed.py what was changed where
check.py      `memcairn hosts`         jsonc.py, toml_table.py   edits that keep what a person wrote
"""
