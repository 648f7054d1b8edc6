"""`memcairn ui`: a local page that shows what memory does, and puts it right.

    browser ─► access.Guard ─► app ─► pages/* ─► Memory, OpenRoot, hosts, sessions: as CLI and MCP
               Host, Origin, cookie, CSRF   └──► templates/*

The routes translate, and contain no rules. The resident process serves them; it loads this
package when `memcairn ui` asks for it. Every string of the page is in strings.toml.
"""

import os
import tomllib
from types import SimpleNamespace
from typing import Any

with open(os.path.join(os.path.dirname(__file__), "strings.toml"), "rb") as _file:
    TEXT: Any = SimpleNamespace(**tomllib.load(_file))
