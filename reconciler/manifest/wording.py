"""pydantic's errors in our words: what is wrong, what is accepted, the nearest right name. A secret value is never repeated."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from reconciler.errors import Finding
from reconciler.manifest.reading import Flaw, code_of
from reconciler.manifest.schema import ZERO, Metadata
from reconciler.manifest.yamltext import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from reconciler.manifest.documents import Path

SECRET_KEYS = frozenset({"secret", "secretkey", "secretid", "password", "passphrase", "token", "privatekey"})
HIDDEN = frozenset({"env", "bootstrap"})
"""Fields below which a value is never echoed."""

_TYPES = {
    "string_type": "it must be text (in quotes, if it looks like a number or a truth value)",
    "int_type": "it must be a whole number, without quotes",
    "float_type": "it must be a number, without quotes",
    "bool_type": "it must be true or false",
    "list_type": "it must be a list",
    "dict_type": "it must be a mapping",
    "model_type": "it must be a mapping",
    "missing": "is missing",
}


def findings_of(
    error: ValidationError, model: type, file: str, top: str | int, places: Mapping[Path, tuple[int, int]]
) -> Iterator[Finding]:
    """One finding for each error of ``model`` over the part of a document at ``top``."""
    seen: set[tuple[Path, str]] = set()
    for detail in error.errors(include_url=False):
        path, near = _written((top, *detail["loc"]), places)
        message, hint = _say(detail, model, path)
        if (path, message) not in seen:
            seen.add((path, message))
            written = detail["input"] is not None
            kind = "zero" if message.startswith(ZERO) else detail["type"]
            yield Finding(file, *near, dotted(path), message, hint, code_of(Flaw(kind, path, message, written)))


def _written(location: tuple[int | str, ...], places: Mapping[Path, tuple[int, int]]) -> tuple[Path, tuple[int, int]]:
    """The path as it was written (pydantic adds parts for keys and union members), and the place of its nearest written node."""
    path: Path = tuple(part for part in location if part != "[key]")
    for end in range(len(path), 0, -1):
        if path[:end] in places:
            return path, places[path[:end]]
    return path, places.get((), (1, 1))


def _say(detail: ErrorDetails, model: type, path: Path) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(str(path[-1]), model, path)
    if kind == "literal_error":
        return _choice(detail, context)
    if kind == "value_error":
        return str(context.get("error", detail["msg"])), ""
    if kind in _TYPES:
        return _TYPES[kind] + _got(detail, path), ""
    if kind == "string_pattern_mismatch":
        return f"not of the accepted form{_got(detail, path)}", f"accepted: {context.get('pattern', '')}"
    return detail["msg"][:1].lower() + detail["msg"][1:] + _got(detail, path), ""


def _got(detail: ErrorDetails, path: Path) -> str:
    value = detail["input"]
    if detail["type"] == "missing" or HIDDEN.intersection(path) or not isinstance(value, str | int | float | bool | None):
        return ""
    return f", not {str(value)[:60]!r}" if value is not None else ", and nothing is written"


def _choice(detail: ErrorDetails, context: dict[str, Any]) -> tuple[str, str]:
    accepted = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    near = get_close_matches(str(detail["input"]), accepted.split(", "), 1, 0.5)
    return f"{str(detail['input'])[:60]!r} is not accepted" + (f"; did you mean {near[0]}?" if near else ""), f"accepted: {accepted}"


def _unknown(key: str, model: type, path: Path) -> tuple[str, str]:
    if key.lower().replace("_", "").replace("-", "") in SECRET_KEYS:
        return "unknown key; a secret has no place in a manifest", "unsandbox reads no secret from a repository"
    accepted = _accepted(model, path[1:-1])
    if path[:-1] == ("spec",) and key in _accepted(Metadata, ()):
        return f"unknown key; did you mean metadata.{key}?", f"accepted: {', '.join(accepted)}"
    near = get_close_matches(key, accepted, 1, 0.6)
    return "unknown key" + (f"; did you mean {near[0]}?" if near else ""), f"accepted: {', '.join(accepted)}" if accepted else ""


def _accepted(model: type, path: Path) -> list[str]:
    """Keys that the model at ``path`` below ``model`` takes."""
    for part in path:
        if isinstance(part, int):
            continue
        model = _below(model, str(part)) or model
    if not issubclass(model, BaseModel):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _below(model: type, key: str) -> type | None:
    if not issubclass(model, BaseModel):
        return None
    for name, field in model.model_fields.items():
        if key in {name, field.alias}:
            return _model_in(field.annotation)
    return None


def _model_in(annotation: object) -> type | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found:
            return found
    return None
