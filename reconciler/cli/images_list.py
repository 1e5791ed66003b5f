"""``unsandbox images list`` and ``unsandbox images show``."""

from typing import Annotated

import typer

from reconciler.app.images.survey import look, survey
from reconciler.cli.completion import recipe_names
from reconciler.cli.invocation import invocation
from reconciler.cli.render.images import entry_document, entry_lines, list_lines


def images_list(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="The images as JSON on standard output.")] = False,
) -> None:
    """Show every recipe, and whether its image is built.

    Example: unsandbox images list
    """
    run = invocation(context)
    entries = survey(run.settings)
    if json:
        run.out.json({"images": [entry_document(entry) for entry in entries]})
    else:
        run.out.show(list_lines(entries))


def images_show(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The recipe.", autocompletion=recipe_names)],
    json: Annotated[bool, typer.Option("--json", help="The image as JSON on standard output.")] = False,
) -> None:
    """Show one image: its layers, its digests, its files.

    Example: unsandbox images show golden
    """
    run = invocation(context)
    entry = look(run.settings, name)
    if json:
        run.out.json(entry_document(entry))
    else:
        run.out.show(entry_lines(entry))
