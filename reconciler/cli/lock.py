"""``unsandbox lock``."""

from typing import Annotated

import typer

from reconciler.app.requests import lock as lock_it
from reconciler.app.requests import operator
from reconciler.cli.completion import workloads
from reconciler.cli.invocation import acting, reference
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["lock"]))
def lock(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The Kind/name to lock.", autocompletion=workloads)],
) -> None:
    """Lock one object, at once and on the object itself.

    Until it is unlocked it is not frozen, hibernated, replaced or destroyed, neither by a request nor because its manifest says so or goes.
    """
    run = acting(context)
    answer = lock_it(run.settings, operator(run.settings), reference(ref))
    run.out.say(f"{answer.ref} on {answer.host}: {answer.note}.")
