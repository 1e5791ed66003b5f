"""What things are called: kinds, references, instance names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$"
"""A DNS label that starts with a letter, 50 characters at most, so that every instance name made of it fits LXD's 63."""

_NAME = re.compile(NAME_PATTERN)


class Kind(StrEnum):
    """Kinds of manifest, and ``Cell``: one warm container of a pool, which no manifest declares by itself."""

    SERVICE = "Service"
    SESSION = "Session"
    POOL = "Pool"
    CELL = "Cell"
    IMAGE = "Image"
    TIER = "Tier"
    KEY = "Key"
    POLICY = "Policy"
    HOST = "Host"


_PREFIX = {Kind.SERVICE: "svc-", Kind.SESSION: "ses-", Kind.CELL: "cell-"}


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A reference to one resource, written ``Kind/name``."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read ``Kind/name``, the kind in any case. Raises ``ValueError`` that says what is wrong."""
        kind, slash, name = text.partition("/")
        known = {member.value.lower(): member for member in Kind}
        if not slash or kind.lower() not in known:
            raise ValueError(f"{text!r} is not a reference: write Kind/name with a kind of {', '.join(sorted(known.values()))}")
        if not is_name(name):
            raise ValueError(f"{name!r} is not a name: {NAME_RULE}")
        return cls(known[kind.lower()], name)


NAME_RULE = "lower-case letters, digits and dashes, starting with a letter, ending with a letter or digit, at most 50 characters"


def is_name(text: str) -> bool:
    """Whether ``text`` may name a resource."""
    return _NAME.match(text) is not None


def instance_name(ref: Ref) -> str:
    """The LXD instance that stands for ``ref``; the kind is in the prefix, so equal names of two kinds never collide."""
    return _PREFIX[ref.kind] + ref.name


def cell_ref(pool: str, slot: int) -> Ref:
    """The cell in ``slot`` (from 0) of ``pool``."""
    return Ref(Kind.CELL, f"{pool}-{slot}")


def pool_of(cell: Ref) -> str:
    """The pool a cell belongs to."""
    return cell.name.rpartition("-")[0]
