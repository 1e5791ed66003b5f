"""``unsandbox approvers``, with ``add``, ``remove`` and ``key``."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from reconciler.app import approvers as people
from reconciler.app.approval_files import new_key, write_key
from reconciler.app.approvals import approve_binding
from reconciler.cli.codes import ask_until, who
from reconciler.cli.invocation import Invocation, invocation
from reconciler.cli.render.approvals import approver_document, approver_lines, enrolment_lines
from reconciler.cli.table import APPROVERS_ADD, APPROVERS_KEY, APPROVERS_REMOVE, COMMANDS, epilog
from reconciler.errors import UnsandboxError, UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Approver = Annotated[str, typer.Option("--approver", metavar="NAME", help="Who approves it.  [default: the only one enrolled]")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read each code from a line of standard input.")]


@app.callback(invoke_without_command=True, epilog=epilog(COMMANDS["approvers"]))
def approvers(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="The approvers as JSON on standard output.")] = False,
) -> None:
    """Show who is enrolled to approve what destroys.

    Nothing secret is shown. No host is asked.
    """
    if context.invoked_subcommand:
        return
    run = invocation(context)
    found = people.list_approvers(run.settings)
    if json:
        run.out.json({"approvers": [approver_document(one) for one in found]})
    else:
        run.out.show(approver_lines(found))


@app.command("add", epilog=epilog(APPROVERS_ADD))
def approvers_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name, as the journal shall show it.")],
    approver: Approver = "",
    stdin: Stdin = False,
) -> None:
    """Enrol a person: a secret for their app, and recovery codes.

    Shows both once, and enrols the person when the first code of their app is right. Once anybody is enrolled, one of them has to give a
    code first. With --stdin that is the first line, and the new person's code the next.
    """
    run = invocation(context)
    enrolment = people.new_enrolment(run.settings, name)
    _shown_to_a_person(stdin=stdin, name=name)
    if people.list_approvers(run.settings):
        _vouch(run, enrolment.binding, approver, stdin=stdin, hint=f"unsandbox approvers add {name}")
    run.out.show(enrolment_lines(enrolment, drawn=run.out.live))
    hint = f"unsandbox approvers add {name}"
    # Never from the variable: a code in it is that of whoever vouches.
    first = f"The code that the app of {name} shows"
    ask_until(run, first, lambda typed: people.enrol(run.settings, enrolment, typed), from_stdin=stdin, hint=hint, variable=False)
    run.out.say(f"{name} is enrolled. Next: unsandbox approve PLAN")


@app.command("remove", epilog=epilog(APPROVERS_REMOVE))
def approvers_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who shall approve no more.")],
    approver: Approver = "",
    stdin: Stdin = False,
) -> None:
    """Take a person out of those who may approve.

    Needs a code of anybody enrolled. What the person approved and was not used is void, and so is their key.
    """
    run = invocation(context)
    binding = people.removal(run.settings, name)
    _vouch(run, binding, approver, stdin=stdin, hint=f"unsandbox approvers remove {name}")
    people.remove(run.settings, name)
    run.out.say(f"{name} approves no more.")
    if not people.list_approvers(run.settings):
        run.err.say("nobody is enrolled: nothing that needs approval is done until somebody is", "warn")


@app.command("key", epilog=epilog(APPROVERS_KEY))
def approvers_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person whose approval files it shall sign.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; must not exist.", dir_okay=False)],
    stdin: Stdin = False,
) -> None:
    """Make a key that signs approval files, for unattended runs.

    Writes the private key to FILE, for its owner alone, and enrols the public one in the place of any before it. Needs a code of the
    person's own.
    """
    run = invocation(context)
    key = new_key(name)
    binding = people.keying(run.settings, name, key.public)
    if os.path.lexists(file):
        raise UsageError(f"{file} exists", hint=f"unsandbox approvers key {name} ANOTHER")
    _vouch(run, binding, name, stdin=stdin, hint=f"unsandbox approvers key {name} {file}")
    write_key(key, file)
    try:
        people.enrol_key(run.settings, name, key.public)
    except UnsandboxError:
        file.unlink(missing_ok=True)
        raise
    run.out.say(f"The key of {name} is in {file}. Next: unsandbox approve PLAN --sign-with {file} --out APPROVAL")


def _vouch(run: Invocation, binding: str, approver: str, *, stdin: bool, hint: str) -> None:
    """Have somebody enrolled approve ``binding``."""
    by = who(run, approver, from_stdin=stdin, hint=hint)
    ask_until(run, f"Code of {by}", lambda typed: approve_binding(run.settings, binding, by, typed), from_stdin=stdin, hint=hint)


def _shown_to_a_person(*, stdin: bool, name: str) -> None:
    if not stdin and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "a secret is shown once to the person it is for, and there is no terminal to show it on",
            hint=f"unsandbox approvers add {name} --stdin",
        )
