"""Following a branch: the folder is a checkout of it, and goes to a new commit only where that one follows and is signed as it must be."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.repository import load_desired
from reconciler.app.signatures import signed_by
from reconciler.app.sources.address import checked_branch, checked_url, hidden, local_path
from reconciler.app.sources.checkout import Checkout
from reconciler.app.sources.running import Runner
from reconciler.errors import GitError, Refused, UnsandboxError
from reconciler.model.resources import Signatures
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings

SHOWN = 12
CLONE_SECONDS, FETCH_SECONDS, LOOK_SECONDS = 600.0, 120.0, 30.0
GONE = 2
"""What ``git ls-remote --exit-code`` ends with where there is no such branch."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """``by`` are the signers' names, where signatures were asked for."""

    commit: str
    moved: bool
    seconds: float
    by: tuple[str, ...] = ()


class GitSource:
    """A branch of ``url``, checked out in ``settings.root``. One thread at a time."""

    def __init__(self, settings: Settings, url: str, branch: str) -> None:
        self._settings = settings
        self._root = settings.root.absolute()
        self._url = checked_url(url)
        self._branch = checked_branch(branch)
        self._folder = Checkout(self._root, settings.state_dir)
        self._git = self._folder.git
        self._heard_at = time.monotonic()
        self._known = "", False
        """A commit, and whether its policy asks for signatures."""

    @property
    def stale(self) -> float:
        """Seconds since the repository last told where the branch is."""
        return time.monotonic() - self._heard_at

    def close(self) -> None:
        """End what git does; it is mended by the next ``prepare``."""
        self._git.close()

    def prepare(self) -> Fetched:
        """Make the folder a checkout of the branch, or mend it. Raises ``GitError``, or ``Refused`` as ``fetch`` does."""
        began = time.monotonic()
        self._git.refresh()
        self._folder.make(self._url)
        self._folder.mend()
        if self._folder.head():
            self._folder.demand_clean()
            return Fetched(self._folder.head(), moved=False, seconds=time.monotonic() - began)
        commit = self._bring(CLONE_SECONDS)
        self._folder.move(commit)
        return Fetched(commit, moved=True, seconds=time.monotonic() - began)

    def fetch(self) -> Fetched:
        """Go where the branch is; one round trip where it did not move.

        Raises ``GitError`` where it cannot be told or the folder was edited, and ``Refused`` where the commit does not follow (D07), is not
        signed as it must be (G01), or the branch is gone (D01). The text of before then stays.
        """
        began = time.monotonic()
        self._git.refresh()
        before = self._folder.head()
        if self._told() == before:
            return Fetched(before, moved=False, seconds=time.monotonic() - began)
        commit = self._bring(FETCH_SECONDS)
        if commit == before:
            return Fetched(before, moved=False, seconds=time.monotonic() - began)
        self._demand_descent(before, commit)
        by = self._demand_signatures(before, commit)
        self._folder.demand_clean()
        self._folder.move(commit)
        if by:
            with Journal(self._settings.state_dir / FILE_NAME) as journal:
                at = now().isoformat(timespec="milliseconds")
                journal.note("commit-signed", by=", ".join(by), subject=commit, detail=f"follows {before[:SHOWN]}", at=at)
        return Fetched(commit, moved=True, seconds=time.monotonic() - began, by=by)

    def watched(self) -> tuple[Path, ...]:
        """What changes on this machine when somebody commits there; nothing where the repository lies elsewhere."""
        path = local_path(self._url)
        return branches_of(path) if path is not None else ()

    def _told(self) -> str:
        """Where the branch is; one round trip."""
        ref = f"refs/heads/{self._branch}"
        answer = self._git.tried("ls-remote", "--exit-code", "--refs", "origin", ref, seconds=LOOK_SECONDS)
        if answer.returncode == GONE:
            raise Refused(
                f"branch {self._branch} is gone from {hidden(self._url)}; the text of before stays", hint=self._look(), rule="D01"
            )
        if answer.returncode != 0:
            raise self._failed(answer.stderr)
        self._heard_at = time.monotonic()
        return next((line.split()[0] for line in answer.stdout.decode(errors="replace").splitlines() if line.endswith(f"\t{ref}")), "")

    def _look(self) -> str:
        return f"git -C {self._root} ls-remote origin"

    def _failed(self, stderr: bytes) -> GitError:
        lines = [line for line in hidden(stderr.decode(errors="replace")).splitlines() if line.strip()] or ["no reason given"]
        why = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
        return GitError(f"{hidden(self._url)} cannot be fetched: {why}; nothing heard for {self.stale:.0f} s", hint=self._look())

    def _bring(self, seconds: float) -> str:
        """Fetch the branch, and give back its commit."""
        ours = f"refs/remotes/origin/{self._branch}"
        answer = self._git.tried("fetch", "-q", "--no-tags", "--", "origin", f"+refs/heads/{self._branch}:{ours}", seconds=seconds)
        if answer.returncode != 0:
            raise self._failed(answer.stderr)
        self._heard_at = time.monotonic()
        return self._git.asked("rev-parse", "--verify", f"{ours}^{{commit}}")

    def _demand_descent(self, before: str, commit: str) -> None:
        if before and self._git.tried("merge-base", "--is-ancestor", before, commit).returncode != 0:
            raise Refused(
                f"commit {commit[:SHOWN]} of {self._branch} does not descend from {before[:SHOWN]}, which is checked out and stays",
                hint=f"git -C {self._root} checkout --detach {commit[:SHOWN]}, which unsandbox accept D07 is then asked about",
                rule="D07",
            )

    def _demand_signatures(self, before: str, commit: str) -> tuple[str, ...]:
        """Who signed, where the policy in force, the one that is checked out or the one that comes asks; () where none does."""
        with Journal(self._settings.state_dir / FILE_NAME) as journal:
            applied = journal.ledger(now()).applied
        if not (applied and applied.signatures) and not self._asks(before) and not self._asks(commit):
            return ()
        signed = signed_by(self._settings, commit, before)
        if signed.flaw:
            why = f"commit {signed.commit[:SHOWN]} of {self._branch}: {signed.flaw}; {before[:SHOWN]} stays"
            look = f"git -C {self._root} log -1 --show-signature {signed.commit[:SHOWN]}"
            raise Refused(why, hint=f"{look}  # then git commit -S, by somebody in the file of --signers", rule="G01")
        return signed.by

    def _asks(self, commit: str) -> bool:
        """Whether its policy asks. A text that does not hold is gone by nowhere, and so asks for nothing."""
        if commit and self._known[0] != commit:
            try:
                self._known = commit, load_desired(self._settings, commit).policy.signatures is Signatures.REQUIRED
            except UnsandboxError:
                return False
        return bool(commit) and self._known[1]


def branches_of(path: Path) -> tuple[Path, ...]:
    """The folders that change when somebody commits to the repository at ``path``; none where there is no repository."""
    answer = Runner(path).tried("rev-parse", "--path-format=absolute", "--git-common-dir") if path.is_dir() else None
    if answer is None or answer.returncode != 0:
        return ()
    common = type(path)(os.fsdecode(answer.stdout.rstrip(b"\n")))
    return tuple(folder for folder in (common / "refs" / "heads", common / "reftable") if folder.is_dir())
