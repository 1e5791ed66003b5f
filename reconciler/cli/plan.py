"""``unsandbox plan``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.clearance import needs_of
from reconciler.app.planfile import plan_document, write_plan
from reconciler.app.planning import make
from reconciler.cli.invocation import invocation, seconds
from reconciler.cli.render.plan import plan_lines
from reconciler.cli.scope import Exclude, OnlyAction, Rev, Target, scope_of
from reconciler.cli.table import COMMANDS, epilog
from reconciler.model.plan import exit_status

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["plan"]))
def plan(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    target: Target = None,
    exclude: Exclude = None,
    only: OnlyAction = None,
    rev: Rev = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Save the plan, for: unsandbox apply FILE", dir_okay=False)
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="DURATION", help="How long a saved plan may be applied, such as 30m, 12h or 7d.")
    ] = "24h",
    json: Annotated[bool, typer.Option("--json", help="The plan as JSON on standard output; see docs/plan-json.md.")] = False,
) -> None:
    """Show what would happen and why.

    Refusals come first, then destroys, then the rest. A plan cannot act: there is no client in it.
    """
    run = invocation(context)
    life = seconds(context, "--expires", expires)
    made = make(run.settings, scope_of(target, exclude, only), rev)
    if json:
        run.out.json(plan_document(made.plan, rev, life))
    else:
        run.out.show(plan_lines(made.plan))
    for need in needs_of(made):
        run.err.say(f"needs the approval of a person: {need}", "warn")
    if out:
        write_plan(made, out, rev, life)
        run.err.say(f"saved to {out}; next: unsandbox apply {out}", "dim")
    raise typer.Exit(exit_status(made.plan))
