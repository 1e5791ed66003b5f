"""``unsandbox status``."""

from typing import Annotated

import typer

from reconciler.app.status import status as look
from reconciler.cli.invocation import invocation
from reconciler.cli.render.status import status_document, status_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["status"]))
def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Objects and hosts as JSON on standard output.")] = False,
) -> None:
    """Show what is declared beside what is there.

    One row an object, with what a plan would do about it. Hosts that cannot be seen in full are named below.
    """
    run = invocation(context)
    report = look(run.settings)
    if json:
        run.out.json(status_document(report))
    else:
        run.out.show(status_lines(report))
    raise typer.Exit(report.exit_status)
