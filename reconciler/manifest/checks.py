"""Rules over the manifests as a whole, each adding its findings. Any finding stops everything before a host is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.errors import Finding
from reconciler.manifest import names
from reconciler.manifest.identity import check_former_names, check_uids
from reconciler.manifest.parts import spec_of
from reconciler.manifest.proxies import check_proxies
from reconciler.manifest.reading import NOTHING, READ_RULES
from reconciler.manifest.schema import HostSpec, KeySpec, PlacementSpec, PoolSpec, ServiceSpec, SessionSpec
from reconciler.model.names import Kind, Ref
from reconciler.model.rules import FAILED_CAUSE, No, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.manifest.documents import Document
    from reconciler.manifest.references import Index

ASKED = "state"
"""Folder of what requests made."""
PLACEHOLDER = re.compile(r"^\s*(\$\{[^{}]*\}|\{\{.*\}\}|<[A-Za-z][A-Za-z0-9 _-]*>)\s*$")
"""A whole value that stands for another: nobody wrote that one."""


def declared_twice(index: Index) -> No | None:
    """D04: one reference declared twice, or two policies."""
    first: dict[Ref, Document] = {}
    for item in index.items:
        other = first.setdefault(item.ref, item)
        if other is not item:
            index.find(
                item, f"{item.ref} is declared twice; also at {other.source}", "metadata", "name", hint="rename or remove one", code="D04"
            )
    policies = index.of(Kind.POLICY)
    for extra in policies[1:]:
        index.find(extra, f"only one Policy is read; the other is at {policies[0].source}", "kind", hint="put them into one", code="D04")
    return None


def asked_for(index: Index) -> No | None:
    """A33: requests make services and sessions; what rules over them is written by people, in git."""
    for item in index.items:
        if item.source.file.startswith(f"{ASKED}/") and item.ref.kind not in {Kind.SERVICE, Kind.SESSION}:
            index.find(item, f"a {item.ref.kind} is never asked for", "kind", hint="move it to manifests/ and commit it", code="A33")
    return None


def unresolved(index: Index) -> No | None:
    """D09: a variable that is empty, or that stands for a value which nobody wrote."""
    for document in index.of(Kind.SERVICE):
        for name, value in spec_of(document, ServiceSpec).env.items():
            if not value:
                index.find(
                    document, "an empty value cannot be kept by LXD", "spec", "env", name, hint="write a value, or leave it out", code="D09"
                )
            elif PLACEHOLDER.match(value):
                index.find(document, "a placeholder that nothing fills in", "spec", "env", name, hint="write the value itself", code="D09")
    return None


def dangling(index: Index) -> No | None:
    """D11: a name that points at nothing."""
    for document in index.items:
        spec = document.spec
        if isinstance(spec, ServiceSpec | SessionSpec):
            index.refer(document, Kind.KEY, spec.owner, "spec", "owner")
            index.refer(document, Kind.IMAGE, spec.image, "spec", "image")
            if spec.placement.host:
                index.refer(document, Kind.HOST, spec.placement.host, "spec", "placement", "host")
            if spec.placement.location:
                index.location(document, spec.placement.location, "spec", "placement", "location")
        elif isinstance(spec, PoolSpec):
            _pool(index, document, spec)
        elif isinstance(spec, KeySpec):
            index.refer(document, Kind.TIER, spec.tier, "spec", "tier")
            if spec.parent:
                index.refer(document, Kind.KEY, spec.parent, "spec", "parent")
    return None


def _pool(index: Index, document: Document, spec: PoolSpec) -> None:
    index.refer(document, Kind.IMAGE, spec.image, "spec", "image")
    if spec.tier:
        index.refer(document, Kind.TIER, spec.tier, "spec", "tier")
    if spec.owner:
        index.refer(document, Kind.KEY, spec.owner, "spec", "owner")
    for number, name in enumerate(spec.hosts):
        index.refer(document, Kind.HOST, name, "spec", "hosts", number)
    if spec.location:
        index.location(document, spec.location, "spec", "location")


def contradicts(index: Index) -> No | None:
    """D12: keys that descend from themselves; two places, or one that holds nothing; a name moved to itself; a proxy without terms."""
    for document in index.of(Kind.KEY):
        if spec_of(document, KeySpec).parent and index.circles(document):
            index.find(document, "its parents lead back to itself", "spec", "parent", code="D12")
    drained = {document.ref.name for document in index.of(Kind.HOST) if spec_of(document, HostSpec).state == "drained"}
    for document in index.items:
        if document.moved == document.ref.name:
            index.find(document, "it has this name", "metadata", "moved", hint="leave moved out", code="D12")
        if isinstance(document.spec, ServiceSpec | SessionSpec):
            _place(index, document, document.spec.placement, drained)
        elif isinstance(document.spec, PoolSpec) and document.spec.location and document.spec.hosts:
            index.find(document, "location and hosts exclude each other: a host has its location", "spec", "location", code="D12")
    check_proxies(index)
    return None


def _place(index: Index, document: Document, place: PlacementSpec, drained: set[str]) -> None:
    where = ("spec", "placement")
    if place.host and place.location:
        index.find(document, "host and location exclude each other: a host has its location", *where, hint="keep one of them", code="D12")
    if place.host in drained:
        hint = f"state: active on Host/{place.host}, or another placement"
        index.find(document, f"Host/{place.host} is drained and should hold nothing", *where, "host", hint=hint, code="D12")


def colliding(index: Index) -> No | None:
    """D17: names that become one: domains by their letters, public ids, bridges of two projects on one LXD."""
    names.check_domains(index)
    names.check_public_ids(index)
    names.check_bridges(index)
    return None


def one_object_twice(index: Index) -> No | None:
    """I12: two manifests that select one live object: by one uid, given or made from a name, or by one former name."""
    check_uids(index, check_former_names(index))
    return None


INDEX_RULES: tuple[Rule[[Index]], ...] = (
    Rule("D04", "Declared twice", declared_twice, "Which of the two is meant cannot be told; neither wins by its place in a folder."),
    Rule(
        "A33",
        "What rules over requests is asked for by one",
        asked_for,
        "Below state/ lies what requests made. A policy, key, tier, pool, image or host there would be in no commit.",
    ),
    Rule(
        "D09",
        "A variable that is empty or stands for a value nobody wrote",
        unresolved,
        "unsandbox fills in no placeholders, so the container would get the placeholder itself. LXD keeps no key without a value.",
    ),
    Rule("D11", "A name that points at nothing", dangling, "A host, tier, key, image or location that no manifest declares."),
    Rule("D12", "Manifests that contradict one another", contradicts, "Both cannot hold, and which one is meant is a person's to say."),
    Rule(
        "D17",
        "Names that become one",
        colliding,
        "What differs only in a manifest would be one thing with two owners.",
    ),
    Rule("I12", "Two manifests select one live object", one_object_twice, "One would hand the other's container over."),
)
"""Each adds its findings to the index; all are asked, so that everything is mended in one go."""

TEXT_RULES = (
    NOTHING,
    *READ_RULES,
    *INDEX_RULES,
)
"""Every rule about the text."""


def check_all(index: Index, rules: Sequence[Rule[[Index]]] = INDEX_RULES) -> None:
    """Ask every rule. One that breaks is a finding of its own, so nothing is applied."""
    for rule in rules:
        try:
            rule.check(index)
        except Exception as error:  # noqa: BLE001 - a check that cannot answer must refuse, so nothing may pass here
            index.findings.append(Finding("manifests", 0, 0, "", f"{FAILED_CAUSE}: {rule.title} ({type(error).__name__})", code=rule.code))
