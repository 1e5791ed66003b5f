"""``unsandbox images list`` and ``unsandbox images show``."""

from typing import Annotated

import typer

from reconciler.app.images.survey import look, survey
from reconciler.app.spread.places import Place
from reconciler.app.spread.places import look as look_at_hosts
from reconciler.cli.completion import recipe_names
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import invocation
from reconciler.cli.render.images import entry_document, entry_lines, list_lines
from reconciler.cli.render.places import place_documents, place_lines

HOSTS = Annotated[
    bool, typer.Option("--hosts", help="Ask every active host as well: what it holds, what its aliases point at, what uses it.")
]


def images_list(
    context: typer.Context,
    *,
    hosts: HOSTS = False,
    json: Annotated[bool, typer.Option("--json", help="The images as JSON on standard output.")] = False,
) -> None:
    """Show every recipe, and whether its image is built.

    Example: unsandbox images list
    """
    run = invocation(context)
    entries = survey(run.settings)
    places = look_at_hosts(run.settings)[1] if hosts else ()
    if json:
        told = {"hosts": place_documents(places)} if hosts else {}
        run.out.json({"images": [entry_document(entry) for entry in entries], **told})
    else:
        run.out.show([*list_lines(entries), *([(), *place_lines(places, ())] if hosts else [])])
    _end(places)


def images_show(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The recipe.", autocompletion=recipe_names)],
    hosts: HOSTS = False,
    json: Annotated[bool, typer.Option("--json", help="The image as JSON on standard output.")] = False,
) -> None:
    """Show one image: its layers, its digests, its files.

    Example: unsandbox images show golden
    """
    run = invocation(context)
    entry = look(run.settings, name)
    places = look_at_hosts(run.settings)[1] if hosts else ()
    if json:
        told = {"hosts": place_documents(places)} if hosts else {}
        run.out.json({**entry_document(entry), **told})
    else:
        run.out.show([*entry_lines(entry), *([(), *place_lines(places, (name,))] if hosts else [])])
    _end(places)


def _end(places: tuple[Place, ...]) -> None:
    if any(place.why for place in places):
        raise typer.Exit(Exit.FAILED)
