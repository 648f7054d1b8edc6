"""The hosts: agents that memcairn is installed into, and what happens when they call.

    table.py      what each host is: files, formats, events, units, limits: data
    install.py    `memcairn init`          changes.py    a change of a file: shown, backed up, made, undone
    uninstall.py  `memcairn uninstall`     installed.py  what was changed where
    check.py      `memcairn hosts`         edits.py, entries.py    what is ours in a file, and in which form
    jsonc.py, toml_table.py   edits of a text that keep what a person wrote
    program.py, plugin_files.py, memories.py   what is called, the plugins' files, what hosts remember

    hook.py       `memcairn hook`          tools.py      the same events as calls of the MCP server
    payload.py    what a host sends        answers.py    what it takes
    events.py     what happens at an event: recall.py, written.py, scopes.py; fence.py marks it as data

A hook call loads only what its event needs, and never fails its host.
"""
