"""The configuration of a host's proxy, which is Debian's squid: what the policy names and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from reconciler.model.egress import PORT
from reconciler.model.resources import Bootstrap, NetworkMode
from reconciler.policy.egress import CLOSED
from reconciler.policy.wayout import proxy_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.egress import Proxy
    from reconciler.model.resources import Desired, Workload

CLOSED6 = ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")
"""Private, link-local and multicast ranges of IPv6, and those that carry an IPv4 address."""
LONGEST = 15
"""Minutes that a connection lives: no run is longer."""

SCRIPT = """\
#!/bin/sh
set -eu
cat >/etc/unsandbox/squid.conf.new <<'END'
{config}END
cat >/etc/unsandbox/addresses <<'END'
{addresses}END
exec /usr/local/sbin/way-out set-up
"""
HEAD = """\
http_port {address}:{port}
http_port 127.0.0.1:{port}
cache_effective_user proxy
pid_filename none
coredump_dir none
cache_log /dev/null
access_log none
cache_store_log none
cache deny all
cache_mem 16 MB
memory_pools off
max_filedescriptors 16384
visible_hostname unsandbox
httpd_suppress_version_string on
via off
forwarded_for delete
pinger_enable off
icp_port 0
htcp_port 0
snmp_port 0
shutdown_lifetime 1 second
dns_nameservers {resolvers}
hosts_file none
dns_defnames off
negative_dns_ttl 5 seconds
connect_timeout 10 seconds
request_timeout 30 seconds
client_lifetime {longest} minutes
half_closed_clients off
request_header_max_size 64 KB
reply_header_max_size 64 KB
request_body_max_size {body} bytes
reply_body_max_size {body} bytes
client_ip_max_connections {connections}
delay_pools 1
delay_class 1 3
delay_access 1 allow all
delay_parameters 1 -1/-1 -1/-1 {rate}/{rate}
acl inside src {subnet}
acl tunnel method CONNECT
acl web proto HTTP
acl known dst all
acl closed dst {closed}
http_access deny manager
http_access deny !inside
http_access deny !tunnel !web
"""


def squid_config(proxy: Proxy, subnet: str) -> str:
    """Its whole configuration file, on a host with that ``subnet``.

    A name is matched as it was written (``-n``: an address is not looked up), and only then resolved; a name with one closed address is
    refused whole, and so is one that nobody knows.
    """
    head = HEAD.format(
        address=proxy_address(subnet),
        port=PORT,
        resolvers=" ".join(proxy.resolvers),
        longest=LONGEST,
        body=proxy.body,
        connections=proxy.connections - 1,  # squid counts those that are there before the one that it judges
        rate=proxy.rate,
        subnet=IPv4Interface(subnet).network,
        closed=" ".join((*CLOSED, *CLOSED6)),
    )
    return "".join((head, *_rules(proxy), "http_access deny all\n"))


def set_up(proxy: Proxy, subnet: str, uplink: str) -> Bootstrap:
    """The script that makes a container of our proxy image that proxy. It writes two files and tells the program beside them."""
    inner, outer = IPv4Interface(subnet), IPv4Interface(uplink)
    addresses = (
        f"inner={proxy_address(subnet)}/{inner.network.prefixlen}\n"
        f"outer={proxy_address(uplink)}/{outer.network.prefixlen}\n"
        f"gateway={outer.ip}\n"
    )
    text = SCRIPT.format(config=squid_config(proxy, subnet), addresses=addresses)
    return Bootstrap(text, f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")


def with_proxies(desired: Desired) -> Desired:
    """``desired`` with the script of each service that is the proxy of its host."""
    terms, hosts = desired.policy.proxy, {host.name: host for host in desired.hosts}
    if terms is None:
        return desired

    def whole(workload: Workload) -> Workload:
        host = hosts.get(workload.placement.host or "")
        if workload.network is not NetworkMode.PROXY or host is None:
            return workload
        return replace(workload, bootstrap=set_up(terms, host.subnet, host.uplink))

    return replace(desired, workloads=tuple(whole(workload) for workload in desired.workloads))


def _rules(proxy: Proxy) -> Iterator[str]:
    groups: dict[tuple[int, ...], list[str]] = {}
    for place in proxy.places:
        groups.setdefault(tuple(sorted(set(place.ports))), []).append(place.name)
    for number, (ports, names) in enumerate(sorted(groups.items())):
        yield f"acl names{number} dstdomain -n {' '.join(_widest(names))}\n"
        yield f"acl ports{number} port {' '.join(str(port) for port in ports)}\n"
        yield f"http_access allow names{number} ports{number} known !closed\n"


def _widest(names: list[str]) -> list[str]:
    """Without what a wider one holds: squid refuses a list in which one name covers another."""
    wide = {name for name in names if name.startswith(".")}
    return sorted(name for name in set(names) if not any(_holds(other, name) for other in wide - {name}))


def _holds(wide: str, name: str) -> bool:
    return name == wide[1:] or name.endswith(wide)
