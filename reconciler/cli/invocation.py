"""What one run of the command shares with its commands: settings, and where text goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import Defect, Refused, UsageError
from reconciler.manifest.units import duration
from reconciler.model.names import Ref
from reconciler.policy.refuse_access import is_person

if TYPE_CHECKING:
    import typer

    from reconciler.app.settings import Settings
    from reconciler.cli.render.screen import Screen


@dataclass(frozen=True, slots=True)
class Invocation:
    """``out`` is standard output, for results only; ``err`` is for everything else."""

    settings: Settings
    out: Screen
    err: Screen


def invocation(context: typer.Context) -> Invocation:
    """The one that the main command made for this run."""
    made = context.find_root().obj
    if not isinstance(made, Invocation):
        raise Defect("a command ran before the main command set it up")
    return made


def acting(context: typer.Context) -> Invocation:
    """As ``invocation``, for what changes something: whoever does it has a name. Raises ``Refused``."""
    made = invocation(context)
    if not is_person(made.settings.actor):
        raise Refused(
            f"{made.settings.actor or 'nobody'} is an account, not a person, and what is done must be somebody's doing",
            hint=f"unsandbox --actor NAME {_typed(context)} ... (or once: export UNSANDBOX_ACTOR=NAME)",
            rule="A15",
        )
    return made


def _typed(context: typer.Context) -> str:
    """The words of the command behind ``unsandbox``."""
    return context.command_path.removeprefix(context.find_root().command_path).strip()


def seconds(context: typer.Context, option: str, text: str, bounds: tuple[float, float] = (0, math.inf)) -> int:
    """Read the duration that was given to ``option``, such as ``12h``, within ``bounds`` in seconds. Raises ``UsageError``."""
    try:
        found = duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}", hint=f"{context.command_path} --help") from error
    if not bounds[0] <= found <= bounds[1]:
        told = f"{option} {text!r}: {found} s is not from {bounds[0]:g} to {bounds[1]:g} s"
        raise UsageError(told, hint=f"{context.command_path} --help")
    return found


def reference(text: str) -> Ref:
    """Read ``Kind/name`` as typed. Raises ``UsageError``."""
    try:
        return Ref.parse(text)
    except ValueError as error:
        raise UsageError(str(error), hint="unsandbox status") from error
