"""The lowest layer: a Debian suite from the mirror of this machine, or an image of a server that its lxc client knows."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from reconciler.app.images.mirror import DPKG, mirror_of, write_apt_config
from reconciler.errors import OutOfReach

if TYPE_CHECKING:
    from reconciler.app.images.room import Room

VARIANT = ("--variant=essential", "--include=passwd")
"""The very least: what dpkg cannot do without, and accounts. A recipe that wants apt inside names it."""
ANSWER_SECONDS = 20
"""How long a server of images is waited for until it says whether it has an alias."""
FETCH_SECONDS = 1800
LEFT = ("etc/hostname", "etc/resolv.conf", "etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap")
"""What mmdebstrap copies from this machine."""


def debootstrap(room: Room, suite: str) -> None:
    """A minimal Debian. Raises ``BuildFailed``, or ``OutOfReach`` where there is no mirror for it."""
    if shutil.which("mmdebstrap") is None:
        raise OutOfReach("mmdebstrap is not on this machine", hint="sh bootstrap/packages.sh build")
    mirror = mirror_of(suite)
    write_apt_config(mirror, room.work / "apt", room.root)
    options = [f"--aptopt={line}" for line in (*mirror.reaching, 'Acquire::Languages "none"', 'APT::Install-Recommends "false"')]
    options += [f"--dpkgopt={option.removeprefix('--')}" for option in DPKG]
    command = ["mmdebstrap", "--mode=root", *VARIANT, "--format=directory", f"--keyring={room.work / 'apt/keys'}", *options]
    room.over([*command, suite, str(room.root), *mirror.sources], f"debootstrap of {suite}", network=True)
    for name in LEFT:
        (room.upper / name).unlink(missing_ok=True)
    for file in (room.upper / "etc/dpkg/dpkg.cfg.d").glob("*mmdebstrap*"):
        file.unlink()
    for section in range(1, 9):
        # Their pages are left out, but some packages do not bear it that the folder is not there.
        (room.upper / f"usr/share/man/man{section}").mkdir(parents=True, exist_ok=True)
    (room.upper / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")


def simplestreams(room: Room, alias: str) -> None:
    """The root of an image that a server of images has. Raises ``OutOfReach`` where none answers or has it, or ``BuildFailed``."""
    if shutil.which("lxc") is None:
        raise OutOfReach("the lxc client is not on this machine, so no server of images is known", hint="sh bootstrap/packages.sh host")
    asked = _servers()
    server = next((name for name in asked if _has(name, alias)), None)
    if server is None:
        raise OutOfReach(
            f"no server of images that has {alias} answers; asked were {', '.join(asked) or 'none: lxc knows none'}", hint="lxc remote list"
        )
    parts = room.work / "fetched"
    parts.mkdir()
    room.over(["timeout", str(FETCH_SECONDS), "lxc", "image", "export", f"{server}:{alias}", str(parts)], f"fetching {alias}", network=True)
    squashed = next(parts.glob("*.squashfs"), None) or next(parts.glob("*.root"), None)
    if squashed is not None:
        room.over(["unsquashfs", "-f", "-d", str(room.root), str(squashed)], f"unpacking {alias}", network=False)
        return
    tars = sorted(parts.iterdir(), key=lambda path: path.stat().st_size)
    room.over(["tar", "-C", str(room.root), "--numeric-owner", "-xf", str(tars[-1])], f"unpacking {alias}", network=False)


def _servers() -> list[str]:
    try:
        said = subprocess.run(
            ["lxc", "remote", "list", "--format", "json"], capture_output=True, text=True, check=True, timeout=ANSWER_SECONDS
        ).stdout
        return sorted(name for name, remote in json.loads(said).items() if remote.get("Protocol") == "simplestreams")
    except (OSError, subprocess.SubprocessError, ValueError, AttributeError) as error:
        raise OutOfReach(f"lxc does not say which servers of images it knows: {error}", hint="lxc remote list") from error


def _has(server: str, alias: str) -> bool:
    command = ["lxc", "image", "info", f"{server}:{alias}"]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=ANSWER_SECONDS).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
