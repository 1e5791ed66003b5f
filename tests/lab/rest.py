"""The bare REST door of a daemon, over its unix socket: the standard library and nothing else."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OPERATION_PATIENCE = 60


class QueryError(Exception):
    """LXD answered with an error, or an operation failed: `status` is LXD's code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("lxd", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def raw(path: Path, method: str, target: str, body: object = None, timeout: float = OPERATION_PATIENCE + 5) -> tuple[int, Any]:
    """One request; the status and the whole decoded answer. A body of bytes is sent as it is, anything else as JSON."""
    connection = _UnixConnection(path, timeout)
    payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    try:
        connection.request(method, target, payload, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text) if answer.getheader("Content-Type", "").startswith("application/json") else text


def query(path: Path, method: str, target: str, body: object = None) -> Any:
    """One request carried to its end: the metadata of the answer, or of the finished operation. Errors are `QueryError`."""
    status, answer = raw(path, method, target, body)
    if not isinstance(answer, dict):
        return answer
    if answer.get("type") == "error":
        raise QueryError(int(answer.get("error_code") or status), f"{method} {target}: {answer.get('error')}")
    if answer.get("type") != "async":
        return answer.get("metadata")
    operation_path = str(answer["operation"]).partition("?")[0]  # a member of a cluster adds the project
    _status, finished = raw(path, "GET", f"{operation_path}/wait?timeout={OPERATION_PATIENCE}")
    operation = finished.get("metadata") or {}
    if operation.get("status") != "Success":
        raise QueryError(int(operation.get("status_code") or 500), f"{method} {target}: {operation.get('err') or operation.get('status')}")
    return operation
