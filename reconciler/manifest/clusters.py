"""Hosts that are members of one LXD cluster: what they must agree on, and the cluster that they make together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.parts import spec_of
from reconciler.manifest.schema import HostSpec
from reconciler.model.cluster import Cluster
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.manifest.documents import Document
    from reconciler.manifest.references import Index

SHARED = ("fingerprint", "project", "pool", "subnet", "partner")
"""Fields that belong to the cluster as a whole, and not to a member."""


def cluster_name(document: Document) -> str:
    """Of a Host: the cluster that it is a member of; "" where it stands alone."""
    spec = spec_of(document, HostSpec)
    return spec.cluster.name if spec.cluster else ""


def member_name(document: Document) -> str:
    """Of a Host that is a member: LXD's name of it."""
    spec = spec_of(document, HostSpec)
    return (spec.cluster.member if spec.cluster else None) or document.ref.name


def clusters(hosts: Iterable[Document]) -> dict[str, Cluster]:
    """Every cluster by its name, with the members that the inventory names."""
    found: dict[str, list[Document]] = {}
    for document in hosts:
        if name := cluster_name(document):
            found.setdefault(name, []).append(document)
    return {name: _cluster(name, documents) for name, documents in found.items()}


def _cluster(name: str, documents: list[Document]) -> Cluster:
    members = tuple(sorted((member_name(document), document.ref.name) for document in documents))
    return Cluster(name, members, tuple(dict.fromkeys(spec_of(document, HostSpec).address for document in documents)))


def check_clusters(index: Index) -> None:
    """D12: members that disagree on what is the cluster's; one member declared as two hosts; a server name beside a member's."""
    first: dict[str, Document] = {}
    taken: dict[tuple[str, str], Document] = {}
    for document in index.of(Kind.HOST):
        name, member = cluster_name(document), member_name(document)
        if not name:
            continue
        if spec_of(document, HostSpec).server_name:
            hint = "leave serverName out: cluster.member is the name that LXD gives"
            index.find(document, "a member of a cluster has no server name of its own", "spec", "serverName", hint=hint, code="D12")
        other = taken.setdefault((name, member), document)
        if other is not document:
            found = f"member {member} of cluster {name} is {other.ref} at {other.source} already"
            index.find(document, found, "spec", "cluster", "member", hint="remove one of them", code="D12")
        _compare(index, document, first.setdefault(name, document), name)


def _compare(index: Index, document: Document, other: Document, name: str) -> None:
    ours, theirs = spec_of(document, HostSpec), spec_of(other, HostSpec)
    for field in SHARED:
        if getattr(ours, field) != getattr(theirs, field):
            found = f"{field} is another one than of {other.ref} at {other.source}, a member of the same cluster {name}"
            index.find(document, found, "spec", field, hint=f"give every member of {name} the same {field}", code="D12")
