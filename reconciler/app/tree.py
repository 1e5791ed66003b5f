"""The working tree as text. A part that cannot be read is a finding, never left out: what is left out would be ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.git import git, said
from reconciler.errors import Finding, GitError, ManifestError
from reconciler.model.resources import Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOT_TEXT = (".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tgz", ".squashfs", ".img")
"""Images may lie beside the manifests that name them; they are pinned by fingerprint and are not part of the text."""

MAX_FILE = 1024 * 1024
MAX_FILES = 20_000

SUBMODULE, LINKED = b"160000", b"120000"
"""git's modes of a submodule and of a link."""
LINKED_FOLDER = "a link to a folder is not read"
HERE = "put the file itself there"


def is_wanted(path: Path) -> bool:
    """Whether a file of this path, relative to the root, is read."""
    return not any(map(is_hidden, path.parts)) and not path.name.endswith(NOT_TEXT)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is nobody's manifest: an editor's, or git's own."""
    return name.startswith(".") or name.endswith("~")


def read_tree(root: Path, folders: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file below ``folders``, sorted. Raises ``ManifestError`` for what cannot be read."""
    within = [(root / folder).resolve() for folder in folders]
    for folder in folders:
        paths = sorted(path for path in _walk(root / folder, root) if is_wanted(path.relative_to(root)))
        if len(paths) > MAX_FILES:
            raise _cannot(folder, f"more than {MAX_FILES} files")
        for path in paths:
            name = str(path.relative_to(root))
            flaw = _link_flaw(path, within) if path.is_symlink() else "" if path.is_file() else "neither a file nor a folder"
            if flaw:
                raise _cannot(name, flaw, HERE)
            yield name, _read_bytes(path, name)


def _link_flaw(path: Path, within: Sequence[Path]) -> str:
    if path.is_dir():
        return LINKED_FOLDER
    if not path.is_file():
        return "a link that leads nowhere cannot be read"
    return "" if any(path.resolve().is_relative_to(top) for top in within) else "a link that leads out of what is read is not read"


def _walk(top: Path, root: Path) -> Iterator[Path]:
    """Every file below ``top``, and every link, whatever it leads to. None where ``top`` is absent."""
    if not os.path.lexists(top):
        return

    def fail(error: OSError) -> None:
        name = os.path.relpath(error.filename or top, root)
        raise _cannot(name, f"cannot be read: {error.strerror}", f"ls -ld {name}") from error

    for folder, below, files in os.walk(top, onerror=fail):
        links = [name for name in below if (Path(folder) / name).is_symlink()]
        below[:] = [name for name in below if not is_hidden(name) and name not in links]
        yield from (Path(folder) / name for name in (*files, *links))


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise _cannot(name, f"cannot be read: {error.strerror}", f"ls -l {name}") from error


def _cannot(name: str, message: str, hint: str = "", code: str = "D02") -> ManifestError:
    return ManifestError((Finding(name, 0, 0, "", message, hint, code),))


def head_of(root: Path) -> str:
    """The commit that is checked out; "" before the first one."""
    return git(root, "rev-parse", "--verify", "--quiet", "HEAD").stdout.decode().strip()


def working_commit(root: Path, head: str, digest: str, folders: Sequence[str]) -> Commit:
    """Which commit was read, and whether the text differs from it. ``head`` is what was checked out before reading.

    Raises ``GitError`` where another commit was checked out meanwhile, ``ManifestError`` where the checkout lacks a part.
    """
    rows = _asked(
        root,
        "status",
        "--porcelain=v2",
        "--branch",
        "--ignored=traditional",
        "--untracked-files=all",
        "--ignore-submodules=none",
        "--",
        *folders,
    )
    told = [row for row in rows if not row.startswith(b"# ")]
    after = next((row.split()[-1].decode() for row in rows if row.startswith(b"# branch.oid ")), "")
    if after != (head or "(initial)"):
        raise GitError(f"{root} went from commit {head[:12] or '(none)'} to {after[:12]} while it was being read", hint="unsandbox plan")
    unseen = [_unseen(root, row) for row in _asked(root, "ls-files", "-s", "-v", "--", *folders)]
    return Commit(head, dirty=any(unseen) or any(map(_differs, told)), digest=digest)


def _asked(root: Path, *arguments: str) -> list[bytes]:
    answer = git(root, arguments[0], "-z", *arguments[1:])
    if answer.returncode != 0:
        raise GitError(f"git cannot read {root}: {said(answer)}", hint=f"git -C {root} status")
    return [row for row in answer.stdout.split(b"\0") if row]


def _differs(row: bytes) -> bool:
    """Whether a row of ``git status`` is about a file that is read: a manifest that git ignores is in no commit either."""
    return not row.startswith(b"! ") or is_wanted(Path(row[2:].decode(errors="replace")))


def _unseen(root: Path, row: bytes) -> bool:
    """Whether git was told not to look at a file, so that its difference does not show. Raises where the checkout left it out."""
    words, _, path = row.partition(b"\t")
    tag, mode = words.split()[:2]
    name = path.decode(errors="replace")
    if not is_wanted(Path(name)):
        return False
    if mode == LINKED and (root / name).is_dir():
        # One of the folders themselves: git does not look behind it.
        raise _cannot(name, LINKED_FOLDER, HERE)
    if mode == SUBMODULE and not any((root / name).glob("*")):
        raise _cannot(name, "a submodule that is not checked out", f"git submodule update --init {name}", "D01")
    if tag.upper() == b"S" and not os.path.lexists(root / name):
        raise _cannot(name, "left out of this checkout, which is sparse", "git sparse-checkout disable", "D01")
    return tag.upper() == b"S" or tag.islower()
