"""``unsandbox accept``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from reconciler.app import accept as acceptance
from reconciler.cli.ask import confirm
from reconciler.cli.codes import ask_until, who
from reconciler.cli.completion import everything
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation, acting, reference, seconds
from reconciler.cli.render.accept import accepted_document, accepted_lines, proposal_lines
from reconciler.cli.table import COMMANDS, epilog

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["accept"]))
def accept(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The refusal's code, such as O18.")],
    ref: Annotated[str, typer.Argument(metavar="REF", help="The Kind/name that it refuses.", autocompletion=everything)],
    *,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="The host, where it is refused on several.")] = None,
    alike: Annotated[bool, typer.Option("--alike", help="Every object that is refused there for the same evidence.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who read the history.")] = "",
    life: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long it holds, such as 2h; 30d at most.")] = "24h",
    approver: Annotated[
        str, typer.Option("--approver", metavar="NAME", help="Who approves, where it lets something be destroyed; asks for the code.")
    ] = "",
    approval: Annotated[Path | None, typer.Option("--approval", metavar="FILE", help="A signed approval in place of a code.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What was accepted, as JSON on standard output.")] = False,
) -> None:
    """Accept one refusal, for exactly the evidence that it shows.

    Plans, shows the refusal with its evidence and asks for "yes" in full. It holds for a while and only as long as the evidence stays the
    same: another value is another refusal. Nothing is done on any host; the next apply goes by it. Who accepted is in the history.
    """
    run = acting(context)
    lasts = timedelta(seconds=seconds(context, "--for", life))
    proposal = acceptance.propose(run.settings, code, reference(ref), host=host, all_alike=alike)
    (run.err if json else run.out).show(proposal_lines(proposal))
    if not yes and not confirm(run.err, f"Accept {code.upper()} for {ref}?", full=True, hint=f"unsandbox accept {code} {ref} --yes"):
        run.err.say("nothing was accepted", "warn")
        raise typer.Exit(Exit.ERROR)
    if proposal.binding and approval is None:
        _approve(run, proposal, approver)
    until = acceptance.accept(run.settings, proposal, reason=reason, life=lasts, approval=approval)
    if json:
        run.out.json(accepted_document(proposal, until))
    else:
        run.out.show(accepted_lines(proposal, until))


def _approve(run: Invocation, proposal: acceptance.Proposal, given: str) -> None:
    named = proposal.refusals[0]
    hint = f"unsandbox accept {named.code} {named.ref}"
    name = who(run, given, from_stdin=False, hint=hint)

    def attempt(code: str) -> None:
        acceptance.approve(run.settings, proposal, name, code)

    ask_until(run, f"One-time code of {name}", attempt, from_stdin=False, hint=f"{hint} --approval FILE")
