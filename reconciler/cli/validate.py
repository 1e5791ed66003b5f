"""``unsandbox validate``."""

from typing import Annotated

import typer

from reconciler.app.repository import load_desired
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import invocation
from reconciler.cli.render.validate import finding_document, valid_document, valid_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import ManifestError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["validate"]))
def validate(
    context: typer.Context,
    rev: Annotated[str | None, typer.Option("--rev", metavar="REV", help="Read this commit, not the working tree.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Findings and counts as JSON on standard output.")] = False,
) -> None:
    """Read every manifest and show every finding.

    Findings of all files are shown at once, each as file:line:column. No host is asked.
    """
    run = invocation(context)
    try:
        desired = load_desired(run.settings, rev)
    except ManifestError as error:
        if not json:
            raise
        run.out.json(finding_document(error))
        raise typer.Exit(Exit.ERROR) from error
    if json:
        run.out.json(valid_document(desired))
    else:
        run.out.show(valid_lines(desired))
