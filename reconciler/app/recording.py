"""A world as JSON and back, for replaying a plan: every value that decided, and no secret.

The value of an environment variable is kept as what it equals: the place of the same value in the manifests, or a number where it is in
none. The manifests are read again for a replay, so what was equal is equal again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from reconciler.engine.fingerprint import semantic_fingerprint
from reconciler.model.execute import Claim
from reconciler.model.health import Health
from reconciler.model.marks import PREFIX
from reconciler.model.records import Ledger
from reconciler.model.resources import Origin
from reconciler.model.world import Observed
from reconciler.policy.secrets import is_secret

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.model.resources import Desired
    from reconciler.model.world import Instance

NAMES = {"Mapping": Mapping, "datetime": datetime, "Health": Health, "Claim": Claim}
"""What the values' own modules import for checking only."""


def record(made: Made) -> dict[str, object]:
    """The world that ``made`` was decided from."""
    places = _places(made.desired)
    numbers: dict[str, str] = {}
    hosts = {
        name: replace(view, told=None, instances=tuple(_hide(row, places, numbers) for row in view.instances))
        for name, view in made.observed.hosts.items()
    }
    return {
        "observed": _plain(replace(made.observed, hosts=hosts)),
        "ledger": _plain(made.ledger),
        "origin": _plain(made.desired.origin),
    }


def restore(recording: Mapping[str, Any], desired: Desired) -> tuple[Desired, Observed, Ledger]:
    """What ``record`` was given, with the secrets of ``desired`` in their places. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    values = {place: value for value, place in _places(desired).items()}
    observed: Observed = _value(recording["observed"], Observed)
    hosts = {name: replace(view, instances=tuple(_show(row, values) for row in view.instances)) for name, view in observed.hosts.items()}
    ledger: Ledger = _value(recording["ledger"], Ledger)
    origin: Origin = _value(recording["origin"], Origin)
    return replace(desired, origin=origin), replace(observed, hosts=hosts), ledger


def _hidden(key: str) -> bool:
    """What may hold a secret: of a container of ours its environment, of anybody's what is handed to it at its start."""
    return is_secret(key) or (key.startswith(("raw.", "user.")) and not key.startswith(PREFIX))


def _places(desired: Desired) -> dict[str, str]:
    """Value -> the first place in the manifests where it stands."""
    found: dict[str, str] = {}
    for workload in desired.workloads:
        for name, value in workload.env:
            found.setdefault(value, f"={workload.ref}/{name}")
    return found


def _hide(row: Instance, places: Mapping[str, str], numbers: dict[str, str]) -> Instance:
    told = {key: value for key, value in row.config.items() if _hidden(key)}
    if not told:
        return row
    hidden = {key: places.get(value) or numbers.setdefault(value, f"#{len(numbers)}") for key, value in told.items()}
    return replace(row, config={**row.config, **hidden}, recorded=semantic_fingerprint(row))


def _show(row: Instance, values: Mapping[str, str]) -> Instance:
    told = {key: value for key, value in row.config.items() if _hidden(key)}
    return replace(row, config={**row.config, **{key: values.get(value, value) for key, value in told.items()}}) if told else row


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        pairs = sorted((_plain(key), _plain(item)) for key, item in value.items()) if _has_tuple_keys(value) else None
        return [list(pair) for pair in pairs] if pairs is not None else {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _has_tuple_keys(value: Mapping[Any, object]) -> bool:
    return any(isinstance(key, tuple) for key in value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns=NAMES)


def _value(plain: Any, kind: Any) -> Any:
    """The value of ``kind`` that ``_plain`` made ``plain`` of."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return None if plain is None else _value(plain, next(part for part in inner if part is not NoneType))
    if origin is tuple:
        parts = [inner[0]] * len(plain) if inner[1:] == (Ellipsis,) else inner
        return tuple(_value(item, part) for item, part in zip(plain, parts, strict=True))
    if origin is frozenset:
        return frozenset(_value(item, inner[0]) for item in plain)
    if origin is Mapping:
        pairs = plain.items() if isinstance(plain, dict) else plain
        return {_value(key, inner[0]): _value(item, inner[1]) for key, item in pairs}
    return _simple(plain, kind)


def _simple(plain: Any, kind: type) -> Any:
    if is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _value(item, hints[name]) for name, item in plain.items()})
    if kind is datetime:
        return datetime.fromisoformat(plain)
    if issubclass(kind, Enum):
        return kind(plain)
    if not isinstance(plain, kind) and not (kind is float and isinstance(plain, int)):
        raise TypeError(f"{plain!r} is no {kind.__name__}")
    return plain
