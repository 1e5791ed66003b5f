"""The JSON Schemas on disk, for editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.manifest.jsonschema import json_schemas

if TYPE_CHECKING:
    from pathlib import Path


def write_schemas(directory: Path, *, check: bool) -> tuple[Path, ...]:
    """Bring ``directory`` to the current schemas and give back what differed; with ``check`` nothing is written."""
    changed = []
    for name, schema in json_schemas().items():
        path = directory / name
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        try:
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            changed.append(path)
            if not check:
                directory.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", hint="unsandbox schema --directory DIR") from error
    return tuple(changed)
