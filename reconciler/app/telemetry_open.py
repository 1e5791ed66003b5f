"""Putting a loop's telemetry together: where its log goes, and the events file of its state folder."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.telemetry import Telemetry
from reconciler.app.telemetry_log import Libraries, Log
from reconciler.model.telling import Level, Telling, Told
from reconciler.store.events import DAYS, FILE_NAME
from reconciler.store.keeping import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from reconciler.app.settings import Settings
    from reconciler.app.telemetry_health import Patience


def oldest() -> str:
    """The time before which rows of the events file go."""
    return (now() - timedelta(days=DAYS)).isoformat(timespec="milliseconds")


@contextmanager
def telemetry(
    settings: Settings,
    stream: TextIO,
    *,
    as_json: bool,
    colour: bool = False,
    least: Level = Level.INFO,
    patience: Patience | None = None,
) -> Iterator[Telemetry]:
    """The telemetry of a process: its log on ``stream``, its events in the state folder. What libraries log goes the same way."""
    log = Log(stream, as_json=as_json, colour=colour, least=least)

    def failing(why: str) -> None:
        # Into the log alone: the file is what cannot be written.
        state, level = ("unkept", Level.WARNING) if why else ("kept", Level.INFO)
        log.write(Telling(now().isoformat(timespec="milliseconds"), Told.NOTE, level, state, detail=why))

    keeper = Keeper(settings.state_dir / FILE_NAME, oldest, failing)
    with Telemetry(log, keeper, patience) as made:
        libraries = Libraries(made.library)
        libraries.install()
        try:
            yield made
        finally:
            libraries.remove()
