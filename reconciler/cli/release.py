"""``unsandbox release``."""

from typing import Annotated

import typer

from reconciler.app import release as releasing
from reconciler.cli.ask import confirm
from reconciler.cli.completion import workloads
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting, reference
from reconciler.cli.render.adoption import release_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["release"]))
def release(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The Kind/name to give up.", autocompletion=workloads)],
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="The host it is on, where several have one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give one object up without destroying it.

    Shows the marks that are removed, and asks. The container goes on as it is, its delete protection too.
    """
    run = acting(context)
    proposal = releasing.propose(run.settings, reference(ref), host=host)
    run.out.show(release_lines(proposal))
    if not yes and not confirm(run.err, f"Release {ref}?", full=False, hint=f"unsandbox release {ref} --yes"):
        run.err.say("nothing was changed", "warn")
        raise typer.Exit(Exit.ERROR)
    releasing.release(run.settings, proposal)
    run.out.say(f"Released {proposal.instance.name} on {proposal.host.name}; it is no longer {proposal.ref}.")
