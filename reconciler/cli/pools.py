"""``unsandbox pools``."""

from typing import Annotated

import typer

from reconciler.app.pools import pools as look
from reconciler.cli.invocation import invocation
from reconciler.cli.render.pools import pools_document, pools_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["pools"]))
def pools(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="The pools as JSON on standard output.")] = False,
) -> None:
    """Show each pool, its cells, and why its size is what it is.

    Warm cells are free, claimed ones are somebody's, spent ones are destroyed and made anew. HIT is the share of claims of the last minute
    that found a warm cell, REFILL how long a cell takes to be made anew.
    """
    run = invocation(context)
    found = look(run.settings)
    if json:
        run.out.json(pools_document(found))
    else:
        run.out.show(pools_lines(found))
