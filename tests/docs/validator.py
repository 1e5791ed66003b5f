"""As much of JSON Schema as ours use. A keyword it does not know is an error, so that none is silently not checked."""

from __future__ import annotations

import re
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
KNOWN = {"$schema", "$id", "$defs", "$ref", "title", "description", "type", "required", "properties", "additionalProperties", "items"}
KNOWN |= {"enum", "const", "pattern", "minimum"}


def wrong(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> list[str]:
    """Everything in ``value`` that ``schema`` forbids, with its path."""
    if unknown := set(schema) - KNOWN:
        raise ValueError(f"{path}: the validator does not know {unknown}")
    if "$ref" in schema:
        return wrong(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, path)
    kind = TYPES.get(schema.get("type", ""), object)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return [f"{path}: {value!r} is no {schema['type']}"]
    found = [f"{path}: {value!r} is not {rule}" for rule, holds in _rules(value, schema) if not holds]
    if isinstance(value, dict):
        found += _object(value, schema, root, path)
    if isinstance(value, list):
        found += [text for number, item in enumerate(value) for text in wrong(item, schema["items"], root, f"{path}[{number}]")]
    return found


def _rules(value: Any, schema: dict[str, Any]) -> list[tuple[str, bool]]:
    return [
        (f"one of {schema.get('enum')}", "enum" not in schema or value in schema["enum"]),
        (f"{schema.get('const')}", "const" not in schema or value == schema["const"]),
        (f"like {schema.get('pattern')}", "pattern" not in schema or re.search(schema["pattern"], value) is not None),
        (f">= {schema.get('minimum')}", "minimum" not in schema or value >= schema["minimum"]),
    ]


def _object(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}: {name} is missing" for name in schema.get("required", []) if name not in value]
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        inner = schema.get("properties", {}).get(name, others)
        if inner is False:
            found.append(f"{path}: {name} is not known")
        elif isinstance(inner, dict):
            found += wrong(item, inner, root, f"{path}.{name}")
    return found
