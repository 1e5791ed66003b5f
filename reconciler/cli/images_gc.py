"""``unsandbox images gc``."""

from typing import Annotated

import typer

from reconciler.app.images.collect import collect
from reconciler.app.spread.collect import take_away, weigh
from reconciler.cli.exits import Exit
from reconciler.cli.images_build import CACHE
from reconciler.cli.invocation import Invocation, acting, invocation
from reconciler.cli.render.images import freed_document, freed_lines
from reconciler.cli.render.places import collected_document, collected_lines
from reconciler.errors import UsageError


def images_gc(
    context: typer.Context,
    *,
    cache: CACHE = None,
    hosts: Annotated[bool, typer.Option("--hosts", help="Not on this machine but on the hosts: show what nothing needs there.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="HOST", help="With --hosts: only there; may be repeated.  [default: every active host]"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --hosts: take it away.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What was dropped, as JSON on standard output.")] = False,
) -> None:
    """Drop layers, downloads and files of images that no recipe and no manifest names.

    What a manifest pins stays, by name or by fingerprint. With --hosts images go from the hosts that no alias, manifest, instance or
    rollback needs, each after every rule was asked; without --yes nothing goes. Example: unsandbox images gc --hosts --yes
    """
    if not hosts:
        if host or yes:
            raise UsageError("--host and --yes are about hosts", hint="unsandbox images gc --hosts")
        run = invocation(context)
        freed = collect(run.settings, cache)
        if json:
            run.out.json(freed_document(freed))
        else:
            run.out.show(freed_lines(freed))
        return
    _on_hosts(acting(context) if yes else invocation(context), tuple(host or ()), yes=yes, json=json)


def _on_hosts(run: Invocation, names: tuple[str, ...], *, yes: bool, json: bool) -> None:
    found = take_away(run.settings, names, lambda text: run.err.tell([((text, "warn"),)])) if yes else weigh(run.settings, names)
    if json:
        run.out.json(collected_document(found))
    else:
        run.out.show(collected_lines(found, acted=yes))
        if found.free and not yes:
            run.out.say("Next: unsandbox images gc --hosts --yes", "dim")
    if found.unseen or any(weighed.failed for weighed in found.images):
        raise typer.Exit(Exit.FAILED)
