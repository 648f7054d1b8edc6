"""The resident process: one for each home, with the index open, the model loaded and the queue drained.

    hook ──────────────┐  unix socket
    `memcairn serve` ──┼─────────────► server: Engine, events, MCP sessions, drain, embed
    `memcairn search` ─┘

It is a cache and nothing else: whatever it does, a command can do without it, more slowly, and nothing
is lost when it is killed. A client that finds none starts one, or does the work itself.
"""
