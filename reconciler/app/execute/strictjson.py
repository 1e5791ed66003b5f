"""JSON that a runner says, which is anybody's text: read strictly, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_SECONDS = 8 * 1000
MICROS = MOST_SECONDS * 1_000_000
MOST_BYTES = 1 << 50
MOST_COUNT = 1 << 20
HASH_LENGTH = 64


class Doubtful(Exception):
    """What a runner said is not what one says. ``str`` is why, in plain words of ours."""


def read(payload: bytes, fields: Mapping[str, Callable[[Any], bool]], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The document, of exactly these fields, each as its check wants it. Raises ``Doubtful``."""
    try:
        document = json.loads(payload.decode(), parse_constant=_no_number, parse_float=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Doubtful("it said what is no JSON") from error
    if not isinstance(document, dict) or set(document) - optional != set(fields) - optional or not set(document) <= set(fields):
        raise Doubtful("it said other fields than there are")
    for name, fits in fields.items():
        if name in document and not fits(document[name]):
            raise Doubtful(f"it said no sound {name}")
    return document


def _no_number(text: str) -> float:
    raise ValueError(text[:8])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field twice")
    return found


def shown(text: str) -> str:
    """A text as it may be stored and shown: half letters and what moves a cursor are no part of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def number(least: int, most: int) -> Callable[[Any], bool]:
    """Whether it is a whole number within these, ends included."""
    return lambda value: type(value) is int and least <= value <= most


def number_or_none(least: int, most: int) -> Callable[[Any], bool]:
    """The same, or nothing."""
    fits = number(least, most)
    return lambda value: value is None or fits(value)


def text(most: int) -> Callable[[Any], bool]:
    """Whether it is a text of so many characters at most."""
    return lambda value: isinstance(value, str) and len(value) <= most


def one_of(choices: frozenset[str]) -> Callable[[Any], bool]:
    """Whether it is one of these."""
    return lambda value: isinstance(value, str) and value in choices


def texts(most: int, longest: int) -> Callable[[Any], bool]:
    """Whether it is a list of texts."""
    fits = text(longest)
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(fits, value))


def digest(value: Any) -> bool:
    """Whether it is a SHA-256 in lower case hex."""
    return isinstance(value, str) and len(value) == HASH_LENGTH and not set(value) - set("0123456789abcdef")


def pairs(most: int, longest: int) -> Callable[[Any], bool]:
    """Whether it is a list of pairs of texts."""
    fits = texts(2, longest)
    return lambda value: isinstance(value, list) and len(value) <= most and all(fits(pair) and len(pair) == len("ab") for pair in value)


def numbers(names: frozenset[str], most: int) -> Callable[[Any], bool]:
    """Whether it is a map of some of these names to numbers."""
    fits = number(0, most)
    return lambda value: isinstance(value, dict) and set(value) <= names and all(map(fits, value.values()))
