"""The foundation on a real daemon: made, found as it is, and mended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.foundation import foundation
from reconciler.errors import Defect, HostError
from reconciler.lxd.connect import Door
from reconciler.lxd.foundation import differences
from reconciler.lxd.write import perform
from reconciler.model.egress import Egress
from reconciler.model.plan import PutObject
from reconciler.model.resources import Policy
from tests.lab.clean import clean_daemon
from tests.lab.permit import ALONE
from tests.lxd.actors import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

POLICY = Policy("lab", egress=(Egress("10.99.0.2/32", "tcp", "80,443"), Egress("198.51.100.0/24", "udp", "53")))


@pytest.fixture
def bare(lxd: Daemon, host: Host) -> Iterator[Door]:
    clean_daemon(lxd)
    with Door.open(host, None).under(ALONE) as door:
        yield door


def put(door: Door, policy: Policy = POLICY) -> tuple[PutObject, ...]:
    objects = foundation(door.host, policy, ("10.88.0.11:8443",)).objects
    for call in objects:
        perform(door, call)
    return objects


def test_everything_is_made_and_then_found_as_it_is(bare: Door, lxd: Daemon) -> None:
    objects = foundation(bare.host, POLICY, ("10.88.0.11:8443",)).objects
    assert "network unsb-semi is absent" in differences(bare, objects)
    put(bare)
    assert differences(bare, objects[1:]) == ()
    with counted(bare) as sent:
        for call in objects[1:]:
            perform(bare, call)
    assert {line.partition(" ")[0] for line in sent} == {"GET"}
    config = lxd.query("GET", "/1.0/projects/unsandbox")["config"]
    assert config["features.networks"] == "false"
    assert config["user.unsandbox.env"] == "lab"
    assert config["user.unsandbox.foundation"].startswith("sha256:")
    assert lxd.query("GET", "/1.0/networks/unsb-zero")["config"]["ipv4.address"] == "none"


def test_what_somebody_changed_is_named_and_mended(bare: Door, lxd: Daemon) -> None:
    objects = put(bare)
    lxd.query("PATCH", "/1.0/networks/unsb-semi", {"config": {"security.acls.default.egress.action": "allow"}})
    lxd.query("PATCH", "/1.0/networks/unsb-zero", {"config": {"ipv4.address": "10.9.0.1/24", "ipv4.nat": "true"}})
    rules = lxd.query("GET", "/1.0/network-acls/unsb-semi")
    lxd.query("PUT", "/1.0/network-acls/unsb-semi", {**rules, "egress": [{"action": "allow", "state": "enabled"}]})
    lxd.query(
        "PUT", "/1.0/projects/unsandbox", {"config": {**lxd.query("GET", "/1.0/projects/unsandbox")["config"], "user.theirs": "kept"}}
    )
    assert differences(bare, objects[1:]) == (
        "network-acl unsb-semi differs in egress",
        "network unsb-zero differs in ipv4.address, ipv4.nat",
        "network unsb-semi differs in security.acls.default.egress.action",
    )
    put(bare)
    assert differences(bare, objects[1:]) == ()
    assert lxd.query("GET", "/1.0/projects/unsandbox")["config"]["user.theirs"] == "kept"


def test_another_policy_changes_the_rules_alone(bare: Door, lxd: Daemon) -> None:
    put(bare)
    put(bare, Policy("lab"))
    rules = lxd.query("GET", "/1.0/network-acls/unsb-semi")["egress"]
    assert {rule["action"] for rule in rules} == {"drop"}


def test_a_pool_that_is_there_is_never_altered(bare: Door, lxd: Daemon) -> None:
    before = lxd.query("GET", "/1.0/storage-pools/unsandbox")
    perform(bare, PutObject("storage-pool", "unsandbox", {"driver": "dir", "config": {"rsync.bwlimit": "1"}}))
    assert lxd.query("GET", "/1.0/storage-pools/unsandbox") == before


def test_where_btrfs_cannot_be_had_a_directory_serves(bare: Door, lxd: Daemon) -> None:
    # btrfs refuses this size, as it refuses machines without loop devices; the directory driver takes no size at all.
    with pytest.raises(HostError, match="with btrfs"):
        perform(bare, PutObject("storage-pool", "tiny", {"driver": "btrfs", "config": {"size": "1"}}))
    # Where mkfs.btrfs is not installed LXD refuses the driver; here the folder that it would use is taken.
    lxd.inside("mkdir", "-p", f"{lxd.directory}/disks/fallback.img")
    perform(bare, PutObject("storage-pool", "fallback", {"driver": "btrfs", "config": {}}))
    assert lxd.query("GET", "/1.0/storage-pools/fallback")["driver"] == "dir"


def test_a_project_of_its_own_has_networks_of_its_own(bare: Door, lxd: Daemon) -> None:
    put(bare)
    with Door.open(replace(bare.host, project="second", subnet="10.232.0.1/20"), None).under(ALONE) as door:
        put(door)
    assert len([row for row in lxd.query("GET", "/1.0/networks?recursion=1") if row["managed"]]) == 4


def test_what_is_no_object_of_a_foundation_is_our_defect(bare: Door) -> None:
    with pytest.raises(Defect):
        perform(bare, PutObject("profile", "default", {}))
