"""What semitrusted containers reach, as the policy says it: destinations of their own, and names by a proxy."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from reconciler.manifest.fields import LAST_PORT, Network, Ports, Size, Strict

LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
PLACE = rf"^\.?({LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])(:[0-9]{{1,5}}(,[0-9]{{1,5}})*)?$"
SLOWEST, MOST_BODY = 8 << 10, 1 << 40
RULE = "write example.org, .example.org for every name below it too, or example.org:8443 where the ports are not 80 and 443"


def _resolver(value: object) -> str:
    try:
        address = IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        address = None
    if address is None or address.is_loopback or address.is_unspecified or address.is_multicast:
        raise ValueError("not the IPv4 address of a name server: write it like 203.0.113.53")
    return str(address)


def _place(value: str) -> str:
    _name, _, ports = value.partition(":")
    if ports and not all(0 < int(port) <= LAST_PORT for port in ports.split(",")):
        raise ValueError(f"a port lies between 1 and {LAST_PORT}")
    return value


class EgressSpec(Strict):
    """One destination that semitrusted containers may reach."""

    destination: Network = Field(description="IPv4 network or address. A private range must be named itself to be reached.")
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="Protocol.")
    ports: Ports = Field(description="Port, list of ports, or ranges: 443, [80, 443], '8000-8100'.")


class ProxySpec(Strict):
    """What the proxies of the hosts let through. Whatever the names come to, private and link-local addresses are refused."""

    names: list[Annotated[str, Field(pattern=PLACE, max_length=300), AfterValidator(_place)]] = Field(
        max_length=1000, description=f"Names that may be reached: {RULE}."
    )
    resolvers: list[Annotated[str, BeforeValidator(_resolver), WithJsonSchema({"type": "string", "format": "ipv4"})]] = Field(
        min_length=1, max_length=3, description="Name servers that the proxies ask; containers ask none."
    )
    connections: Annotated[int, Field(ge=1, le=10_000)] = Field(default=32, description="Connections of one container at a time.")
    rate: Annotated[Size, Field(ge=SLOWEST, le=MOST_BODY)] = Field(default=4 << 20, description="Bytes a second that one container gets.")
    body: Annotated[Size, Field(ge=1, le=MOST_BODY)] = Field(
        default=64 << 20, description="Bytes of one request or answer; a tunnel (https) is bounded by rate and by 15 minutes."
    )
