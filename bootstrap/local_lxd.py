"""The LXD of this machine: find it, install and start it, stop it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.rest import LxdError, query

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
HERE = Path(__file__).resolve().parent
FOLDERS = (Path("/var/lib/lxd"), Path("/var/snap/lxd/common/lxd"))
STATE = (Path("/var/lib/lxd"), Path("/var/log/lxd"), Path("/var/cache/lxd"))


class BootstrapError(Exception):
    """This machine could not be raised; the message says what was tried and what to type next."""


def answers(socket: Path) -> bool:
    """Say whether an LXD is behind the socket."""
    try:
        return bool(query(socket, "GET", "/1.0")["auth"] == "trusted")
    except LxdError:
        return False


def find(environ: Mapping[str, str]) -> Path | None:
    """The socket of the LXD that runs here: of LXD_DIR where it is set, else Debian's, else the snap's. None where none answers."""
    named = environ.get("LXD_DIR")
    folders = (Path(named),) if named else FOLDERS
    return next((folder / "unix.socket" for folder in folders if answers(folder / "unix.socket")), None)


def way() -> str:
    """How LXD is started here: by systemd's units, as Ubuntu's snap, or directly."""
    if not Path("/run/systemd/system").is_dir():
        return "direct"
    ubuntu = "\nID=ubuntu\n" in f"\n{Path('/etc/os-release').read_text()}\n"
    return "snap" if ubuntu and not Path("/usr/bin/lxd").exists() else "systemd"


def install(log: Path) -> None:
    """Bring this machine to what genesis.py says: packages, id ranges, units. Its words go to the log."""
    pyinfra = Path(sys.executable).parent / "pyinfra"
    with log.open("w") as out:
        done = subprocess.run(
            [pyinfra, "-y", "@local", HERE / "genesis.py"], cwd=HERE.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        )
    if done.returncode:
        raise BootstrapError(f"genesis failed, the end of {log}:\n{log.read_text()[-3000:]}")


def start(how: str, run_dir: Path) -> Path:
    """Start LXD and wait until it answers; return its socket."""
    if how == "direct":
        direct("start", run_dir)
    elif how == "systemd":
        _run("systemctl", "start", "lxcfs.service", "lxd.socket", "lxd.service")
    deadline = time.monotonic() + 60
    while (socket := find({})) is None:
        if time.monotonic() > deadline:
            raise BootstrapError("LXD was started and does not answer after 60 seconds; see /var/log/lxd/lxd.log or journalctl -u lxd")
        time.sleep(0.2)
    return socket


def stop(how: str, run_dir: Path) -> None:
    """Stop what `start` started."""
    if how == "direct":
        direct("stop", run_dir)
    elif how == "systemd":
        _run("systemctl", "stop", "lxd.service", "lxd.socket")
    elif how == "snap" and shutil.which("snap"):
        _run("snap", "remove", "--purge", "lxd")


def direct(verb: str, run_dir: Path) -> None:
    """Start or stop lxcfs and lxd without a service manager."""
    _run("sh", str(HERE / "lxd-direct.sh"), verb, str(run_dir))


def unused_state() -> list[str]:
    """Which of LXD's folders hold nothing."""
    return [str(folder) for folder in STATE if not (folder.is_dir() and any(folder.iterdir()))]


def empty(folder: Path) -> None:
    """Remove what is in a folder of LXD's, never across a mount: a pool that is still mounted is not ours to empty."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    busy = [mount for mount in mounts if mount.startswith(f"{folder}/")]
    if busy:
        raise BootstrapError(f"{folder} is still in use ({', '.join(busy)}); unmount these, then again: make demo-down")
    for entry in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _run(*command: str) -> None:
    environment = {
        "PATH": PATH,
        "HOME": os.environ.get("HOME", "/root"),
    }
    done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise BootstrapError(f"{' '.join(command)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
