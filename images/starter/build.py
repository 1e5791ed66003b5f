#!/usr/bin/env python3
"""Build the starter image from this machine's static busybox: offline, without root, the same bytes every time.

Writes starter-<first 12 of the fingerprint>.tar.gz and starter.json into the output folder and prints the fingerprint, which is what LXD
computes for the same file: the SHA-256 of the tarball. Exit status 1 with one line on standard error when busybox is missing or not static.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_OUT = HERE.parent / ".build"
FOLDERS = (
    "bin", "dev", "etc", "etc/init.d", "home", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "usr/bin",
    "usr/sbin", "usr/share", "usr/share/udhcpc", "var", "var/lib", "var/log", "var/spool", "var/tmp",
)  # fmt: skip
STICKY = {"tmp", "var/tmp"}
OWN_APPLETS = {"bin/busybox", "sbin/init", "linuxrc"}
PT_INTERP = 3


class BuildError(Exception):
    """The image cannot be built here; the message says what to install."""


def is_static(program: bytes) -> bool:
    """Say whether a 64-bit little-endian ELF program needs no interpreter, so that it runs in an empty root."""
    if program[:6] != b"\x7fELF\x02\x01":
        return False
    (table,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    kinds = (struct.unpack_from("<I", program, table + size * number)[0] for number in range(count))
    return PT_INTERP not in kinds


def ask(busybox: Path, *arguments: str) -> list[str]:
    """Lines that busybox prints."""
    return subprocess.run([busybox, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


def entry(name: str, kind: bytes, mode: int, link: str = "", size: int = 0) -> tarfile.TarInfo:
    """One member with everything that could differ between two builds fixed."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = kind, mode, link, size
    info.uname = info.gname = "root"
    return info


def members(busybox: Path) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """The root's content by path: folders, busybox, a link for each applet, and the files kept beside this script (which win)."""
    found: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    for folder in FOLDERS:
        found[folder] = entry(f"rootfs/{folder}", tarfile.DIRTYPE, 0o1777 if folder in STICKY else 0o755), b""
    for applet in ask(busybox, "--list-full"):
        if applet not in OWN_APPLETS:
            found[applet] = entry(f"rootfs/{applet}", tarfile.SYMTYPE, 0o777, "/bin/busybox"), b""
    program = busybox.read_bytes()
    found["bin/busybox"] = entry("rootfs/bin/busybox", tarfile.REGTYPE, 0o755, size=len(program)), program
    for file in (HERE / "rootfs").rglob("*"):
        if file.is_file():
            path, data = file.relative_to(HERE / "rootfs").as_posix(), file.read_bytes()
            mode = 0o755 if data.startswith(b"#!") else 0o644
            found[path] = entry(f"rootfs/{path}", tarfile.REGTYPE, mode, size=len(data)), data
    return found


def metadata(architecture: str, version: str) -> bytes:
    """The metadata.yaml of the image: JSON, which is YAML, so that no library is needed."""
    properties = {"os": "starter", "release": version, "architecture": architecture, "description": f"starter ({version})"}
    return json.dumps({"architecture": architecture, "creation_date": 1, "properties": properties}, indent=1).encode()


def pack(busybox: Path, architecture: str, version: str) -> bytes:
    """The whole image as bytes."""
    raw = io.BytesIO()
    head = metadata(architecture, version)
    with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        tar.addfile(entry("metadata.yaml", tarfile.REGTYPE, 0o644, size=len(head)), io.BytesIO(head))
        tar.addfile(entry("rootfs", tarfile.DIRTYPE, 0o755))
        for _path, (info, data) in sorted(members(busybox).items()):
            tar.addfile(info, io.BytesIO(data))
    return raw.getvalue()


def write(file: Path, data: bytes) -> None:
    """Put a whole file there or none: a build that is interrupted leaves no half of an image."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(file)


def build(busybox: Path, out: Path) -> dict[str, str | int]:
    """Build into the folder and return what starter.json holds: name, fingerprint, file, size (bytes), architecture, built_from."""
    if not busybox.is_file() or not is_static(busybox.read_bytes()):
        raise BuildError(f'{busybox} is not a static busybox; name another with --busybox "$(sh bootstrap/busybox.sh)"')
    version = ask(busybox, "--help")[0].split(" multi-call")[0]
    architecture = platform.machine()
    image = pack(busybox, architecture, version)
    fingerprint = hashlib.sha256(image).hexdigest()
    out.mkdir(parents=True, exist_ok=True)
    name = f"starter-{fingerprint[:12]}.tar.gz"
    write(out / name, image)
    facts: dict[str, str | int] = {
        "name": "starter", "fingerprint": fingerprint, "file": name, "size": len(image),
        "architecture": architecture, "built_from": version,
    }  # fmt: skip
    write(out / "starter.json", (json.dumps(facts, indent=2) + "\n").encode())
    return facts


def main() -> int:
    """Read the command line, build, print the fingerprint."""
    parser = argparse.ArgumentParser(description="Build the starter image.")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write into (default: images/.build)")
    parser.add_argument("--busybox", type=Path, default=Path("/bin/busybox"), help="the static busybox to build from")
    chosen = parser.parse_args()
    try:
        print(build(chosen.busybox, chosen.out)["fingerprint"])
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"starter: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
