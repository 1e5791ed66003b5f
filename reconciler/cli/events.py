"""``unsandbox events``."""

import json as jsonlib
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from reconciler.app.clock import now
from reconciler.app.following import following
from reconciler.cli.completion import everything
from reconciler.cli.invocation import Invocation, invocation, reference, seconds
from reconciler.cli.reader import until_stopped, wait
from reconciler.cli.render.events import event_document, event_line
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import UsageError
from reconciler.model.telling import KEPT, Telling
from reconciler.store.events import Query

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["events"]))
def events(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="Only the last while, such as 90s, 12h or 3d.")] = "",
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="Only of this host.")] = "",
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="Only of this Kind/name.", autocompletion=everything)] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help=f"Only this kind: {', '.join(KEPT)}.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=0, max=100_000, help="How many of the past, the newest.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")] = False,
) -> None:
    """Show what the loop did and does.

    Passes, actions, refusals, drift, leases, grades of hosts.
    Reads what `unsandbox run` wrote into the state folder, the oldest first; no host is asked. What is kept is bounded by count and by age.
    """
    run = invocation(context)
    if kind and kind not in KEPT:
        raise UsageError(f"--kind {kind!r} is none of {', '.join(KEPT)}", hint="unsandbox events --help")
    query = Query(host, str(reference(ref)) if ref else "", kind, _since(context, since))
    with until_stopped(), following(run.settings) as read:
        # First, so that nothing that comes meanwhile is passed over.
        last = read.last()
        rows = [row for row in read.newest(query, limit) if row.number <= last]
        for row in rows:
            _show(run, row, json=json)
        if not rows and not follow and not json:
            run.out.say("nothing of that was told; what there is begins with: unsandbox run")
        if follow:
            for row in read.follow(replace(query, since="", after=last), lambda pause: wait(run.out.stream, pause)):
                _show(run, row, json=json)


def _since(context: typer.Context, text: str) -> str:
    if not text:
        return ""
    return (now() - timedelta(seconds=seconds(context, "--since", text))).isoformat(timespec="milliseconds")


def _show(run: Invocation, row: Telling, *, json: bool) -> None:
    if json:
        run.out.stream.write(jsonlib.dumps(event_document(row)) + "\n")
        run.out.stream.flush()
    else:
        run.out.show([event_line(row)])
