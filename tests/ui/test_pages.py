"""What the pages show and do, without a browser: as without JavaScript."""

from __future__ import annotations

import contextlib
import html
import io
import json
import os
import re
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from memcairn.fs import json_lines
from memcairn.root import review
from memcairn.root.inbox import ARRIVED
from memcairn.sessions import Line, Sessions
from memcairn.settings import shared_scopes
from memcairn.settings.shared_scopes import SharedScope
from memcairn.ui import TEXT, app
from memcairn.ui.site import address

if TYPE_CHECKING:
    from ui.conftest import Client, Running


def items(page: str, start: str = "<main", end: str = "</main") -> list[str]:
    """The titles of the items in a part of a page."""
    part = page[page.index(start) : page.index(end, page.index(start))]
    return [html.unescape(one) for one in re.findall(r"<a data-item [^>]*>([^<]*)<", part)]


def test_every_page_is_there_without_notes_and_says_so(client: Client, notes: Path) -> None:
    (notes / "deploy.md").unlink()

    for path in app.PAGES:
        query = {"/note": "?path=x", "/settings/host": "?name=cursor"}.get(path, "")
        status = client.get(path + query).status
        assert status == {"/note": 404, "/settings/snapshot": 400}.get(path, 200), path
    assert "0 notes" in client.page("/notes")


def test_the_count_of_a_list_is_that_of_its_items(client: Client, notes: Path) -> None:
    for number in range(119):
        kind = "feedback" if number < 60 else "project"
        text = f"---\ntype: {kind}\n---\n# Note {number}\n\nAbout the {kind}.\n"
        (notes / f"note{number:03}.md").write_text(text, encoding="utf-8")

    first, third = client.page("/notes"), client.page("/notes?page=2")
    feedback = client.page("/notes?type=feedback")
    named = client.page("/notes?q=note11")
    today = client.page("/")

    assert "120 notes" in first
    assert len(items(first)) + len(items(client.page("/notes?page=1"))) + len(items(third)) == 120
    assert "60 notes" in feedback
    assert "9 notes with “note11”" in named
    assert len(items(named, end="<h2>Found")) == 9
    (since,) = re.findall(r"<b>(\d+ notes)</b></a> written since yesterday", today)
    assert since == "120 notes"
    assert "All 120" in today
    assert len(items(today, 'aria-labelledby="learned"', "</section")) == 8


def test_a_filter_also_finds_by_content(client: Client, notes: Path) -> None:
    (notes / "other.md").write_text(
        "---\ndescription: A server.\n---\n# Other\n\nThe balancer is old.\n", encoding="utf-8"
    )

    page = client.page("/notes?q=balancer")

    assert "1 note with “balancer”" in page  # its description names it
    assert set(items(page)) == {"Deploying", "Other"}
    assert "1 more by content" in page


def test_a_message_waits_for_the_next_page_of_the_person(client: Client, notes: Path) -> None:
    client.post("/note/pin", {"path": notes / "deploy.md", "pinned": "yes"})

    update = client.get("/", **{"HX-Request": "true"})

    assert "Pinned" not in update.text
    assert "Pinned" in client.page("/notes")
    assert "Pinned" not in client.page("/notes")


def test_line_ends_and_byte_order_mark_stay(client: Client, notes: Path) -> None:
    path = notes / "windows.md"
    path.write_bytes(b"\xef\xbb\xbf# One\r\n\r\nTwo.\r\n")
    page = client.page(f"/note?path={quote(str(path))}&edit=1")
    sha256 = re.search(r"sha256=(\w+)", page)
    assert sha256 is not None

    fields = {"path": path, "sha256": sha256[1], "text": "# One\r\n\r\nThree.\r\n"}
    assert client.post("/note/save", fields).status == 303

    assert path.read_bytes() == b"\xef\xbb\xbf# One\r\n\r\nThree.\r\n"


def test_notes_below_a_folder_whose_name_is_not_utf_8_are_read_and_changed(
    site: Running, client: Client, tmp_path: Path
) -> None:
    folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"caf\xe9")))
    folder.mkdir()
    (folder / "coffee.md").write_text("# Coffee\n\nAt nine.\n", encoding="utf-8")
    with contextlib.closing(site.memory.open_root(folder)) as root:
        root.refresh()
        review.propose(root, "forget", ["coffee.md"])
    (link,) = re.findall(r'<a data-item href="([^"]+)">Coffee<', client.page("/notes"))
    inbox = client.page("/inbox")
    assert f'href="{link}">Coffee<' in inbox
    (action,) = re.findall(r'action="(/inbox/decide[^"]+action=keep[^"]*)"', inbox)
    assert client.post(html.unescape(action), {}).status == 303
    assert "Nothing waits" in client.page("/inbox")

    edited = client.page(html.unescape(link) + "&edit=1")
    (action,) = re.findall(r'action="(/note/save[^"]+)"', edited)
    saved = client.post(html.unescape(action), {"text": "# Coffee\n\nAt ten.\n"})
    assert saved.status == 303
    assert "At ten." in client.page(str(saved.headers["Location"]))
    (action,) = re.findall(r'action="(/note/forget[^"]+)"', client.page(html.unescape(link)))
    assert client.post(html.unescape(action), {}).status == 303
    assert not (folder / "coffee.md").exists()


def test_a_note_whose_own_name_is_not_utf_8_says_why_it_is_not_opened(
    site: Running, client: Client, notes: Path
) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(notes), b"caf\xe9.md")))
    path.write_text("# Coffee\n\nAt nine.\n", encoding="utf-8")
    with contextlib.closing(site.memory.open_root(notes)) as root:
        root.refresh()
    (link,) = re.findall(r'<a data-item href="([^"]+)">Coffee<', client.page("/notes"))

    answer = client.get(html.unescape(link))

    assert answer.status == 400
    assert "is not valid Unicode" in answer.text


def test_an_address_takes_any_text() -> None:
    assert address("/search", q="a\ud800 \udce9") == "/search?q=a%3F+%E9"


def test_a_secret_is_not_saved_and_the_text_not_lost(client: Client, notes: Path) -> None:
    path = notes / "deploy.md"
    page = client.page(f"/note?path={quote(str(path))}&edit=1")
    sha256 = re.search(r"sha256=(\w+)", page)
    assert sha256 is not None
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

    answer = client.post(
        "/note/save", {"path": path, "sha256": sha256[1], "text": f"Mine.\n\ntoken: {secret}\n"}
    )

    assert answer.status == 422
    assert "secret" in answer.text
    assert "Mine." in answer.text
    assert "Mine." not in path.read_text(encoding="utf-8")


def test_notes_are_exported_and_a_snapshot_restored(
    client: Client, site: Running, notes: Path
) -> None:
    answer = client.post("/settings/export", {"root": notes})
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        assert any(name.endswith("deploy.md") for name in archive.getnames())

    client.post("/settings/snapshot", {"root": notes, "name": "before"})
    (notes / "deploy.md").write_text("# Changed\n", encoding="utf-8")
    place = re.search(r'href="(/settings/snapshot\?[^"]+)"', client.page("/settings"))
    assert place is not None
    preview = client.page(html.unescape(place[1]))
    assert "1 file would change" in preview
    id_ = re.search(r'[?;]id=([^"&]+)', preview)
    assert id_ is not None
    client.post("/settings/snapshot/restore", {"root": notes, "id": id_[1]})

    assert "blue-green" in (notes / "deploy.md").read_text(encoding="utf-8")


def test_everything_is_deleted_only_with_the_word(client: Client, home: Path) -> None:
    assert str(home.name) in client.page("/settings/delete")

    client.post("/settings/delete", {"word": "yes"})

    assert "nothing was deleted" in client.page("/settings/delete")
    assert (home / "index.db").exists()


def test_recalls_of_a_log_are_shown_without_their_prompts(
    client: Client, notes: Path, home: Path
) -> None:
    session = Sessions(str(home)).start("tuesday", host="codex", title="shop")
    session.log(Line("recall.user-prompt", outcome="found"))
    path = str(notes / "deploy.md")
    session.log(Line("recall.user-prompt", path, "shown", lines="3-3", score=0.83))

    listed = client.page("/injected")
    shown = client.page("/injected?session=tuesday")

    assert "1 recall, 1 passage" in listed
    assert "0.83" in shown
    assert "the prompt is not remembered" in shown
    assert "1 recall" in client.page(f"/note?path={quote(path)}")


def test_hooks_are_counted_by_event(client: Client, home: Path) -> None:
    (home / "logs").mkdir()
    for number in range(20):
        line = {
            "time": "2026-11-21T08:00:00.000Z", "event": "user-prompt", "took_ms": float(number),
            "outcome": "late" if number == 3 else "silent",
        }  # fmt: skip
        json_lines.append(str(home / "logs" / "hook.log"), line, max_bytes=1 << 20, keep=1)
    with (home / "logs" / "hook.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps(["damaged"]) + "\n{")

    page = client.page("/health")

    assert '<td class="number">20</td><td class="number">10 ms</td>' in page
    assert "late" in page


def test_what_agents_wrote_is_put_into_the_inbox_when_asked(client: Client, notes: Path) -> None:
    text = "---\nsource: memory_observe by codex\ndate: 2026-11-30\n---\n# Cache\n\nIt is 5 MB.\n"
    (notes / "cache.md").write_text(text, encoding="utf-8")
    (notes / "past.md").write_text(
        "---\nvalid_until: 2026-01-01\n---\n# Past\n\nThe old port is 80.\n", encoding="utf-8"
    )
    client.page("/notes")

    client.post("/inbox/look", {"root": notes, "do": "written"})
    written = client.page("/inbox")
    client.post("/inbox/look", {"root": notes, "do": "tidy"})
    both = client.page("/inbox")

    assert "1 more to decide." in written
    assert "Keep what an agent wrote?" in written
    assert "It is 5 MB." in written
    assert "1 of 2" in both
    assert "<b>2 proposals</b></a> to decide" in client.page("/")


def test_a_note_of_a_shared_scope_says_so(client: Client, notes: Path, home: Path) -> None:
    assert "shared:" not in client.page("/notes")

    shared_scopes.save(str(home), [SharedScope("backend", "team", "", "main", str(notes))])

    for path in ("/notes", "/search?q=balancer", f"/note?path={quote(str(notes / 'deploy.md'))}"):
        assert "shared: backend" in client.page(path), path


def test_the_recalls_of_a_long_session_are_paged(client: Client, notes: Path, home: Path) -> None:
    session = Sessions(str(home)).start("long", host="codex", title="long")
    for _ in range(25):
        session.log(Line("recall.user-prompt", outcome="found"))
        session.log(
            Line("recall.user-prompt", str(notes / "deploy.md"), "shown", lines="3-3", score=0.8)
        )

    listed = client.page("/injected")
    pages = [client.page(f"/injected?session=long&page={number}") for number in range(3)]

    assert "25 recalls, 25 passages" in listed
    assert sum(page.count("<article") for page in pages) == 25
    assert "Page 3 of 3" in pages[2]


def test_a_prompt_asked_again_finds_what_memcairn_recall_finds(
    client: Client, site: Running, notes: Path, home: Path
) -> None:
    Sessions(str(home)).start("monday", root=str(notes), host="codex", title="shop")
    asked = "/injected?session=monday&q=the+load+balancer+switches+blue-green"
    assert "shown</span>" in client.page(asked)

    # As a hook: a note from elsewhere is shown after a person has decided.
    root = site.memory.open_root(notes)
    review.propose(root, "keep", ["deploy.md"], kind=ARRIVED)
    root.close()
    assert "left out</span>" in client.page(asked)


def test_every_string_is_used_and_there() -> None:
    folder = Path(app.HERE)
    used: set[str] = set()
    for file in (*folder.rglob("*.py"), *folder.rglob("*.html")):
        used |= set(re.findall(r"\b(?:TEXT|t)\.(\w+)", file.read_text(encoding="utf-8")))

    assert set(vars(TEXT)) == used


def test_the_page_is_small() -> None:
    folder = Path(app.HERE)
    code = [*folder.rglob("*.py"), *folder.rglob("*.html")]

    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in code) <= 2_500
    assert (folder / "static" / "style.css").stat().st_size <= 10_000
    assert (folder / "static" / "ui.js").stat().st_size <= 10_000
