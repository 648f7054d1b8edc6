"""Small exports in the forms that other programs write."""

from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARCH = 1_772_841_600  # 2026-03-07T00:00:00Z
DAY = "2026-03-07T00:00:00Z"


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def chatgpt(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    """A zip file with `count` conversations and one saved memory."""
    conversations = [chat(number, said) for number in range(count)]
    path = folder / "chatgpt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(conversations))
        archive.writestr("user.json", "{}")
        archive.writestr("chat.html", "<html>")
    return path


def chat(number: int, said: str) -> dict[str, Any]:
    def node(key: str, parent: str | None, role: str, text: str, **more: Any) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        message = {"id": key, "author": {"role": role}, "content": content, "create_time": MARCH + number,
                   "recipient": "all", "weight": 1.0, **more}  # fmt: skip
        return {"id": key, "parent": parent, "children": [], "message": message}

    nodes = [
        {"id": "root", "parent": None, "children": ["s"], "message": None},
        node("s", "root", "system", "You are ChatGPT.", weight=0.0),
        node("u", "s", "user", f"Question {number}: {said}"),
        node("edited", "s", "user", "This branch was abandoned."),
        node("a", "u", "assistant", f"Answer {number}."),
        node("t", "a", "tool", "tool output"),
    ]
    if number == 0:
        nodes.append(node("b", "t", "assistant", "The user drinks oolong tea.", recipient="bio"))
    return {
        "id": f"c{number:07}-x", "conversation_id": f"c{number:07}-x", "title": f"Deploying {number}",
        "create_time": MARCH + number, "update_time": MARCH + 60 + number,
        "current_node": nodes[-1]["id"], "mapping": {one["id"]: one for one in nodes},
    }  # fmt: skip


def claude(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    conversations = [
        {
            "uuid": f"c{number:07}-x", "name": f"Deploying {number}", "created_at": DAY, "updated_at": DAY,
            "chat_messages": [
                {"uuid": "m1", "sender": "human", "text": f"Question {number}: {said}", "content": []},
                {"uuid": "m2", "sender": "assistant", "text": "",
                 "content": [{"type": "text", "text": f"Answer {number}."}, {"type": "tool_use"}]},
            ],
        }
        for number in range(count)
    ]  # fmt: skip
    memories = [
        {"conversations_memory": "Drinks oolong tea.", "project_memories": {"p1": "A shop in Go."}}
    ]
    projects = [{
        "uuid": "p1", "name": "Shop", "description": "Sells tea.", "prompt_template": "", "created_at": DAY,
        "docs": [{"uuid": "d1", "filename": "prices.txt", "content": "Oolong costs 9.", "created_at": DAY}],
    }]  # fmt: skip
    path = folder / "claude.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/conversations.json", json.dumps(conversations))
        archive.writestr("data/memories.json", json.dumps(memories))
        archive.writestr("data/projects.json", json.dumps(projects))
        archive.writestr("data/users.json", "[]")
    return path


def facts(count: int, said: str) -> list[str]:
    """Texts that have no word in common."""
    syllables = (
        "ba",
        "do",
        "fi",
        "gu",
        "ke",
        "lo",
        "mi",
        "nu",
        "pe",
        "ra",
        "so",
        "ti",
        "vu",
        "we",
        "zo",
        "ju",
    )

    def word(number: int) -> str:
        return "".join(syllables[(number >> 4 * place) % 16] for place in range(4))

    sentences = [f"{word(7 * n)} {word(7 * n + 1)} {word(7 * n + 2)}" for n in range(1, count)]
    return [said, *sentences]


def claude_mem(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    observations = [
        {
            "id": number, "memory_session_id": "s", "project": "shop", "type": "decision", "title": text,
            "subtitle": "", "narrative": f"{text}. It was decided in March.", "text": None,
            "facts": json.dumps([f"fact of {text}"]), "concepts": '["how-it-works"]',
            "files_modified": '["src/deploy.py"]', "created_at": DAY, "created_at_epoch": MARCH * 1000,
        }
        for number, text in enumerate(facts(count, said))
    ]  # fmt: skip
    summaries = [{"id": 1, "project": "shop", "request": "Make deploys safe", "learned": "Health checks lie.",
                  "completed": "Two clusters run.", "next_steps": "", "created_at": DAY}]  # fmt: skip
    value = {
        "observations": observations,
        "summaries": summaries,
        "sessions": [],
        "prompts": [{"id": 1}],
    }
    return save(folder / "claude-mem.json", value)


def mem0(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    results = [
        {
            "id": f"id-{number}",
            "memory": text,
            "user_id": "me",
            "categories": ["work"],
            "created_at": DAY,
        }
        for number, text in enumerate(facts(count, said))
    ]
    return save(folder / "mem0.json", {"results": results})


def mcp_memory_service(
    folder: Path, count: int = 1, said: str = "We deploy with blue-green."
) -> Path:
    memories = [
        {"content": text, "content_hash": f"hash-{number}", "tags": ["ops"], "memory_type": "note",
         "created_at": MARCH + 0.5, "metadata": {}}
        for number, text in enumerate(facts(count, said))
    ]  # fmt: skip
    return save(folder / "mcp.json", {"export_metadata": {}, "memories": memories})


def markdown(folder: Path, count: int, said: str, head: str = "") -> Path:
    for number in range(count):
        path = folder / f"Area {number % 7}" / f"Note {number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}# Deploying {number}\n\n{said} See [[Note 0]].\n", encoding="utf-8")
        os.utime(path, (MARCH, MARCH))
    return folder


def obsidian(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    vault = folder / "vault"
    for place in (".obsidian/app.json", ".trash/old.md", "board.canvas"):
        path = vault / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (vault / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    return markdown(vault, count, said)


def basic_memory(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    return markdown(
        folder / "basic-memory", count, said, "---\ntype: note\npermalink: area/x\n---\n"
    )


def claude_code(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    memory = folder / "projects" / "-home-me-shop" / "memory"
    head = "---\nname: x\ndescription: How: a colon\nmetadata: \n  type: project\n---\n"
    markdown(memory, count, said, head)
    (memory / "MEMORY.md").write_text("- [x](x.md)\n")
    (folder / "projects" / "-home-me-other").mkdir()
    return folder / "projects"


def codex(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    memories = folder / "memories"
    markdown(memories / "rollout_summaries", count, said)
    (memories / "MEMORY.md").write_text("# Task group: shop\n\nTests need the clock.\n")
    (memories / "memory_summary.md").write_text("The user works on a shop.\n")
    (memories / "raw_memories.md").write_text("Everything again.\n")
    return memories


def agent_memory(folder: Path, count: int = 1, said: str = "We deploy with blue-green.") -> Path:
    head = {"category": "decision", "created_at": DAY, "tags": '["ops", "a b"]'}
    memories = [
        {"path": f"facts/decision/{number:05}.md", "frontmatter": head, "content": f"{text}\n"}
        for number, text in enumerate(facts(count, said))
    ]
    memories.append({"path": "MEMORY.md", "frontmatter": {}, "content": "- [x](x.md)\n"})
    task = {"title": "Ship it", "status": "in-progress", "progress": "30", "updated_at": DAY}
    tasks = [{"path": "tasks/01a.md", "frontmatter": task, "content": "Two steps are left.\n"}]
    value = {
        "format": "anolisa-memory-archive",
        "version": "1.0",
        "agent_id": "a",
        "exported_at": DAY,
    }
    return save(folder / "agent-memory.json", value | {"memories": memories, "tasks": tasks})


ALL = {
    "chatgpt": chatgpt, "claude": claude, "claude-mem": claude_mem, "mem0": mem0,
    "mcp-memory-service": mcp_memory_service, "obsidian": obsidian, "basic-memory": basic_memory,
    "claude-code": claude_code, "codex": codex, "agent-memory": agent_memory,
}  # fmt: skip

SECRET = "ghp_" + "a1B2" * 9
MAX_CHARS = 20_000
# The names of the lists that hold the items of an export; "" is the document itself.
HOSTILE = {
    "chatgpt": "", "claude": "", "claude-mem": "observations", "mem0": "results",
    "mcp-memory-service": "memories", "agent-memory": "memories",
}  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, 7, -1e300, [], {}, [1, {"a": None}], "../../../etc/passwd", "a\0b\x1b[31m\x07",
    "\ud800", "x" * (MAX_CHARS + 1), f"token {SECRET}", "<private>plugh</private>",
)  # fmt: skip


def make_hostile(source: str, path: Path) -> int:
    """Add items to an export, each of them with one field that is wrong; returns their number."""
    document, write = _document(path)
    items = document[HOSTILE[source]] if HOSTILE[source] else document
    first = items[0]
    hostile: list[Any] = [None, 3, "text", [], {}, dict(first), dict(first)]
    for value in (
        _VALUES if source != "agent-memory" else ("x" * (MAX_CHARS + 1), SECRET, "a\0b\x1b[31m")
    ):
        # An export of agent-memory is refused as a whole if a field has the wrong type.
        names = ["content"] if source == "agent-memory" else list(first)
        hostile += [first | {name: value} for name in names]
    if source == "agent-memory":
        places = ("../a.md", "/etc/a.md", "a/../../b.md", ".git/a.md", "a\nb.md", "run.sh")
        hostile = [first | {"path": one} for one in places] + [
            one | {"path": f"hostile/{number}.md"} for number, one in enumerate(hostile[7:])
        ]
    items += hostile
    write()
    return len(hostile)


def _document(path: Path) -> tuple[Any, Callable[[], None]]:
    """The items of an export, and what writes them back."""
    if path.suffix == ".json":
        document = json.loads(path.read_text(encoding="utf-8"))
        return document, lambda: save(path, document) and None
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in files if name.endswith("conversations.json"))
    document = json.loads(files[name])

    def write() -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for other, data in (files | {name: json.dumps(document).encode()}).items():
                archive.writestr(other, data)

    return document, write
