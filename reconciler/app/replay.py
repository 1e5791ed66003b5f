"""Making a saved plan again from what it recorded: no host is asked, and the same bytes must come of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.app.planfile import file_text, read_document
from reconciler.app.planning import TOOL, decide
from reconciler.app.recording import restore
from reconciler.app.repository import load_desired
from reconciler.engine.select import Scope
from reconciler.errors import StalePlan, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings


@dataclass(frozen=True, slots=True)
class Replay:
    """``differs`` names the parts of the plan that came out otherwise; empty where every byte is the same."""

    made: Made
    differs: tuple[str, ...]


def replay(settings: Settings, path: Path) -> Replay:
    """Decide again. Raises ``UsageError`` where the file is none of ours, ``StalePlan`` where text or tool are not those it was made by."""
    text, document = read_document(path)
    missing = sorted({"tool", "commit", "dirty", "inputs", "recording", "scope", "rev", "expires"} - document.keys())
    if missing:
        raise UsageError(f"{path} is a plan file with a part missing: {', '.join(missing)}", hint="unsandbox plan --out FILE")
    if document["tool"] != TOOL:
        raise StalePlan(f"P07: {path} was made by {document['tool']}, this is {TOOL}")
    commit = str(document["commit"])
    desired = load_desired(settings, commit if commit and not document["dirty"] else None)
    if desired.commit.digest != document["inputs"]:
        raise StalePlan(
            f"P01: the manifests of {path} are not to be found: it was made from text {str(document['inputs'])[:12]}",
            hint=f"git checkout {commit[:12]}" if commit else "unsandbox plan --out FILE",
        )
    try:
        wanted, observed, ledger = restore(document["recording"], desired)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} holds no recording that can be read: {error}", hint="unsandbox plan --out FILE") from error
    made = decide(wanted, observed, ledger, Scope.parse(tuple(document["scope"])))
    again = file_text(made, str(document["rev"]) or None, int(document["expires"]))
    return Replay(made, () if again == text else _parts(document, json.loads(again)))


def _parts(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))) or ("form of the file",)
