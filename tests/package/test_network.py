"""Which modules may open a connection to another machine; docs/privacy.md and docs/trust.md say so."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "memcairn"
CLIENTS = {
    "aiohttp", "ftplib", "httpx", "httpx2", "requests", "smtplib", "telnetlib", "urllib3",
    "xmlrpc",
}  # fmt: skip


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def test_only_the_remote_embedders_send_requests() -> None:
    senders = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        for name in imported(file)
        if name.startswith(("http.client", "urllib.request", "urllib.error"))
        or name.split(".")[0] in CLIENTS
    }

    assert senders == {"embedding/remote.py"}


def test_a_project_cannot_choose_an_embedding_server() -> None:
    from memcairn.settings.config import SETTINGS

    for setting in SETTINGS:
        if setting.name.startswith("embedding."):
            assert not setting.in_project, setting.name
