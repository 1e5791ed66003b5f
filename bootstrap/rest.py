"""The few REST requests that raising and removing need, over LXD's unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 120


class LxdError(Exception):
    """LXD said no, or did not answer. `status` is its code, 0 without an answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("lxd", timeout=PATIENCE + 5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _once(path: Path, method: str, target: str, body: object) -> dict[str, Any]:
    connection = _Connection(path)
    try:
        connection.request(method, target, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
        raise LxdError(f"LXD at {path} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.get("type") == "error":
        raise LxdError(f"{method} {target}: {answer.get('error')}", int(answer.get("error_code") or 500))
    return answer


def query(path: Path, method: str, target: str, body: object = None) -> Any:
    """One request carried to its end: the metadata, of the finished operation where there is one. Raises `LxdError`."""
    answer = _once(path, method, target, body)
    if answer.get("type") != "async":
        return answer.get("metadata")
    operation = _once(path, "GET", f"{answer['operation']}/wait?timeout={PATIENCE}", None)["metadata"]
    if operation.get("status") != "Success":
        raise LxdError(f"{method} {target}: {operation.get('err') or operation.get('status')}", int(operation.get("status_code") or 500))
    return operation


def listing(path: Path, target: str) -> list[dict[str, Any]]:
    """A collection with its rows."""
    found: list[dict[str, Any]] = query(path, "GET", f"{target}{'&' if '?' in target else '?'}recursion=1")
    return found
