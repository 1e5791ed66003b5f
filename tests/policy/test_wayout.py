from __future__ import annotations

from ipaddress import IPv4Interface, ip_address

import pytest

from reconciler.model.resources import NetworkMode
from reconciler.policy.wayout import proxy_address, proxy_environment


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [("10.231.0.1/20", "10.231.15.254"), ("10.231.0.254/24", "10.231.0.253"), ("192.168.7.17/28", "192.168.7.30")],
)
def test_the_proxy_has_the_last_address_that_is_not_the_bridges(subnet: str, expected: str) -> None:
    assert proxy_address(subnet) == expected
    assert ip_address(expected) in IPv4Interface(subnet).network


def test_a_semitrusted_run_is_told_of_the_proxy_and_a_zerotrust_one_of_nothing() -> None:
    told = proxy_environment(NetworkMode.SEMITRUSTED, "10.231.0.1/20")
    assert {told[name] for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")} == {"http://10.231.15.254:3128"}
    assert told["no_proxy"] == told["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert proxy_environment(NetworkMode.ZEROTRUST, "10.231.0.1/20") == {}
