"""One table from foreign errors to ours. Nothing of pylxd, requests or urllib3 passes this file."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pylxd.exceptions
import requests.exceptions
import urllib3.exceptions

from reconciler.errors import (
    Conflict,
    HostBusy,
    HostError,
    Malformed,
    NoQuorum,
    NotFound,
    NotTrusted,
    OperationFailed,
    Rejected,
    Unreachable,
    WrongIdentity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 300

BY_STATUS: dict[int, type[HostError]] = {
    400: Rejected,
    401: NotTrusted,
    403: NotTrusted,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    423: HostBusy,
    429: HostBusy,
    500: Rejected,
    502: HostBusy,
    503: HostBusy,
    504: HostBusy,
}
"""LXD's status codes. Another below 500 is ``Rejected``, another from 500 on ``HostBusy``; below 400 and no success is ``Malformed``."""

MEANING = {412: "P11: somebody else wrote it since it was read: "}
"""What an answer means by itself, with the code of the refusal."""
BUSY_WORDS = ("database is locked", "database is busy", "too many open files", "instance is busy", "operation already in progress")
QUORUM_WORDS = ("dqlite leader", "dqlite connection", "not leader", "leadership lost", "begin transaction: context deadline exceeded")
"""What LXD says where its cluster's database has no leader: a majority is away. "Leadership lost" leaves open whether it was written."""
CONFLICT_WORDS = ("already exists", "already in use", "instance is running", "precondition failed", "etag doesn't match")
CLIENT_ERROR, SERVER_ERROR = 400, 500

FOREIGN: tuple[tuple[tuple[type[Exception], ...], type[HostError], str], ...] = (
    ((requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), Unreachable, "no answer in time"),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), Unreachable, "TLS failed"),
    (
        (
            requests.exceptions.InvalidJSONError,
            requests.exceptions.ContentDecodingError,
            requests.exceptions.TooManyRedirects,
            urllib3.exceptions.DecodeError,
            urllib3.exceptions.HeaderParsingError,
        ),
        Malformed,
        "the answer cannot be read",
    ),
    (
        (
            pylxd.exceptions.ClientConnectionFailed,
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            urllib3.exceptions.ProxySchemeUnsupported,
            http.client.HTTPException,
            OSError,
        ),
        Unreachable,
        "no connection",
    ),
    ((pylxd.exceptions.LXDAPIExtensionNotAvailable,), Malformed, "it is too old"),
)
"""Foreign errors, the first match counts, and what it means to a reader. A wrong pin and LXD's answers are told apart before."""


def of_status(status: int, text: str, host: str) -> HostError:
    """LXD's answer that is no success, as an error of ours. ``text`` is LXD's own word, trimmed."""
    told = f"{host}: {MEANING.get(status, '')}LXD answered {status}: {text[:LONGEST] or 'no reason given'}"
    if status < CLIENT_ERROR:
        return Malformed(told)
    by_word = _by_word(text)
    if by_word is None and status in {404, 500} and "not found" in text.lower():
        by_word = NotFound
    kind = by_word or BY_STATUS.get(status, Rejected if status < SERVER_ERROR else HostBusy)
    return kind(told)


def of_operation(text: str, host: str) -> HostError:
    """An operation that ended in failure."""
    kind = _by_word(text) or OperationFailed
    return kind(f"{host}: {text[:LONGEST] or 'the operation failed without a reason'}")


def _by_word(text: str) -> type[HostError] | None:
    lower = text.lower()
    if any(word in lower for word in QUORUM_WORDS):
        return NoQuorum
    if any(word in lower for word in BUSY_WORDS):
        return HostBusy
    return Conflict if any(word in lower for word in CONFLICT_WORDS) else None


@contextmanager
def mapped(host: str) -> Iterator[None]:
    """Turn every foreign error in the block into a ``HostError``."""
    try:
        yield
    except pylxd.exceptions.LXDAPIException as error:
        raise of_status(error.response.status_code, _reason(error), host) from error
    except tuple(kind for kinds, _, _ in FOREIGN for kind in kinds) as error:
        raise of_foreign(error, host) from error


def of_foreign(error: Exception, host: str) -> HostError:
    """An error of a library, as one of ours."""
    # pylxd keeps only the text of the error below; that one still says whether it was time, TLS or the pin.
    cause = error.__context__ if isinstance(error, pylxd.exceptions.ClientConnectionFailed) else error
    told = cause if isinstance(cause, Exception) else error
    if "fingerprints did not match" in str(told).lower():
        return WrongIdentity(f"{host}: the server showed another certificate than the pinned one; nothing was sent to it")
    kind, meaning = next((ours, meaning) for kinds, ours, meaning in FOREIGN if isinstance(told, kinds))
    return kind(f"{host}: {meaning}: {_short(told)}")


def _reason(error: pylxd.exceptions.LXDAPIException) -> str:
    try:
        return str(error.response.json().get("error", ""))
    except (ValueError, AttributeError):
        return ""


def _short(error: BaseException) -> str:
    """The reason at the bottom of what urllib3 and requests wrapped around one another."""
    while below := _below(error):
        error = below
    text = str(error)
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        text = text.partition(": ")[2]  # it begins with the connection object
    return " ".join(text.split())[:LONGEST] or type(error).__name__


def _below(error: BaseException) -> BaseException | None:
    inner = (getattr(error, "reason", None), *error.args)
    return next((item for item in inner if isinstance(item, BaseException)), None)
