"""memcairn doctor: what is wrong and how to mend it."""

from __future__ import annotations

import click

from memcairn.cli import output
from memcairn.memory import Memory


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend.")
@output.json_option
@output.quiet_option
def command(*, fix: bool, as_json: bool, quiet: bool) -> int:
    """What is wrong and how to mend it. Exit code 1 if something is left to mend."""
    with Memory() as memory:
        findings = memory.doctor(fix=fix)
        output.print_notices(memory)
    left = [finding for finding in findings if not finding.fixed]
    if as_json:
        output.print_json(findings)
    elif not quiet:
        for finding in findings:
            output.echo(output.shown(finding.what))
            output.echo("  mended" if finding.fixed else f"  {output.shown(finding.remedy)}")
        if not findings:
            output.echo("nothing is wrong")
    return 1 if left else 0
