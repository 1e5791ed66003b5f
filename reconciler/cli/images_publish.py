"""``unsandbox images publish``."""

from typing import Annotated

import typer

from reconciler.app.spread.pinning import pin_edits
from reconciler.app.spread.publish import publish
from reconciler.cli.completion import recipe_names
from reconciler.cli.exits import Exit
from reconciler.cli.invocation import acting
from reconciler.cli.render.published import pin_lines, published_document, published_lines
from reconciler.cli.render.trials import Teller
from reconciler.cli.stop import stoppable


def images_publish(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The recipe whose image is published.", autocompletion=recipe_names)],
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="HOST", help="Only there; may be repeated.  [default: every active host]")
    ] = None,
    pin: Annotated[bool, typer.Option("--pin", help="Write the fingerprint into the Image manifest that names the recipe.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What came of it on each host, as JSON on standard output.")] = False,
) -> None:
    """Bring the image that was built last to every active host, and serve it where its tests pass.

    One host gets the file, the others copy it from there. On each host the alias moves when the tests passed there; until then, and
    where they fail, the image before serves. Run again, it goes on where it was left. Example: unsandbox images publish golden --pin
    """
    run = acting(context)
    teller = Teller(run.err, each=False)
    with stoppable(teller) as stop:
        published = publish(run.settings, name, tuple(host or ()), teller.progress, stop)
    # A manifest that pins what some host does not serve would have it brought there untested.
    written = pin and published.whole
    edits = pin_edits(run.settings, published.built, write=written)
    if json:
        run.out.json(published_document(published, edits))
    else:
        run.out.show([*published_lines(published), *pin_lines(edits, published.built, written=written)])
    if pin and not published.whole:
        run.err.say("the manifest was left as it is, for not every host serves the image", "warn")
    if not published.whole:
        raise typer.Exit(Exit.FAILED)
