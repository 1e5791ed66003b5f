"""Types of fields that several kinds share, each with the description that editors and the reference show."""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from reconciler.manifest.units import DURATION_PATTERN, SIZE_PATTERN, duration, size
from reconciler.model.names import NAME_PATTERN, NAME_RULE, is_name

LAST_PORT = 65_535
DOMAIN = r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$"
LABEL_KEY = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
ENV_KEY = r"^[A-Za-z_][A-Za-z0-9_]{0,254}$"
PUBLIC_ID = r"^unsb-pk-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$"
FINGERPRINT = r"^[0-9a-f]{64}$"


class Strict(BaseModel):
    """A part of a manifest: unknown keys are refused, nothing is converted from another type, keys are camelCase."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=False, regex_engine="python-re"
    )


def _name(value: object) -> object:
    if isinstance(value, str) and not is_name(value):
        raise ValueError(f"not a name: {NAME_RULE}")
    return value


def _moment(value: object) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("not a time with a zone: write it like '2027-01-31T00:00:00Z', in quotes")
    return moment.isoformat()


def _network(value: object) -> str:
    try:
        return str(ip_network(value)) if isinstance(value, str) else _refuse_network()
    except ValueError as error:
        raise ValueError(f"not a network: write it like 203.0.113.0/24 ({error})") from error


def _refuse_network() -> str:
    raise ValueError("it must be text")


def _ports(value: object) -> str:
    items = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str | int) else []
    texts = [str(item).strip() for item in items]
    if not texts or not all(re.match(r"^[0-9]{1,5}(-[0-9]{1,5})?$", text) for text in texts):
        raise ValueError("not ports: write 443, '80,443', '8000-8100' or a list of numbers")
    if not all(0 < int(part) <= LAST_PORT for text in texts for part in text.split("-")):
        raise ValueError(f"a port lies between 1 and {LAST_PORT}")
    return ",".join(texts)


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
Size = Annotated[int, BeforeValidator(size), WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["64MiB", "2GiB"]})]
Duration = Annotated[
    int, BeforeValidator(duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["15m", "24h"]})
]
Fingerprint = Annotated[str, Field(pattern=FINGERPRINT)]
Moment = Annotated[str, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Network = Annotated[str, BeforeValidator(_network), WithJsonSchema({"type": "string", "examples": ["203.0.113.0/24"]})]
Ports = Annotated[
    str,
    BeforeValidator(_ports),
    WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
]
Vcpu = Annotated[int, Field(ge=1, le=128)]
Processes = Annotated[int, Field(ge=8, le=1_000_000)]
Port = Annotated[int, Field(ge=1, le=LAST_PORT)]
Domain = Annotated[str, Field(pattern=DOMAIN)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
