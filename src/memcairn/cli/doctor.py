"""memcairn doctor: find problems, and fix them."""

from __future__ import annotations

import click

from memcairn.cli import options, output
from memcairn.cli.text import shown, write
from memcairn.memory import Memory


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Fix what can be fixed safely.")
@options.json_option
@options.quiet_option
def command(*, fix: bool, as_json: bool, quiet: bool) -> int:
    """Show problems and how to fix them. Exit code 1 if a problem remains.

    \b
    memcairn doctor
    memcairn doctor --fix      fix what can be fixed safely
    """
    with Memory() as memory:
        findings = memory.doctor(fix=fix)
        output.print_notices(memory.notices)
    left = [finding for finding in findings if not finding.fixed]
    if as_json:
        output.print_json({"findings": findings})
    elif not quiet:
        for finding in findings:
            write(shown(finding.what))
            write("  fixed" if finding.fixed else f"  {shown(finding.remedy)}")
        if not findings:
            write("no problems")
    return 1 if left else 0
