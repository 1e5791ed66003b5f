"""The starter image with a Python in it: the interpreter that runs the tests, its library, and what both are linked with."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_OUT = {"test", "site-packages", "idlelib", "ensurepip", "lib2to3", "tkinter", "turtledemo", "__pycache__", "pydoc_data"}
_LINKED = re.compile(r"(/\S+) \(0x")


def linked(*programs: Path) -> set[Path]:
    """The shared libraries of programs, with the loader."""
    told = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    return {Path(found) for found in _LINKED.findall(told)}


def files(more: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """What is added: the file here, and its path inside. ``more`` are programs of this machine that go where they are here."""
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield program, "usr/local/bin/python3"
    for path in library.rglob("*"):
        if path.is_file() and not LEFT_OUT & set(path.relative_to(library).parts):
            yield path, f"usr/local/lib/{version}/{path.relative_to(library)}"
    yield from ((path, str(path).strip("/")) for path in more)
    for path in linked(program, *more, *(library / "lib-dynload").glob("[_bz]*.so")):
        inside = (
            "usr/lib" if path.is_relative_to(program.parents[1]) and program.parents[1] != Path("/usr") else str(path.parent).strip("/")
        )
        yield path, f"{inside}/{path.name}"


def build(starter: Path, out: Path, *more: Path) -> tuple[Path, str]:
    """The image, with ``more`` programs in it, and its fingerprint."""
    made = out / "python.tar"
    with tarfile.open(starter) as source, tarfile.open(made, "w") as tar:
        for member in source:
            tar.addfile(member, source.extractfile(member) if member.isreg() else None)
        for path, inside in files(more):
            data = path.read_bytes()
            info = tarfile.TarInfo(f"rootfs/{inside}")
            info.size, info.mode = len(data), 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(info, io.BytesIO(data))
    return made, hashlib.sha256(made.read_bytes()).hexdigest()
