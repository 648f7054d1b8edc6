"""The hosts: agents that memcairn is installed into, and their events.

    table.py      each host: files, formats, events, units, limits
    install.py    `memcairn init`          plan.py       a change of a file: show, back up, apply, withdraw
    uninstall.py  `memcairn uninstall`     manifest.py   what was changed where
    check.py      `memcairn hosts`         config_edits.py, snippets.py    memcairn's entries in a file
    jsonc.py, toml_table.py   edits of a text that preserve what a person wrote
    executable.py, plugin_files.py   the command that hosts call, the files of plugins

    hook.py       `memcairn hook`          tools.py      the same events as calls of the MCP server
    payload.py    the input of a host      output.py     the output for it
    events.py     what happens at an event; quick.py the same without `Memory`
    recall.py, recall_text.py, start_text.py, fence.py      text for the model
    enqueue_writes.py, own_memory.py, scopes.py, session.py files, roots and sessions

A hook call loads only what its event needs, and never disturbs its host.
"""
