"""A folder that is a checkout: made, mended after a kill, held clean, and moved from one commit to the next."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.repository import FOLDERS
from reconciler.app.sources.address import hidden
from reconciler.app.sources.running import Runner
from reconciler.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

MOVING = "refs/unsandbox/moving"
"""Names the commit that the folder is on its way to, so that a checkout that was cut off is told from somebody's edits."""
OURS = (".unsandbox/", "state/")
"""What this program writes below the root, which is in no commit."""
OLD = 60.0
"""Seconds after which a lock file of git's is one that a killed git left."""


class Checkout:
    """The folder ``root``; ``state`` is where the journal is, which may lie in it."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self.git = Runner(root)
        self._state = state

    def make(self, url: str) -> None:
        """Make it a repository whose origin is ``url``. Raises ``GitError`` where it is something else."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            there = {entry.name for entry in self.root.iterdir()} - {".git", ".unsandbox", FOLDERS[-1], self._state.name}
        except OSError as error:
            raise GitError(f"{self.root} cannot be a checkout: {error.strerror}", hint=f"ls -ld {self.root}") from error
        if not (self.root / ".git").exists():
            if there:
                raise GitError(f"{self.root} holds files and is no checkout of {hidden(url)}", hint="unsandbox -C OTHER-DIR run --git URL")
            self.git.asked("init", "-q")
        origin = self.git.tried("config", "--get", "remote.origin.url").stdout.decode(errors="replace").strip()
        if origin != url and (origin or self.head()):
            raise GitError(
                f"{self.root} is a checkout of {hidden(origin) or 'nothing'}, not of {hidden(url)}",
                hint="unsandbox -C OTHER-DIR run --git URL, or git remote set-url origin URL",
            )
        if not origin:
            self.git.asked("config", "remote.origin.url", url)
        self._ignore_ours()

    def head(self) -> str:
        """The commit that is checked out; "" before the first."""
        return self.git.tried("rev-parse", "--verify", "--quiet", "HEAD^{commit}").stdout.decode().strip()

    def demand_clean(self) -> None:
        """Raises ``GitError`` where somebody edited it; what requests wrote does not count."""
        told = self.git.asked(
            "status", "--porcelain", "--untracked-files=all", "--ignore-submodules=all", "--", ".", f":(exclude){FOLDERS[-1]}"
        )
        if told:
            raise GitError(f"{self.root} was edited by hand: {told.splitlines()[0].strip()}", hint=f"git -C {self.root} stash -u")

    def move(self, commit: str) -> None:
        """Check ``commit`` out. Raises ``GitError``."""
        self.git.asked("update-ref", MOVING, commit)
        self._check_out(commit)

    def mend(self) -> None:
        """Finish a checkout that was cut off; what lies there half is ours."""
        target = self.git.tried("rev-parse", "--verify", "--quiet", MOVING).stdout.decode().strip()
        self._sweep(0.0 if target else OLD)
        if target:
            self._check_out(target, "--force")

    def _sweep(self, age: float) -> None:
        """Remove lock files that a killed git left: every later call would fail for them."""
        folder = self.root / ".git"
        with suppress(OSError):
            for lock in (*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")):
                if now().timestamp() - lock.stat().st_mtime >= age:
                    lock.unlink(missing_ok=True)

    def _ignore_ours(self) -> None:
        exclude = self.root / self.git.asked("rev-parse", "--git-path", "info/exclude")
        try:
            text = exclude.read_text(encoding="utf-8") if exclude.exists() else ""
            lacking = [f"/{name}\n" for name in OURS if f"/{name}" not in text.split()]
            if lacking:
                exclude.parent.mkdir(parents=True, exist_ok=True)
                exclude.write_text(text.rstrip("\n") + "\n" + "".join(lacking), encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise GitError(f"{exclude} cannot be written: {error}", hint=f"ls -l {exclude}") from error

    def _check_out(self, commit: str, *how: str) -> None:
        self.git.asked("checkout", "-q", *how, "--detach", commit, "--")
        self.git.asked("update-ref", "-d", MOVING)
