"""Who may use the page, and what a note can do in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from memcairn.ui import app
from ui.conftest import Client

if TYPE_CHECKING:
    from pathlib import Path

    from ui.conftest import Running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_nothing_is_served_without_a_cookie(site: Running) -> None:
    stranger = Client(site.served.port)
    headers = {**FORM, "Origin": stranger.origin}

    for path in (*app.PAGES, "/events", "/static/style.css", "/nothing"):
        answer = stranger.get(path)
        assert answer.status == 401, path
        assert "memcairn ui" in answer.text
    for path in app.ACTIONS:
        assert stranger.request("POST", path, b"csrf=", headers).status == 401, path


def test_a_token_opens_the_page_once(site: Running) -> None:
    url = site.served.url(read_only=False)
    first, second = Client(site.served.port), Client(site.served.port)

    opened = first.open(url)
    again = second.open(url)

    cookie = opened.headers["Set-Cookie"]
    assert (opened.status, again.status) == (303, 401)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert first.get("/").status == 200
    assert second.get("/").status == 401


def test_a_cookie_of_an_earlier_start_is_refused(site: Running, client: Client) -> None:
    name, _, _ = client.cookie.partition("=")
    client.cookie = f"{name}=0123456789abcdefghijklmnopqrstuvwxyz"

    assert client.get("/").status == 401


def test_another_host_is_refused(client: Client) -> None:
    for host in ("evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""):
        assert client.get("/", Host=host).status == 421, host


def test_another_origin_is_refused(client: Client, notes: Path) -> None:
    fields = {"path": notes / "deploy.md"}

    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert client.get("/", Origin=origin).status == 403
        assert client.post("/note/forget", fields, Origin=origin).status == 403
    assert (notes / "deploy.md").exists()


def test_a_form_of_another_site_is_refused(client: Client, notes: Path) -> None:
    fields = {"path": notes / "deploy.md"}
    body = f"path={quote(str(notes / 'deploy.md'))}".encode()
    own = {**FORM, "Origin": client.origin}

    cross = client.post("/note/forget", fields, **{"Sec-Fetch-Site": "cross-site"})
    without_origin = client.request("POST", "/note/forget", body, FORM)
    without_csrf = client.request("POST", "/note/forget", body, own)
    wrong_csrf = client.post("/note/forget", {**fields, "csrf": "0" * 43})
    as_json = client.request(
        "POST", "/note/forget", b"{}", {**own, "Content-Type": "application/json"}
    )

    statuses = [one.status for one in (cross, without_origin, without_csrf, wrong_csrf, as_json)]
    assert statuses == [403, 403, 403, 403, 415]
    assert (notes / "deploy.md").exists()


def test_a_get_changes_nothing(client: Client) -> None:
    assert {client.get(path).status for path in app.ACTIONS if path not in app.PAGES} == {405}


def test_a_read_only_visitor_changes_nothing(site: Running, notes: Path) -> None:
    visitor = site.visitor(read_only=True)
    page = visitor.page(f"/note?path={quote(str(notes / 'deploy.md'))}")
    form = {**FORM, "Origin": visitor.origin}
    (csrf,) = {one.csrf for one in site.visitors if one.read_only}

    answer = visitor.request("POST", "/note/forget", f"csrf={csrf}&path=x".encode(), form)

    assert 'method="post"' not in page
    assert "read-only" in page
    assert answer.status == 403


def test_no_path_leads_out_of_the_notes(client: Client, notes: Path) -> None:
    (notes.parent / "secret.md").write_text("the secret text", encoding="utf-8")
    (notes / ".memcairn.toml").write_text("# the secret text", encoding="utf-8")
    (notes / "link.md").symlink_to(notes.parent / "secret.md")
    paths = (
        "/etc/passwd", "{}/../secret.md", "../secret.md", "{}/link.md", "{}", "{}/%2e%2e/secret.md",
        "{}/.memcairn.toml", "", "\0", "{}/deploy.md\0",
    )  # fmt: skip

    for template in ("/note?path={}", "/note?path={}&edit=1", "/memory-md?why={}"):
        for path in paths:
            answer = client.get(template.format(quote(path.format(notes), safe="")))
            assert "the secret text" not in answer.text
            assert "root:" not in answer.text
            statuses = (200, 400, 404) if "why" in template else (404,)
            assert answer.status in statuses, (template, path)


def test_no_action_leads_out_of_the_notes(client: Client, notes: Path) -> None:
    secret = notes.parent / "secret.md"
    secret.write_text("the secret text", encoding="utf-8")
    (notes / "link.md").symlink_to(secret)

    for path in ("/etc/passwd", "{}/../secret.md", "{}/link.md", "deploy.md"):
        for action in ("save", "pin", "forget", "undo", "restore"):
            fields = {"path": path.format(notes), "text": "x", "pinned": "yes", "sha256": ""}
            assert client.post(f"/note/{action}", fields).status == 303
            assert 'class="message failed"' in client.page("/settings"), (path, action)
    assert secret.read_text(encoding="utf-8") == "the secret text"


def test_no_route_leads_out_of_the_known_folders(client: Client, notes: Path) -> None:
    outside = notes.parent / "elsewhere"
    outside.mkdir()
    (outside / "secret.md").write_text("# Secret\n\nthe secret text\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in outside.rglob("*")}
    harmless = {"/health/fix", "/health/flush", "/health/discard", "/settings/delete"}

    for up in (str(outside), f"{notes}/../elsewhere", "../elsewhere", "\0"):
        given = {
            "path": f"{up}/secret.md", "root": up, "session": up, "name": up, "id": up, "question": "x",
            "text": "x", "sha256": "", "why": f"{up}/secret.md", "revision": "1", "action": "forget",
        }  # fmt: skip
        for path in app.PAGES:
            answer = client.get(f"{path}?{urlencode(given)}")
            assert answer.status < 500, path
            assert "the secret text" not in answer.text, path
        for path in app.ACTIONS.keys() - harmless:
            answer = client.post(path, given)
            assert answer.status == 303, path
            assert 'class="message failed"' in client.page("/inbox"), (path, up)
    assert before == {path: path.read_bytes() for path in outside.rglob("*")}


def test_static_files_are_three(client: Client) -> None:
    for name in ("../strings.py", "%2e%2e/strings.py", "..%2fapp.py", "/etc/passwd", "x"):
        assert client.get(f"/static/{name}").status == 404


def test_a_folder_must_be_a_known_one(client: Client) -> None:
    for path in ("/settings/export", "/settings/snapshot", "/memory-md/refresh"):
        answer = client.post(path, {"root": "/etc"})
        assert answer.status == 303
        assert 'class="message failed"' in client.page("/settings")


def test_a_note_with_script_is_text(client: Client, notes: Path) -> None:
    (notes / "evil.md").write_text(
        "# <script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) "
        "[b](data:text/html,x) [c](//evil.example/x) <a href='javascript:1'>d</a>\n\n"
        "![remote](https://evil.example/pixel.png) <iframe src=https://evil.example></iframe>\n",
        encoding="utf-8",
    )

    answer = client.get(f"/note?path={quote(str(notes / 'evil.md'))}")
    everything = answer.text + client.page("/notes") + client.page("/search?q=remote")

    assert answer.status == 200
    for harmful in (
        "<script>",
        "<img",
        "<iframe",
        'href="javascript',
        'href="data',
        'href="//',
    ):
        assert harmful not in everything
    assert "remote" in answer.text


def test_every_answer_has_a_strict_policy(client: Client) -> None:
    for path in ("/", "/nothing", "/static/ui.js", "/note?path=x"):
        headers = client.get(path).headers
        assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_next_page_is_never_another_site(client: Client) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = client.post("/settings/set", {"name": "nothing", "back": back})
        assert answer.headers["Location"] == "/"


def test_a_body_that_is_too_long_is_refused(client: Client) -> None:
    assert client.post("/note/save", {"text": "x" * (5 << 20)}).status == 413
