"""Reading the desired text: the working tree, or a commit without touching the checkout."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import Finding, GitError, ManifestError
from reconciler.manifest.compile import compile_desired
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.model.resources import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.model.resources import Desired

    Edit = Callable[[tuple[SourceFile, ...]], tuple[SourceFile, ...]]

FOLDERS = ("inventory", "manifests", "state")
"""What is read, below the repository's root. Files that manifests refer to must lie there too."""

NOT_TEXT = (".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tgz", ".squashfs", ".img")
"""Images may lie beside the manifests that name them; they are pinned by fingerprint and are not part of the text."""

MAX_FILE = 1024 * 1024
MAX_FILES = 20_000


def load_desired(settings: Settings, rev: str | None = None, *, edit: Edit | None = None) -> Desired:
    """Read, load and compile; ``edit`` gives the files as they are going to be.

    Raises ``ManifestError`` with every finding, or ``GitError``.
    """
    files, commit = read_repository(settings.root, rev)
    if edit is not None:
        files = edit(files)
        commit = replace(commit, digest=_digest(files))
    return compile_desired(load(files), commit)


def read_repository(root: Path, rev: str | None) -> tuple[tuple[SourceFile, ...], Commit]:
    """The text of every file below ``FOLDERS`` and which commit it is."""
    if rev is not None:
        return _read_commit(root, rev)
    if not root.is_dir():
        raise ManifestError((Finding(str(root), 0, 0, "", "no such folder", hint="unsandbox init DIR"),))
    files = tuple(_decode(_read_tree(root)))
    return files, _working_commit(root, _digest(files))


def _read_tree(root: Path) -> Iterator[tuple[str, bytes]]:
    count = 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if not _is_wanted(path.relative_to(root).parts):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
                raise ManifestError(
                    (Finding(str(path.relative_to(root)), 0, 0, "", "a link that leads out of the repository is not read"),)
                )
            if not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                raise ManifestError((Finding(folder, 0, 0, "", f"more than {MAX_FILES} files"),))
            yield str(path.relative_to(root)), _read_bytes(path, root)


def _read_bytes(path: Path, root: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise ManifestError((Finding(str(path.relative_to(root)), 0, 0, "", f"cannot be read: {error.strerror}"),)) from error


def _is_wanted(parts: tuple[str, ...]) -> bool:
    hidden = any(part.startswith(".") or part.endswith("~") for part in parts)
    return not hidden and not parts[-1].endswith(NOT_TEXT)


def _decode(contents: Iterable[tuple[str, bytes]]) -> Iterator[SourceFile]:
    findings = []
    for path, content in contents:
        if len(content) > MAX_FILE:
            findings.append(Finding(path, 0, 0, "", f"larger than {MAX_FILE} bytes", hint=f"split {path}"))
            continue
        try:
            yield SourceFile(path, content.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            column = error.start - content.rfind(b"\n", 0, error.start)
            findings.append(Finding(path, line, column, "", "not UTF-8 text", hint=f"iconv -t UTF-8 {path}"))
    if findings:
        raise ManifestError(tuple(findings))


def _digest(files: tuple[SourceFile, ...]) -> str:
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        whole.update(f"{len(file.path)}:{file.path}{len(file.text)}:{file.text}".encode())
    return whole.hexdigest()


def _git(root: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, input=stdin, env=environ, timeout=60, check=False)
    except FileNotFoundError as error:
        raise GitError("git is not installed, so no commit can be read", hint="apt-get install git") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} did not end within 60 s in {root}") from error


def _working_commit(root: Path, digest: str) -> Commit:
    if not any((folder / ".git").exists() for folder in (root.resolve(), *root.resolve().parents)):
        return Commit("", dirty=False, digest=digest)
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *FOLDERS)
    if status.returncode != 0:
        raise GitError(f"git cannot read {root}: {_said(status)}", hint=f"git -C {root} status")
    return Commit(head.stdout.decode().strip(), dirty=bool(status.stdout.strip()), digest=digest)


def _read_commit(root: Path, rev: str) -> tuple[tuple[SourceFile, ...], Commit]:
    if rev.startswith("-"):
        raise GitError(f"{rev!r} is not a revision")
    found = _git(root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
    if found.returncode != 0:
        raise GitError(f"no commit {rev!r} in {root}" + (f": {_said(found)}" if found.stderr.strip() else ""))
    commit = found.stdout.decode().strip()
    listing = _git(root, "ls-tree", "-r", "-z", commit, "--", *FOLDERS)
    if listing.returncode != 0:
        raise GitError(f"commit {commit[:12]} cannot be listed: {_said(listing)}")
    files = tuple(_decode(_blobs(root, listing.stdout)))
    return files, Commit(commit, dirty=False, digest=_digest(files))


def _blobs(root: Path, listing: bytes) -> Iterator[tuple[str, bytes]]:
    rows = []
    for row in listing.split(b"\0"):
        head, tab, name = row.partition(b"\t")
        words = head.split()
        # A link (mode 120000) or submodule has no text of its own to read; the working tree's rule for links is stricter, never looser.
        if tab and words[1] == b"blob" and words[0] != b"120000" and _is_wanted(tuple(name.decode().split("/"))):
            rows.append((name.decode(), words[2]))
    batch = _git(root, "cat-file", "--batch", stdin=b"".join(identity + b"\n" for _, identity in rows))
    rest = memoryview(batch.stdout)
    for path, identity in rows:
        end = bytes(rest[:200]).find(b"\n")
        words = bytes(rest[: max(end, 0)]).split()
        if len(words) != 3 or words[0] != identity:  # noqa: PLR2004 - git's own form: id, type, size
            raise GitError(f"{path} cannot be read from the commit", hint="git fsck")
        size = int(words[2])
        yield path, bytes(rest[end + 1 : end + 1 + size])
        rest = rest[end + 1 + size + 1 :]


def _said(process: subprocess.CompletedProcess[bytes]) -> str:
    return process.stderr.decode(errors="replace").strip().splitlines()[-1] if process.stderr.strip() else "no reason given"
