"""Making one layer over those below it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.images.bases import debootstrap, simplestreams
from reconciler.app.images.packages import install
from reconciler.app.images.recipes import INITS
from reconciler.app.images.room import INSIDE
from reconciler.errors import BuildFailed, Defect
from reconciler.model.recipe import BaseKind, LayerKind

if TYPE_CHECKING:
    from reconciler.app.images.room import Room
    from reconciler.model.recipe import Account, Base, Layer

ACCOUNT = """
if command -v useradd >/dev/null; then
    groupadd -g "$2" "$1"
    useradd -u "$2" -g "$2" -m -s /bin/sh "$1"
else
    addgroup -g "$2" "$1"
    adduser -D -u "$2" -G "$1" -s /bin/sh "$1"
fi
"""


def make(room: Room, layer: Layer, folder: Path, cache: Path) -> None:
    """Make a layer in a room; ``folder`` is that of its recipe. Raises ``BuildFailed`` or ``OSError``."""
    match layer.kind:
        case LayerKind.BASE:
            _base(room, layer.base)
        case LayerKind.PACKAGES:
            install(room, layer.packages, layer.name, cache)
        case LayerKind.ACCOUNT:
            _account(room, layer.account)
        case LayerKind.INIT:
            _init(room, layer, cache)
        case LayerKind.FILES:
            room.lay(folder / layer.source, ".", f"files of {layer.source}")
        case LayerKind.DEPLOY:
            _deploy(room, folder / layer.source)
        case LayerKind.SCRIPT:
            _script(room, folder / layer.source)


def _base(room: Room, base: Base | None) -> None:
    if base is None:
        raise Defect("a base layer without a base")
    if base.kind is BaseKind.DEBOOTSTRAP:
        debootstrap(room, base.value)
    else:
        simplestreams(room, base.value)


def _account(room: Room, account: Account | None) -> None:
    if account is None:
        raise Defect("an account layer without an account")
    room.inside(["sh", "-euc", ACCOUNT, "sh", account.name, str(account.uid)], f"account {account.name}")


def _init(room: Room, layer: Layer, cache: Path) -> None:
    install(room, layer.packages, layer.name, cache)
    files = INITS / layer.source
    if files.is_dir():
        room.lay(files, ".", layer.name)


def _deploy(room: Room, deploy: Path) -> None:
    """Run pyinfra outside, its commands inside: the image needs nothing of it."""
    program = shutil.which("pyinfra", path=str(Path(sys.executable).parent)) or shutil.which("pyinfra")
    if program is None:
        raise BuildFailed("pyinfra is not installed, and the recipe has a deploy", hint="make venv")
    room.over([program, "-y", f"@chroot/{room.root}", str(deploy)], f"deploy {deploy.name}", network=False)


def _script(room: Room, script: Path) -> None:
    """Fed on standard input, so that it leaves no file of its own."""
    program = ["sh", "-euc", 'root=$1; shift; exec chroot "$root" /usr/bin/env -i "$@" /bin/sh -eu -s <"$0"', str(script), str(room.root)]
    room.over([*program, *INSIDE], f"script {script.name}", network=False)
