"""Waking the loop from another process: a file whose change it watches for. It says nothing but "look again"."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.files import make_folder, write_over

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings

FOLDER, FILE_NAME = "wake", "wake"


def poke_folder(settings: Settings) -> Path:
    """What a loop watches; a folder of its own, for beside it the journal changes all the time."""
    return settings.state_dir / FOLDER


def poke(settings: Settings) -> None:
    """Have a loop that runs look at once. Where it cannot be told it looks later by itself, so that is no error."""
    with suppress(OSError):
        make_folder(poke_folder(settings))
        write_over(poke_folder(settings) / FILE_NAME, f"{stamp()}\n")
