"""Where the proxy of a host is, and what a program must know of it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from reconciler.model.egress import PORT
from reconciler.model.resources import NetworkMode

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "localhost,127.0.0.1,::1"
"""What a program reaches by itself: its sandbox."""


def proxy_address(subnet: str) -> str:
    """Its address on the semitrusted bridge (``10.231.0.1/20``): the last one, which LXD gives to nobody else."""
    bridge = IPv4Interface(subnet)
    last = bridge.network.broadcast_address - 1
    return str(last if last != bridge.ip else last - 1)


def free_addresses(subnet: str) -> str:
    """What is left for containers, ``first-last``: all but the proxy's, and the bridge's where that is the last or the first."""
    bridge, proxy = IPv4Interface(subnet), IPv4Address(proxy_address(subnet))
    first = bridge.network.network_address + 1
    return f"{first if first != bridge.ip else first + 1}-{proxy - 1}"


def proxy_environment(network: NetworkMode, subnet: str) -> Mapping[str, str]:
    """Variables for a run on a host with that ``subnet``: nothing but those tells a program of the way out. Empty for zerotrust."""
    if network is not NetworkMode.SEMITRUSTED:
        return {}
    url = f"http://{proxy_address(subnet)}:{PORT}"
    named = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), url)
    return {**named, "no_proxy": OWN, "NO_PROXY": OWN}
