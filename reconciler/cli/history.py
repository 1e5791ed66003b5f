"""``unsandbox history``."""

from typing import Annotated

import typer

from reconciler.app.history import entries
from reconciler.cli.completion import everything
from reconciler.cli.invocation import invocation, reference
from reconciler.cli.render.history import history_document, history_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["history"]))
def history(
    context: typer.Context,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="Only this Kind/name.", autocompletion=everything)] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, max=100_000, help="How many calls, the newest first.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="The entries as JSON on standard output.")] = False,
) -> None:
    """Show what was done, by whom and under which commit.

    Every call to a host has its row, with its outcome. No host is asked.
    """
    run = invocation(context)
    rows = entries(run.settings, reference(ref) if ref else None, limit)
    if json:
        run.out.json(history_document(rows))
    else:
        run.out.show(history_lines(rows))
