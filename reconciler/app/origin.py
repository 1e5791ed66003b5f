"""Where the text stands in git's history: whether it follows what was applied last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.git import git, is_repository
from reconciler.errors import GitError
from reconciler.model.resources import History, Origin

if TYPE_CHECKING:
    from pathlib import Path

IS, IS_NOT = 0, 1
"""Exit statuses of ``git merge-base --is-ancestor``; another means that git cannot tell."""


def origin_of(root: Path, commit: str, applied: str) -> Origin:
    """The origin of ``commit`` against the commit ``applied`` last; both may be "". At most two calls of git, none outside git."""
    if not commit or not is_repository(root):
        return Origin(History.NONE, None, applied)
    try:
        return _told(root, commit, applied)
    except GitError:
        # A git that does not answer has not said that it descends; the rules refuse for it.
        return Origin(History.SHALLOW, None, applied)


def _told(root: Path, commit: str, applied: str) -> Origin:
    shallow = git(root, "rev-parse", "--is-shallow-repository")
    history = History.FULL if shallow.stdout.strip() == b"false" else History.SHALLOW
    if not applied or commit == applied:
        return Origin(history, True if applied else None, applied)
    answer = git(root, "merge-base", "--is-ancestor", applied, commit).returncode
    if answer == IS:
        return Origin(history, descends=True, against=applied)
    # With a part of the past cut off, git takes what it does not have for unrelated.
    certain = answer == IS_NOT and history is History.FULL
    return Origin(history, False if certain else None, applied)
