"""``unsandbox adopt``."""

from typing import Annotated

import typer

from reconciler.app import adopt as adoption
from reconciler.cli.ask import confirm
from reconciler.cli.completion import workloads
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting, reference
from reconciler.cli.render.adoption import adoption_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["adopt"]))
def adopt(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The declared Kind/name it shall stand for.", autocompletion=workloads)],
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="The instance in our project, where it has another name.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="The host it is on, where several have one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take an existing instance in, by writing our marks on it.

    Shows what is written and what the next apply would then change, and asks. Nothing else of the instance is touched.
    """
    run = acting(context)
    proposal = adoption.propose(run.settings, reference(ref), instance=instance, host=host)
    run.out.show(adoption_lines(proposal))
    if not yes and not confirm(run.err, f"Adopt {proposal.instance.name} as {ref}?", full=False, hint=f"unsandbox adopt {ref} --yes"):
        run.err.say("nothing was changed", "warn")
        raise typer.Exit(Exit.ERROR)
    adoption.adopt(run.settings, proposal)
    run.out.say(f"Adopted {proposal.instance.name} on {proposal.host.name} as {proposal.ref}. Next: unsandbox plan")
