"""``unsandbox replay``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.planfile import plan_document
from reconciler.app.replay import replay as again
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import invocation
from reconciler.cli.render.plan import plan_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["replay"]))
def replay(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan saved by: unsandbox plan --out PLAN", dir_okay=False)],
    json: Annotated[bool, typer.Option("--json", help="The plan that came of it, and what differs, as JSON on standard output.")] = False,
) -> None:
    """Make a saved plan again from what it recorded, and compare.

    No host is asked. The manifests are read from the commit that the plan names; the same bytes must come of them and of the recording.
    """
    run = invocation(context)
    found = again(run.settings, plan)
    if json:
        run.out.json({"same": not found.differs, "differs": list(found.differs), "plan": plan_document(found.made.plan)})
    else:
        run.out.show(plan_lines(found.made.plan))
        told = f"differs from {plan} in: {', '.join(found.differs)}" if found.differs else f"the same, byte for byte, as {plan}"
        run.out.say(told, "bad" if found.differs else "good")
    raise typer.Exit(Exit.STALE if found.differs else Exit.DONE)
