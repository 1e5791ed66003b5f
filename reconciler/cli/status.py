"""``unsandbox status``."""

from typing import Annotated

import typer

from reconciler.app.status import status as look
from reconciler.cli.invocation import invocation
from reconciler.cli.render.status import status_document, status_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["status"]))
def status(
    context: typer.Context,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: on a terminal a live table, elsewhere a table each time; ends with Ctrl-C.")
    ] = False,
    every: Annotated[
        float | None, typer.Option("--every", metavar="SECONDS", min=1, max=3600, help="With --watch: between two looks.  [default: 2]")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Objects and hosts as JSON on standard output; with --watch one document a line.")
    ] = False,
) -> None:
    """Show what is declared beside what is there.

    One row an object, with what a plan would do about it. Hosts that cannot be seen in full are named below. With --watch, what a loop on
    this state folder does stands above, and the table is made anew whenever it told something.
    """
    run = invocation(context)
    if every is not None and not watch:
        raise UsageError("--every goes with --watch", hint="unsandbox status --watch --every 5")
    if watch:
        # What only a watcher needs would make every status slower to start.
        from reconciler.cli.watch import watch as go_on  # noqa: PLC0415 - see above

        go_on(run, every or 2.0, json=json)
        return
    report = look(run.settings)
    if json:
        run.out.json(status_document(report))
    else:
        run.out.show(status_lines(report))
    raise typer.Exit(report.exit_status)
