"""``unsandbox doctor``."""

from typing import Annotated

import typer

from reconciler.app.doctor import examine
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import invocation
from reconciler.cli.render.doctor import check_document, check_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["doctor"]))
def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="The checks as JSON on standard output.")] = False,
) -> None:
    """Check hosts and local set-up, with a mend for each finding.

    LXD version, storage, cgroups, AppArmor, id ranges, clock, network, limits, our certificate, journal and manifests. Warnings end with 0.
    """
    run = invocation(context)
    checks = examine(run.settings)
    if json:
        run.out.json({"checks": [check_document(check) for check in checks]})
    else:
        run.out.show(check_lines(checks))
    if any(check.verdict == "fail" for check in checks):
        raise typer.Exit(Exit.FAILED)
