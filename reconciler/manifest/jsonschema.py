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
    return schema
