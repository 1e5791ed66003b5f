"""Packages of Debian, PyPI and npm into a layer: fetched by this machine's own programs and set-up, installed inside without a network."""

from __future__ import annotations

import platform
import shutil
import sys
from typing import TYPE_CHECKING

from reconciler.app.images.mirror import mirror_of, write_apt_config
from reconciler.errors import BuildFailed, OutOfReach

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.images.room import Room
    from reconciler.model.recipe import Packages

SAY_SUITE = '. /etc/os-release && echo "$ID $VERSION_CODENAME"'
SAY_INSTALLED = 'for name; do dpkg-query -W -f "\\${db:Status-Status}\n" "$name" 2>/dev/null | grep -x installed || true; done'
SAY_PYTHON = "import sys, platform; print('%d.%d' % sys.version_info[:2], platform.libc_ver()[1])"
FIRST_GLIBC = 17
"""Minor version of the oldest glibc that wheels name."""
INTERPRETER = b"#!/usr/bin/python3\n"


def install(room: Room, packages: Packages, name: str, cache: Path) -> None:
    """Install them all; ``cache`` keeps lists and downloads. Raises ``BuildFailed`` with the package that failed, or ``OutOfReach``."""
    if packages.debian:
        _debian(room, packages.debian, name, cache)
    if packages.pypi:
        _pypi(room, packages.pypi, name)
    if packages.npm:
        _npm(room, packages.npm, name)


def _debian(room: Room, names: tuple[str, ...], what: str, cache: Path) -> None:
    family, _, suite = room.inside(["sh", "-c", SAY_SUITE], f"{what}: asking for the suite").strip().splitlines()[-1].partition(" ")
    if family == "alpine":
        raise BuildFailed(f"{what}: an image of Alpine takes no Debian packages", hint="edit the recipe (packages)")
    installed = room.inside(["sh", "-c", SAY_INSTALLED, "sh", *names], f"{what}: asking what is installed").split()
    if len(installed) == len(names):
        return
    config = write_apt_config(mirror_of(suite), cache / "apt" / suite, room.root)
    apt = ["env", f"APT_CONFIG={config}", "apt-get", "-q", "-y"]
    if not list((cache / "apt" / suite / "state/lists").glob("*_Packages*")):
        room.over([*apt, "update"], f"{what}: reading the mirror's lists", network=True)
    fetch = f"{what}: fetching {' '.join(names)}"
    try:
        room.over([*apt, "install", "--download-only", *names], fetch, network=True)
    except BuildFailed:
        # Lists that were read an hour ago may name files that the mirror has replaced since.
        room.over([*apt, "update"], f"{what}: reading the mirror's lists", network=True)
        room.over([*apt, "install", "--download-only", *names], fetch, network=True)
    room.over([*apt, "install", "--no-download", *names], f"{what}: installing {' '.join(names)}", network=False)


def _pypi(room: Room, names: tuple[str, ...], what: str) -> None:
    """Wheels for the image's Python, laid out by our pip and copied in. Nothing of them runs."""
    version, glibc = room.inside(["python3", "-c", SAY_PYTHON], f"{what}: asking for the version of Python").split()[-2:]
    staged = room.work / "pypi"
    place = staged / "lib" / f"python{version}" / "dist-packages"
    machine, newest = platform.machine(), int(glibc.partition(".")[2])
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(newest, FIRST_GLIBC - 1, -1)]
    platforms += [f"--platform=manylinux2014_{machine}", "--platform=any"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile", "--disable-pip-version-check"]
    chosen = [f"--target={place}", "--only-binary=:all:", f"--python-version={version}", "--implementation=cp", *platforms]
    room.over([*pip, *chosen, *names], f"{what}: fetching {' '.join(names)}", network=True)
    programs = place / "bin"
    if programs.is_dir():
        programs.rename(staged / "bin")
        _name_interpreter(staged / "bin")
    room.lay(staged, "usr/local", f"{what}: putting {' '.join(names)} in place")


def _name_interpreter(programs: Path) -> None:
    """Name the image's Python: pip names the one that it ran under in the first line of each program."""
    for program in programs.iterdir():
        head, _, rest = program.read_bytes().partition(b"\n")
        if head.startswith(b"#!") and head.endswith(sys.executable.encode()):
            program.write_bytes(INTERPRETER + rest)


def _npm(room: Room, names: tuple[str, ...], what: str) -> None:
    """Modules with all that they need, laid out by this machine's npm and copied in. No install script runs, here or there."""
    if shutil.which("npm") is None:
        raise OutOfReach(f"{what}: npm is not on this machine", hint="apt-get install npm")
    staged = room.work / "npm"
    command = ["npm", "install", "--global", f"--prefix={staged}", "--ignore-scripts", "--no-audit", "--no-fund", *names]
    room.over(command, f"{what}: fetching {' '.join(names)}", network=True)
    room.lay(staged, "usr/local", f"{what}: putting {' '.join(names)} in place")
