"""A killed apply leaves intents without an outcome; the next one settles them by what the real host shows then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.records import Intent
from reconciler.store.journal import Journal

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

AT = "2026-01-01T00:00:00.000+00:00"


def test_calls_of_a_killed_apply_are_settled_by_the_next(single: Fleet) -> None:
    single.services({"one": "", "two": "state: frozen"})
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-one"]
    plan, uuid = row["config"][marks.INTENT], row["config"]["volatile.uuid"]
    other = single.instances()["h1/svc-two"]["config"]["volatile.uuid"]
    cut_off = [
        Intent("create", plan, "h1", "Service/one", "svc-one", "CreateInstance", AT),
        Intent("start", plan, "h1", "Service/one", "svc-one", "SetPower:start", AT),
        Intent("freeze", plan, "h1", "Service/two", "svc-two", "SetPower:freeze", AT, uuid=other),
        Intent("stop", plan, "h1", "Service/one", "svc-one", "SetPower:stop", AT, uuid=uuid),
        Intent("gone", plan, "h1", "Service/old", "svc-old", "DeleteInstance", AT, uuid="00000000-0000-4000-8000-000000000001"),
        Intent("kept", plan, "h1", "Service/one", "svc-one", "DeleteInstance", AT, uuid=uuid),
        Intent("strange", "another plan", "h1", "Service/two", "svc-two", "CreateInstance", AT),
    ]
    with Journal(single.root / ".unsandbox" / "journal.db") as journal:
        for intent in cut_off:
            journal.intend(intent)

    single.services({"one": "", "two": ""})
    assert [(item["code"], item["ref"]) for item in single.run("plan", "--json", expect=3).json["refusals"]] == [("P10", "Service/two")]
    single.run("apply", "--yes", expect=3)
    rows = single.run("history", "--json").json["entries"]
    assert {item["id"]: item["outcome"] for item in rows if item["at"] == AT} == {
        "create": "done",
        "start": "done",
        "freeze": "done",
        "stop": "skipped",
        "gone": "done",
        "kept": "skipped",
        "strange": None,
    }
    assert sorted(single.statuses().items()) == [("svc-one", "Running"), ("svc-two", "Frozen")]

    single.run("accept", "P10", "Service/two", "--yes", "--reason", "made by the killed apply")
    single.run("apply", "--yes")
    assert single.statuses()["svc-two"] == "Running"
    assert single.run("history", "--verify").out.startswith("holds")
