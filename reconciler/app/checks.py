"""What doctor makes of the facts: pure, one function a theme. Unknown is its own verdict, never ok."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.policy.idmap import finds_idmapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.lxd.inspect import HostFacts
    from reconciler.lxd.local import LocalFacts
    from reconciler.model.resources import Host

OK, WARN, FAIL, UNKNOWN = "ok", "warn", "fail", "unknown"
IDS_EACH = 65_536
ENOUGH_IDS = 300
FULL = 0.85
SKEW = 30.0
FEW_KEYS, FEW_NEIGHBOURS = 2000, 4096
CONTROLLERS = frozenset({"cpu", "cpuset", "memory", "pids"})
OLDEST = (5, 0)
FIRST_START = "first start"
MEND_IDMAP = "install LXD 5.0.4, 5.21.2 or later; or on the host: sh bootstrap/idmap.sh install"
CLOSE_53 = (
    "nft add table inet unsandbox; nft add chain inet unsandbox input '{ type filter hook input priority -10; }'; "
    "nft add rule inet unsandbox input iifname 'unsb*' meta l4proto '{ tcp, udp }' th dport 53 drop"
)
"""A rule of the host's own, ahead of LXD's; no setting of LXD closes that port."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``scope`` is a host's name or ``local``; ``verdict`` ok, warn, fail or unknown; ``mend`` a command to type."""

    name: str
    scope: str
    verdict: str
    finding: str
    mend: str = ""


def host_checks(host: Host, facts: HostFacts, differing: tuple[str, ...] | None) -> Iterator[Check]:
    """What LXD told. ``differing`` is what of the foundation is not as it should be; None where the host was not prepared."""
    yield _version(host, facts)
    yield from _storage(host, facts)
    yield _foundation(host, differing)
    yield _kernel(host, facts)
    yield _first_start(host, facts)
    yield _clock(host, facts)
    yield _trust(host, facts)
    yield _warnings(host, facts)


def _version(host: Host, facts: HostFacts) -> Check:
    if facts.missing:
        return Check("LXD", host.name, FAIL, f"{facts.version} lacks {', '.join(facts.missing)}", "install LXD 5.0 or later")
    numbers = tuple(int(part) for part in facts.version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return Check("LXD", host.name, WARN, f"{facts.version} is older than what this is tested with", "install LXD 5.0 or later")
    return Check("LXD", host.name, OK, f"{facts.version}, kernel {facts.kernel}, firewall {facts.firewall}")


def _storage(host: Host, facts: HostFacts) -> Iterator[Check]:
    if facts.pools is None:
        yield Check("storage", host.name, UNKNOWN, "the storage pools cannot be read", "lxc storage list")
        return
    pool = next((pool for pool in facts.pools if pool.name == host.pool), None)
    if pool is None:
        yield Check("storage", host.name, WARN, f"no pool {host.pool} yet; the first apply makes it (btrfs on a loop)", "unsandbox apply")
        return
    if pool.driver == "dir":
        yield Check(
            "storage",
            host.name,
            WARN,
            f"pool {pool.name} is a plain directory: disk limits are not enforced, copies are slow",
            f"lxc storage create {pool.name} btrfs  # on a host made anew",
        )
    else:
        yield Check("storage", host.name, OK, f"pool {pool.name} on {pool.driver}")
    if pool.total is None or pool.used is None:
        yield Check("space", host.name, UNKNOWN, "LXD does not tell how full the pool is", f"lxc storage info {pool.name}")
        return
    share = pool.used / pool.total
    verdict, mend = (WARN, f"lxc storage set {pool.name} size=...") if share > FULL else (OK, "")
    yield Check("space", host.name, verdict, f"{share:.0%} of {pool.total >> 20} MiB used", mend)


def _foundation(host: Host, differing: tuple[str, ...] | None) -> Check:
    if differing is None:
        return Check("foundation", host.name, WARN, "the host is not prepared yet", "unsandbox plan")
    if differing:
        mend = f"lxc project unset {host.project} user.unsandbox.foundation; unsandbox apply  # sets it up again"
        return Check("foundation", host.name, FAIL, "; ".join(differing), mend)
    return Check("foundation", host.name, OK, "project, pool, ACLs and networks are as the policy says")


def _kernel(host: Host, facts: HostFacts) -> Check:
    lacking = []
    if facts.apparmor is False:
        lacking.append("AppArmor is off, so one wall less stands between a container and the host")
    if facts.firewall != "nftables":
        lacking.append(f"the firewall is {facts.firewall or 'unknown'}, tested is nftables")
    if lacking:
        return Check("kernel", host.name, WARN, "; ".join(lacking), "boot a kernel with AppArmor; apt-get install nftables")
    return (
        Check("kernel", host.name, OK, "AppArmor and nftables")
        if facts.apparmor
        else Check("kernel", host.name, UNKNOWN, "whether AppArmor is on is not told", "aa-status")
    )


def _first_start(host: Host, facts: HostFacts) -> Check:
    """What LXD did prevails over what its version lets expect: it may have been mended."""
    if facts.mapped:
        return Check(FIRST_START, host.name, OK, "ids are mapped when a root is mounted; no file is rewritten")
    slow = "so each first start of a container rewrites the owner of every file"
    if not facts.idmapped:
        return Check(FIRST_START, host.name, WARN, f"the kernel has no id-mapped mounts, {slow}", "boot Linux 5.15 or later")
    able = finds_idmapped(facts.version, facts.kernel)
    if able is None:
        finding = f"whether LXD {facts.version} maps ids on Linux {facts.kernel} is not known; a running container would show it"
        return Check(FIRST_START, host.name, UNKNOWN, finding, "unsandbox doctor  # once a container runs")
    if not able:
        finding = f"LXD {facts.version} does not find the id-mapped mounts of Linux {facts.kernel}, {slow}; no container shows otherwise"
        return Check(FIRST_START, host.name, WARN, finding, MEND_IDMAP)
    return Check(FIRST_START, host.name, OK, f"LXD {facts.version} finds the id-mapped mounts of Linux {facts.kernel}")


def _clock(host: Host, facts: HostFacts) -> Check:
    if facts.clock_skew is None:
        return Check("clock", host.name, UNKNOWN, "the host does not tell the time", "timedatectl")
    if abs(facts.clock_skew) > SKEW:
        return Check(
            "clock",
            host.name,
            FAIL,
            f"{facts.clock_skew:+.0f} s from ours: sessions would end at the wrong time",
            "timedatectl set-ntp true",
        )
    return Check("clock", host.name, OK, f"{facts.clock_skew:+.0f} s from ours")


def _trust(host: Host, facts: HostFacts) -> Check:
    if facts.password:
        return Check(
            "trust", host.name, WARN, "a trust password is set: whoever learns it may enrol", "lxc config unset core.trust_password"
        )
    if facts.clients is None:
        return Check("trust", host.name, UNKNOWN, "the trusted certificates cannot be read", "lxc config trust list")
    return Check("trust", host.name, OK, f"{facts.clients} trusted certificate{'' if facts.clients == 1 else 's'}, no password")


def _warnings(host: Host, facts: HostFacts) -> Check:
    if facts.warnings is None:
        return Check("warnings", host.name, UNKNOWN, "LXD's warnings cannot be read", "lxc warning list")
    if facts.warnings:
        return Check("warnings", host.name, WARN, "; ".join(facts.warnings), "lxc warning list")
    return Check("warnings", host.name, OK, "LXD has none")


def machine_checks(host: Host, facts: LocalFacts | None) -> Iterator[Check]:
    """What only a look at the machine tells; of a host behind HTTPS nothing."""
    if facts is None:
        yield Check(
            "machine",
            host.name,
            UNKNOWN,
            "id ranges, cgroups and kernel limits are told there only",
            "unsandbox doctor  # there",
        )
        return
    yield _ids(host, facts)
    yield _cgroups(host, facts)
    yield _limit(host, "keyrings", facts.keys, FEW_KEYS, "sysctl -w kernel.keys.maxkeys=20000")
    yield _limit(host, "neighbours", facts.neighbours, FEW_NEIGHBOURS, "sysctl -w net.ipv4.neigh.default.gc_thresh3=8192")
    if facts.resolvers is None:
        yield Check("resolver", host.name, UNKNOWN, "what listens on port 53 cannot be read", "ss -lnptu")
    elif facts.resolvers:
        finding = f"{', '.join(facts.resolvers)}: semitrusted containers can reach it, by LXD's own rules"
        yield Check("resolver", host.name, WARN, finding, CLOSE_53)
    else:
        yield Check("resolver", host.name, OK, "nothing listens on port 53 but on loopback")


def _ids(host: Host, facts: LocalFacts) -> Check:
    if facts.uids is None or facts.gids is None:
        return Check("ids", host.name, UNKNOWN, "/etc/subuid and /etc/subgid cannot be read", "ls -l /etc/subuid /etc/subgid")
    count = max(0, min(facts.uids, facts.gids) // IDS_EACH - 1)
    mend = "in /etc/subuid and /etc/subgid: root:1000000:1000000000; then restart LXD, and set the Host's capacity.isolated"
    if not count:
        return Check("ids", host.name, FAIL, "root has no id range for containers", mend)
    verdict = OK if count >= ENOUGH_IDS else WARN
    return Check(
        "ids",
        host.name,
        verdict,
        f"ids of their own for {count} containers; the inventory says {host.capacity.isolated}",
        "" if verdict == OK else mend,
    )


def _cgroups(host: Host, facts: LocalFacts) -> Check:
    if facts.cgroup is None or facts.controllers is None:
        return Check("cgroups", host.name, FAIL, "no cgroups are mounted: no limit holds", "mount cgroup2 at /sys/fs/cgroup")
    lacking = sorted(CONTROLLERS - facts.controllers)
    if lacking:
        return Check(
            "cgroups",
            host.name,
            FAIL,
            f"{facts.cgroup} without {', '.join(lacking)}: those limits do not hold",
            "check the kernel's command line",
        )
    return Check("cgroups", host.name, OK, f"{facts.cgroup} with {', '.join(sorted(CONTROLLERS))}")


def _limit(host: Host, name: str, value: int | None, few: int, mend: str) -> Check:
    if value is None:
        return Check(name, host.name, UNKNOWN, "cannot be read", mend)
    if value < few:
        return Check(name, host.name, WARN, f"{value}: too few for a host of a thousand containers", mend)
    return Check(name, host.name, OK, str(value))
