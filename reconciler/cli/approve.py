"""``unsandbox approve``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.approval_files import read_key, sign_file
from reconciler.app.approvals import approve_binding, binding_of_saved, challenge
from reconciler.app.planfile import read_plan
from reconciler.cli.codes import ask_until, who
from reconciler.cli.invocation import invocation, seconds
from reconciler.cli.render.approvals import asked_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["approve"]))
def approve(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan saved by: unsandbox plan --out PLAN", dir_okay=False)],
    approver: Annotated[str, typer.Option("--approver", metavar="NAME", help="Who approves.  [default: the only one enrolled]")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the code from the first line of standard input.")] = False,
    sign_with: Annotated[
        Path | None, typer.Option("--sign-with", metavar="KEYFILE", help="Sign an approval file in place of giving a code.", dir_okay=False)
    ] = None,
    expires: Annotated[str, typer.Option("--expires", metavar="DURATION", help="How long the file holds: 30m, 1h, at most 24h.")] = "1h",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where the signed file goes.", dir_okay=False)] = None,
) -> None:
    """Approve a saved plan, with a person's one-time code.

    Shows what the plan does and destroys. The approval is for exactly that, holds for 5 minutes and is used up by one apply. The code comes
    from UNSANDBOX_OTP, standard input or a prompt, never from the command line; a recovery code does as well.
    """
    run = invocation(context)
    saved = read_plan(plan)
    if not saved.touched:
        raise UsageError(f"{plan} does nothing, so there is nothing to approve", hint="unsandbox plan --out PLAN")
    if (sign_with is None) != (out is None):
        raise UsageError("--sign-with and --out go together", hint=f"unsandbox approve {plan} --sign-with KEYFILE --out APPROVAL")
    binding = binding_of_saved(saved)
    run.out.show(asked_lines(saved))
    if sign_with and out:
        made = sign_file(read_key(sign_with), binding, timedelta(seconds=seconds(context, "--expires", expires)), out)
        run.out.say(f"Signed by {made.by} until {made.expires_at.isoformat(timespec='seconds')}, for one apply: {out}")
        return
    hint = f"unsandbox approve {plan}"
    by = who(run, approver, from_stdin=stdin, hint=hint)
    # Before the code is asked for, so that nobody types one in vain.
    challenge(run.settings, binding)
    ask_until(run, f"Code of {by}", lambda typed: approve_binding(run.settings, binding, by, typed), from_stdin=stdin, hint=hint)
    run.out.say(f"Approved by {by}, for 5 minutes and one apply. Next: unsandbox apply {plan}")
