"""Reading the desired text: the working tree, or a commit without touching the checkout."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.git import git, is_repository, said
from reconciler.app.origin import origin_of
from reconciler.app.signatures import signed_by
from reconciler.app.tree import MAX_FILE, head_of, is_wanted, read_tree, working_commit
from reconciler.errors import Finding, GitError, ManifestError
from reconciler.manifest.compile import compile_desired
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.model.resources import Commit, Signatures
from reconciler.policy.squid import with_proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reconciler.app.settings import Settings
    from reconciler.model.resources import Desired

    Edit = Callable[[tuple[SourceFile, ...]], tuple[SourceFile, ...]]

WRITTEN = ("inventory", "manifests")
"""What people write and git keeps."""
ASKED = ("state",)
"""What requests asked for: one file a resource, written by this program and kept by no commit."""
FOLDERS = (*WRITTEN, *ASKED)
"""What is read, below the repository's root. Files that manifests refer to must lie there too."""


def load_desired(
    settings: Settings, rev: str | None = None, *, edit: Edit | None = None, applied: str = "", signatures: bool = False
) -> Desired:
    """Read, load and compile; ``edit`` gives the files as they are going to be, ``applied`` is the commit that was applied last.

    ``signatures``: whether the policy in force asks who signed the commits; where the text's own does, that is looked at as well.
    Raises ``ManifestError`` with every finding, or ``GitError``.
    """
    files, commit = read_repository(settings.root, rev)
    if edit is not None:
        files = edit(files)
        commit = replace(commit, digest=_digest(files))
    desired = with_proxies(compile_desired(load(files), commit))
    origin = origin_of(settings.root, commit.id, applied)
    if commit.id and (signatures or desired.policy.signatures is Signatures.REQUIRED):
        origin = replace(origin, signed=signed_by(settings, commit.id, applied if origin.descends and applied != commit.id else ""))
    return replace(desired, origin=origin)


def read_repository(root: Path, rev: str | None) -> tuple[tuple[SourceFile, ...], Commit]:
    """The text of every file below ``FOLDERS`` and which commit it is."""
    if rev is not None:
        return _read_commit(root, rev)
    if not root.is_dir():
        raise ManifestError((Finding(str(root), 0, 0, "", "no such folder", hint="unsandbox init DIR", code="D01"),))
    head = head_of(root) if is_repository(root) else None
    files = tuple(_decode(read_tree(root, FOLDERS)))
    if head is None:
        return files, Commit("", dirty=False, digest=_digest(files))
    return files, working_commit(root, head, _digest(files), WRITTEN)


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


def _read_commit(root: Path, rev: str) -> tuple[tuple[SourceFile, ...], Commit]:
    if rev.startswith("-"):
        raise GitError(f"{rev!r} is not a revision")
    found = git(root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
    if found.returncode != 0:
        raise GitError(f"no commit {rev!r} in {root}" + (f": {said(found)}" if found.stderr.strip() else ""))
    commit = found.stdout.decode().strip()
    listing = git(root, "ls-tree", "-r", "-z", commit, "--", *WRITTEN)
    if listing.returncode != 0:
        raise GitError(f"commit {commit[:12]} cannot be listed: {said(listing)}")
    # What requests asked for is in no commit: read as it is, or a plan of a commit would end it.
    files = tuple(_decode((*_blobs(root, listing.stdout), *read_tree(root, ASKED))))
    return files, Commit(commit, dirty=False, digest=_digest(files))


def _blobs(root: Path, listing: bytes) -> Iterator[tuple[str, bytes]]:
    rows = []
    for row in listing.split(b"\0"):
        head, tab, name = row.partition(b"\t")
        words = head.split()
        if not tab or not is_wanted(Path(name.decode())):
            continue
        if words[1] != b"blob" or words[0] == b"120000":
            # What it leads to is not part of the commit's text, and what is left out would be ended.
            raise ManifestError((Finding(name.decode(), 0, 0, "", "a link or submodule cannot be read from a commit"),))
        rows.append((name.decode(), words[2]))
    batch = git(root, "cat-file", "--batch", stdin=b"".join(identity + b"\n" for _, identity in rows))
    rest = memoryview(batch.stdout)
    for path, identity in rows:
        end = bytes(rest[:200]).find(b"\n")
        words = bytes(rest[: max(end, 0)]).split()
        if len(words) != 3 or words[0] != identity:  # noqa: PLR2004 - git's own form: id, type, size
            raise GitError(f"{path} cannot be read from the commit", hint="git fsck")
        size = int(words[2])
        yield path, bytes(rest[end + 1 : end + 1 + size])
        rest = rest[end + 1 + size + 1 :]
