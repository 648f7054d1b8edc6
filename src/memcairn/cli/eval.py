"""memcairn eval: measure searches with the user's own questions on the user's own notes."""

from __future__ import annotations

from pathlib import Path

import click

from memcairn.cli import options, output
from memcairn.cli.text import count, write
from memcairn.errors import UsageError
from memcairn.evaluate import evaluation, measures


@click.command("eval")
@click.argument("questions", type=Path)
@click.argument("folder", type=Path)
@click.option(
    "--against",
    metavar="SYSTEMS",
    default="",
    help="Also measure these, separated by commas: grep, bm25, dense.",
)
@options.json_option
@options.quiet_option
def command(questions: Path, folder: Path, *, against: str, as_json: bool, quiet: bool) -> int:
    """Measure how well search finds the lines in FOLDER that answer QUESTIONS (a JSON file).

    \b
    memcairn eval questions.json ~/notes
    memcairn eval questions.json ~/notes --against grep,bm25,dense

    The notes are indexed in a temporary home, and nothing is written into FOLDER. QUESTIONS is a
    list of objects: {"question": "...", "evidence": [["file.md", 12]], "category": "..."}. Paths are
    relative to FOLDER; after the path comes a line, or the first and the last line.
    """
    if not folder.is_dir():
        raise UsageError("not a folder", path=folder)
    asked = evaluation.read(questions, folder)
    others = [name.strip() for name in against.split(",") if name.strip()]
    systems = list(dict.fromkeys(("memcairn", *others)))
    with output.progress_bar("Searching", quiet=quiet or as_json) as progress:
        tables = evaluation.evaluate(asked, folder, systems, progress)
    if as_json:
        rows = [
            {"system": system, "group": group, **means}
            for system, table in tables.items()
            for group, means in table.items()
        ]
        output.print_json({"results": rows})
    elif not quiet:
        write("\n\n".join(_table(group, tables) for group in tables["memcairn"]))
    return 0


def _table(group: str, tables: dict[str, dict[str, dict[str, float]]]) -> str:
    """A table of the mean measures for one group of questions, with a line for each system."""
    number = int(next(iter(tables.values()))[group]["questions"])
    width = max(map(len, tables))
    head = "  ".join(f"{name:>9}" for name in (*measures.METRICS, "ms"))
    lines = [f"{group} ({count(number, 'question')})", f"  {'':{width}}  {head}"]
    for system, table in tables.items():
        cells = "  ".join(f"{table[group][name]:9.3f}" for name in measures.METRICS)
        lines.append(f"  {system:{width}}  {cells}  {table[group]['ms']:9.1f}")
    return "\n".join(lines)
