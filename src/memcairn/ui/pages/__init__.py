"""The pages: each function answers a request with a page, or does what a form says, as CLI and MCP do."""
