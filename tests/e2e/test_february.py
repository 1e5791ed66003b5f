"""The incident of 3 February 2026, call by call, on real containers: an agent with a valid key inside the container that it deletes.

Then: its key owns the container it runs in, an ancestor, a child's key, a container nobody knows, locks, and a stranger who tries names.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyotp
import pytest

from reconciler.app import approvers, requests
from reconciler.app.settings import Settings
from reconciler.app.writer import only_writer
from reconciler.errors import Denied, LeaseHeld, Refused
from reconciler.model import marks
from reconciler.model.names import Kind, Ref
from reconciler.model.tenancy import Caller, Method, Request, Wanted
from reconciler.store.journal import FILE_NAME, Journal
from tests.e2e.fleet import HEAD, PROJECT

if TYPE_CHECKING:
    from reconciler.model.tenancy import Answer
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

KEYS = {
    "fox": ("unsb-pk-feb0-fox0-0000-0001", ""),
    "ralph": ("unsb-pk-feb0-ralp-0000-0002", "fox"),
    "shadow": ("unsb-pk-feb0-shad-0000-0003", "ralph"),
    "stranger": ("unsb-pk-feb0-stra-0000-0004", ""),
}
OWNERS = {"ai-coder": "fox", "diary": "fox", "cashu-mint": "ralph", "nook": "shadow"}
POLICY = HEAD.format(kind="Policy", name="fleet") + "  {environment: test, limits: {destroys: 20, destroyShare: 1.0}, approval: required}\n"
DAYS = [f"day-{number:02}" for number in range(14)]
"""The snapshots that were orphaned then."""


def service(name: str) -> Ref:
    return Ref(Kind.SERVICE, name)


@dataclass
class Incident:
    """ai-coder belongs to fox, is locked, and holds the agent; cashu-mint belongs to ralph, whose key the agent was given."""

    fleet: Fleet
    settings: Settings
    uuids: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    def request(self, method: str, name: str, key: str = "ralph", container: str | None = "ai-coder") -> Request:
        """``container`` is a name of ours, "" for nowhere, None for not known, or a uuid."""
        place = self.uuids.get(container, container) if container else container
        return Request(Caller(key=KEYS[key][0], container=place), method, service(name))

    def ask(self, request: Request) -> Answer:
        return requests.ask(self.settings, request, Wanted("starter") if request.method == "create" else None)

    def answer(self, request: Request) -> str:
        """Status, and the code of a no."""
        try:
            self.ask(request)
        except Denied as denied:
            return f"{denied.http_status} {denied.rule}"
        return "200"

    def denied(self, request: Request) -> Denied:
        with pytest.raises(Denied) as raised:
            self.ask(request)
        return raised.value

    def approved(self, request: Request) -> Answer:
        """Denied for want of approval, approved by a person, asked again."""
        denied = self.denied(request)
        assert (denied.http_status, denied.rule) == (428, "A12")
        requests.approve(self.settings, request, denied.challenge, approver="anna", code=self.codes.pop())
        return self.ask(request)

    def enrol(self) -> None:
        made = approvers.new_enrolment(self.settings, "anna")
        app = pyotp.parse_uri(made.uri)
        assert isinstance(app, pyotp.TOTP)
        approvers.enrol(self.settings, made, app.now())
        # The app gives one code in 30 s; recovery codes are as good and need no waiting.
        self.codes = list(made.recovery)

    def row(self, name: str) -> dict[str, Any]:
        return self.fleet.instances()[f"h1/svc-{name}"]

    def uuid(self, name: str) -> str:
        return str(self.row(name)["config"]["volatile.uuid"])

    def snapshots(self) -> list[str]:
        rows = self.fleet.daemons[0].query("GET", f"/1.0/instances/svc-ai-coder/snapshots?recursion=1&project={PROJECT}")
        return sorted(row["name"] for row in rows)

    def unharmed(self) -> None:
        """Nothing of the four was lost or touched, ai-coder with its lock and its snapshots."""
        assert {name: self.uuid(name) for name in OWNERS} == {name: self.uuids[name] for name in OWNERS}
        coder = self.row("ai-coder")
        assert coder["status"] == "Running"
        assert coder["config"][marks.USER_LOCK].startswith(KEYS["fox"][0])
        assert coder["config"]["security.protection.delete"] == "true"
        assert self.snapshots() == DAYS

    def refusals(self) -> list[str]:
        """What the journal says of requests that were refused, oldest first: who, what, why."""
        with Journal(self.settings.state_dir / FILE_NAME) as journal:
            rows = journal._rows("select * from notes where kind = 'request-refused' order by rowid", {})  # noqa: SLF001 - no reader of notes
        return [f"{row['by']} {row['subject']} {row['detail']}" for row in rows]


@pytest.fixture
def incident(single: Fleet) -> Incident:
    """The services, running; ai-coder with its lock and its 14 snapshots."""
    keys = [
        HEAD.format(kind="Key", name=name) + f"  {{publicId: {public}, tier: small{', parent: ' + parent if parent else ''}}}\n"
        for name, (public, parent) in KEYS.items()
    ]
    single.write("manifests/keys.yaml", "---\n".join(keys))
    services = [HEAD.format(kind="Service", name=name) + f"  {{owner: {owner}, image: starter}}\n" for name, owner in OWNERS.items()]
    single.write("manifests/services.yaml", "---\n".join(services))
    single.write("manifests/policy.yaml", POLICY)
    single.run("apply", "--yes")
    made = Incident(single, Settings(single.root, single.root / ".unsandbox", single.root / "config", actor="shim@test"))
    for name in DAYS:
        single.daemons[0].query("POST", f"/1.0/instances/svc-ai-coder/snapshots?project={PROJECT}", {"name": name})
    made.uuids = {name: made.uuid(name) for name in OWNERS}
    assert made.answer(made.request("lock", "ai-coder", "fox", "")) == "200"
    return made


TIMELINE = [
    # time, call, what the service answered then, what we answer
    ("11:48:46", "sleep", "cashu-mint", "404", "400 A16"),
    ("11:49:31", "sleep", "cashu-mint", "404", "400 A16"),
    ("11:50:04", "freeze", "cashu-mint", "200", "200"),
    ("11:53:42", "create", "ai-coder", "409", "409 A14"),
    ("11:53:43", "destroy", "ai-coder", "409", "404 A05"),
    ("11:54:00", "unlock", "ai-coder", "200", "404 A05"),
    ("11:54:05", "destroy", "ai-coder", "200", "404 A05"),
]


def test_the_timeline_ends_with_nothing_lost(incident: Incident) -> None:
    answers = [(at, method, name, then, incident.answer(incident.request(method, name))) for at, method, name, then, _ in TIMELINE]
    assert answers == TIMELINE
    incident.unharmed()

    # Its own mint the agent may freeze, and no pass wakes it behind its owner's back; then it wakes it.
    assert incident.row("cashu-mint")["status"] == "Frozen"
    plan = incident.fleet.run("plan", "--json", expect=3).json
    assert [(row["code"], row["ref"]) for row in plan["refusals"]] == [("S01", "Service/cashu-mint")]
    assert "api" in str(plan["refusals"][0]["evidence"])
    woken = incident.ask(incident.request("unfreeze", "cashu-mint"))
    assert (woken.power, woken.uuid) == ("running", incident.uuids["cashu-mint"])
    assert incident.row("cashu-mint")["status"] == "Running"
    incident.fleet.converged()
    incident.unharmed()

    # The operators read the whole of it, with the true reasons.
    told = incident.refusals()
    ralph, fox = KEYS["ralph"][0], "owner on h1: fox"
    assert [line.partition("(")[0].strip() for line in told] == [
        f"{ralph} Service/ai-coder create refused, A14: the name is taken",
        f"{ralph} Service/ai-coder destroy refused, A10: it belongs to the key that the caller's was made from",
        f"{ralph} Service/ai-coder unlock refused, A10: it belongs to the key that the caller's was made from",
        f"{ralph} Service/ai-coder destroy refused, A10: it belongs to the key that the caller's was made from",
    ]
    assert all(fox in line for line in told)


def test_whatever_key_it_holds_it_harms_neither_itself_nor_what_it_descends_from(incident: Incident) -> None:
    harm = ("freeze", "lock", "unlock", "destroy")
    assert [incident.answer(incident.request(method, "ai-coder", "fox")) for method in harm] == ["403 A07"] * 4

    # From inside ai-coder it asks for a container, and from inside that for another: both know what they descend from.
    incident.ask(incident.request("create", "inner", "fox"))
    incident.uuids["inner"] = incident.uuid("inner")
    incident.ask(incident.request("create", "deeper", "fox", "inner"))
    incident.uuids["deeper"] = incident.uuid("deeper")
    line = [incident.uuids["ai-coder"], incident.uuids["inner"]]
    assert incident.row("inner")["config"][marks.LINEAGE] == line[0]
    assert incident.row("deeper")["config"][marks.LINEAGE] == ",".join(line)
    for ancestor in ("ai-coder", "inner"):
        assert [incident.answer(incident.request(method, ancestor, "fox", "deeper")) for method in harm] == ["403 A08"] * 4
    # Downwards its key reaches, and a pass finds nothing to do.
    assert incident.answer(incident.request("freeze", "deeper", "fox", "ai-coder")) == "200"
    assert incident.answer(incident.request("unfreeze", "deeper", "fox", "ai-coder")) == "200"
    incident.fleet.converged()
    incident.unharmed()


def test_generations_and_places_that_are_not_known(incident: Incident) -> None:
    table = [
        # A child's key never reaches its parent's, nor a parent's its child's.
        ("shadow", "nook", "freeze", "cashu-mint", "404 A05"),
        ("shadow", "nook", "destroy", "ai-coder", "404 A05"),
        ("ralph", "ai-coder", "freeze", "nook", "404 A05"),
        ("fox", "", "read", "cashu-mint", "404 A05"),
        ("shadow", "nook", "freeze", "nook", "403 A07"),
        # It is not known where the call comes from.
        ("ralph", None, "freeze", "cashu-mint", "403 A06"),
        ("ralph", None, "destroy", "cashu-mint", "403 A06"),
        ("ralph", None, "create", "new", "403 A06"),
        ("ralph", str(uuid4()), "freeze", "cashu-mint", "403 A09"),
        ("ralph", str(uuid4()), "create", "new", "403 A09"),
        ("ralph", None, "read", "cashu-mint", "200"),
    ]
    assert [(*row[:4], incident.answer(incident.request(row[2], row[3], row[0], row[1]))) for row in table] == table
    assert incident.row("cashu-mint")["status"] == "Running"
    assert "h1/svc-new" not in incident.fleet.instances()
    assert not list((incident.fleet.root / "state").glob("*"))
    incident.unharmed()


def test_locked_and_unlocked_with_and_without_approval(incident: Incident) -> None:
    assert incident.answer(incident.request("create", "vault", "ralph", "")) == "200"
    assert incident.answer(incident.request("lock", "vault", "ralph", "")) == "200"
    vault = incident.uuid("vault")
    destroy, unlock = (incident.request(method, "vault", "ralph", "") for method in ("destroy", "unlock"))

    # Locked: neither by request nor by taking its manifest away.
    assert incident.answer(incident.request("freeze", "vault", "ralph", "")) == "409 A11"
    assert incident.answer(destroy) == "409 A11"
    state = incident.fleet.root / "state" / "service-vault.yaml"
    text = state.read_text()
    state.unlink()
    assert {row["code"] for row in incident.fleet.run("plan", "--json", expect=3).json["refusals"]} <= {"D15", "I10"}
    state.write_text(text)

    # Without a person enrolled nobody can approve; with one, each code is good for one request.
    assert incident.denied(unlock).challenge == ""
    incident.enrol()
    denied = incident.denied(unlock)
    with pytest.raises(Refused):
        requests.approve(incident.settings, destroy, denied.challenge, approver="anna", code=incident.codes[-1])
    assert incident.approved(unlock).note == "unlocked, approved by anna"
    assert marks.USER_LOCK not in incident.row("vault")["config"]

    # What git declares goes by a commit, approved or not; it is frozen where its end was asked for by request.
    assert incident.answer(incident.request("destroy", "diary", "fox", "")) == "409 A13"
    gone = incident.approved(destroy)
    assert (gone.uuid, gone.note) == (vault, "in quarantine, approved by anna")
    assert not state.exists()
    row = incident.row("vault")
    assert (row["status"], row["config"]["volatile.uuid"]) == ("Frozen", vault)
    assert row["config"]["security.protection.delete"] == "true"
    assert incident.answer(incident.request("unfreeze", "vault", "ralph", "")) == "409 A31"
    assert incident.answer(incident.request("create", "vault", "stranger", "")) == "409 A14"
    # The approval was for one request.
    assert incident.answer(destroy) == "428 A12"
    incident.unharmed()


def test_a_stranger_who_tries_names_learns_nothing(incident: Incident) -> None:
    assert incident.answer(incident.request("freeze", "cashu-mint")) == "200"
    names = ("ai-coder", "cashu-mint", "nook", "no-such", "ai-code")
    for method in Method:
        if method is Method.CREATE:
            continue
        for container in ("", None, "ai-coder", "no-container"):
            seen = set()
            for name in names:
                denied = incident.denied(incident.request(method, name, "stranger", container))
                answer = (str(denied).replace(name, "NAME"), denied.hint, denied.rule, denied.http_status, denied.challenge, denied.code)
                seen.add(answer)
            assert len(seen) == 1, seen
    incident.unharmed()


def test_a_person_at_the_terminal_has_a_name(incident: Incident) -> None:
    anonymous = Request(Caller(operator="root@host", container=""), "freeze", service("cashu-mint"))
    named = Request(Caller(operator="anna@host", container=""), "freeze", service("cashu-mint"))
    assert incident.answer(anonymous) == "401 A15"
    assert incident.row("cashu-mint")["status"] == "Running"
    assert incident.answer(named) == "200"
    assert incident.row("cashu-mint")["status"] == "Frozen"

    run = incident.fleet.run
    assert "A15" in run("--actor", "root", "lock", "Service/diary", expect=3).err
    assert "Service/diary on h1: locked." in run("lock", "Service/diary").out
    assert incident.row("diary")["config"][marks.USER_LOCK].startswith("tester@lab ")
    assert incident.answer(incident.request("freeze", "diary", "fox", "")) == "409 A11"
    assert "A12" in run("unlock", "Service/diary", expect=3).err
    incident.enrol()
    incident.fleet.environ["UNSANDBOX_OTP"] = "0000-0000-0000"
    assert "A25" in run("unlock", "Service/diary", expect=3).err
    assert marks.USER_LOCK in incident.row("diary")["config"]
    time.sleep(1)  # after a wrong code the next try must wait
    incident.fleet.environ["UNSANDBOX_OTP"] = incident.codes.pop()
    assert "unlocked, approved by anna" in run("unlock", "Service/diary").out
    assert marks.USER_LOCK not in incident.row("diary")["config"]
    incident.unharmed()


def test_requests_live_beside_commits(incident: Incident) -> None:
    """What was asked for is in no commit: neither a dirty tree nor a plan of a commit ends it."""
    root = incident.fleet.root

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", root, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", "inventory", "manifests")
    git("commit", "-qm", "one")
    assert incident.answer(incident.request("create", "asked", "ralph", "")) == "200"
    asked = incident.uuid("asked")
    assert incident.fleet.run("plan", "--json", expect=0).json["actions"] == []
    assert incident.fleet.run("plan", "--rev", "HEAD", "--json", expect=0).json["actions"] == []
    with only_writer(replace(incident.settings, actor="anna@desk")):
        # Somebody applies: what needs no pass waits for its turn, a declaration waits for the next pass.
        with pytest.raises(LeaseHeld):
            incident.ask(incident.request("freeze", "asked", "ralph", ""))
        assert "a pass will follow" in incident.ask(incident.request("create", "later", "ralph", "")).note
    assert "h1/svc-later" not in incident.fleet.instances()
    incident.fleet.run("apply", "--yes")
    assert incident.row("later")["status"] == "Running"

    # Frozen by request, then ended by request: it keeps its memory until its grace is over.
    incident.enrol()
    assert incident.answer(incident.request("freeze", "asked", "ralph", "")) == "200"
    incident.approved(incident.request("destroy", "asked", "ralph", ""))
    assert (incident.row("asked")["status"], incident.uuid("asked")) == ("Frozen", asked)

    # Where there is no grace it is gone, by the one approval.
    policy = root / "manifests" / "policy.yaml"
    policy.write_text(policy.read_text().replace("environment: test,", "environment: test, grace: {services: 0s},"))
    ended = incident.approved(incident.request("destroy", "later", "ralph", ""))
    assert ended.note == "gone, approved by anna"
    assert "h1/svc-later" not in incident.fleet.instances()
    incident.unharmed()
