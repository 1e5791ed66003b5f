"""The library for an LXD whose own test for id-mapped mounts fails, and the script that puts it in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.lab.idmap import build

# Maps a detached mount as LXD does: by a namespace in which no id is mapped. Then once more by a file that is no namespace.
ATTEMPT = """
import ctypes, os, signal, struct, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(path, space):
    tree = libc.syscall(428, -100, path.encode(), 0x80001)
    asked = struct.pack("QQQQ", 0x100000, 0, 1 << 19, space)
    word = "mapped" if libc.syscall(442, tree, b"", 0x1000, asked, 32) == 0 else os.strerror(ctypes.get_errno())
    os.close(tree)
    return word
read, write = os.pipe()
pid = os.fork()
if not pid:
    libc.unshare(0x10000000)
    os.write(write, b"x")
    signal.pause()
os.read(read, 1)
space = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
print(attempt(sys.argv[1], space), attempt("/proc", space), attempt(sys.argv[1], os.open("/", os.O_RDONLY | os.O_PATH)), sep="|")
print(subprocess.run(["env"], capture_output=True, text=True).stdout.count("LD_PRELOAD"), os.getpid() == libc.syscall(39))
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child left")
"""


def test_what_the_filesystem_can_is_found_and_nothing_else_is_changed(tmp_path: Path) -> None:
    library = build(tmp_path)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPT, str(tmp_path)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["mapped|Invalid argument|Bad file descriptor", "0 True", "no child left"], done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["lxd-idmap.so"]


def script(root: Path, verb: str, lxd: str = "", kernel: str = "") -> subprocess.CompletedProcess[str]:
    """Run it on a machine with that LXD and that kernel, below a folder."""
    programs = root / "programs"
    programs.mkdir(exist_ok=True)
    for name, word in (("lxd", lxd), ("uname", kernel)):
        (programs / name).write_text(f"#!/bin/sh\necho {word}\n")
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "DESTDIR": str(root / "dest")}
    command = ["sh", "bootstrap/idmap.sh", verb]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("lxd", "kernel"), [("5.0.2", "6.1.0-32-amd64"), ("5.0.4", "6.12.0"), ("5.21.2", "6.9"), ("6.1", "7.0")])
def test_nothing_is_installed_where_it_is_not_needed(tmp_path: Path, lxd: str, kernel: str) -> None:
    done = script(tmp_path, "install", lxd, kernel)
    assert (done.returncode, done.stdout) == (0, f"not needed: LXD {lxd} on Linux {kernel}\n")
    assert not (tmp_path / "dest").exists()


def test_it_is_installed_twice_and_removed(tmp_path: Path) -> None:
    for _ in range(2):
        done = script(tmp_path, "install", "5.0.2", "6.12.0+deb13-amd64")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith(": systemctl restart lxd\n")
    files = sorted(path.relative_to(tmp_path / "dest") for path in (tmp_path / "dest").rglob("*") if path.is_file())
    unit, library = Path("etc/systemd/system/lxd.service.d/unsandbox-idmap.conf"), Path("usr/local/lib/unsandbox/lxd-idmap.so")
    assert files == [unit, library]
    assert f"Environment=LD_PRELOAD=/{library}\n" in (tmp_path / "dest" / unit).read_text()
    assert script(tmp_path, "remove").returncode == 0
    assert not [path for path in (tmp_path / "dest").rglob("*") if path.is_file()]


def test_how_it_is_used_is_said(tmp_path: Path) -> None:
    done = script(tmp_path, "nonsense")
    assert (done.returncode, done.stderr) == (1, "usage: sh bootstrap/idmap.sh install|remove|build FILE\n")
