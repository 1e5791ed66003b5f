"""Leases of several hosts at once: one that cannot be reached, one that somebody holds, and what the state folder remembers."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from reconciler.app.doors import Doors
from reconciler.app.lease import FILE
from reconciler.app.settings import Settings
from reconciler.app.writer import writing
from reconciler.errors import LeaseHeld, Refused, Unreachable
from reconciler.lxd.connect import Door
from reconciler.lxd.lease import leases
from reconciler.model.names import Kind, Ref
from tests.contract.subject import host_of
from tests.fake.fake import Fake
from tests.lxd.holders import acquire, claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.resources import Host

NAMES = ("a", "b", "c")


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    with ExitStack() as stack:
        made = []
        for name in NAMES:
            # The path of a socket may have 107 characters, which pytest's own folders come close to.
            fake = stack.enter_context(Fake(Path(stack.enter_context(TemporaryDirectory(prefix="fake-")))))
            made.append(replace(host_of(fake, f"unix:{fake.socket}"), ref=Ref(Kind.HOST, name)))
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "state", tmp_path, actor="anna@desk")


def try_to_write(doors: Doors, host: Host) -> None:
    door = doors.open(host)
    door.send("POST", door.path("profiles"), {"name": "written"})


def states(hosts: list[Host]) -> dict[str, list[bool]]:
    """Host -> whether each of its leases was given back."""
    found = {}
    for host in hosts:
        with Door.open(host, None) as door:
            found[host.name] = [lease.released for lease in leases(door)]
    return found


def test_only_while_it_lasts_and_only_on_the_hosts_that_it_is_for(hosts: list[Host], settings: Settings) -> None:
    with Doors(settings) as doors:
        with writing(settings, doors, hosts[:2], "default", print):
            assert [doors.term(name) for name in NAMES] == ["1", "1", ""]
            kept = doors.open(hosts[0])
            try_to_write(doors, hosts[0])
            with pytest.raises(Refused, match="P15"):
                try_to_write(doors, hosts[2])
        with pytest.raises(Refused, match="P15"):
            try_to_write(doors, hosts[1])
        with pytest.raises(LeaseHeld, match="P05: the lease was given back"):
            kept.send("DELETE", kept.path("profiles", "written"))
    assert states(hosts[:2]) == {"a": [True], "b": [True]}


def test_a_host_out_of_reach_stays_shut_and_holds_nobody_up(hosts: list[Host], settings: Settings) -> None:
    away = replace(hosts[0], address=f"unix:{settings.root}/absent")
    with Doors(settings) as doors, writing(settings, doors, [away, *hosts[1:]], "default", print):
        with pytest.raises(Unreachable):
            doors.open(away)
        try_to_write(doors, hosts[1])
        try_to_write(doors, hosts[2])


def test_where_one_is_held_the_others_are_given_back(hosts: list[Host], settings: Settings) -> None:
    with Door.open(hosts[1], None) as door:
        theirs = acquire(door, claim(hosts[1], "carl@elsewhere", ttl=1.0))
        with Doors(settings) as doors, pytest.raises(LeaseHeld, match=r"b: P06: .*carl@elsewhere"), ExitStack() as stack:
            stack.enter_context(writing(settings, doors, hosts, "default", print))
        theirs.check("DELETE", "/1.0/x", destructive=True)
        theirs.release()
    # Taken in the order of names: nothing was asked of what comes after, but its project.
    assert states(hosts) == {"a": [], "b": [True], "c": []}
    with Doors(settings) as doors, writing(settings, doors, hosts, "default", print):
        assert doors.term("b") == "2"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lock": "another", "nonces": {"a": ["x"]}}', '{"lock": null, "nonces": 7}', "\x00"])
def test_what_cannot_be_read_of_the_file_proves_nothing(hosts: list[Host], settings: Settings, text: str) -> None:
    settings.state_dir.mkdir()
    (settings.state_dir / FILE).write_text(text)
    with Doors(settings) as doors, writing(settings, doors, hosts[:1], "default", print):
        assert doors.term("a") == "1"
    assert list(json.loads((settings.state_dir / FILE).read_text())["nonces"]) == ["a"]


def test_one_nonce_a_host_is_kept_once_its_lease_was_taken(hosts: list[Host], settings: Settings) -> None:
    for _ in range(3):
        with Doors(settings) as doors, writing(settings, doors, hosts, "default", print):
            noted = json.loads((settings.state_dir / FILE).read_text())["nonces"]
    assert {name: len(nonces) for name, nonces in noted.items()} == dict.fromkeys(NAMES, 1)
