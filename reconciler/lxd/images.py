"""Bringing an image to a host: the file's SHA-256 is the image, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import Conflict, HostError, NotFound, Rejected
from reconciler.lxd.operations import run

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import ImportImage

IMPORT_SECONDS = 900


def import_image(door: Door, call: ImportImage) -> None:
    """Upload the tarball, then point the alias at it. One that is there already counts as done."""
    if not _held(door, call.fingerprint):
        _upload(door, call)
    if call.alias:
        _point(door, call.alias, call.fingerprint)


def _held(door: Door, fingerprint: str) -> bool:
    try:
        door.get(door.path("images", fingerprint))
    except NotFound:
        return False
    return True


def _upload(door: Door, call: ImportImage) -> None:
    path = Path(call.file)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != call.fingerprint:
                raise Rejected(
                    f"{path} is {found[:12]}, the manifest pins {call.fingerprint[:12]}", hint="edit the Image manifest (fingerprint, file)"
                )
            file.seek(0)
            run(
                door,
                "POST",
                door.path("images"),
                data=file,
                headers={"X-LXD-fingerprint": call.fingerprint, "X-LXD-public": "0", "Content-Type": "application/octet-stream"},
                deadline=IMPORT_SECONDS,
                settled=lambda: _held(door, call.fingerprint),
            )
    except OSError as error:
        raise Rejected(f"{path} cannot be read: {error.strerror or error}", hint="edit the Image manifest (file)") from error
    except HostError as error:
        if not isinstance(error, Conflict) or not _held(door, call.fingerprint):
            raise


def _point(door: Door, alias: str, fingerprint: str) -> None:
    """The alias moves only now, when the image is in."""
    try:
        found = door.get(door.path("images", "aliases", alias))
    except NotFound:
        door.send("POST", door.path("images", "aliases"), {"name": alias, "target": fingerprint})
        return
    if found.get("target") != fingerprint:
        door.send("PUT", door.path("images", "aliases", alias), {"target": fingerprint, "description": found.get("description", "")})
