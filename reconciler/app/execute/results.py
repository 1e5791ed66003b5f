"""What came of a run, as JSON and back: for the store, for ``--json``, and for whoever asks from outside."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.errors import StateError
from reconciler.model.names import Ref
from reconciler.model.run import Artifact, Ending, Receipt, RunResult, Stage, Times

if TYPE_CHECKING:
    from reconciler.errors import UnsandboxError

Document = dict[str, Any]
SIX_LETTERS = "\\u0000"
_LONG = bytes(letter for letter in range(32) if letter not in b"\b\t\n\f\r")
"""What JSON writes so."""
_PLAIN = ("language", "exit_code", "signal", "cpu", "peak", "host")


def document_of(result: RunResult) -> Document:
    """All of it. Text where it is UTF-8 that JSON can show, and Base64 else: ``stdout`` or ``stdout_base64``, never both.

    Artifacts always are Base64.
    """
    return {
        "ending": result.ending.value,
        "stage": result.stage.value,
        **{name: getattr(result, name) for name in _PLAIN},
        **_said("stdout", result.stdout),
        **_said("stderr", result.stderr),
        "truncated": list(result.truncated),
        "artifacts": [{"name": found.name, "base64": b64encode(found.data).decode()} for found in result.artifacts],
        "refused": [{"name": name, "why": why} for name, why in result.refused],
        "times": asdict(result.times),
        "cell": str(result.cell) if result.cell else None,
        "receipt": {**asdict(result.receipt), "doubts": list(result.receipt.doubts)},
    }


def failure_of(error: UnsandboxError) -> Document:
    """Of a run that never came to a result: why not."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def text_of(document: Document) -> str:
    """As it is stored."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def stored(text: str) -> RunResult | Document:
    """What was stored: a result, or the document of a failure. Raises ``StateError`` where it is neither."""
    try:
        document = json.loads(text)
        return document if "error" in document else result_of(document)
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"what is stored of a job cannot be read ({type(error).__name__})", hint="unsandbox jobs") from error


def result_of(document: Document) -> RunResult:
    """The value behind ``document_of``. Raises ``ValueError``, ``KeyError`` or ``TypeError``."""
    receipt = document["receipt"]
    return RunResult(
        ending=Ending(document["ending"]),
        stage=Stage(document["stage"]),
        **{name: document[name] for name in _PLAIN},
        stdout=_heard("stdout", document),
        stderr=_heard("stderr", document),
        truncated=tuple(document["truncated"]),
        artifacts=tuple(Artifact(found["name"], b64decode(found["base64"], validate=True)) for found in document["artifacts"]),
        refused=tuple((found["name"], found["why"]) for found in document["refused"]),
        times=Times(**document["times"]),
        cell=Ref.parse(document["cell"]) if document["cell"] else None,
        receipt=Receipt(**{**receipt, "doubts": tuple(receipt["doubts"])}),
    )


def _said(name: str, data: bytes) -> Document:
    try:
        if not _swells(data):
            return {name: data.decode()}
    except UnicodeDecodeError:
        pass
    return {f"{name}_base64": b64encode(data).decode()}


def _swells(data: bytes) -> bool:
    """Whether as text it would be longer than as Base64: JSON has six letters for a NUL, so that a store would fill six times as fast."""
    swollen = (len(SIX_LETTERS) - 1) * (len(data) - len(data.translate(None, _LONG)))
    return swollen > len(data) // 3


def _heard(name: str, document: Document) -> bytes:
    if name in document:
        return str(document[name]).encode()
    return b64decode(document[f"{name}_base64"], validate=True)
