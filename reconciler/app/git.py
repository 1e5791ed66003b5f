"""Asking git. What it cannot tell is an error or None, never a guess."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from reconciler.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60
ELSEWHERE = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE"})
"""What a hook of git leaves in the environment: with it git would read another repository than the one asked about."""
PLAIN = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
"""git's own words, no lock left behind, and history as the commits tell it: neither text nor parents put in place of theirs."""


def is_repository(root: Path) -> bool:
    """Whether ``root`` lies in a git checkout."""
    return any((folder / ".git").exists() for folder in (root.resolve(), *root.resolve().parents))


def git(root: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run git in ``root``. Raises ``GitError`` where it cannot be run or does not end; its exit status is the caller's to judge."""
    environ = {key: value for key, value in os.environ.items() if key not in ELSEWHERE} | PLAIN
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, input=stdin, env=environ, timeout=SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed, so no commit can be read", hint="apt-get install git") from error
    except OSError as error:
        raise GitError(f"git cannot be run, so no commit can be read: {error.strerror}", hint="ls -l $(which git)") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} did not end within {SECONDS} s in {root}") from error


def said(process: subprocess.CompletedProcess[bytes]) -> str:
    """Why git failed, in its own words: the line that says so, or the last one."""
    lines = process.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1]).strip()
