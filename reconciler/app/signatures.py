"""Who signed the commits: asked of git and ssh-keygen. What they cannot tell is a flaw, never a yes."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from reconciler.app.git import git, said
from reconciler.errors import GitError
from reconciler.model.resources import Signed

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings

FILE_NAME = "signers"
"""In the folder of our own configuration, unless another file is named."""
REVOKED = ".revoked"
"""Ending of the file of revoked keys, which lies beside the file of signers where there is one."""
MOST = 1000
"""Commits that are checked at once."""
GOOD = "G"
FORM = "%H%x00%G?%x00%GS"
FLAWS = {
    "N": "it has none",
    "U": "nobody who is trusted made it",
    "B": "it does not hold, or nobody who is trusted made it",
    "X": "it expired",
    "Y": "its key expired",
    "R": "its key was revoked",
}


def signed_by(settings: Settings, commit: str, since: str = "") -> Signed:
    """Check ``commit``, and each commit of its first-parent line that is not in ``since``; "" for the commit alone.

    The side branches that a signed merge brings in are vouched for by who signed the merge. One call of git.
    """
    signers = settings.signers or settings.config_dir / FILE_NAME
    try:
        flaw = _file_flaw(signers, settings.root)
        return Signed(commit=commit, flaw=flaw) if flaw else _judged(_told(settings.root, signers, commit, since), commit)
    except GitError as error:
        return Signed(commit=commit, flaw=error.message)
    except OSError as error:
        return Signed(commit=commit, flaw=f"the file of signers cannot be read: {error.strerror}")


def _file_flaw(signers: Path, root: Path) -> str:
    """Why the file says nothing; "" where it does. A file in the repository would be changed by the commits that it judges."""
    if signers.resolve().is_relative_to(root.resolve()):
        return f"the file of signers, {signers}, lies in the repository that it is to judge"
    if not signers.is_file():
        return f"there is no file of signers at {signers}"
    found = signers.stat()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in {0, os.getuid()}:
        return f"others may write the file of signers, {signers}"
    return ""


def _told(root: Path, signers: Path, commit: str, since: str) -> list[list[str]]:
    """Commit, git's one letter about its signature, and the signer of each, newest first. Raises ``GitError``."""
    trust = {
        "gpg.ssh.allowedSignersFile": str(signers.resolve()),
        "gpg.ssh.program": "ssh-keygen",
        "gpg.ssh.revocationFile": "",
        # Whom another program trusts is not in the file.
        "gpg.program": "false",
        "gpg.openpgp.program": "false",
        "gpg.x509.program": "false",
        "log.mailmap": "false",
        "log.showSignature": "false",
    }
    revoked = signers.with_name(signers.name + REVOKED)
    if os.path.lexists(revoked):
        trust["gpg.ssh.revocationFile"] = str(revoked.resolve())
    words = [word for name, value in trust.items() for word in ("-c", f"{name}={value}")]
    which = [commit, f"^{since}"] if since else ["--no-walk", commit]
    answer = git(root, *words, "log", "--no-color", "--first-parent", f"--max-count={MOST + 1}", f"--format={FORM}", *which, "--")
    if answer.returncode != 0:
        raise GitError(f"git cannot tell who signed it: {said(answer)}")
    return [row.split("\0") for row in answer.stdout.decode(errors="replace").splitlines()]


def _judged(rows: list[list[str]], commit: str) -> Signed:
    if len(rows) > MOST:
        return Signed(commit=commit, flaw=f"more than {MOST} commits came at once; apply one in between")
    if not rows or rows[0][0] != commit:
        return Signed(commit=commit, flaw="git does not tell of it")
    for identity, letter, signer in rows:
        if letter != GOOD or not signer:
            return Signed(commit=identity, flaw=FLAWS.get(letter, "it cannot be checked"))
    return Signed(by=tuple(dict.fromkeys(signer for _, _, signer in rows)))
