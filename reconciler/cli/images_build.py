"""``unsandbox images build``."""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.app.images.build import Builder, Outcome
from reconciler.app.images.cache import MUCH
from reconciler.app.images.places import builder, recipes
from reconciler.cli.completion import recipe_names
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import Invocation, invocation
from reconciler.cli.render.error import error_lines
from reconciler.cli.render.images import Stages, build_document, build_lines, large_line, skipped_line
from reconciler.errors import OutOfReach, UnsandboxError, UsageError

CACHE = Annotated[
    Path | None, typer.Option("--cache", metavar="DIR", help="Where layers and downloads are kept.  [default: images/.build/cache]")
]


def images_build(
    context: typer.Context,
    *,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Recipes to build.", autocompletion=recipe_names)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every recipe; those that cannot be had on this machine are skipped.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make every layer anew, with the packages that the mirror has today.")] = False,
    cache: CACHE = None,
    json: Annotated[bool, typer.Option("--json", help="What was built, as JSON on standard output.")] = False,
) -> None:
    """Build images from their recipes.

    Layers that are there are taken; the image before stays until the one after it is whole. Needs root. Example:
    unsandbox images build golden
    """
    run = invocation(context)
    if bool(names) == every:
        raise UsageError("name the recipes to build, or all of them with --all", hint="unsandbox images list")
    wanted = list(names or []) if not every else list(recipes(run.settings).names)
    with Stages(run.err) as stages:
        made = builder(run.settings, cache, stages.listen)
        outcomes, failed = _build(run, made, wanted, fresh=fresh, skip=every)
    if json:
        run.out.json({"images": [build_document(outcome) for outcome in outcomes]})
    else:
        run.out.show(build_lines(outcomes))
    if (size := made.cache.size()) > MUCH:
        run.err.tell([large_line(made.cache.folder, size)])
    if failed:
        raise typer.Exit(Exit.FAILED)


def _build(run: Invocation, made: Builder, names: list[str], *, fresh: bool, skip: bool) -> tuple[list[Outcome], bool]:
    """Each in its turn. Where all are built, one that fails does not hold the others up."""
    outcomes: list[Outcome] = []
    failed = False
    for name in names:
        try:
            outcomes.append(made.build(name, fresh=fresh))
        except OutOfReach as error:
            if not skip:
                raise
            run.err.tell([skipped_line(name, error.message)])
        except UnsandboxError as error:
            if not skip:
                raise
            failed = True
            run.err.tell(error_lines(error))
    return outcomes, failed
