"""Every package in an image's root with its version, as a CycloneDX document: Debian's from dpkg, PyPI's and npm's from their own notes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "CycloneDX"
VERSION = "1.5"
MOST = 4 << 20
"""Bytes of the largest note that is read."""
WHERE_PYTHON = ("usr/lib/python3", "usr/local/lib")
WHERE_NODE = ("usr/local/lib/node_modules", "usr/share/nodejs", "usr/lib/nodejs")

Row = tuple[str, str, str, str]
"""Registry, name, version and what else its address says."""


def document(name: str, root: Path) -> dict[str, object]:
    """The document about the image ``name``. It holds no time and no serial number: the same packages give the same document."""
    rows = sorted({*_debian(root), *_alpine(root), *_pypi(root), *_npm(root)})
    return {
        "bomFormat": FORMAT,
        "specVersion": VERSION,
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name}},
        "components": [
            {
                "type": "library",
                "name": name.removeprefix("debian/").removeprefix("alpine/").replace("%40", "@"),
                "version": version,
                "purl": f"pkg:{kind}/{quote(name, safe='/%')}@{quote(version)}{more}",
            }
            for kind, name, version, more in rows
        ],
    }


def _debian(root: Path) -> Iterator[Row]:
    for paragraph in _text(root / "var/lib/dpkg/status").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and not line.startswith(" "))
        if fields.get("Status", "").endswith(" installed"):
            yield "deb", f"debian/{fields['Package']}", fields.get("Version", ""), f"?arch={fields.get('Architecture', '')}"


def _alpine(root: Path) -> Iterator[Row]:
    for paragraph in _text(root / "lib/apk/db/installed").split("\n\n"):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines() if ":" in line)
        if "P" in fields:
            yield "apk", f"alpine/{fields['P']}", fields.get("V", ""), f"?arch={fields.get('A', '')}"


def _pypi(root: Path) -> Iterator[Row]:
    for place in WHERE_PYTHON:
        for note in (root / place).rglob("*.dist-info/METADATA"):
            fields = dict(line.split(": ", 1) for line in _text(note).partition("\n\n")[0].splitlines() if ": " in line)
            if "Name" in fields:
                yield "pypi", fields["Name"].lower(), fields.get("Version", ""), ""


def _npm(root: Path) -> Iterator[Row]:
    for place in WHERE_NODE:
        for note in (root / place).rglob("package.json"):
            try:
                found = json.loads(_text(note) or "{}")
            except ValueError:
                continue
            if isinstance(found, dict) and isinstance(found.get("name"), str) and isinstance(found.get("version"), str):
                yield "npm", found["name"].replace("@", "%40"), found["version"], ""


def _text(path: Path) -> str:
    """What a file holds; "" where it is none, or larger than any such."""
    try:
        if path.is_symlink() or path.stat().st_size > MOST * (8 if path.name == "status" else 1):
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    # Run within the namespaces in which the image's root is mounted.
    image, place, into = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    into.write_text(json.dumps(document(image, place), indent=1) + os.linesep, encoding="utf-8")
