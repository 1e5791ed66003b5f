"""What moves a fingerprint, and what may move without moving it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.fingerprint import differences, essence, semantic_fingerprint
from reconciler.model import marks
from reconciler.model.world import Instance, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "hunter2"
CONFIG = {
    "volatile.uuid": "u-1",
    "volatile.base_image": "i-1",
    "volatile.eth0.hwaddr": "00:16:3e:00:00:01",
    "security.protection.delete": "true",
    "user.unsandbox.owner": "key",
    "environment.TOKEN": SECRET,
}
PLANNED = Instance(
    name="svc-web",
    uuid="u-1",
    generation="g-1",
    status=Status.RUNNING,
    status_text="Running",
    config=CONFIG,
    devices={"root": {"type": "disk", "path": "/"}},
    profiles=("shared",),
    ephemeral=False,
    location="none",
    type="container",
    created_at="2030-01-01T00:00:00Z",
    inherited="d-1",
)


def configured(instance: Instance, **changed: str | None) -> Instance:
    """With keys set, or taken away; ``__`` stands for a dot."""
    named: Mapping[str, str | None] = {key.replace("__", "."): value for key, value in changed.items()}
    merged = {**instance.config, **named}
    return replace(instance, config={key: value for key, value in merged.items() if value is not None})


MEANT: dict[str, tuple[Instance, str]] = {
    "another uuid": (replace(PLANNED, uuid="u-2"), "uuid u-1 -> u-2"),
    "a restored snapshot": (replace(PLANNED, generation="g-2"), "generation (a snapshot was restored)"),
    "another location": (replace(PLANNED, location="h2"), "location none -> h2"),
    "another profile": (replace(PLANNED, profiles=("shared", "more")), "profiles"),
    "what profiles give": (replace(PLANNED, inherited="d-2"), "what its profiles give it"),
    "ephemeral": (replace(PLANNED, ephemeral=True), "ephemeral"),
    "another owner": (configured(PLANNED, user__unsandbox__owner="other"), "config user.unsandbox.owner"),
    "a claim": (configured(PLANNED, **{marks.CLAIM: "7:00000000000000ff"}), f"config {marks.CLAIM}"),
    "a lock": (configured(PLANNED, user__unsandbox__locked="true"), "config user.unsandbox.locked"),
    "another secret": (configured(PLANNED, environment__TOKEN="other"), "config environment.TOKEN"),
    "a key that went": (configured(PLANNED, environment__TOKEN=None), "config environment.TOKEN"),
    "another image": (configured(PLANNED, volatile__base_image="i-2"), "config volatile.base_image"),
    "another address": (configured(PLANNED, volatile__eth0__hwaddr="00:16:3e:00:00:02"), "config volatile.eth0.hwaddr"),
    "another device": (replace(PLANNED, devices={**PLANNED.devices, "data": {"type": "disk"}}), "device data"),
    "a device changed": (replace(PLANNED, devices={"root": {"type": "disk", "path": "/", "size": "1GiB"}}), "device root"),
}
STEPS: dict[str, tuple[Instance, str]] = {
    "stopped": (replace(PLANNED, status=Status.STOPPED, status_text="Stopped"), "status running -> stopped"),
    "unprotected": (configured(PLANNED, security__protection__delete="false"), "config security.protection.delete"),
    "given over": (configured(PLANNED, **{marks.TOMBSTONE: "plan"}), f"config {marks.TOMBSTONE}"),
}
NOISE: dict[str, Instance] = {
    "power": configured(PLANNED, volatile__last_state__power="RUNNING"),
    "ids": configured(PLANNED, volatile__idmap__current="[]"),
    "first start": configured(PLANNED, volatile__apply_template="create"),
    "the far end of a cable": configured(PLANNED, volatile__eth0__host_name="veth1"),
    "a cable's last state": configured(PLANNED, volatile__eth0__last_state__created="false"),
    "LXD's word for the same status": replace(PLANNED, status_text="Ready"),
}


@pytest.mark.parametrize("what", MEANT)
def test_what_an_object_is_moves_both(what: str) -> None:
    other, told = MEANT[what]
    assert semantic_fingerprint(other) != semantic_fingerprint(PLANNED)
    assert essence(other) != essence(PLANNED)
    assert differences(PLANNED, other) == (told,)


@pytest.mark.parametrize("what", STEPS)
def test_the_steps_of_a_destroy_move_the_fingerprint_alone(what: str) -> None:
    other, told = STEPS[what]
    assert semantic_fingerprint(other) != semantic_fingerprint(PLANNED)
    assert essence(other) == essence(PLANNED)
    assert differences(PLANNED, other) == (told,)


@pytest.mark.parametrize("what", NOISE)
def test_what_lxd_writes_by_itself_moves_neither(what: str) -> None:
    other = NOISE[what]
    assert semantic_fingerprint(other) == semantic_fingerprint(PLANNED)
    assert essence(other) == essence(PLANNED)
    assert differences(PLANNED, other) == ()


KEYS = st.sampled_from(
    ["volatile.uuid", "volatile.a.host_name", "user.a", "environment.B", "limits.cpu", marks.TOMBSTONE, "volatile.last_state.x"]
)
INSTANCES = st.builds(
    lambda **parts: replace(PLANNED, **parts),
    uuid=st.sampled_from(["u-1", "u-2"]),
    status=st.sampled_from([Status.RUNNING, Status.STOPPED]),
    profiles=st.sampled_from([(), ("a",), ("a", "b")]),
    config=st.dictionaries(KEYS, st.sampled_from(["", "1", "2"])),
    devices=st.dictionaries(st.sampled_from(["root", "eth0"]), st.dictionaries(st.just("size"), st.sampled_from(["1", "2"]))),
)


@given(INSTANCES, INSTANCES)
def test_words_are_found_exactly_where_fingerprints_differ(one: Instance, other: Instance) -> None:
    same = semantic_fingerprint(one) == semantic_fingerprint(other)
    assert same is (differences(one, other) == ())
    assert not same or essence(one) == essence(other)


@given(INSTANCES)
def test_order_is_no_difference_and_no_value_is_shown(one: Instance) -> None:
    turned = dict(sorted(one.config.items(), reverse=True))
    assert semantic_fingerprint(replace(one, config=turned)) == semantic_fingerprint(one)
    assert SECRET not in " ".join(differences(one, PLANNED))
