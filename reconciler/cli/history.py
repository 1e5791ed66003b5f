"""``unsandbox history``."""

import re
from typing import Annotated

import typer

from reconciler.app.history import entries
from reconciler.app.history import verify as hold
from reconciler.cli.completion import everything
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation, invocation, reference
from reconciler.cli.render.history import history_document, history_lines, soundness_document, soundness_lines
from reconciler.cli.table import COMMANDS, epilog
from reconciler.errors import UsageError

_HEAD = re.compile("[0-9a-f]{64}")

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=epilog(COMMANDS["history"]))
def history(
    context: typer.Context,
    *,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="Only this Kind/name.", autocompletion=everything)] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, max=100_000, help="How many calls, the newest first.")] = 50,
    verify: Annotated[bool, typer.Option("--verify", help="Hold the journal against its hash chain instead; prints the head.")] = False,
    head: Annotated[
        str, typer.Option("--head", metavar="HASH", help="With --verify: a head printed before and kept elsewhere; shows a cut tail.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="The entries, or what --verify found, as JSON on standard output.")] = False,
) -> None:
    """Show what was done, by whom and under which commit.

    Every call to a host has its row, with its outcome. No host is asked. What is written is chained by hashes: --verify shows an edit, an
    insertion, a deletion and a reordering, with the first entry that does not hold.
    """
    run = invocation(context)
    if head and not (verify and _HEAD.fullmatch(head)):
        raise UsageError("--head takes the 64 hex digits that --verify printed, and goes with it", hint="unsandbox history --verify")
    if verify and ref:
        raise UsageError("--verify holds the whole journal, not one object's rows", hint="unsandbox history --verify")
    if verify:
        raise typer.Exit(_verify(run, head, json=json))
    rows = entries(run.settings, reference(ref) if ref else None, limit)
    if json:
        run.out.json(history_document(rows))
    else:
        run.out.show(history_lines(rows))


def _verify(run: Invocation, head: str, *, json: bool) -> Exit:
    found = hold(run.settings, head)
    if json:
        run.out.json(soundness_document(found))
    else:
        run.out.show(soundness_lines(found))
    return Exit.FAILED if found.why else Exit.DONE
