"""A story for each page, in a real browser, by keyboard alone."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from memcairn.fs import json_lines
from memcairn.hosts import events, recall
from memcairn.root import review
from memcairn.sessions import Sessions
from ui.browser import TIMEOUT_S, Browser, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

    from ui.conftest import Running

ENTER, ESCAPE, TAB, BACKSPACE = "\ue007", "\ue00c", "\ue004", "\ue003"
PROMPT = "How does the load balancer switch when we deploy blue-green?"


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    driver = start()
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver: Chrome, site: Running) -> Browser:
    driver.get(site.served.url(read_only=False))
    browser = Browser(driver, f"http://127.0.0.1:{site.served.port}")
    browser.is_at("/")
    return browser


def hook(site: Running, name: str, notes: Path, **fields: str) -> str:
    """What a hook answers, in this process as in the resident one."""
    payload = {"session_id": "monday", "cwd": str(notes), **fields}
    content = json.dumps(payload).encode()
    _, text, _ = events.answer(site.memory, name, "claude-code", content, time.monotonic() + 60)
    return text


def note(notes: Path, name: str = "deploy.md") -> str:
    return f"/note?path={quote(str(notes / name))}"


def test_why_a_passage_was_injected_and_that_it_was_wrong(
    browser: Browser, site: Running, notes: Path, home: Path
) -> None:
    hook(site, "session-start", notes)
    assert "blue-green" in hook(site, "user-prompt", notes, prompt=PROMPT)
    hook(site, "user-prompt", notes, prompt="What is the capital of France?")

    browser.sees(PROMPT)  # Today is live
    browser.press("2")
    browser.is_at("/injected")
    browser.press("j", ENTER)
    browser.is_at("/injected?session=monday")
    browser.sees("nothing was above the gate")
    browser.sees("Words used: load, balancer")
    browser.move_to("deploy.md:3")
    browser.press("x")
    browser.sees("Saved as question 1")

    (file,) = (home / "questions").iterdir()
    (question,) = json.loads(file.read_text(encoding="utf-8"))
    assert question == {
        "question": PROMPT,
        "evidence": [["deploy.md", 3, 3]],
        "category": "should not",
    }


def test_an_open_session_is_live_and_keeps_the_focus(
    browser: Browser, site: Running, notes: Path, home: Path
) -> None:
    def prompted(text: str) -> None:
        hook(site, "user-prompt", notes, prompt=text)
        json_lines.append(str(home / "logs" / "hook.log"), {}, max_bytes=1 << 20, keep=1)

    (home / "logs").mkdir(exist_ok=True)
    hook(site, "session-start", notes)
    prompted(PROMPT)
    browser.press("2")
    browser.is_at("/injected")
    browser.press("j", ENTER)
    browser.is_at("/injected?session=monday")
    browser.move_to("deploy.md:3")
    link = browser.run("return document.activeElement.href")
    prompted("What is the capital of France?")
    browser.sees("capital of France")
    browser.wait(lambda: "deploy.md:3" in browser.focused, "the focus on what had it")
    assert browser.run("return document.activeElement.href") == link

    # A detail that somebody reads stays open; the page is updated afterwards.
    details = "#live li details > summary"
    browser.run(f"document.querySelector('{details}').focus()")
    browser.press(ENTER)
    browser.sees("probability that it is relevant")
    prompted("What is the capital of Spain?")
    browser.wait(lambda: "Spain" in str(recall.RECENT), "the recall")
    site.background.checked.clear()
    site.background.checked.wait(TIMEOUT_S)
    assert "probability that it is relevant" in browser.text
    browser.press(ENTER)
    browser.sees("capital of Spain")

    browser.press("3")
    browser.is_at("/notes")
    browser.driver.back()
    browser.is_at("/injected?session=monday")
    prompted("What is the capital of Italy?")
    browser.sees("capital of Italy")


def test_a_key_that_does_nothing_says_so(browser: Browser) -> None:
    browser.press("q")
    browser.sees("The key q does nothing on this page")


def test_a_prompt_is_asked_again(browser: Browser, site: Running, notes: Path) -> None:
    hook(site, "session-start", notes)
    browser.go("/injected?session=monday")
    browser.is_at("/injected")

    browser.press("i", PROMPT, ENTER)

    browser.sees("no agent saw this")
    browser.sees("deploy.md:3")


def test_a_note_is_found_corrected_and_the_correction_undone(browser: Browser, notes: Path) -> None:
    (notes / "port.md").write_text("# Port\n\nThe database listens on 5433.\n", encoding="utf-8")
    browser.press("3")
    browser.is_at("/notes")
    browser.press("i", "port")
    browser.sees("1 note with “port”")
    browser.press(ESCAPE, "j", ENTER)
    browser.is_at("/note?")
    browser.press("e")
    browser.wait(lambda: "5433" in browser.focused, "the editor")
    browser.run(
        "const t = document.activeElement; t.setSelectionRange(t.value.length, t.value.length)"
    )
    browser.press("Since June it is 5440.")
    browser.submit()
    browser.sees("Saved.")
    assert (notes / "port.md").read_text(encoding="utf-8").endswith("5433.\nSince June it is 5440.")

    browser.press("u")
    browser.sees("Undone.")
    assert (notes / "port.md").read_text(encoding="utf-8").endswith("5433.\n")

    browser.press("p")
    browser.sees("it stands at the top of MEMORY.md")
    assert "pinned: true" in (notes / "port.md").read_text(encoding="utf-8")
    browser.press("d")
    browser.sees("Moved to the trash.")
    assert not (notes / "port.md").exists()
    browser.press("u")
    browser.sees("It is back.")
    assert (notes / "port.md").exists()


def test_a_note_that_an_agent_writes_meanwhile_is_not_overwritten(
    browser: Browser, notes: Path
) -> None:
    browser.go(note(notes))
    browser.is_at("/note")
    browser.press("e")
    browser.wait(lambda: "blue-green" in browser.focused, "the editor")
    browser.press("Mine.")
    theirs = "# Deploying\n\nTheirs: we deploy with canary.\n"
    (notes / "deploy.md").write_text(theirs, encoding="utf-8")
    browser.submit()

    browser.sees("nothing was written")
    browser.sees("Theirs: we deploy with canary.")
    assert "Mine." in browser.focused
    assert (notes / "deploy.md").read_text(encoding="utf-8") == theirs

    browser.submit()
    browser.sees("Saved.")
    assert "Mine." in (notes / "deploy.md").read_text(encoding="utf-8")
    browser.press("u")
    browser.sees("Undone.")
    assert (notes / "deploy.md").read_text(encoding="utf-8") == theirs


def test_an_inbox_of_six_is_walked(browser: Browser, site: Running, notes: Path) -> None:
    for number in range(7):
        text = f"# Fact {number}\n\nThe value of {number} is old.\n"
        (notes / f"fact{number}.md").write_text(text, encoding="utf-8")
    root = site.memory.open_root(notes)
    root.refresh()
    review.propose(root, "edit", ["fact0.md"], text="The value of 0 is new.")
    review.propose(root, "merge", ["fact1.md", "fact2.md"])
    for number, action in ((3, "archive"), (4, "forget"), (5, "forget"), (6, "forget")):
        review.propose(root, action, [f"fact{number}.md"])
    browser.press("4")
    browser.is_at("/inbox")
    browser.sees("1 of 6")

    for left in range(5, -1, -1):
        browser.press("a" if left % 2 else "x")
        browser.sees(f"1 of {left}" if left else "Nothing waits for a decision.")
    browser.press("u")
    browser.sees("it waits again")
    browser.sees("1 of 1")

    decided = {one.decision for one in review.proposals(root, decided=True)}
    assert len(review.proposals(root)) == 1
    assert "keep" in decided
    assert len(decided) > 1
    root.close()


def test_a_second_key_does_not_replace_a_decision_that_is_being_sent(
    browser: Browser, site: Running
) -> None:
    with contextlib.closing(site.memory.open_root(site.memory.roots()[0].path)) as root:
        review.propose(root, "forget", ["deploy.md"])
        browser.press("4")
        browser.is_at("/inbox")

        browser.run(
            "for (const key of 'xa')"
            " document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
        )

        browser.sees("Nothing waits for a decision.")
        assert [one.decision for one in review.proposals(root, decided=True)] == ["keep"]


def test_memory_md_says_why_a_line_is_there(browser: Browser) -> None:
    browser.press("5")
    browser.is_at("/memory-md")
    browser.sees("/ 200")
    browser.move_to("Deploying")
    browser.press(TAB, ENTER)  # the link beside it
    browser.sees("Place 1 of 1 by rank")


def test_a_search_shows_the_gate_and_forgets_a_result(browser: Browser, notes: Path) -> None:
    browser.press("/", "load balancer blue-green", ENTER)
    browser.is_at("/search?q=")
    browser.sees("1 passage, 1 above the gate of 0.5")
    browser.press("j", "d")
    browser.sees("Moved to the trash.")
    assert not (notes / "deploy.md").exists()


def test_the_queue_drains_while_somebody_looks(
    browser: Browser, site: Running, notes: Path
) -> None:
    browser.press("7")
    browser.is_at("/health")
    browser.sees("0 paths")
    (notes / "new.md").write_text("# New\n\nText.\n", encoding="utf-8")
    site.memory.enqueue(notes / "new.md")

    browser.sees("1 path to index")
    browser.press("f")

    browser.sees("0 paths")
    browser.sees("2 notes")
    browser.press("c")
    browser.sees("No problems.")


def test_a_host_is_installed_after_its_difference_was_read(
    browser: Browser, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memcairn.hosts.executable.installed_path", lambda: "/bin/true")
    (user / ".cursor").mkdir()
    browser.press("8")
    browser.is_at("/settings")
    browser.move_to("Install")
    browser.press(ENTER)
    browser.is_at("/settings/host")
    browser.sees("mcpServers")
    assert not (user / ".cursor" / "mcp.json").exists()
    browser.press("a")

    browser.sees("Installed into Cursor")
    assert "/bin/true" in (user / ".cursor" / "mcp.json").read_text(encoding="utf-8")


def test_a_session_is_paused_and_resumed(
    browser: Browser, site: Running, notes: Path, home: Path
) -> None:
    hook(site, "session-start", notes)
    session = Sessions(str(home)).get("monday")
    assert session is not None
    browser.press("8")
    browser.is_at("/settings")
    browser.press("s")
    browser.sees("hooks stay silent in this session")
    assert session.is_paused
    assert hook(site, "user-prompt", notes, prompt=PROMPT) == ""
    browser.press("s")
    browser.sees("hooks speak again")
    assert not session.is_paused


def test_a_setting_is_changed(browser: Browser, tmp_path: Path) -> None:
    browser.go("/settings?set=recall.budget_words")
    browser.wait(lambda: browser.focused == "400", "the field")
    browser.press(BACKSPACE * 3, "250", ENTER)
    browser.sees("Saved in config.toml.")
    assert "budget_words = 250" in (tmp_path / "config.toml").read_text(encoding="utf-8")


def test_the_keys_are_explained_and_can_be_switched_off(browser: Browser) -> None:
    browser.press("?")
    browser.sees("Next and previous item")
    browser.press(" ", ESCAPE, "3")
    browser.press("?")
    assert "Next and previous item" not in browser.text
    browser.run("localStorage.clear()")
