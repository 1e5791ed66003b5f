"""The three pipes of one run: input given as it is taken, output passed on as it comes, counted and bounded."""

from __future__ import annotations

import hashlib
import os
import select
from typing import Any, Callable

from reconciler.runner import frames

Send = Callable[[bytes, bytes], None]


class Pipes:
    """``inner`` are the program's ends, which ``uid`` may open by name as well, such as /dev/stderr.

    ``most``: bytes of output, both streams together, that are passed on.
    """

    def __init__(self, send: Send, most: int, uid: int) -> None:
        self._send, self._most = send, most
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        self.inner: tuple[int, ...] = (stdin, stdout, stderr)
        for descriptor in self.inner:
            os.fchown(descriptor, uid, uid)
        self._hash, self._sent, self._bytes = hashlib.sha256(), 0, {frames.STDOUT: 0, frames.STDERR: 0}
        self._cut: set[bytes] = set()
        self._ended: set[int] = set()
        self._input, self._input_ends = bytearray(), False

    @property
    def overran(self) -> bool:
        """Whether output was dropped, since there was more than may be."""
        return bool(self._cut)

    def wants(self, *, full: bool) -> list[tuple[int, int]]:
        """The descriptors to be called for, and with what. ``full``: nothing more can be told for now."""
        wanted = []
        if not full:
            wanted += [(one, select.POLLIN) for one in (self.stdout, self.stderr) if one not in self._ended]
        if self.stdin >= 0 and self._input:
            wanted.append((self.stdin, select.POLLOUT))
        return wanted

    def feed(self, data: bytes) -> None:
        """Take bytes for standard input; none is its end."""
        self._input += data
        self._input_ends = self._input_ends or not data
        self.give()

    def give(self) -> None:
        """Give the program what it takes of its input; the rest waits."""
        try:
            while self._input and self.stdin >= 0:
                del self._input[: os.write(self.stdin, self._input[: frames.MOST])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input.clear()
            self._input_ends = True
        if self._input_ends and self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def read(self, descriptor: int) -> bool:
        """Pass output on; False where there is none for now, or never again. What is beyond the bound is dropped."""
        try:
            data = os.read(descriptor, frames.PAYLOAD)
        except BlockingIOError:
            return False
        kind = frames.STDOUT if descriptor == self.stdout else frames.STDERR
        room = self._most - self._sent
        if len(data) > room:
            self._cut.add(kind)
        passed = data[: max(0, room)]
        if passed:
            self._sent += len(passed)
            self._bytes[kind] += len(passed)
            self._hash.update(passed)
            self._send(kind, passed)
        if not data:
            self._ended.add(descriptor)
        return bool(data)

    def let_go(self) -> None:
        """Close the program's ends, so that the output ends when nobody of the run has them any more."""
        for descriptor in self.inner:
            os.close(descriptor)
        self.inner = ()

    def close(self) -> None:
        """Close our ends."""
        for descriptor in (self.stdin, self.stdout, self.stderr):
            if descriptor >= 0:
                os.close(descriptor)
        self.stdin = self.stdout = self.stderr = -1

    def told(self) -> dict[str, Any]:
        """What is told of the output, in the words of the end of a run."""
        return {
            "stdout": self._bytes[frames.STDOUT],
            "stderr": self._bytes[frames.STDERR],
            "sha256": self._hash.hexdigest(),
            "truncated": sorted("stdout" if kind == frames.STDOUT else "stderr" for kind in self._cut),
        }
