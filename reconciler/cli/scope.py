"""The options that pick a part of a plan, shared by plan and apply."""

from enum import StrEnum
from typing import Annotated

import typer

from reconciler.cli.completion import everything
from reconciler.engine.select import Scope
from reconciler.model.changes import Action

Only = StrEnum("Only", {action.name: action.value for action in Action if action is not Action.KEEP})  # type: ignore[misc]  # made of Action
"""Actions that can be asked for."""

Target = Annotated[
    list[str] | None,
    typer.Option(
        "--target", metavar="REF", help="Only this object and what it needs; repeatable, * and ? match.", autocompletion=everything
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="REF", help="All but this object; repeatable, * and ? match.", autocompletion=everything),
]
OnlyAction = Annotated[list[Only] | None, typer.Option("--only", metavar="ACTION", help=f"Only these; repeatable: {', '.join(Only)}.")]
Rev = Annotated[str | None, typer.Option("--rev", metavar="REV", help="Read this commit; the checkout is left as it is.")]


def scope_of(target: list[str] | None, exclude: list[str] | None, only: list[Only] | None) -> Scope:
    """The options as one value."""
    return Scope(tuple(target or ()), tuple(exclude or ()), tuple(Action(action.value) for action in only or ()))
