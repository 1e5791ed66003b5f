"""A pyinfra deploy: from a bare Debian or Ubuntu to a machine that can be a host. `pyinfra -y @local bootstrap/genesis.py`, or over ssh.

Packages, a range of subordinate ids wide enough for thousands of isolated containers, and the units where systemd is PID 1. Running it
again changes nothing. A machine whose LXD is in use should not be given this: new ranges would move the ids of its containers.
"""

from __future__ import annotations

from pathlib import Path

from pyinfra.context import host
from pyinfra.facts.files import Directory
from pyinfra.facts.server import Command, LinuxDistribution
from pyinfra.operations import apt, files, server, systemd

# Debian's range of 10,000,001 ids ends at some 150 containers with isolated ids; this one is the range that LXD's snap brings.
FIRST_ID, WIDE, LEAST = 1_000_000, 1_000_000_000, 65_536
SNAP_BRINGS = {"lxd", "lxd-client", "lxcfs"}

has_systemd = bool(host.get_fact(Directory, path="/run/systemd/system"))
uses_snap = has_systemd and host.get_fact(LinuxDistribution)["release_meta"].get("ID") == "ubuntu"
words = (line.partition("#")[0].strip() for line in (Path(__file__).parent / "packages" / "host").read_text().splitlines())
packages = [word for word in words if word and not (uses_snap and word in SNAP_BRINGS)]

apt.packages(name="Packages of a host", packages=packages, no_recommends=True, update=True, extra_install_args="-o DPkg::Lock::Timeout=300")
# A machine that is itself a container has only the ids that it was given; where those are few, the package's own range stands.
mapped = int(host.get_fact(Command, "awk '{ ids += $3 } END { printf \"%.0f\", ids }' /proc/self/uid_map"))
count = min(WIDE, mapped - FIRST_ID)
ranges = [
    files.line(name=f"Wide id range in {file}", path=file, line="^root:.*$", replace=f"root:{FIRST_ID}:{count}", ensure_newline=True)
    for file in ("/etc/subuid", "/etc/subgid")
    if count >= LEAST
]
if uses_snap:
    server.shell(name="LXD as a snap", commands=["snap list lxd >/dev/null 2>&1 || snap install lxd", "snap run lxd waitready"])
elif has_systemd:
    systemd.service(name="lxcfs runs", service="lxcfs.service", running=True, enabled=True)
    systemd.service(name="LXD listens", service="lxd.socket", running=True, enabled=True)
    systemd.service(
        name="LXD reads the new ranges", service="lxd.service", restarted=True, _if=lambda: any(change.did_change() for change in ranges)
    )
