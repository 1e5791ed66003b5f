"""Running git against a repository that strangers may write to: bounded, without questions, and without running what is in it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.app.git import ELSEWHERE, PLAIN, git, said
from reconciler.app.sources.address import ALLOWED, hidden
from reconciler.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 2 * 1024**3
"""Bytes of the largest file that git may write: more is no repository of manifests."""
SSH = " -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=10 -oServerAliveCountMax=3"
SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    "advice.detachedHead": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "20",
    "credential.interactive": "false",
}


class Runner:
    """git in one folder, one call at a time. ``close`` ends the call that runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._safe: list[str] | None = None
        self._environ: dict[str, str] | None = None
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = threading.Event()

    def asked(self, *arguments: str, seconds: float = 60) -> str:
        """What git answers. Raises ``GitError``."""
        done = self.tried(*arguments, seconds=seconds)
        if done.returncode != 0:
            raise GitError(f"git {arguments[0]}: {hidden(said(done))}", hint=f"git -C {self.root} status")
        return done.stdout.decode(errors="replace").strip()

    def tried(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[bytes]:
        """Git's answer, whatever it is. Raises ``GitError`` where it does not end in time, cannot be run, or was ended by ``close``."""
        command = ["git", "-C", str(self.root), *self._settings(), *arguments]
        try:
            # Its own session: no terminal to ask on, and Ctrl-C is for the loop to judge.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror}", hint="apt-get install git") from error
        with suppress(OSError, ValueError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
        return self._ended(process, arguments[0], seconds)

    def _ended(self, process: subprocess.Popen[bytes], verb: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
        self._running = process
        try:
            if self._closed.is_set():
                _end(process)
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise GitError(f"git {verb} did not end within {seconds:g} s") from error
        finally:
            self._running = None
        if self._closed.is_set():
            raise GitError(f"git {verb} was ended, for the loop ends")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def close(self) -> None:
        """End the call that runs, and run no other."""
        self._closed.set()
        running = self._running
        if running is not None:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)

    def refresh(self) -> None:
        """Ask again what git is set up to run."""
        self._safe = None
        self._environ = None

    def _settings(self) -> list[str]:
        """No hook, filter, submodule or watcher of anybody's: a checkout writes files and runs nothing."""
        if self._safe is None:
            known = git(self.root, "config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$")
            filters = {name: "false" if name.endswith(".required") else "" for name in known.stdout.decode().split()}
            self._safe = [word for name, value in (SAFE | filters).items() for word in ("-c", f"{name}={value}")]
        return self._safe

    def _environment(self) -> dict[str, str]:
        """Nobody is there to answer a question."""
        if self._environ is None:
            kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE | {"SSH_ASKPASS", "DISPLAY"}}
            if "GIT_SSH" not in kept:
                configured = git(self.root, "config", "core.sshCommand").stdout.decode().strip()
                kept["GIT_SSH_COMMAND"] = (kept.get("GIT_SSH_COMMAND") or configured or "ssh") + SSH
            self._environ = kept | PLAIN | {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": ALLOWED, "GIT_LFS_SKIP_SMUDGE": "1"}
        return self._environ


def _end(process: subprocess.Popen[bytes]) -> None:
    """With everything that it started. First politely: git then takes its lock files away."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
            return
