"""``unsandbox refusals``."""

from typing import Annotated

import typer

from reconciler.app.catalogue import catalogue, entry_of
from reconciler.cli.invocation import invocation
from reconciler.cli.render.refusals import refusal_entry_lines, refusals_document, refusals_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _codes(incomplete: str) -> list[str]:
    return [entry.code for entry in catalogue() if entry.code.startswith(incomplete.upper())]


@app.command(epilog=epilog(COMMANDS["refusals"]))
def refusals(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="Only this one, with its reasons.", autocompletion=_codes)] = None,
    json: Annotated[bool, typer.Option("--json", help="The catalogue as JSON on standard output.")] = False,
) -> None:
    """Show every refusal there is, and why.

    The list is made from the tables of rules themselves. No host is asked and no manifest is read.
    """
    run = invocation(context)
    chosen = catalogue() if code is None else (entry_of(code),)
    if json:
        run.out.json(refusals_document(chosen))
    elif code is not None:
        run.out.show(refusal_entry_lines(chosen[0]))
    else:
        run.out.show(refusals_lines(chosen))
