"""What is to be run: the JSON of an `R` frame, read strictly. What is missing, of another type or beyond its bound is refused."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from reconciler.runner.frames import Broken

KIB = 1024
MIB = KIB * KIB
MOST_INPUT = 64 * MIB
"""Bytes of code and input files together, which are held in memory."""
MOST_FILES = 256
MOST_WORDS = 1024
MOST_NAME = 255
MOST_DEPTH = 8
BOUNDS = {
    "seconds": (1, 900),
    "cpu_seconds": (1, 8 * 900),
    "memory": (16 * MIB, 64 * KIB * MIB),
    "disk": (MIB, 64 * KIB * MIB),
    "processes": (1, 4096),
    "output": (0, 1024 * MIB),
}
ARTIFACTS = {"count": (0, 1000), "bytes": (0, 1024 * MIB), "each": (0, 1024 * MIB)}


class File(NamedTuple):
    """A file to come: its path under the folder it belongs to, and its size in bytes."""

    name: str
    size: int


class Spec(NamedTuple):
    """One run. Times in seconds, sizes in bytes."""

    compile: tuple[str, ...]
    run: tuple[str, ...]
    source: File
    """The code, which is the first file to come; it goes into the working folder."""
    environment: dict[str, str]
    seconds: int
    cpu_seconds: int
    memory: int
    disk: int
    processes: int
    output: int
    """Of standard output and standard error together."""
    network: str
    """``none`` or ``egress``."""
    inputs: tuple[File, ...]
    artifacts: dict[str, int]
    """``count``, ``bytes`` (all together) and ``each``."""
    zygote: str
    """``python`` or nothing."""


def parse(payload: bytes) -> Spec:
    """The spec in a payload. Raises ``Broken``."""
    try:
        document = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise Broken(f"a spec that is no JSON ({type(error).__name__})") from error
    if not isinstance(document, dict) or set(document) != set(Spec._fields) | {"code"}:
        raise Broken("a spec with other fields than it has")
    spec = Spec(
        compile=_words(document, "compile", 0),
        run=_words(document, "run", 1),
        source=File(_name(document["source"]), _number(document["code"], "code", (0, MOST_INPUT))),
        environment=_environment(document["environment"]),
        **{name: _number(document[name], name, bounds) for name, bounds in BOUNDS.items()},
        network=_one_of(document, "network", ("none", "egress")),
        inputs=_files(document["inputs"]),
        artifacts=_numbers(document["artifacts"]),
        zygote=_one_of(document, "zygote", ("", "python")),
    )
    if spec.source.size + sum(file.size for file in spec.inputs) > MOST_INPUT:
        raise Broken(f"more than {MOST_INPUT} bytes of input")
    return spec


def _words(document: dict[str, Any], name: str, least: int) -> tuple[str, ...]:
    words = document[name]
    if not isinstance(words, list) or not least <= len(words) <= MOST_WORDS or not all(_text(word) for word in words):
        raise Broken(f"{name} is no list of words")
    return tuple(words)


def _text(value: object) -> bool:
    """Whether it can be an argument: text that is UTF-8 and has no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(value: object) -> str:
    parts = value.split("/") if isinstance(value, str) and _text(value) else []
    proper = all(0 < len(part.encode()) <= MOST_NAME and part not in {".", ".."} and part.isprintable() for part in parts)
    if not proper or not 0 < len(parts) <= MOST_DEPTH:
        raise Broken("a file name that may lead elsewhere")
    return "/".join(parts)


def _environment(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_text(key) and key and "=" not in key and _text(text) for key, text in value.items()):
        raise Broken("environment is no map of texts")
    return value


def _number(value: object, name: str, bounds: tuple[int, int]) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise Broken(f"{name} is no number from {bounds[0]} to {bounds[1]}")
    return value


def _numbers(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or set(value) != set(ARTIFACTS):
        raise Broken("artifacts has other fields than it has")
    return {name: _number(value[name], f"artifacts.{name}", bounds) for name, bounds in ARTIFACTS.items()}


def _one_of(document: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    if document[name] not in choices:
        raise Broken(f"{name} is none of {', '.join(map(repr, choices))}")
    return str(document[name])


def _files(value: object) -> tuple[File, ...]:
    if (
        not isinstance(value, list)
        or len(value) > MOST_FILES
        or not all(isinstance(row, dict) and set(row) == {"name", "size"} for row in value)
    ):
        raise Broken("inputs is no list of files")
    files = tuple(File(_name(row["name"]), _number(row["size"], "inputs.size", (0, MOST_INPUT))) for row in value)
    if len({file.name for file in files}) < len(files):
        raise Broken("two input files of one name")
    return files
