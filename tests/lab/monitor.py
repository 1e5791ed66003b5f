"""What a daemon itself tells of its instances, over its unix socket: every lifecycle event, whoever caused it."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from types import TracebackType

    from tests.lab.daemon import Daemon


class Monitor:
    """A context manager. ``told``: (action, instance) in the order of LXD's events, from the moment it was entered."""

    def __init__(self, daemon: Daemon) -> None:
        plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        plain.connect(str(daemon.socket))
        self._stream = connect("ws://lxd/1.0/events?all-projects=true&type=lifecycle", sock=plain, proxy=None, compression=None)
        self.told: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def _listen(self) -> None:
        try:
            for text in self._stream:
                told = json.loads(text)["metadata"]
                if str(told["action"]).startswith("instance-"):
                    self.told.append((str(told["action"]), str(told["source"]).partition("?")[0].split("/")[3]))
        except ConnectionClosed:
            return

    def __enter__(self) -> Self:
        self._stream.__enter__()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        self._thread.join(5)
