"""YAML text to plain values that remember where each node stood. Strict: duplicates, tags, bombs and YAML 1.1 surprises are findings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from reconciler.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifest.documents import Path

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

MAX_NODES = 100_000
MAX_DEPTH = 32

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BOOL = {"true": True, "false": False}
_SURPRISE = re.compile(r"^(?:y|n|yes|no|on|off)$", re.IGNORECASE)
_INT = re.compile(r"^-?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$")
_ODD_NUMBER = re.compile(
    r"^[-+]?(?:0[0-9_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*|[0-9]+(?::[0-5]?[0-9])+|\.[0-9]+|[0-9.]+[eE][-+]?[0-9]+)$"
)


@dataclass
class Parsed:
    """One document as plain values, with its places and what is wrong with its text."""

    value: Plain
    places: dict[Path, tuple[int, int]]
    line: int
    findings: list[Finding] = field(default_factory=list)


def parse(file: str, text: str) -> Iterator[Parsed]:
    """Every document of one file. A text that is no YAML gives one document with a finding and no value."""
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            if node is not None and not _is_nothing(node):
                yield _Reader(file).read(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        yield Parsed(
            None, {}, line, [Finding(file, line, column, "", f"not YAML: {error.problem or error.context}", hint="check the indentation")]
        )
    except yaml.YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        reason = getattr(error, "reason", None) or "unreadable"
        yield Parsed(None, {}, line, [Finding(file, line, 1 if line else 0, "", f"not YAML: {reason}")])
    except RecursionError:
        yield Parsed(None, {}, 0, [Finding(file, 0, 0, "", f"nested deeper than {MAX_DEPTH}")])


def _is_nothing(node: yaml.Node) -> bool:
    """A document of comments only."""
    return isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._places: dict[Path, tuple[int, int]] = {}
        self._findings: list[Finding] = []
        self._count = 0

    def read(self, node: yaml.Node) -> Parsed:
        value = self._value(node, ())
        return Parsed(value, self._places, node.start_mark.line + 1, self._findings)

    def _find(self, node: yaml.Node, path: Path, message: str, hint: str = "") -> None:
        mark = node.start_mark
        self._findings.append(Finding(self._file, mark.line + 1, mark.column + 1, dotted(path), message, hint))

    def _value(self, node: yaml.Node, path: Path) -> Plain:
        self._places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._count += 1
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            if self._count <= MAX_NODES + 1:
                self._find(node, path, f"more than {MAX_NODES} values or {MAX_DEPTH} levels, aliases counted as often as they are used")
                self._count = MAX_NODES + 1
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Plain]:
        result: dict[str, Plain] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._find(key_node, path, "a key must be plain text")
                continue
            key = str(key_node.value)
            if key == "<<":
                self._find(key_node, path, "merge keys are not read; write the values out")
            elif key in first:
                self._find(key_node, (*path, key), f"written twice; first on line {first[key]}")
            else:
                first[key] = key_node.start_mark.line + 1
                result[key] = self._value(value_node, (*path, key))
                self._places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> Plain:  # noqa: PLR0911 - one return a form of scalar
        text = str(node.value)
        if getattr(node, "style", None) in {'"', "'", "|", ">"}:
            return text
        if node.tag not in _KNOWN_TAGS:
            self._find(node, path, f"the tag {node.tag} is not read")
            return None
        if text in {"", "~", "null"}:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _SURPRISE.match(text) or text in {"True", "TRUE", "False", "FALSE", "Null", "NULL"}:
            self._find(node, path, f"{text} may be read as a truth value", hint=f"write true, false, or '{text}' in quotes")
            return text
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        if _ODD_NUMBER.match(text):
            self._find(node, path, f"{text} may be read as another number", hint=f"write it in plain digits, or '{text}' in quotes")
        return text


_KNOWN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"))


def dotted(path: Path) -> str:
    """``spec.ports[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text
