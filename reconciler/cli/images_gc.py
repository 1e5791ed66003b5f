"""``unsandbox images gc``."""

from typing import Annotated

import typer

from reconciler.app.images.collect import collect
from reconciler.cli.images_build import CACHE
from reconciler.cli.invocation import invocation
from reconciler.cli.render.images import freed_document, freed_lines


def images_gc(
    context: typer.Context,
    *,
    cache: CACHE = None,
    json: Annotated[bool, typer.Option("--json", help="What was dropped, as JSON on standard output.")] = False,
) -> None:
    """Drop layers, downloads and files of images that no recipe and no manifest names.

    What a manifest pins stays, by name or by fingerprint. Example: unsandbox images gc
    """
    run = invocation(context)
    freed = collect(run.settings, cache)
    if json:
        run.out.json(freed_document(freed))
    else:
        run.out.show(freed_lines(freed))
