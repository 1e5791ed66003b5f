"""``unsandbox unlock``."""

from typing import Annotated

import typer

from reconciler.app.requests import approve, ask, operator
from reconciler.cli.codes import ask_until, who
from reconciler.cli.completion import workloads
from reconciler.cli.invocation import Invocation, acting, reference
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import Denied
from reconciler.model.tenancy import Answer, Method, Request

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["unlock"]))
def unlock(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The Kind/name to unlock.", autocompletion=workloads)],
    approver: Annotated[str, typer.Option("--approver", metavar="NAME", help="Who approves.  [default: the only one enrolled]")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the code from the first line of standard input.")] = False,
) -> None:
    """Take a lock away again, with a one-time code.

    It is the lock that a request or `lock` put on one object, and the code is a person's, from UNSANDBOX_OTP, standard input or a prompt.
    A lock that its manifest keeps (`locked: true`) goes by a commit instead.
    """
    run = acting(context)
    request = Request(operator(run.settings), Method.UNLOCK, reference(ref))
    try:
        answer = ask(run.settings, request)
    except Denied as denied:
        answer = _approved(run, request, denied, approver, from_stdin=stdin)
    run.out.say(f"{answer.ref} on {answer.host}: {answer.note}.")


def _approved(run: Invocation, request: Request, denied: Denied, approver: str, *, from_stdin: bool) -> Answer:
    if not denied.challenge:
        raise denied
    hint = f"unsandbox unlock {request.ref}"
    by = who(run, approver, from_stdin=from_stdin, hint=hint)

    def attempt(code: str) -> None:
        approve(run.settings, request, denied.challenge, approver=by, code=code)

    ask_until(run, f"Code of {by}", attempt, from_stdin=from_stdin, hint=hint)
    return ask(run.settings, request)
