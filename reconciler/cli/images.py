"""``unsandbox images``: the commands about images, each in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from reconciler.cli.images_build import images_build
from reconciler.cli.images_gc import images_gc
from reconciler.cli.images_list import images_list, images_show
from reconciler.cli.images_publish import images_publish
from reconciler.cli.images_test import images_test
from reconciler.cli.table import COMMANDS, INNER, epilog

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback(epilog=epilog(COMMANDS["images"]))
def images() -> None:
    """Build images from recipes, test them and bring them to the hosts.

    A recipe is images/NAME/recipe.yaml with the files beside it.
    """


INSIDE: dict[str, Callable[..., None]] = {
    "build": images_build,
    "list": images_list,
    "show": images_show,
    "test": images_test,
    "publish": images_publish,
    "gc": images_gc,
}

for _name, _command in INSIDE.items():
    app.command(_name, epilog=epilog(INNER[f"images {_name}"]))(_command)
