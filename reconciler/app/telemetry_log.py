"""The log of the loop: one JSON object a line, or a readable line on a terminal. Only fields that are named here are ever written."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from reconciler.model.telling import Level
from reconciler.policy.lines import line

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import TextIO

    from reconciler.model.telling import Telling

FIELDS = {
    "at": "time",
    "level": "level",
    "kind": "event",
    "state": "state",
    "pass_id": "pass",
    "host": "host",
    "ref": "ref",
    "action": "action",
    "code": "code",
    "detail": "detail",
    "seconds": "seconds",
    "changes": "changes",
    "refusals": "refusals",
    "process": "process",
}
"""Field of a ``Telling`` -> its name in a line, in the order of a line."""
_ORDER = tuple(FIELDS.values())
_LEVELS = {Level.DEBUG: logging.DEBUG, Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


class Log:
    """Writes to ``stream`` what matters at least as much as ``least``. A stream that nobody reads any more is no error."""

    def __init__(self, stream: TextIO, *, as_json: bool, colour: bool = False, least: Level = Level.INFO) -> None:
        self._least = _LEVELS[least]
        renderer = structlog.processors.JSONRenderer() if as_json else _console(colour=colour)
        self._logger: Any = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[structlog.processors.add_log_level, known, masked, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(self._least),
        )

    def wants(self, level: Level) -> bool:
        """Whether what matters so much is written."""
        return _LEVELS[level] >= self._least

    def write(self, told: Telling) -> None:
        """One line."""
        values = {name: getattr(told, field) for field, name in FIELDS.items()}
        event = values.pop("event")
        del values["level"]
        with suppress(OSError, ValueError):
            self._logger.log(_LEVELS[told.level], event.value, **values)


def known(_logger: object, _method: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nothing but the fields of a line, those that hold something, in their order."""
    return {name: values[name] for name in _ORDER if values.get(name) not in {None, "", 0}}


def masked(_logger: object, _method: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text on one line, and without what looks like a secret."""
    return {name: line(value) if isinstance(value, str) else round(value, 4) for name, value in values.items()}


def _console(*, colour: bool) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=colour, timestamp_key="time", sort_keys=False, pad_event_to=8, pad_level=True)


class Libraries(logging.Handler):
    """Takes over what libraries log, from warnings on. Their words without the values, which may be anything."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one record."""
        with suppress(Exception):
            self._tell(f"{record.name}: {record.msg}" if isinstance(record.msg, str) else record.name)

    def install(self) -> None:
        """From here on, for every logger of the process."""
        logging.getLogger().addHandler(self)

    def remove(self) -> None:
        """As it was before."""
        logging.getLogger().removeHandler(self)
