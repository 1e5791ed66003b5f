"""``unsandbox apply``."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.apply import apply as carry_out
from reconciler.app.approvals import approve_binding, binding_of, is_approved
from reconciler.app.clearance import Terms, check, needs_of
from reconciler.app.planfile import read_plan, remake
from reconciler.app.planning import Made, make
from reconciler.cli.ask import confirm
from reconciler.cli.audience import Audience
from reconciler.cli.codes import ask_until, who
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation, acting
from reconciler.cli.render.apply import report_document, report_lines
from reconciler.cli.render.plan import plan_lines
from reconciler.cli.render.screen import Screen
from reconciler.cli.scope import Exclude, OnlyAction, Rev, Target, scope_of
from reconciler.cli.stop import stoppable
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import UsageError
from reconciler.model.changes import DESTRUCTIVE, Action
from reconciler.model.plan import Plan

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["apply"]))
def apply(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    plan: Annotated[Path | None, typer.Argument(metavar="PLAN", help="A plan saved by: unsandbox plan --out PLAN", dir_okay=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    target: Target = None,
    exclude: Exclude = None,
    only: OnlyAction = None,
    rev: Rev = None,
    exact: Annotated[bool, typer.Option("--exact", help="Refuse a saved plan also where something moved that it does not touch.")] = False,
    uncommitted: Annotated[
        bool, typer.Option("--uncommitted", help="Apply manifests that are in no commit, or in one that git cannot place.")
    ] = False,
    approver: Annotated[
        str, typer.Option("--approver", metavar="NAME", help="Who approves, where something needs it; asks for the code.")
    ] = "",
    approval: Annotated[
        Path | None,
        typer.Option("--approval", metavar="FILE", help="A signed approval, for runs that nobody attends.", dir_okay=False),
    ] = None,
    events: Annotated[
        str | None, typer.Option("--events", metavar="FILE", help="Write one JSON object a line for each event; - is standard output.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The closing report as JSON on standard output.")] = False,
) -> None:
    """Carry a plan out, after asking.

    Plans, shows the plan and asks; a plan that destroys wants "yes" in full. Ctrl-C stops cleanly between steps, a second one leaves at
    once. What is refused or fails does not hold up the rest. A saved PLAN is held against the world and the manifests first.
    """
    run = acting(context)
    if json and events == "-":
        raise UsageError("--json and --events - both write to standard output", hint="unsandbox apply --json --events FILE")
    if plan and (target or exclude or only or rev):
        raise UsageError("a saved plan has its scope and commit already", hint=f"unsandbox apply {plan}")
    if exact and not plan:
        raise UsageError("--exact is about a saved plan", hint="unsandbox apply PLAN --exact")
    terms = Terms(read_plan(plan) if plan else None, exact=exact, uncommitted=uncommitted, approval=approval, shown=not yes)
    made = remake(run.settings, terms) if plan else make(run.settings, scope_of(target, exclude, only), rev)
    human = run.err if json or events == "-" else run.out
    human.show(plan_lines(made.plan))
    check(made, terms, None)
    if not yes and made.plan.actions and not confirm(run.err, _question(made.plan), full=_destroys(made.plan) > 0, hint=_hint(plan)):
        run.err.say("nothing was changed", "warn")
        raise typer.Exit(Exit.ERROR)
    if needs_of(made) and approval is None and sys.stdin.isatty():
        _approve(run, made, terms, approver)
    raise typer.Exit(_carry_out(run, made, terms, _Outlet(human, events, json)))


def _approve(run: Invocation, made: Made, terms: Terms, given: str) -> None:
    """Ask the person at the terminal; elsewhere an approval that was given before is looked for, and a plan without one is refused."""
    binding = binding_of(made.plan, terms.saved.id if terms.saved else "")
    if is_approved(run.settings, binding):
        return
    for need in needs_of(made):
        run.err.say(f"needs approval: {need}", "warn")
    name = who(run, given, from_stdin=False, hint="unsandbox apply")

    def attempt(code: str) -> None:
        approve_binding(run.settings, binding, name, code)

    ask_until(run, f"One-time code of {name}", attempt, from_stdin=False, hint="unsandbox apply --approval FILE")


@dataclass(frozen=True, slots=True)
class _Outlet:
    """Where the run tells what it does."""

    human: Screen
    events: str | None
    json: bool


def _carry_out(run: Invocation, made: Made, terms: Terms, outlet: _Outlet) -> int:
    human, events, json = outlet.human, outlet.events, outlet.json
    with Audience(human, run.out, events, len(made.plan.actions)) as audience, stoppable(audience) as stop:
        # An empty plan goes through as well: it settles what an earlier, killed apply left open in the journal.
        report = carry_out(made, run.settings, audience.listen, stop, terms)
    if made.plan.actions:
        human.tell([(), *report_lines(report)])
    if json:
        run.out.json(report_document(report))
    return report.exit_status


def _destroys(plan: Plan) -> int:
    return sum(Action(action.action) in DESTRUCTIVE for action in plan.actions)


def _question(plan: Plan) -> str:
    count, destroys = len(plan.actions), _destroys(plan)
    actions = f"{count} {'action' if count == 1 else 'actions'}"
    if destroys:
        return f"Carry out {actions}, {destroys} of which {'destroys' if destroys == 1 else 'destroy'} a container and its data?"
    return f"Carry out {actions}?"


def _hint(plan: Path | None) -> str:
    return f"unsandbox apply {plan} --yes" if plan else "unsandbox apply --yes"
