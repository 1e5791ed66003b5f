"""What a run left in its artifacts folder, looked at with its rights once every program of it is dead.

Only plain files with one name are given. A link, a device, a pipe or a file beyond its bound is told of, never followed and never skipped
in silence.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from reconciler.runner.spec import MOST_DEPTH, MOST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ENTRIES = 4096
PIECE = 32 * 1024
MOST_REFUSED = 32
MOST_SHOWN = 100
"""Characters of a name, or of a reason, that are told of one that is refused."""
UNREADABLE = "it cannot be read"
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Artifact(NamedTuple):
    """One file that may be given: where it lies and how many bytes it has."""

    name: str
    size: int


class Refused(NamedTuple):
    """One that may not, and why."""

    name: str
    why: str


class Found(NamedTuple):
    """Everything in the folder."""

    artifacts: list[Artifact]
    refused: list[Refused]


def look(root: str, bounds: dict[str, int]) -> Found:
    """What there is, by name, within ``count``, ``bytes`` and ``each``; nothing where the folder was taken away. Raises ``OSError``."""
    try:
        if not stat.S_ISDIR(os.lstat(root).st_mode):
            return Found([], [Refused("", "the artifacts folder is no folder any more")])
    except FileNotFoundError:
        return Found([], [])
    found, used = Found([], []), 0
    for entry in _walk(root):
        if isinstance(entry, Refused):
            found.refused.append(entry)
        elif len(found.artifacts) >= bounds["count"]:
            found.refused.append(Refused(entry.name, f"more than {bounds['count']} files"))
        elif entry.size > bounds["each"] or used + entry.size > bounds["bytes"]:
            found.refused.append(Refused(entry.name, f"{entry.size} bytes are too many"))
        else:
            found.artifacts.append(entry)
            used += entry.size
    return Found(found.artifacts, [Refused(name[:MOST_SHOWN], why[:MOST_SHOWN]) for name, why in found.refused[:MOST_REFUSED]])


def _walk(root: str) -> Iterator[Artifact | Refused]:
    """Every entry but folders, depth first, in the order of names; after ``MOST_ENTRIES`` of them one refusal of the rest."""
    waiting, seen = [""], 0
    while waiting:
        folder = waiting.pop()
        try:
            names = _names(f"{root}/{folder}")
        except PermissionError:
            yield Refused(folder, UNREADABLE)
            continue
        inner = []
        for name in names:
            seen += 1
            if seen > MOST_ENTRIES:
                yield Refused("", f"more than {MOST_ENTRIES} entries")
                return
            path = f"{folder}/{name}" if folder else name
            judged = _judge(root, path)
            if judged is None:
                inner.append(path)
            else:
                yield judged
        waiting += reversed(inner)


def _names(folder: str) -> list[str]:
    """At most one more than may be seen."""
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) > MOST_ENTRIES:
                break
    return sorted(names)


def _judge(root: str, path: str) -> Artifact | Refused | None:
    """None is a folder to look into."""
    name = os.path.basename(path)
    shown = path.encode("utf-8", "backslashreplace").decode()
    if not name.isprintable() or len(name.encode("utf-8", "replace")) > MOST_NAME or path.count("/") >= MOST_DEPTH:
        return Refused(shown if shown.isprintable() else ascii(path), "its name is not one that can be told")
    try:
        known = os.lstat(f"{root}/{path}")
    except PermissionError:  # who may list a folder may not look at what is in it for that
        return Refused(shown, UNREADABLE)
    if stat.S_ISDIR(known.st_mode):
        return None
    why = _why_not(known) or ("" if os.access(f"{root}/{path}", os.R_OK, effective_ids=True) else UNREADABLE)
    return Refused(shown, why) if why else Artifact(path, known.st_size)


def _why_not(known: os.stat_result) -> str:
    """Why it is nothing to be given, as far as its kind tells; "" where it may be."""
    if not stat.S_ISREG(known.st_mode):
        return "it is a link" if stat.S_ISLNK(known.st_mode) else "it is no plain file"
    return "" if known.st_nlink == 1 else "it has a second name"


def pieces(root: str, artifact: Artifact) -> Iterator[bytes]:
    """Its bytes. Raises ``OSError``, also where they are fewer than were seen."""
    descriptor = os.open(f"{root}/{artifact.name}", _FILE)
    left = artifact.size
    try:
        while left:
            piece = os.read(descriptor, min(PIECE, left))
            if not piece:
                raise OSError(f"{artifact.name}: it became shorter")
            left -= len(piece)
            yield piece
    finally:
        os.close(descriptor)
