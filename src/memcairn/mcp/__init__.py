"""The MCP server: the memory of one root, for any client of the Model Context Protocol.

    stdio, http ──► server ──► table: lists the tools ──► file_tools, memory_tools …
                      │                                             │ one call of memcairn.root
                      ├──► resources, prompts                       ▼
                      └──► watcher: drains the queue, tells clients what changed

A tool is a typed function: its signature is the schema of its input, and the dataclass that it returns is
the schema of its output. `initialize` is answered before the tools are imported.
"""
