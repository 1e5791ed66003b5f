"""What a pass may write down: by tables of what was seen, what was known, and what is withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine.certify import HostRecord, Withheld, certification, index_of
from reconciler.model.records import Certified, Known
from reconciler.model.world import Observed
from tests.engine.worlds import build

NOTHING = Withheld()
WEB = {"of": "web"}
DB = {"of": "db"}


def known(name: str, host: str = "h1", **words: str) -> Known:
    """As a pass would have written ``Service/name``."""
    plain = Known(f"uuid-{name}", f"Service/{name}", f"uid-{name}", host, f"svc-{name}", "", "", f"text-{name}")
    return replace(plain, **words)


def write(case: dict[str, Any], *before: Known, withheld: Withheld = NOTHING) -> dict[str, HostRecord]:
    """Host -> what is to be written of it, with ``text-NAME`` as each workload's own text."""
    desired, observed, _ = build(case)
    desired = replace(desired, workloads=tuple(replace(item, document=f"text-{item.ref.name}") for item in desired.workloads))
    return {record.host.host: record for record in certification(observed, desired, {item.uuid: item for item in before}, withheld)}


def one(case: dict[str, Any], *before: Known, withheld: Withheld = NOTHING) -> HostRecord:
    (record,) = write(case, *before, withheld=withheld).values()
    return record


def h1(*rows: dict[str, Any], **words: Any) -> dict[str, Any]:
    return {"services": {"web": {}, "db": {}}, "hosts": {"h1": {"rows": list(rows), **words}}}


def test_every_object_of_ours_is_written_with_its_text() -> None:
    record = one(h1(WEB, DB))
    assert record.host == Certified("h1", "h1", 2)
    assert record.objects == (known("db"), known("web"))
    assert record.gone == ()


def test_generation_and_what_profiles_give_are_written() -> None:
    desired, observed, _ = build(h1(WEB))
    view = observed.hosts["h1"]
    rows = tuple(replace(row, generation="g7", inherited="digest") for row in view.instances)
    (record,) = certification(replace(observed, hosts={"h1": replace(view, instances=rows)}), desired, {}, NOTHING)
    assert [(item.generation, item.inherited) for item in record.objects] == [("g7", "digest")]


FOREIGN = {"user.unsandbox.env": "elsewhere"}
BARE = {"user.unsandbox.env": None, "user.unsandbox.name": None}


@pytest.mark.parametrize(
    ("rows", "count", "uuids"),
    [
        ([WEB, {"of": "db", "config": FOREIGN}], 1, ["uuid-web"]),
        ([WEB, {"of": "db", "config": BARE}], 1, ["uuid-web"]),
        ([WEB, {"of": "db", "uuid": ""}], 2, ["uuid-web"]),
        ([], 0, []),
        ([{"of": "undeclared"}], 1, ["uuid-undeclared"]),
    ],
    ids=["another environment", "no marks", "no uuid", "none", "declared by nobody"],
)
def test_only_what_is_surely_ours_is_known(rows: list[dict[str, Any]], count: int, uuids: list[str]) -> None:
    record = one(h1(*rows))
    assert (record.host.count, [item.uuid for item in record.objects]) == (count, uuids)


def test_an_object_that_no_manifest_declares_keeps_the_text_it_had() -> None:
    fresh, before = one(h1({"of": "gone"})), one(h1({"of": "gone"}), known("gone", document="last"))
    assert (fresh.objects[0].document, before.objects[0].document) == ("", "last")


def test_a_manifest_of_another_uid_says_nothing_about_the_object() -> None:
    assert one(h1({"of": "web", "config": {"user.unsandbox.uid": "another"}})).objects[0].document == ""


@pytest.mark.parametrize("words", [{"grade": "unseen"}, {"doubtful": {"svc-x": "its row has no config"}}], ids=["unseen", "partial"])
def test_a_host_that_was_not_seen_in_full_is_not_certified(words: dict[str, Any]) -> None:
    assert write(h1(WEB, **words), known("db")) == {}


def test_a_complete_view_that_does_not_say_who_answered_is_not_certified() -> None:
    desired, observed, _ = build(h1(WEB))
    nameless = Observed({"h1": replace(observed.hosts["h1"], identity=None)}, observed.at)
    assert list(certification(nameless, desired, {}, NOTHING)) == []


def test_a_host_that_a_refusal_is_about_is_not_certified_and_the_others_are() -> None:
    case = {"hosts": {"h1": {"rows": []}, "h2": {"rows": [WEB]}}}
    assert set(write(case, known("db"), withheld=Withheld(hosts={"h1"}))) == {"h2"}


def test_what_vanished_is_forgotten() -> None:
    assert one(h1(WEB), known("web"), known("db")).gone == ("uuid-db",)


def test_what_was_refused_stays_known_as_it_was() -> None:
    """Accepting it is a person's act: the next pass must still see what it was."""
    remade = h1({"of": "web", "uuid": "uuid-other"}, DB)
    record = one(remade, known("web"), known("db"), withheld=Withheld(refs={"Service/web"}))
    assert ([item.uuid for item in record.objects], record.gone, record.host.count) == (["uuid-db"], (), 2)


def test_what_the_pass_made_takes_the_place_of_what_was_known() -> None:
    remade = h1({"of": "web", "uuid": "uuid-other"})
    record = one(remade, known("web"), withheld=Withheld(worked={"Service/web"}))
    assert ([item.uuid for item in record.objects], record.gone) == (["uuid-other"], ("uuid-web",))
    record = one(remade, known("web"))
    assert (record.objects, record.gone) == ((), ()), "made by somebody else, it is for a person to accept"


@pytest.mark.parametrize(
    "words",
    [{"name": "other"}, {"inherited": "a profile gives more"}, {"generation": "g1"}],
    ids=["renamed", "a profile changed", "restored"],
)
def test_what_differs_in_no_field_but_is_not_as_certified_stays_known_as_it_was(words: dict[str, str]) -> None:
    """Nothing would change on it, so no rule was asked; a pass that wrote it down would answer for a person."""
    record = one(h1({"of": "web", **words}), known("web", generation="g0"))
    assert (record.objects, record.gone) == ((), ())


def test_the_first_generation_that_a_newer_lxd_tells_is_taken() -> None:
    assert one(h1({"of": "web", "generation": "g1"}), known("web")).objects[0].generation == "g1"


@pytest.mark.parametrize("refused", ["Service/web", "Service/db"])
def test_an_object_that_changed_its_name_is_held_by_a_refusal_of_either(refused: str) -> None:
    renamed = h1({"of": "db", "uuid": "uuid-web", "name": "svc-web"})
    record = one(renamed, known("web"), withheld=Withheld(refs={refused}))
    assert (record.objects, record.gone) == ((), ())
    assert one(renamed, known("web")).objects == ()
    assert one(renamed, known("web"), withheld=Withheld(worked={"Service/db"})).objects[0].ref == "Service/db"


def test_a_change_that_is_yet_to_be_made_does_not_count_as_applied() -> None:
    pending = Withheld(pending={"Service/web"})
    before = one(h1(WEB), known("web", document="older", uid="uid-older"), withheld=pending).objects[0]
    assert (before.document, before.uid) == ("older", "uid-web"), "what it is, is written; what it shall be is not"
    assert one(h1(WEB), withheld=pending).objects[0].document == ""


def test_a_row_without_our_marks_is_not_gone() -> None:
    """Whether the marks were lost or taken away is for a rule to say, as long as the instance is there."""
    assert one(h1({"of": "web", "config": BARE}), known("web")).gone == ()


def test_an_object_that_moved_stays_known_where_it_was_and_is_forgotten_nowhere() -> None:
    records = write({"hosts": {"h1": {}, "h2": {"rows": [WEB]}}}, known("web"))
    assert records["h2"].objects == ()
    assert (records["h1"].gone, records["h2"].gone) == ((), ())


def test_the_same_uuid_on_two_hosts_is_known_on_neither() -> None:
    records = write({"hosts": {"h1": {"rows": [WEB]}, "h2": {"rows": [WEB]}}})
    assert [record.objects for record in records.values()] == [(), ()]


@pytest.mark.parametrize(
    ("elsewhere", "gone"),
    [({"h2": {"grade": "unseen"}}, ()), ({}, ("uuid-lost",))],
    ids=["host out of sight", "host left the inventory"],
)
def test_what_was_certified_elsewhere_is_forgotten_once_that_host_left_the_inventory(
    elsewhere: dict[str, Any], gone: tuple[str, ...]
) -> None:
    lost = known("web", "h2", uuid="uuid-lost")
    made = Withheld(worked={"Service/web"})
    assert one({"hosts": {"h1": {"rows": [WEB]}, **elsewhere}}, lost, withheld=made).gone == gone


def test_what_was_certified_on_a_host_that_left_stays_known_while_nothing_took_its_place() -> None:
    assert one({"hosts": {"h1": {"rows": [DB]}}}, known("web", "h2")).gone == ()


def test_an_index_beside_the_one_before_is_the_index_from_the_beginning() -> None:
    rows = [{"of": name} for name in ("a", "b", "c")]
    cases: list[dict[str, Any]] = [
        {"hosts": {"h1": {"rows": rows}, "h2": {"rows": rows[:1]}}},
        {"hosts": {"h1": {"rows": [{"of": "a"}, {"of": "x"}, {"of": "c"}]}, "h2": {"rows": rows[1:]}}},
        {"hosts": {"h2": {"rows": [{"of": "a"}, {"of": "a"}]}}},
        {"hosts": {}},
    ]
    last = None
    for case in cases:
        desired, observed, _ = build(case)
        found = index_of(observed, desired, {}, last)
        assert dict(found.times) == dict(index_of(observed, desired, {}).times)
        last = found
