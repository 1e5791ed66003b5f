"""A room to work in: the root of an image in namespaces of its own, so that a kill leaves no mount and no process."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

ENTER = Path(__file__).with_name("enter.sh")
SECONDS = 3600
"""The longest that one command may take."""
TAIL = 12
"""Lines of a failed command that are shown."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH = 1_600_000_000
"""Time of every file that a build itself makes, as SOURCE_DATE_EPOCH; the file keeps its own where that is older."""
INSIDE = (
    f"PATH={PATH}",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
    f"SOURCE_DATE_EPOCH={EPOCH}",
    # What byte-compiles must give the same bytes twice.
    "PYTHONHASHSEED=0",
)
"""The whole environment of what runs inside: nothing of this machine's gets in."""

ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
"""That of what runs outside, with the way to mirrors in it."""
LAY = """
tar -C "$1" --owner=0 --group=0 --numeric-owner --sort=name -cf "$2" .
keep=--keep-directory-symlink
chroot "$3" tar --version 2>/dev/null | grep -q GNU || keep=
mkdir -p "$3/$4"
chroot "$3" tar -C "/$4" -xpf - $keep <"$2"
rm "$2"
"""


@dataclass(frozen=True, slots=True)
class Room:
    """The image's root while it is being worked on. ``layers`` is the folder of layers, ``below`` their names, the lowest first."""

    layers: Path
    below: tuple[str, ...]
    work: Path
    log: Path
    debs: Path
    """Packages of Debian that were fetched, seen inside at /run/debs."""

    @property
    def root(self) -> Path:
        """Where commands that run outside find the image's root."""
        return self.work / "rootfs"

    @property
    def upper(self) -> Path:
        """Where what is written goes."""
        return self.work / "upper"

    def prepare(self) -> None:
        """Make the folders. Raises ``OSError``."""
        for folder in (self.root, self.upper, self.work / "overlay", self.debs / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        self.upper.chmod(0o755)

    def inside(self, command: Sequence[str], what: str) -> str:
        """Run a command in the image's root, without a network and without this machine's environment. What it printed."""
        return self.over(["chroot", str(self.root), "/usr/bin/env", "-i", *INSIDE, *command], what, network=False)

    def lay(self, folder: Path, into: str, what: str) -> None:
        """Put what is in ``folder`` into one of the image, as root's. It is unpacked inside: no link of the image leads out."""
        command = ["sh", "-euc", LAY, "sh", str(folder), str(self.work / "laid.tar"), str(self.root), into]
        self.over(command, what, network=False)

    def over(self, command: Sequence[str], what: str, *, network: bool) -> str:
        """Run a command of this machine over the image's root. What it printed. Raises ``BuildFailed`` with its last words."""
        whole = self.entering(command, network=network)
        quiet = subprocess.DEVNULL
        with self.log.open("ab+") as log:
            start = log.seek(0, os.SEEK_END)
            try:
                status = subprocess.run(
                    whole, cwd=self.layers, env=ENVIRONMENT, stdin=quiet, stdout=log, stderr=log, timeout=SECONDS, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                raise BuildFailed(f"{what} did not end within {SECONDS} s") from None
            except OSError as error:
                raise BuildFailed(f"{what}: {error.filename or 'a program'} cannot be run: {error.strerror}") from error
            log.seek(start)
            said = log.read().decode(errors="replace")
        if status:
            last = "\n".join(line[:300] for line in said.strip().splitlines()[-TAIL:])
            raise BuildFailed(f"{what} failed with {status}:\n{last}")
        return said

    def entering(self, command: Sequence[str], *, network: bool, bare: bool = False) -> list[str]:
        """The command line that runs ``command`` over the image's root, to be started in the folder of layers.

        ``bare``: the command sees the root as it is, without what keeps packages from starting anything.
        """
        places = [
            str(self.root),
            ":".join(reversed(self.below)),
            str(self.upper),
            str(self.work / "overlay"),
            "" if bare else str(self.debs),
        ]
        spaces = ["--mount", "--pid", "--ipc", "--uts", *([] if network else ["--net"])]
        # Whoever kills us kills unshare, which kills the first process of the namespaces, with which all others go.
        return ["setpriv", "--pdeathsig", "KILL", "unshare", *spaces, "--fork", "--kill-child=KILL", "sh", str(ENTER), *places, *command]
