"""The MCP server: a root's memory for any client that speaks the Model Context Protocol.

    stdio, http ──► server ──► table: which tools there are ──► file_tools, memory_tools …
                      │                                             │ one call of memcairn.root
                      ├──► resources, prompts                       ▼
                      └──► watcher: drains the queue, tells clients what changed

A tool is a typed function: its signature is the schema of its input, the dataclass that it returns
the schema of its output. `initialize` is answered before any of them is imported.
"""
