"""What semitrusted containers reach: destinations of their own, and the proxy by which they reach names."""

from __future__ import annotations

from dataclasses import dataclass

PORT = 3128
"""Where it listens, on its address in the semitrusted bridge."""
WEB = (80, 443)


@dataclass(frozen=True, slots=True)
class Egress:
    """One destination that semitrusted containers may reach. ``ports`` is LXD's form: ``80,443,8000-8100``."""

    destination: str
    protocol: str
    ports: str


@dataclass(frozen=True, slots=True)
class Place:
    """A name that may be asked for. ``.example.org`` is that name and every name below it."""

    name: str
    ports: tuple[int, ...] = WEB


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a proxy lets through. Limits are of one container: ``connections`` at once, ``rate`` in bytes a second, ``body`` in bytes."""

    places: tuple[Place, ...]
    resolvers: tuple[str, ...]
    """IPv4 addresses of the servers that it asks for names; nobody else's answers count."""
    connections: int = 32
    rate: int = 4 << 20
    """Of what comes in."""
    body: int = 64 << 20
    """Of one request or answer; what a tunnel carries is bounded by its rate and time alone."""
