"""Which images a host holds in our project, the marks on them, and taking one away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.errors import Conflict, Malformed, NotFound, OperationFailed
from reconciler.lxd.operations import Waiting, run
from reconciler.model.images import HeldImage

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import DeleteImage, MarkImage

DELETE_SECONDS = 120
DIGITS = 64
"""Of a fingerprint: SHA-256 in hex."""


def images(door: Door) -> tuple[HeldImage, ...]:
    """Every image in our project, by fingerprint. Raises a ``HostError``, ``Malformed`` for what is no list of images."""
    found = door.get(door.path("images", recursion="1"))
    if not isinstance(found, list):
        raise Malformed(f"{door.host.name}: GET images: {type(found).__name__}, not a list")
    return tuple(sorted((_image(door, row) for row in found), key=lambda image: image.fingerprint))


def image(door: Door, fingerprint: str) -> HeldImage | None:
    """One image; None where the host does not hold it."""
    try:
        return _image(door, door.get(door.path("images", fingerprint)))
    except NotFound:
        return None


def _image(door: Door, row: Any) -> HeldImage:
    try:
        fingerprint, aliases, properties = row["fingerprint"], row["aliases"] or [], row["properties"] or {}
        made = HeldImage(
            fingerprint=fingerprint,
            aliases=tuple(sorted(str(alias["name"]) for alias in aliases)),
            properties={str(key): str(value) for key, value in properties.items()},
            size=int(row["size"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"{door.host.name}: GET images: a row that is no image ({type(error).__name__})") from error
    if not isinstance(fingerprint, str) or len(fingerprint) != DIGITS:
        raise Malformed(f"{door.host.name}: GET images: a row without a fingerprint")
    return made


def alias_target(door: Door, alias: str) -> str:
    """The fingerprint that ``alias`` points at; "" where there is no such alias."""
    try:
        found = door.get(door.path("images", "aliases", alias))
    except NotFound:
        return ""
    if not isinstance(found, dict) or not isinstance(found.get("target"), str):
        raise Malformed(f"{door.host.name}: what it tells of the alias {alias} is no alias")
    return str(found["target"])


def mark_image(door: Door, call: MarkImage) -> None:
    """Set the properties; LXD keeps the others of a PATCH."""
    door.send("PATCH", door.path("images", call.fingerprint), {"properties": dict(call.properties)})


def delete_image(door: Door, call: DeleteImage) -> None:
    """Delete it and see that it is gone; one that is gone already counts as done.

    Raises ``Conflict`` where an alias points at it or its marks are not those that were looked at.
    """
    found = image(door, call.fingerprint)
    if found is None:
        return
    where = f"{door.host.name}: image {call.fingerprint[:12]}"
    if found.aliases:
        raise Conflict(f"{where} has the alias {', '.join(found.aliases)}; it was left alone", hint="unsandbox images gc")
    if dict(found.properties) != dict(call.properties):
        raise Conflict(f"{where} is not marked as it was when it was looked at; it was left alone", hint="unsandbox images gc")

    def gone() -> bool:
        return image(door, call.fingerprint) is None

    run(door, "DELETE", door.path("images", call.fingerprint), None, Waiting(DELETE_SECONDS, gone))
    if not gone():
        raise OperationFailed(f"{where}: LXD says that it was deleted, and it is still there", hint="unsandbox images gc")
