"""memcairn doctor: what is wrong and how to mend it."""

from __future__ import annotations

import click

from memcairn.cli import output
from memcairn.cli.text import shown, write
from memcairn.memory import Memory


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend.")
@output.json_option
@output.quiet_option
def command(*, fix: bool, as_json: bool, quiet: bool) -> int:
    """What is wrong and how to mend it. Exit code 1 if something is left to mend.

    \b
    memcairn doctor
    memcairn doctor --fix      mend what is safe to mend
    """
    with Memory() as memory:
        findings = memory.doctor(fix=fix)
        output.print_notices(memory.notices)
    left = [finding for finding in findings if not finding.fixed]
    if as_json:
        output.print_json(findings)
    elif not quiet:
        for finding in findings:
            write(shown(finding.what))
            write("  mended" if finding.fixed else f"  {shown(finding.remedy)}")
        if not findings:
            write("nothing is wrong")
    return 1 if left else 0
