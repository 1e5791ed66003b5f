"""A runner in a container, spoken to through `lxc exec`: what the host says and what it hears."""

from __future__ import annotations

import json
import os
import select
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.runner import bundle, frames

if TYPE_CHECKING:
    from tests.lab.daemon import Daemon

MIB = 1024 * 1024
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SPEC: dict[str, Any] = {
    "compile": [], "source": "main", "seconds": 10, "cpu_seconds": 20, "memory": 128 * MIB, "disk": 16 * MIB, "processes": 32,
    "output": MIB, "network": "none", "artifacts": {"count": 10, "bytes": MIB, "each": MIB}, "zygote": "",
}  # fmt: skip


@dataclass
class Ended:
    """What came of a run."""

    end: dict[str, Any]
    out: bytes = b""
    err: bytes = b""
    artifacts: dict[str, bytes] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.out.decode()


def outside(daemon: Daemon, instance: str, *words: str) -> dict[str, Any]:
    """How a program is started in a container without a sandbox, for ``subprocess``."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/root", "LXD_DIR": str(daemon.directory), "LXD_CONF": f"{daemon.directory}.client"}
    return {"args": ["lxc", "exec", "-T", instance, "--", *words], "env": environment}


class Cell:
    """One container and the runner in it."""

    def __init__(self, daemon: Daemon, instance: str, *words: str, prefix: tuple[str, ...] = (), archive: bytes = b"") -> None:
        archive = archive or bundle.archive()
        line = outside(daemon, instance, *prefix, *bundle.command(len(archive), *words))
        self._process = subprocess.Popen(**line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._decoder, self._heard, self.last = frames.Decoder(frames.TO_HOST), list[frames.Frame](), 0
        self.say(archive)
        try:
            first = self.hear()
            assert first.kind == frames.HELLO, first
        except AssertionError:
            self.close()
            raise
        self.hello = json.loads(first.payload)

    def say(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def hear(self, patience: float = 60) -> frames.Frame:
        assert self._process.stdout is not None
        while not self._heard:
            assert select.select([self._process.stdout], [], [], patience)[0], "the runner says nothing"
            data = os.read(self._process.stdout.fileno(), MIB)
            assert data, "the runner is gone"
            self._heard += self._decoder.feed(data)
        return self._heard.pop(0)

    def begin(self, *run: str, code: str | bytes = "", stdin: bytes = b"", inputs: dict[str, bytes] | None = None, **other: Any) -> None:
        """Say what a run is, whole."""
        data = code.encode() if isinstance(code, str) else code
        given = inputs or {}
        environment = {"PATH": PATH, "HOME": "/home/runner", "LANG": "C.UTF-8", **other.pop("environment", {})}
        spec = {**SPEC, "run": run, "code": len(data), "environment": environment, **other}
        spec["inputs"] = [{"name": name, "size": len(content)} for name, content in given.items()]
        self.last += 1
        self.say(frames.encode(frames.RUN, self.last, json.dumps(spec).encode()))
        for content in (data, *given.values()):
            self._pieces(frames.FILE, content)
        self._pieces(frames.STDIN, stdin)
        self.say(frames.encode(frames.STDIN, self.last))

    def _pieces(self, kind: bytes, data: bytes) -> None:
        for at in range(0, len(data), frames.PAYLOAD):
            self.say(frames.encode(kind, self.last, data[at : at + frames.PAYLOAD]))

    def end(self, *, cancel: bool = False) -> Ended:
        """Hear a run to its end; ``cancel`` it at its first output."""
        ended, name = Ended({}), ""
        while True:
            kind, run, payload = self.hear()
            assert run == self.last, (kind, payload)
            if kind == frames.STDOUT:
                ended.out += payload
                if cancel:
                    self.say(frames.encode(frames.CANCEL, run))
                    cancel = False
            elif kind == frames.STDERR:
                ended.err += payload
            elif kind == frames.ARTIFACT:
                name = json.loads(payload)["name"]
                ended.artifacts[name] = b""
            elif kind == frames.DATA:
                ended.artifacts[name] += payload
            elif kind == frames.END:
                ended.end = json.loads(payload)
                return ended
            else:
                assert kind == frames.STARTED, (kind, payload)

    def run(self, *run: str, **other: Any) -> Ended:
        self.begin(*run, **other)
        return self.end()

    def shell(self, code: str, **other: Any) -> Ended:
        return self.run("sh", "main", code=code, **other)

    def python(self, code: str, **other: Any) -> Ended:
        return self.run("python3", "main.py", code=code, source="main.py", **other)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
