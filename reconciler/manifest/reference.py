"""The reference of the manifests, written from the models that read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.manifest.schema import API_VERSION, KINDS, Metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

HEAD = f"""\
# Manifests

Every document has `apiVersion: {API_VERSION}`, `kind`, `metadata` and `spec`; a file may hold several. `Host` documents stand in
`inventory/`, all others in `manifests/` (or, written by programs, in `state/`). Unknown keys are errors. Sizes need a unit (`64MiB`,
`2GiB`), durations too (`15m`, `24h`).
"""


def reference_markdown() -> str:
    """The whole page."""
    parts = [HEAD, "## metadata\n", fields_table(Metadata)]
    for kind, model in KINDS.items():
        parts += [f"## {kind.value}\n", f"{(model.__doc__ or '').strip()}\n", fields_table(model)]
    return "\n".join(parts)


def fields_table(model: type[BaseModel]) -> str:
    """A row for each field of a model, those of its parts as well."""
    schema = model.model_json_schema(by_alias=True)
    rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{path}` | {kind} | {default} | {meaning} |" for path, kind, default, meaning in _fields(schema, schema.get("$defs", {}), "")
    ]
    return "\n".join(rows) + "\n"


def _fields(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        inner, many = _inner(field, definitions)
        default = "required" if name in required else _default(field)
        path = f"{prefix}{name}" + ("[]" if many and inner else "")
        yield path, _type(field, inner), default, str(field.get("description", "")).replace("|", "\\|")
        if inner:
            yield from _fields(inner, definitions, f"{path}.")


def _inner(field: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """The model inside a field, and whether it is in a list."""
    for option in (field, *field.get("anyOf", ()), *field.get("allOf", ())):
        if "$ref" in option:
            return definitions[option["$ref"].rsplit("/", 1)[-1]], False
        if option.get("type") == "array" and "$ref" in option.get("items", {}):
            return definitions[option["items"]["$ref"].rsplit("/", 1)[-1]], True
    return None, False


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return "" if value in (None, "", [], {}) or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _type(field: dict[str, Any], inner: dict[str, Any] | None) -> str:
    if "enum" in field:
        return " \\| ".join(f"`{value}`" for value in field["enum"])
    options = [option for option in field.get("anyOf", (field,)) if option.get("type") != "null"]
    first = options[0] if options else field
    if inner:
        return "list" if first.get("type") == "array" else "mapping"
    if first.get("type") == "array":
        return f"list of {_type(first.get('items', {}), None)}"
    examples = ", ".join(f"`{example}`" for example in first.get("examples", ()))
    return (
        f"text, such as {examples}"
        if examples
        else {"string": "text", "object": "mapping", "integer": "whole number"}.get(first.get("type", ""), first.get("type", "any"))
    )
