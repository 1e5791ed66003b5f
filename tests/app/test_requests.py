"""Requests below the shim, with no host to reach: what is answered, what is written down, and what is left alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app import declare, requests
from reconciler.app.settings import Settings
from reconciler.app.settle import settle
from reconciler.app.statefiles import path_of
from reconciler.errors import Denied, InputError, ManifestError, Refused
from reconciler.model.names import Kind, Ref
from reconciler.model.records import Intent, PowerRecord, Writer
from reconciler.model.tenancy import Caller, Method, Request, Wanted
from reconciler.model.world import Status
from reconciler.store.journal import Journal
from tests.policy.access_worlds import AT, subject

if TYPE_CHECKING:
    from pathlib import Path

MINE, OTHERS = "unsb-pk-aaaa-aaaa-aaaa-aaaa", "unsb-pk-bbbb-bbbb-bbbb-bbbb"
REPOSITORY = f"""\
apiVersion: unsandbox/v1
kind: Tier
metadata: {{name: small}}
spec: {{vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 64}}
---
apiVersion: unsandbox/v1
kind: Key
metadata: {{name: mine}}
spec: {{publicId: {MINE}, tier: small}}
---
apiVersion: unsandbox/v1
kind: Key
metadata: {{name: others}}
spec: {{publicId: {OTHERS}, tier: small}}
---
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: starter}}
spec: {{alias: starter, fingerprint: {"1f" * 32}}}
---
apiVersion: unsandbox/v1
kind: Host
metadata: {{name: h1}}
spec: {{address: 'unix:/nowhere/unix.socket', fingerprint: {"2e" * 32}, location: here}}
---
apiVersion: unsandbox/v1
kind: Service
metadata: {{name: theirs}}
spec: {{owner: others, image: starter, domains: [shop.example.org], env: {{TOKEN: hush-hush}}}}
---
apiVersion: unsandbox/v1
kind: Service
metadata: {{name: ours}}
spec: {{owner: mine, image: starter}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "all.yaml").write_text(REPOSITORY)
    return Settings(tmp_path, tmp_path / ".unsandbox", tmp_path / "config", connect_timeout=0.2, actor="shim@test")


def request(method: str, name: str, key: str = MINE, operator: str = "") -> Request:
    return Request(Caller(key="" if operator else key, operator=operator, container=""), method, Ref(Kind.SERVICE, name))


def denied(settings: Settings, asked: Request) -> Denied:
    with pytest.raises(Denied) as raised:
        requests.ask(settings, asked, Wanted("starter"))
    return raised.value


def notes(settings: Settings) -> list[dict[str, Any]]:
    with sqlite3.connect(settings.state_dir / "journal.db") as journal:
        journal.row_factory = sqlite3.Row
        return [dict(row) for row in journal.execute("select * from notes order by rowid")]


def test_only_the_owner_is_told_that_the_host_is_out_of_sight(settings: Settings) -> None:
    owner = denied(settings, request("freeze", "ours"))
    assert (owner.rule, owner.http_status) == ("A19", 503)
    assert "h1" in str(owner)
    stranger = {str(denied(settings, request("freeze", name))).replace(name, "NAME") for name in ("theirs", "no-such")}
    assert len(stranger) == 1
    assert "h1" not in stranger.pop()


def test_who_asked_for_what_and_why_it_was_refused_is_in_the_journal(settings: Settings) -> None:
    denied(settings, request("destroy", "theirs"))
    (note,) = notes(settings)
    assert (note["kind"], note["by"], note["subject"]) == ("request-refused", MINE, "Service/theirs")
    assert note["detail"] == "destroy refused, A05: it is not the caller's (caller: mine, owner declared: others)"


def test_callers_who_are_nobody_leave_no_trace_to_fill_the_disk_with(settings: Settings) -> None:
    for number in range(3):
        assert denied(settings, request("freeze", "ours", f"unsb-pk-cccc-cccc-cccc-000{number}")).http_status == 401
    assert notes(settings) == []


def test_a_method_of_another_version_is_answered_before_anything_is_looked_up(settings: Settings) -> None:
    answers = {str(denied(settings, request("sleep", name))).replace(name, "NAME") for name in ("ours", "theirs", "no-such")}
    assert len(answers) == 1


def test_what_is_not_said_is_not_guessed(settings: Settings) -> None:
    with pytest.raises(InputError, match="it is not said what is wanted"):
        requests.ask(settings, request("create", "new"))


@pytest.mark.parametrize("method", Method)
def test_manifests_that_cannot_be_read_are_no_yes_and_told_to_nobody(settings: Settings, method: Method) -> None:
    (settings.root / "manifests" / "broken.yaml").write_text("apiVersion: unsandbox/v1\nkind: Service\nmetadata: {name: hush}\n")
    answer = denied(settings, request(method, "ours"))
    assert answer.http_status == 503
    assert "hush" not in str(answer) + answer.hint
    assert "broken" not in str(answer) + answer.hint
    with pytest.raises(ManifestError, match="broken"):
        requests.ask(settings, request(method, "ours", operator="anna@desk"), Wanted("starter"))


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted("no-such-image"), "there is no Image/no-such-image"),
        (Wanted("starter", domains=("shop.example.org",)), "shop.example.org is taken"),
        (Wanted("starter", domains=("NOT A DOMAIN",)), "spec.domains"),
        (Wanted("starter", network="open"), "spec.network"),
        (Wanted("starter", ports=(0,)), "spec.ports"),
        (Wanted("starter", ttl=60), "no ttl"),
        (Wanted("starter", env=(("NOT-A-NAME", "x"),)), "spec.env"),
    ],
)
def test_what_cannot_be_declared_is_not_and_says_nothing_of_others(settings: Settings, wanted: Wanted, told: str) -> None:
    with pytest.raises(InputError) as raised:
        declare.create(settings, Caller(key=MINE, container=""), Ref(Kind.SERVICE, "new"), wanted)
    text = str(raised.value) + raised.value.hint
    assert told in text
    assert not {word for word in ("theirs", "others", "hush-hush", "all.yaml") if word in text}
    assert not (settings.root / "state").exists()


def test_a_session_takes_no_script(settings: Settings) -> None:
    with pytest.raises(InputError, match="a session has no"):
        declare.create(settings, Caller(key=MINE, container=""), Ref(Kind.SESSION, "new"), Wanted("starter", script="true"))


def test_what_the_plan_would_refuse_is_not_declared(settings: Settings) -> None:
    """Its host is out of sight, so it could be there already."""
    for name, kind in (("new", Kind.SERVICE), ("shell", Kind.SESSION)):
        ref = Ref(kind, name)
        with pytest.raises(Refused) as raised:
            declare.create(settings, Caller(key=MINE, container=""), ref, Wanted("starter", ttl=60 if kind is Kind.SESSION else 0))
        assert raised.value.rule == "O01"
        assert "unix.socket" not in str(raised.value) + raised.value.hint
        assert "unix.socket" in notes(settings)[-1]["detail"]
        assert not (settings.root / path_of(ref)).exists()
    assert not (settings.root / "state").exists()


def test_a_name_that_is_taken_is_answered_alike_whosever_it_is(settings: Settings) -> None:
    answers = {str(denied(settings, request("create", name))).replace(name, "NAME") for name in ("ours", "theirs")}
    assert len(answers) == 1


def test_an_operator_declares_in_git(settings: Settings) -> None:
    assert denied(settings, request("create", "new", operator="anna@desk")).rule == "A32"


@pytest.mark.parametrize(("plan", "writer"), [("", Writer.API), ("p1", Writer.GIT)])
def test_a_freeze_cut_off_by_a_crash_is_remembered_as_whoever_asked_for_it(tmp_path: Path, plan: str, writer: Writer) -> None:
    """By request and by git differ: a pass wakes what git froze and leaves alone what a request froze."""
    asked = subject({"method": "freeze", "ref": "web", "objects": {"web": None}})
    view = asked.observed.hosts["h1"]
    (row,) = view.instances
    frozen = replace(view, instances=(replace(row, status=Status.FROZEN, status_text="Frozen"),))
    intent = Intent("i1", plan, "h1", "Service/web", row.name, "SetPower:freeze", AT.isoformat(), uuid=row.uuid)
    with Journal(tmp_path / "journal.db") as journal:
        journal.intend(intent)
        settle(journal, replace(asked.observed, hosts={"h1": frozen}))
        assert journal.ledger(AT).powers[row.uuid] == PowerRecord("frozen", writer)
