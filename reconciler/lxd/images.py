"""Images: bringing one to a host, taking one from a host. The SHA-256 of the file is the image, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode

from reconciler.errors import Conflict, Malformed, NotFound, OperationFailed, Rejected, StateError
from reconciler.lxd.errors import mapped
from reconciler.lxd.operations import Waiting, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import ImportImage

IMPORT_SECONDS = 900
CHUNK = 1 << 20


def import_image(door: Door, call: ImportImage) -> None:
    """Upload the tarball, then point the alias at it. One that is there already counts as done."""
    if not held(door, call.fingerprint):
        _bring(door, call)
    if call.alias:
        _point(door, call.alias, call.fingerprint)


def held(door: Door, fingerprint: str) -> bool:
    """Whether the host has the image, in our project."""
    try:
        door.get(door.path("images", fingerprint))
    except NotFound:
        return False
    return True


def _bring(door: Door, call: ImportImage) -> None:
    path = Path(call.file)
    try:
        file = path.open("rb")
    except OSError as error:
        raise Rejected(f"{path} cannot be read: {error.strerror or error}", hint="edit the Image manifest (file)") from error
    with file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != call.fingerprint:
            raise Rejected(
                f"{path} has SHA-256 {found[:12]}, the manifest pins {call.fingerprint[:12]}; nothing was sent",
                hint="edit the Image manifest (fingerprint, file)",
            )
        file.seek(0)
        _upload(door, call.fingerprint, file, call.properties)


def _upload(door: Door, fingerprint: str, file: IO[bytes], properties: Mapping[str, str]) -> None:
    headers = {"X-LXD-fingerprint": fingerprint, "X-LXD-public": "0", "Content-Type": "application/octet-stream"}
    if properties:
        headers["X-LXD-properties"] = urlencode(properties)
    waiting = Waiting(IMPORT_SECONDS, lambda: held(door, fingerprint))
    try:
        run(door, "POST", door.path("images"), None, waiting, data=file, headers=headers)
    except (Conflict, OperationFailed):
        # Another writer may have brought it in the meantime.
        if not held(door, fingerprint):
            raise


def _point(door: Door, alias: str, fingerprint: str) -> None:
    """The alias moves only after the image is in."""
    try:
        found = door.get(door.path("images", "aliases", alias))
    except NotFound:
        door.send("POST", door.path("images", "aliases"), {"name": alias, "target": fingerprint})
        return
    if found.get("target") != fingerprint:
        door.send("PUT", door.path("images", "aliases", alias), {"target": fingerprint, "description": found.get("description", "")})


def export_image(door: Door, fingerprint: str, into: Path) -> None:
    """Download an image of one part into a file and check it. Raises a ``HostError``; an image of two parts is ``Malformed``."""
    with door.send("GET", door.path("images", fingerprint, "export"), stream=True) as response:
        if "multipart" in response.headers.get("Content-Type", ""):
            raise Malformed(f"{door.host.name}: image {fingerprint[:12]} has two parts and cannot be copied through this machine")
        digest = hashlib.sha256()
        try:
            with into.open("wb") as file:
                for piece in _pieces(door, response.iter_content(CHUNK)):
                    digest.update(piece)
                    file.write(piece)
        except OSError as error:
            raise StateError(f"{into} cannot be written: {error.strerror or error}", hint="df -h") from error
    if digest.hexdigest() != fingerprint:
        raise Malformed(f"{door.host.name}: what it sent as image {fingerprint[:12]} has another SHA-256")


def _pieces(door: Door, chunks: Iterator[bytes]) -> Iterator[bytes]:
    with mapped(door.host.name):
        yield from chunks
