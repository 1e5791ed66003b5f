"""What is written reaches the values that the engine compares: digest, former name, lineage, policy, host."""

from __future__ import annotations

from dataclasses import fields

import pytest

from reconciler.engine.foundation import network_name
from reconciler.manifest.names import short
from reconciler.manifest.schema import GraceSpec, LimitsSpec
from reconciler.model.health import Probe, Restart, RestartPolicy
from reconciler.model.names import Kind
from reconciler.model.resources import Approval, Drift, Grace, Limits, NetworkMode, Policy, Source, Workload
from tests.manifest.test_findings import desired_of

HEAD = "apiVersion: unsandbox/v1\nkind: Service\n"
PLAIN = HEAD + "metadata: {name: web}\nspec: {owner: team, image: starter, ports: [80], env: {A: '1'}}\n"
SAME = {
    "comments": f"# the shop\n{PLAIN}# its end\n",
    "another order": "spec: {env: {A: '1'}, ports: [80], image: starter, owner: team}\nmetadata: {name: web}\n"
    "kind: Service\napiVersion: unsandbox/v1\n",
    "another form": HEAD + 'metadata:\n  name: "web"\nspec:\n  owner: team\n  image: starter\n  ports:\n    - 80\n  env:\n    A: "1"\n',
    "a line above": f"\n\n---\n{PLAIN}",
}
OTHER = {
    "a value": PLAIN.replace("'1'", "'2'"),
    "one more value": PLAIN.replace("'1'", "'1', B: '1'"),
    "the type of a value": PLAIN.replace("[80]", "[8080]"),
    "a label": PLAIN.replace("{name: web}", "{name: web, labels: {a: b}}"),
    "a default that is written out": PLAIN.replace("ports", "state: running, ports"),
}


def one(text: str, **files: str) -> Workload:
    (found,) = (item for item in desired_of({"text": text, "files": files}).workloads if item.ref.kind is not Kind.CELL)
    return found


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_a_document_is_what_it_says_not_how(text: str) -> None:
    assert one(text).document == one(PLAIN).document != ""


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_a_document_that_says_something_else_is_another(text: str) -> None:
    assert one(text).document != one(PLAIN).document


def test_a_document_is_the_same_in_another_file_and_beside_others() -> None:
    files = {"manifests/deep/all.yaml": f"{PLAIN.replace('name: web', 'name: before')}---\n{PLAIN}"}
    found = {item.ref.name: item.document for item in desired_of({"files": files}).workloads}
    assert found["web"] == one(PLAIN).document != found["before"]


def test_a_default_that_moves_is_not_the_documents_doing() -> None:
    base = desired_of({"text": PLAIN, "files": {"manifests/tier.yaml": tier(64)}}).workloads[0]
    larger = desired_of({"text": PLAIN, "files": {"manifests/tier.yaml": tier(96)}}).workloads[0]
    assert base.resources == larger.resources, "the tier of another key"
    own = PLAIN.replace("owner: team", "owner: other")
    small, large = (desired_of({"text": own, "files": {"manifests/tier.yaml": tier(size)}}).workloads[0] for size in (64, 96))
    assert small.resources != large.resources
    assert small.document == large.document


def tier(memory: int) -> str:
    return f"""\
apiVersion: unsandbox/v1
kind: Tier
metadata: {{name: mine}}
spec: {{vcpu: 1, memory: {memory}MiB, disk: 128MiB, processes: 64}}
---
apiVersion: unsandbox/v1
kind: Key
metadata: {{name: other}}
spec: {{publicId: unsb-pk-aaaa-bbbb-cccc-eeee, tier: mine}}
"""


def test_the_script_that_a_document_names_is_part_of_what_it_says() -> None:
    text = PLAIN.replace("ports", "bootstrap: {file: manifests/run.sh}, ports")
    first, second = (one(text, **{"manifests/run.sh": script}) for script in ("echo one\n", "echo two\n"))
    assert first.document != second.document


def test_cells_share_the_document_of_their_pool() -> None:
    pool = "apiVersion: unsandbox/v1\nkind: Pool\nmetadata: {name: py}\nspec: {image: starter, tier: small, size: 3}\n"
    assert len({item.document for item in desired_of({"text": pool}).workloads}) == 1


@pytest.mark.parametrize(
    ("kind", "spec"), [("Service", "{owner: team, image: starter}"), ("Session", "{owner: team, image: starter, ttl: 1h}")]
)
def test_what_moved_has_a_uid_of_its_new_name_and_one_of_its_old(kind: str, spec: str) -> None:
    def of(metadata: str) -> Workload:
        return one(f"apiVersion: unsandbox/v1\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n")

    before, after, fresh = of("{name: old}"), of("{name: new, moved: old}"), of("{name: new}")
    assert (after.moved, after.moved_uid, after.uid) == ("old", before.uid, fresh.uid)
    assert (fresh.moved, fresh.moved_uid) == ("", "")
    given = of("{name: new, moved: old, uid: abc}")
    assert (given.uid, given.moved_uid) == ("abc", "abc"), "who writes a uid keeps it"


def test_where_it_was_asked_for_from_is_kept() -> None:
    line = "01234567-89ab-cdef-0123-456789abcdef,11234567-89ab-cdef-0123-456789abcdef"
    assert one(PLAIN.replace("{name: web}", f"{{name: web, lineage: '{line}'}}")).lineage == line


def test_a_policy_that_says_nothing_is_the_default_one() -> None:
    found = desired_of({"kind": "Policy", "of": "p", "spec": "{}"}).policy
    assert found == Policy(source=Source("manifests/it.yaml", 1))


@pytest.mark.parametrize(("spec", "value"), [(LimitsSpec, Limits), (GraceSpec, Grace)])
def test_every_limit_can_be_written_and_has_one_default(spec: type[LimitsSpec | GraceSpec], value: type[Limits | Grace]) -> None:
    assert spec().model_dump() == {field.name: getattr(value(), field.name) for field in fields(value)}


def test_a_policy_says_all_of_itself() -> None:
    spec = (
        "{limits: {destroysPerOwner: 1, updateShare: 0.1, unseenShare: 0.9, creates: 3}, grace: {services: 2h, sessions: 5m, cells: 1s},"
        " drift: refuse, approval: 'off', forceStop: true, keepJobs: 2h}"
    )
    found = desired_of({"kind": "Policy", "of": "p", "spec": spec}).policy
    assert found.limits == Limits(destroys_per_owner=1, update_share=0.1, unseen_share=0.9, creates=3)
    assert (found.grace, found.drift, found.approval, found.force_stop) == (Grace(7200, 300, 1), Drift.REFUSE, Approval.OFF, True)
    assert found.keep_jobs == 7200


def test_a_host_says_who_lends_it_and_what_it_calls_itself() -> None:
    host = "{address: 'https://192.0.2.2:8443', fingerprint: %s, location: there, partner: acme, serverName: node-7}" % ("c" * 64)
    found = next(host for host in desired_of({"kind": "Host", "of": "h2", "spec": host}).hosts if host.name == "h2")
    assert (found.partner, found.server_name) == ("acme", "node-7")
    plain = next(host for host in desired_of({"text": PLAIN}).hosts if host.name == "h1")
    assert (plain.partner, plain.server_name) == ("", "")


@pytest.mark.parametrize("project", ["staging", "project-139872"])
@pytest.mark.parametrize("mode", NetworkMode)
def test_names_of_bridges_are_cut_where_collisions_are_looked_for(project: str, mode: NetworkMode) -> None:
    assert network_name(project, mode).endswith(f"-{short(project)}")
    assert len(network_name(project, mode)) <= 15, "Linux takes no longer name of an interface"


HEALTH = {
    "{command: [test, -f, /ok]}": Probe(command=("test", "-f", "/ok")),
    "{tcp: {port: 5432}, interval: 1m}": Probe(port=5432, interval=60),
    "{http: {port: 80}, timeout: 2s, retries: 1}": Probe(port=80, path="/", host="localhost", timeout=2, retries=1),
    "{http: {port: 80, path: /a, host: b.org, status: 204}, startPeriod: 9s}": Probe((), 80, "/a", "b.org", 204, start_period=9),
}


@pytest.mark.parametrize("text", HEALTH)
def test_how_a_service_is_asked(text: str) -> None:
    assert one(PLAIN.replace("ports", f"health: {text}, ports")).health == HEALTH[text]


def test_what_is_done_when_it_fails() -> None:
    assert one(PLAIN).restart == Restart()
    assert one(PLAIN).health is None
    told = PLAIN.replace("ports", "restart: {policy: never, backoff: 1s, cap: 2, window: 5m}, ports")
    assert one(told).restart == Restart(RestartPolicy.NEVER, 1, 2, 300)
