"""PID 1 of a lab namespace: holds it open, reaps orphans, and ends with its owner, whereupon the kernel takes everything in it down.

Run as `python -m tests.lab.keeper RUN_DIR NAME PIDFD (bare|daemon)` in fresh namespaces; PIDFD is an inherited pidfd of the
owner. Prints "ready".
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.lab import cgroups

CGROUP_ROOT = Path("/sys/fs/cgroup")
TICK_MS = 250
# A new network namespace shows its devices only in a new sysfs, and that one comes without the cgroup mounts below it.
PREPARE = """
set -e
mkdir -p /run/lxc /var/lib/lxcfs
mount -t tmpfs -o mode=755 unsandbox-lab /run/lxc
mkdir /run/lxc/cgroup
mount --rbind /sys/fs/cgroup /run/lxc/cgroup
mount -t sysfs sysfs /sys
mount --rbind /run/lxc/cgroup /sys/fs/cgroup
umount -l /run/lxc/cgroup
ip link set lo up
lxcfs -p /run/lxc/lxcfs.pid /var/lib/lxcfs >/run/lxc/lxcfs.log 2>&1 &
"""


def reap() -> None:
    """Collect every child that ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def keep(owner: int) -> None:
    """Stay until the owner's pidfd says it ended, or SIGTERM does."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the owner's terminal is the owner's business
    watch = select.poll()
    watch.register(owner, select.POLLIN)
    while not asked and not watch.poll(TICK_MS):
        reap()


def end(branch: str) -> None:
    """Kill all others in this PID namespace; thawed afterwards, so that the frozen ones find the kill waiting."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    for _attempt in range(200):
        cgroups.thaw(CGROUP_ROOT, branch)
        reap()
        if not any(entry.name.isdigit() and entry.name != "1" for entry in Path("/proc").iterdir()):
            return
        time.sleep(0.02)


def main(run_dir: str, name: str, owner: str, kind: str) -> None:
    """Set the namespace up, report, keep it, end it."""
    branch = f"unsandbox-lab-{Path(run_dir).name}/{name}"
    if kind == "daemon":
        cgroups.enter(CGROUP_ROOT, branch)
        subprocess.run(["/bin/sh", "-c", PREPARE], check=True, stdin=subprocess.DEVNULL)
    print("ready", flush=True)
    keep(int(owner))
    end(branch)


if __name__ == "__main__":
    main(*sys.argv[1:5])
