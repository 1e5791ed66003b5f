"""Layers to one file that LXD imports: sorted, with bounded times, packed the same way each time."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reconciler.app.images.room import ENVIRONMENT, EPOCH, INSIDE
from reconciler.errors import BuildFailed

if TYPE_CHECKING:
    from reconciler.app.images.recipes import Course
    from reconciler.app.images.room import Room

TIDY = Path(__file__).with_name("tidy.sh")
LEVEL = "3"
"""Of zstd: a tenth of the time of level 9, and files a seventh larger."""
CHUNK = 1 << 20
TAR = (
    "tar",
    "--sort=name",
    "--numeric-owner",
    "--one-file-system",
    f"--mtime=@{EPOCH}",
    "--clamp-mtime",
    "--format=posix",
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
    "--xattrs",
    "--xattrs-include=*",
)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written. Digests are SHA-256; ``content`` is that of the tarball before it was compressed."""

    content: str
    fingerprint: str
    size: int


def tidy(room: Room) -> None:
    """Take out what belongs to one machine or one day. Raises ``BuildFailed``."""
    program = ["sh", "-euc", 'root=$1; shift; exec chroot "$root" /usr/bin/env -i "$@" /bin/sh -eu -s <"$0"', str(TIDY), str(room.root)]
    room.over([*program, *INSIDE], "tidying up", network=False)


def list_packages(room: Room, name: str, into: Path) -> None:
    """Write the document about every package. Raises ``BuildFailed``."""
    command = [sys.executable, "-m", "reconciler.app.images.inventory", name, str(room.root), str(into)]
    room.over(command, "listing packages", network=False)


def pack(room: Room, course: Course, into: Path) -> Packed:
    """Write the image's file. Raises ``BuildFailed``, or ``OSError`` where there is no room for it."""
    (room.work / "metadata.yaml").write_text(json.dumps(_metadata(course), indent=1) + "\n", encoding="utf-8")
    tar = room.entering([*TAR, "-C", str(room.work), "-cf", "-", "metadata.yaml", "rootfs"], network=False, bare=True)
    with into.open("wb") as file, room.log.open("ab") as log:
        reader = subprocess.Popen(tar, cwd=room.layers, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        writer = subprocess.Popen(["zstd", "-q", "-T0", f"-{LEVEL}", "-c"], stdin=subprocess.PIPE, stdout=file, stderr=log)
        try:
            content = _pump(reader.stdout, writer.stdin)
        except BrokenPipeError:
            content = ""
        finally:
            for pipe in (writer.stdin, reader.stdout):
                if pipe is not None:
                    _close(pipe)
            statuses = reader.wait(), writer.wait()
    if any(statuses) or not content:
        last = "\n".join(room.log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
        raise BuildFailed(f"packing failed (tar {statuses[0]}, zstd {statuses[1]}):\n{last}", hint=f"df -h {into.parent}")
    with into.open("rb") as file:
        return Packed(content, hashlib.file_digest(file, "sha256").hexdigest(), into.stat().st_size)


def _pump(source: IO[bytes] | None, sink: IO[bytes] | None) -> str:
    """Bring everything over; the digest of it."""
    whole = hashlib.sha256()
    while source is not None and sink is not None and (chunk := source.read(CHUNK)):
        whole.update(chunk)
        sink.write(chunk)
    return whole.hexdigest()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return


def _metadata(course: Course) -> dict[str, object]:
    """The metadata of LXD: JSON, which is YAML."""
    architecture = platform.machine()
    properties = {
        "os": course.recipe.name,
        "release": course.digest[:12],
        "architecture": architecture,
        "description": f"{course.recipe.name}: {course.recipe.description}",
    }
    return {"architecture": architecture, "creation_date": EPOCH, "properties": properties}
