"""``unsandbox explain``."""

from typing import Annotated

import typer

from reconciler.app.explain import explain as ask
from reconciler.cli.completion import everything
from reconciler.cli.invocation import invocation, reference
from reconciler.cli.render.explain import explanation_document, explanation_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["explain"]))
def explain(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Kind/name, such as Service/web.", autocompletion=everything)],
    json: Annotated[bool, typer.Option("--json", help="The explanation as JSON on standard output.")] = False,
) -> None:
    """Say why one object is as it is.

    What is declared and where, what was seen on which hosts, every field compared, every rule and its verdict, the change or refusal.
    """
    run = invocation(context)
    explanation = ask(run.settings, reference(ref))
    if json:
        run.out.json(explanation_document(explanation))
    else:
        run.out.show(explanation_lines(explanation))
