"""Notes as programs and sites write them, each in small."""

from __future__ import annotations

import pytest

from memcairn.notes.note import parse

FORMATS = {
    "Obsidian, no heading": (
        "File recovery",
        (
            "---\n"
            "aliases: [Snapshots]\n"
            "cssclasses: wide\n"
            "---\n"
            "> [!tip] Before you start\n"
            "> Close the vault.\n"
            "\n"
            "![[diagram.png]]\n"
            "\n"
            "Snapshots are kept for a [[week|whole week]].\n"
            "\n"
            "## Recover a snapshot\n"
            "\n"
            "Open settings.\n"
        ),
        "File recovery",
        None,
    ),
    "Logseq": (
        "formulas",
        (
            "type:: Feature\n"
            "description:: Draws formulas\n"
            "\n"
            "- Usage\n"
        ),
        "formulas",
        "Draws formulas",
    ),
    "Zola": (
        "budget",
        (
            "+++\n"
            'title = "Crawl budget"\n'
            "date = 2026-02-03\n"
            'description = "How often bots come"\n'
            "\n"
            "[taxonomies]\n"
            'tags = ["seo"]\n'
            "+++\n"
            "Body.\n"
        ),
        "Crawl budget",
        "How often bots come",
    ),
    "Hugo, JSON": (
        "x",
        (
            "{\n"
            '"title": "Crawl budget",\n'
            '"summary": "How often"\n'
            "}\n"
            "\n"
            "Body.\n"
        ),
        "Crawl budget",
        "How often",
    ),
    "Jekyll": (
        "2026-03-02-release",
        (
            "---\n"
            "layout: post\n"
            "title: Release\n"
            "excerpt: x\n"
            "---\n"
            "The release is out.\n"
        ),
        "Release",
        "The release is out.",
    ),
    "VitePress": (
        "guide",
        (
            "<script setup>\n"
            "import Box from './Box.vue'\n"
            "</script>\n"
            "\n"
            "# Guide {#guide}\n"
            "\n"
            "Boxes hold things.\n"
        ),
        "Guide",
        "Boxes hold things.",
    ),
    "MDX": (
        "cards",
        (
            "import { Card } from './card'\n"
            "export const meta = {}\n"
            "\n"
            "# Cards\n"
            "\n"
            "Cards hold things.\n"
            "\n"
            '<Card title="x" />\n'
        ),
        "Cards",
        "Cards hold things.",
    ),
    "MADR": (
        "0004-cache",
        (
            "---\n"
            "status: accepted\n"
            "date: 2026-01-04\n"
            "---\n"
            "# Cache pages\n"
            "\n"
            "## Context and Problem Statement\n"
            "\n"
            "Pages are slow.\n"
        ),
        "Cache pages",
        "Pages are slow.",
    ),
    "Nygard": (
        "0004-cache",
        (
            "# 4. Cache pages\n"
            "\n"
            "Date: 2026-01-04\n"
            "\n"
            "## Status\n"
            "\n"
            "Accepted\n"
            "\n"
            "## Context\n"
            "\n"
            "Pages are slow.\n"
        ),
        "4. Cache pages",
        "Pages are slow.",
    ),
    "Claude Code": (
        "commit-style",
        (
            "---\n"
            "name: commit-style\n"
            "description: User wants conventional commits\n"
            "metadata: \n"
            "  node_type: memory\n"
            "  type: feedback\n"
            "---\n"
            "\n"
            "Use feat.\n"
            "\n"
            "**Why:** the changelog.\n"
        ),
        "commit-style",
        "User wants conventional commits",
    ),
    "Cursor": (
        "style",
        (
            "---\n"
            "description: Rules for SQL\n"
            "globs: *.sql\n"
            "alwaysApply: false\n"
            "---\n"
            "\n"
            "- Keywords in capitals.\n"
        ),
        "style",
        "Rules for SQL",
    ),
    "AGENTS.md": (
        "AGENTS",
        (
            "# Repository guide\n"
            "\n"
            "Run `make test` first.\n"
        ),
        "Repository guide",
        "Run make test first.",
    ),
    "org-mode text": (
        "plan",
        (
            "* Plan\n"
            "** Step\n"
            "Mow the lawn.\n"
        ),
        "plan",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_note_of_this_form_has_its_title_and_description(name: str) -> None:
    stem, text, title, description = FORMATS[name]

    note = parse(text, stem=stem).note

    assert note.title == title
    if description is not None:
        assert note.description == description


def test_what_programs_write_around_a_note_is_not_shown() -> None:
    for name in ("VitePress", "MDX"):
        stem, text, *_ = FORMATS[name]
        shown = " ".join(chunk.text for chunk in parse(text, stem=stem).chunks)

        assert "import" not in shown
        assert "hold things" in shown


def test_callouts_and_embeds_are_text() -> None:
    stem, text, *_ = FORMATS["Obsidian, no heading"]
    parsed = parse(text, stem=stem)

    assert "Snapshots" in parsed.note.about
    assert any("Close the vault" in chunk.text for chunk in parsed.chunks)
