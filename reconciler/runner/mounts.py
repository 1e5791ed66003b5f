"""The files a run sees. A stage is made once, in the runner's own mount namespace; each run makes its root on a copy of that.

A root is an overlay over the cell's own root, which takes along none of the mounts in it, on a tmpfs of bounded size and number of files.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from reconciler.runner import syscalls as sc
from reconciler.runner.namespaces import mountpoints
from reconciler.runner.orders import Memory, Order, Orders

STAGE = "/tmp"
ROOT = f"{STAGE}/run/root"
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
VIEWS = ("cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "uptime")
"""Of /proc, what a cell may have its own view of, where the kernel's would tell of the host."""
HIDDEN = (
    "kcore",
    "keys",
    "key-users",
    "timer_list",
    "sysrq-trigger",
    "kallsyms",
    "kmsg",
    "kpagecount",
    "kpageflags",
    "kpagecgroup",
    "modules",
)
EMPTY = ("acpi", "bus", "driver", "fs", "irq", "scsi", "tty", "sysvipc")
BYTES_A_FILE = 4096
FEWEST_FILES, MOST_FILES = 1024, 1_000_000
WORK, INPUT, ARTIFACTS, HOME = "/tmp/work", "/tmp/input", "/tmp/artifacts", "/home/runner"
UNSAFE = sc.MS_NOSUID | sc.MS_NODEV


ACCOUNTS = "/etc/passwd"


class Stage(NamedTuple):
    """What each run is given: the accounts of the image, and /proc with what is covered of it."""

    accounts: str
    proc: Orders
    """Mounts it at the root of the next run."""


def prepare() -> Stage:
    """Make the stage, in a mount namespace of the runner's own that nothing is told of. Raises ``OSError``."""
    sc.unshare(sc.NEW_NS)
    sc.mount("", "/", flags=sc.MS_REC | sc.MS_PRIVATE)
    views = tuple(name for name in VIEWS if f"/proc/{name}" in set(mountpoints()))
    sc.mount("stage", STAGE, "tmpfs", UNSAFE, "size=1m,nr_inodes=64,mode=700")
    for name in ("run", "dev", "views", "void"):
        os.mkdir(f"{STAGE}/{name}", 0o755)
    _devices(f"{STAGE}/dev")
    for name in views:
        _touch(f"{STAGE}/views/{name}")
        sc.bind(f"/proc/{name}", f"{STAGE}/views/{name}")
    covers = {name: f"{STAGE}/views/{name}" for name in views}
    covers.update(dict.fromkeys(filter(_shown, HIDDEN), f"{STAGE}/dev/null"))
    covers.update(dict.fromkeys(filter(_shown, EMPTY), f"{STAGE}/void"))
    _trim()
    return Stage(_accounts(), _mounter(covers))


def _mounter(covers: dict[str, str]) -> Orders:
    """``covers``: what of /proc is not to be seen, and what lies over it."""
    memory, place = Memory(), f"{ROOT}/proc"
    kind = memory.hold(b"proc")
    first = Order("proc", sc.NUMBERS.mount, (kind, memory.hold(place.encode()), kind, UNSAFE | sc.MS_NOEXEC, 0))
    rest = [
        Order(name, sc.NUMBERS.mount, (memory.hold(cover.encode()), memory.hold(f"{place}/{name}".encode()), 0, sc.MS_BIND, 0))
        for name, cover in covers.items()
    ]
    return Orders([first, *rest], memory)


def _trim() -> None:
    """Take away the mounts that the runner does not need: each is copied and taken down with every run."""
    places = [place for place in mountpoints() if place != "/proc" and place.startswith(("/proc/", "/sys", "/dev"))]
    for place in sorted(places, key=len, reverse=True):
        sc.unmount(place, sc.MNT_DETACH)


def _accounts() -> str:
    """The accounts of the image but for that of the user ``runner``, which each run is anew."""
    try:
        with open(ACCOUNTS, encoding="utf-8") as text:
            return "".join(line for line in text if not line.startswith("runner:"))
    except FileNotFoundError:
        return "root:x:0:0:root:/root:/bin/sh\n"


def _devices(place: str) -> None:
    """A small /dev: each device is one of the cell's, shown a second time."""
    sc.mount("dev", place, "tmpfs", sc.MS_NOSUID | sc.MS_NOEXEC, "size=64k,nr_inodes=32,mode=755")
    for name in DEVICES:
        _touch(f"{place}/{name}")
        sc.bind(f"/dev/{name}", f"{place}/{name}")
    for name, target in LINKS.items():
        os.symlink(target, f"{place}/{name}")
    os.mkdir(f"{place}/shm")
    sc.mount("", place, flags=sc.MS_REMOUNT | sc.MS_BIND | sc.MS_RDONLY | sc.MS_NOSUID | sc.MS_NOEXEC)


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))


def _shown(name: str) -> bool:
    """Whether people without rights could read or write it here."""
    try:
        mode = os.stat(f"/proc/{name}").st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(mode) or bool(mode & (stat.S_IROTH | stat.S_IWOTH))


def make_root(stage: Stage, disk: int, uid: int) -> None:
    """Make the root of one run and go there. Called inside its namespaces. Raises ``OSError``."""
    run, root = f"{STAGE}/run", ROOT
    files = max(FEWEST_FILES, min(MOST_FILES, disk // BYTES_A_FILE))
    sc.mount("run", run, "tmpfs", UNSAFE, f"size={disk},nr_inodes={files},mode=755")
    for name in ("upper", "work", "root", "tmp", "shm"):
        os.mkdir(f"{run}/{name}")
    os.chmod(f"{run}/tmp", 0o1777)  # noqa: S103 - as every /tmp is
    os.chmod(f"{run}/shm", 0o1777)  # noqa: S103
    _people(f"{run}/upper", stage, uid)
    sc.mount("root", root, "overlay", UNSAFE, f"lowerdir=/,upperdir={run}/upper,workdir={run}/work,userxattr")
    sc.bind(f"{STAGE}/dev", f"{root}/dev", recursive=True)
    sc.bind(f"{run}/shm", f"{root}/dev/shm")
    sc.bind(f"{run}/tmp", f"{root}/tmp")
    _proc(stage, f"{root}/proc")
    os.chdir(root)
    sc.pivot_root(".", ".")
    sc.unmount(".", sc.MNT_DETACH)  # the old root, of which this namespace must keep nothing
    os.chdir("/")


def _people(upper: str, stage: Stage, uid: int) -> None:
    """The user of the run has a name and a home, which is what programs ask for."""
    os.mkdir(upper + os.path.dirname(HOME))
    os.mkdir(upper + HOME, 0o700)
    os.chown(upper + HOME, uid, uid)
    os.mkdir(upper + os.path.dirname(ACCOUNTS))
    text = f"{stage.accounts}runner:x:{uid}:{uid}::{HOME}:/bin/sh\n".encode()
    file = os.open(upper + ACCOUNTS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    if os.write(file, text) != len(text):
        raise OSError("there is no room for the accounts")
    os.close(file)


def _proc(stage: Stage, place: str) -> None:
    """What is mounted shows the processes among which its mounter is, so a child does that, which is among those of the sandbox."""
    pid = stage.proc.start(sc.CLONE_VFORK)
    failure = stage.proc.failure()
    os.waitpid(pid, 0)
    if failure:
        raise OSError(failure[1], f"mount {place}: {failure[0]}")
    if os.path.exists(f"{place}/self"):
        raise OSError("the processes of the sandbox are those of the cell")
