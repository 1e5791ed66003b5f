"""One table from foreign errors to ours. Nothing of pylxd, requests or urllib3 passes this file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pylxd.exceptions
import requests
import requests.exceptions
import urllib3.exceptions

from reconciler.errors import (
    Conflict,
    HostBusy,
    HostError,
    Malformed,
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

BUSY_WORDS = ("database is locked", "database is busy", "too many open files", "is busy", "context deadline exceeded")
CONFLICT_WORDS = ("already exists", "already in use", "is already running", "precondition failed", "etag doesn't match")


def of_status(status: int, text: str, host: str) -> HostError:
    """LXD's answer with a status of 400 or above, as an error of ours. ``text`` is LXD's own word, trimmed."""
    lower = text.lower()
    kind = BY_STATUS.get(status, Rejected if status < requests.codes.server_error else HostBusy)
    if any(word in lower for word in BUSY_WORDS):
        kind = HostBusy
    elif any(word in lower for word in CONFLICT_WORDS):
        kind = Conflict
    elif "not found" in lower and status in {404, 500}:
        kind = NotFound
    return kind(f"{host}: LXD answered {status}: {text[:LONGEST] or 'no reason given'}")


def of_operation(text: str, host: str) -> HostError:
    """An operation that ended in failure."""
    if any(word in text.lower() for word in BUSY_WORDS):
        return HostBusy(f"{host}: {text[:LONGEST]}")
    return OperationFailed(f"{host}: {text[:LONGEST] or 'the operation failed without a reason'}")


@contextmanager
def mapped(host: str) -> Iterator[None]:
    """Turn every foreign error in the block into a ``HostError``."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        if "fingerprint" in str(error).lower():
            raise WrongIdentity(f"{host}: the server showed another certificate than the pinned one") from error
        raise Unreachable(f"{host}: TLS failed: {_short(error)}") from error
    except (requests.exceptions.ConnectTimeout, requests.exceptions.ReadTimeout) as error:
        raise Unreachable(f"{host}: no answer in time") from error
    except (requests.exceptions.ConnectionError, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise Unreachable(f"{host}: no connection: {_short(error)}") from error
    except pylxd.exceptions.LXDAPIException as error:
        raise of_status(error.response.status_code, _reason(error), host) from error
    except pylxd.exceptions.ClientConnectionFailed as error:
        raise Unreachable(f"{host}: no connection: {_short(error)}") from error
    except (requests.exceptions.RequestException, pylxd.exceptions.ClientAuthenticationFailed) as error:
        raise Malformed(f"{host}: {_short(error)}") from error
    except FileNotFoundError as error:
        raise Unreachable(f"{host}: {error.filename} does not exist") from error


def _reason(error: pylxd.exceptions.LXDAPIException) -> str:
    try:
        return str(error.response.json().get("error", ""))
    except (ValueError, AttributeError):
        return ""


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:LONGEST] if str(error).strip() else type(error).__name__
