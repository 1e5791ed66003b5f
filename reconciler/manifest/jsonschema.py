"""JSON Schemas for editors, from the same models that read the manifests."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from reconciler.manifest.schema import API_VERSION, KINDS, Metadata

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALL = "unsandbox.schema.json"
REFERENCE = "#/$defs/{model}"


def json_schemas() -> dict[str, dict[str, Any]]:
    """File name to schema: one a kind, and ``unsandbox.schema.json`` for any."""
    schemas = {f"{kind.value.lower()}.schema.json": _of(kind.value, model) for kind, model in KINDS.items()}
    schemas[ALL] = {
        "$schema": DIALECT,
        "$id": ALL,
        "title": "A manifest of unsandbox",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": [kind.value for kind in KINDS]}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
                "then": {"$ref": f"{kind.value.lower()}.schema.json"},
            }
            for kind in KINDS
        ],
    }
    return schemas


def _of(kind: str, model: Any) -> dict[str, Any]:
    spec = model.model_json_schema(by_alias=True, ref_template=REFERENCE, schema_generator=GenerateJsonSchema)
    metadata = Metadata.model_json_schema(by_alias=True, ref_template=REFERENCE)
    definitions = {**metadata.pop("$defs", {}), **spec.pop("$defs", {})}
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"{kind.lower()}.schema.json",
        "title": kind,
        "description": spec.get("description", ""),
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}, "metadata": metadata, "spec": spec},
    }
    if definitions:
        schema["$defs"] = definitions
    return {key: _written(value) for key, value in schema.items()}


def _written(part: Any) -> Any:
    """The same part of a schema without null: a key that has no value is refused where manifests are read."""
    if isinstance(part, list):
        return [_written(item) for item in part]
    if not isinstance(part, dict):
        return part
    options = part.get("anyOf", [])
    if {"type": "null"} in options:
        left = [option for option in options if option != {"type": "null"}]
        told = {key: value for key, value in part.items() if key not in {"anyOf", "default"}}
        part = told | (left[0] if len(left) == 1 else {"anyOf": left})
    return {key: _written(value) for key, value in part.items()}
