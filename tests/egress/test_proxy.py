"""What the proxy lets through and what not. Each attack is tried as well where the rules are taken out, and there it arrives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from reconciler.policy.squid import squid_config
from tests.egress.world import ALLOWED, CLOSED, HERE, METADATA, NEIGHBOUR, PROXY, STRANGER, SUBNET, WEAK

if TYPE_CHECKING:
    from tests.egress.world import World

SPELLINGS = {
    "plain": METADATA,
    "decimal": "2852039166",
    "hex": "0xa9fea9fe",
    "hex parts": "0xa9.0xfe.0xa9.0xfe",
    "octal parts": "0251.0376.0251.0376",
    "three parts": "169.254.43518",
    "two parts": "169.16689662",
    "mapped": "[::ffff:169.254.169.254]",
    "mapped hex": "[::ffff:a9fe:a9fe]",
    "named closed": "closed0.wide.example",
}
ODD = (
    "[::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[::1]",
    f"{METADATA}.",
    f"allowed.example@{METADATA}",
    f"allowed.example:80@{METADATA}",
    f"allowed.example\\@{METADATA}",
    f"{METADATA}#allowed.example",
    "%31%36%39.254.169.254",
    f"allowed.example%00.{METADATA}",
    "169\u3002254\u3002169\u3002254",
    "\u2460\u2465\u2468.254.169.254",
    "0",
    "127.1",
    "localhost",
)
"""What this squid takes for no address of the world, or dies of where it is let through: there is no control for these."""
NAMES = ("both", "loop", "nothing", "proxy", "six", "mapped", *(f"closed{number}" for number in range(len(CLOSED))))


@pytest.fixture(autouse=True)
def quiet(world: World) -> None:
    """Nothing that an earlier test asked for counts."""
    for heard in (world.web.heard, world.inside.heard, world.names.asked):
        heard.clear()


def refused(answer: bytes) -> bool:
    return answer.split(b" ")[1:2] in ([b"403"], [b"400"])


@pytest.mark.parametrize(
    "url", ["http://allowed.example/", "http://ALLOWED.example./", "http://deep.wide.example/", "http://odd.example:8443/"]
)
def test_what_is_named_is_reached(world: World, url: str) -> None:
    told = world.get(url)
    assert b"200 OK" in told
    assert f"this is {ALLOWED}; you are 203.0.113.1".encode() in told
    assert b"Via" not in told.split(b"[")[-1]
    assert b"X-Forwarded-For" not in told


def test_a_tunnel_to_what_is_named_is_made(world: World) -> None:
    assert f"this is {ALLOWED}".encode() in world.tunnel("allowed.example:443")


@pytest.mark.attack(
    "a metadata address, asked of the proxy: decimal, hex, octal, in fewer parts, IPv4-mapped, by a tunnel, by a name",
    held="names are matched as they were written",
    control="a proxy with the rules taken out lets it through",
)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_metadata_address_is_reached(world: World, spelling: str) -> None:
    place = SPELLINGS[spelling]
    assert refused(world.get(f"http://{place}/latest"))
    assert refused(world.tunnel(f"{place}:80"))
    assert refused(world.get(f"http://{place}/latest", host=place))
    assert world.web.heard == []
    assert b"this is 169.254.169.254" in world.get(f"http://{place}/latest", WEAK), "the control"


@pytest.mark.attack(
    "spellings with user info, fragments, percent signs, other full stops and digits, NAT64, IPv4-compatible",
    held="names are matched as they were written",
    control="names that are allowed are reached; a proxy without rules takes these for no address, or dies of them",
)
@pytest.mark.parametrize("place", ODD, ids=ascii)
def test_no_odd_spelling_is_reached(world: World, place: str) -> None:
    assert refused(world.get(f"http://{place}/latest"))
    assert world.web.heard + world.inside.heard == []


@pytest.mark.attack(
    "an allowed name that comes to a private, link-local, loopback or metadata address, alone or among others",
    held="every address of a name is judged",
    control="a proxy with the rules taken out lets it through",
)
@pytest.mark.parametrize("name", NAMES)
def test_an_allowed_name_with_a_closed_address_is_refused(world: World, name: str) -> None:
    assert refused(world.get(f"http://{name}.wide.example/"))
    assert refused(world.tunnel(f"{name}.wide.example:443"))
    assert world.web.heard + world.inside.heard == []


@pytest.mark.parametrize("address", CLOSED)
def test_every_closed_address_is_there(world: World, address: str) -> None:
    """The control of the test above."""
    assert f"this is {address}".encode() in world.get(f"http://closed{CLOSED.index(address)}.wide.example/", WEAK)


def test_a_name_that_nobody_knows_is_refused(world: World) -> None:
    assert refused(world.get("http://unknown.wide.example/"))
    assert "A unknown.wide.example" in world.names.asked, "the control: it was asked for"


@pytest.mark.attack(
    "telling a name server something by asking for a name",
    held="a name is matched before it is resolved",
    control="a proxy with the rules taken out asks for it",
)
def test_a_name_that_nobody_named_is_not_even_asked_for(world: World) -> None:
    """Names would carry what a program knows to whoever answers them."""
    for url in ("http://secret.stranger.example/", "http://stranger.example/", "http://allowed.example.stranger.example/"):
        assert refused(world.get(url))
    assert refused(world.tunnel("secret.stranger.example:443"))
    assert [asked for asked in world.names.asked if "stranger" in asked] == []
    assert f"this is {STRANGER}".encode() in world.get("http://stranger.example/", WEAK), "the control"
    assert "A stranger.example" in world.names.asked


@pytest.mark.attack(
    "an address whose reverse record claims an allowed name",
    held="no address is looked up backwards",
    control="where it is looked up, it is let through",
)
def test_an_address_that_calls_itself_an_allowed_name_is_refused(world: World) -> None:
    assert refused(world.get(f"http://{STRANGER}/"))
    world.start(squid_config(PROXY, SUBNET).replace("dstdomain -n", "dstdomain"), 3130)
    assert f"this is {STRANGER}".encode() in world.get(f"http://{STRANGER}/", 3130), "the control: the name is looked up without -n"


@pytest.mark.parametrize(
    "url",
    [
        "http://allowed.example:25/",
        "http://allowed.example:8443/",
        "http://odd.example/",
        "ftp://allowed.example/",
        "https://allowed.example/",
    ],
)
def test_no_other_port_or_protocol_is_reached(world: World, url: str) -> None:
    assert refused(world.get(url))


@pytest.mark.attack(
    "a tunnel to the mail port of an allowed name",
    held="ports go with names",
    control="a proxy with the rules taken out lets it through",
)
def test_no_tunnel_to_another_port_is_made(world: World) -> None:
    assert refused(world.tunnel("allowed.example:25"))
    assert f"this is {ALLOWED}".encode() in world.tunnel("allowed.example:25", WEAK), "the control"


@pytest.mark.attack(
    "the proxy's own pages",
    held="refused to everybody",
    control="names that are allowed are reached",
)
@pytest.mark.parametrize("url", [f"http://{HERE}:3128/squid-internal-mgr/info", f"cache_object://{HERE}/info", "/squid-internal-mgr/info"])
def test_it_tells_nothing_of_itself(world: World, url: str) -> None:
    told = world.get(url, host=f"{HERE}:3128")
    assert refused(told)
    assert b"5.7" not in told


@pytest.mark.attack(
    "DNS rebinding: an allowed name that turns to a metadata address",
    held="judged again when it is resolved again; the uplink's ACL behind it",
    control="a proxy with the rules taken out lets it through",
)
def test_a_name_that_turns_to_a_closed_address_is_refused(world: World) -> None:
    """DNS rebinding: what was well when it was first asked."""
    world.names.turns["turning.wide.example"] = [[ALLOWED], [METADATA]]
    world.start(squid_config(PROXY, SUBNET).replace("negative_dns_ttl 5 seconds", "negative_dns_ttl 1 second"), 3131)
    assert f"this is {ALLOWED}".encode() in world.get("http://turning.wide.example/", 3131)
    time.sleep(1.2)
    assert refused(world.get("http://turning.wide.example/", 3131))
    assert world.web.heard == [f"{ALLOWED} /"]
    assert f"this is {METADATA}".encode() in world.get("http://turning.wide.example/", WEAK), "the control"


@pytest.mark.attack(
    "a redirect from an allowed name to a metadata address",
    held="the proxy follows none; the next request is judged as any",
    control="the redirect itself is given",
)
def test_a_redirect_is_the_clients_own_next_request(world: World) -> None:
    told = world.get("http://allowed.example/elsewhere")
    assert f"Location: http://{METADATA}/latest".encode() in told
    assert world.web.heard == [f"{ALLOWED} /elsewhere"]
    assert refused(world.get(f"http://{METADATA}/latest"))


def answered(world: World) -> bytes:
    try:
        return world.get("http://allowed.example/")
    except ConnectionResetError:
        return b""


@pytest.mark.attack(
    "all connections of the proxy for oneself",
    held="a number for each container",
    control="another container is served, and the same one afterwards",
)
def test_a_container_has_so_many_connections_and_another_has_its_own(world: World) -> None:
    held = [world.connect() for _ in range(PROXY.connections)]
    try:
        time.sleep(0.1)
        assert not answered(world), "one more is hung up on"
        assert b"200 OK" in world.get("http://allowed.example/", source=NEIGHBOUR)
    finally:
        for link in held:
            link.close()
    deadline = time.monotonic() + 5
    while b"200 OK" not in answered(world):
        assert time.monotonic() < deadline, "the control: it is served again"
        time.sleep(0.02)


@pytest.mark.attack(
    "all of the link for oneself",
    held="a rate for each container",
    control="without the rate the same comes in less than half of the time",
)
def test_a_container_gets_so_many_bytes_a_second(world: World) -> None:
    def seconds(port: int) -> float:
        begun = time.monotonic()
        assert len(world.get("http://allowed.example/bytes/524288", port)) > 524288
        return time.monotonic() - begun

    limited = seconds(3128)
    assert limited > 0.9, "half a bucket is full at the beginning, the rest comes at the rate"
    world.start(squid_config(PROXY, SUBNET).replace("delay_access 1 allow all", "delay_access 1 deny all"), 3132)
    assert seconds(3132) < limited / 2, "the control"


@pytest.mark.attack(
    "requests and answers without end",
    held="a bound on each",
    control="a smaller one goes through",
)
def test_a_request_or_an_answer_has_so_many_bytes(world: World) -> None:
    assert b"x" * 1000 not in world.get(f"http://allowed.example/bytes/{PROXY.body + 1}")
    size = PROXY.body + 1
    head = f"POST http://allowed.example/ HTTP/1.0\r\nHost: allowed.example\r\nContent-Length: {size}\r\n\r\n".encode()
    assert world.ask(head).startswith(b"HTTP/1.1 413")
    assert b"200 OK" in world.ask(head.replace(str(size).encode(), b"1000") + b"x" * 1000), "the control"
