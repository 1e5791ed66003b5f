"""One set of namespaces (network, mounts, processes), held by a keeper."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.lab import cgroups

REPOSITORY = Path(__file__).resolve().parents[2]
CGROUP_ROOT = Path("/sys/fs/cgroup")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """The lab could not be raised or removed; the message says what was tried and what came back."""


def run(*command: str, timeout: float = 30) -> str:
    """Run a program to its end with standard input closed; return what it printed."""
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def child_of(pid: int) -> int | None:
    """The one child of a process that forked and waits, or None before it forked."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


def wait_child(process: subprocess.Popen[bytes], patience: float = 5) -> int:
    """As `child_of`, waiting for the fork."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        if (pid := child_of(process.pid)) is not None:
            return pid
        time.sleep(0.005)
    raise LabError(f"{process.args!r} ended or never forked (exit {process.poll()})")


@dataclass(frozen=True)
class Space:
    """Namespaces with a keeper: `pid` is the keeper's as seen from outside, `branch` its cgroup path."""

    pid: int
    branch: str
    parent: subprocess.Popen[bytes]

    def command(self, *command: str) -> list[str]:
        """The command line that runs a command inside."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--", *command]

    def run(self, *command: str, timeout: float = 30) -> str:
        """Run a program inside to its end; return what it printed."""
        return run(*self.command(*command), timeout=timeout)

    def spawn(self, *command: str, env: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a long-lived program inside. The returned process is nsenter; the program is its child."""
        return subprocess.Popen(
            self.command(*command), env={"PATH": PATH, "HOME": "/root", **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip

    def close(self, patience: float = 10) -> None:
        """End the keeper and with it every process, mount and interface inside."""
        if self.parent.poll() is None:
            _signal(self.pid, signal.SIGTERM)
        try:
            self.parent.wait(patience)
        except subprocess.TimeoutExpired:
            _signal(self.pid, signal.SIGKILL)
            cgroups.thaw(CGROUP_ROOT, self.branch)
            self.parent.wait(patience)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def open_space(run_dir: Path, name: str, kind: str) -> Space:
    """Make namespaces: `daemon` ones have their own /sys, lxcfs and cgroup branch, `bare` ones only a network."""
    owner = os.pidfd_open(os.getpid())
    try:
        parent = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-m", "tests.lab.keeper", str(run_dir), name, str(owner), kind],
            cwd=REPOSITORY, env={"PATH": PATH, "PYTHONDONTWRITEBYTECODE": "1"}, pass_fds=[owner], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(owner)
    assert parent.stdout is not None
    with parent.stdout as output:
        said = output.readline()
    if said != b"ready\n":
        parent.wait()
        raise LabError(f"the keeper of {name} in {run_dir} ended with {parent.returncode}; what it said is above")
    return Space(wait_child(parent), f"unsandbox-lab-{run_dir.name}/{name}", parent)
