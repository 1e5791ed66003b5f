"""Pinning an image in the text of its manifest: the values change, and every other character, comments too, stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from reconciler.model.names import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Edit:
    """One value of one file, ``line`` from 1."""

    file: str
    line: int
    path: str
    old: str
    new: str


def pin(file: str, text: str, name: str, values: Mapping[str, str]) -> tuple[str, tuple[Edit, ...]]:
    """The text with ``values`` (key of the spec -> value) in the Image ``name``, and what differs. A key that is not there stays away."""
    edits: list[tuple[yaml.Node, Edit]] = []
    for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if _value(node, "kind") != Kind.IMAGE.value or _value(_child(node, "metadata"), "name") != name:
            continue
        for key, new in values.items():
            found = _child(_child(node, "spec"), key)
            if isinstance(found, yaml.ScalarNode) and found.value != new:
                edits.append((found, Edit(file, found.start_mark.line + 1, f"spec.{key}", str(found.value), new)))
    for found, edit in sorted(edits, key=lambda pair: -pair[0].start_mark.index):
        text = text[: found.start_mark.index] + edit.new + text[found.end_mark.index :]
    return text, tuple(edit for _, edit in edits)


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in _entries(node) if name == key), None)


def _value(node: yaml.Node | None, key: str) -> str:
    found = _child(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
