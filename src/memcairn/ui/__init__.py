"""`memcairn ui`: a local page that shows what memory does, and puts it right.

    browser ─► access.Guard ─► app ─► pages/* ─► Memory, OpenRoot, hosts, sessions: as CLI and MCP
               Host, Origin, cookie, CSRF   └──► templates/*

The routes translate, and contain no rules. The resident process serves them; it loads this
package when `memcairn ui` asks for it.
"""
