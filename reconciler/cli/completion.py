"""What the shell completes: references from the manifests. Quick and quiet: whatever cannot be read is not offered."""

import re
from collections.abc import Iterator
from pathlib import Path

import typer

from reconciler.app.repository import FOLDERS
from reconciler.model.names import Kind, is_name

MAX_FILES = 500
MAX_SIZE = 256 * 1024
_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
_KIND = re.compile(r"^kind:\s*[\"']?(\w+)", re.MULTILINE)
_NAME = re.compile(r"^metadata:(?:\s*\{[^}\n]*?|(?:\s*\n(?:[ \t].*\n)*?)[ \t]+)\bname:\s*[\"']?([a-z0-9-]+)", re.MULTILINE)

_ROW = re.compile(r"^- name: ([a-z0-9]+)$", re.MULTILINE)
CATALOGUE = "images/languages.yaml"


def workloads(context: typer.Context, incomplete: str) -> list[str]:
    """References of services and sessions."""
    return _offer(context, incomplete, {Kind.SERVICE, Kind.SESSION})


def everything(context: typer.Context, incomplete: str) -> list[str]:
    """References of every kind that a manifest can declare."""
    return _offer(context, incomplete, set(Kind))


def _offer(context: typer.Context, incomplete: str, kinds: set[Kind]) -> list[str]:
    try:
        root = Path(context.find_root().params.get("directory") or ".")
        found = {f"{kind}/{name}" for kind, name in _declared(root) if kind in kinds}
    except (OSError, ValueError):
        return []
    return sorted(ref for ref in found if ref.startswith(incomplete))


def _declared(root: Path) -> Iterator[tuple[Kind, str]]:
    known = {kind.value: kind for kind in Kind}
    for text in _texts(root):
        for document in _DOCUMENT.split(text):
            kind, name = _KIND.search(document), _NAME.search(document)
            if kind and name and kind.group(1) in known and is_name(name.group(1)):
                yield known[kind.group(1)], name.group(1)


def _texts(root: Path) -> Iterator[str]:
    files = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.y*ml"))]
    for path in files[:MAX_FILES]:
        if path.stat().st_size <= MAX_SIZE:
            yield path.read_text(encoding="utf-8", errors="replace")


def recipe_names(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the recipes of images."""
    try:
        root = Path(context.find_root().params.get("directory") or ".")
        return sorted(path.parent.name for path in root.glob("images/*/recipe.yaml") if path.parent.name.startswith(incomplete))
    except OSError:
        return []


def pools(context: typer.Context, incomplete: str) -> list[str]:
    """Names of pools."""
    return [ref.partition("/")[2] for ref in _offer(context, f"{Kind.POOL}/{incomplete}", {Kind.POOL})]


def languages(context: typer.Context, incomplete: str) -> list[str]:
    """Names of languages of the catalogue."""
    try:
        root = Path(context.find_root().params.get("directory") or ".")
        found = _ROW.findall((root / CATALOGUE).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []
    return sorted(name for name in found if name.startswith(incomplete))
